"""Groups of dependent rows as codes."""

from __future__ import annotations

import numpy as np
import polars as pl


def cluster_codes(rows: pl.DataFrame, column: str | None) -> np.ndarray | None:
    """The group of each row as a code from 0, no gaps; a row without a value stands alone.

    Examples
    --------
    >>> cluster_codes(pl.DataFrame({"brand": ["A", None, "B", "A", None]}), "brand").tolist()
    [0, 1, 2, 0, 3]
    """
    if column is None:
        return None
    row = pl.col("row_of_cluster")
    first = (
        rows.select(column)
        .with_row_index("row_of_cluster")
        .select(pl.when(pl.col(column).is_null()).then(row).otherwise(row.min().over(column)))
    )
    return np.unique(first.to_series().to_numpy(), return_inverse=True)[1]


def n_clusters_of(clusters: np.ndarray | None) -> int | None:
    """How many groups there are; None where every row is its own."""
    return None if clusters is None else int(clusters.max(initial=-1)) + 1
