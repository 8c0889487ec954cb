"""Lines that any run must beat: chance, and the most frequent category of the train split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from evaluation.categories import CategoryAnswers
from evaluation.category_metrics import LEVEL_PREFIX, category_metrics

CHANCE = "chance: one of the gold categories, drawn evenly"
MAJORITY = "majority: always the most frequent category of the train split"


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
    )
    metrics = category_metrics(answers.n_levels, answers.tree.max_depth)
    return {name: metric.statistic(constant).value for name, metric in metrics.items()}
