"""A metric that is a function of sums over all rows and no ratio of two: corpus BLEU."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from evaluation.metrics.metric import Clustered, Statistic
from evaluation.metrics.randomisation import Tested, affordable_draws, cluster_sums, swaps, t_p

A = TypeVar("A", bound=Clustered)
_TINY = 1e-12


@dataclass(frozen=True)
class SummedMetric(Generic[A]):
    """A function of what is summed over rows; its influences come from leaving clusters out.

    Attributes
    ----------
    sums
        What each row adds, shape ``(k, n)``; a row of zeros does not count.
    value
        From sums, shape ``(k, r)``, to ``r`` values.
    empty
        Why it is undefined where no row counts.
    """

    name: str
    definition: str
    sums: Callable[[A], np.ndarray]
    value: Callable[[np.ndarray], np.ndarray]
    empty: str = "no rows"
    is_share: bool = True
    higher_is_better: bool = True

    def statistic(self, answers: A) -> Statistic:
        """The value, and the jackknife influence of each cluster, shared among its rows."""
        parts = self.sums(answers)
        support = np.asarray(parts.any(axis=0))
        influence = np.zeros(len(support))
        rows = np.flatnonzero(support)
        if not len(rows):
            return Statistic(math.nan, influence, support, self.empty)
        whole = parts.sum(axis=1)[:, None]
        value = float(self.value(whole)[0])
        told = None if support.all() else support
        codes = np.arange(len(rows))
        if answers.clusters is not None:
            codes = np.unique(answers.clusters[rows], return_inverse=True)[1]
        sizes = np.bincount(codes)
        if len(sizes) > 1:
            without = self.value(whole - cluster_sums(parts[:, rows], codes))
            moves = (without.mean() - without) * (len(sizes) - 1) / len(sizes)
            influence[rows] = (moves / sizes)[codes]
        return Statistic(value, influence, told)

    def test(self, baseline: A, candidate: A, *, n_draws: int, seed: int) -> Tested:
        """Swap whole clusters between the runs and count again; Student's t where that is dear."""
        theirs, ours = self.sums(baseline), self.sums(candidate)
        before, after = theirs.sum(axis=1)[:, None], ours.sum(axis=1)[:, None]
        if not before.any() or not after.any():
            return Tested(math.nan, "no test: the metric is undefined")
        clusters = baseline.clusters
        observed = float(self.value(after)[0] - self.value(before)[0])
        moves = cluster_sums(ours - theirs, clusters)
        moves = moves[:, np.abs(moves).max(axis=0) > _TINY]
        what = "rows" if clusters is None else "clusters"
        if not moves.shape[1]:
            return Tested(1.0, f"paired randomisation of {what}, {n_draws:,} draws")
        draws = affordable_draws(moves.size, n_draws)
        if draws is None:
            influence = self.statistic(candidate).influence - self.statistic(baseline).influence
            return t_p(observed, influence, clusters)
        hits = 0
        for swapped in swaps(moves.shape[1], draws, seed):
            moved = moves @ swapped.T
            difference = self.value(after - moved) - self.value(before + moved)
            hits += int((np.abs(difference) >= abs(observed) - _TINY).sum())
        method = f"paired randomisation of {what}, {draws:,} draws"
        return Tested((hits + 1) / (draws + 1), method)
