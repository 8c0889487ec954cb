"""A metric as a value and the influence of each row, so that everything else is a sum.

Intervals sum the influences by cluster, a paired difference subtracts them. The influences of
the rows of a cluster sum to what leaving the cluster out would change (the jackknife).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from evaluation.randomisation import Tested, exact_p, swapped_sums_p
from stats.estimate import Estimate
from stats.intervals import bounded_estimate, free_estimate


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
    """

    value: float
    influence: np.ndarray
    support: np.ndarray | None = None
    reason: str | None = None
    lower: float = 0.0
    upper: float = 1.0

    @property
    def n(self) -> int:
        """Rows the number rests on."""
        return len(self.influence) if self.support is None else int(self.support.sum())

    def estimate(self, clusters: np.ndarray | None) -> Estimate:
        """The value with its cluster-robust 95 % interval."""
        if math.isnan(self.value):
            return Estimate.undefined(self.reason or "the statistic is undefined", self.n)
        influence, clusters = self._supported(clusters)
        if (self.lower, self.upper) == (0.0, 1.0):
            return bounded_estimate(self.value, influence, clusters)
        return free_estimate(self.value, influence, clusters, lower=self.lower, upper=self.upper)

    def _supported(self, clusters: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
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
    support = (denominators != 0) | (numerators != 0)
    total = float(denominators.sum())
    if total == 0:
        nothing = np.zeros(len(denominators))
        return Statistic(math.nan, nothing, support, reason, upper=upper)
    value = float(numerators.sum()) / total
    first_order = (numerators - value * denominators) / total
    codes = np.arange(len(support)) if clusters is None else clusters
    sizes = np.bincount(codes, support)
    n_clusters = int((sizes > 0).sum())
    rest = 1 - np.bincount(codes, denominators) / total
    moves = np.bincount(codes, first_order)
    moves = np.divide(moves, rest, out=moves, where=rest > _TINY)
    moves = (moves - moves.sum() / n_clusters) * (n_clusters - 1) / n_clusters
    influence = np.where(support, (moves / np.maximum(sizes, 1))[codes], 0.0)
    return Statistic(value, influence, None if support.all() else support, upper=upper)


@dataclass(frozen=True)
class RatioMetric(Generic[A]):
    """A ratio of two sums over rows.

    Attributes
    ----------
    sums
        What each row adds to the numerator and the denominator.
    empty
        Why it is undefined where the denominator is zero.
    is_set_by_gold
        Whether the denominators are the same for every run, so that only the numerators
        differ and the randomisation test can be exact.
    upper
        The largest value it can take.
    """

    name: str
    definition: str
    sums: Callable[[A], Sums]
    empty: str = "no rows"
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
            self.sums(answers), answers.clusters, reason=self.empty, upper=self.upper
        )

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
