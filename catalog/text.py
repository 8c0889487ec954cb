"""Text as words: the one tokenisation that duplicates, splits and checks share.

A word is a run of letters and digits (``[^\\W_]+`` in Python's ``re``) of the
text after NFKC and case folding. It is written here as Polars expressions, and
a test holds it equal to Python's own functions.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

import polars as pl


def words(text: str) -> list[str]:
    """The words of one text, in order, repeats kept: the definition.

    Examples
    --------
    >>> words("Straße Nº 5, 128GB_red")
    ['strasse', 'no', '5', '128gb', 'red']
    """
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())


def storable(text: str) -> str:
    """The same text as every file and database can hold it: no half characters, no zero bytes.

    Each is replaced by U+FFFD.

    Examples
    --------
    >>> storable("a" + chr(0) + chr(0xD800) + "b"), storable("\N{GRINNING FACE}")
    ('a��b', '😀')
    """
    text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@cache
def _separators() -> str:
    """A pattern of one or more characters that are not in a word, for Rust's regex."""
    is_word = re.compile(r"[^\W_]").match
    ranges: list[str] = []
    start: int | None = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and not 0xD800 <= code <= 0xDFFF and is_word(chr(code))
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            ranges.append(f"\\x{{{start:X}}}-\\x{{{code - 1:X}}}")
            start = None
    return f"[^{''.join(ranges)}]+"


@cache
def _case_folds() -> tuple[list[str], list[str]]:
    """Every character that case folding changes, and what it becomes."""
    characters = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]
    changed = [c for c in characters if c.casefold() != c]
    return changed, [c.casefold() for c in changed]


def is_ascii(text: pl.Series) -> pl.Series:
    """Whether every character of each text is ASCII; null stays null."""
    return text.str.len_bytes() == text.str.len_chars()


def casefolded(text: pl.Series) -> pl.Series:
    """NFKC and case folding of every text; null stays null."""
    plain = is_ascii(text)
    if plain.all():
        return text.str.to_lowercase()
    before, after = _case_folds()
    rest = text.filter(~plain).str.normalize("NFKC").str.replace_many(before, after)
    return text.str.to_lowercase().scatter((~plain).arg_true(), rest)


def folded(text: pl.Series) -> pl.Series:
    """Every text as its words, joined by single spaces; null stays null.

    Examples
    --------
    >>> folded(pl.Series(["Nestlé's TEA-bags", "Straße"])).to_list()
    ['nestlé s tea bags', 'strasse']
    """
    lowered = casefolded(text)
    plain = is_ascii(lowered)
    spaced = lowered.str.replace_all(r"[^0-9a-z]+", " ")
    if not plain.all():
        rest = lowered.filter(~plain).str.replace_all(_separators(), " ")
        spaced = spaced.scatter((~plain).arg_true(), rest)
    return spaced.str.strip_chars(" ")


def unaccented(text: pl.Series) -> pl.Series:
    """Letters without their accents (NFKD, combining marks dropped); null stays null."""
    plain = is_ascii(text)
    if plain.all():
        return text
    rest = text.filter(~plain).str.normalize("NFKD").str.replace_all(r"\p{Mn}+", "")
    return text.scatter((~plain).arg_true(), rest)


def with_quote(text: pl.Expr) -> pl.Expr:
    """Texts for a spreadsheet: one that it would take for a formula gets a quote in front.

    Examples
    --------
    >>> given = pl.DataFrame({"a": ["=1+1", "1+1", "'=x", None]})
    >>> quoted = given.select(with_quote(pl.col("a")))
    >>> quoted["a"].to_list()
    ["'=1+1", '1+1', "''=x", None]
    >>> quoted.select(without_quote(pl.col("a"))).equals(given)
    True
    """
    return text.str.replace(r"^('*[=+\-@\t\r])", "'$1")


def without_quote(text: pl.Expr) -> pl.Expr:
    """Texts as they were before `with_quote`."""
    return text.str.replace(r"^'('*[=+\-@\t\r])", "$1")
