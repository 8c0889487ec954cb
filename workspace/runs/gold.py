"""The gold of a split of the workspace, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from catalog.errors import InputError
from catalog.paths import joined
from catalog.yes_no import NO, YES
from curation.exports.templates import CATALOG_TASKS
from evaluation.answers.contract import Task
from evaluation.tasks.row_answers import LABEL
from workspace.runs.rankings import RANKED, rankings_of
from workspace.runs.record_columns import GROUP, answerable_flag, is_there, kept

if TYPE_CHECKING:
    from workspace.workspace import Workspace

TRAIN = "train"
LABELLED = ("query_product", "product_pair", "sentiment")
_RANKED = r"^\s*[A-Z](\s*,\s*[A-Z])+\s*$"
_TAGS = ("tags", "Tags", "TAGS")


@dataclass(frozen=True)
class _Kind:
    """Which records are gold of a task, and the columns that say what is right of them."""

    rows: pl.Expr
    columns: Mapping[str, pl.Expr] = field(default_factory=dict)
    gather: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    """Makes one gold row of several records; None where each record is one."""


LISTED = pl.col("target").str.contains(r"^\s*\[.*\]\s*$").fill_null(False)
"""Whether an answer is a list."""
LISTED_TARGET = pl.col("task").is_in(LABELLED).fill_null(False) & LISTED
"""A record whose answer is a list: tags that an export asks for."""


TAGS_TOLD = pl.coalesce(pl.when(LISTED_TARGET).then("target"), *map(kept, _TAGS))
"""Several values of one record: what the source calls its tags, or a list as its answer."""
TAGGED = (TAGS_TOLD.str.strip_chars() != "").fill_null(False)
"""The records that have tags."""


def _closed() -> pl.Expr:
    """One label out of few: a task of labels, or a question with options; no list of letters."""
    is_question = (pl.col("task") == "question_answering") & (pl.col("options").list.len() > 0)
    is_several = pl.col("target").str.contains(_RANKED) | LISTED
    is_one = ~is_several.fill_null(False)
    return (pl.col("task").is_in(LABELLED) | is_question).fill_null(False) & is_one


def _questions() -> _Kind:
    """Free answers, with all that the source kept of them: whether there is one, and the others."""
    flag = answerable_flag()
    others = kept("answers").fill_null("[]")
    target = pl.struct(answer="target").struct.json_encode()
    return _Kind(
        (pl.col("task") == "question_answering")
        & ~_closed()
        & (is_there("target") | flag.is_not_null()),
        {
            "answers": pl.when(is_there("target")).then(pl.format("[{},{}]", target, others)),
            "is_answerable": flag,
            "contexts": pl.col("context"),
            "question": pl.col("question"),
        },
    )


def _label(rows: pl.Expr) -> _Kind:
    return _Kind(rows & is_there("target"), {LABEL: pl.col("target")})


_KINDS: dict[Task, _Kind] = {
    "classification": _Kind(pl.col("category_path").list.len() > 0),
    "attributes": _Kind(pl.col("attributes").list.len() > 0, {"attributes": pl.col("attributes")}),
    "answers": _questions(),
    "pairs": _label(
        _closed() & pl.col("target").str.strip_chars().str.to_lowercase().is_in([*YES, *NO])
    ),
    "labels": _label(_closed()),
    "recommendation": _label(pl.col("task") == "recommendation"),
    "ranking": _Kind(RANKED, gather=rankings_of),
    "tags": _Kind(TAGGED, {LABEL: TAGS_TOLD}),
    "json_validity": _Kind(pl.lit(True)),
}
"""By task, its gold in a workspace."""


def gold_of(workspace: Workspace, task: Task, split: str) -> pl.DataFrame:
    """The gold rows of a split: ``example_id``, ``category_path``, ``group_id``, and what the task's
    answers are held against (`evaluation.loading`).

    Labels, pairs and recommendations have the record's target as ``label``; of a question its target
    and the other answers that the source kept are ``answers``; tags are those of the source. Rankings
    are one row a query or question (`workspace.runs.rankings`).

    Raises
    ------
    WorkspaceError
        If there is no gold or no split yet.
    InputError
        If there is no such split, or it has no gold for the task.
    """
    splits = workspace.snapshot("split").scan("split")
    names = splits.select(pl.col("split").unique().sort()).collect()["split"].to_list()
    if split not in names:
        raise InputError(f"no split {split!r} here. Splits: {', '.join(map(str, names))}.")
    kind, records = _KINDS[task], gold_records(workspace, split)
    if kind.gather is not None:
        gold = kind.gather(records.filter(kind.rows)).collect()
    else:
        gold = (
            records.filter(kind.rows)
            .select(
                pl.col("record_id").alias("example_id"),
                "category_path",
                *(values.alias(name) for name, values in kind.columns.items()),
                GROUP,
            )
            .collect()
        )
    if gold.is_empty():
        known = ", ".join(tasks_of(workspace, split)) or "none"
        raise InputError(
            f"split {split!r} has no gold for {task}. Tasks with gold there: {known}. Name one as "
            "'task' in run.json, or with --task."
        )
    return gold


def tasks_of(workspace: Workspace, split: str) -> list[Task]:
    """The tasks that the records of a split are gold of, the fullest first; JSON validity aside."""
    kinds = {name: kind for name, kind in _KINDS.items() if name != "json_validity"}
    counts = (
        gold_records(workspace, split)
        .select(kind.rows.fill_null(False).sum().alias(name) for name, kind in kinds.items())
        .collect()
        .row(0, named=True)
    )
    found = [name for name in kinds if counts[name]]
    return sorted(found, key=lambda name: -counts[name])


def likely_task(workspace: Workspace, split: str) -> Task:
    """The task of a run that does not tell it: what the records of the split ask for.

    Categories where a record is of the catalog; else the fullest of the tasks that are there.
    """
    is_catalog = pl.col("task").is_null() | pl.col("task").is_in(CATALOG_TASKS)
    if gold_records(workspace, split).select(is_catalog.any()).collect().item():
        return "classification"
    others = [
        task for task in tasks_of(workspace, split) if task not in ("classification", "attributes")
    ]
    return others[0] if others else "classification"


def gold_records(workspace: Workspace, split: str) -> pl.LazyFrame:
    """The gold records of a split, each with its group."""
    splits = workspace.snapshot("split").scan("split")
    chosen = splits.filter(pl.col("split") == split).select("record_id", GROUP)
    gold = workspace.snapshot("curate").scan("gold")
    return gold.join(chosen, on="record_id", how="inner", maintain_order="left")


def split_of_records(workspace: Workspace) -> pl.DataFrame:
    """``record_id, title, split`` of every record; ``split`` is null where it is in none."""
    splits = workspace.snapshot("split").scan("split").select("record_id", "split")
    records = workspace.snapshot("load").scan("records").select("record_id", "title")
    return records.join(splits, on="record_id", how="left", maintain_order="left").collect()


def train_ids(workspace: Workspace) -> pl.Series:
    """The keys of the train split."""
    split = workspace.snapshot("split").scan("split")
    return split.filter(pl.col("split") == TRAIN).select("record_id").collect()["record_id"]


def majority_path(workspace: Workspace) -> str | None:
    """The most frequent category of the train split, as a joined path; None where it has none."""
    split = workspace.snapshot("split").scan("split").filter(pl.col("split") == TRAIN)
    counts = (
        workspace.snapshot("curate")
        .scan("gold")
        .join(split, on="record_id", how="semi")
        .filter(pl.col("category_path").list.len() > 0)
        .select(joined("category_path").alias("path"))
        .group_by("path")
        .len("n")
        .sort("n", "path", descending=[True, False])
        .head(1)
        .collect()
    )
    return None if counts.is_empty() else str(counts["path"][0])


def basis(workspace: Workspace) -> dict[str, str]:
    """The snapshots that any score rests on, by step."""
    return {step: workspace.snapshot(step).id for step in ("load", "curate", "split")}
