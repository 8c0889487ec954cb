"""The vote frame: one long table for models and people alike."""

from __future__ import annotations

import polars as pl

CATEGORY = "category"
ATTRIBUTE_PREFIX = "attribute:"

VOTE_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "question": pl.String(),
        "annotator_id": pl.String(),
        "run_id": pl.String(),
        "value": pl.String(),
        "raw": pl.String(),
        "score": pl.Float64(),
        "n_tokens_in": pl.Int64(),
        "n_tokens_out": pl.Int64(),
        "cost_usd": pl.Float64(),
        "latency_s": pl.Float64(),
        "error": pl.String(),
    }
)
"""``question`` is ``category`` or ``attribute:<key>``; the ``value`` of a category vote is
a joined path (`catalog.paths`). A null ``value`` is an abstention; a non-null ``error`` says
why there is none. ``score`` is the annotator's own confidence in [0, 1], null where it has
none."""


def conform_votes(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Give a frame every vote column, in order and typed; what is missing is null."""
    present = set(frame.collect_schema().names())
    return frame.select(
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in VOTE_SCHEMA.items()
    )
