"""A look at the beginning of a file: enough to tell what it is, never the whole of it."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from curation.sources.encoding import open_bytes

_BYTES = 1 << 16
_MOST_FILES = 200
_KEY = re.compile(r'"((?:[^"\\]|\\.){1,60})"\s*:')


@dataclass(frozen=True)
class Look:
    """What the beginning of a file shows.

    Attributes
    ----------
    form
        ``json`` (one array), ``jsonl``, ``parquet`` or ``text``; ``none`` where nothing can
        be read.
    keys
        The keys of the first JSON object, the columns of a table; empty where there are none.
    first
        The first JSON value, None where it is not JSON or does not end in time.
    lines
        The whole lines that were read of a text.
    """

    form: str
    keys: frozenset[str] = frozenset()
    first: Any = None
    lines: tuple[str, ...] = ()


NOTHING = Look("none")


def look_at(path: Path) -> Look:
    """The beginning of a file; `NOTHING` where there is none or it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.jsonl"
    ...     _ = path.write_text('{"query": "mug", "label": "E"}')
    ...     sorted(look_at(path).keys)
    ['label', 'query']
    """
    if not path.is_file():
        return NOTHING
    try:
        with open_bytes(path) as file:
            start = file.read(_BYTES)
        if start[:4] == b"PAR1":
            return Look("parquet", frozenset(pl.read_parquet_schema(path)))
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError):
        return NOTHING
    text = start.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    lines = tuple(text.splitlines()[: -1 if len(start) == _BYTES else None])
    if text[:1] == "{":
        return _of_json("jsonl", text, lines)
    if text[:1] == "[":
        return _of_json("json", text[1:].lstrip(), ())
    return Look("text", _header(text), None, lines)


def _of_json(form: str, text: str, lines: tuple[str, ...]) -> Look:
    try:
        first, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return Look(form, frozenset(_KEY.findall(text)), None, lines)
    return Look(form, frozenset(first) if isinstance(first, dict) else frozenset(), first, lines)


def _header(text: str) -> frozenset[str]:
    line = text.partition("\n")[0]
    try:
        rows = (next(csv.reader(io.StringIO(line), delimiter=d), []) for d in ",\t;|")
        return frozenset(name.strip() for name in max(rows, key=len))
    except csv.Error:
        return frozenset()


def surest(path: Path, sniff_file: Callable[[Path], float]) -> float:
    """How sure a sniff is of a file, or of the surest file of a folder."""
    if path.is_dir():
        return max(map(sniff_file, _below(path)[:_MOST_FILES]), default=0.0)
    return sniff_file(path)


def files_of(paths: list[str], sniff_file: Callable[[Path], float], what: str) -> list[Path]:
    """The files that paths mean: named files as they are, of a folder those that fit.

    Files of a folder come by name, but files named after a split before others, so that
    what is there twice keeps its split.

    Raises
    ------
    InputError
        If a path is not there, or a folder holds no file that fits.
    """
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        if not path.exists():
            raise InputError(f"{path}: no such file. Check the path.")
        if not path.is_dir():
            found.append(path)
            continue
        fitting = [file for file in _below(path) if sniff_file(file) > 0]
        if not fitting:
            raise InputError(f"{path}: no file in this folder looks like {what}.")
        found += sorted(fitting, key=lambda file: (split_of(file) is None, file))
    return found


def _below(folder: Path) -> list[Path]:
    return sorted(
        p
        for p in folder.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts)
    )


_SPLITS = {
    "train": "train", "training": "train", "test": "test", "val": "validation",
    "valid": "validation", "validation": "validation", "dev": "validation",
}  # fmt: skip


def split_of(path: Path) -> str | None:
    """The split that a file is named after, None where it is named after none.

    Examples
    --------
    >>> split_of(Path("Product_Matching_test.json")), split_of(Path("val-qar.jsonl"))
    ('test', 'validation')
    """
    named = [_SPLITS[w] for w in re.split(r"[^a-z]+", path.name.lower()) if w in _SPLITS]
    return named[0] if named else None
