"""Labels of one taxonomy in another: what becomes of each, how that was found, what is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from catalog.taxonomy.repair import SPELLING, nearest_paths
from catalog.taxonomy.tree import NO_NODE, Taxonomy
from catalog.taxonomy.versions import SAME_PATH, TaxonomyDiff, compare_taxonomies

MAPPED, NEAREST = "mapping", "nearest"


@dataclass(frozen=True)
class Migration:
    """What a change of taxonomy does to the labels of a catalog.

    Attributes
    ----------
    table
        ``from_path, n_records, to_path, how, score, is_applied``, one row a label of the
        catalog, most records first. ``how`` is ``mapping``, one of `TaxonomyDiff.how`,
        ``spelling`` (the same but for case and punctuation) or ``nearest``; null where nothing
        was found. A ``nearest`` path is a proposal (its ``score`` in [0, 1] says how alike), applied only on
        request.
    nodes
        ``from, to, from_id`` of every older node with another path than before, for labels
        still to come; a lost one keeps its old path, so that an id never stands without a name.
    diff
        The two versions side by side.
    n_records, n_lost
        Records with a label, and those of them whose label has no applied successor.
    """

    table: pl.DataFrame
    nodes: pl.DataFrame
    diff: TaxonomyDiff
    n_records: int
    n_lost: int

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        lost = self.table.filter(~pl.col("is_applied")).select(
            "from_path", "n_records", "to_path", "score"
        )
        return {
            "n_records": self.n_records,
            "n_lost": self.n_lost,
            "how": dict(
                self.table.filter("is_applied")
                .group_by("how", maintain_order=True)
                .agg(pl.col("n_records").sum())
                .iter_rows()
            ),
            "lost": lost.to_dicts(),
            "table": self.table.to_dicts(),
            "counts": self.diff.counts,
        }


def plan_migration(
    old: Taxonomy,
    new: Taxonomy,
    labels: pl.DataFrame,
    mapping: pl.DataFrame | None = None,
    *,
    takes_nearest: bool = False,
) -> Migration:
    """Find the successor of each label: by the publisher's mapping, by node, by spelling.

    Parameters
    ----------
    labels
        ``path_text`` and ``n_records``, distinct.
    mapping
        As `catalog.taxonomy.mapping.read_mapping` gives it; it counts before all else.
    takes_nearest
        Also apply the nearest valid path where nothing else is found.

    Examples
    --------
    >>> old = Taxonomy.from_paths([["Garden", "Pots"], ["Toys", "Yo-yos"]])
    >>> new = Taxonomy.from_paths([["Garden", "Planters"], ["Kitchen", "Pots"]])
    >>> labels = pl.DataFrame({"path_text": ["Garden > Pots", "Toys > Yo-yos"], "n_records": [3, 2]})
    >>> found = plan_migration(old, new, labels)
    >>> found.table.select("to_path", "how").rows(), found.n_lost
    ([('Kitchen > Pots', 'moved'), (None, None)], 2)
    """
    diff = compare_taxonomies(old, new)
    nodes = _successors(old, new, diff, mapping)
    rows = labels.drop_nulls("path_text").join(
        nodes.select("path_text", "to_path", "how"),
        on="path_text",
        how="left",
        maintain_order="left",
    )
    rows = rows.with_columns(pl.Series("there", new.codes(rows["path_text"]) != NO_NODE))
    is_there = pl.col("to_path").is_null() & pl.col("there")
    rows = rows.with_columns(
        pl.when(is_there).then("path_text").otherwise("to_path").alias("to_path"),
        pl.when(is_there).then(pl.lit(SAME_PATH)).otherwise("how").alias("how"),
    )
    near = nearest_paths(new, rows.filter(pl.col("to_path").is_null())["path_text"])
    rows = rows.join(
        near.select("path_text", "nearest", "score", "kind"),
        on="path_text",
        how="left",
        maintain_order="left",
    )
    is_near = pl.col("to_path").is_null() & pl.col("nearest").is_not_null()
    spelled = pl.when(pl.col("kind") == SPELLING).then(pl.lit(SPELLING)).otherwise(pl.lit(NEAREST))
    table = rows.select(
        pl.col("path_text").alias("from_path"),
        "n_records",
        pl.coalesce("to_path", "nearest").alias("to_path"),
        pl.when(is_near).then(spelled).otherwise("how").alias("how"),
        pl.when(is_near).then("score").alias("score"),
    )
    is_applied = pl.col("to_path").is_not_null() & (
        (pl.col("how") != NEAREST) | pl.lit(takes_nearest)
    )
    table = table.with_columns(is_applied.alias("is_applied")).sort(
        "n_records", "from_path", descending=[True, False]
    )
    lost = table.filter(~pl.col("is_applied"))
    return Migration(
        table,
        _changed(old, nodes, table, diff),
        diff,
        int(table["n_records"].sum()),
        int(lost["n_records"].sum()),
    )


def _successors(
    old: Taxonomy, new: Taxonomy, diff: TaxonomyDiff, mapping: pl.DataFrame | None
) -> pl.DataFrame:
    """``path_text, node_id, to_path, how`` of every older node that has a successor."""
    paths = new.nodes.select(to_code="code", to_path="path_text")
    found = (
        old.nodes.select("path_text", "node_id")
        .with_columns(pl.Series("to_code", diff.successors), diff.how)
        .join(paths, on="to_code", how="left", maintain_order="left")
        .drop("to_code")
    )
    if mapping is None:
        return found.drop_nulls("to_path")
    targets = mapping.drop_nulls("to")
    named = new.nodes.select(to="node_id", by_id="path_text").unique("to", keep="first")
    targets = targets.with_columns(pl.Series("is_path", new.codes(targets["to"]) != NO_NODE)).join(
        named, on="to", how="left", maintain_order="left"
    )
    told = targets.select(
        "label", told=pl.when("is_path").then("to").otherwise("by_id")
    ).drop_nulls()
    by_path = found.join(
        told, left_on="path_text", right_on="label", how="left", maintain_order="left"
    )
    both = by_path.join(
        told.rename({"told": "told_id"}),
        left_on="node_id",
        right_on="label",
        how="left",
        maintain_order="left",
    )
    word = pl.coalesce("told", "told_id")
    return both.select(
        "path_text",
        "node_id",
        pl.coalesce(word, "to_path").alias("to_path"),
        pl.when(word.is_not_null()).then(pl.lit(MAPPED)).otherwise("how").alias("how"),
    ).drop_nulls("to_path")


def _changed(
    old: Taxonomy, nodes: pl.DataFrame, table: pl.DataFrame, diff: TaxonomyDiff
) -> pl.DataFrame:
    """``from, to, from_id``: nodes and labels whose path changes, ids where they do not carry on."""
    ids = pl.col("node_id") if not diff.ids_are_shared else pl.lit(None, pl.String)
    of_nodes = nodes.select(
        pl.col("path_text").alias("from"),
        pl.col("to_path").alias("to"),
        pl.when(ids != pl.col("path_text")).then(ids).alias("from_id"),
    ).filter((pl.col("from") != pl.col("to")) | pl.col("from_id").is_not_null())
    lost = old.nodes.join(nodes, on="path_text", how="anti", maintain_order="left").select(
        pl.col("path_text").alias("from"), pl.col("path_text").alias("to"), from_id="node_id"
    )
    lost = lost.filter(pl.col("from_id") != pl.col("from"))
    of_labels = table.filter(
        pl.col("is_applied") & (pl.col("from_path") != pl.col("to_path"))
    ).select(
        pl.col("from_path").alias("from"),
        pl.col("to_path").alias("to"),
        from_id=pl.lit(None, pl.String),
    )
    return (
        pl.concat([of_nodes, of_labels, lost])
        .unique("from", keep="first", maintain_order=True)
        .sort("from")
    )
