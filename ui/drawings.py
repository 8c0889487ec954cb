"""Drawings on a page: HTML that is there with the page, where plotly would first be loaded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charts.drawing import STYLE, Drawing
from charts.table import STYLE as TABLE_STYLE

_shown = st.components.v2.component(
    "goldshelf_drawing",
    html='<div class="gs-drawing"></div>',
    css=STYLE + TABLE_STYLE,
    js="""
    export default function({ data, parentElement }) {
      const place = parentElement.querySelector(".gs-drawing");
      if (place.drawn !== data) { place.innerHTML = data; place.drawn = data; }
    }
    """,
)


def show(drawing: Drawing, *, alt: str, place: Any = st) -> None:
    """Draw a figure; ``alt`` tells it to who cannot see it."""
    with place.container():
        _shown(data=drawing.html(alt))
