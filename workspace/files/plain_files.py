"""The verbs that take plain files and need no workspace: split, and what they share."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
from pydantic import ValidationError

from catalog.errors import InputError
from catalog.paths import SEPARATOR
from catalog.wording import counted
from curation.duplicates.join import Told
from curation.sources.files import RawTable, ReadOptions, read_table
from curation.splits.certify_settings import group_keys, is_brand_column
from curation.splits.settings import SplitSettings
from curation.splits.split import DROPPED, SplitResult, split_records
from workspace.atomic import full_disk_told, writing_told

ID_NAMES = ("record_id", "example_id", "id")
_KEPT_COLUMNS = ("target", "task", "price", "currency", "language", "lang", "title")
_CATEGORY = ("category_path", "category")


@dataclass(frozen=True)
class PlainFile:
    """A file of any kind as one frame, with the id of each row.

    Attributes
    ----------
    ids
        The file's id column (``record_id``, ``example_id`` or ``id``), else row numbers from 0.
    notes
        What could not be read, counted aloud.
    columns
        All columns of the file, also those that were not read.
    """

    path: Path
    frame: pl.DataFrame
    ids: pl.Series
    format: str
    notes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


def read_file(
    path: Path, *, id_column: str | None = None, only: Iterable[str] | None = None
) -> PlainFile:
    """Read CSV, TSV, JSON Lines, JSON, Parquet or XLSX into memory.

    Parameters
    ----------
    only
        The columns that are needed, of those that are there, beside the id; all if None.

    Raises
    ------
    InputError
        If it cannot be read, or the id column that was named is missing or holds no ids.
    """
    with tempfile.TemporaryDirectory() as scratch:
        table = read_table(path, ReadOptions(), Path(scratch))
        names = table.scan().collect_schema().names()
        wanted = None if only is None else {*only, id_column}
        kept = [n for n in names if wanted is None or n in wanted or n.lower() in ID_NAMES]
        frame = table.scan().select(kept).collect()
    ids, notes = _ids(path, frame, id_column)
    told = [*_unread(path, table), *notes]
    return PlainFile(path, frame, ids, str(table.facts["format"]), told, names)


def columns_of(path: Path) -> list[str]:
    """The columns of a file, whatever stands in them.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return read_table(path, ReadOptions(), Path(scratch)).scan().collect_schema().names()


def _unread(path: Path, table: RawTable) -> list[str]:
    if table.quarantine.is_empty():
        return []
    first = table.quarantine.row(0, named=True)
    return [
        f"{path}: {counted(table.quarantine.height, 'row')} could not be read and left out, the "
        f"first at line {first['line']}: {first['reason']}"
    ]


def _ids(path: Path, frame: pl.DataFrame, id_column: str | None) -> tuple[pl.Series, list[str]]:
    """The ids of the rows; a column that only looks like one must be one to count."""
    if id_column is not None:
        require_columns(path, frame, [id_column])
    lowered = {name.lower(): name for name in reversed(frame.columns)}
    found = id_column or next((lowered[n] for n in ID_NAMES if n in lowered), None)
    numbers = pl.Series("id", range(frame.height), dtype=pl.Int64)
    if found is None:
        return numbers, []
    ids = frame[found]
    if not ids.null_count() and ids.n_unique() == len(ids):
        return ids, []
    if ids.null_count():
        row = int(ids.is_null().arg_max() or 0)
        told = f"{path}: id column {found!r} is empty in row {row + 1}"
    else:
        twice = ids.filter(ids.is_duplicated())[0]
        told = f"{path}: id {twice!r} stands {ids.eq(twice).sum():,} times in column {found!r}"
    if id_column is not None:
        raise InputError(f"{told}. Ids must be unique: name another column with --id-column.")
    return numbers, [f"{told}, so rows are named by their number from 0"]


def require_columns(path: Path, frame: pl.DataFrame, columns: list[str]) -> None:
    """Refuse a file that lacks a column; the message lists what it has."""
    for column in columns:
        if column not in frame.columns:
            raise InputError(
                f"{path}: there is no column {column!r}. Columns: {', '.join(frame.columns)}."
            )


def text_columns(given: list[str], path: Path, frame: pl.DataFrame) -> list[str]:
    """The columns that ``--text-columns`` names: words of their own, or parted by commas."""
    columns = [
        part.strip()
        for name in given
        for part in ([name] if name in frame.columns else name.split(","))
    ]
    require_columns(path, frame, columns)
    if not columns:
        raise InputError("--text-columns: name at least one column.")
    return columns


def require_brand_column(group_columns: list[str], aliases: list[list[str]]) -> None:
    """Refuse names of one brand where no column of brands is compared: they would tie nothing."""
    if aliases and not any(is_brand_column(name) for name in group_columns):
        told = ", ".join(group_columns) or "none"
        raise InputError(
            f"--brand-aliases: no group column is one of brands (--group-column: {told}). Name one "
            "that is called brand, vendor, manufacturer or maker."
        )


