"""Runs in order, with the ties that the test set cannot part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from evaluation.answers.contract import Task
from evaluation.comparing.comparison import chosen_metric, metrics_for
from evaluation.comparing.pairing import is_identical, paired_repeats
from evaluation.comparing.verdicts import ALPHA
from evaluation.loading import Answers
from evaluation.metrics.metric import Metric, estimate_of
from evaluation.metrics.repeats import repeated_estimate
from evaluation.settings import CompareSettings
from stats.corrections import holm
from stats.estimate import Estimate

LEADERBOARD_SCHEMA = pl.Schema(
    {
        "rank": pl.Int64(),
        "run": pl.String(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "n": pl.Int64(),
        "difference": pl.Float64(),
        "difference_low": pl.Float64(),
        "difference_high": pl.Float64(),
        "p_holm": pl.Float64(),
        "is_tied_with_best": pl.Boolean(),
    }
)


def leaderboard(
    task: Task,
    runs: Mapping[str, Answers],
    *,
    metric: str | None = None,
    settings: CompareSettings | None = None,
    repeats: Mapping[str, Sequence[Answers]] | None = None,
) -> pl.DataFrame:
    """Runs on one gold, best first, in groups that cannot be told apart.

    The best run leads the first group; every run whose paired difference from it is not
    significant (Holm's correction over the runs compared with it) shares its rank. The best of
    the rest leads the next group. Sharing a rank does not prove two runs equal.

    Parameters
    ----------
    runs
        By name; answers of one `evaluation.loading.load_answers`.
    repeats
        By name, the answers of all repeats of a run; its value is their mean, and Student's t over
        groups and repeats decides (`evaluation.metrics.repeats`). Of one run each where None.

    Returns
    -------
    `LEADERBOARD_SCHEMA`; differences and ``p_holm`` are from the best run of all.
    """
    settings = settings or CompareSettings()
    if not runs:
        return pl.DataFrame(schema=LEADERBOARD_SCHEMA)
    metrics = metrics_for(task, list(runs.values()))
    chosen = chosen_metric(task, metrics, metric)
    sides = {name: [answers] for name, answers in runs.items()} | dict(repeats or {})
    values = {name: _estimate(chosen, side) for name, side in sides.items()}
    sign = -1.0 if chosen.higher_is_better else 1.0
    order = sorted(
        runs, key=lambda name: (np.nan_to_num(sign * values[name].value, nan=np.inf), name)
    )
    best = sides[order[0]]
    ranks: dict[str, int] = {}
    corrected: dict[str, float] = {}
    left = order
    while left:
        leader, rest = left[0], left[1:]
        p_values = np.array(
            [_p_value(chosen, sides[leader], sides[name], settings) for name in rest]
        )
        p_values = holm(p_values)
        if leader == order[0]:
            corrected = dict(zip(rest, p_values, strict=True))
        tied = {name for name, p in zip(rest, p_values, strict=True) if not p < ALPHA}
        rank = len(ranks) + 1
        for name in (leader, *(n for n in rest if n in tied)):
            ranks[name] = rank
        left = [name for name in rest if name not in tied]
    moved = {name: paired_repeats(chosen, best, sides[name]) for name in order[1:]}
    rows = [
        {
            "rank": ranks[name],
            "run": name,
            "value": values[name].value,
            "low": values[name].low,
            "high": values[name].high,
            "n": values[name].n,
            "difference": moved[name].difference.value if name in moved else 0.0,
            "difference_low": moved[name].difference.low if name in moved else 0.0,
            "difference_high": moved[name].difference.high if name in moved else 0.0,
            "p_holm": corrected.get(name),
            "is_tied_with_best": ranks[name] == 1,
        }
        for name in order
    ]
    return pl.DataFrame(rows, schema=LEADERBOARD_SCHEMA).sort("rank", maintain_order=True)


def _estimate(metric: Metric[Any], side: Sequence[Answers]) -> Estimate:
    if len(side) == 1:
        return estimate_of(metric, side[0])
    return repeated_estimate([metric.statistic(run) for run in side], side[0].clusters)


def _p_value(
    metric: Metric[Any],
    leader: Sequence[Answers],
    other: Sequence[Answers],
    settings: CompareSettings,
) -> float:
    if len(leader) > 1 or len(other) > 1:
        return paired_repeats(metric, leader, other).t_test.p_value
    if is_identical(leader[0], other[0]):
        return 1.0
    tested = metric.test(leader[0], other[0], n_draws=settings.n_draws, seed=settings.seed)
    return tested.p_value
