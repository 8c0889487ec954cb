"""What a certificate checks, and when two group values are the same."""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from catalog.brands import brand_keys


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
) -> pl.Series:
    """Group values made comparable: as brands where the column is one, else as given.

    White space around a value does not count; an empty value is no group.
    """
    text = values.cast(pl.String).str.strip_chars()
    if is_brand_column(values.name):
        return brand_keys(text, generic=generic or [], aliases=aliases or [])
    return pl.select(pl.when(text != "").then(text)).to_series().rename(values.name)
