"""What else can be asked of the split of a dropped file: the options that are seldom changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.splitting.splits import parted

_BY = {
    "brand": "the columns above",
    "query": "queries",
    "time": "time: train before test",
    "none": "only what is alike",
}
_UNITS, _NUMBERS, _OVERFLOW = ["words", "chars"], ["show", "break"], ["assign", "break", "drop"]
_KEPT = ["category", "label", "price", "language"]
_WIDTH_PX = 175
_TIES = {"drop": "are dropped", "test": "go into test"}


def ways(names: list[str]) -> dict[str, Any]:
    """Settings of `[split]` from an expander within a form."""
    with st.expander("Query, time, proportions, folds and how texts are compared"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        by = row.selectbox(
            "Kept together by", list(_BY), format_func=_BY.__getitem__, width=_WIDTH_PX
        )
        dates = [name for name in ("date", "time", "timestamp", "created_at") if name in names]
        time = row.selectbox(
            "Column of the time",
            names,
            names.index(dates[0]) if dates else None,
            help="For a split by time: numbers or ISO dates.",
            width=_WIDTH_PX,
        )
        overflow = row.selectbox("Group larger than a split", _OVERFLOW, width=_WIDTH_PX)
        folds = row.number_input(
            "Folds",
            0,
            1000,
            0,
            help="Of what is not in test, one file each; 0 for none.",
            width=_WIDTH_PX,
        )
        slack = row.number_input(
            "Slack of sizes", 0.0, 0.2, 0.005, 0.005, format="%.3f", width=_WIDTH_PX
        )
        proportion = row.number_input("Slack of proportions", 0.0, 1.0, 0.0, 0.05, width=_WIDTH_PX)
        keep = row.multiselect("Keeps its proportion", _KEPT, ["category"], width=_WIDTH_PX)
        ties = row.selectbox(
            "Rows that tie to a frozen test",
            list(_TIES),
            format_func=_TIES.__getitem__,
            width=_WIDTH_PX,
        )
        unit = row.selectbox("Sets of", _UNITS, help="chars: character n-grams", width=_WIDTH_PX)
        ngram = row.number_input("Characters of an n-gram", 2, 7, 5, width=_WIDTH_PX)
        numbers = row.selectbox(
            "128GB against 256GB",
            _NUMBERS,
            help="break: texts whose quantities or model numbers contradict each other do not tie",
            width=_WIDTH_PX,
        )
        publisher = row.checkbox(
            "Keep the publisher's split",
            disabled="split_hint" not in names,
            help="Rows stay where the column split_hint puts them, whatever leaks.",
        )
        generic = names_of_no_brand()
        placeholders = values_of_no_identifier()
    changes = {
        "by": by,
        "overflow": overflow,
        "folds": int(folds),
        "slack": slack,
        "proportion_slack": proportion,
        "keep": keep,
        "frozen_ties": ties,
        "unit": unit,
        "ngram": int(ngram),
        "different_numbers": numbers,
        "keep_publisher": publisher,
        "generic_brands": generic,
        "placeholders": placeholders,
    }
    return changes if time is None else {**changes, "time_column": time}


def names_of_no_brand() -> list[str]:
    """Names such as the shop's own that tie nothing."""
    given = st.text_input("Brands that tie nothing", placeholder="the shop's own, parted by commas")
    return parted(given)


def values_of_no_identifier() -> list[str]:
    """Values that stand where there is none, and tie nothing."""
    given = st.text_input("Values that are none", placeholder="such as TBD, parted by commas",
                          help="Of identifiers and of columns whose values may not cross.")  # fmt: skip
    return parted(given)
