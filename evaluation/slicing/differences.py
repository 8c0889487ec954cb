"""A ratio of two sums in each part: of one run, or of two runs and their paired difference."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import stdtr

from evaluation.metrics.metric import Sums
from evaluation.metrics.slices import cell_spread, cells, difference_bounds, sliced_p
from stats.corrections import benjamini_hochberg, holm
from stats.intervals import LEVEL

_TINY = 1e-12


def ratio_differences(
    baseline: Sums,
    candidate: Sums,
    parts: np.ndarray,
    n_parts: int,
    clusters: np.ndarray | None,
    *,
    is_exact: bool,
    upper: float = 1.0,
) -> pl.DataFrame:
    """Two runs' ratios and their paired difference in each part.

    Parameters
    ----------
    parts
        Codes from 0, shape ``(m,)``, a row in one part.
    is_exact
        Whether the runs share their denominators and differ by whole numbers: p is then of the
        exact sign-flip test over clusters, else of Student's t.
    upper
        The largest value of the ratio.

    Returns
    -------
    ``n, n_clusters, baseline, candidate, difference, low, high, p_value``, a row a part; NaN where
    a run's denominator is 0. ``n`` are the rows that count in either.
    """
    counted = (baseline.denominators != 0) | (candidate.denominators != 0)
    codes = parts[counted]
    slice_of, home = cells(codes, None if clusters is None else clusters[counted])
    n_cells = len(slice_of)
    values, moves = [], np.zeros(n_cells)
    for sign, side in ((-1, baseline), (1, candidate)):
        above, below = (np.bincount(home, part[counted], n_cells) for part in side)
        totals = np.bincount(slice_of, below, n_parts)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.bincount(slice_of, above, n_parts) / totals
            influence = (above - value[slice_of] * below) / totals[slice_of]
            rest = 1 - below / totals[slice_of]
        moves += sign * np.divide(influence, rest, out=influence, where=rest > _TINY)
        values.append(np.where(totals > 0, value, np.nan))
    sizes = np.bincount(home, minlength=n_cells)
    # Each side was corrected for its own denominators: none are left to correct for.
    spread = cell_spread(moves, np.zeros(n_cells), sizes, slice_of, n_parts)
    n_clusters, difference = spread.n_clusters, values[1] - values[0]
    low, high = difference_bounds(difference, spread, slice_of, upper)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_values = np.where(
            spread.error > _TINY,
            2 * stdtr(spread.freedom, -np.abs(difference / spread.error)),
            np.where(np.abs(difference) <= _TINY, 1.0, 0.5 ** (n_clusters - 1.0)),
        )
    if is_exact:
        moved = np.round(candidate.numerators - baseline.numerators)[counted]
        homes = None if clusters is None else clusters[counted]
        p_values = sliced_p(moved, codes, n_parts, homes)
    return pl.DataFrame(
        {
            "n": np.bincount(codes, minlength=n_parts),
            "n_clusters": n_clusters,
            "baseline": values[0],
            "candidate": values[1],
            "difference": difference,
            "low": low,
            "high": high,
            "p_value": np.where(np.isnan(difference), np.nan, p_values),
        }
    ).cast({"n": pl.Int64, "n_clusters": pl.Int64})


def with_marks(differences: pl.DataFrame, *, higher_is_better: bool = True) -> pl.DataFrame:
    """Differences with ``p_holm, p_bh, mark``, corrected for all rows of the table.

    ``mark`` is ``better`` or ``worse`` where Holm's p is below .05, with ``perhaps`` before it
    where only Benjamini and Hochberg's is, else empty.

    Examples
    --------
    >>> found = pl.DataFrame({"difference": [0.2, -0.1, 0.0], "p_value": [0.001, 0.03, 1.0]})
    >>> with_marks(found)["mark"].to_list()
    ['better', 'perhaps worse', '']
    """
    p_values = differences["p_value"].to_numpy()
    is_better = (pl.col("difference") > 0) == higher_is_better
    way = pl.when(is_better).then(pl.lit("better")).otherwise(pl.lit("worse"))
    mark = (
        pl.when(pl.col("p_holm") < 1 - LEVEL)
        .then(way)
        .when(pl.col("p_bh") < 1 - LEVEL)
        .then(pl.lit("perhaps ") + way)
        .otherwise(pl.lit(""))
    )
    return differences.with_columns(
        pl.Series("p_holm", holm(p_values)), pl.Series("p_bh", benjamini_hochberg(p_values))
    ).with_columns(mark.alias("mark"))
