"""Names of one brand in a file: written by a workspace, read by the verbs that take plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl

from catalog.brands import brand_keys
from catalog.errors import InputError
from workspace.atomic import write_text, writing_told
from workspace.files.plain_files import read_file, write_frame, written_columns

MANIFEST = "manifest.json"
_PAIR = ("brand", "alias")
_COLUMNS = ("brand", "alias", "name")
_EXPECTED = (
    "Expected a list of lists of names, an object with such a list in brand_aliases, or the "
    "manifest of an export"
)


def read_aliases(path: Path) -> list[list[str]]:
    """Groups of names of one brand, of a table or of JSON.

    A row of a table is a group, one name a cell, of all columns that are called brand, alias or
    name, or like that (``name_a``, ``other brand``). JSON is a list of lists of names, an object with
    such a list in ``brand_aliases``, or the manifest of an export.

    Raises
    ------
    InputError
        If it is neither, or a group has fewer than two names, or one of them tells no brand.
    """
    groups = (_of_json if path.suffix.lower() == ".json" else _of_table)(path)
    _check(path, groups)
    return groups


def manifest_aliases(*files: Path) -> list[list[str]]:
    """The aliases of the export that files lie in, beside its manifest or in its ``records/``.

    Returns
    -------
    Those of the manifest's certificate; none where the files are of no export, or of two.
    """
    beside = {_manifest_of(file) for file in files}
    manifest = beside.pop() if len(beside) == 1 else None
    return [] if manifest is None else read_aliases(manifest)


def write_aliases(groups: list[list[str]], path: Path) -> None:
    """Write groups of names of one brand as `read_aliases` reads them.

    Tables have a pair a row, ``brand, alias``; JSON has a list of lists.

    Raises
    ------
    InputError
        If something else lies there, or it cannot be written.
    """
    require_aliases(path)
    if path.suffix.lower() == ".json":
        with writing_told(path):
            write_text(path, orjson.dumps(groups, option=orjson.OPT_INDENT_2).decode())
    else:
        write_frame(alias_pairs(groups), path)


def require_aliases(path: Path) -> None:
    """Refuse to write aliases over a file that holds none.

    Raises
    ------
    InputError
        If there is one, or a folder.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return
    is_ours = path.is_file() and _holds_aliases_alone(path)
    if not is_ours:
        raise InputError(f"--out {path}: is there, and holds no aliases. Name another file.")


def _holds_aliases_alone(path: Path) -> bool:
    if path.suffix.lower() != ".json":
        return written_columns(path) == list(_PAIR)
    try:
        return _are_groups(orjson.loads(path.read_bytes()))
    except orjson.JSONDecodeError:
        return False


def alias_pairs(groups: list[list[str]]) -> pl.DataFrame:
    """``brand, alias``: the first name of each group with each other one."""
    pairs = [(group[0], other) for group in groups for other in group[1:]]
    return pl.DataFrame(pairs, schema=dict.fromkeys(_PAIR, pl.String), orient="row")


def _manifest_of(file: Path) -> Path | None:
    places = (file.resolve().parent, file.resolve().parent.parent)
    return next((p / MANIFEST for p in places if _lists(p / MANIFEST, file.resolve())), None)


def _lists(manifest: Path, file: Path) -> bool:
    """Whether a manifest names a file as one of its own."""
    if not manifest.is_file():
        return False
    try:
        body = orjson.loads(manifest.read_bytes())
        listed = [] if "certificate" not in body else list(body["files"])
    except (orjson.JSONDecodeError, TypeError, KeyError, OSError):
        return False
    return file.relative_to(manifest.parent).as_posix() in listed


def _of_table(path: Path) -> list[list[str]]:
    file = read_file(path)
    names = [name for name in file.columns if any(word in name.lower() for word in _COLUMNS)]
    if len(names) < 2:
        raise InputError(
            f"{path}: expected two columns or more with names of one brand, such as brand and alias, "
            f"found: {', '.join(file.columns)}. The first row names the columns."
        )
    rows = file.frame.select(pl.col(names).cast(pl.String)).rows()
    return [[name.strip() for name in row if name and name.strip()] for row in rows]


def _of_json(path: Path) -> list[list[str]]:
    try:
        body = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}: no JSON ({error}). {_EXPECTED}.") from error
    if isinstance(body, dict):
        body = body.get("certificate", body)
        body = body.get("settings", body) if isinstance(body, dict) else body
        body = body.get("brand_aliases") if isinstance(body, dict) else body
    if not _are_groups(body):
        raise InputError(f"{path}: no names of brands. {_EXPECTED}.")
    return [[name.strip() for name in group] for group in body]


def _are_groups(body: Any) -> bool:
    return isinstance(body, list) and all(
        isinstance(group, list) and all(isinstance(name, str) for name in group) for group in body
    )


def _check(path: Path, groups: list[list[str]]) -> None:
    for place, group in enumerate(groups, 1):
        if len(group) < 2:
            told = f"{group[0]!r} alone" if group else "no name"
            raise InputError(
                f"{path}: group {place} of {len(groups):,} has {told}. Expected two names of one "
                "brand or more."
            )
    names = pl.Series([name for group in groups for name in group], dtype=pl.String)
    lost = names.filter(brand_keys(names).is_null())
    if len(lost):
        raise InputError(f"{path}: {lost[0]!r} tells no brand, and ties nothing. Leave it out.")
