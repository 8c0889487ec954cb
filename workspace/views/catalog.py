"""The Catalog: filter and search records, and page through them where they lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.querying import querying
from catalog.taxonomy.tree import NO_NODE
from workspace.workspace import Workspace

PAGE_SIZE = 50
_SEARCHED = ("title", "brand", "record_id")
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


def found_rows(workspace: Workspace, wanted: CatalogFilter) -> np.ndarray | None:
    """The row numbers, from 0, of the records that fit a filter; None for all of them."""
    conditions, values = _conditions(workspace, wanted)
    if not conditions:
        return None
    with querying() as database:
        found = database.execute(
            f"select file_row_number as row from {_source(workspace)} "
            f"where {' and '.join(conditions)}",
            values,
        ).fetchnumpy()
    return np.sort(np.asarray(found["row"]))


def page_count(workspace: Workspace, found: np.ndarray | None, size: int = PAGE_SIZE) -> int:
    """How many pages the records at some rows fill; one at least."""
    n_found = workspace.snapshot("load").counts["records"] if found is None else len(found)
    return max(1, -(-n_found // size))


def catalog_page(
    workspace: Workspace, found: np.ndarray | None, page: int = 1, size: int = PAGE_SIZE
) -> CatalogPage:
    """One page of the records at some rows; only these leave the snapshot.

    Parameters
    ----------
    found
        What `found_rows` gave.
    page
        From 1.
    """
    n_found = workspace.snapshot("load").counts["records"] if found is None else len(found)
    first = (page - 1) * size
    rows = (
        range(first, min(first + size, n_found)) if found is None else found[first : first + size]
    )
    numbers = ", ".join(str(int(row)) for row in rows) or "-1"
    with querying() as database:
        shown = database.sql(
            f"select {_COLUMNS} from {_source(workspace)} where file_row_number in ({numbers}) "
            "order by file_row_number"
        ).to_arrow_table()
    return CatalogPage(pl.DataFrame(pl.from_arrow(shown)), n_found)


def _conditions(workspace: Workspace, wanted: CatalogFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for word in wanted.text.split():
        places = [f"coalesce(regexp_matches({name}, ?, 'i'), false)" for name in _SEARCHED]
        conditions.append(f"({' or '.join(places)})")
        values += [re.escape(word)] * len(places)
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


def _source(workspace: Workspace) -> str:
    path = str(workspace.snapshot("load").path("records")).replace("'", "''")
    return f"read_parquet('{path}', file_row_number = true)"


def category_nodes(workspace: Workspace) -> list[tuple[str, str, str, int]]:
    """``id, parent id, name, rows`` of every category that has records, for a treemap."""
    tree = workspace.taxonomy()
    paths = workspace.snapshot("load").scan("records").select("category_path").drop_nulls()
    counted_paths = paths.group_by("category_path").len("n").collect(engine="streaming")
    codes = tree.codes(counted_paths["category_path"])
    is_known = codes != NO_NODE
    known, n_records = codes[is_known], counted_paths["n"].filter(pl.Series(is_known))
    rows: list[tuple[str, str, str, int]] = []
    for level in range(1, tree.max_depth + 1):
        is_deep = pl.Series(tree.depths[known] >= level)
        deep = known[is_deep.to_numpy()]
        at_level = pl.DataFrame(
            {"code": tree.at_level(deep, level), "n": n_records.filter(is_deep)}
        )
        counted = at_level.group_by("code").agg(pl.col("n").sum()).sort("code")
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
