"""A run that is several files, sent as one zip file: HELM's folder, the parts of OpenCompass."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Sequence
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
_PART = re.compile(r"(?:tmp_)?(?P<root>[^/]+)_\d+\.jsonl?")
_EXPECTED = "Expected the folder of one HELM run, or the parts of one of OpenCompass, as a zip file"


def unzipped(path: Path, into: Path, *, most_bytes: int = MOST_BYTES) -> Path:
    """The run in a zip file, unpacked below ``into``: its folder, or the first of its parts.

    Only the files that are read are unpacked, each under its own bare name, so that no name in the
    archive leads elsewhere; and never more than ``most_bytes``, whatever the archive says of itself.

    Raises
    ------
    InputError
        If it is no zip file, holds no run or several, needs a password, is damaged or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members, are_parts = _members(path, archive)
            # OpenCompass calls the folder of the parts by the model.
            model = _name(members[0]).parent.name if are_parts else ""
            folder = into / (path.stem if model in ("", "..") else model)
            folder.mkdir(parents=True, exist_ok=True)
            left = most_bytes
            for member in members:
                target = folder / _name(member).name
                left -= _unpack(path, archive, member, target, left)
                if left < 0:
                    raise InputError(
                        f"{path}: unpacks to more than {most_bytes:,} bytes. Import the folder in the "
                        "terminal: `goldshelf import-run FOLDER`."
                    )
            return folder / _name(members[0]).name if are_parts else folder
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise InputError(f"{path}: cannot be unpacked ({error}). {_EXPECTED}.") from error


def _members(path: Path, archive: zipfile.ZipFile) -> tuple[list[zipfile.ZipInfo], bool]:
    """The files of the one run that is there, and whether they are parts, the first of them first."""
    listed = archive.infolist()
    if len(listed) > MOST_MEMBERS:
        raise InputError(f"{path}: {len(listed):,} files. Zip the folder of one run alone.")
    folders: dict[PurePosixPath, list[zipfile.ZipInfo]] = defaultdict(list)
    parts: dict[PurePosixPath, list[zipfile.ZipInfo]] = defaultdict(list)
    for member in listed:
        name = _name(member)
        part = _PART.fullmatch(name.name)
        if "__MACOSX" in name.parts:
            continue
        if name.name in _WANTED:
            folders[name.parent].append(member)
        elif part:
            parts[name.parent / part["root"]].append(member)
    runs = {at: held for at, held in folders.items() if {STATE, DISPLAYED} & _names(held)}
    parts = {at: held for at, held in parts.items() if f"{at.name}_0.json" in _names(held)}
    found = runs or parts
    if not found:
        raise InputError(
            f"{path}: no HELM run in it, and no parts of OpenCompass. Expected {STATE}, {DISPLAYED} "
            f"or DATASET_0.json among its {counted(len(listed), 'file')}."
        )
    if len(found) > 1:
        first, second = sorted(map(str, found))[:2]
        raise InputError(
            f"{path}: {len(found):,} runs in it, such as {first} and {second}. Zip one run."
        )
    [(at, members)] = found.items()
    members.sort(key=lambda member: _name(member).name != f"{at.name}_0.json")
    return members, not runs


def _name(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _names(members: Sequence[zipfile.ZipInfo]) -> set[str]:
    return {_name(member).name for member in members}


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
