"""What another threshold would do, from a spanning forest of pairs: nothing is compared again."""

from __future__ import annotations

import numpy as np
import polars as pl

from curation.duplicates.dedupe import clusters_at, component_labels

_STEP = 0.01


def cluster_table(n: int, forest: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Clusters of two texts or more at a threshold, the largest first.

    Parameters
    ----------
    n
        How many texts there are.
    forest
        A maximum spanning forest: ``left, right, similarity``.

    Returns
    -------
    ``cluster_id`` (by its first text), ``n_rows``, and the weakest edge that holds it together:
    ``weakest`` (its similarity), ``left``, ``right``.
    """
    labels = clusters_at(n, forest, threshold)
    tied = forest.filter(pl.col("similarity") >= threshold)
    tied = tied.with_columns(pl.Series("cluster_id", labels[tied["left"].to_numpy()]))
    return (
        tied.sort("similarity", "left", "right")
        .group_by("cluster_id", maintain_order=True)
        .agg(
            (pl.len() + 1).cast(pl.Int64).alias("n_rows"),
            pl.col("similarity").first().alias("weakest"),
            pl.col("left", "right").first(),
        )
        .sort("n_rows", "cluster_id", descending=[True, False])
    )


def nearest_to(forest: pl.DataFrame, threshold: float, k: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The least similar pairs that are accepted, and the most similar that are refused.

    Of the pairs that decide: those that hold a cluster together, and those that would put two
    clusters into one. A pair inside a cluster changes nothing.

    Returns
    -------
    Two frames of at most ``k`` pairs: accepted by rising, refused by falling similarity.
    """
    is_in = pl.col("similarity") >= threshold
    accepted = forest.filter(is_in).sort("similarity", "left", "right").head(k)
    refused = forest.filter(~is_in).sort(
        "similarity", "left", "right", descending=[True, False, False]
    )
    return accepted, refused.head(k)


def threshold_curve(n: int, forest: pl.DataFrame, lowest: float) -> pl.DataFrame:
    """How many clusters there are at each threshold from ``lowest`` to 1, in steps of .01.

    Returns
    -------
    ``threshold``, ``n_clusters``, ``n_rows_in_clusters``, ``largest_cluster``.

    Examples
    --------
    >>> forest = pl.DataFrame({"left": [0, 0], "right": [1, 2], "similarity": [1.0, 0.99]})
    >>> threshold_curve(5, forest, 0.99).rows()
    [(0.99, 1, 3, 3), (1.0, 1, 2, 2)]
    """
    rows, places = np.unique(
        np.concatenate([forest["left"].to_numpy(), forest["right"].to_numpy()]), return_inverse=True
    )
    left, right = places[: forest.height], places[forest.height :]
    similarity = forest["similarity"].to_numpy()
    steps = np.arange(int(np.ceil(lowest / _STEP - 1e-9)), round(1 / _STEP) + 1)
    made = []
    for step in steps:
        at = round(step * _STEP, 2)
        is_in = similarity >= at
        sizes = np.bincount(component_labels(len(rows), left[is_in], right[is_in]), minlength=1)
        many = sizes[sizes > 1]
        made.append((at, len(many), int(many.sum()), int(many.max(initial=0))))
    schema = ["threshold", "n_clusters", "n_rows_in_clusters", "largest_cluster"]
    return pl.DataFrame(made, schema=schema, orient="row")
