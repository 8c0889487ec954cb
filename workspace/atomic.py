"""Write a whole file or nothing, and hash what was written."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.errors import GoldshelfError, InputError, WorkspaceError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_text(path: Path, text: str) -> None:
    """Put text into a file by writing beside it and renaming."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, body: Any) -> None:
    """Put JSON into a file, whole or not at all."""
    write_text(path, json.dumps(body, indent=1, ensure_ascii=False, default=str) + "\n")


def read_json(path: Path) -> Any:
    """The JSON of a file, or None where it is missing or half a file."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(body: Any) -> str:
    """The SHA-256 of a JSON value, in hex; the order of keys does not matter."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def writing_told(path: Path) -> Iterator[None]:
    """Turn a place that cannot be written to into one clear line; a full disk is told elsewhere."""
    try:
        yield
    except OSError as error:
        if _is_full(error):
            raise
        raise InputError(
            f"{path}: cannot be written ({error.strerror or _first_line(error)}). Name another place."
        ) from error


@contextlib.contextmanager
def full_disk_told(where: Path) -> Iterator[None]:
    """Turn "no space left" of any library into one clear line."""
    try:
        yield
    except GoldshelfError:
        raise
    except Exception as error:
        if not _is_full(error):
            raise
        raise WorkspaceError(
            f"{where}: the disk is full ({_first_line(error)}). Nothing was lost: free some space "
            "and run the same command again."
        ) from error


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    text = str(error).lower()
    signs = (
        "no space left", "disk is full", "disk full", "file too large", "quota exceeded",
        "transport error",
    )  # fmt: skip
    return any(sign in text for sign in signs)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:160]
