"""Categories as a source labels them, made paths of the taxonomy: by mapping, then by id."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from catalog.extra import with_members
from catalog.paths import joined, parted
from catalog.taxonomy.mapping import SHOPIFY_PREFIX
from catalog.taxonomy.tree import Taxonomy

GIVEN = "category_given"
"""Where ``extra`` keeps the label of the source, for a record whose label was changed."""

_ID = rf"^({SHOPIFY_PREFIX}\S+|\d+|[a-z]{{2}}(-\d+)+)$"


@dataclass(frozen=True)
class Labels:
    """What becomes of each distinct label of a catalog.

    Attributes
    ----------
    changed
        ``label`` (as joined from the source), ``path`` and ``how`` (``mapping`` or ``id``).
    unknown_ids
        ``label, n_records`` of labels that look like an id and that the taxonomy does not have.
    n_mapped, n_named
        Records changed by the mapping, and by the id alone.
    """

    changed: pl.DataFrame
    unknown_ids: pl.DataFrame
    n_mapped: int
    n_named: int


def resolve_labels(
    labels: pl.DataFrame, taxonomy: Taxonomy | None, mapping: pl.DataFrame | None = None
) -> Labels:
    """Find the path of each label that is an id, or that a mapping sends elsewhere.

    Parameters
    ----------
    labels
        ``label`` (joined paths or ids, distinct, not null) and ``n_records``.
    taxonomy
        Whose ids count; None where it is inferred from the labels themselves.
    mapping
        As `catalog.taxonomy.mapping.read_mapping` gives it.

    Examples
    --------
    >>> tree = Taxonomy.from_paths([["Garden"], ["Garden", "Pots"]], node_ids=["1", "2"])
    >>> labels = pl.DataFrame({"label": ["2", "9", "Garden"], "n_records": [5, 1, 7]})
    >>> found = resolve_labels(labels, tree)
    >>> found.changed.rows(), found.unknown_ids.rows()
    ([('2', ['Garden', 'Pots'], 'id')], [('9', 1)])
    """
    plain = pl.col("label").str.strip_prefix(SHOPIFY_PREFIX)
    rows = labels.with_columns(plain.alias("plain"), to=pl.lit(None, pl.String))
    if mapping is not None:
        targets = mapping.select(plain="label", target="to")
        rows = rows.join(targets, on="plain", how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("target").alias("to")).drop("target")
    is_mapped = pl.col("to").is_not_null()
    rows = rows.with_columns(pl.coalesce("to", "plain").alias("now"), is_mapped.alias("is_mapped"))
    named = pl.lit(None, pl.String)
    if taxonomy is not None:
        rows = rows.with_columns(pl.Series("code", taxonomy.codes(rows["now"])))
        ids = taxonomy.nodes.select(now="node_id", named="path_text").unique("now", keep="first")
        rows = rows.join(ids, on="now", how="left", maintain_order="left")
        named = pl.when(pl.col("code") < 0).then(pl.col("named"))
    rows = rows.with_columns(named.alias("named"))
    rows = rows.with_columns(pl.coalesce("named", "to").alias("path_text"))
    changed = rows.filter(pl.col("path_text") != pl.col("label"))
    how = pl.when("is_mapped").then(pl.lit("mapping")).otherwise(pl.lit("id"))
    unknown = rows.filter(pl.col("path_text").is_null() & pl.col("label").str.contains(_ID))
    if taxonomy is not None:
        unknown = unknown.filter(pl.col("code") < 0)
    return Labels(
        changed.select("label", parted("path_text").alias("path"), how.alias("how")),
        unknown.select("label", "n_records").sort("n_records", "label", descending=[True, False]),
        int(changed.filter(pl.col("is_mapped"))["n_records"].sum()),
        int(changed.filter(~pl.col("is_mapped"))["n_records"].sum()),
    )


def relabelled(records: pl.LazyFrame, changed: pl.DataFrame) -> pl.LazyFrame:
    """Records with the paths of `Labels.changed`; ``extra`` keeps what the source said."""
    new = changed.lazy().select("label", new_path="path")
    rows = records.with_columns(joined("category_path").alias("label")).join(
        new, on="label", how="left", maintain_order="left"
    )
    told = pl.struct(pl.col("label").alias(GIVEN)).struct.json_encode()
    is_new = pl.col("new_path").is_not_null()
    return rows.with_columns(
        pl.when(is_new).then("new_path").otherwise("category_path").alias("category_path"),
        pl.when(is_new).then(with_members(told)).otherwise("extra").alias("extra"),
    ).drop("label", "new_path")
