"""The form and figures of the balance, and which categories to label next."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, reads, safe, settings, tables
from ui.choices import choice
from workspace.views import balance as views
from workspace.workspace import Workspace

_METHODS = ["none", "uniform", "sqrt", "temperature", "effective", "cap", "floor"]
_WAYS = {
    "both": "copying and dropping",
    "over": "copying",
    "under": "dropping",
    "weights": "weights",
}
_SHOWN = 200
_WIDTH_PX = 175


def form(opened: Workspace) -> None:
    """How the categories of train are evened out."""
    now = opened.settings.balance
    levels = ["leaf", *range(1, max(opened.taxonomy().max_depth, _depth(now.level)) + 1)]
    with st.form("balance.form"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        method = row.selectbox("Method", _METHODS, _METHODS.index(now.method), width=_WIDTH_PX)
        level = row.selectbox(
            "Of", levels, levels.index(now.level), format_func=_level_told, width=_WIDTH_PX
        )
        by = choice(
            row,
            "By",
            _WAYS,
            now.by,
            help="Dropping keeps the variety of brands and takes near-duplicates first. Weights leave "
            "every row and stand beside it in the exported records.",
            width=_WIDTH_PX,
        )
        cap = row.number_input("Cap", 1, None, now.cap, placeholder="none", width=_WIDTH_PX)
        floor = row.number_input("Floor", 1, None, now.floor, placeholder="none", width=_WIDTH_PX)
        total = row.number_input(
            "Rows in all", 1, None, now.total, placeholder="as it comes", width=_WIDTH_PX
        )
        repeats = row.number_input(
            "Most copies",
            0,
            None,
            now.max_repeats,
            help="of a record beside itself",
            width=_WIDTH_PX,
        )
        temperature = row.number_input(
            "Temperature",
            1.0,
            None,
            now.temperature,
            0.5,
            help="of the method temperature: 1 changes nothing, more is flatter",
            width=_WIDTH_PX,
        )
        beta = row.number_input(
            "Beta",
            0.0,
            0.999999,
            now.beta,
            0.001,
            format="%.6g",
            help="of the method effective (Cui et al. 2019): nearer 1 is flatter",
            width=_WIDTH_PX,
        )
        seed = row.number_input("Seed", 0, 10**9, now.seed, key="balance.seed", width=_WIDTH_PX)
        if st.form_submit_button(
            "Balance",
            type="primary",
            icon=":material/play_arrow:",
            disabled=jobs.is_running(opened),
        ):
            changes = {
                "method": method,
                "level": level,
                "by": by,
                "cap": cap,
                "floor": floor,
                "total": total,
                "max_repeats": repeats,
                "temperature": temperature,
                "beta": beta,
                "seed": seed,
            }
            settings.apply(opened, "balance", changes, ["run", "balance", "export"])


def tiles(facts: dict[str, Any]) -> None:
    """Rows, evenness and shortfall after balancing, and what they were before."""
    gini, entropy = facts["gini"], facts["entropy_bits"]
    even = "0 where every category has as many rows, near 1 where one has them all"
    for column, (label, now, was, told) in zip(
        st.columns(4),
        [
            ("Rows of train", f"{facts['n_after']:,}", f"{facts['n_before']:,}", None),
            ("Gini of categories", _two(gini["after"]), _two(gini["before"]), even),
            ("Entropy, bits", _two(entropy["after"]), _two(entropy["before"]), None),
            ("Short of the floor", f"{facts['n_short_of_floor']:,}", "", "categories"),
        ],
        strict=True,
    ):
        column.metric(label, now, help=told)
        if was:
            column.caption(f"{was} before")
    if "weights" in facts:
        st.caption(safe.markdown(facts["weights"]["formula"]))


def evenness(opened: Workspace) -> None:
    """Gini and entropy of every level."""
    with st.expander("Evenness by level"):
        tables.show(reads.view(opened, ("balance",), views.evenness))


def shopping(opened: Workspace) -> None:
    """Which categories to label next, and the same as a file."""
    runs = views.scored_runs(opened)
    left, right = st.columns(2)
    run = (
        left.selectbox("Errors of", runs, placeholder="no run of categories is scored")
        if runs
        else None
    )
    target = right.number_input(
        "Records wanted of each",
        1,
        None,
        None,
        placeholder="the floor, else the mean",
        key="balance.target",
    )
    try:
        found = views.shopping(opened, run=run, target=target)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    st.caption(
        safe.markdown(
            f"{found.table.height:,} categories are below {found.target:,} records "
            f"({found.target_is}). {found.formula}."
        )
    )
    tables.show(_folded(found.table), folded=("target", "gap"))
    st.download_button(
        "Shopping list (CSV)",
        found.sheet.write_csv().encode(),
        file_name="shopping-list.csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _folded(table: pl.DataFrame) -> pl.DataFrame:
    return (
        table.head(_SHOWN)
        .with_columns(pl.col("benefit") * 1000)
        .rename({"benefit": "benefit x 1000"})
    )


def _depth(level: int | str) -> int:
    return level if isinstance(level, int) else 1


def _level_told(level: int | str) -> str:
    return "leaves" if level == "leaf" else f"level {level}"


def _two(value: float | None) -> str:
    return tables.EMPTY if value is None else f"{value:.2f}"
