"""Attributes and values that the schema of the category does not allow."""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from catalog.taxonomy.tree import NO_NODE
from catalog.text import folded
from curation.checks.findings import FINDING_SCHEMA, Findings, findings, quoted, quoted_path
from curation.checks.shelf import Shelf

_LEAST_LIKE = 0.6
_VALUES_AT_ONCE = 1_000


def attribute_not_in_schema(shelf: Shelf) -> Findings:
    """Attributes that a record's category does not have.

    Only leaves that have attributes in the schema are judged: a label that stops above the
    leaf may well have attributes of the leaf.
    """
    leaves = shelf.taxonomy.nodes.filter("is_leaf").select("code")
    allowed = shelf.taxonomy.attributes.join(leaves, on="code", how="semi").select(
        "code", pl.col("attribute").alias("key")
    )
    parts = []
    for batch in shelf.batches(shelf.values()):
        held = _with_codes(shelf, batch).drop_nulls("value")
        held = held.unique(["row", "key"], keep="first", maintain_order=True)
        judged = held.join(
            allowed.select("code").unique(), on="code", how="semi", maintain_order="left"
        )
        parts.append(judged.join(allowed, on=["code", "key"], how="anti", maintain_order="left"))
    if not parts:
        return Findings(pl.DataFrame(schema=FINDING_SCHEMA))
    bad = pl.concat(parts)
    same = allowed.select(
        "code", pl.col("key").alias("usual"), folded(allowed["key"]).alias("plain")
    )
    bad = bad.with_columns(folded(bad["key"]).alias("plain")).join(
        same, on=["code", "plain"], how="left", maintain_order="left"
    )
    return findings(
        bad.join(
            shelf.taxonomy.nodes.select("code", "path_text"), on="code", maintain_order="left"
        ),
        message=pl.format("{} has no attribute {}", quoted_path("path_text"), quoted("key")),
        suggestion=pl.when(pl.col("usual").is_not_null())
        .then(pl.concat_str(pl.lit("The schema writes "), quoted("usual"), pl.lit(".")))
        .otherwise(pl.lit("Take the attribute out, or add it to the schema.")),
    )


def value_not_in_schema(shelf: Shelf) -> Findings:
    """Values outside the closed list of their attribute, with the closest one in it.

    The score is the similarity of the closest allowed value; it is proposed from 0.6 on.
    """
    lists = shelf.taxonomy.attributes.drop_nulls("list_id").rename({"attribute": "key"})
    allowed = shelf.taxonomy.values
    parts = []
    for batch in shelf.batches(shelf.values()):
        closed = _with_codes(shelf, batch).join(lists, on=["code", "key"], maintain_order="left")
        parts.append(
            closed.drop_nulls("value")
            .join(allowed, on=["list_id", "value"], how="anti", maintain_order="left")
            .select("row", "key", "value", "list_id")
        )
    if not parts:
        return Findings(pl.DataFrame(schema=FINDING_SCHEMA), 0)
    bad = pl.concat(parts)
    n_evidences = bad.height
    bad = bad.unique(["row", "key", "value"], keep="first", maintain_order=True)
    near = closest_values(bad.select("list_id", "value"), allowed)
    fits = pl.col("likeness") >= _LEAST_LIKE
    return findings(
        bad.join(near, on=["list_id", "value"], how="left", maintain_order="left"),
        message=pl.format("{} is not a value of {}", quoted("value"), quoted("key")),
        suggestion=pl.when(fits)
        .then(pl.concat_str(pl.lit("Did you mean "), quoted("closest"), pl.lit("?")))
        .otherwise(pl.lit("Choose one of its values, or add this one.")),
        score=pl.when(fits).then("likeness").otherwise(0.0),
        fix_field=pl.concat_str(pl.lit("attribute:"), "key"),
        fix_value=pl.when(fits).then("closest"),
        n_evidences=n_evidences,
    )


def closest_values(asked: pl.DataFrame, allowed: pl.DataFrame) -> pl.DataFrame:
    """The closest allowed value of each asked one, by edits after case folding.

    Parameters
    ----------
    asked, allowed
        ``list_id, value``.

    Returns
    -------
    ``list_id, value, closest, likeness``, one row for each distinct asked value.

    Examples
    --------
    >>> frame = pl.DataFrame({"list_id": [0], "value": ["bleu"]})
    >>> allowed = pl.DataFrame({"list_id": [0, 0], "value": ["Red", "Blue"]})
    >>> closest_values(frame, allowed)["closest"].to_list()
    ['Blue']
    """
    distinct = asked.unique(maintain_order=True)
    parts = [
        pl.DataFrame(schema={**distinct.schema, "closest": pl.String(), "likeness": pl.Float64()})
    ]
    for (list_id,), mine in distinct.group_by("list_id", maintain_order=True):
        values = allowed.filter(pl.col("list_id") == list_id)["value"]
        if values.is_empty():
            continue
        choices = folded(values).to_list()
        for block in mine.iter_slices(_VALUES_AT_ONCE):
            likeness = process.cdist(
                folded(block["value"]).to_list(),
                choices,
                scorer=fuzz.ratio,
                dtype=np.float32,
                workers=-1,
            )
            best = likeness.argmax(axis=1)
            score = likeness[np.arange(block.height), best].astype(np.float64) / 100
            parts.append(
                block.with_columns(
                    values.gather(best).alias("closest"), pl.Series("likeness", score)
                )
            )
    return pl.concat(parts)


def _with_codes(shelf: Shelf, batch: pl.DataFrame) -> pl.DataFrame:
    """The evidences of records whose category is known, with its ``code``."""
    codes = pl.Series("code", shelf.codes[batch["row"].to_numpy()], dtype=pl.Int32)
    return batch.with_columns(codes).filter(pl.col("code") != NO_NODE)
