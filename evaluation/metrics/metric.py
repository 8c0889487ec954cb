"""A metric as a value and the influence of each row, so that everything else is a sum.

Intervals sum the influences by cluster, a paired difference subtracts them. The influences of
the rows of a cluster sum to what leaving the cluster out would change (the jackknife).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np

from evaluation.metrics.cells import Cells
from evaluation.metrics.randomisation import Tested, exact_p, swapped_sums_p
from stats.estimate import Estimate
from stats.intervals import (
    Spread,
    independent_size,
    interval_estimate,
    share_errors,
    side_errors,
    spread_of_sums,
    summed_by_cluster,
)


@dataclass(frozen=True, eq=False)
class Statistic:
    """A number computed from rows, and how each row moves it.

    Attributes
    ----------
    value
        NaN where undefined; ``reason`` says why.
    influence
        Shape ``(n,)``, sums to zero over the rows; zero where a row does not count.
    support
        Which rows the number rests on, shape ``(n,)``; None for all.
    lower, upper
        The bounds of the statistic.
    most
        What the rows are worth if independent (`stats.intervals.bounded_estimate`).
    is_difference
        Whether it is a difference of two runs.
    """

    value: float
    influence: np.ndarray
    support: np.ndarray | None = None
    reason: str | None = None
    lower: float = 0.0
    upper: float = 1.0
    most: float | None = None
    is_difference: bool = False

    @property
    def n(self) -> int:
        """Rows the number rests on."""
        return len(self.influence) if self.support is None else int(self.support.sum())

    def estimate(self, clusters: np.ndarray | None) -> Estimate:
        """The value with its cluster-robust 95 % interval."""
        if math.isnan(self.value):
            return Estimate.undefined(self.reason or "the statistic is undefined", self.n)
        spread = self.spread(clusters)
        return interval_estimate(
            self.value,
            spread,
            n=self.n,
            told=None if clusters is None else spread.n_clusters,
            lower=self.lower,
            upper=self.upper,
            most=self.most,
        )

    def spread(self, clusters: np.ndarray | None) -> Spread:
        """How far it may lie from its value, over the rows that it rests on."""
        sums, sizes = summed_by_cluster(*self.supported(clusters))
        return spread_of_sums(self.value, sums, sizes, is_difference=self.is_difference)

    def side_errors(self, spread: Spread) -> tuple[float, float]:
        """The standard errors towards its low and its high end (`stats.few_clusters`)."""
        if (self.lower, self.upper) == (0.0, 1.0):
            return share_errors(self.value, spread)
        return side_errors(self.value, spread, self.upper)

    def supported(self, clusters: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """The influences and clusters of the rows that it rests on."""
        if self.support is None:
            return self.influence, clusters
        codes = None if clusters is None else clusters[self.support]
        return self.influence[self.support], codes


def difference_of(candidate: Statistic, baseline: Statistic) -> Statistic:
    """Candidate minus baseline, paired on the same rows."""
    support = None
    if candidate.support is not None and baseline.support is not None:
        support = candidate.support | baseline.support
    width = baseline.upper - baseline.lower
    return Statistic(
        candidate.value - baseline.value,
        candidate.influence - baseline.influence,
        support,
        candidate.reason or baseline.reason,
        -width,
        width,
        is_difference=True,
    )


class Clustered(Protocol):
    """Answers that know which rows are dependent."""

    @property
    def clusters(self) -> np.ndarray | None:
        """Codes from 0 with no gaps, shape ``(n,)``; None where rows are independent."""


_TINY = 1e-12
A_contra = TypeVar("A_contra", contravariant=True)
A = TypeVar("A", bound=Clustered)


class Metric(Protocol[A_contra]):
    """What can be measured on answers of one kind."""

    @property
    def name(self) -> str:
        """As it is asked for and printed."""

    @property
    def definition(self) -> str:
        """One sentence that stands beside the number."""

    @property
    def is_share(self) -> bool:
        """Whether it is a share in [0, 1], told in per cent."""

    @property
    def higher_is_better(self) -> bool:
        """Which way is good."""

    def statistic(self, answers: A_contra) -> Statistic:
        """The value and the influences on one run's answers."""

    def test(
        self,
        baseline: A_contra,
        candidate: A_contra,
        *,
        n_draws: int,
        seed: int,
    ) -> Tested:
        """The p-value of no difference between two runs on the same rows."""


@runtime_checkable
class CellMetric(Metric[A_contra], Protocol[A_contra]):
    """A metric of what groups hold, no ratio of sums: found again on any resample of clusters."""

    @property
    def cells(self) -> Callable[[Any], Cells]:
        """What is summed; metrics of one function share the sums."""

    def values(self, sums: np.ndarray) -> np.ndarray:
        """The metric on each of ``r`` resamples, from the cells' sums, shape ``(k, G, r)``."""


class Sums(NamedTuple):
    """What each row adds to the numerator and the denominator of a ratio, ``(n,)`` each."""

    numerators: np.ndarray
    denominators: np.ndarray


