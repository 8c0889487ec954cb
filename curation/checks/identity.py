"""Ids that the source left out or gave twice."""

from __future__ import annotations

import polars as pl

from curation.checks.findings import Findings, findings
from curation.checks.shelf import Shelf

_MADE = r"^[0-9a-f]{16}(?:[-#].*)?$"


def missing_id(shelf: Shelf) -> Findings:
    """Records whose id the source left out, so that it was made from the content."""
    made = shelf.rows.filter(
        pl.col("extra").str.ends_with('"source_id":null}') & pl.col("record_id").str.contains(_MADE)
    )
    return findings(
        shelf.found(made.select("row", "record_id")),
        message=pl.concat_str(pl.lit("the source gave no id; "), "record_id", pl.lit(" was made")),
        suggestion="Give the row an id in the source, so that it can be found again.",
    )


def duplicate_id(shelf: Shelf) -> Findings:
    """Records whose id another record had before them, so that a number was put behind it."""
    told = pl.col("extra").str.extract(r'"source_id":"((?:[^"\\]|\\.)*)"\}$')
    changed = shelf.rows.select("row", "record_id", told.alias("source_id")).filter(
        pl.col("record_id").str.starts_with(pl.concat_str("source_id", pl.lit("#")))
    )
    return findings(
        shelf.found(changed),
        message=pl.format(
            "id '{}' stands in an earlier row; {} was made", "source_id", "record_id"
        ),
        suggestion="Give each row an id of its own in the source.",
    )
