"""JSON written by Polars expressions: the same text as ``json.dumps(..., ensure_ascii=False)``.

With one difference: the three characters beyond ASCII at which ``str.splitlines`` ends a line
(U+0085, U+2028, U+2029) are escaped by `one_line`, so that one line is one line to every reader.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

_OPEN, _CLOSE = '{"v":', "}"
_LINE_ENDS = ["\x85", "\u2028", "\u2029"]
_ESCAPED_LINE_ENDS = ["\\u0085", "\\u2028", "\\u2029"]


def json_value(value: pl.Expr) -> pl.Expr:
    """A text or a number as JSON; null and NaN become ``null``.

    Examples
    --------
    >>> frame = pl.DataFrame({"t": ['5" pot', None]})
    >>> frame.select(json_value(pl.col("t"))).to_series().to_list()
    ['"5\\\\" pot"', 'null']
    """
    encoded = pl.struct(value.alias("v")).struct.json_encode()
    return encoded.str.strip_prefix(_OPEN).str.strip_suffix(_CLOSE)


def json_array(items: pl.Expr) -> pl.Expr:
    """A list as JSON from a list of JSON texts; null becomes ``null``.

    Examples
    --------
    >>> frame = pl.DataFrame({"path": [["A", "B"], [], None]})
    >>> texts = pl.col("path").list.eval(json_value(pl.element()))
    >>> frame.select(json_array(texts)).to_series().to_list()
    ['["A", "B"]', '[]', 'null']
    """
    return pl.concat_str(pl.lit("["), items.list.join(", "), pl.lit("]")).fill_null("null")


def json_texts(texts: pl.Expr) -> pl.Expr:
    """A list of texts as JSON."""
    return json_array(texts.list.eval(json_value(pl.element())))


def json_object(members: Mapping[str, pl.Expr]) -> pl.Expr:
    """An object as JSON from JSON texts by key, in the order given.

    Examples
    --------
    >>> frame = pl.DataFrame({"n": [1, 2]})
    >>> frame.select(json_object({"n": json_value(pl.col("n"))})).to_series().to_list()
    ['{"n": 1}', '{"n": 2}']
    """
    parts: list[pl.Expr] = []
    for key, value in members.items():
        before = "{" if not parts else ", "
        parts += [pl.lit(f"{before}{json_constant(key)}: "), value]
    return pl.concat_str(*parts, pl.lit("}")) if parts else pl.lit("{}")


def json_constant(value: object) -> str:
    """A value known beforehand as JSON."""
    return json.dumps(value, ensure_ascii=False)


def one_line(text: pl.Expr) -> pl.Expr:
    """JSON without the characters that some readers take for the end of a line."""
    return text.str.replace_many(_LINE_ENDS, _ESCAPED_LINE_ENDS)
