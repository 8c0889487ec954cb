"""Slices as people look at them: every part of every slice, one run or two."""

from __future__ import annotations

import polars as pl

from catalog.errors import InputError
from workspace.runs.slicing import compared_slices, run_slices
from workspace.workspace import Workspace


def slices_of(workspace: Workspace, run: str, metric: str | None = None) -> pl.DataFrame:
    """``slice, part, metric, n, n_clusters, value, low, high, reason`` of all slices that can be made.

    A metric of the whole test set, which parts do not have, gives way to the main one of the task.
    """
    try:
        made = run_slices(workspace, run, metric=metric)
    except InputError:
        made = run_slices(workspace, run)
    return made.read("slices")


def differing_slices(
    workspace: Workspace, baseline: str, candidate: str, metric: str | None = None
) -> pl.DataFrame:
    """The parts of all slices with their paired difference and corrected mark.

    ``slice, part, metric, n, n_clusters, baseline, candidate, difference, low, high, p_value,
    p_holm, p_bh, mark``.
    """
    return compared_slices(workspace, baseline, candidate, metrics=(metric,)).read("slices")


def marked_slices(
    workspace: Workspace, run: str, other: str, metric: str | None = None
) -> pl.DataFrame:
    """`slices_of` with how each part differs from another run, corrected over all parts.

    Further columns: ``difference, difference_low, difference_high, p_holm, mark``.
    """
    keys = ["slice", "part", "metric"]
    mine = slices_of(workspace, run, metric)
    against = differing_slices(workspace, other, run, next(iter(mine["metric"]), metric)).select(
        *keys,
        "difference",
        pl.col("low").alias("difference_low"),
        pl.col("high").alias("difference_high"),
        "p_holm",
        "mark",
    )
    return mine.join(against, on=keys, how="left", maintain_order="left")
