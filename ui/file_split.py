"""What else can be asked of the split of a dropped file: the options that are seldom changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

_BY = {
    "brand": "the columns above",
    "query": "queries",
    "time": "time: train before test",
}
_UNITS, _NUMBERS, _OVERFLOW = ["words", "chars"], ["show", "break"], ["assign", "break", "drop"]
_KEPT = ["category", "label", "price", "language"]
_TIES = {"drop": "are dropped", "test": "go into test"}


def ways(names: list[str]) -> dict[str, Any]:
    """Settings of `[split]` from an expander within a form."""
    with st.expander("Query, time, proportions, folds and how texts are compared"):
        a, b, c, d = st.columns(4)
        by = a.selectbox("Kept together by", list(_BY), format_func=_BY.__getitem__)
        dates = [name for name in ("date", "time", "timestamp", "created_at") if name in names]
        time = b.selectbox(
            "Column of the time",
            names,
            names.index(dates[0]) if dates else None,
            help="For a split by time: numbers or ISO dates.",
        )
        overflow = c.selectbox("Group larger than a split", _OVERFLOW)
        folds = d.number_input(
            "Folds", 0, 1000, 0, help="Of what is not in test, one file each; 0 for none."
        )
        a, b, c, d = st.columns(4)
        slack = a.number_input("Slack of sizes", 0.0, 0.2, 0.005, 0.005, format="%.3f")
        proportion = b.number_input("Slack of proportions", 0.0, 1.0, 0.0, 0.05)
        keep = c.multiselect("Keeps its proportion", _KEPT, ["category"])
        ties = d.selectbox(
            "Rows that tie to a frozen test", list(_TIES), format_func=_TIES.__getitem__
        )
        a, b, c, d = st.columns(4, vertical_alignment="bottom")
        unit = a.selectbox("Sets of", _UNITS, help="chars: character n-grams")
        ngram = b.number_input("Characters of an n-gram", 2, 7, 5)
        numbers = c.selectbox(
            "128GB against 256GB",
            _NUMBERS,
            help="break: texts whose quantities or model numbers contradict each other do not tie",
        )
        publisher = d.checkbox(
            "Keep the publisher's split",
            disabled="split_hint" not in names,
            help="Rows stay where the column split_hint puts them, whatever leaks.",
        )
        generic = names_of_no_brand()
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
    }
    return changes if time is None else {**changes, "time_column": time}


def names_of_no_brand() -> list[str]:
    """Names such as the shop's own that tie nothing."""
    given = st.text_input("Brands that tie nothing", placeholder="the shop's own, parted by commas")
    return [name.strip() for name in given.split(",") if name.strip()]
