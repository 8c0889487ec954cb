"""The near-duplicate ties of a split: how texts are compared, and what holds by a thread."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charts.thresholds import clusters_by_threshold
from ui import jobs, reads, settings, tables
from workspace.views import ties
from workspace.workspace import Workspace

_UNITS, _NUMBERS = ["words", "chars"], ["show", "break"]


def near_duplicates(opened: Workspace) -> None:
    """The weakest ties of texts, the rows tied by threshold, and a form to compare otherwise."""
    with st.expander("Near-duplicate texts: is the threshold right?"):
        _form(opened)
        basis = ("curate", "split")
        weakest = reads.view(opened, basis, ties.weakest_ties)
        if not weakest.height:
            st.caption("No texts are tied.")
            return
        st.caption("The least similar texts that are held together:")
        tables.show(weakest, widths={"left_text": "medium", "right_text": "medium"})
        curve = reads.view(opened, basis, ties.clusters_by_threshold)
        if len(curve) > 1:
            st.plotly_chart(
                clusters_by_threshold(curve, opened.settings.split.near_duplicates),
                alt="Rows tied by near-duplicate texts, by threshold",
            )


def _form(opened: Workspace) -> None:
    now = opened.settings.split
    with st.form("split.likeness"):
        a, b, c, d = st.columns(4, vertical_alignment="bottom")
        unit = a.selectbox("Sets of", _UNITS, _UNITS.index(now.unit), help="chars: n-grams")
        ngram = b.number_input("Characters of an n-gram", 2, 7, now.ngram)
        numbers = c.selectbox(
            "128GB against 256GB",
            _NUMBERS,
            _NUMBERS.index(now.different_numbers),
            help="break: texts whose quantities or model numbers contradict each other do not tie",
        )
        if d.form_submit_button("Compare so", disabled=jobs.is_running(opened)):
            changes: dict[str, Any] = {
                "unit": unit,
                "ngram": int(ngram),
                "different_numbers": numbers,
            }
            settings.apply(opened, "split", changes, ["run", "split", "balance", "export"])
