"""Ids of records: as given, made unique where a source repeats or lacks them."""

from __future__ import annotations

import polars as pl


def unique_ids(ids: pl.DataFrame) -> pl.DataFrame:
    """Give every row an id of its own.

    Parameters
    ----------
    ids
        ``given`` (null where the source has none) and ``made`` (one from the content).

    Returns
    -------
    The same rows with ``record_id`` and ``nth``, the how-manieth of its id a row is: a repeated
    one gets its number behind it, ``42#2`` where given and ``1f0a-2`` where made.

    Examples
    --------
    >>> unique_ids(pl.DataFrame({"given": ["7", "7"], "made": ["a", "b"]}))["record_id"].to_list()
    ['7', '7#2']
    """
    ids = ids.with_columns(pl.coalesce("given", "made").alias("wanted")).with_columns(
        pl.int_range(1, pl.len() + 1).over("wanted").alias("nth")
    )
    mark = pl.when(pl.col("given").is_null()).then(pl.lit("-")).otherwise(pl.lit("#"))
    ids = ids.with_columns(
        pl.when(pl.col("nth") > 1)
        .then(pl.concat_str("wanted", mark, "nth"))
        .otherwise("wanted")
        .alias("record_id")
    )
    clash = ids["record_id"].is_duplicated()
    if clash.any():
        ids = ids.with_columns(
            pl.when(clash & (pl.col("nth") > 1))
            .then(pl.concat_str("record_id", pl.lit("#"), "made"))
            .otherwise("record_id")
            .alias("record_id")
        )
    return ids.drop("wanted")
