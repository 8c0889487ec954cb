"""From gold and prediction frames to answers: the one way in for files and workspaces alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.wording import counted
from evaluation.answers.confidence import confidences
from evaluation.answers.contract import Task, conform_predictions
from evaluation.answers.joining import join_predictions, repeats_of
from evaluation.answers.text_models import BertModel, Encodes
from evaluation.metrics.attributes import (
    GOLD_CATEGORY,
    AttributeAnswers,
    attribute_answers,
    attribute_gold,
)
from evaluation.metrics.categories import (
    GOLD_NAMES,
    GOLD_TEXT,
    CategoryAnswers,
    category_answers,
    category_gold,
)
from evaluation.metrics.clusters import cluster_codes
from evaluation.settings import ScoreSettings
from evaluation.tasks import TASKS, RowAnswers
from evaluation.tasks.question_answers import QuestionAnswers
from evaluation.tasks.row_answers import LABEL, task_gold

Answers = CategoryAnswers | AttributeAnswers | RowAnswers
CLUSTER = "cluster_of_row"
PUBLISHED_NEED = ("category", "known_attributes")
"""Gold columns that published definitions read besides the answer."""
_GOLD = (
    "example_id",
    "example_hash",
    GOLD_NAMES,
    GOLD_TEXT,
    "gold_attributes",
    GOLD_CATEGORY,
    LABEL,
    CLUSTER,
    *PUBLISHED_NEED,
    *(column for kind in TASKS.values() for column in kind.columns),
)


@dataclass(frozen=True)
class Loaded:
    """Answers of several runs on one gold, and what was said on the way.

    Attributes
    ----------
    answers
        By the name of the run.
    notes
        By the name of the run; what was left out or counted as wrong.
    repeats
        By the name of the run, the answers of each of its repeats; ``answers`` holds the first.
    rows
        By the name of the run, gold rows with their predictions; empty where not asked for.
    """

    task: Task
    answers: dict[str, Answers]
    notes: dict[str, list[str]]
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    repeats: dict[str, list[Answers]] = field(default_factory=dict)


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
    keep_rows: bool = False,
    encoder: Encodes | None = None,
) -> Loaded:
    """Check gold and predictions, join them by key, read the answers.

    Parameters
    ----------
    gold
        ``example_id`` and ``category_path``, ``attributes`` or ``label``, and any other columns.
    predictions
        By the name of the run, which error messages use.
    taxonomy
        What the valid paths are; None where they are those of the gold.
    keep_rows
        Whether the joined rows are given too, for a published definition to read.
    encoder
        The embedding model of `semantic_f1_embedding`; None where there is none.

    Raises
    ------
    InputError
        If anything does not fit (`conform_predictions`, `join_predictions`).
    """
    settings = settings or ScoreSettings()
    gold_rows, gold_notes = _ready(task, _with_cluster(gold, cluster_column, gold_name), gold_name)
    gold_rows = gold_rows.select(name for name in _GOLD if name in gold_rows.columns)
    by = None if cluster_column is None else CLUSTER
    given = {
        name: repeats_of(conform_predictions(rows, name)) for name, rows in predictions.items()
    }
    every = [
        join_predictions(gold_rows, rows, gold_name=gold_name, name=name, train_ids=train_ids)
        for name, repeats in given.items()
        for rows in repeats
    ]
    rows = [one.rows for one in every]
    read: list[Answers]
    if task == "classification":
        read = [replace(one, encoder=encoder) for one in category_answers(rows, taxonomy, by)]
    elif task in TASKS:
        answered = TASKS[task].read(rows, cluster_codes(rows[0], by))
        read = [
            replace(one, confidence=confidences(of)) for one, of in zip(answered, rows, strict=True)
        ]
        bert = BertModel(settings.bertscore, settings.bertscore_download)
        read = [replace(r, bert=bert) if isinstance(r, QuestionAnswers) else r for r in read]
    else:
        read = list(attribute_answers(rows, by, settings.null_values))
    starts = np.cumsum([0, *(len(repeats) for repeats in given.values())]).tolist()
    by_run = {
        name: read[start:end] for name, start, end in zip(given, starts, starts[1:], strict=False)
    }
    joined = {name: every[start] for name, start in zip(given, starts, strict=False)}
    notes = {
        name: [
            *gold_notes,
            *one.notes,
            *_outside(by_run[name][0], gold_name),
            *_repeated(name, len(by_run[name])),
        ]
        for name, one in joined.items()
    }
    kept = {name: one.rows for name, one in joined.items()} if keep_rows else {}
    firsts = {name: repeats[0] for name, repeats in by_run.items()}
    return Loaded(task, firsts, notes, kept, by_run)


def _repeated(name: str, n: int) -> list[str]:
    if n == 1:
        return []
    return [
        f"{name}: {n:,} repeats; metrics are means over them, tables by row and by category are of "
        "the first."
    ]


def _ready(task: Task, gold: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[str]]:
    if task == "classification":
        return category_gold(gold, name)
    if task == "attributes":
        return attribute_gold(gold, name)
    return task_gold(gold, name, TASKS[task])


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
