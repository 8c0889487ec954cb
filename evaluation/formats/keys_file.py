"""The keys of a list that holds answers alone: one row each, in the order of the list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from catalog.errors import InputError
from evaluation.formats.examples import (
    KEYS,
    as_text,
    example_ids,
    gold_frame,
    refuse_twice,
    text_or_none,
)
from evaluation.formats.files import check_readable, json_body, json_lines, open_bytes, start_of
from evaluation.formats.read_run import LABEL, FormatOptions

_GOLD = (LABEL, "category_path", "attributes", "output")


def read_keys(
    options: FormatOptions, n_rows: int, where: str, *, n_times: int = 1
) -> tuple[list[str], pl.DataFrame | None]:
    """The keys that were named for a list, and the gold that stands beside them.

    The file is text with a key a line, JSON Lines or a JSON list of objects. An object has the
    field ``options.key``, or one of `evaluation.formats.examples.KEYS`, and perhaps its gold:
    ``label``, ``category_path``, ``attributes`` or ``output``. Where no object has a key, as in
    ECInstruct's test files, the key is the place in the file, from 0. Where the list holds every
    example ``n_times`` over, one key for each example is enough.

    Raises
    ------
    InputError
        If no file was named, it holds a key twice, or another number of keys than the list rows.
    """
    if options.keys is None:
        raise InputError(
            f"{where} holds answers without keys, in an order that it does not state. Pass --keys "
            "FILE with the key of each, one a line, in the order in which the model was asked."
        )
    path = options.keys
    ids, gold = _read(path, options.key)
    if len(ids) not in (n_rows, n_rows / n_times):
        raise InputError(
            f"{path}: {len(ids):,} keys for {n_rows:,} answers of {where}. Every answer needs the "
            "key of its own row."
        )
    refuse_twice(ids, [None] * len(ids), where=str(path))
    return ids, gold


def _read(path: Path, key: str | None) -> tuple[list[str], pl.DataFrame | None]:
    check_readable(path)
    start = start_of(path)[:1]
    if start not in (b"{", b"["):
        with open_bytes(path) as file:
            lines = file.read().decode("utf-8-sig").splitlines()
        return [line.strip() for line in lines if line.strip()], None
    listed = json_body(path) if start == b"[" else [row for _, row in json_lines(path)]
    if all(isinstance(row, str | int) for row in listed):
        return [as_text(row) for row in listed], None
    if not all(isinstance(row, dict) for row in listed):
        raise InputError(f"{path}: expected a list of keys, or of objects with a key each.")
    if key is not None:
        ids, _ = example_ids(listed, [], key=key, where=str(path))
    else:
        ids = _named(listed) or [str(at) for at in range(len(listed))]
    name = next((one for one in _GOLD if any(one in row for row in listed)), None)
    labels = [None if name is None else text_or_none(row.get(name)) for row in listed]
    return ids, gold_frame(ids, labels, listed)


def _named(listed: Sequence[dict[str, object]]) -> list[str] | None:
    for name in KEYS:
        if all(row.get(name) is not None for row in listed):
            return [as_text(row[name]) for row in listed]
    return None
