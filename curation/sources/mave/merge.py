"""Lines that speak of one product, merged into one record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from catalog.records import ATTRIBUTE, EVIDENCE
from catalog.wording import counted
from curation.sources.files import sql_text


@dataclass(frozen=True)
class Merged:
    """Records, one a product.

    Attributes
    ----------
    records
        The staged file itself where no two lines speak of one product.
    figures
        ``merged_by, n_merged_lines, n_numbered_ids, n_attributes, n_evidences, n_negatives``:
        the last counts attributes that were asked for and are not there.
    """

    records: pl.LazyFrame | Path
    figures: dict[str, Any]
    notes: list[str]


def merged_by(stage: Path, merge: str) -> Merged:
    """Merge staged lines; attributes of a product are joined, their evidences kept once each.

    Parameters
    ----------
    stage
        Records, one a line, in the order of the files.
    merge
        ``id``, ``content`` or ``auto``: see `MaveOptions`.

    Returns
    -------
    The first line of each product, in order. Under ``content`` the ids of all its lines
    stand in ``extra`` as ``line_ids``. Under ``id``, lines of one id with another text are
    another product. Where two products have one id, the later gets a number (``42#2``).
    """
    groups, by = None, "id"
    if merge == "content" or (merge == "auto" and _has_one_attribute_a_line(stage)):
        groups, by = _by_content(stage), "content"
        if merge == "auto" and (groups is None or not _spans_ids(groups)):
            by = "id"
    if by == "id":
        groups = _by_id(stage)
    if groups is None:
        facts = {"merged_by": by, "n_merged_lines": 0, "n_numbered_ids": 0}
        return Merged(stage, {**facts, **_counts_of(pl.scan_parquet(stage))}, [])
    groups, n_numbered = _numbered(groups.sort("row"))
    records = _merged(stage, groups, by)
    n_records = int((groups["row"] == groups["first"]).sum())
    facts = {
        "merged_by": by,
        "n_merged_lines": groups.height - n_records,
        "n_numbered_ids": n_numbered,
    }
    notes = _notes(by, groups.height, n_records, n_numbered, _differing(stage, groups))
    return Merged(records, {**facts, **_counts_of(records)}, notes)


def _numbered(groups: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """With the ids that repeat among products numbered, and how many ids that were."""
    nth = pl.col("first").rank("dense").over("record_id")
    firsts = groups.filter(pl.col("row") == pl.col("first")).with_columns(nth=nth)
    name = pl.format("{}#{}", "record_id", "nth")
    numbered = firsts.select(
        "first",
        new=pl.when(pl.col("nth") > 1).then(name).otherwise("record_id"),
    )
    n_numbered = firsts.filter(pl.col("nth") > 1)["record_id"].n_unique()
    return groups.join(numbered, on="first", how="left", maintain_order="left"), n_numbered


def _merged(stage: Path, groups: pl.DataFrame, by: str) -> pl.LazyFrame:
    columns = pl.scan_parquet(stage).collect_schema().names()
    is_first = (groups["row"] == groups["first"]).alias("_is_first")
    changes = groups.filter(is_first).select("row", _record_id="new").join(
        _attributes(stage, groups).rename({"attributes": "_attributes"}),
        left_on="row", right_on="first", how="left", maintain_order="left",
    )  # fmt: skip
    if by == "content":
        changes = changes.join(
            _line_ids(groups), left_on="row", right_on="first", how="left", maintain_order="left"
        )
    staged = pl.concat([pl.scan_parquet(stage), is_first.to_frame().lazy()], how="horizontal")
    kept = staged.filter("_is_first")
    return (
        pl.concat([kept, changes.drop("row").lazy()], how="horizontal")
        .with_columns(
            pl.col("_record_id").alias("record_id"),
            pl.coalesce("_attributes", "attributes").alias("attributes"),
            *([pl.col("_extra").alias("extra")] if by == "content" else []),
        )
        .select(columns)
    )


def _notes(
    by: str, n_lines: int, n_records: int, n_numbered: int, differing: dict[str, int]
) -> list[str]:
    notes = []
    if n_lines > n_records:
        same = "of one category and text" if by == "content" else "of one id"
        notes.append(
            f"lines {same} are one product: {counted(n_lines, 'line')} became "
            f"{counted(n_records, 'record')}"
        )
    if n_numbered:
        notes.append(
            f"{counted(n_numbered, 'id')} stood for different texts; the later got a number behind it"
        )
    for field, told in (("split_hint", "publisher's splits"), ("category_path", "categories")):
        if n := differing[field]:
            notes.append(f"{counted(n, 'record')} had lines in different {told}; the first counts")
    return notes


def _rows(stage: Path, *columns: str) -> pl.LazyFrame:
    return pl.scan_parquet(stage).select(columns).with_row_index("row").cast({"row": pl.Int64})


def _has_one_attribute_a_line(stage: Path) -> bool:
    sizes = pl.col("attributes").list.len()
    return bool(pl.scan_parquet(stage).select((sizes == 1).all()).collect().item())


def _by_content(stage: Path) -> pl.DataFrame | None:
    """``row, first, record_id`` by category and text; None where every line has its own."""
    with duckdb.connect() as database:
        rows = database.sql(
            "select record_id, md5(to_json([category_path::json, paragraphs::json])::varchar) as key "
            f"from read_parquet({sql_text(stage)})"
        ).to_arrow_table()
    keys = pl.DataFrame(pl.from_arrow(rows)).with_columns(row=pl.int_range(pl.len()))
    if not keys["key"].is_duplicated().any():
        return None
    return keys.select("row", pl.col("row").min().over("key").alias("first"), "record_id")


def _spans_ids(groups: pl.DataFrame) -> bool:
    ids = groups.group_by("first").agg(pl.col("record_id").n_unique())["record_id"]
    return bool((ids > 1).any())


def _by_id(stage: Path) -> pl.DataFrame | None:
    """``row, first, record_id`` by id and text; None where every line has its own id."""
    ids = _rows(stage, "record_id").collect()
    repeated = ids["record_id"].is_duplicated()
    if not repeated.any():
        return None
    text = pl.col("paragraphs").list.eval(pl.element().struct.json_encode()).list.join("\n")
    texts = (
        _rows(stage, "paragraphs")
        .filter(pl.col("row").is_in(ids.filter(repeated)["row"].implode()))
        .select("row", text.hash().alias("text"))
        .collect()
    )
    return ids.join(texts, on="row", how="left", maintain_order="left").select(
        "row", pl.col("row").min().over("record_id", "text").alias("first"), "record_id"
    )


def _several(groups: pl.DataFrame) -> pl.DataFrame:
    return groups.filter(pl.col("first").is_duplicated())


def _attributes(stage: Path, groups: pl.DataFrame) -> pl.DataFrame:
    """``first, attributes`` of products of several lines: keys and evidences in order, once."""
    several = _several(groups)
    asked = (
        _rows(stage, "attributes")
        .join(several.lazy().select("row", "first"), on="row", how="inner", maintain_order="left")
        .explode("attributes", empty_as_null=False, keep_nulls=False)
        .select(
            "first",
            pl.col("attributes").struct.field("key"),
            pl.col("attributes").struct.field("evidences"),
        )
        .collect()
    )
    evidences = (
        asked.explode("evidences", empty_as_null=False, keep_nulls=False)
        .unique(["first", "key", "evidences"], keep="first", maintain_order=True)
        .group_by("first", "key", maintain_order=True)
        .agg(pl.col("evidences").cast(EVIDENCE))
    )
    none = pl.lit([], pl.List(EVIDENCE))
    return (
        asked.unique(["first", "key"], keep="first", maintain_order=True)
        .select("first", "key")
        .join(evidences, on=["first", "key"], how="left", maintain_order="left")
        .with_columns(pl.col("evidences").fill_null(none))
        .group_by("first", maintain_order=True)
        .agg(pl.struct("key", "evidences").cast(ATTRIBUTE).alias("attributes"))
    )


def _line_ids(groups: pl.DataFrame) -> pl.DataFrame:
    """``first, _extra``: the ids of all lines of a product of several, as JSON."""
    return (
        _several(groups)
        .group_by("first", maintain_order=True)
        .agg(pl.col("record_id"))
        .select("first", pl.struct(line_ids="record_id").struct.json_encode().alias("_extra"))
    )


def _differing(stage: Path, groups: pl.DataFrame) -> dict[str, int]:
    several = _several(groups)
    if not several.height:
        return {"split_hint": 0, "category_path": 0}
    told = (
        _rows(stage, "split_hint", "category_path")
        .with_columns(pl.col("category_path").list.join("\n"))
        .join(several.lazy().select("row", "first"), on="row")
        .group_by("first")
        .agg(pl.col("split_hint", "category_path").n_unique() > 1)
        .select(pl.col("split_hint", "category_path").sum())
        .collect()
    )
    return told.row(0, named=True)


def _counts_of(records: pl.LazyFrame) -> dict[str, int]:
    sizes = pl.col("attributes").list.eval(
        pl.element().struct.field("evidences").list.len().cast(pl.Int64)
    )
    return (
        records.select(
            n_attributes=pl.col("attributes").list.len().cast(pl.Int64).sum(),
            n_evidences=sizes.list.sum().sum(),
            n_negatives=sizes.list.eval((pl.element() == 0).cast(pl.Int64)).list.sum().sum(),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
