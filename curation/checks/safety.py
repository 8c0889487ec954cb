"""Texts that do something where they are read: formulas in spreadsheets, orders to models."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from curation.checks.findings import Findings, findings, quoted, together
from curation.checks.orders import MODEL_PATTERN, MODEL_SIGNS
from curation.checks.shelf import TEXT_FIELDS, Shelf

_CALL = r"[A-Za-z][\w.]*\("
_CELL = r"\$?[A-Za-z]{1,3}\$?\d+"
FORMULA_PATTERN = (
    # =1+1, =HYPERLINK(…), ＝…: any cell that begins so is a formula; a rule of signs is not
    r"^\s*[=＝]+\s*[\w\"'(@+\-$\[{]"
    # @SUM(…): the old way to call a function, still read
    r"|^\s*[@＠]\s*\w"
    # a tab or carriage return before a sign hides it from a person, not from a spreadsheet
    r"|^[\t\r]+\s*[=+\-@＝＋－＠]"
    # + and - begin numbers and bullets too: a formula calls, refers to a cell or computes
    rf"|^\s*[+\-＋－]\s*(?:{_CALL}|{_CELL}\s*[+\-*/^&:]|\d[\d.]*\s*[+*^&]|[^\n]*\|[^\n]*!)"
)
"""Cells that a spreadsheet computes (OWASP, "CSV Injection")."""


def spreadsheet_formula(shelf: Shelf) -> Findings:
    """Fields that a spreadsheet would compute instead of show.

    Begins with ``=``, ``@``, or with ``+`` or ``-`` and computes; a plain negative number, a
    measure such as "-5°C" and a hyphenated bullet do not.
    """
    return _matches(
        shelf,
        [(name, pl.col(name)) for name in (*TEXT_FIELDS, "brand")],
        FORMULA_PATTERN,
        "begins like a formula:",
        "Write it as words; a file for a spreadsheet needs an apostrophe before it.",
    )


def addresses_a_model(shelf: Shelf) -> Findings:
    """Texts that give orders to a language model."""
    return _matches(
        shelf,
        list(_texts()),
        MODEL_PATTERN,
        "speaks to a language model:",
        "Take the sentence out, or drop the record: it may turn labels and training.",
        signs=MODEL_SIGNS,
    )


def _texts() -> Iterator[tuple[str, pl.Expr]]:
    for name in TEXT_FIELDS:
        yield name, pl.col(name)
    # A plain catalog's paragraphs are its title and description; others hold more.
    shown = pl.sum_horizontal(pl.col(name).is_not_null() for name in ("title", "description"))
    paragraphs = pl.col("paragraphs").list.eval(pl.element().struct.field("text")).list.join("\n")
    yield "paragraph", pl.when(pl.col("paragraphs").list.len() > shown).then(paragraphs)


def _matches(
    shelf: Shelf,
    fields: list[tuple[str, pl.Expr]],
    pattern: str,
    told: str,
    suggestion: str,
    *,
    signs: str = "",
) -> Findings:
    parts = []
    match = pl.col("text").str.extract(f"({pattern})").alias("match")
    for name, text in fields:
        held = shelf.rows.select("row", text.alias("text")).drop_nulls("text")
        found = [pl.DataFrame(schema={"row": pl.Int64, "text": pl.String, "match": pl.String})]
        for batch in shelf.batches(held):
            for wanted in filter(None, (signs, pattern)):
                batch = batch.filter(pl.col("text").str.contains(wanted))
            found.append(batch.with_columns(match))
        bad = pl.concat(found)
        begun = pl.col("text").str.slice(pl.col("text").str.find(pl.col("match"), literal=True))
        parts.append(
            findings(
                bad,
                message=pl.concat_str(
                    pl.lit(f"the {name} {told} "), quoted(begun.str.strip_chars())
                ),
                suggestion=suggestion,
            )
        )
    return together(parts)
