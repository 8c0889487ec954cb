"""Python literals as JSON, by a parser and never by evaluation.

Some published files are the ``repr`` of Python dictionaries, one a line. Most lines hold no
backslash and no quote of the one kind in a string of the other: there every string can be
told apart by a regular expression, and writing it in double quotes gives the same value as
JSON (what is not JSON then either is caught by a JSON parser). The other lines are read by
`ast.literal_eval`, which accepts literals alone.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from catalog.errors import InputError
from catalog.querying import querying
from curation.sources.encoding import as_utf8, guess_encoding
from curation.sources.files import QUARANTINE_SCHEMA

_BATCH_BYTES = 1 << 26
_SHOWN = 2000
_MOST_QUARANTINED = 0.5
_EASY = r"""^(?:[^'"\\]|"[^"\\]*"|'[^'"\\]*')*$"""
_STRING = r"""'([^'"\\]*)'|"([^"\\]*)\""""
NOT_A_NUMBER = r"[:\[,]\s*-?(?:NaN|Infinity)\b"
_UNREADABLE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError)


def as_json(texts: pl.Series) -> pl.Series:
    """Each text as JSON, where it is a JSON or Python object or list; null where it is not.

    ``NaN`` and infinities, which JSON does not have, become null.

    Examples
    --------
    >>> as_json(pl.Series(["{'a': \\"it's\\"}", '["b"]', '{"a": NaN}', "[not", "plain"])).to_list()
    ['{"a": "it\\'s"}', '["b"]', '{"a":null}', None, None]
    """
    frame = pl.DataFrame({"text": texts.str.strip_chars()}, schema={"text": pl.String})
    is_nested = frame["text"].str.contains(r"^[\{\[]").fill_null(False)
    found = _valid(frame["text"].set(~is_nested, None))
    todo = is_nested & found.is_null()
    if todo.any():
        rest = frame["text"].filter(todo)
        easy = rest.set(~rest.str.contains(_EASY), None).str.replace_all(_STRING, '"${1}${2}"')
        found = found.scatter(todo.arg_true(), _valid(easy))
    return _slowly(frame["text"], found, is_nested).alias(texts.name)


def _slowly(texts: pl.Series, found: pl.Series, is_nested: pl.Series) -> pl.Series:
    hard = (is_nested & found.is_null()).arg_true()
    if not len(hard):
        return found
    return found.scatter(
        hard, pl.Series([_literal(t) for t in texts.gather(hard)], dtype=pl.String)
    )


def _valid(texts: pl.Series) -> pl.Series:
    """The texts that are JSON; DuckDB's parser takes NaN for JSON, so that is asked first."""
    frame = pl.DataFrame({"text": texts.set(texts.str.contains(NOT_A_NUMBER), None)})
    with querying() as database:
        database.register("frame", frame.to_arrow())
        found = database.sql("select case when json_valid(text) then text end as text from frame")
        return pl.DataFrame(pl.from_arrow(found.to_arrow_table()))["text"].cast(pl.String)


def _literal(text: str) -> str | None:
    for read in (json.loads, ast.literal_eval):
        try:
            return orjson.dumps(_finite(read(text)), option=orjson.OPT_NON_STR_KEYS).decode()
        except _UNREADABLE:
            continue
    return None


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value


def translated(path: Path, target: Path, scratch: Path) -> pl.DataFrame:
    """Write a file of Python literals as JSON Lines; what is none goes to the quarantine.

    Returns
    -------
    `QUARANTINE_SCHEMA`, with the line and the reason.

    Raises
    ------
    InputError
        If more than half of the lines are neither.
    """
    plain = as_utf8(path, guess_encoding(path), scratch)
    bad: list[tuple[str, int, str, str]] = []
    n_lines = 0
    with target.open("w", encoding="utf-8") as out:
        for start, lines in _batches(plain):
            texts = pl.Series("text", lines, dtype=pl.String)
            found = as_json(texts)
            is_bad = found.is_null() & (texts.str.strip_chars() != "")
            bad += [
                (
                    str(path),
                    start + n,
                    "neither JSON nor a Python literal",
                    lines[n][:_SHOWN].strip(),
                )
                for n in is_bad.arg_true()
            ]
            # A line stays empty where it was bad, so that line numbers hold.
            out.write("\n".join(found.fill_null("").to_list()) + "\n")
            n_lines += len(lines)
    if len(bad) > _MOST_QUARANTINED * n_lines:
        raise InputError(
            f"{path}, line {bad[0][1]}: {bad[0][2]}; so are {len(bad):,} of {n_lines:,} lines."
        )
    return pl.DataFrame(bad, schema=QUARANTINE_SCHEMA, orient="row")


def _batches(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Blocks of whole lines with the number of the first."""
    start = 1
    with path.open("r", encoding="utf-8", errors="replace", newline="\n") as file:
        while lines := file.readlines(_BATCH_BYTES):
            yield start, lines
            start += len(lines)
