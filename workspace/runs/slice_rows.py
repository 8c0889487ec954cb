"""Which part of every slice each gold row is in: made once for a split, kept for all runs on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import polars as pl

from evaluation.answers.contract import Task
from evaluation.loading import Answers
from evaluation.metrics.attributes import AttributeAnswers
from evaluation.slicing.material import SliceMaterial, slice_material
from evaluation.slicing.tables import Sliced, sliced_rows
from workspace.atomic import digest_of
from workspace.lock import locked
from workspace.runs.gold import TRAIN, basis
from workspace.snapshots import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workspace.workspace import Workspace

VERSION = 2
"""Raised when the same rows would be in other parts."""
_FIELDS = ("title", "description", "brand", "price", "currency", "category_path")
_LANGUAGE = ("$.language", "$.lang", "$.locale", "$.product_locale")


def split_slices(
    workspace: Workspace, task: Task, split: str, names: Sequence[str], answers: Answers
) -> tuple[list[Sliced], list[str]]:
    """`evaluation.slicing.tables.sliced_rows` of a split's gold, kept as ``slice_rows/TASK__SPLIT``.

    Pairs of product and attribute are parted by their values and not kept.

    Parameters
    ----------
    answers
        Of any run on the split: its gold alone counts.
    """
    if isinstance(answers, AttributeAnswers):
        return sliced_rows(names, answers, _material(workspace, split, task))
    started_at, held = time.time(), basis(workspace)
    step = f"slice_rows/{task}__{split}"
    fingerprint = digest_of({"version": VERSION, "basis": held, "names": list(names)})
    known = workspace.snapshots.kept(step, fingerprint)
    if known is not None:
        codes, parts = known.read("codes"), known.figures["parts"]
        kept = [Sliced(name, of, codes[name].to_numpy()) for name, of in parts]
        return kept, known.notes
    slices, notes = sliced_rows(names, answers, _material(workspace, split, task))
    if not slices:
        return slices, notes
    codes = pl.DataFrame({one.name: one.codes for one in slices})
    figures = {"parts": [[one.name, one.parts] for one in slices]}
    with locked(workspace.layout):
        workspace.snapshots.write(
            step,
            Output({"codes": codes}, figures, notes),
            fingerprint=fingerprint,
            inputs=held,
            settings={},
            started_at=started_at,
        )
    return slices, notes


def _material(workspace: Workspace, split: str, task: Task) -> SliceMaterial:
    """The gold rows of a split with their fields, the train split, and the brands of all gold.

    A ranking is of a query or a question: its words are the title, and it has no other field.
    """
    gold = workspace.snapshot("curate").scan("gold")
    splits = workspace.snapshot("split").scan("split")
    told = [pl.col("extra").str.json_path_match(path) for path in _LANGUAGE]
    fields = [pl.coalesce("query", "question").alias("title")] if task == "ranking" else _FIELDS
    rows = (
        gold.join(splits.filter(pl.col("split") == split), on="record_id", how="semi")
        .select(
            pl.col("record_id").alias("example_id"), *fields, pl.coalesce(told).alias("language")
        )
        .collect()
    )
    if task == "ranking":
        return slice_material(rows)
    train = gold.join(splits.filter(pl.col("split") == TRAIN), on="record_id", how="semi")
    return slice_material(
        rows,
        train=train.select("category_path", "attributes").collect(),
        brands=gold.select("brand").collect()["brand"],
    )
