"""p-values of paired differences by swapping whole clusters between two runs.

Under the null hypothesis the two runs could be swapped within any cluster (Fisher 1935; Noreen
1989). Row-wise differences are tested exactly (`stats.randomisation`). A ratio is recomputed
from the sums of each cluster, for ``n_draws`` random swaps: ``p = (hits + 1) / (n_draws + 1)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stats.distributions import t_two_sided
from stats.intervals import degrees_of_freedom, standard_error
from stats.randomisation import sign_flip_p

WORK = 2_000_000_000
"""Numbers touched by all draws together; fewer draws are made where there would be more."""
FEWEST_DRAWS = 999
"""With fewer draws than this a p-value would be too coarse: Student's t is used instead."""
_BLOCK = 400_000
_TINY = 1e-12


@dataclass(frozen=True)
class Tested:
    """A p-value and how it was found.

    Attributes
    ----------
    p_value
        In (0, 1]; NaN where there is no difference to test.
    method
        A few words for the reader.
    """

    p_value: float
    method: str


def affordable_draws(cost: int, n_draws: int) -> int | None:
    """How many draws fit `WORK` at a cost each; None where fewer than `FEWEST_DRAWS` do."""
    draws = min(n_draws, WORK // max(cost, 1))
    return draws if draws >= min(n_draws, FEWEST_DRAWS) else None


def exact_p(
    differences: np.ndarray, clusters: np.ndarray | None, *, n_draws: int, seed: int
) -> Tested:
    """The sign-flip test of row-wise differences; exact where the clusters' sums are whole.

    Examples
    --------
    >>> tested = exact_p(np.array([1.0] * 7 + [-1.0]), None, n_draws=999, seed=0)
    >>> round(tested.p_value, 4), tested.method
    (0.0703, 'exact McNemar test')
    """
    whole = bool(np.all(differences == np.round(differences)))
    ordinary = whole and bool(np.all(np.abs(differences) <= 1))
    method = "exact paired randomisation of clusters"
    if clusters is None:
        method = "exact McNemar test" if ordinary else "exact paired randomisation of rows"
    if not whole:
        cost = len(differences) if clusters is None else int(clusters.max(initial=-1)) + 1
        draws = affordable_draws(cost, n_draws)
        if draws is None:
            return t_p(float(differences.mean()), centred(differences), clusters)
        n_draws, method = draws, _drawn_words(draws, clusters)
    return Tested(sign_flip_p(differences, clusters, seed=seed, n_draws=n_draws), method)


def centred(values: np.ndarray) -> np.ndarray:
    """The influences of a mean."""
    return np.asarray((values - values.mean()) / len(values))


def t_p(difference: float, influence: np.ndarray, clusters: np.ndarray | None) -> Tested:
    """Student's t test of a difference with a cluster-robust standard error.

    Where every one of C clusters differs alike, which leaves no error, p is that of turning
    their signs, ``2 ** (1 - C)``.
    """
    error, n_clusters = standard_error(influence, clusters)
    method = "cluster-robust t test"
    if math.isnan(error) or math.isnan(difference):
        return Tested(math.nan, method)
    if error <= _TINY:
        return Tested(1.0 if abs(difference) <= _TINY else 2.0 ** (1 - n_clusters), method)
    df = degrees_of_freedom(len(influence), clusters)
    return Tested(t_two_sided(difference / error, df), method)


def cluster_sums(rows: np.ndarray, clusters: np.ndarray | None) -> np.ndarray:
    """Sums by cluster of each row of a ``(k, n)`` array, shape ``(k, C)``."""
    if clusters is None:
        return rows
    return np.stack([np.bincount(clusters, weights=row) for row in rows])


def swapped_sums_p(
    baseline: np.ndarray,
    candidate: np.ndarray,
    clusters: np.ndarray | None,
    *,
    n_draws: int,
    seed: int,
) -> Tested:
    """The p-value of a difference of two ratios, by swapping the clusters' sums.

    Parameters
    ----------
    baseline, candidate
        Numerators and denominators of each row, shape ``(2, n)``.
    """
    moves = cluster_sums(candidate - baseline, clusters)
    moves = moves[:, np.abs(moves).max(axis=0) > _TINY] if moves.size else moves
    total_a, total_b = baseline.sum(axis=1), candidate.sum(axis=1)
    if total_a[1] == 0 or total_b[1] == 0:
        return Tested(math.nan, "no test: the metric is undefined")
    observed = _ratio(total_b) - _ratio(total_a)
    method = _drawn_words(n_draws, clusters)
    if moves.shape[1] == 0:
        return Tested(1.0, method)
    draws = affordable_draws(moves.shape[1], n_draws)
    if draws is None:
        influence = _ratio_influence(candidate) - _ratio_influence(baseline)
        return t_p(float(observed), influence, clusters)
    hits = 0
    for swapped in swaps(moves.shape[1], draws, seed):
        # A product a row: small enough to stay on one core, where threads would wait for each other.
        moved = np.stack([swapped @ row for row in moves])
        difference = _ratio(total_b[:, None] - moved) - _ratio(total_a[:, None] + moved)
        hits += int((np.abs(difference) >= abs(observed) - _TINY).sum())
    return Tested((hits + 1) / (draws + 1), _drawn_words(draws, clusters))


def swaps(n_clusters: int, n_draws: int, seed: int, width: int = 0) -> Iterator[np.ndarray]:
    """Blocks of random swaps, 1.0 where a cluster is swapped; shape ``(draws, n_clusters)``.

    A block is small enough for ``width`` numbers a draw, where that is more than the clusters.
    """
    generator = np.random.default_rng(seed)
    at_once = max(1, _BLOCK // max(n_clusters, width))
    for start in range(0, n_draws, at_once):
        shape = (min(at_once, n_draws - start), -(-n_clusters // 8))
        octets = generator.integers(0, 256, size=shape, dtype=np.uint8)
        yield np.unpackbits(octets, axis=1, count=n_clusters).astype(float)


def _ratio(sums: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(sums[0] / sums[1]))


def _ratio_influence(sums: np.ndarray) -> np.ndarray:
    total = sums.sum(axis=1)
    return np.asarray((sums[0] - total[0] / total[1] * sums[1]) / total[1])


def _drawn_words(n_draws: int, clusters: np.ndarray | None) -> str:
    what = "rows" if clusters is None else "clusters"
    return f"paired randomisation of {what}, {n_draws:,} draws"
