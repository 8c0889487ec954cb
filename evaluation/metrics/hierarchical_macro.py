"""Hierarchical F1 of each category of the gold, and their mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.metrics.categories import CategoryAnswers
from evaluation.metrics.cells import Cells
from evaluation.metrics.group_means import group_means
from evaluation.metrics.metric import Statistic
from evaluation.metrics.randomisation import Tested, t_p

_BLOCK = 100_000
"""Cells at a time: what they need lies in a processor's cache."""


@dataclass(frozen=True)
class HierarchicalMacro:
    """The mean over gold categories of ``2 x shared / (nodes answered + nodes of the gold)``.

    Nodes are summed over the rows whose gold is the category, so that rare categories count like
    frequent ones. The influence of a cluster is found by leaving it out, a category leaving with
    its last row (as in `evaluation.metrics.class_metrics`).
    """

    name: str
    definition: str
    is_share: bool = True
    higher_is_better: bool = True

    @property
    def cells(self) -> Callable[[Any], Cells]:
        """Twice the shared nodes, the nodes and the rows of each category."""
        return category_cells

    def values(self, sums: np.ndarray) -> np.ndarray:
        """The mean on each resample, over the categories that have a row in it."""
        return group_means(sums, _score)

    def statistic(self, answers: CategoryAnswers) -> Statistic:
        """The mean, and the jackknife influence of each cluster, shared among its rows."""
        n = answers.n_rows
        if n == 0:
            return Statistic(math.nan, np.zeros(0), reason="no rows")
        codes = np.arange(n) if answers.clusters is None else answers.clusters
        sizes = np.bincount(codes)
        classes, clusters, cells = answers.shared_in_cells
        whole = np.stack([np.bincount(classes, part) for part in cells])
        scores = _score(whole)
        value = float(scores.mean())
        if len(sizes) < 2:
            return Statistic(value, np.zeros(n))
        lost, is_left = np.empty(len(classes)), np.empty(len(classes), bool)
        for at in range(0, len(classes), _BLOCK):
            block = slice(at, at + _BLOCK)
            rest = whole[:, classes[block]] - cells[:, block]
            is_left[block] = rest[2] > 0
            lost[block] = scores[classes[block]] - np.where(is_left[block], _score(rest), 0.0)
        total = scores.sum() - np.bincount(clusters, lost, len(sizes))
        n_left = len(scores) - np.bincount(clusters, ~is_left, len(sizes))
        without = np.divide(total, n_left, out=np.full(len(sizes), value), where=n_left > 0)
        moves = (without.mean() - without) * (len(sizes) - 1) / len(sizes)
        return Statistic(value, (moves / sizes)[codes])

    def test(
        self, baseline: CategoryAnswers, candidate: CategoryAnswers, *, n_draws: int, seed: int
    ) -> Tested:
        """Student's t over clusters, on the influences."""
        ours, theirs = self.statistic(candidate), self.statistic(baseline)
        return t_p(ours.value - theirs.value, ours.influence - theirs.influence, baseline.clusters)


def category_cells(answers: CategoryAnswers) -> Cells:
    """The sums of `CategoryAnswers.shared_in_cells`."""
    return Cells(*answers.shared_in_cells)


def _score(sums: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(sums[0], sums[1], out=np.zeros_like(sums[0]), where=sums[1] > 0))