def ratio_statistic(
    sums: Sums, clusters: np.ndarray | None, *, reason: str, upper: float = 1.0
) -> Statistic:
    """A ratio of two sums with its influences; NaN over a zero sum.

    The influence of a cluster is what leaving it out would change (the jackknife; for a ratio
    it is the first-order influence over ``1 - h``, with ``h`` the cluster's share of the
    denominator). With clusters of one size that is the first-order influence itself; where one
    cluster holds most of the rows, first-order intervals are far too short (MacKinnon, Nielsen
    and Webb 2023).

    Examples
    --------
    >>> hits, rows = np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0])
    >>> ratio_statistic(Sums(hits, rows), None, reason="no rows").value
    0.5
    """
    numerators, denominators = sums
    n = len(denominators)
    total = float(denominators.sum())
    if total == 0:
        return Statistic(math.nan, np.zeros(n), numerators != 0, reason, upper=upper)
    if clusters is not None:
        found = _by_cluster(sums, clusters)
        influence = (found.moves / np.maximum(found.sizes, 1))[clusters]
        if found.support is not None:
            influence[~found.support] = 0.0
        return Statistic(found.value, influence, found.support, upper=upper, most=found.most)
    support = _support(sums)
    value = float(numerators.sum()) / total
    first_order = (numerators - value * denominators) / total
    rest, most = 1 - denominators / total, independent_size(value, float(first_order @ first_order))
    moves = np.divide(first_order, rest, out=first_order, where=rest > _TINY)
    n_rows = n if support is None else np.count_nonzero(support)
    moves = (moves - moves.sum() / n_rows) * ((n_rows - 1) / n_rows)
    if support is not None:
        moves[~support] = 0.0
    return Statistic(value, moves, support, upper=upper, most=most)


class _ByCluster(NamedTuple):
    """A ratio, the influence of each cluster, the rows of each that count, and which rows do.

    ``most`` is what the rows are worth if independent.
    """

    value: float
    moves: np.ndarray
    sizes: np.ndarray
    support: np.ndarray | None
    most: float | None


def _support(sums: Sums) -> np.ndarray | None:
    """Which rows count; None where all do."""
    if np.all(sums.denominators):
        return None
    support = (sums.denominators != 0) | (sums.numerators != 0)
    return None if support.all() else support


def _by_cluster(sums: Sums, clusters: np.ndarray) -> _ByCluster:
    support = _support(sums)
    sizes = np.bincount(clusters, support)
    above, below = (np.bincount(clusters, part) for part in sums)
    total = float(below.sum())
    value = float(above.sum()) / total
    first_order, rest = (above - value * below) / total, 1 - below / total
    n_clusters = int((sizes > 0).sum())
    moves = np.divide(first_order, rest, out=first_order, where=rest > _TINY)
    moves = (moves - moves.sum() / n_clusters) * (n_clusters - 1) / n_clusters
    squares = (
        sums.numerators @ sums.numerators
        - 2 * value * (sums.numerators @ sums.denominators)
        + value**2 * (sums.denominators @ sums.denominators)
    )
    most = independent_size(value, float(squares) / total**2)
    return _ByCluster(value, np.where(sizes > 0, moves, 0.0), sizes, support, most)


def ratio_estimate(
    sums: Sums, clusters: np.ndarray | None, *, reason: str, upper: float = 1.0
) -> Estimate:
    """The estimate of `ratio_statistic`, without the influence of every row where there are clusters.

    Examples
    --------
    >>> hits, rows = np.array([1.0, 0.0, 0.0, 1.0]), np.ones(4)
    >>> ratio_estimate(Sums(hits, rows), np.array([0, 0, 1, 1]), reason="no rows").n_clusters
    2
    """
    if clusters is None or not sums.denominators.any():
        return ratio_statistic(sums, clusters, reason=reason, upper=upper).estimate(clusters)
    found = _by_cluster(sums, clusters)
    there = found.sizes > 0
    spread = spread_of_sums(found.value, found.moves[there], found.sizes[there])
    return interval_estimate(
        found.value,
        spread,
        n=int(found.sizes.sum()),
        told=spread.n_clusters,
        upper=upper,
        most=found.most,
    )


@dataclass(frozen=True)
class RatioMetric(Generic[A]):
    """A ratio of two sums over rows.

    Attributes
    ----------
    sums
        What each row adds to the numerator and the denominator.
    empty
        Why it is undefined where the denominator is zero; a function of the answers where that
        differs from run to run.
    is_set_by_gold
        Whether the denominators are the same for every run, so that only the numerators
        differ and the randomisation test can be exact.
    upper
        The largest value it can take.
    """

    name: str
    definition: str
    sums: Callable[[A], Sums]
    empty: str | Callable[[A], str] = "no rows"
    is_set_by_gold: bool = False
    higher_is_better: bool = True
    upper: float = 1.0

    @property
    def is_share(self) -> bool:
        """Whether it is a share in [0, 1]."""
        return self.upper == 1.0

    def statistic(self, answers: A) -> Statistic:
        """The ratio and its influences."""
        return ratio_statistic(
            self.sums(answers), answers.clusters, reason=self.why(answers), upper=self.upper
        )

    def estimate(self, answers: A) -> Estimate:
        """The ratio with its interval."""
        return ratio_estimate(
            self.sums(answers), answers.clusters, reason=self.why(answers), upper=self.upper
        )

    def why(self, answers: A) -> str:
        """Why it is undefined where nothing counts."""
        return self.empty if isinstance(self.empty, str) else self.empty(answers)

    def test(
        self,
        baseline: A,
        candidate: A,
        *,
        n_draws: int,
        seed: int,
    ) -> Tested:
        """Swap whole clusters between the runs: exactly where sums are whole, else by draws."""
        ours, theirs = self.sums(candidate), self.sums(baseline)
        clusters = baseline.clusters
        if self.is_set_by_gold:
            return exact_p(
                ours.numerators - theirs.numerators, clusters, n_draws=n_draws, seed=seed
            )
        return swapped_sums_p(
            np.stack(theirs), np.stack(ours), clusters, n_draws=n_draws, seed=seed
        )


def estimate_of(metric: Metric[Any], answers: Any) -> Estimate:
    """A metric of one run with its cluster-robust 95 % interval, the short way where there is one."""
    if isinstance(metric, RatioMetric):
        return metric.estimate(answers)
    return metric.statistic(answers).estimate(answers.clusters)
