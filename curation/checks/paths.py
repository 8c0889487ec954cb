"""Category paths that the taxonomy does not know, or that stop halfway."""

from __future__ import annotations

import polars as pl

from catalog.taxonomy.repair import NEAREST, SPELLING, UNKNOWN, WRONG_PARENT, nearest_paths
from catalog.taxonomy.tree import NO_NODE
from catalog.text import folded, unaccented
from curation.checks.findings import Findings, findings, quoted_path
from curation.checks.shelf import Shelf

_KINDS = {
    SPELLING: "is written otherwise in the taxonomy",
    WRONG_PARENT: "is not in the taxonomy: its last name stands under another parent",
    NEAREST: "is not in the taxonomy: another path is nearly the same",
    UNKNOWN: "is not in the taxonomy, nor is any like it",
}
_SHOWN_CHILDREN = 4


def path_not_in_taxonomy(shelf: Shelf) -> Findings:
    """Labels that are no node of the taxonomy, with the nearest that is."""
    wrong = shelf.categories.filter(pl.col("code") == NO_NODE)
    near = nearest_paths(shelf.taxonomy, wrong["path_text"]).drop("code")
    rows = wrong.join(near, on="path_text", how="left", maintain_order="left")
    return findings(
        rows,
        message=pl.concat_str(
            quoted_path("path_text"), pl.lit(" "), pl.col("kind").replace_strict(_KINDS, default="")
        ),
        suggestion=pl.when(pl.col("nearest").is_not_null())
        .then(pl.concat_str(pl.lit("Did you mean "), quoted_path("nearest"), pl.lit("?")))
        .otherwise(pl.lit("Choose a category.")),
        score=pl.col("score"),
        fix_field="category_path",
        fix_value=pl.col("nearest"),
    )


def label_on_inner_node(shelf: Shelf) -> Findings:
    """Labels on a node that has nodes below it."""
    nodes = shelf.taxonomy.nodes
    children = (
        nodes.filter(pl.col("parent") != NO_NODE)
        .group_by("parent")
        .agg(
            pl.len().alias("n_children"),
            pl.col("name").sort_by("code").head(_SHOWN_CHILDREN).str.join(", ").alias("names"),
        )
    )
    rows = shelf.categories.join(
        children, left_on="code", right_on="parent", how="inner", maintain_order="left"
    )
    more = pl.when(pl.col("n_children") > _SHOWN_CHILDREN).then(pl.lit(" …")).otherwise(pl.lit(""))
    return findings(
        rows,
        message=pl.concat_str(
            quoted_path("path_text"), pl.lit(" has "), "n_children", pl.lit(" categories below it")
        ),
        suggestion=pl.concat_str(pl.lit("Choose one below it: "), "names", more, pl.lit(".")),
    )


def category_spelled_twice(shelf: Shelf) -> Findings:
    """Labels that are another, more frequent label but for case, accents and punctuation."""
    counts = (
        shelf.categories.group_by("path_text")
        .len("n")
        .sort("n", "path_text", descending=[True, False])
    )
    plain = unaccented(folded(counts["path_text"].str.replace_all("&", " and ", literal=True)))
    spelled = (
        counts.with_columns(plain.alias("plain"))
        .with_columns(pl.col("path_text").first().over("plain").alias("usual"))
        .filter(pl.col("usual") != pl.col("path_text"))
    )
    return findings(
        shelf.categories.join(spelled, on="path_text", how="inner", maintain_order="left"),
        message=pl.concat_str(
            quoted_path("path_text"), pl.lit(" is mostly written "), quoted_path("usual")
        ),
        suggestion="Write it in one way.",
        score=1.0,
        fix_field="category_path",
        fix_value=pl.col("usual"),
    )
