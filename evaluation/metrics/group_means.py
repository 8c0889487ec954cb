"""A mean over groups of a score of each group's counts, with its influences.

Such a mean is no smooth function of sums over rows; the influence of a cluster is found by
leaving it out, a group leaving with its last count (as in `evaluation.metrics.class_metrics`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.metrics.cells import Cells


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """Counts that fall into groups.

    Attributes
    ----------
    groups, rows
        The group and the row of each count, shape ``(m,)``.
    parts
        The counts, shape ``(k, m)``.
    is_alive
        What makes a group count, ``(m,)``: a group is alive where the sum is positive.
    """

    groups: np.ndarray
    rows: np.ndarray
    parts: np.ndarray
    is_alive: np.ndarray

    def cells(self, clusters: np.ndarray | None) -> Cells:
        """The counts as cells, what makes a group count as the last part."""
        members = self.rows if clusters is None else clusters[self.rows]
        parts = np.vstack([self.parts, self.is_alive.astype(float)])
        return Cells(np.unique(self.groups, return_inverse=True)[1], members, parts)


def group_means(sums: np.ndarray, score: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The mean over living groups on each of ``r`` resamples.

    Parameters
    ----------
    sums
        The parts of `GroupCounts.cells`, shape ``(k + 1, G, r)``.
    """
    alive = sums[-1] > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(alive, score(sums[:-1]), 0.0).sum(axis=0) / alive.sum(axis=0))


def group_mean(
    counts: GroupCounts,
    score: Callable[[np.ndarray], np.ndarray],
    n_rows: int,
    clusters: np.ndarray | None,
) -> tuple[float, np.ndarray]:
    """The mean over living groups, and the influence of each row.

    Parameters
    ----------
    score
        From sums of the parts, shape ``(k, G)``, to a score for each group.

    Returns
    -------
    The mean (NaN without a living group) and shape ``(n_rows,)``.
    """
    codes = np.arange(n_rows) if clusters is None else clusters
    sizes = np.bincount(codes)
    named, group = np.unique(counts.groups, return_inverse=True)
    parts = np.vstack([counts.parts, counts.is_alive.astype(float)])
    whole = np.stack([np.bincount(group, part, len(named)) for part in parts])
    alive = whole[-1] > 0
    if not alive.any():
        return float("nan"), np.zeros(n_rows)
    scores = np.where(alive, score(whole[:-1]), 0.0)
    value = float(scores.sum() / alive.sum())
    if len(sizes) < 2:
        return value, np.zeros(n_rows)
    keys, home = np.unique(group * len(sizes) + codes[counts.rows], return_inverse=True)
    touched, members = keys // len(sizes), keys % len(sizes)
    rest = whole[:, touched] - np.stack([np.bincount(home, part, len(keys)) for part in parts])
    still = rest[-1] > 0
    lost = scores[touched] - np.where(still, score(rest[:-1]), 0.0)
    gone = alive[touched].astype(float) - still
    n_left = alive.sum() - np.bincount(members, gone, len(sizes))
    total = scores.sum() - np.bincount(members, lost, len(sizes))
    without = np.divide(total, n_left, out=np.full(len(sizes), value), where=n_left > 0)
    moves = (without.mean() - without) * (len(sizes) - 1) / len(sizes)
    return value, (moves / sizes)[codes]
