"""Which records say the same: tied by near-duplicate texts, or of equal titles."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.text import folded
from curation.duplicates.dedupe import component_labels

NEAR_DUPLICATE = "near_duplicate"


def text_clusters(records: pl.DataFrame, edges: pl.LazyFrame) -> pl.Series:
    """The cluster of each record: connected by near-duplicate edges and equal titles.

    Parameters
    ----------
    records
        ``record_id`` (unique), ``title``. An empty title ties nothing.
    edges
        ``kind, left_id, right_id`` of a split; other kinds, and edges to records that are not
        here, tie nothing.

    Returns
    -------
    ``Int64`` in the order of ``records``.

    Examples
    --------
    >>> records = pl.DataFrame({"record_id": ["1", "2", "3"], "title": ["Tea", "tea!", "Mug"]})
    >>> edges = pl.LazyFrame({"kind": ["brand"], "left_id": ["1"], "right_id": ["3"]})
    >>> text_clusters(records, edges).to_list()
    [0, 0, 1]
    """
    rows = records.select("record_id", row=pl.int_range(pl.len(), dtype=pl.Int64))
    near = (
        edges.filter(pl.col("kind") == NEAR_DUPLICATE)
        .select("left_id", "right_id")
        .join(rows.lazy().rename({"record_id": "left_id", "row": "left"}), on="left_id")
        .join(rows.lazy().rename({"record_id": "right_id", "row": "right"}), on="right_id")
        .select("left", "right")
        .collect()
    )
    titles = rows.select("row", text=folded(records["title"].cast(pl.String).fill_null("")))
    equal = (
        titles.filter(pl.col("text") != "")
        .select(left=pl.col("row").first().over("text"), right="row")
        .filter(pl.col("left") != pl.col("right"))
    )
    tied = pl.concat([near, equal])
    labels = component_labels(records.height, tied["left"].to_numpy(), tied["right"].to_numpy())
    return pl.Series("cluster", labels.astype(np.int64))
