"""Forms and figures of the Split page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui import jobs, reads, settings, tables
from ui.choices import choice
from workspace.views import splits as views
from workspace.workspace import Workspace

_BY = {
    "brand": "brands",
    "query": "queries",
    "time": "time: train before test",
    "none": "only what is alike",
}
_KEPT = ("category", "label", "attributes", "price", "language")
_WIDTH_PX = 175
_TIES = {"drop": "are dropped", "test": "go into test"}


def form(opened: Workspace) -> None:
    """How large the splits are, and what may not cross."""
    now = opened.settings.split
    with st.form("split.form"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        train = row.number_input("Train %", 1, 98, round(100 * now.fractions[0]), width=_WIDTH_PX)
        validation = row.number_input(
            "Validation %",
            0,
            98,
            round(100 * now.fractions[1]) if len(now.fractions) == 3 else 0,
            width=_WIDTH_PX,
        )
        near = row.number_input(
            "Near-duplicates from",
            0.0,
            1.0,
            now.near_duplicates,
            0.05,
            help="Jaccard similarity of word sets that may not cross; 0 ties no texts",
            width=_WIDTH_PX,
        )
        seed = row.number_input("Seed", 0, 10**9, now.seed, width=_WIDTH_PX)
        overflow = row.selectbox(
            "Group larger than a split",
            ["assign", "break", "drop"],
            ["assign", "break", "drop"].index(now.overflow),
            width=_WIDTH_PX,
        )
        by = choice(
            row,
            "What may not cross",
            _BY,
            now.by,
            help="Identifiers and near-duplicate texts never cross, except between queries, where "
            "one product may stand under several.",
            width=_WIDTH_PX,
        )
        keep = row.checkbox(
            "Keep the publisher's split",
            now.keep_publisher,
            help="Records stay where their publisher put them, whatever leaks; the certificate "
            "says what does.",
        )
        left, right = st.columns(2)
        generic = left.text_input(
            "Brands that tie nothing",
            ", ".join(now.generic_brands),
            placeholder="the shop's own, by commas",
        )
        placeholders = right.text_input(
            "Identifiers that are none",
            ", ".join(now.placeholders),
            placeholder="such as TBD, by commas",
            help="Values that stand where there is no identifier: they tie nothing.",
        )
        more = _more(now)
        if st.form_submit_button(
            "Split", type="primary", icon=":material/play_arrow:", disabled=jobs.is_running(opened)
        ):
            test = 100 - train - validation
            shares = [train, validation, test] if validation else [train, test]
            changes: dict[str, Any] = {
                "fractions": [share / 100 for share in shares],
                "by": by,
                "near_duplicates": near,
                "seed": seed,
                "overflow": overflow,
                "keep_publisher": keep,
                "generic_brands": parted(generic),
                "placeholders": parted(placeholders),
                **more,
            }
            settings.apply(opened, "split", changes, ["run", "split", "balance", "export"])


def parted(text: str) -> list[str]:
    """Names that are parted by commas.

    Examples
    --------
    >>> parted("Generic, the shop , ")
    ['Generic', 'the shop']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def _more(now: Any) -> dict[str, Any]:
    """What is seldom changed: slack, proportions, folds, time, a frozen test set."""
    with st.expander("Proportions, folds, time and a frozen test set"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        slack = row.number_input(
            "Slack of sizes", 0.0, 0.2, now.slack, 0.005, format="%.3f",
            help="How far the share of a split may be off, to bring its categories closer.",
            width=_WIDTH_PX,
        )  # fmt: skip
        proportion = row.number_input(
            "Slack of proportions", 0.0, 1.0, now.proportion_slack, 0.05,
            help="How far a category may be off, as a share of its rows, before that counts.",
            width=_WIDTH_PX,
        )  # fmt: skip
        folds = row.number_input(
            "Folds", 0, 1000, now.folds,
            help="What is not in test is numbered for cross-validation; 0 for none.",
            width=_WIDTH_PX,
        )  # fmt: skip
        time = row.text_input("Column of the time", now.time_column, width=_WIDTH_PX)
        ties = choice(
            row,
            "New ties to a frozen test",
            _TIES,
            now.frozen_ties,
            help="What becomes of new records that tie to it.",
            width=_WIDTH_PX,
        )
        keep = st.multiselect("Keeps its proportion", list(_KEPT), list(now.keep))
    return {
        "slack": slack,
        "proportion_slack": proportion,
        "folds": folds,
        "frozen_ties": ties,
        "keep": keep,
        "time_column": time,
    }


def freezing(opened: Workspace) -> None:
    """Keep the test set as it is, or let it go."""
    held = views.n_frozen(opened)
    if held is None:
        jobs.run_button(opened, ["split", "--freeze"], label="Freeze the test set", primary=False)
        return
    st.info(f"The test set is frozen: {held:,} records stay in it.", icon=":material/lock:")
    jobs.run_button(opened, ["split", "--no-freeze"], label="Let it go", primary=False)


def tiles(figures: dict[str, Any]) -> None:
    """How many groups there are, and what ties them."""
    ties = figures["n_edges"]
    row = st.container(horizontal=True, gap="large")
    for label, told in (
        ("Groups", f"{figures['n_groups']:,}"),
        ("Largest group", f"{figures['largest_group']:,} rows"),
        ("Ties by brand", f"{ties.get('brand', 0):,}"),
        ("Ties by near-duplicate", f"{ties.get('near_duplicate', 0):,}"),
    ):
        row.container(width="content").metric(label, told)


def variation(opened: Workspace) -> None:
    """How far categories are from those of all rows: every level and split."""
    found = reads.view(opened, ("split",), views.variation)
    if not found.height:
        return
    st.caption(
        "Total variation of categories against all rows, by level: 0 where the shares are the same, "
        "1 where none is shared."
    )
    tables.show(found, width="content")


def in_order(shares: dict[str, list[float]]) -> dict[str, list[float]]:
    """The splits as people name them: all rows, then train, validation and test."""
    order = ("all", "train", "validation", "test")
    return {name: shares[name] for name in order if name in shares}
