"""A choice of few, each shown in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def choice(place: Any, label: str, words: Mapping[str, str], now: str, **more: Any) -> str:
    """A select box of what is kept and how it is shown, on what is kept now.

    Parameters
    ----------
    place
        Where it stands: a column, a row, or streamlit itself.
    more
        As of ``st.selectbox``.
    """
    chosen: str = place.selectbox(
        label, list(words), list(words).index(now), format_func=words.__getitem__, **more
    )
    return chosen
