"""Metrics that are no ratio of sums in every part: macro averages, ECE, selective accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from evaluation.comparing.pairing import paired_repeats
from evaluation.loading import Answers
from evaluation.metrics.calibration import N_BINS
from evaluation.metrics.metric import CellMetric
from evaluation.slicing.part_answers import PartAnswers, part_rows

FEWEST_ROWS = 10
"""Below this an average over classes, or over a ranking, is of the rows that happen to be there."""
FEWEST_BINNED = 2 * N_BINS
"""A calibration error needs rows in its bins."""


def fewest_rows(metric: CellMetric[Any]) -> int:
    """The rows that a part must have for the metric to be told."""
    return FEWEST_BINNED if getattr(metric, "is_distance", False) else FEWEST_ROWS


def cell_scores(
    metric: CellMetric[Any], answers: Answers, codes: np.ndarray, n_parts: int
) -> pl.DataFrame:
    """A metric in each part: ``n, n_clusters, value, low, high, reason``.

    Each part is scored as if it were all there is. NaN with the reason where it has fewer than
    `fewest_rows`; an interval is undefined below two groups.
    """
    lines = []
    for rows in part_rows(codes, n_parts):
        part = PartAnswers(answers, rows)
        if len(rows) < fewest_rows(metric):
            lines.append({**_counts(part), "reason": _too_few(metric, len(rows))})
            continue
        found = metric.statistic(part).estimate(part.clusters)
        value = {"value": found.value, "low": found.low, "high": found.high}
        lines.append({**_counts(part, found.n), **value, "reason": found.reason})
    return pl.DataFrame(lines, schema=_SCORES)


def cell_differences(
    metric: CellMetric[Any],
    baselines: Sequence[Answers],
    candidates: Sequence[Answers],
    codes: np.ndarray,
    n_parts: int,
) -> pl.DataFrame:
    """Two sides' values and their paired difference in each part.

    ``n, n_clusters, baseline, candidate, difference, low, high, p_value, reason``; p is of
    Student's t over groups, and over repeats where a side has several.
    """
    lines = []
    for rows in part_rows(codes, n_parts):
        sides: list[list[Any]] = [
            [PartAnswers(run, rows) for run in runs] for runs in (baselines, candidates)
        ]
        counts = _counts(sides[0][0])
        if len(rows) < fewest_rows(metric):
            lines.append({**counts, "reason": _too_few(metric, len(rows))})
            continue
        found = paired_repeats(metric, *sides)
        moved = found.difference
        lines.append(
            {
                **counts,
                "n": moved.n,
                "baseline": found.baseline.value,
                "candidate": found.candidate.value,
                "difference": moved.value,
                "low": moved.low,
                "high": moved.high,
                "p_value": found.t_test.p_value,
                "reason": moved.reason,
            }
        )
    return pl.DataFrame(lines, schema=_DIFFERENCES)


def _counts(part: PartAnswers, n: int | None = None) -> dict[str, Any]:
    clusters = part.clusters
    n_clusters = part.n_rows if clusters is None else int(clusters.max(initial=-1)) + 1
    empty = dict.fromkeys([*_SCORES, *_DIFFERENCES], math.nan)
    return {**empty, "n": part.n_rows if n is None else n, "n_clusters": n_clusters}


def _too_few(metric: CellMetric[Any], n_rows: int) -> str:
    return f"{n_rows} rows: {metric.name} of fewer than {fewest_rows(metric)} says nothing"


_FLOATS = pl.Float64()
_SCORES = {
    "n": pl.Int64(),
    "n_clusters": pl.Int64(),
    **dict.fromkeys(("value", "low", "high"), _FLOATS),
    "reason": pl.String(),
}
_DIFFERENCES = {
    "n": pl.Int64(),
    "n_clusters": pl.Int64(),
    **dict.fromkeys(("baseline", "candidate", "difference", "low", "high", "p_value"), _FLOATS),
    "reason": pl.String(),
}
