"""Which records deserve a person's look, the most useful first."""

from __future__ import annotations

import polars as pl

from catalog.paths import joined
from catalog.votes import CATEGORY

_WEIGHT = {"error": 1.0, "warning": 0.2}


def review_queue(
    records: pl.LazyFrame, issues: pl.LazyFrame, disagreements: pl.LazyFrame
) -> pl.LazyFrame:
    """Records on which annotators disagree, or of which a check speaks as error or warning.

    The priority is one over the level at which the votes part (a disagreement about the
    root counts most), plus 1 for an error and 0.2 for a warning.

    Returns
    -------
    ``record_id, source`` (its joined path), ``level`` (null where all agree), ``checks``
    (null where none speaks), ``priority``; by falling priority, then by id.
    """
    parted = (
        disagreements.filter(pl.col("question") == CATEGORY)
        .select("record_id", pl.col("level").cast(pl.Int32))
        .unique("record_id", keep="first", maintain_order=True)
    )
    spoken = (
        issues.filter(pl.col("severity").cast(pl.String).is_in(list(_WEIGHT)))
        .group_by("record_id")
        .agg(
            pl.col("severity").cast(pl.String).replace_strict(_WEIGHT).max().alias("weight"),
            pl.col("check").cast(pl.String).unique().sort().alias("checks"),
        )
    )
    by_level = pl.when(pl.col("level").is_not_null()).then(1.0 / pl.col("level")).otherwise(0.0)
    return (
        records.select("record_id", joined("category_path").alias("source"))
        .join(parted, on="record_id", how="left")
        .join(spoken, on="record_id", how="left")
        .filter(pl.col("level").is_not_null() | pl.col("weight").is_not_null())
        .with_columns((by_level + pl.col("weight").fill_null(0.0)).alias("priority"))
        .sort("priority", "record_id", descending=[True, False])
        .select("record_id", "source", "level", "checks", "priority")
    )
