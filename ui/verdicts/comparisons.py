"""What can be looked at below a verdict, one view at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from charts.intervals import differences
from charts.pairs import Pair, paired
from ui import address, drawings
from ui.verdicts import flips, result_parts, result_scores, result_tables, results
from workspace.views.flips import Asked
from workspace.views.results import part_words
from workspace.views.slices import differing_slices
from workspace.workspace import Workspace

PARTS = "Categories"
MOST_DOTS = 300
MOST_LINES = 25


def rows(opened: Workspace, version: str, found: Any, asked: Asked, runs: list[str]) -> None:
    """The rows that were fixed and broken."""
    order = [asked.candidate, asked.baseline]
    flips.browser(
        opened,
        version,
        asked,
        {"fixed": found.n_fixed, "broken": found.n_broken},
        [*order, *(run for run in runs if run not in order)],
    )


def categories(opened: Workspace, version: str, found: Any, asked: Asked, runs: list[str]) -> None:
    """Where the candidate is better and worse: a scatter and a table."""
    table, (part, _) = found.categories, part_words(found.task)
    largest = table.sort("n", descending=True, maintain_order=True).head(MOST_DOTS)
    drawings.show(
        paired(
            [
                Pair(
                    row["category"],
                    results.number(row["baseline"]),
                    *results.interval(row, "candidate"),
                    row["n"],
                    row["mark"] or "",
                )
                for row in largest.to_dicts()
            ],
            baseline=asked.baseline,
            candidate=asked.candidate,
        ),
        alt=f"Every {part}: candidate against baseline",
    )
    told = (
        f"Each dot is one {part}, the larger the more rows. Above the dashed line the candidate is "
        "better. Filled dots are shown to differ after the correction for many looks; hollow ones "
        "may be luck."
    )
    if table.height > largest.height:
        told += f" The {largest.height:,} largest of {table.height:,} are drawn."
    st.caption(told)
    result_tables.moved(table, heading=part)


def category_map(
    opened: Workspace, version: str, found: Any, asked: Asked, runs: list[str]
) -> None:
    """The categories as a map coloured by difference, and those that moved most."""
    table = found.categories
    result_scores.difference_map(found, better=asked.candidate, than=asked.baseline)
    moved = table.filter(pl.col("difference") != 0, pl.col("difference").is_not_nan())
    most = moved.sort(pl.col("difference").abs() * pl.col("n"), descending=True).head(MOST_LINES)
    if most.height:
        st.subheader("What moved most")
        drawings.show(
            differences(
                results.dots_of(
                    most.sort("difference", descending=True), "category", "difference", "mark"
                ),
                title="candidate minus baseline",
                is_corrected=True,
            ),
            alt=f"Difference by {part_words(found.task)[0]}",
        )


def slices(opened: Workspace, version: str, found: Any, asked: Asked, runs: list[str]) -> None:
    """The difference in every part of a slice, corrected over all parts of all slices."""
    table = results.cached(opened, version, differing_slices, asked.baseline, asked.candidate)
    mine = table.filter(pl.col("slice") == result_parts.chosen_slice(table))
    known = mine.filter(pl.col("difference").is_not_nan())
    shown = result_parts.by_size(known).head(result_parts.MOST_PARTS)
    drawings.show(
        differences(
            results.dots_of(shown, "part", "difference", "mark"),
            title="candidate minus baseline",
            is_corrected=True,
        ),
        alt="Difference by part of a slice",
    )
    st.caption(
        f"Each difference with its 95 % interval alone. Triangles are shown to differ after the "
        f"correction for all {table.height:,} parts of all slices, hollow ones perhaps; circles may be "
        "luck."
    )
    result_tables.moved(mine, "part")


VIEWS: dict[str, Callable[[Workspace, str, Any, Asked, list[str]], None]] = {
    PARTS: categories,
    "Map": category_map,
    "Slices": slices,
    "Rows": rows,
}


def look(opened: Workspace, version: str, found: Any, asked: Asked, runs: list[str]) -> None:
    """Choose a view of a comparison and draw it."""
    chosen = address.kept(
        st.segmented_control,
        "Look at",
        list(VIEWS),
        key="look",
        default=next(iter(VIEWS)),
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: part_words(found.task)[1].capitalize() if name == PARTS else name,
    )
    VIEWS[chosen](opened, version, found, asked, runs)
