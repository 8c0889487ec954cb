"""Averages over the classes of the gold: macro precision, recall and F1, weighted F1.

The classes are those that occur in the gold. A class that is never predicted has precision 0
in the average, as in scikit-learn with ``labels=`` the gold classes; an answer that is no gold
class is wrong for its row and is no class of its own.

An average over classes is no smooth function of sums: with one or two rows a class, first-order
influences are near zero and an interval from them is far too short. The influence of a cluster is
therefore found by leaving it out (the jackknife; Efron and Stein 1981), a class leaving with its
last row: all clusters at once, from counts of each class in each cluster.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from scipy.sparse import csr_array

from evaluation.metrics.cells import Cells, summed_cells
from evaluation.metrics.metric import Statistic
from evaluation.metrics.randomisation import Tested, affordable_draws, swaps, t_p

Part = Literal["precision", "recall", "f1"]
_TINY = 1e-12
_BLOCK = 100_000
"""Cells at a time: what they need lies in a processor's cache."""
_STEPS = 20
"""What a count of a class costs in a draw, beside a number that is only summed."""


class ClassAnswers(Protocol):
    """Answers as classes of the gold.

    ``gold_classes`` has a code from 0 for every row; ``answer_classes`` the code of the answer,
    -1 where it is no class of the gold or there is none.
    """

    @property
    def gold_classes(self) -> np.ndarray:
        """Shape ``(n,)``, no gaps."""

    @property
    def answer_classes(self) -> np.ndarray:
        """Shape ``(n,)``."""

    @property
    def clusters(self) -> np.ndarray | None:
        """Codes from 0 with no gaps, shape ``(n,)``; None where rows are independent."""

    @property
    def class_clusters(self) -> ClassClusters:
        """What `class_clusters` gives, kept."""


class ClassClusters(NamedTuple):
    """Right answers, gold rows and answers of each class in each cluster that has any.

    ``classes`` and ``clusters`` have shape ``(m,)``, ``counts`` ``(3, m)``.
    """

    classes: np.ndarray
    clusters: np.ndarray
    counts: np.ndarray


def class_counts(answers: ClassAnswers) -> np.ndarray:
    """Right answers, gold rows and answers of each class, shape ``(3, K)``."""
    gold, answer = answers.gold_classes, answers.answer_classes
    n_classes = int(gold.max(initial=-1)) + 1
    return np.stack(
        [
            np.bincount(gold[gold == answer], minlength=n_classes),
            np.bincount(gold, minlength=n_classes),
            np.bincount(answer[answer >= 0], minlength=n_classes),
        ]
    ).astype(float)


def class_scores(counts: np.ndarray, part: Part) -> np.ndarray:
    """The score of each class from its right answers, gold rows and answers; 0 over 0 is 0."""
    right, gold, answered = counts
    below = {"precision": answered, "recall": gold, "f1": (gold + answered) / 2}[part]
    return np.asarray(np.divide(right, below, out=np.zeros_like(right), where=below > 0))


@dataclass(frozen=True)
class ClassMetric:
    """An average of a score over the classes of the gold.

    Attributes
    ----------
    part
        Which score of each class.
    is_weighted
        Weighted by gold rows; else every class counts alike.
    """

    name: str
    definition: str
    part: Part
    is_weighted: bool = False
    is_share: bool = True
    higher_is_better: bool = True

    @property
    def cells(self) -> Callable[[Any], Cells]:
        """Right answers, gold rows and answers of each class."""
        return class_cells

    def value(self, counts: np.ndarray) -> float:
        """The average, from the counts of each class."""
        if counts.shape[1] == 0:
            return math.nan
        weights = counts[1] if self.is_weighted else np.ones(counts.shape[1])
        return float(class_scores(counts, self.part) @ weights / weights.sum())

    def values(self, counts: np.ndarray) -> np.ndarray:
        """The average on each of ``r`` resamples, from counts of shape ``(3, K, r)``.

        A class without a gold row in a resample is none of its classes.
        """
        scores = class_scores(counts, self.part)
        weights = counts[1] if self.is_weighted else (counts[1] > 0).astype(counts.dtype)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.einsum("kr,kr->r", scores, weights) / weights.sum(axis=0))

    def statistic(self, answers: ClassAnswers) -> Statistic:
        """The average, and the jackknife influence of each cluster, shared among its rows."""
        n = len(answers.gold_classes)
        if n == 0:
            return Statistic(math.nan, np.zeros(0), reason="no rows")
        counts = class_counts(answers)
        value = self.value(counts)
        codes = np.arange(n) if answers.clusters is None else answers.clusters
        sizes = np.bincount(codes)
        if len(sizes) < 2:
            return Statistic(value, np.zeros(n))
        without = self._without_each(counts, answers.class_clusters, len(sizes))
        moves = (without.mean() - without) * (len(sizes) - 1) / len(sizes)
        return Statistic(value, (moves / sizes)[codes])

    def _without_each(
        self, counts: np.ndarray, inside: ClassClusters, n_clusters: int
    ) -> np.ndarray:
        """The average without each cluster, shape ``(C,)``."""
        n_cells = len(inside.classes)
        scores = class_scores(counts, self.part)
        weights = counts[1] if self.is_weighted else np.ones(counts.shape[1])
        lost, lighter = np.empty(n_cells), np.empty(n_cells)
        for at in range(0, n_cells, _BLOCK):
            block = slice(at, at + _BLOCK)
            classes = inside.classes[block]
            rest = counts[:, classes] - inside.counts[:, block]
            before, after = weights[classes], rest[1]
            if not self.is_weighted:
                after = (after > 0).astype(float)
            lost[block] = before * scores[classes] - after * class_scores(rest, self.part)
            lighter[block] = before - after
        above = scores @ weights - np.bincount(inside.clusters, lost, n_clusters)
        below = weights.sum() - np.bincount(inside.clusters, lighter, n_clusters)
        return np.asarray(above / below)

    def test(
        self,
        baseline: ClassAnswers,
        candidate: ClassAnswers,
        *,
        n_draws: int,
        seed: int,
    ) -> Tested:
        """Swap whole clusters between the runs and count again; Student's t past `WORK`."""
        clusters = baseline.clusters
        what = "rows" if clusters is None else "clusters"
        moves, classes = _moves(baseline, candidate, clusters)
        counts_a, counts_b = class_counts(baseline), class_counts(candidate)
        observed = self.value(counts_b) - self.value(counts_a)
        if math.isnan(observed):
            return Tested(math.nan, "no test: no rows")
        if moves[0].shape[1] == 0:
            return Tested(1.0, f"paired randomisation of {what}, {n_draws:,} draws")
        cost = _STEPS * (moves[0].nnz + moves[1].nnz + 4 * len(classes))
        draws = affordable_draws(cost, n_draws)
        if draws is None:
            ours = self.statistic(candidate)
            theirs = self.statistic(baseline)
            return t_p(observed, ours.influence - theirs.influence, clusters)
        weights = counts_a[1] if self.is_weighted else np.ones(counts_a.shape[1])
        weights = weights[classes] / weights.sum()
        start_a, start_b = counts_a[:, classes], counts_b[:, classes]
        rest = self._rest(counts_b, classes) - self._rest(counts_a, classes)
        hits = 0
        for swapped in swaps(moves[0].shape[1], draws, seed, 4 * len(classes)):
            right, answered = moves[0] @ swapped.T, moves[1] @ swapped.T
            scores_a = self._moved(start_a, right, answered)
            scores_b = self._moved(start_b, -right, -answered)
            difference = weights @ (scores_b - scores_a) + rest
            hits += int((np.abs(difference) >= abs(observed) - _TINY).sum())
        method = f"paired randomisation of {what}, {draws:,} draws"
        return Tested((hits + 1) / (draws + 1), method)

    def _rest(self, counts: np.ndarray, classes: np.ndarray) -> float:
        """What the classes that no swap can move add to the average."""
        weights = counts[1] if self.is_weighted else np.ones(counts.shape[1])
        terms = class_scores(counts, self.part) * weights / weights.sum()
        return float(terms.sum() - terms[classes].sum())

    def _moved(self, start: np.ndarray, right: np.ndarray, answered: np.ndarray) -> np.ndarray:
        right_now = start[0][:, None] + right
        gold_now = np.broadcast_to(start[1][:, None], right_now.shape)
        return class_scores(
            np.stack([right_now, gold_now, start[2][:, None] + answered]), self.part
        )


