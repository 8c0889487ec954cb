"""check-split: any two files, made by anyone, searched for leaks; out to a page for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from curation.duplicates.join import Told, check_threshold
from curation.splits.certificate import Certificate, Leaks, find_leaks
from curation.splits.certificate_tables import tables_of
from curation.splits.certify_settings import CertifySettings
from workspace.atomic import sha256_of
from workspace.files.brand_files import manifest_aliases, read_aliases
from workspace.files.plain_files import (
    PlainFile,
    cumulative,
    read_file,
    require_brand_column,
    require_columns,
    text_columns,
)

_READ = ("brand", "title", "description", "query", "identifiers", "category_path", "category")


@dataclass(frozen=True)
class Checked:
    """Two files that were compared.

    Attributes
    ----------
    certificate
        ``between`` holds one entry, ``train-test``.
    notes
        What could not be read, counted aloud.
    """

    certificate: Certificate
    notes: list[str]

    @property
    def found(self) -> Leaks:
        """What crosses."""
        return self.certificate.between["train-test"]


def check_split_files(
    train: Path,
    test: Path,
    *,
    group_columns: list[str],
    columns: list[str],
    near_duplicates: float,
    generic_brands: list[str] | None = None,
    placeholders: list[str] | None = None,
    brand_aliases: Path | None = None,
    id_column: str | None = None,
    progress: Told | None = None,
) -> Checked:
    """Whether anything leaks between two files, made by anyone.

    With no columns named: ``brand`` where both have it, and ``title`` (with ``description``)
    where both have them. No other column is read into memory.

    Parameters
    ----------
    brand_aliases
        A file with names of one brand (`read_aliases`). Without it, files of one export are
        checked with those of its manifest.

    Raises
    ------
    InputError
        If a file cannot be read, lacks a column, or both share none to compare.
    """
    check_threshold(near_duplicates)
    named = [part.strip() for name in columns for part in (name, *name.split(","))]
    only = [*_READ, *group_columns, *named]
    left, right = (read_file(f, id_column=id_column, only=only) for f in (train, test))
    both = [c for c in left.columns if c in right.columns]
    groups = group_columns or [c for c in ("brand",) if c in both]
    texts = columns or [c for c in ("title", "description") if c in both]
    if not groups and not texts:
        raise InputError(
            f"{train} and {test}: nothing to compare. Both have: {', '.join(both) or 'no column'}. "
            "Pass --group-column or --text-columns."
        )
    for file in (left, right):
        every = pl.DataFrame(schema=file.columns)  # those that were not read, too
        require_columns(file.path, every, groups)
        texts = text_columns(texts, file.path, every) if texts else []
    aliases, notes = _aliases(brand_aliases, train, test)
    if brand_aliases is not None:
        require_brand_column(groups, aliases)
    settings = CertifySettings(
        group_columns=groups,
        text_columns=cumulative(texts) if texts else [],
        near_duplicates=near_duplicates,
        generic_brands=generic_brands or [],
        placeholders=placeholders or [],
        brand_aliases=aliases,
    )
    found = find_leaks(
        left.frame, right.frame, settings, left_ids=left.ids, right_ids=right.ids, progress=progress
    )  # fmt: skip
    sides = {"train": left, "test": right}
    certificate = Certificate(
        {"train-test": found},
        {name: _facts(file) for name, file in sides.items()},
        settings,
        tables_of({name: _with_path(file.frame) for name, file in sides.items()}, settings),
    )
    return Checked(certificate, [*left.notes, *right.notes, *notes])


def _aliases(given: Path | None, train: Path, test: Path) -> tuple[list[list[str]], list[str]]:
    """Names of one brand, and where they are from."""
    if given is not None:
        return read_aliases(given), []
    found = manifest_aliases(train, test)
    if not found:
        return [], []
    told = counted(len(found), "group")
    return found, [f"{told} of names of one brand, from the manifest of the export"]


def _facts(file: PlainFile) -> dict[str, object]:
    return {
        "file": file.path.name,
        "n_rows": file.frame.height,
        "sha256": sha256_of(file.path),
    }


def _with_path(frame: pl.DataFrame) -> pl.DataFrame:
    """The category as one text, whatever the file calls and keeps it as."""
    name = next((c for c in ("category_path", "category") if c in frame.columns), None)
    if name is None:
        return frame
    held = frame.schema[name]
    if isinstance(held, pl.List):
        return frame.with_columns(pl.col(name).cast(pl.List(pl.String)).alias("category_path"))
    parts = pl.col(name).cast(pl.String).str.split(" > ").alias("category_path")
    return frame.with_columns(parts)
