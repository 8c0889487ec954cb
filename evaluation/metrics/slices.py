"""The same ratio for many slices at once: value, cluster-robust interval and counts of each."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import stdtrit

from evaluation.metrics.metric import Sums
from stats.corrections import benjamini_hochberg, holm
from stats.few_clusters import (
    hidden_variance,
    hidden_weight,
    rarer_parts,
    share_bounds,
    unseen_bounds,
)
from stats.intervals import LEVEL
from stats.randomisation import sign_flip_p

_TINY = 1e-12


class SliceSpread(NamedTuple):
    """How far the statistic of each slice may lie from its value (`stats.intervals.Spread`).

    Attributes
    ----------
    squares
        The squared influences of the clusters of each slice, summed.
    n_clusters, freedom
        Its clusters, and degrees of freedom (NaN below two clusters).
    moves, shares
        The influence of each cell within its slice, and its share of the slice's rows.
    """

    squares: np.ndarray
    n_clusters: np.ndarray
    freedom: np.ndarray
    moves: np.ndarray
    shares: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """The cluster-robust standard error of each slice; NaN or infinite below two clusters."""
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = self.n_clusters / (self.n_clusters - 1)
            return np.asarray(np.sqrt(self.squares * factor))

    def hidden(self, held: np.ndarray, slice_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each slice holds, summed over its cells, and `stats.few_clusters.hidden_weight`."""
        n_slices = len(self.n_clusters)
        totals, squares = (np.bincount(slice_of, p, n_slices) for p in (held, np.square(held)))
        return totals, hidden_weight(totals, squares, self.freedom + 1)


def jackknife_spread(
    influence: np.ndarray,
    denominators: np.ndarray,
    slices: np.ndarray,
    n_slices: int,
    clusters: np.ndarray | None,
) -> tuple[SliceSpread, np.ndarray]:
    """The spread of each slice by itself, as `evaluation.metrics.metric.ratio_statistic` has it.

    Parameters
    ----------
    influence
        First-order influences of the entries within their slice, shape ``(m,)``.
    denominators
        What each entry adds to the denominator of its slice, shape ``(m,)``.

    Returns
    -------
    The spread, and the slice of each cell.
    """
    slice_of, home = cells(slices, clusters)
    spread = cell_spread(
        np.bincount(home, influence, len(slice_of)).astype(float),
        np.bincount(home, denominators, len(slice_of)),
        np.bincount(home, minlength=len(slice_of)),
        slice_of,
        n_slices,
    )
    return spread, slice_of


