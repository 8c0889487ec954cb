"""Metrics on resampled clusters: all of them at once, from sums and from counts of each class.

Ratios are sums of sums. Averages over classes, and what depends on the order of confidences, need
what each group holds in each resample: a sparse product, groups by clusters times clusters by
resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from evaluation.metrics.cells import Cells
from evaluation.metrics.metric import CellMetric, Metric, RatioMetric, Statistic, estimate_of
from evaluation.metrics.randomisation import cluster_sums
from evaluation.metrics.repeats import mean_of, repeated_estimate, spread_of
from evaluation.metrics.summed_metric import SummedMetric
from evaluation.settings import ScoreSettings
from stats.bootstrap import (
    bootstrap_estimate,
    cluster_weights,
    resampled_sums,
    resampling_codes,
)
from stats.estimate import N_RESAMPLES, Estimate
from stats.intervals import Spread

_AT_ONCE = 64


def resampled_metrics(
    metrics: Mapping[str, Metric[Any]],
    answers: Any,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Each metric on each resample of the clusters, shape ``(n_resamples,)``.

    Two runs on the same rows get the same resamples from the same seed, so that their difference
    is paired. A metric that is rounded for print is resampled unrounded. One that is undefined on
    the answers is left out.
    """
    plain = {name: getattr(one, "unrounded", one) for name, one in metrics.items()}
    ratios = {name: m for name, m in plain.items() if isinstance(m, RatioMetric)}
    found: dict[str, np.ndarray] = {}
    if ratios:
        parts = {name: metric.sums(answers) for name, metric in ratios.items()}
        n = len(next(iter(parts.values())).numerators)
        codes = resampling_codes(answers.clusters, n, seed)
        held = np.concatenate([cluster_sums(np.stack(part), codes) for part in parts.values()])
        drawn = resampled_sums(held, n_resamples, seed)
        with np.errstate(invalid="ignore", divide="ignore"):
            for at, name in enumerate(parts):
                found[name] = drawn[:, 2 * at] / drawn[:, 2 * at + 1]
    by_cells: dict[Callable[[Any], Cells], dict[str, CellMetric[Any]]] = {}
    for name, metric in plain.items():
        if isinstance(metric, SummedMetric):
            parts_of_rows = metric.sums(answers)
            codes = resampling_codes(answers.clusters, parts_of_rows.shape[1], seed)
            held = cluster_sums(parts_of_rows, codes)
            found[name] = metric.value(resampled_sums(held, n_resamples, seed).T)
        elif isinstance(metric, CellMetric):
            by_cells.setdefault(metric.cells, {})[name] = metric
    for cells_of, group in by_cells.items():
        found |= _resampled_cells(group, cells_of(answers), answers.clusters, n_resamples, seed)
    return {name: found[name] for name in metrics if name in found}


def _resampled_cells(
    metrics: Mapping[str, CellMetric[Any]],
    cells: Cells,
    clusters: np.ndarray | None,
    n_resamples: int,
    seed: int,
) -> dict[str, np.ndarray]:
    inside, n_groups, n_clusters = _cell_table(cells, clusters, seed)
    found = {name: np.empty(n_resamples) for name in metrics}
    done = 0
    for weights in cluster_weights(n_clusters, n_resamples, seed, at_once=_AT_ONCE):
        drawn = np.ascontiguousarray(weights.T, dtype=np.float32)
        sums = (inside @ drawn).reshape(len(cells.parts), n_groups, -1)
        for name, metric in metrics.items():
            found[name][done : done + len(weights)] = metric.values(sums)
        done += len(weights)
    return found


def _cell_table(cells: Cells, clusters: np.ndarray | None, seed: int) -> tuple[csr_array, int, int]:
    """The parts of each group (rows of the array) in each cluster that is drawn."""
    n_rows = int(cells.members.max(initial=-1)) + 1 if clusters is None else len(clusters)
    codes = resampling_codes(clusters, n_rows, seed)
    n_clusters = int(codes.max(initial=-1)) + 1
    members = codes[cells.members] if clusters is None else cells.members
    n_groups = int(cells.groups.max(initial=-1)) + 1
    at, place = np.nonzero(cells.parts)
    table = csr_array(
        (
            cells.parts[at, place].astype(np.float32),
            (cells.groups[place] + n_groups * at, members[place]),
        ),
        shape=(len(cells.parts) * n_groups, n_clusters),
    )
    table.sum_duplicates()
    return table, n_groups, n_clusters


def resampled_estimate(
    estimate: Estimate, drawn: np.ndarray, statistic: Statistic, spread: Spread
) -> Estimate:
    """An estimate with the interval of its resamples (`stats.bootstrap.bootstrap_estimate`)."""
    return bootstrap_estimate(
        estimate,
        drawn,
        statistic.side_errors(spread),
        spread.df,
        (statistic.lower, statistic.upper),
    )


def mirrored(metric: Metric[Any], value: float, drawn: np.ndarray) -> np.ndarray:
    """Resamples, turned about the value where chance alone makes the metric larger.

    The interval is then the basic one (Davison and Hinkley 1997, 5.2), which takes the bias back.
    """
    return 2 * value - drawn if getattr(metric, "is_distance", False) else drawn


def resampled_sides(
    metrics: Mapping[str, Metric[Any]], runs: Sequence[Any], *, n_resamples: int, seed: int
) -> dict[str, np.ndarray]:
    """Each metric on each resample of the clusters, the mean over repeats of one checkpoint.

    Repeats share their resamples. What other repeats would add is no part of them: the standard
    error that widens the interval has it (`evaluation.metrics.repeats.spread_of`).
    """
    every = [resampled_metrics(metrics, run, n_resamples=n_resamples, seed=seed) for run in runs]
    return {
        name: np.mean(
            [
                mirrored(metrics[name], metrics[name].statistic(run).value, one[name])
                for run, one in zip(runs, every, strict=True)
            ],
            axis=0,
        )
        for name in every[0]
    }


def bootstrap_estimates(
    metrics: Mapping[str, Metric[Any]], runs: Sequence[Any], settings: ScoreSettings
) -> dict[str, Estimate]:
    """Every metric of one run, or of repeats of one checkpoint, with resampled intervals.

    The estimates of one run keep their own interval where the bootstrap has nothing to say.
    """
    clusters = runs[0].clusters
    drawn = resampled_sides(metrics, runs, n_resamples=settings.n_resamples, seed=settings.seed)
    found = {}
    for name, metric in metrics.items():
        statistics = [metric.statistic(run) for run in runs]
        mean = mean_of(statistics)
        estimate = repeated_estimate(statistics, clusters)
        if name in drawn:
            spread = spread_of(mean, [statistics], clusters)
            estimate = resampled_estimate(estimate, drawn[name], mean, spread)
        found[name] = estimate
    return found


def metric_estimates(
    metrics: Mapping[str, Metric[Any]], answers: Any, settings: ScoreSettings | None = None
) -> dict[str, Estimate]:
    """Every metric of one run with the interval that the settings ask for."""
    if settings is not None and settings.interval == "bootstrap":
        return bootstrap_estimates(metrics, [answers], settings)
    return {name: estimate_of(metric, answers) for name, metric in metrics.items()}
