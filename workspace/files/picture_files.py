"""Pictures that lie in a folder or a zip file: read by their name, never from outside of it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from catalog.errors import InputError
from curation.llm.pictures import Load

MOST_BYTES = 20_000_000
"""A larger file is not read."""
_JUNK = "__MACOSX"


def pictures_in(place: Path) -> Load:
    """Gives the bytes of a picture by its name in a folder or a zip file.

    Raises
    ------
    InputError
        If it is neither.
    """
    if place.is_dir():
        return loader([place])
    try:
        return _zipped(zipfile.ZipFile(place))
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(
            f"{place}: expected a folder or a zip file with pictures ({error})."
        ) from error


def loader(folders: Iterable[Path]) -> Load:
    """Reads files below some folders, by their path from there."""
    homes = list(dict.fromkeys(folder.resolve() for folder in folders))

    def load(address: str) -> bytes | None:
        if ":" in address or Path(address).is_absolute():
            return None
        for home in homes:
            try:
                file = (home / address).resolve()
                if not file.is_relative_to(home) or not file.is_file():
                    continue
                if file.stat().st_size <= MOST_BYTES:
                    return file.read_bytes()
            except (OSError, ValueError):  # a name that no file can have
                continue
        return None

    return load


def _zipped(archive: zipfile.ZipFile) -> Load:
    """Reads members of an archive, also without the one folder that all of them lie in."""
    paths = {
        PurePosixPath(member.filename): member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith(_JUNK)
    }
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path in paths}
    if len(tops) == 1 and tops != {""}:
        paths |= {PurePosixPath(*path.parts[1:]): member for path, member in paths.items()}

    def load(address: str) -> bytes | None:
        member = paths.get(PurePosixPath(address))
        if member is None or member.file_size > MOST_BYTES:
            return None
        try:
            return archive.read(member)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError):
            return None  # damaged, or locked by a password

    return load
