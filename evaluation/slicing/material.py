"""What slices are made from: the gold rows with their fields, and what the model learned from."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from evaluation.answers.paths import read_paths

TEXTS = ("title", "description", "brand", "currency", "language", "masked")
FIELDS = (*TEXTS, "price")
"""Columns of gold rows that slices read where they are there."""
PATH = "path"


@dataclass(frozen=True, eq=False)
class SliceMaterial:
    """Gold rows, and what slices hold them against.

    Attributes
    ----------
    rows
        A line for each gold row: ``example_id``, any of `FIELDS`, ``path`` (the gold category,
        ``list[str]``) where it has one, and any other column.
    train
        What the model learned from: ``path``, ``attributes``, as far as they are there; no column
        where it is not known.
    brands
        The brand of every record of the catalog; None where only the gold rows are known.
    """

    rows: pl.DataFrame
    train: pl.DataFrame
    brands: pl.Series | None = None

    def of(self, example_ids: pl.Series) -> SliceMaterial:
        """The same with its rows in the order of some keys."""
        keys = example_ids.cast(pl.String).alias("example_id").to_frame()
        rows = keys.join(self.rows, on="example_id", how="left", maintain_order="left")
        return SliceMaterial(rows, self.train, self.brands)


def slice_material(
    gold: pl.DataFrame, *, train: pl.DataFrame | None = None, brands: pl.Series | None = None
) -> SliceMaterial:
    """Material from gold rows as they are read from a file or a workspace.

    Examples
    --------
    >>> gold = pl.DataFrame({"example_id": [7], "category_path": ["Garden > Pots"], "price": ["9"]})
    >>> slice_material(gold).rows.select("path", "price").row(0)
    (['Garden', 'Pots'], 9.0)
    """
    rows = with_path(gold).with_columns(pl.col("example_id").cast(pl.String))
    texts = [name for name in TEXTS if name in rows.columns]
    rows = rows.with_columns(pl.col(texts).cast(pl.String, strict=False).str.strip_chars())
    if "price" in rows.columns:
        rows = rows.with_columns(pl.col("price").cast(pl.Float64, strict=False))
    return SliceMaterial(rows, pl.DataFrame() if train is None else with_path(train), brands)


def with_path(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame whose ``category_path``, or else ``category``, is given as ``path``, a list of names."""
    column = next((name for name in ("category_path", "category") if name in frame.columns), None)
    if column is None:
        return frame
    given = frame[column]
    if not isinstance(given.dtype, pl.List):
        given = read_paths(given.cast(pl.String), is_raw=False)["path"]
    return frame.drop(column).with_columns(given.alias(PATH))
