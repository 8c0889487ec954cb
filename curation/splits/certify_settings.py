"""What a certificate checks, and when two group values are the same."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from catalog.brands import brand_keys
from catalog.identifiers import compact


class CertifySettings(BaseModel):
    """What a certificate checks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group_columns: list[str] = ["brand"]
    identifiers: bool = True
    queries: bool = True
    text_columns: list[list[str]] = [["title"], ["title", "description"]]
    near_duplicates: float = Field(default=0.8, gt=0, le=1)
    lower_by: float = Field(default=0.1, ge=0, lt=1)
    generic_brands: list[str] = []
    brand_aliases: list[list[str]] = []
    placeholders: list[str] = []
    sample_size: int = Field(default=500, ge=0)
    seed: int = 7


def is_brand_column(name: str) -> bool:
    """Whether the values of a column are compared as brands."""
    return any(word in name.lower() for word in ("brand", "vendor", "manufacturer", "maker"))


def group_keys(
    values: pl.Series,
    *,
    generic: list[str] | None = None,
    aliases: list[list[str]] | None = None,
    placeholders: Iterable[str] = (),
) -> pl.Series:
    """Group values made comparable: as brands where the column is one, else as given.

    White space around a value does not count; an empty value is no group, and neither is a
    placeholder.

    Examples
    --------
    >>> values = pl.Series("model", ["X1 ", "COL price VAL", ""])
    >>> group_keys(values, placeholders=["col price val"]).to_list()
    ['X1', None, None]
    """
    text = values.cast(pl.String).str.strip_chars()
    if is_brand_column(values.name):
        return brand_keys(text, generic=generic or [], aliases=aliases or [])
    none = compact(pl.Series([*placeholders], dtype=pl.String))
    is_value = (text != "") & ~compact(text).is_in(none.implode())
    return text.set(~is_value.fill_null(False), None).rename(values.name)
