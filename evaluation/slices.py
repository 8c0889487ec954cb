"""The same ratio for many slices at once: value, cluster-robust interval and counts of each."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import stdtrit

from evaluation.metric import Sums
from stats.corrections import benjamini_hochberg, holm
from stats.intervals import LEVEL
from stats.randomisation import sign_flip_p

_TINY = 1e-12


def jackknife_squares(
    influence: np.ndarray,
    denominators: np.ndarray,
    slices: np.ndarray,
    n_slices: int,
    clusters: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """The squared influences of the clusters of each slice, summed, and how many it has.

    As `evaluation.metric.ratio_statistic` has them, for each slice by itself.

    Parameters
    ----------
    influence
        First-order influences of the entries within their slice, shape ``(m,)``.
    denominators
        What each entry adds to the denominator of its slice, shape ``(m,)``.
    """
    entries = np.arange(len(slices)) if clusters is None else clusters
    width = int(entries.max(initial=-1)) + 1
    keys, home = np.unique(slices.astype(np.int64) * width + entries, return_inverse=True)
    slice_of = keys // max(width, 1)
    below = np.bincount(slices, denominators, n_slices)
    n_clusters = np.bincount(slice_of, minlength=n_slices)
    moves = np.bincount(home, influence, len(keys)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = 1 - np.bincount(home, denominators, len(keys)) / below[slice_of]
        moves = np.divide(moves, rest, out=moves, where=rest > _TINY)
        mean = np.bincount(slice_of, moves, n_slices) / n_clusters
        moves = (moves - mean[slice_of]) * ((n_clusters - 1) / n_clusters)[slice_of]
    return np.bincount(slice_of, np.square(moves), n_slices), n_clusters


def sliced_ratios(
    sums: Sums,
    slices: np.ndarray,
    n_slices: int,
    clusters: np.ndarray | None,
    *,
    n: np.ndarray | None = None,
) -> pl.DataFrame:
    """A ratio of two sums in [0, 1] for each slice, as `evaluation.metric.RatioMetric` gives it.

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
    above = np.bincount(slices, sums.numerators, n_slices)
    below = np.bincount(slices, sums.denominators, n_slices)
    rows = np.bincount(slices, minlength=n_slices) if n is None else n
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(below > 0, above / below, np.nan)
        influence = (sums.numerators - value[slices] * sums.denominators) / below[slices]
    influence = np.nan_to_num(influence)
    squares, n_clusters = jackknife_squares(
        influence, sums.denominators, slices, n_slices, clusters
    )
    low, high = _bounds(value, squares, n_clusters, rows)
    return pl.DataFrame(
        {"value": value, "low": low, "high": high, "n": rows, "n_clusters": n_clusters},
        schema_overrides={"n": pl.Int64, "n_clusters": pl.Int64},
    )


def _bounds(
    value: np.ndarray, squares: np.ndarray, n_clusters: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`stats.intervals.bounded_estimate` for arrays."""
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = squares * n_clusters / (n_clusters - 1)
        spread = value * (1 - value)
        implied = np.minimum(spread / variance, rows)
        effective = np.where((spread > 0) & (variance > 0), implied, n_clusters)
        z = t_quantiles(n_clusters)
        centre = (value + z**2 / (2 * effective)) / (1 + z**2 / effective)
        half = z / (1 + z**2 / effective) * np.sqrt(spread / effective + z**2 / (4 * effective**2))
    known = (n_clusters >= 2) & ~np.isnan(value)
    low = np.where(known, np.minimum(np.maximum(0.0, centre - half), value), np.nan)
    high = np.where(known, np.maximum(np.minimum(1.0, centre + half), value), np.nan)
    return low, high


def t_quantiles(n_clusters: np.ndarray) -> np.ndarray:
    """Student's t for a 95 % interval at clusters minus one degrees of freedom; NaN below two."""
    distinct, inverse = np.unique(n_clusters, return_inverse=True)
    with np.errstate(invalid="ignore"):
        found = stdtrit(np.where(distinct >= 2, distinct - 1, np.nan), 0.5 + LEVEL / 2)
    return np.asarray(found[inverse])


def unseen_half_width(n_clusters: np.ndarray) -> np.ndarray:
    """How far a difference may lie from one that every cluster shows alike.

    Where all of C clusters agree the standard error is 0 and says nothing: a share of clusters
    that would not agree could still be as large as ``1 - 0.025 ** (1 / C)`` (Clopper and Pearson
    1934, at none of C; about 3.7 / C).
    """
    tail = (1 - LEVEL) / 2
    return np.asarray(1 - tail ** (1 / np.maximum(n_clusters, 1)))


def sliced_differences(
    baseline: np.ndarray,
    candidate: np.ndarray,
    slices: np.ndarray,
    n_slices: int,
    clusters: np.ndarray | None,
) -> pl.DataFrame:
    """Two runs' shares right and their paired difference for each slice, corrected for many looks.

    Parameters
    ----------
    baseline, candidate
        Whether each run's row is right, shape ``(m,)``.

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
        squares, n_clusters = jackknife_squares(influence, ones, slices, n_slices, clusters)
        error = np.sqrt(squares * n_clusters / (n_clusters - 1))
    half = np.where(error > _TINY, t_quantiles(n_clusters) * error, unseen_half_width(n_clusters))
    half = np.where(n_clusters >= 2, half, np.nan)
    p_values = _sliced_p(moved, slices, n_slices, clusters)
    p_values[rows == 0] = np.nan
    frame = pl.DataFrame(
        {
            "n": rows.astype(np.int64),
            "n_clusters": n_clusters.astype(np.int64),
            "baseline": shares[0],
            "candidate": shares[1],
            "difference": difference,
            "low": np.maximum(difference - half, -1.0),
            "high": np.minimum(difference + half, 1.0),
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


def _sliced_p(
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
