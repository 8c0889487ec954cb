"""Precision, recall and F1 as means over groups: over tags, or over labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import numpy as np

from evaluation.metrics.cells import Cells
from evaluation.metrics.group_means import GroupCounts, group_mean, group_means
from evaluation.metrics.metric import Statistic
from evaluation.metrics.randomisation import Tested, t_p

Part = Literal["precision", "recall", "f1"]


class Clustered(Protocol):
    """Answers to rows that depend on each other."""

    @property
    def n_rows(self) -> int:
        """How many rows."""

    @property
    def clusters(self) -> np.ndarray | None:
        """The cluster of each row, shape ``(n,)``."""


T = TypeVar("T", bound=Clustered)


@dataclass(frozen=True)
class PartMean(Generic[T]):
    """The mean over groups of right / answered, right / gold, or 2 right / (answered + gold).

    Attributes
    ----------
    counts
        Right, answered and gold ones of each group, in this order.
    empty
        Why it is NaN where no group is alive.
    """

    name: str
    definition: str
    part: Part
    counts: Callable[[T], GroupCounts]
    empty: str
    is_share: bool = True
    higher_is_better: bool = True

    @property
    def cells(self) -> Callable[[Any], Cells]:
        """The counts as cells; metrics of the same counts share them."""
        return _Cells(self.counts)

    def values(self, sums: np.ndarray) -> np.ndarray:
        """The mean on each resample, over the groups that are alive in it."""
        return group_means(sums, self._scores)

    def statistic(self, answers: T) -> Statistic:
        """The mean, and the jackknife influence of each cluster."""
        value, influence = group_mean(
            self.counts(answers), self._scores, answers.n_rows, answers.clusters
        )
        return Statistic(value, influence, reason=self.empty)

    def test(self, baseline: T, candidate: T, *, n_draws: int, seed: int) -> Tested:
        """Student's t over clusters, on the influences."""
        ours, theirs = self.statistic(candidate), self.statistic(baseline)
        return t_p(ours.value - theirs.value, ours.influence - theirs.influence, baseline.clusters)

    def _scores(self, counts: np.ndarray) -> np.ndarray:
        right, given, should = counts
        below = {"precision": given, "recall": should, "f1": (given + should) / 2}[self.part]
        return np.asarray(np.divide(right, below, out=np.zeros_like(right), where=below > 0))


@dataclass(frozen=True)
class _Cells:
    """Counts as cells; equal where the counts are."""

    counts: Callable[[Any], GroupCounts]

    def __call__(self, answers: Clustered) -> Cells:
        return self.counts(answers).cells(answers.clusters)
