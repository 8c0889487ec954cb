"""A run that is a folder, sent as one zip file: HELM's."""

from __future__ import annotations

import zipfile
import zlib
from collections import defaultdict
from pathlib import Path, PurePosixPath

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.formats.helm import DISPLAYED, INSTANCES, SPEC, STATE

MOST_BYTES = 2 * 2**30
"""Of what is unpacked."""
MOST_MEMBERS = 100_000
_BLOCK = 2**20
_IS_ENCRYPTED = 0x1
_WANTED = (STATE, DISPLAYED, INSTANCES, SPEC)


def unzipped(path: Path, into: Path, *, most_bytes: int = MOST_BYTES) -> Path:
    """The run folder in a zip file, unpacked below ``into``.

    Only the files that are read are unpacked, each under its own bare name, so that no name in the
    archive leads elsewhere; and never more than ``most_bytes``, whatever the archive says of itself.

    Raises
    ------
    InputError
        If it is no zip file, holds no run or several, needs a password, is damaged or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            folder = into / path.stem
            folder.mkdir(parents=True, exist_ok=True)
            left = most_bytes
            for member in _members(path, archive):
                target = folder / PurePosixPath(member.filename).name
                left -= _unpack(path, archive, member, target, left)
                if left < 0:
                    raise InputError(
                        f"{path}: unpacks to more than {most_bytes:,} bytes. Import the folder in the "
                        "terminal: `goldshelf import-run FOLDER`."
                    )
            return folder
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise InputError(
            f"{path}: cannot be unpacked ({error}). Expected the folder of one HELM run as a zip file."
        ) from error


def _members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of the one run that is there."""
    listed = archive.infolist()
    if len(listed) > MOST_MEMBERS:
        raise InputError(f"{path}: {len(listed):,} files. Zip the folder of one run alone.")
    by_folder: dict[PurePosixPath, dict[str, zipfile.ZipInfo]] = defaultdict(dict)
    for member in listed:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.name in _WANTED and "__MACOSX" not in name.parts:
            by_folder[name.parent][name.name] = member
    found = {at: held for at, held in by_folder.items() if STATE in held or DISPLAYED in held}
    if not found:
        raise InputError(
            f"{path}: no HELM run in it. Expected {STATE} or {DISPLAYED} among its "
            f"{counted(len(listed), 'file')}."
        )
    if len(found) > 1:
        first, second = sorted(map(str, found))[:2]
        raise InputError(
            f"{path}: {len(found):,} runs in it, such as {first} and {second}. Zip one run folder."
        )
    [members] = found.values()
    return list(members.values())


def _unpack(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, most: int
) -> int:
    if member.flag_bits & _IS_ENCRYPTED:
        raise InputError(f"{path}: {member.filename} needs a password. Zip the folder without one.")
    n_bytes = 0
    with archive.open(member) as source, target.open("wb") as sink:
        while block := source.read(_BLOCK):
            n_bytes += len(block)
            if n_bytes > most:
                break
            sink.write(block)
    return n_bytes
