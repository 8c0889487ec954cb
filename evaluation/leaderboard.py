"""Runs in order, with the ties that the test set cannot part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from evaluation.comparison import (
    Paired,
    chosen_metric,
    is_identical,
    metrics_for,
    paired,
)
from evaluation.contract import Task
from evaluation.loading import Answers
from evaluation.settings import CompareSettings
from evaluation.verdicts import ALPHA
from stats.corrections import holm

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
) -> pl.DataFrame:
    """Runs on one gold, best first, in groups that cannot be told apart.

    The best run leads the first group; every run whose paired difference from it is not
    significant (Holm's correction over the runs compared with it) shares its rank. The best of
    the rest leads the next group. Sharing a rank does not prove two runs equal.

    Parameters
    ----------
    runs
        By name; answers of one `evaluation.loading.load_answers`.

    Returns
    -------
    `LEADERBOARD_SCHEMA`; differences and ``p_holm`` are from the best run of all.
    """
    settings = settings or CompareSettings()
    if not runs:
        return pl.DataFrame(schema=LEADERBOARD_SCHEMA)
    metrics = metrics_for(task, list(runs.values()))
    chosen = chosen_metric(task, metrics, metric)
    values = {
        name: chosen.statistic(answers).estimate(answers.clusters) for name, answers in runs.items()
    }
    sign = -1.0 if chosen.higher_is_better else 1.0
    order = sorted(
        runs, key=lambda name: (np.nan_to_num(sign * values[name].value, nan=np.inf), name)
    )
    best = runs[order[0]]
    ranks: dict[str, int] = {}
    corrected: dict[str, float] = {}
    left = order
    while left:
        leader, rest = left[0], left[1:]
        p_values = np.array(
            [
                1.0
                if is_identical(runs[leader], runs[name])
                else chosen.test(
                    runs[leader], runs[name], n_draws=settings.n_draws, seed=settings.seed
                ).p_value
                for name in rest
            ]
        )
        p_values = holm(p_values)
        if leader == order[0]:
            corrected = dict(zip(rest, p_values, strict=True))
        tied = {name for name, p in zip(rest, p_values, strict=True) if not p < ALPHA}
        rank = len(ranks) + 1
        for name in (leader, *(n for n in rest if n in tied)):
            ranks[name] = rank
        left = [name for name in rest if name not in tied]
    moved: dict[str, Paired] = {name: paired(chosen, best, runs[name]) for name in order[1:]}
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
