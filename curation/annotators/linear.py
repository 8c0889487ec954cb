"""A linear model of many classes: centroids, corrected where they are wrong."""

from __future__ import annotations

import numba
import numpy as np
from scipy.sparse import csr_array, dia_array

from curation.annotators.blocks import ROWS_AT_ONCE, in_blocks
from curation.duplicates.join import Told


def train(
    rows: csr_array,
    labels: np.ndarray,
    n_labels: int,
    *,
    n_passes: int,
    margin: float,
    aggressiveness: float,
    seed: int,
    progress: Told | None = None,
) -> np.ndarray:
    """Weights of shape ``(n_words, n_labels)``, ``float32``, for rows of length 1.

    Begins at the centroid of each class, of length 1 (Rocchio). Then, row by row, where the
    right class does not lead the best wrong one by the margin, both are moved by the smallest
    step that would give it (passive-aggressive, Crammer et al., JMLR 7, 2006, algorithm PA-II
    for many classes): ``loss / (2 |x|^2 + 1 / (2 aggressiveness))``. The weights are the mean
    over all steps. Float arithmetic is in one order whatever the machine.
    """
    generator = np.random.default_rng(seed)
    weights = _centroids(rows, labels, n_labels)
    sums = np.zeros_like(weights)
    starts, words = rows.indptr.astype(np.int64), rows.indices.astype(np.int32)
    slack, step = np.float32(0.5 / aggressiveness), 0
    for done in range(n_passes):
        order = generator.permutation(rows.shape[0])
        for first in range(0, len(order), ROWS_AT_ONCE):
            some = order[first : first + ROWS_AT_ONCE]
            _correct(
                some,
                starts,
                words,
                rows.data,
                labels,
                weights,
                sums,
                np.float32(margin),
                slack,
                step,
            )
            step += len(some)
            if progress is not None:
                progress(step, n_passes * len(order), f"learning, pass {done + 1} of {n_passes}")
    if step:
        _average(weights, sums, np.float32(step + 1))
    return weights


def _centroids(rows: csr_array, labels: np.ndarray, n_labels: int) -> np.ndarray:
    n = rows.shape[0]
    members = csr_array(
        (np.ones(n, np.float32), (labels, np.arange(n))), shape=(n_labels, n), dtype=np.float32
    )
    sums = (members @ rows).tocsr()
    lengths = np.sqrt(sums.power(2) @ np.ones(sums.shape[1], np.float64))
    scale = np.divide(1.0, lengths, out=np.zeros(n_labels), where=lengths > 0)
    unit = dia_array((scale[None, :].astype(np.float32), [0]), shape=(n_labels, n_labels)) @ sums
    return np.ascontiguousarray(unit.T.toarray(), dtype=np.float32)


@numba.njit(cache=True, nogil=True)
def _correct(  # type: ignore[no-untyped-def]
    order, starts, words, values, labels, weights, sums, margin, slack, step
):
    n_labels = weights.shape[1]
    scores = np.empty(n_labels, np.float32)
    for nth in range(len(order)):
        row = order[nth]
        _score(starts[row], starts[row + 1], words, values, weights, scores)
        right, rival = labels[row], -1
        for label in range(n_labels):
            if label != right and (rival < 0 or scores[label] > scores[rival]):
                rival = label
        if rival < 0 or starts[row] == starts[row + 1]:
            continue
        loss = margin - (scores[right] - scores[rival])
        if loss > 0:
            size = loss / (np.float32(2.0) + slack)
            weight = np.float32(step + nth + 1)
            for i in range(starts[row], starts[row + 1]):
                move = size * values[i]
                weights[words[i], right] += move
                weights[words[i], rival] -= move
                sums[words[i], right] += weight * move
                sums[words[i], rival] -= weight * move


@numba.njit(cache=True, nogil=True, inline="always")
def _score(begin, end, words, values, weights, scores):  # type: ignore[no-untyped-def]
    scores[:] = 0.0
    for i in range(begin, end):
        of_word, value = weights[words[i]], values[i]
        for label in range(len(scores)):
            scores[label] += value * of_word[label]


@numba.njit(cache=True, nogil=True)
def _average(weights, sums, n_steps):  # type: ignore[no-untyped-def]
    for word in range(weights.shape[0]):
        for label in range(weights.shape[1]):
            weights[word, label] -= sums[word, label] / n_steps


def best(
    rows: csr_array, weights: np.ndarray, k: int, *, progress: Told | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` labels with the highest scores of each row, and the scores, the highest first.

    ``k`` is at most the number of labels. Equal scores are ranked by the label's number.
    """
    n = rows.shape[0]
    labels, scores = np.zeros((n, k), np.int32), np.zeros((n, k), np.float32)
    starts, words = rows.indptr.astype(np.int64), rows.indices.astype(np.int32)

    def work(first: int, last: int) -> None:
        _best(first, last, starts, words, rows.data, weights, labels, scores)

    in_blocks(work, n, "labelling", progress)
    return labels, scores


@numba.njit(cache=True, nogil=True)
def _best(first, last, starts, words, values, weights, labels, scores):  # type: ignore[no-untyped-def]
    n_labels, k = weights.shape[1], labels.shape[1]
    total = np.empty(n_labels, np.float32)
    for row in range(first, last):
        _score(starts[row], starts[row + 1], words, values, weights, total)
        n_found = 0
        for label in range(n_labels):
            if n_found == k and total[label] <= scores[row, k - 1]:
                continue
            place = min(n_found, k - 1)
            while place > 0 and scores[row, place - 1] < total[label]:
                scores[row, place] = scores[row, place - 1]
                labels[row, place] = labels[row, place - 1]
                place -= 1
            scores[row, place] = total[label]
            labels[row, place] = label
            n_found = min(n_found + 1, k)