def cumulative(columns: list[str]) -> list[list[str]]:
    """The texts that a list of columns means for a split: the first alone, and all together.

    Examples
    --------
    >>> cumulative(["title", "description"])
    [['title'], ['title', 'description']]
    """
    return [columns[:1], columns] if len(columns) > 1 else [columns]


def split_settings(changes: dict[str, Any]) -> SplitSettings:
    """Split settings from options; what is wrong with them in one line."""
    try:
        return SplitSettings(**changes)
    except ValidationError as error:
        told = (
            f"--{str(e['loc'][0]).replace('_', '-')}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise InputError("; ".join(told) + ".") from error


def split_file(
    path: Path,
    out: Path,
    settings: SplitSettings,
    *,
    group_columns: list[str],
    columns: list[str],
    id_column: str | None = None,
    frozen_test: Path | None = None,
    progress: Told | None = None,
) -> dict[str, Any]:
    """Split a file into one file a split, in its own format, no group crossing.

    With no columns named, rows are tied by ``brand`` and by ``title`` (with ``description``), as
    far as the file has them.

    Parameters
    ----------
    frozen_test
        A test set that was cut before: rows with its ids stay in test.

    Raises
    ------
    InputError
        If it cannot be read, a column is missing, nothing ties rows, or the parts would take the place of the files
        that are read; nothing is then written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: --out names the folder for the files of the splits.")
    file = read_file(path, id_column=id_column)
    require_columns(path, file.frame, group_columns)
    group_columns, columns, said = _what_ties(file, group_columns, columns, settings)
    names = text_columns(columns, path, file.frame) if columns else []
    require_brand_column(group_columns, settings.brand_aliases)
    needed = {
        "query": settings.by == "query",
        settings.time_column: settings.by == "time",
        "split_hint": settings.keep_publisher,
    }
    require_columns(path, file.frame, [name for name, is_needed in needed.items() if is_needed])
    is_frozen, gone = (
        (None, []) if frozen_test is None else _frozen_rows(file, frozen_test, id_column)
    )
    suffix = {"xlsx": "csv", "json": "jsonl"}.get(file.format, file.format)
    suffix = path.suffix.lstrip(".") if path.suffix.lower() == ".tsv" else suffix
    for source in (path, frozen_test):
        if source is not None and _is_a_part(source, out, suffix):
            raise InputError(f"{source} would be written over: name another folder with --out.")
    made = _split_plain(file.frame, group_columns, names, settings, is_frozen, progress)
    written = {}
    with full_disk_told(out):
        out.mkdir(parents=True, exist_ok=True)
        for name in [*settings.names, DROPPED]:
            rows = made.assignments.filter(pl.col("split") == name)["row"]
            if name == DROPPED and not len(rows):
                continue
            target = out / f"{name}.{suffix}"
            write_frame(file.frame[rows], target)
            written[name] = str(target)
        for fold in range(1, settings.folds + 1):
            target = out / f"fold-{fold}.{suffix}"
            write_frame(file.frame[made.assignments.filter(pl.col("fold") == fold)["row"]], target)
            written[f"fold {fold}"] = str(target)
        if settings.folds:
            numbered = pl.DataFrame({"id": file.ids, "fold": made.assignments["fold"]})
            write_frame(numbered.drop_nulls(), out / "folds.csv")
            written["folds"] = str(out / "folds.csv")
    asked = {"group_columns": group_columns, "text_columns": names}
    return {
        **made.figures,
        "settings": {**settings.model_dump(mode="json"), **asked},
        "files": written,
        "notes": [*file.notes, *said, *gone, *_without_proportion(file, settings), *made.notes],
    }


def _what_ties(
    file: PlainFile, group_columns: list[str], columns: list[str], settings: SplitSettings
) -> tuple[list[str], list[str], list[str]]:
    """The columns that tie, those that are usual where none is named, and a line that says so.

    Raises
    ------
    InputError
        If nothing would tie rows, and that was not asked for.
    """
    asks_none = settings.by == "none" and not settings.near_duplicates
    if group_columns or columns or asks_none or settings.by == "query":
        return group_columns, columns, []
    held = file.frame.columns
    groups: list[str] = [n for n in ("brand",) if n in held and settings.by == "brand"]
    is_compared = settings.near_duplicates > 0
    texts: list[str] = [n for n in ("title", "description") if n in held and is_compared]
    if groups or texts:
        told = ", ".join([*groups, *texts])
        return groups, texts, [f"no columns named, so rows are tied by {told}"]
    if settings.by == "time":
        return [], [], []
    raise InputError(
        f"{file.path}: nothing ties rows, so copies would cross. Columns: {', '.join(held)}. Name "
        "--group-column or --text-columns; for a random split ask for --by none --near-duplicates 0."
    )


def _is_a_part(source: Path, out: Path, suffix: str) -> bool:
    """Whether a file that is read lies where one of the parts would be written."""
    is_named_so = re.fullmatch(rf"(train|validation|test|dropped|fold-\d+)\.{suffix}", source.name)
    return source.resolve().parent == out.resolve() and is_named_so is not None


def _split_plain(
    frame: pl.DataFrame,
    group_columns: list[str],
    names: list[str],
    settings: SplitSettings,
    is_frozen: np.ndarray | None,
    progress: Told | None,
) -> SplitResult:
    """Any columns in the place of the brand and the texts of a record."""
    keys = {
        f"group:{column}": group_keys(
            frame[column],
            generic=settings.generic_brands,
            aliases=settings.brand_aliases,
            placeholders=settings.placeholders,
        )
        for column in group_columns
    }
    tied = list(keys)
    wanted = [*names, *_KEPT_COLUMNS]
    wanted += ["query"] if settings.by == "query" else []
    wanted += [settings.time_column] if settings.by == "time" else []
    wanted += ["split_hint"] if settings.keep_publisher else []
    held = [name for name in dict.fromkeys(wanted) if name in frame.columns]
    category = category_of(frame)
    keys |= {} if category is None else {"category": category}
    rows = frame.select(pl.int_range(pl.len()).alias("_row"), *held).with_columns(**keys)
    by_query = settings.by == "query"
    exact = settings.model_copy(
        update={
            "by": settings.by if settings.by in ("query", "time") else "none",
            "identifiers": False,
            "queries": by_query,
            "text_columns": cumulative(names) if names else [],
            "near_duplicates": settings.near_duplicates if names or by_query else 0.0,
        }
    )
    return split_records(rows.lazy(), exact, tie_on=tied, is_frozen=is_frozen, progress=progress)


def category_of(frame: pl.DataFrame) -> pl.Series | None:
    """The category of each row as one text, whatever the file calls and keeps it as.

    Examples
    --------
    >>> category_of(pl.DataFrame({"category_path": [["Food", "Tea"]]})).to_list()
    ['Food > Tea']
    """
    name = next((name for name in _CATEGORY if name in frame.columns), None)
    if name is None:
        return None
    held = frame[name]
    if isinstance(held.dtype, pl.List):
        held = held.cast(pl.List(pl.String)).list.join(SEPARATOR)
    return None if held.dtype.is_nested() else held.cast(pl.String).rename("category")


def _without_proportion(file: PlainFile, settings: SplitSettings) -> list[str]:
    """That categories keep no proportion, where there are none under a name that is known."""
    if "category" not in settings.keep or category_of(file.frame) is not None:
        return []
    return [
        f"{file.path.name} has no column {' or '.join(_CATEGORY)}: no category keeps its proportion"
    ]


def _frozen_rows(
    file: PlainFile, frozen_test: Path, id_column: str | None
) -> tuple[np.ndarray, list[str]]:
    """Which rows of a file are in a test set that was cut before, by their ids; and how many are gone."""
    before = read_file(frozen_test, id_column=id_column)
    for each in (file, before):
        name = each.ids.name
        if name not in each.frame.columns or not each.frame[name].equals(each.ids):
            raise InputError(
                f"{each.path}: rows of a frozen test set are known by their ids, and there is no "
                "column of unique ids. Name it with --id-column."
            )
    found = file.ids.cast(pl.String).is_in(before.ids.cast(pl.String).implode())
    if not found.any():
        raise InputError(
            f"{frozen_test}: none of its ids is in {file.path}. Name the id with --id-column."
        )
    n_gone = len(before.ids) - int(found.sum())
    told = f"{counted(n_gone, 'row')} of {frozen_test.name} {'is' if n_gone == 1 else 'are'} not in"
    ties = f"what ties to {'it' if n_gone == 1 else 'them'} is not known"
    gone = [f"{told} {file.path.name}: {ties}"]
    return found.to_numpy(), gone if n_gone else []


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame by the ending of its path: Parquet, CSV, TSV or JSON Lines; whole or not."""
    beside = path.with_name(f".{path.name}.tmp")
    with full_disk_told(path.parent), writing_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if path.suffix == ".parquet":
                frame.write_parquet(beside)
            elif path.suffix in (".jsonl", ".ndjson"):
                frame.write_ndjson(beside)
            elif path.suffix in (".csv", ".tsv", ".txt"):
                frame.write_csv(beside, separator="\t" if path.suffix == ".tsv" else ",")
            else:
                raise InputError(f"{path}: write to .parquet, .csv, .tsv or .jsonl.")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def written_columns(path: Path) -> list[str] | None:
    """The columns of a table that `write_frame` wrote, also of one without rows; None if it is none."""
    try:
        if path.suffix == ".parquet":
            return list(pl.read_parquet_schema(path))
        with path.open(encoding="utf-8") as lines:
            first = lines.readline()
        if path.suffix in (".jsonl", ".ndjson"):
            return list(orjson.loads(first)) if first else []
        return first.rstrip("\r\n").split("\t" if path.suffix == ".tsv" else ",")
    except (OSError, ValueError, TypeError, pl.exceptions.PolarsError):
        return None
