"""Bytes of other tools' files: what may be opened, its beginning, its JSON, its lines."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from catalog.errors import InputError

_START = 1 << 16
_SHOWN = 40
_PARQUET = b"PAR1"
_PICKLES = tuple(bytes([0x80, version]) for version in range(2, 6))


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, gzip taken off where its first bytes are gzip's."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def start_of(path: Path) -> bytes:
    """The first 64 KiB of a file, white space before them taken off; empty where there is none."""
    try:
        with open_bytes(path) as file:
            return file.read(_START).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (OSError, EOFError):
        return b""


def first_object(path: Path) -> dict[str, Any]:
    """The object on the first line of JSON Lines; empty where it is none."""
    try:
        with open_bytes(path) as file:
            body = json.loads(next((line for line in file if line.strip()), b""))
    except (OSError, EOFError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _is_cut_gzip(path: Path) -> bool:
    try:
        with open_bytes(path) as file:
            file.read(_START)
    except EOFError:
        return True
    except OSError:
        return False
    return False


def _end_of(path: Path, n_bytes: int) -> bytes:
    with path.open("rb") as file:
        file.seek(-min(n_bytes, path.stat().st_size), os.SEEK_END)
        return file.read()


def check_readable(path: Path) -> None:
    """Refuse what no importer may open.

    Raises
    ------
    InputError
        If there is no such file, it is empty or cut off, or a pickle, which is not opened.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file. Check the path.")
    if path.is_dir():
        return
    start = start_of(path)
    if not start.strip():
        if _is_cut_gzip(path):
            raise InputError(f"{path} is cut off: copy it again.")
        raise InputError(f"{path} is empty. Expected one row for each example.")
    if start[:4] == _PARQUET and _end_of(path, 4) != _PARQUET:
        raise InputError(f"{path} is Parquet that is cut off: copy it again.")
    if start[:2] in _PICKLES:
        raise InputError(
            f"{path} is a pickle, and opening one can run any code: it is not read. Write the run "
            "as JSON."
        )


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of JSON Lines with the number of their line, from 1.

    Numbers that JSON does not have (NaN, Infinity), which Python's writer lets pass, are read.

    Raises
    ------
    InputError
        At a line that is no JSON object; a last line without its end is told apart.
    """
    check_readable(path)
    with open_bytes(path) as file:
        for number, line in enumerate(_lines(file, path), 1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if not text:
                continue
            try:
                body = parsed_json(text)
            except ValueError as error:
                raise InputError(_bad_line(path, number, line, error)) from error
            if not isinstance(body, dict):
                raise InputError(
                    f"{path}, line {number}: expected one JSON object a line, found "
                    f"{_told(text[:_SHOWN])}."
                )
            yield number, body


def _lines(file: IO[bytes], path: Path) -> Iterator[bytes]:
    try:
        yield from file
    except (OSError, EOFError) as error:
        raise InputError(f"{path} is cut off: copy it again.") from error


def _bad_line(path: Path, number: int, line: bytes, error: ValueError) -> str:
    if not line.endswith(b"\n") and not line.rstrip().endswith(b"}"):
        return (
            f"{path}, line {number}: the last line is cut off, {_told(line[-_SHOWN:])}. The file "
            "was not written to its end: copy it or run it again."
        )
    return f"{path}, line {number}: not JSON: {error}."


def json_body(path: Path) -> Any:
    """The one JSON value of a file; NaN and Infinity are read.

    Raises
    ------
    InputError
        If it is not JSON, or is cut off.
    """
    check_readable(path)
    try:
        with open_bytes(path) as file:
            text = file.read().removeprefix(b"\xef\xbb\xbf").strip()
    except (OSError, EOFError) as error:
        raise InputError(f"{path} is cut off: copy it again.") from error
    try:
        return parsed_json(text)
    except ValueError as error:
        is_cut = text[-1:] not in b"}]" or getattr(error, "pos", 0) >= len(
            text.decode("utf-8", "replace")
        )
        ends = " The file was not written to its end." if is_cut else ""
        raise InputError(f"{path}: not JSON: {error}.{ends}") from error


def parsed_json(text: bytes) -> Any:
    """JSON of Python's dialect; raises `ValueError` for all else.

    Examples
    --------
    >>> parsed_json(b'{"score": NaN}')
    {'score': nan}
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _told(text: bytes) -> str:
    return repr(text.decode("utf-8", "replace").strip())
