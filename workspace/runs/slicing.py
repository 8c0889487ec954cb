"""Slices of the runs of a workspace: made from its gold, its catalog and its train split."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from evaluation.slicing.choosing import slice_metrics
from evaluation.slicing.tables import (
    ALL,
    slice_differences,
    slice_scores,
)
from workspace.runs.scoring import fingerprint_of, load_runs, runs_named, write_result
from workspace.runs.slice_rows import split_slices
from workspace.snapshots import Output, Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def run_slices(
    workspace: Workspace, run: str, names: Sequence[str] = (ALL,), metric: str | None = None
) -> Snapshot:
    """A run's value in every part of every slice, as the table ``slices`` of ``slices/RUN``.

    The table is `evaluation.slicing.tables.SCORE_SCHEMA`; the notes tell what of ``all`` could not be
    made. Kept until the run, its gold or what was asked changes.
    """
    started_at, runs = time.time(), runs_named(workspace, [run])
    fingerprint = fingerprint_of(workspace, runs, ["slices", list(names), metric])
    known = workspace.snapshots.kept(f"slices/{run}", fingerprint)
    if known is not None:
        return known
    loaded = load_runs(workspace, runs)
    slices, notes = split_slices(workspace, loaded.task, runs[0].split, names, loaded.answers[run])
    table = slice_scores(loaded.task, loaded.answers[run], slices, metric)
    output = Output({"slices": table}, {}, notes)
    return write_result(workspace, f"slices/{run}", output, fingerprint, runs, started_at)


def compared_slices(
    workspace: Workspace,
    baseline: str,
    candidate: str,
    names: Sequence[str] = (ALL,),
    metrics: Sequence[str | None] = (None,),
) -> Snapshot:
    """Two runs' differences in every part, the table ``slices`` of ``slice_comparisons/A__B``.

    The table is `evaluation.slicing.tables.DIFFERENCE_SCHEMA`; kept as those of `run_slices`.

    Parameters
    ----------
    baseline, candidate
        The name of a run, or of several with commas between.
    metrics
        p-values are corrected within each.
    """
    started_at = time.time()
    sides = [side.split(",") for side in (baseline, candidate)]
    runs = runs_named(workspace, [name for side in sides for name in side])
    asked = ["slices", list(names), list(metrics), sides]
    fingerprint = fingerprint_of(workspace, runs, asked)
    step = f"slice_comparisons/{'__'.join('+'.join(side) for side in sides)}"
    known = workspace.snapshots.kept(step, fingerprint)
    if known is not None:
        return known
    loaded = load_runs(workspace, runs)
    first = loaded.answers[runs[0].name]
    slices, notes = split_slices(workspace, loaded.task, runs[0].split, names, first)
    before, after = ([run for name in side for run in loaded.repeats[name]] for side in sides)
    chosen = slice_metrics(loaded.task, [*before, *after], metrics)
    table = pl.concat(
        slice_differences(loaded.task, before, after, slices, metric) for metric in chosen
    )
    output = Output({"slices": table}, {}, notes)
    return write_result(workspace, step, output, fingerprint, runs, started_at)
