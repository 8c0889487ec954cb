"""The first raw rows of a file, to be shown."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from curation.sources.encoding import open_bytes
from curation.sources.looks import look_at

_BYTES = 1 << 20
_ROWS = 5


def first_rows(path: Path) -> pl.DataFrame:
    """Up to five rows of a file as text columns; nested values as JSON.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.json"
    ...     _ = path.write_text('[{"a": 1, "b": [2]}, {"a": null}]')
    ...     first_rows(path).rows()
    [('1', '[2]'), (None, None)]
    """
    form = look_at(path).form
    if form == "parquet":
        rows = list(pl.scan_parquet(path, glob=False).head(_ROWS).collect().rows(named=True))
    elif form in ("json", "jsonl"):
        rows = list(_objects(path))
    else:
        rows = pl.read_csv(
            path, n_rows=_ROWS, infer_schema=False, ignore_errors=True, glob=False
        ).to_dicts()
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame(
        {name: [_told(row.get(name)) for row in rows] for name in names},
        schema=dict.fromkeys(names, pl.String),
    )


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
