"""What the gold of several tasks reads of a record."""

from __future__ import annotations

import polars as pl

GROUP = "group_id"


def kept(key: str) -> pl.Expr:
    """What the source kept of a record under a key, as text; null where it kept nothing."""
    return pl.col("extra").str.json_path_match(f"$.{key}")


def answerable_flag() -> pl.Expr:
    """What the source says of whether a question can be answered."""
    return pl.coalesce(kept("is_answerable"), kept("answerability"))


def is_there(name: str) -> pl.Expr:
    """Whether a record has a text there."""
    return (pl.col(name).str.strip_chars() != "").fill_null(False)
