"""A cascade: a small model answers, a large one is asked where the small one is unsure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.answers.confidence import confidences
from evaluation.answers.contract import Task
from evaluation.loading import Answers
from evaluation.metrics.costs import row_usage
from evaluation.metrics.metric import RatioMetric, Sums, difference_of, ratio_statistic
from evaluation.slicing.choosing import ratio_metric

N_POINTS = 20
CASCADE_SCHEMA = pl.Schema(
    {
        "threshold": pl.Float64(),
        "share_large": pl.Float64(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "difference": pl.Float64(),
        "difference_low": pl.Float64(),
        "difference_high": pl.Float64(),
        "cost_usd_per_1000": pl.Float64(),
        "latency_ms_p50": pl.Float64(),
        "latency_ms_p95": pl.Float64(),
    }
)


@dataclass(frozen=True, eq=False)
class Stage:
    """One model of a cascade: its answers and what each row took.

    Attributes
    ----------
    confidence
        In [0, 1], shape ``(n,)``; NaN where a row has none.
    cost_usd, latency_ms
        Shape ``(n,)``; NaN where it is not known.
    """

    answers: Answers
    confidence: np.ndarray
    cost_usd: np.ndarray
    latency_ms: np.ndarray


def stage_of(answers: Answers, predictions: pl.DataFrame) -> Stage:
    """A stage from answers and the predictions (columns of the contract) that they were read from.

    A row without a cost of its own is taken to cost what the others do on average.
    """
    first = predictions.unique("example_id", keep="first", maintain_order=True)
    sure = confidences(first)
    known = first.select("example_id", "latency_ms").with_columns(
        row_usage(first)["cost_usd"],
        pl.Series("confidence", np.full(first.height, np.nan) if sure is None else sure),
    )
    keys = answers.example_ids.cast(pl.String).alias("example_id").to_frame()
    rows = keys.join(known, on="example_id", how="left", maintain_order="left").with_columns(
        pl.col("cost_usd").fill_null(pl.col("cost_usd").mean())
    )
    told = [
        rows[name].fill_null(np.nan).cast(pl.Float64).to_numpy()
        for name in ("confidence", "cost_usd", "latency_ms")
    ]
    return Stage(answers, *told)


def cascade_curve(
    task: Task,
    small: Stage,
    large: Stage,
    *,
    metric: str | None = None,
    n_points: int = N_POINTS,
) -> pl.DataFrame:
    """What a cascade would score and cost, for thresholds from never to always asking the large model.

    A row goes on to the large model where the small one's confidence is below the threshold, or it
    has none; it costs both then, and takes the time of both.

    Parameters
    ----------
    small, large
        Answers of one `evaluation.loading.load_answers`.
    metric
        A ratio of sums over rows; the task's own where it is None.

    Returns
    -------
    `CASCADE_SCHEMA`, the cheapest first. ``difference`` is from the large model alone, paired. The
    first line asks the small model alone (threshold 0, but rows without a confidence), the last the
    large one for every row (threshold above 1). Cost and latency are NaN where they are not known.

    Raises
    ------
    InputError
        If no row of the small model has a confidence.
    """
    sure = small.confidence
    if np.isnan(sure).all():
        raise InputError(
            "the small model's predictions have no confidence: no row has a score or logprobs. "
            "Predict again with one of them."
        )
    chosen = ratio_metric(task, [small.answers, large.answers], metric)
    ours, theirs = chosen.sums(small.answers), chosen.sums(large.answers)
    known = sure[~np.isnan(sure)]
    inner = np.unique(np.quantile(known, np.arange(1, n_points) / n_points, method="higher"))
    thresholds = [0.0, *(t for t in inner.tolist() if t > known.min()), 2.0]
    lines = [
        {"threshold": at, **_point(chosen, ours, theirs, small, large, at)} for at in thresholds
    ]
    return pl.DataFrame(lines, schema=CASCADE_SCHEMA)


def _point(
    metric: RatioMetric[Any],
    ours: Sums,
    theirs: Sums,
    small: Stage,
    large: Stage,
    threshold: float,
) -> dict[str, float]:
    is_sent = ~(small.confidence >= threshold)
    clusters = small.answers.clusters
    mixed = Sums(*(np.where(is_sent, b, a) for a, b in zip(ours, theirs, strict=True)))
    found, alone = (
        ratio_statistic(sums, clusters, reason=metric.why(small.answers), upper=metric.upper)
        for sums in (mixed, theirs)
    )
    value = found.estimate(clusters)
    moved = difference_of(found, alone)
    difference = moved.estimate(clusters)
    is_same = bool(np.array_equal(mixed.numerators, theirs.numerators)) and bool(
        np.array_equal(mixed.denominators, theirs.denominators)
    )
    cost = small.cost_usd + np.where(is_sent, large.cost_usd, 0.0)
    latency = small.latency_ms + np.where(is_sent, large.latency_ms, 0.0)
    timed = latency[~np.isnan(latency)]
    p50, p95 = np.quantile(timed, [0.5, 0.95]) if len(timed) else (np.nan, np.nan)
    return {
        "share_large": float(is_sent.mean()),
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "difference": 0.0 if is_same else difference.value,
        "difference_low": 0.0 if is_same else difference.low,
        "difference_high": 0.0 if is_same else difference.high,
        "cost_usd_per_1000": float(1000 * cost.mean()),
        "latency_ms_p50": float(p50),
        "latency_ms_p95": float(p95),
    }