def cells(slices: np.ndarray, clusters: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Each slice within each cluster that has any of it: its slice, and the cell of each entry."""
    entries = np.arange(len(slices)) if clusters is None else clusters
    width = int(entries.max(initial=-1)) + 1
    keys, home = np.unique(slices.astype(np.int64) * width + entries, return_inverse=True)
    return keys // max(width, 1), home


def cell_spread(
    influence: np.ndarray,
    denominators: np.ndarray,
    sizes: np.ndarray,
    slice_of: np.ndarray,
    n_slices: int,
) -> SliceSpread:
    """`jackknife_spread` from sums by cell; ``sizes`` are its entries, at least one."""
    below = np.bincount(slice_of, denominators, n_slices)
    n_clusters = np.bincount(slice_of, minlength=n_slices)
    freedom = _degrees_of_freedom(sizes, slice_of, n_clusters)
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = 1 - denominators / below[slice_of]
        moves = np.divide(influence, rest, out=influence.copy(), where=rest > _TINY)
        mean = np.bincount(slice_of, moves, n_slices) / n_clusters
        moves = (moves - mean[slice_of]) * ((n_clusters - 1) / n_clusters)[slice_of]
    shares = sizes / np.bincount(slice_of, sizes, n_slices)[slice_of]
    squares = np.bincount(slice_of, np.square(moves), n_slices)
    return SliceSpread(squares, n_clusters, freedom, moves, shares)


def _degrees_of_freedom(
    sizes: np.ndarray, slice_of: np.ndarray, n_clusters: np.ndarray
) -> np.ndarray:
    """`stats.intervals.degrees_of_freedom` of each slice; NaN below two clusters."""
    n_slices = len(n_clusters)
    rows = np.bincount(slice_of, sizes, n_slices)
    squares = np.bincount(slice_of, np.square(sizes, dtype=float), n_slices)
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.maximum(1.0, np.round(np.square(rows) / squares - 1, 9))
    return np.where(n_clusters >= 2, effective, np.nan)


def sliced_ratios(
    sums: Sums,
    slices: np.ndarray,
    n_slices: int,
    clusters: np.ndarray | None,
    *,
    n: np.ndarray | None = None,
) -> pl.DataFrame:
    """A ratio of two sums in [0, 1] for each slice, as `evaluation.metrics.metric.RatioMetric` gives it.

    Parameters
    ----------
    sums
        Numerators and denominators of each entry, shape ``(m,)`` each.
    slices
        The slice of each entry, a code from 0, shape ``(m,)``.
    clusters
        The cluster of each entry; None where every entry is independent.
    n
        Rows of each slice, where an entry is not a row; shape ``(n_slices,)``.

    Returns
    -------
    ``value, low, high, n, n_clusters``, a row a slice; NaN where a slice has nothing to divide
    by, or fewer than two clusters for an interval.

    Examples
    --------
    >>> hits, slices = np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1])
    >>> sliced_ratios(Sums(hits, np.ones(3)), slices, 2, None)["value"].to_list()
    [0.5, 1.0]
    """
    counted = (sums.denominators != 0) | (sums.numerators != 0)
    if not counted.all():
        sums, slices = Sums(sums.numerators[counted], sums.denominators[counted]), slices[counted]
        clusters = None if clusters is None else clusters[counted]
    slice_of, home = cells(slices, clusters)
    above, below, sizes = (
        np.bincount(home, part, len(slice_of))
        for part in (sums.numerators, sums.denominators, np.ones(len(home)))
    )
    return cell_ratios(
        above, below, sizes, slice_of, n_slices, n=n, most=_independent(sums, slices, n_slices)
    )


def _independent(sums: Sums, slices: np.ndarray, n_slices: int) -> np.ndarray:
    """`stats.intervals.independent_size` of each slice; infinite where no row moves it."""
    above, below = (np.bincount(slices, part, n_slices) for part in sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = above / below
        moves = (sums.numerators - value[slices] * sums.denominators) / below[slices]
        squares = np.bincount(slices, np.square(moves), n_slices)
        return np.asarray(np.where(squares > 0, value * (1 - value) / squares, np.inf))


def cell_ratios(
    numerators: np.ndarray,
    denominators: np.ndarray,
    sizes: np.ndarray,
    slice_of: np.ndarray,
    n_slices: int,
    *,
    n: np.ndarray | None = None,
    most: np.ndarray | None = None,
) -> pl.DataFrame:
    """`sliced_ratios` from sums by cell (a slice within a cluster); cells without entries are none.

    ``most`` bounds the effective sizes, as in `stats.intervals.bounded_estimate`; the rows where
    it is None.
    """
    if not sizes.all():
        there = sizes > 0
        parts = (numerators, denominators, sizes, slice_of)
        numerators, denominators, sizes, slice_of = (part[there] for part in parts)
    above = np.bincount(slice_of, numerators, n_slices)
    below = np.bincount(slice_of, denominators, n_slices)
    rows = np.bincount(slice_of, sizes, n_slices) if n is None else n
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(below > 0, above / below, np.nan)
        influence = (numerators - value[slice_of] * denominators) / below[slice_of]
    spread = cell_spread(np.nan_to_num(influence), denominators, sizes, slice_of, n_slices)
    low, high = _bounds(value, spread, slice_of, rows if most is None else most)
    return pl.DataFrame(
        {"value": value, "low": low, "high": high, "n": rows, "n_clusters": spread.n_clusters}
    ).cast({"n": pl.Int64, "n_clusters": pl.Int64})


def _bounds(
    value: np.ndarray, spread: SliceSpread, slice_of: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`stats.intervals.bounded_estimate` for arrays."""
    _, weight = spread.hidden(rarer_parts(value[slice_of], spread.moves, spread.shares), slice_of)
    inside, effective = value * (1 - value), spread.freedom + 1
    with np.errstate(invalid="ignore", divide="ignore"):
        implied = np.minimum(inside / np.square(spread.error), most)
        size = np.where((inside > 0) & (spread.error > _TINY), implied, effective)
        low, high = share_bounds(value, size, weight, effective, t_quantiles(spread.freedom))
    known = (spread.n_clusters >= 2) & ~np.isnan(value)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def difference_bounds(
    difference: np.ndarray, spread: SliceSpread, slice_of: np.ndarray, upper: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The interval of a paired difference in each slice; NaN below two clusters.

    Plus and minus t times `stats.intervals.side_errors`; where every cluster is alike,
    `stats.few_clusters.unseen_bounds`.
    """
    error = spread.error
    held = np.abs(spread.moves + np.nan_to_num(difference)[slice_of] * spread.shares)
    size, weight = spread.hidden(held, slice_of)
    with np.errstate(invalid="ignore", divide="ignore"):
        z, effective = t_quantiles(spread.freedom), spread.freedom + 1
        outer = np.sqrt(
            hidden_variance(np.square(error), weight, size, difference, upper, effective)
        )
        low, high = unseen_bounds(difference, spread.n_clusters, -upper, upper)
        is_seen = error > _TINY
        low = np.where(is_seen, difference - z * np.where(difference < 0, outer, error), low)
        high = np.where(is_seen, difference + z * np.where(difference > 0, outer, error), high)
    known = spread.n_clusters >= 2
    low = np.where(known, np.maximum(low, -upper), np.nan)
    return low, np.where(known, np.minimum(high, upper), np.nan)


def t_quantiles(freedom: np.ndarray) -> np.ndarray:
    """Student's t for a 95 % interval at each degrees of freedom; NaN where they are."""
    distinct, inverse = np.unique(freedom, return_inverse=True)
    return np.asarray(stdtrit(distinct, 0.5 + LEVEL / 2)[inverse])


def sliced_differences(
    baseline: np.ndarray,
    candidate: np.ndarray,
    slices: np.ndarray,
    n_slices: int,
    clusters: np.ndarray | None,
    *,
    n_runs: tuple[int, int] = (1, 1),
) -> pl.DataFrame:
    """Two runs' shares right and their paired difference for each slice, corrected for many looks.

    Parameters
    ----------
    baseline, candidate
        Whether each run's row is right, shape ``(m,)``; of several runs, the share that has it.
    n_runs
        How many runs each share is of: times that, the differences are whole, and p is exact.

    Returns
    -------
    ``n, n_clusters, baseline, candidate, difference, low, high, p_value, p_holm, p_bh, mark``, a
    row a slice. ``p_value`` is of the exact sign-flip test over clusters; ``mark`` is ``better``
    or ``worse`` where Holm's p is below .05, with ``perhaps`` before it where only Benjamini
    and Hochberg's is, else empty.
    """
    ones = np.ones(len(slices))
    rows = np.bincount(slices, ones, n_slices)
    moved = candidate.astype(float) - baseline
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [np.bincount(slices, run, n_slices) / rows for run in (baseline, candidate)]
        difference = shares[1] - shares[0]
        influence = (moved - difference[slices]) / rows[slices]
    spread, slice_of = jackknife_spread(influence, ones, slices, n_slices, clusters)
    low, high = difference_bounds(difference, spread, slice_of)
    p_values = sliced_p(np.round(moved * math.lcm(*n_runs)), slices, n_slices, clusters)
    p_values[rows == 0] = np.nan
    frame = pl.DataFrame(
        {
            "n": rows.astype(np.int64),
            "n_clusters": spread.n_clusters.astype(np.int64),
            "baseline": shares[0],
            "candidate": shares[1],
            "difference": difference,
            "low": low,
            "high": high,
            "p_value": p_values,
            "p_holm": holm(p_values),
            "p_bh": benjamini_hochberg(p_values),
        }
    )
    way = pl.when(pl.col("difference") > 0).then(pl.lit("better")).otherwise(pl.lit("worse"))
    mark = (
        pl.when(pl.col("p_holm") < 1 - LEVEL)
        .then(way)
        .when(pl.col("p_bh") < 1 - LEVEL)
        .then(pl.lit("perhaps ") + way)
        .otherwise(pl.lit(""))
    )
    return frame.with_columns(mark.alias("mark"))


def sliced_p(
    moved: np.ndarray, slices: np.ndarray, n_slices: int, clusters: np.ndarray | None
) -> np.ndarray:
    """The sign-flip p of each slice; 1 where no row differs."""
    p_values = np.ones(n_slices)
    differ = np.flatnonzero(moved)
    if not len(differ):
        return p_values
    homes = slices[differ].astype(np.int64)
    members = differ if clusters is None else clusters[differ]
    width = int(members.max()) + 1
    keys, inverse = np.unique(homes * width + members, return_inverse=True)
    sums = np.bincount(inverse, moved[differ], len(keys))
    touched, starts = np.unique(keys // width, return_index=True)
    ends = np.append(starts[1:], len(keys))
    for home, start, end in zip(touched, starts, ends, strict=True):
        p_values[home] = sign_flip_p(sums[start:end])
    return p_values
