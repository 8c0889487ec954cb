"""`source`: what the catalog itself says, as votes."""

from __future__ import annotations

import polars as pl

from catalog.votes import ATTRIBUTE_PREFIX
from curation.annotators.material import Material, answers
from curation.duplicates.join import Told

BETWEEN_VALUES = " | "


def source(material: Material, progress: Told | None = None) -> pl.DataFrame:
    """The category of the source, in the taxonomy or not; it has no score."""
    return answers(material.labels, None, pl.lit("no category in the source"))


def attribute_votes(records: pl.LazyFrame) -> pl.DataFrame:
    """The attributes of the source as votes.

    Returns
    -------
    ``record_id, question, value, error``: one row a record and key. Several values are sorted
    and parted by a bar; a key that was asked for and has none is an abstention.

    Examples
    --------
    >>> records = pl.LazyFrame({"record_id": ["1"], "attributes": [[{"key": "Colour",
    ...     "evidences": [{"value": "red"}, {"value": "blue"}, {"value": "red"}]}]]})
    >>> attribute_votes(records).rows()
    [('1', 'attribute:Colour', 'blue | red', None)]
    """
    named = (
        records.select("record_id", "attributes")
        .filter(pl.col("attributes").list.len() > 0)
        .with_row_index("_row")
        .explode("attributes")
        .unnest("attributes")
        .filter(pl.col("key").is_not_null())
        .with_columns(
            pl.col("evidences").list.eval(pl.element().struct.field("value")).alias("values")
        )
    )
    values = pl.col("values").explode(empty_as_null=False).drop_nulls().unique().sort()
    return (
        named.group_by("_row", "record_id", "key", maintain_order=True)
        .agg(values.alias("values"))
        .select(
            "record_id",
            (ATTRIBUTE_PREFIX + pl.col("key")).alias("question"),
            pl.when(pl.col("values").list.len() > 0)
            .then(pl.col("values").list.join(BETWEEN_VALUES))
            .alias("value"),
        )
        .with_columns(
            pl.when(pl.col("value").is_null())
            .then(pl.lit("the source has no value for it"))
            .alias("error")
        )
        .collect()
    )
