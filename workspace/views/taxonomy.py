"""What people ask of the taxonomy of a workspace."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import polars as pl

from catalog.paths import joined
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.repair import nearest_paths, required
from catalog.taxonomy.search import TaxonomySearch
from catalog.taxonomy.tree import NO_NODE
from workspace.workspace import Workspace


@lru_cache(maxsize=4)
def index_of(taxonomy: Taxonomy) -> TaxonomySearch:
    """The search index of a taxonomy, built once."""
    return TaxonomySearch(taxonomy)


def search(
    workspace: Workspace, text: str, *, limit: int = 20, leaves_only: bool = False
) -> pl.DataFrame:
    """`TaxonomySearch.find` over the taxonomy of a workspace."""
    return index_of(workspace.taxonomy()).find(text, limit=limit, leaves_only=leaves_only)


def shown(workspace: Workspace, path: str | None) -> dict[str, Any]:
    """A node: what is below it, how many records each holds, and its attributes."""
    tree = workspace.taxonomy()
    code = NO_NODE if path is None else required(tree, path)
    below = tree.children(code)
    labels = workspace.snapshot("load").scan("records").select(joined("category_path")).collect()
    at = tree.codes(labels.to_series())
    level = 1 if code == NO_NODE else int(tree.depths[code]) + 1
    known = at[at != NO_NODE]
    counts = pl.Series(tree.at_level(known, level)).value_counts(name="n_records")
    children = below.join(counts, left_on="code", right_on=counts.columns[0], how="left").sort(
        "code"
    )
    return {
        "name": tree.name,
        "version": tree.version,
        "n_nodes": len(tree),
        "n_leaves": int(tree.nodes["is_leaf"].sum()),
        "path": tree.path_text(code),
        "children": children.select(
            "node_id",
            pl.col("path_text").alias("path"),
            "is_leaf",
            pl.col("n_records").fill_null(0),
        ).to_dicts(),
        "attributes": {} if code == NO_NODE else tree.schema_of(code),
    }


def repairs(workspace: Workspace, paths: list[str] | None) -> pl.DataFrame:
    """The nearest valid path for each wrong one, of the records or as given."""
    if paths is None:
        records = workspace.snapshot("load").scan("records")
        labels = records.select(joined("category_path").alias("path_text")).drop_nulls().collect()
    else:
        labels = pl.DataFrame({"path_text": paths}, schema={"path_text": pl.String})
    counts = labels.group_by("path_text", maintain_order=True).len("n_rows")
    found = nearest_paths(workspace.taxonomy(), labels["path_text"])
    return (
        found.join(counts, on="path_text", how="left", maintain_order="left")
        .select("path_text", "n_rows", "nearest", "score", "kind")
        .sort("n_rows", "path_text", descending=[True, False])
    )
