"""The first raw rows of a file, to be shown."""

from __future__ import annotations

import ast
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from curation.sources.encoding import open_bytes
from curation.sources.files import first_line
from curation.sources.looks import look_at

_BYTES = 1 << 20
_ROWS = 5


def first_rows(path: Path) -> pl.DataFrame:
    """Up to five rows of a file as text columns; nested values as JSON.

    Raises
    ------
    InputError
        If they cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.json"
    ...     _ = path.write_text('[{"a": 1, "b": [2]}, {"a": null}]')
    ...     first_rows(path).rows()
    [('1', '[2]'), (None, None)]
    """
    try:
        rows = _rows(path)
    except (pl.exceptions.PolarsError, OSError, EOFError, ValueError, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: its first rows cannot be read. {first_line(error)[:120]} Is it of another "
            "kind? Pass --kind."
        ) from error
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame(
        {name: [_told(row.get(name)) for row in rows] for name in names},
        schema=dict.fromkeys(names, pl.String),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    form = look_at(path).form
    if form == "parquet":
        return list(pl.scan_parquet(path, glob=False).head(_ROWS).collect().rows(named=True))
    if form in ("json", "jsonl"):
        return list(_objects(path))
    return pl.read_csv(
        path, n_rows=_ROWS, infer_schema=False, ignore_errors=True, glob=False
    ).to_dicts()


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with open_bytes(path) as file:
        text = file.read(_BYTES).decode("utf-8", "replace").removeprefix("\ufeff")
    decoder, at, found = json.JSONDecoder(), 0, 0
    while found < _ROWS and (at := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            line = text[at:].partition("\n")[0]
            at += len(line) or 1
            value = _literal(line)
        if isinstance(value, dict):
            found += 1
            yield value


def _literal(line: str) -> Any:
    try:
        return ast.literal_eval(line.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _told(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
