"""The Catalog: filter and search records, and page through them where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from catalog.taxonomy.tree import NO_NODE
from workspace.snapshots import Snapshot
from workspace.workspace import Workspace

PAGE_SIZE = 50
_COLUMNS = "record_id, title, brand, array_to_string(category_path, ' > ') as category, price"


@dataclass(frozen=True)
class CatalogFilter:
    """Which records; None and empty are all.

    ``text`` is searched in title, brand and id, every word of it; ``category`` is a joined
    path that a record's path must begin with; ``check`` names a check that speaks of it.
    """

    text: str = ""
    category: str | None = None
    brand: str | None = None
    check: str | None = None


@dataclass(frozen=True)
class CatalogPage:
    """One page of records, and how many there are in all."""

    rows: pl.DataFrame
    n_found: int
    n_pages: int


def catalog_page(
    workspace: Workspace, wanted: CatalogFilter, page: int = 1, size: int = PAGE_SIZE
) -> CatalogPage:
    """One page of the records that fit a filter; only these rows leave the snapshot."""
    load = workspace.snapshot("load")
    conditions, values = _conditions(workspace, wanted)
    where = f"where {' and '.join(conditions)}" if conditions else ""
    source = f"read_parquet({_quoted(load)})"
    with duckdb.connect() as database:
        counted = database.sql(f"select count(*) from {source} {where}", params=values)
        n_found = int(counted.fetchall()[0][0])
        rows = database.sql(
            f"select {_COLUMNS} from {source} {where} limit {int(size)} offset {int((page - 1) * size)}",
            params=values,
        ).to_arrow_table()
    return CatalogPage(pl.DataFrame(pl.from_arrow(rows)), n_found, max(1, -(-n_found // size)))


def _conditions(workspace: Workspace, wanted: CatalogFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for word in wanted.text.split():
        conditions.append("contains(lower(concat_ws(' ', title, brand, record_id)), lower(?))")
        values.append(word)
    if wanted.category:
        conditions.append("starts_with(array_to_string(category_path, ' > ') || ' > ', ? || ' > ')")
        values.append(wanted.category)
    if wanted.brand:
        conditions.append("lower(brand) = lower(?)")
        values.append(wanted.brand)
    if wanted.check:
        checked = workspace.snapshot("check")
        issues = str(checked.path("issues")).replace("'", "''")
        conditions.append(
            f"record_id in (select record_id from read_parquet('{issues}') where \"check\" = ?)"
        )
        values.append(wanted.check)
    return conditions, values


def _quoted(snapshot: Snapshot) -> str:
    path = str(snapshot.path("records")).replace("'", "''")
    return f"'{path}'"


def category_nodes(workspace: Workspace) -> list[tuple[str, str, str, int]]:
    """``id, parent id, name, rows`` of every category that has records, for a treemap."""
    tree = workspace.taxonomy()
    paths = workspace.snapshot("load").scan("records").select("category_path").collect()
    codes = tree.codes(paths.to_series())
    known = codes[codes != NO_NODE]
    rows: list[tuple[str, str, str, int]] = []
    for level in range(1, tree.max_depth + 1):
        deep = known[tree.depths[known] >= level]
        counted = pl.Series("code", tree.at_level(deep, level)).value_counts(name="n").sort("code")
        named = counted.join(tree.nodes, on="code", how="left", maintain_order="left")
        rows += [
            (path, tree.path_text(parent) or "", name, n)
            for path, parent, name, n in named.select(
                "path_text", "parent", "name", "n"
            ).iter_rows()
        ]
    return rows


def brands(workspace: Workspace, limit: int = 500) -> list[str]:
    """The brands with most records."""
    records = workspace.snapshot("load").scan("records")
    counted = records.group_by("brand").len().drop_nulls("brand")
    return (
        counted.sort("len", "brand", descending=[True, False])
        .head(limit)
        .collect()["brand"]
        .to_list()
    )