def class_cells(answers: ClassAnswers) -> Cells:
    """The counts of `class_clusters` as cells."""
    return Cells(*answers.class_clusters)


def class_clusters(
    gold: np.ndarray, answer: np.ndarray, clusters: np.ndarray | None
) -> ClassClusters:
    """Count each class in each cluster, sparsely: one sort of packed numbers.

    Parameters
    ----------
    gold, answer
        Classes of each row, shape ``(n,)``; an answer is -1 where it is no class.
    """
    codes = np.arange(len(gold)) if clusters is None else clusters
    is_right = gold == answer
    elsewhere = np.flatnonzero((answer >= 0) & ~is_right)
    classes = np.concatenate([gold, answer[elsewhere]]).astype(np.int64)
    members = np.concatenate([codes, codes[elsewhere]]).astype(np.int64)
    is_gold = np.arange(len(classes)) < len(gold)
    right = np.concatenate([is_right, np.zeros(len(elsewhere), bool)])
    parts = (right, is_gold, right | ~is_gold)
    if clusters is None:
        return ClassClusters(classes, members, np.array(parts, dtype=float))
    n_clusters = max(1, int(codes.max(initial=-1)) + 1)
    keys, counts = summed_cells(classes * n_clusters + members, parts)
    named, places = np.divmod(keys, n_clusters)
    return ClassClusters(named, places, counts)


def _moves(
    baseline: ClassAnswers, candidate: ClassAnswers, clusters: np.ndarray | None
) -> tuple[tuple[csr_array, csr_array], np.ndarray]:
    """How each class's right answers and answers change where a cluster is swapped.

    Returns
    -------
    Two sparse arrays of touched classes by touched clusters, and the touched classes.
    """
    gold = baseline.gold_classes
    a, b = baseline.answer_classes, candidate.answer_classes
    differ = np.flatnonzero(a != b)
    members = differ if clusters is None else clusters[differ]
    gold, a, b = gold[differ], a[differ], b[differ]
    right = (b == gold).astype(float) - (a == gold)
    touched_clusters, columns = np.unique(members, return_inverse=True)
    n_classes = 1 + int(max(codes.max(initial=-1) for codes in (gold, a, b)))
    is_touched = np.zeros(n_classes, bool)
    for named in (gold, a[a >= 0], b[b >= 0]):
        is_touched[named] = True
    classes, place = np.flatnonzero(is_touched), np.cumsum(is_touched) - 1
    shape = (len(classes), len(touched_clusters))
    rows_a, rows_b = place[a[a >= 0]], place[b[b >= 0]]
    moved = np.flatnonzero(right)
    right_moves = csr_array((right[moved], (place[gold[moved]], columns[moved])), shape=shape)
    answered_moves = csr_array(
        (
            np.concatenate([-np.ones(len(rows_a)), np.ones(len(rows_b))]),
            (
                np.concatenate([rows_a, rows_b]),
                np.concatenate([columns[a >= 0], columns[b >= 0]]),
            ),
        ),
        shape=shape,
    )
    return (right_moves, answered_moves), classes
