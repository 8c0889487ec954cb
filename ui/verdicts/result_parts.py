"""Where and when a run can be trusted: parts of the test set, and how sure it is."""

from __future__ import annotations

import polars as pl
import streamlit as st

from charts.calibration import kept_part, reliability
from charts.intervals import Dot, dots
from ui import address, drawings, safe, tables
from ui.verdicts import result_tables, results
from ui.verdicts.results import board_metric, other_run
from workspace.views.calibration import calibration as calibration_of
from workspace.views.slices import marked_slices, slices_of
from workspace.workspace import Workspace

MOST_PARTS = 30


def slices(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """The metric of the page in every part of a slice."""
    metric = board_metric(opened, run)
    left, right = st.columns(2)
    with right:
        other = other_run(board, run)
    if other is None:
        table = results.cached(opened, version, slices_of, run, metric)
    else:
        table = results.cached(opened, version, marked_slices, run, other, metric)
    with left:
        chosen = chosen_slice(table)
    mine = by_size(table.filter(pl.col("slice") == chosen))
    shown = mine.head(MOST_PARTS)
    drawings.show(
        dots(
            results.dots_of(shown, "part", note=None if other is None else "mark"),
            title=tables.words(mine["metric"][0]),
            is_marked=other is not None,
        ),
        alt="The parts of a slice",
    )
    told = []
    if mine.height > shown.height:
        told.append(f"The {shown.height} largest of {mine.height:,} parts are drawn.")
    if other is not None:
        told.append(
            f"Marks say how {run} differs from {other} in a part, corrected over all parts of all "
            "slices; filled ones are shown, hollow ones perhaps."
        )
    if mine.filter(pl.col("n_clusters") == 1).height:
        told.append(
            "A part of one group alone has no interval: its rows depend on each other, and nothing "
            "says how another group would do."
        )
    st.caption(safe.markdown(" ".join(told)))
    result_tables.parts(mine)


def by_size(table: pl.DataFrame) -> pl.DataFrame:
    """The parts of a slice in their own order; where more than are drawn, the largest first."""
    if table.height <= MOST_PARTS:
        return table
    return table.sort("n", descending=True, maintain_order=True)


def chosen_slice(table: pl.DataFrame) -> str:
    """The slice to look at."""
    named = table["slice"].unique(maintain_order=True).to_list()
    return str(
        address.kept(
            st.selectbox, "Slice", named, key="slice", default=named[0], format_func=tables.words
        )
    )


def calibration(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Whether the run is as right as it is sure."""
    found = results.cached(opened, version, calibration_of, run)
    if found.reason is not None:
        st.info(
            safe.markdown(
                f"Nothing to draw: {found.reason}. Give predictions a score from 0 to 1, or "
                "logprobs, and import them again."
            )
        )
        return
    meant = results.of_run(opened, version, run, "metrics_of")
    for place, (name, told) in zip(
        st.columns(len(found.numbers)), found.numbers.items(), strict=True
    ):
        value = tables.three(told["value"])
        place.metric(tables.words(name), value, help=safe.markdown(meant.get(name, "")) or None)
    left, right = st.columns(2)
    left.plotly_chart(
        reliability(
            [
                (
                    row["confidence"],
                    Dot(
                        str(row["bin"]),
                        *results.interval(row, "accuracy"),
                        row["n"],
                    ),
                )
                for row in found.reliability.to_dicts()
            ]
        ),
        alt="Accuracy by confidence",
    )
    right.plotly_chart(
        kept_part(found.risk_coverage.select("coverage", "accuracy", "threshold").rows()),
        alt="Accuracy of the surest part",
    )
    left.caption(
        "On the dashed line the run is as right as it is sure; below it, it is too sure of itself, "
        "above it, not sure enough."
    )
    right.caption(
        "If the run answers only what it is surest of, and people do the rest: how right it is then."
    )
