"""Runs grouped by what differed: the score of each group, and its difference from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from evaluation.answers.contract import Task
from evaluation.comparing.comparison import chosen_metric, metrics_for
from evaluation.comparing.pairing import Side, is_identical, paired_sides
from evaluation.loading import Answers
from evaluation.metrics.metric import Metric
from evaluation.settings import CompareSettings
from evaluation.slicing.differences import with_marks

EXPERIMENT_SCHEMA = pl.Schema(
    {
        "group": pl.String(),
        "n_runs": pl.Int64(),
        "metric": pl.String(),
        "n": pl.Int64(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "difference": pl.Float64(),
        "difference_low": pl.Float64(),
        "difference_high": pl.Float64(),
        "p_value": pl.Float64(),
        "p_holm": pl.Float64(),
        "p_bh": pl.Float64(),
        "mark": pl.String(),
    }
)


def grouped_scores(
    task: Task,
    groups: Mapping[str, Sequence[Answers]],
    *,
    metric: str | None = None,
    settings: CompareSettings | None = None,
) -> pl.DataFrame:
    """A line for each group, in their order: `EXPERIMENT_SCHEMA`.

    The value of a group is the mean over its runs, which are taken as repeats; differences are
    paired, from the first group, and null for it. ``mark`` is corrected for all groups: empty where
    a difference is no larger than chance explains.

    Parameters
    ----------
    groups
        Answers of one `evaluation.loading.load_answers`.
    """
    settings = settings or CompareSettings()
    every = [run for runs in groups.values() for run in runs]
    chosen = chosen_metric(task, metrics_for(task, every), metric)
    sides = {name: Side.of(chosen, runs) for name, runs in groups.items()}
    first = next(iter(sides.values()))
    lines = []
    for name, side in sides.items():
        own = side.estimate
        line = {
            "group": name,
            "n_runs": len(side.runs),
            "metric": chosen.name,
            "n": own.n,
            "value": own.value,
            "low": own.low,
            "high": own.high,
        }
        if side is not first:
            found = paired_sides(first, side)
            line |= {
                "difference": found.difference.value,
                "difference_low": found.difference.low,
                "difference_high": found.difference.high,
                "p_value": _p_value(chosen, first.runs, side.runs, found.t_test.p_value, settings),
            }
        lines.append(line)
    names = ("difference", "difference_low", "difference_high", "p_value")
    frame = pl.DataFrame(lines, schema_overrides=dict.fromkeys(names, pl.Float64))
    missing = [name for name in names if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in missing)
    filled = frame.with_columns(pl.col("p_value").fill_null(np.nan))
    marked = with_marks(filled, higher_is_better=chosen.higher_is_better)
    return marked.with_columns(pl.col("p_value", "p_holm", "p_bh").fill_nan(None)).match_to_schema(
        EXPERIMENT_SCHEMA
    )


def _p_value(
    chosen: Metric[Any],
    first: Sequence[Answers],
    runs: Sequence[Answers],
    of_means: float,
    settings: CompareSettings,
) -> float:
    if len(first) > 1 or len(runs) > 1:
        return of_means
    if is_identical(first[0], runs[0]):
        return 1.0
    return chosen.test(first[0], runs[0], n_draws=settings.n_draws, seed=settings.seed).p_value
