"""What every source gives: records, a quarantine, and what was guessed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True)
class LoadResult:
    """Records read from a source.

    Attributes
    ----------
    records
        `RECORD_SCHEMA`, lazily, or a Parquet file of it in the scratch folder.
    quarantine
        Rows that could not be read: ``file, line, reason, raw``.
    figures
        Counts and what was guessed of each file.
    notes
        Lines to say aloud.
    """

    records: pl.LazyFrame | Path
    quarantine: pl.DataFrame
    figures: dict[str, Any]
    notes: list[str]
