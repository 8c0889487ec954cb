"""Scores and comparisons of plain files, without a workspace."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import INFERRED, read_taxonomy
from evaluation.attributes import AttributeAnswers
from evaluation.categories import CategoryAnswers
from evaluation.comparison import Comparison, compare_runs
from evaluation.contract import Task
from evaluation.loading import Answers, load_answers
from evaluation.scores import Scores, score_attributes, score_categories
from evaluation.settings import CompareSettings, ScoreSettings
from workspace.runs.reading import read_gold, read_predictions

TASKS: tuple[Task, ...] = ("classification", "attributes")


def task_named(name: str) -> Task:
    """A task by its name.

    Raises
    ------
    InputError
        If there is no such task.
    """
    for task in TASKS:
        if task == name:
            return task
    raise InputError(f"--task {name}: expected {' or '.join(TASKS)}.")


def scores_of(answers: Answers, notes: list[str]) -> Scores:
    """The scores of one run, whatever its task."""
    if isinstance(answers, CategoryAnswers):
        return score_categories(answers, notes=notes)
    if isinstance(answers, AttributeAnswers):
        return score_attributes(answers, notes=notes)
    raise TypeError(type(answers).__name__)


def score_files(
    task: Task,
    gold: Path,
    predictions: Path,
    *,
    taxonomy: str | None = None,
    cluster_column: str | None = None,
    key: str | None = None,
    settings: ScoreSettings | None = None,
) -> Scores:
    """Score a prediction file against a gold file.

    Parameters
    ----------
    taxonomy
        ``shopify:PATH``, ``google:PATH`` or a file; None for the categories of the gold.
    cluster_column
        A gold column whose equal values are dependent rows, such as the brand.
    key
        The column of both files that ties their rows; ``example_id`` and the like where None.
    """
    name = str(predictions)
    loaded = load_answers(
        task,
        read_gold(gold, cluster_column=cluster_column, key=key),
        {name: read_predictions(predictions, key=key)},
        taxonomy=_taxonomy(taxonomy),
        cluster_column=cluster_column,
        settings=settings,
        gold_name=str(gold),
    )
    return scores_of(loaded.answers[name], loaded.notes[name])


def compare_files(
    task: Task,
    gold: Path,
    baseline: Path,
    candidate: Path,
    *,
    metric: str | None = None,
    gates: list[str] | None = None,
    taxonomy: str | None = None,
    cluster_column: str | None = None,
    key: str | None = None,
    settings: CompareSettings | None = None,
) -> Comparison:
    """Compare two prediction files on the same gold file; see `score_files`."""
    names = (f"baseline {baseline}", f"candidate {candidate}")
    rows: dict[str, pl.DataFrame] = {
        name: read_predictions(path, key=key)
        for name, path in zip(names, (baseline, candidate), strict=True)
    }
    loaded = load_answers(
        task,
        read_gold(gold, cluster_column=cluster_column, key=key),
        rows,
        taxonomy=_taxonomy(taxonomy),
        cluster_column=cluster_column,
        gold_name=str(gold),
    )
    return compare_runs(
        task,
        loaded.answers[names[0]],
        loaded.answers[names[1]],
        metric=metric,
        gates=gates or [],
        settings=settings,
        cluster_name=cluster_word(cluster_column),
        notes=[note for notes in loaded.notes.values() for note in notes],
    )


def cluster_word(column: str | None) -> str | None:
    """What a sentence calls the groups of a column, in the singular.

    Examples
    --------
    >>> cluster_word("brand_name"), cluster_word("group_id"), cluster_word(None)
    ('brand', 'group', None)
    """
    if column is None:
        return None
    words = ("brand", "product", "shop", "seller")
    return next((word for word in words if word in column.lower()), "group")


def compare_settings(
    settings: CompareSettings | None = None,
    *,
    margin: float | None = None,
    level: int | None = None,
) -> CompareSettings:
    """The settings with what a person overrules, checked."""
    if margin is not None and not 0 <= margin < 1:
        raise InputError(f"--margin {margin}: expected a share from 0 up to 1, such as 0.01.")
    if level is not None and level < 1:
        raise InputError(f"--level {level}: levels count from 1, the root.")
    told = {"margin": margin, "level": level}
    settings = settings or CompareSettings()
    return settings.model_copy(update={k: v for k, v in told.items() if v is not None})


def _taxonomy(spec: str | None) -> Taxonomy | None:
    return None if spec is None or spec == INFERRED else read_taxonomy(spec)
