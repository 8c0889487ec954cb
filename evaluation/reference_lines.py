"""Lines that any run must beat: chance, the most frequent answer, always null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from evaluation.answers.contract import Task
from evaluation.loading import Answers
from evaluation.metrics.attribute_metrics import attribute_metrics
from evaluation.metrics.attributes import AttributeAnswers
from evaluation.metrics.categories import CategoryAnswers
from evaluation.metrics.category_metrics import LEVEL_PREFIX, category_metrics
from evaluation.tasks import TASKS, RowAnswers

CHANCE = "chance: one of the gold categories, drawn evenly"
MAJORITY = "majority: always the most frequent category of the train split"
MAJORITY_OF_GOLD = "majority: always the most frequent category of the gold rows"
ALWAYS_NULL = "always null"
MAJORITY_VALUE = "majority: always the most frequent value that the gold rows have of the attribute"
_ATTRIBUTE_LINE = ("pair_accuracy", "precision", "recall", "f1", "null_accuracy")


def task_lines(task: Task, answers: Answers) -> dict[str, Mapping[str, float]]:
    """The lines of any task, from the gold rows alone.

    Parameters
    ----------
    answers
        Of any run: the gold alone is read.

    Returns
    -------
    By line, a value by metric; a value that is undefined is left out.
    """
    if isinstance(answers, CategoryAnswers):
        lines = reference_lines(answers)
        counts = np.bincount(answers.gold_classes)
        most, n_classes = float(counts.max(initial=0)), len(counts)
        if n_classes:
            lines[MAJORITY_OF_GOLD] = {
                "accuracy": most / answers.n_rows,
                "f1_macro": 2 * most / (most + answers.n_rows) / n_classes,
            }
    elif isinstance(answers, AttributeAnswers):
        lines = attribute_lines(answers)
    elif isinstance(answers, RowAnswers):
        lines = dict(TASKS[task].reference_lines(answers))
    return {
        line: {name: value for name, value in values.items() if not np.isnan(value)}
        for line, values in lines.items()
    }


def attribute_lines(answers: AttributeAnswers) -> dict[str, Mapping[str, float]]:
    """What answering null everywhere, and each attribute's most frequent value, would score."""
    gold = answers.pairs.select("key", pl.col("gold").list.first().alias("value"))
    frequent = (
        gold.drop_nulls()
        .group_by("key", "value")
        .agg(pl.len().alias("n"))
        .sort("n", "value", descending=[True, False])
        .unique("key", keep="first", maintain_order=True)
        .select("key", pl.col("value").alias("frequent"))
    )
    pairs = answers.pairs.join(frequent, on="key", how="left", maintain_order="left")
    is_null = pl.col("gold").list.len() == 0
    null_kind = pl.when(is_null).then(pl.lit("NN")).otherwise(pl.lit("VN"))
    given = (
        pl.when(pl.col("frequent").is_null())
        .then(null_kind)
        .when(is_null)
        .then(pl.lit("NV"))
        .when(pl.col("gold").list.contains(pl.col("frequent")))
        .then(pl.lit("VC"))
        .otherwise(pl.lit("VW"))
    )
    metrics = attribute_metrics()
    lines: dict[str, Mapping[str, float]] = {}
    for line, kind in ((ALWAYS_NULL, null_kind), (MAJORITY_VALUE, given)):
        constant = replace(answers, pairs=pairs.with_columns(kind.alias("kind")), clusters=None)
        lines[line] = {name: metrics[name].statistic(constant).value for name in _ATTRIBUTE_LINE}
    return lines


def reference_lines(
    answers: CategoryAnswers, majority: str | None = None
) -> dict[str, Mapping[str, float]]:
    """What chance and the majority category would score on the gold.

    Parameters
    ----------
    answers
        Of any run: the gold alone is read.
    majority
        The most frequent category of the train split, as a joined path; the line is left out
        where it is None.

    Returns
    -------
    By line, a value by metric. Chance has its expected accuracy, exact and at each level.

    Examples
    --------
    >>> from evaluation.loading import load_answers
    >>> paths = [["A", "B"], ["A", "C"], ["A", "C"], ["D", "E"]]
    >>> gold = pl.DataFrame({"example_id": ["1", "2", "3", "4"], "category_path": paths})
    >>> read = load_answers("classification", gold, {"run": gold}).answers["run"]
    >>> round(reference_lines(read)[CHANCE]["accuracy"], 3)
    0.333
    """
    lines: dict[str, Mapping[str, float]] = {CHANCE: _chance(answers)}
    if majority is not None:
        lines[MAJORITY] = _always(answers, majority)
    return lines


def _chance(answers: CategoryAnswers) -> dict[str, float]:
    classes = answers.class_nodes
    if not len(classes):
        return {}
    found = {"accuracy": 1 / len(classes)}
    for level in range(1, answers.n_levels + 1):
        deep = answers.tree.depths[classes] >= level
        nodes = answers.tree.at_level(classes[deep], level)
        per_node = np.bincount(nodes, minlength=len(answers.tree))
        asked = answers.gold[answers.gold_depth >= level]
        hits = per_node[answers.tree.at_level(asked, level)]
        found[f"{LEVEL_PREFIX}{level}"] = float(hits.mean()) / len(classes)
    return found


def _always(answers: CategoryAnswers, path: str) -> dict[str, float]:
    code = int(answers.tree.codes(pl.Series([path], dtype=pl.String))[0])
    constant = replace(
        answers,
        answer=np.full(answers.n_rows, code, dtype=np.int32),
        outcomes=pl.Series(["answered"] * answers.n_rows, dtype=pl.String),
        is_json=np.full(answers.n_rows, np.nan),
        clusters=None,
        gold_ranks=None,
        confidence=None,
    )
    metrics = category_metrics(answers.n_levels, answers.tree.max_depth)
    return {name: metric.statistic(constant).value for name, metric in metrics.items()}
