"""Texts that hold something other than plain words: markup, broken or invisible characters."""

from __future__ import annotations

import polars as pl

from curation.checks.findings import Findings, findings, quoted, together
from curation.checks.repairs import (
    HTML_PATTERN,
    LOST,
    MARKDOWN_PATTERN,
    ODD_PATTERN,
    mojibake_pattern,
    repaired,
)
from curation.checks.shelf import TEXT_FIELDS, Shelf


def html_in_text(shelf: Shelf) -> Findings:
    """HTML tags and entities in a text."""
    return _matches(shelf, HTML_PATTERN, "has HTML,", "Take the tags out and read the entities.")


def markdown_in_text(shelf: Shelf) -> Findings:
    """Markdown in a text: bold, links, headings, fences, tables, bullets."""
    return _matches(shelf, MARKDOWN_PATTERN, "has Markdown,", "Take the marks out.")


def mojibake(shelf: Shelf) -> Findings:
    """Text that was read in the wrong encoding, as ftfy tells it, or that lost characters."""
    return _matches(
        shelf, mojibake_pattern(), "was read in a wrong encoding,", "Read it in the right encoding."
    )


def odd_characters(shelf: Shelf) -> Findings:
    """Control, invisible, direction-changing and private characters in a text."""
    return _matches(
        shelf, ODD_PATTERN, "has characters that nobody sees,", "Take the characters out."
    )


def _matches(shelf: Shelf, pattern: str, told: str, suggestion: str) -> Findings:
    """Rows with a text in which a pattern stands, with the text made readable as the fix.

    A text in which it would still stand is no fix. The score is the share of the text's
    characters that the pattern leaves alone.
    """
    parts = []
    for field in TEXT_FIELDS:
        text = pl.col(field)
        bad = shelf.found(
            shelf.rows.filter(text.str.contains(pattern)).select(
                "row", field, text.str.extract_all(pattern).alias("matches")
            )
        )
        if bad.is_empty():
            continue
        fixed = repaired(bad[field], shelf.settings.off).alias("fixed")
        first = pl.col("matches").list.first()
        is_better = (pl.col("fixed") != "") & ~pl.col("fixed").str.contains(pattern)
        length = pl.col("matches").list.join("").str.len_chars()
        parts.append(
            findings(
                bad.with_columns(fixed),
                message=pl.concat_str(
                    pl.lit(f"the {field} "),
                    pl.when(first == LOST).then(pl.lit("lost characters,")).otherwise(pl.lit(told)),
                    pl.lit(" such as "),
                    quoted(first.str.strip_chars()),
                ),
                suggestion=suggestion,
                score=1 - length / text.str.len_chars(),
                fix_field=field,
                fix_value=pl.when(is_better).then("fixed"),
            )
        )
    return together(parts)
