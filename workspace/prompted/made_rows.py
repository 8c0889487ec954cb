"""Questions that are made of records, with their right answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

MADE_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "system": pl.String(),
        "asked": pl.String(),
        "text": pl.String(),
        "answer": pl.String(),
        "category": pl.String(),
        "key": pl.String(),
        "groups": pl.List(pl.Int64),
        "is_telling": pl.Boolean(),
        "items": pl.List(pl.String),
    }
)
"""``text`` is what examples are searched with, ``category`` what they are spread over, ``key`` what a
row asks about whatever split it is in, ``groups`` those of its records; ``is_telling`` whether it shows
something as an example, ``items`` what its answer ranks, as shown."""


@dataclass(frozen=True)
class Made:
    """The questions of a split.

    Attributes
    ----------
    noun
        What one of them is about.
    rows
        `MADE_SCHEMA`.
    settings
        What decided them beside the records, as plain JSON.
    notes
        Lines to be said aloud.
    """

    noun: str
    rows: pl.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
