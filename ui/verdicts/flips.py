"""The rows that one run fixed or broke: filters kept in the address, and one row whole."""

from __future__ import annotations

import polars as pl
import streamlit as st

from ui import address, links, product, safe, tables
from workspace.review.queue import card
from workspace.views import flips
from workspace.views.flip_causes import flip_causes
from workspace.views.flips import Asked, FlipFilter, FlipPage
from workspace.workspace import Workspace

CHANGES = {
    "fixed": "the candidate alone is right",
    "broken": "the baseline alone is right",
}


@st.cache_data(max_entries=64, show_spinner=False)
def _page(
    _opened: Workspace, version: str, asked: Asked, wanted: FlipFilter, number: int
) -> FlipPage:
    return flips.flip_page(_opened, asked, wanted, number)


@st.cache_data(max_entries=16, show_spinner=False)
def _categories(_opened: Workspace, version: str, asked: Asked) -> list[str]:
    return flips.flip_categories(_opened, asked)


@st.cache_data(max_entries=16, show_spinner=False)
def _causes(_opened: Workspace, version: str, asked: Asked) -> pl.DataFrame:
    return flip_causes(_opened, asked.baseline, asked.candidate)


@st.cache_data(max_entries=64, show_spinner=False)
def _answers(_opened: Workspace, version: str, example: str, runs: tuple[str, ...]) -> pl.DataFrame:
    return flips.answers_of(_opened, example, list(runs))


def browser(
    opened: Workspace,
    version: str,
    asked: Asked,
    n_changed: dict[str, int],
    runs: list[str],
) -> None:
    """Choose what changed, where and in which words; a chosen row is shown whole.

    Parameters
    ----------
    n_changed
        How many rows were fixed and how many broken.
    runs
        Whose answers to a row are shown, the two compared first.
    """
    change = address.kept(
        st.segmented_control,
        "Rows",
        list(CHANGES),
        key="change",
        default="fixed",
        required=True,
        format_func=lambda name: f"{name} {n_changed[name]:,}",
        help="; ".join(f"{name}: {told}" for name, told in CHANGES.items()),
    )
    causes = _causes(opened, version, asked).filter(pl.col("change") == change)
    counts = dict(causes.select("cause", "n").iter_rows())
    below, why, words = st.columns(3)
    wanted = FlipFilter(
        change,
        address.kept(
            below.selectbox,
            "Gold below",
            _categories(opened, version, asked),
            key="below",
            index=None,
            placeholder="all",
        ),
        address.kept(
            why.selectbox,
            "Wrong by",
            list(counts),
            key="cause",
            index=None,
            placeholder="any cause",
            format_func=lambda name: f"{name} {counts.get(name, 0):,}",
            help="; ".join(
                f"{name}: {what}" for name, what in causes.select("cause", "what").iter_rows()
            ),
        ),
        address.kept(
            words.text_input, "In title or id", key="words", placeholder="any", type="search"
        )
        or None,
    )
    shown = _page(opened, version, asked, wanted, 1)
    if shown.n_pages > 1:
        number = st.pagination(shown.n_pages, key=f"flips.page.{hash((asked, wanted))}")
        shown = _page(opened, version, asked, wanted, number)
    st.caption(
        f"{shown.n_found:,} {wanted.change}; choose a row to see it whole"
        if shown.n_found
        else "No row is like that. Choose another kind of rows, or take a filter away."
    )
    if not shown.n_found:
        return
    picked = tables.show(
        shown.rows,
        key=f"compare.{wanted.change}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"title": st.column_config.TextColumn(width="medium")},
    )
    for place in picked.selection.rows[:1]:
        if place < shown.rows.height:
            row = shown.rows.row(place, named=True)
            whole(opened, version, row["example_id"], runs, row.get("attribute"))


def whole(
    opened: Workspace, version: str, example: str, runs: list[str], attribute: str | None = None
) -> None:
    """One row: the product, the gold and how it came to be, what every run answered."""
    held = card(opened, example)
    history = flips.gold_history(opened, example, attribute)
    with st.container(border=True):
        product.show(held, with_votes=False)
        st.markdown("**What the runs answered**")
        answers = _answers(opened, version, example, tuple(runs))
        tables.show(
            answers, column_config={"raw output": st.column_config.TextColumn(width="large")}
        )
        raw = answers.drop_nulls("raw output")
        with st.expander("Raw outputs whole"):
            for run, text in raw.select("run", "raw output").iter_rows():
                st.caption(safe.markdown(run))
                st.code(text, language=None, wrap_lines=True)
            if raw.is_empty():
                st.caption("No run kept its raw output.")
        told = f" of {attribute}" if attribute else ""
        st.markdown(safe.markdown(f"How the gold{told} came to be").join(("**", "**")))
        tables.show(history.steps)
        if history.log:
            tables.log([vars(entry) for entry in history.log])
        links.to("review", "Is the gold wrong? Review it", record=example)
