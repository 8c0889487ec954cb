"""One metric on two sides, each of one run or of several repeats, and the paired difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluation.loading import Answers
from evaluation.metrics.attributes import AttributeAnswers
from evaluation.metrics.bootstrap import resampled_estimate, resampled_sides
from evaluation.metrics.categories import CategoryAnswers
from evaluation.metrics.metric import Metric, Statistic, difference_of
from evaluation.metrics.randomisation import Tested
from evaluation.metrics.repeats import mean_of, repeated_estimate, spread_of
from evaluation.settings import CompareSettings
from evaluation.tasks import RowAnswers
from stats.distributions import t_quantile, t_two_sided
from stats.estimate import Estimate
from stats.few_clusters import unseen_share
from stats.intervals import LEVEL, Spread, interval_estimate

POWER = 0.8
TINY = 1e-12


@dataclass(frozen=True)
class Paired:
    """One metric of two sides on the same rows.

    Attributes
    ----------
    error, df
        The standard error of the difference and its degrees of freedom; NaN where unknown.
    """

    baseline: Estimate
    candidate: Estimate
    difference: Estimate
    error: float
    df: float

    @property
    def smallest_effect(self) -> float:
        """The difference that would be shown with 80 % power (Miller 2024); NaN if unknown.

        ``(t_{.975} + t_{.8}) * error``, with the degrees of freedom of the error.
        """
        clusters = self.difference.n_clusters or self.difference.n
        if math.isnan(self.error) or clusters < 2:
            return math.nan
        if self.error <= TINY:
            return float(unseen_share(clusters))
        reach = t_quantile(0.5 + LEVEL / 2, self.df) + t_quantile(POWER, self.df)
        return reach * self.error

    @property
    def t_test(self) -> Tested:
        """Student's t test of the difference."""
        method = "t test over groups and repeats"
        if math.isnan(self.error) or math.isnan(self.difference.value):
            return Tested(math.nan, method)
        if self.error <= TINY:
            return Tested(1.0 if abs(self.difference.value) <= TINY else 0.0, method)
        return Tested(t_two_sided(self.difference.value / self.error, self.df), method)


def paired(metric: Metric[Any], baseline: Answers, candidate: Answers) -> Paired:
    """One metric of two runs, and their difference with a cluster-robust interval."""
    return paired_repeats(metric, [baseline], [candidate])


@dataclass(frozen=True, eq=False)
class Side:
    """The runs of one side, and one metric of each."""

    runs: Sequence[Answers]
    statistics: list[Statistic]

    @classmethod
    def of(cls, metric: Metric[Any], runs: Sequence[Answers]) -> Side:
        """Measure each run, once for all sides that it is held against."""
        return cls(runs, [metric.statistic(run) for run in runs])

    @property
    def estimate(self) -> Estimate:
        """The mean of the runs with its interval."""
        return repeated_estimate(self.statistics, self.runs[0].clusters)


def paired_repeats(
    metric: Metric[Any], baselines: Sequence[Answers], candidates: Sequence[Answers]
) -> Paired:
    """One metric of two sides, each the mean of its runs, and the difference with its interval.

    Where every cluster shows the same difference the standard error is 0 and says nothing; the
    interval is then as wide as what so few clusters may have left unseen
    (`stats.few_clusters.unseen_bounds`). Identical answers differ by exactly 0.
    """
    return paired_sides(Side.of(metric, baselines), Side.of(metric, candidates))


def paired_sides(baseline: Side, candidate: Side) -> Paired:
    """`paired_repeats` of sides that are measured already."""
    difference, spread = side_difference(baseline, candidate)
    return Paired(baseline.estimate, candidate.estimate, difference, spread.error, spread.df)


def side_difference(baseline: Side, candidate: Side) -> tuple[Estimate, Spread]:
    """The difference of two sides with its interval, and how far it may lie from its value."""
    clusters = baseline.runs[0].clusters
    sides = [baseline.statistics, candidate.statistics]
    theirs, ours = (mean_of(side) for side in sides)
    moved = difference_of(ours, theirs)
    spread = spread_of(moved, sides, clusters)
    told = None if clusters is None else spread.n_clusters
    is_alone = len(baseline.runs) == len(candidate.runs) == 1
    is_same = is_alone and is_identical(baseline.runs[0], candidate.runs[0])
    if not is_same or abs(moved.value) > TINY:
        return _difference(moved, spread, told), spread
    known = not math.isnan(moved.value)
    same = Estimate(0.0, 0.0, 0.0, moved.n, told) if known else _undefined(moved)
    return same, spread._replace(error=0.0)


def resampled_pairs(
    pairs: Mapping[str, Paired],
    metrics: Mapping[str, Metric[Any]],
    baselines: Sequence[Any],
    candidates: Sequence[Any],
    settings: CompareSettings,
) -> dict[str, Paired]:
    """The same pairs, the intervals of their differences from resampled groups.

    Both sides have the same resamples. Where a side has several repeats, its resamples are their
    means, and the interval is widened by what other repeats would add.
    """
    sides = (baselines, candidates)
    if len(baselines) == len(candidates) == 1 and is_identical(baselines[0], candidates[0]):
        return dict(pairs)
    drawn = [
        resampled_sides(metrics, runs, n_resamples=settings.n_resamples, seed=settings.seed)
        for runs in sides
    ]
    found = dict(pairs)
    for name in drawn[0]:
        statistics = [[metrics[name].statistic(run) for run in runs] for runs in sides]
        moved = difference_of(mean_of(statistics[1]), mean_of(statistics[0]))
        spread = spread_of(moved, statistics, baselines[0].clusters)
        difference = resampled_estimate(
            pairs[name].difference, drawn[1][name] - drawn[0][name], moved, spread
        )
        found[name] = replace(pairs[name], difference=difference)
    return found


def _undefined(moved: Statistic) -> Estimate:
    return Estimate.undefined(moved.reason or "the metric is undefined", moved.n)


def _difference(moved: Statistic, spread: Spread, told: int | None) -> Estimate:
    if math.isnan(moved.value):
        return _undefined(moved)
    return interval_estimate(
        moved.value, spread, n=moved.n, told=told, lower=moved.lower, upper=moved.upper
    )


def is_identical(baseline: Answers, candidate: Answers) -> bool:
    """Whether two runs answer alike in every row."""
    if isinstance(baseline, CategoryAnswers) and isinstance(candidate, CategoryAnswers):
        same = bool(np.array_equal(baseline.answer, candidate.answer))
        return same and baseline.outcomes.equals(candidate.outcomes)
    if isinstance(baseline, AttributeAnswers) and isinstance(candidate, AttributeAnswers):
        same = baseline.pairs["answer"].equals(candidate.pairs["answer"])
        return same and baseline.outcomes.equals(candidate.outcomes)
    if isinstance(baseline, RowAnswers) and isinstance(candidate, RowAnswers):
        same = baseline.answer_text.equals(candidate.answer_text)
        return same and baseline.outcomes.equals(candidate.outcomes)
    return False
