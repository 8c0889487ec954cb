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
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from scipy.sparse import csr_array

from evaluation.metric import Statistic
from evaluation.randomisation import Tested, affordable_draws, swaps, t_p

Part = Literal["precision", "recall", "f1"]
_TINY = 1e-12


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

    def value(self, counts: np.ndarray) -> float:
        """The average, from the counts of each class."""
        if counts.shape[1] == 0:
            return math.nan
        weights = counts[1] if self.is_weighted else np.ones(counts.shape[1])
        return float(class_scores(counts, self.part) @ weights / weights.sum())

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
        whole = counts[:, inside.classes]
        rest = whole - inside.counts
        scores = class_scores(counts, self.part)
        if self.is_weighted:
            weights, before, after = counts[1], whole[1], rest[1]
        else:
            weights, before = np.ones(counts.shape[1]), np.ones(len(inside.classes))
            after = (rest[1] > 0).astype(float)
        lost = before * scores[inside.classes] - after * class_scores(rest, self.part)
        lost = np.bincount(inside.clusters, lost, n_clusters)
        lighter = np.bincount(inside.clusters, before - after, n_clusters)
        return np.asarray((scores @ weights - lost) / (weights.sum() - lighter))

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
        draws = affordable_draws(moves[0].nnz + moves[1].nnz + 4 * len(classes), n_draws)
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


def class_clusters(answers: ClassAnswers) -> ClassClusters:
    """Count each class in each cluster, sparsely: one sort of the rows."""
    gold, answer = answers.gold_classes, answers.answer_classes
    codes = np.arange(len(gold)) if answers.clusters is None else answers.clusters
    is_right = gold == answer
    elsewhere = np.flatnonzero((answer >= 0) & ~is_right)
    classes = np.concatenate([gold, answer[elsewhere]]).astype(np.int64)
    members = np.concatenate([codes, codes[elsewhere]]).astype(np.int64)
    right = np.concatenate([is_right, np.zeros(len(elsewhere), bool)]).astype(float)
    on_gold = np.concatenate([np.ones(len(gold)), np.zeros(len(elsewhere))])
    answered = np.concatenate([is_right, np.ones(len(elsewhere))])
    if answers.clusters is None:
        return ClassClusters(classes, members, np.stack([right, on_gold, answered]))
    n_clusters = int(codes.max(initial=-1)) + 1
    keys, home = np.unique(classes * n_clusters + members, return_inverse=True)
    summed = [np.bincount(home, part, len(keys)) for part in (right, on_gold, answered)]
    return ClassClusters(keys // n_clusters, keys % n_clusters, np.stack(summed))


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
    named = np.concatenate([gold, a[a >= 0], b[b >= 0]])
    classes = np.unique(named)
    shape = (len(classes), len(touched_clusters))
    rows_a, rows_b = np.searchsorted(classes, a[a >= 0]), np.searchsorted(classes, b[b >= 0])
    right_moves = csr_array((right, (np.searchsorted(classes, gold), columns)), shape=shape)
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
