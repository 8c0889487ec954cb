"""From gold and prediction frames to answers: the one way in for files and workspaces alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.wording import counted
from evaluation.attributes import AttributeAnswers, attribute_answers, attribute_gold
from evaluation.categories import (
    GOLD_NAMES,
    GOLD_TEXT,
    CategoryAnswers,
    category_answers,
    category_gold,
)
from evaluation.contract import Task, conform_predictions
from evaluation.joining import join_predictions
from evaluation.settings import ScoreSettings

Answers = CategoryAnswers | AttributeAnswers
CLUSTER = "cluster_of_row"
_GOLD = ("example_id", "example_hash", GOLD_NAMES, GOLD_TEXT, "gold_attributes", CLUSTER)


@dataclass(frozen=True)
class Loaded:
    """Answers of several runs on one gold, and what was said on the way.

    Attributes
    ----------
    answers
        By the name of the run.
    notes
        By the name of the run; what was left out or counted as wrong.
    """

    task: Task
    answers: dict[str, Answers]
    notes: dict[str, list[str]]


def load_answers(
    task: Task,
    gold: pl.DataFrame,
    predictions: Mapping[str, pl.DataFrame],
    *,
    taxonomy: Taxonomy | None = None,
    cluster_column: str | None = None,
    settings: ScoreSettings | None = None,
    gold_name: str = "gold",
    train_ids: pl.Series | None = None,
) -> Loaded:
    """Check gold and predictions, join them by key, read the answers.

    Parameters
    ----------
    gold
        ``example_id`` and ``category_path`` or ``attributes``, and any other columns.
    predictions
        By the name of the run, which error messages use.
    taxonomy
        What the valid paths are; None where they are those of the gold.

    Raises
    ------
    InputError
        If anything does not fit (`conform_predictions`, `join_predictions`).
    """
    settings = settings or ScoreSettings()
    ready = category_gold if task == "classification" else attribute_gold
    gold_rows, gold_notes = ready(_with_cluster(gold, cluster_column, gold_name), gold_name)
    gold_rows = gold_rows.select(name for name in _GOLD if name in gold_rows.columns)
    by = None if cluster_column is None else CLUSTER
    joined = {
        name: join_predictions(
            gold_rows,
            conform_predictions(rows, name),
            gold_name=gold_name,
            name=name,
            train_ids=train_ids,
        )
        for name, rows in predictions.items()
    }
    rows = [one.rows for one in joined.values()]
    read: list[Answers]
    if task == "classification":
        read = list(category_answers(rows, taxonomy, by))
    else:
        read = list(attribute_answers(rows, by, settings.null_values))
    notes = {name: [*gold_notes, *one.notes] for name, one in joined.items()}
    for name, answers in zip(joined, read, strict=True):
        notes[name] += _outside(answers, gold_name)
    return Loaded(task, dict(zip(joined, read, strict=True)), notes)


def _with_cluster(gold: pl.DataFrame, column: str | None, name: str) -> pl.DataFrame:
    if column is None:
        return gold
    if column not in gold.columns:
        raise InputError(
            f"{name}: no column {column!r} to cluster by. Found: {', '.join(gold.columns)}."
        )
    return gold.with_columns(pl.col(column).alias(CLUSTER))


def _outside(answers: Answers, gold_name: str) -> list[str]:
    if not isinstance(answers, CategoryAnswers):
        return []
    n_outside = int((~answers.is_in_taxonomy[answers.gold]).sum())
    if not n_outside:
        return []
    tree = answers.tree
    return [
        f"{gold_name}: {counted(n_outside, 'gold row')} of {answers.n_rows:,} with a category that "
        f"taxonomy {tree.name} {tree.version} does not have."
    ]
