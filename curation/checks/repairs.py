"""Texts made readable: mojibake, markup and invisible characters taken out.

Each pattern finds what its repair takes out. The repairs of all checks that are on are
applied together, so that the fixes of two checks on one text are the same fix.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection
from functools import cache
from html.entities import name2codepoint

import ftfy
import polars as pl
from ftfy.badness import BADNESS_RE

LOST = "\ufffd"
MOJIBAKE, HTML, MARKDOWN, ODD = "mojibake", "html_in_text", "markdown_in_text", "odd_characters"

_BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|col|dd|div|dl|dt|embed|fieldset|footer|"
    "form|h[1-6]|head|header|hr|html|iframe|img|input|li|link|main|meta|nav|object|ol|option|p|param|"
    "pre|script|section|select|source|style|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul|video"
)
_INLINE = (
    "a|abbr|b|big|code|del|em|font|i|ins|label|mark|s|small|span|strike|strong|su[bp]|svg|tt|u"
)
_ENTITY = rf"&(?:#\d{{2,7}}|#[xX][0-9a-fA-F]{{2,6}}|(?:{'|'.join(name2codepoint)}|apos));"
_TAG = r"(?i)</?(?:{})(?:\s[^<>]*=[^<>]*|\s*)/?>"
_ROUNDS = 3

HTML_PATTERN = rf"{_TAG.format(_BLOCKS + '|' + _INLINE)}|<!--|(?-i:{_ENTITY})"
_BOLD = r"\*\*(\w[^*\n]*)\*\*"
_LINK = r"!?\[([^\]\n]*)\]\((?:https?://|mailto:|/)[^)\s]*\)"
_HEADING = r"(?m)^[ \t]*#{1,6}[ \t]+([^\W\d])"
_FENCE = r"```\w*"
_TABLE_RULE = r"\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?)?"
_BULLETS = r"(?m)^[ \t]*\*[ \t]+\S.*\n[ \t]*\*[ \t]+\S"
MARKDOWN_PATTERN = "|".join(
    f"(?:{p})" for p in (_BOLD, _LINK, _HEADING, _FENCE, _TABLE_RULE, _BULLETS)
)
ODD_PATTERN = (
    r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\u{AD}\u{200B}\u{202A}-\u{202E}\u{2060}-\u{206F}\u{FEFF}"
    r"\u{FFF9}-\u{FFFB}\u{E0000}-\u{E007F}\p{Co}]"
)


@cache
def mojibake_pattern() -> str:
    """ftfy's measure of badness for Rust's regex, and the sign of a character that is lost.

    Rust ignores blanks inside a class of a verbose pattern, and reads ``\\w`` otherwise.
    """
    spaced = re.sub(r"\[[^\]]*\]", lambda m: m.group().replace(" ", r"\x20"), BADNESS_RE.pattern)
    spaced = spaced.replace(r"\w", r"[\p{L}\p{N}_]")
    return rf"{LOST}|(?x:{spaced})"


def without_mojibake(texts: pl.Series) -> pl.Series:
    """UTF-8 that was read as another encoding, read anew; what is lost stays.

    Examples
    --------
    >>> without_mojibake(pl.Series(["CrÃ¨me brÃ»lÃ©e", "crème"])).to_list()
    ['Crème brûlée', 'crème']
    """
    bad = texts.str.contains(mojibake_pattern()).fill_null(False)
    distinct = texts.filter(bad).unique(maintain_order=True)
    if distinct.is_empty():
        return texts
    mended = pl.Series([ftfy.fix_encoding(text) for text in distinct], dtype=pl.String)
    return texts.replace(distinct, mended)


def without_html(texts: pl.Series) -> pl.Series:
    """Tags and entities taken out; block tags part words, inline tags do not.

    Examples
    --------
    >>> without_html(pl.Series(["<p>Salt &amp; <b>Pepper</b>mill</p><ul><li>Oak"])).to_list()
    ['Salt & Peppermill Oak']
    """
    plain = texts
    for _ in range(_ROUNDS):
        plain = (
            plain.str.replace_all(r"(?is)<(?:script|style)\b.*?</(?:script|style)\s*>", " ")
            .str.replace_all(r"(?s)<!--.*?(?:-->|$)", " ")
            .str.replace_all(_TAG.format(_BLOCKS), " ")
            .str.replace_all(_TAG.format(_INLINE), "")
        )
        entities = plain.str.extract_all(_ENTITY).explode().drop_nulls().unique().sort()
        if entities.is_empty():
            break
        plain = plain.str.replace_many(entities.to_list(), [html.unescape(e) for e in entities])
    return _trimmed(plain.str.replace_all("\u00a0", " ", literal=True))


def without_markdown(texts: pl.Series) -> pl.Series:
    """Marks of Markdown taken out, the words they mark kept.

    Examples
    --------
    >>> without_markdown(pl.Series(["## Details: **dry** [more](https://example.org/x)"])).to_list()
    ['Details: dry more']
    """
    return _trimmed(
        texts.str.replace_all(_LINK, "$1")
        .str.replace_all(_BOLD, "$1")
        .str.replace_all(_HEADING, "$1")
        .str.replace_all(_FENCE, " ")
        .str.replace_all(_TABLE_RULE, " ")
        .str.replace_all(r"(?m)^[ \t]*\*[ \t]+(\S)", "$1")
    )


def without_odd_characters(texts: pl.Series) -> pl.Series:
    """Control, invisible and private characters taken out."""
    return _trimmed(texts.str.replace_all(ODD_PATTERN, ""))


REPAIRS: dict[str, Callable[[pl.Series], pl.Series]] = {
    MOJIBAKE: without_mojibake,
    HTML: without_html,
    MARKDOWN: without_markdown,
    ODD: without_odd_characters,
}


def repaired(texts: pl.Series, off: Collection[str] = ()) -> pl.Series:
    """Every repair in order, but those of checks that are off; null stays null."""
    for name, repair in REPAIRS.items():
        if name not in off:
            texts = repair(texts)
    return texts


def _trimmed(texts: pl.Series) -> pl.Series:
    """Runs of blanks as one, none before a comma or stop, none at the ends of lines."""
    return (
        texts.str.replace_all(r"[ \t]{2,}", " ")
        .str.replace_all(r"[ \t]*\n[ \t]*", "\n")
        .str.strip_chars()
    )
