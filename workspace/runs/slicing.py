"""Slices of the runs of a workspace: made from its gold, its catalog and its train split."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from evaluation.slicing.choosing import slice_metrics
from evaluation.slicing.material import SliceMaterial, slice_material
from evaluation.slicing.tables import (
    ALL,
    slice_differences,
    slice_scores,
    sliced_rows,
)
from workspace.runs.gold import TRAIN
from workspace.runs.scoring import fingerprint_of, load_runs, runs_named, write_result
from workspace.snapshots import Output, Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_FIELDS = ("title", "description", "brand", "price", "currency", "category_path")
_LANGUAGE = ("$.language", "$.lang", "$.locale")


def material_of(workspace: Workspace, split: str) -> SliceMaterial:
    """The gold rows of a split with their fields, the train split, and the brands of all gold."""
    gold = workspace.snapshot("curate").scan("gold")
    splits = workspace.snapshot("split").scan("split")
    told = [pl.col("extra").str.json_path_match(path) for path in _LANGUAGE]
    rows = (
        gold.join(splits.filter(pl.col("split") == split), on="record_id", how="semi")
        .select(
            pl.col("record_id").alias("example_id"), *_FIELDS, pl.coalesce(told).alias("language")
        )
        .collect()
    )
    train = gold.join(splits.filter(pl.col("split") == TRAIN), on="record_id", how="semi")
    return slice_material(
        rows,
        train=train.select("category_path", "attributes").collect(),
        brands=gold.select("brand").collect()["brand"],
    )


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
    slices, notes = sliced_rows(names, loaded.answers[run], material_of(workspace, runs[0].split))
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
    slices, notes = sliced_rows(names, first, material_of(workspace, runs[0].split))
    before, after = ([run for name in side for run in loaded.repeats[name]] for side in sides)
    chosen = slice_metrics(loaded.task, [*before, *after], metrics)
    table = pl.concat(
        slice_differences(loaded.task, before, after, slices, metric) for metric in chosen
    )
    output = Output({"slices": table}, {}, notes)
    return write_result(workspace, step, output, fingerprint, runs, started_at)
