"""Any tabular file into one raw Parquet table, and a quarantine of what could not be read."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import itertools
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from catalog.errors import InputError
from curation.sources.encoding import (
    as_utf8,
    guess_encoding,
    open_bytes,
    plain_path,
    scratch_path,
)

QUARANTINE_SCHEMA = pl.Schema(
    {"file": pl.String(), "line": pl.Int64(), "reason": pl.String(), "raw": pl.String()}
)
DELIMITERS = (",", "\t", ";", "|")
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".xls": "xlsx",
}
_MOST_QUARANTINED = 0.5


@dataclass(frozen=True)
class ReadOptions:
    """What a person overrules; None is "guess it"."""

    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class RawTable:
    """One file as read.

    Attributes
    ----------
    parquet
        The rows, as a Parquet file in the scratch folder (or the source itself).
    quarantine
        The rows that could not be read: `QUARANTINE_SCHEMA`.
    facts
        What was guessed: format, delimiter, encoding, rows, columns.
    """

    parquet: Path
    quarantine: pl.DataFrame
    facts: dict[str, Any]

    def scan(self) -> pl.LazyFrame:
        """The rows, lazily."""
        return pl.scan_parquet(self.parquet)


def read_table(path: Path, options: ReadOptions, scratch: Path) -> RawTable:
    """Read CSV, TSV, JSON Lines, JSON, Parquet or XLSX, ``.gz`` included for text.

    Parameters
    ----------
    path
        The file.
    scratch
        A folder for the Parquet table and other temporary files.

    Raises
    ------
    InputError
        If there is no such file, it is empty, it is not of its format, or more than half
        of its rows cannot be read.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file. Check the path.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, a file was expected.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty. Expected a header line and rows.")
    form = options.format or _format_of(path)
    if form not in _READERS:
        raise InputError(f"format {form!r} is not known. Expected {', '.join(_READERS)}.")
    try:
        table = _READERS[form](path, options, scratch)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: the archive ends early or is damaged ({error}).") from error
    n_bad, n_good = table.quarantine.height, int(table.facts["n_rows"])
    if n_bad > _MOST_QUARANTINED * (n_bad + n_good):
        first = table.quarantine.row(0, named=True)
        raise InputError(
            f"{path}, line {first['line']}: {first['reason']}; {n_bad:,} of {n_bad + n_good:,} rows "
            f"cannot be read as {form} with {_how(table.facts)}. Pass --delimiter, --encoding or "
            "--format."
        )
    if n_good == 0:
        raise InputError(f"{path} has a header and no rows.")
    return table


def _how(facts: dict[str, Any]) -> str:
    told = [f"{key} {facts[key]!r}" for key in ("delimiter", "encoding") if key in facts]
    return " and ".join(told) or "its own settings"


def _format_of(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    if suffixes and suffixes[-1] in FORMATS:
        return FORMATS[suffixes[-1]]
    with open_bytes(path) as file:
        start = file.read(4096).lstrip()
    if start[:4] == b"PAR1":
        return "parquet"
    if start[:2] == b"PK":
        return "xlsx"
    return {b"{": "jsonl", b"[": "json"}.get(start[:1], "csv")


def _read_csv(path: Path, options: ReadOptions, scratch: Path) -> RawTable:
    encoding = options.encoding or guess_encoding(path)
    plain = as_utf8(path, encoding, scratch)
    head = _head(plain)
    delimiter = options.delimiter or _guess_delimiter(path, head)
    if delimiter == "\\t":
        delimiter = "\t"
    if len(delimiter) != 1:
        raise InputError(f"delimiter {delimiter!r}: expected one character.")
    header = next(csv.reader(io.StringIO(head), delimiter=delimiter))
    if len(header) == 1 and options.delimiter is not None:
        better = _guess_delimiter(path, head)
        if better != delimiter:
            raise InputError(
                f"{path}, line 1: one column with delimiter {delimiter!r}, found {head[:60]!r}. "
                f"It looks like {better!r}: pass --delimiter {better!r}."
            )
    columns = _column_names(header)
    target = scratch_path(path, scratch, ".parquet")
    source = (
        f"read_csv({sql_text(plain)}, columns={_struct(columns)}, delim={sql_text(delimiter)}, "
        "quote='\"', escape='\"', header=true, auto_detect=false, store_rejects=true, "
        "rejects_limit=0, strict_mode=true, max_line_size=33554432)"
    )
    with duckdb.connect() as database:
        try:
            database.execute(_copy(source, target))
        except duckdb.Error as error:
            raise unreadable(path, "CSV", error) from error
        rejects = database.sql(
            "select line_byte_position as position, error_type, error_message, csv_line "
            "from reject_errors order by file_id, line_byte_position, byte_position"
        ).fetchall()
    quarantine = _quarantined(path, plain, rejects)
    facts = {"format": "csv", "delimiter": delimiter, "encoding": encoding}
    return _table(target, quarantine, facts)


def _head(path: Path) -> str:
    with path.open("r", encoding="utf-8", errors="replace", newline="") as file:
        return file.read(1 << 16).removeprefix("\ufeff")


def _guess_delimiter(path: Path, head: str) -> str:
    """The delimiter that gives most rows the same number of fields, and more than one."""
    order = ("\t", *DELIMITERS) if ".tsv" in path.suffixes else DELIMITERS

    def quality(delimiter: str) -> tuple[float, int]:
        rows = itertools.islice(csv.reader(io.StringIO(head), delimiter=delimiter), 200)
        try:
            widths = [len(row) for row in rows if row]
        except csv.Error:
            return 0.0, 0
        width = widths[0] if widths else 0
        return (widths.count(width) / len(widths), width) if width > 1 else (0.0, 0)

    return max(dict.fromkeys(order), key=quality)


def _column_names(header: list[str]) -> list[str]:
    names: list[str] = []
    for position, name in enumerate(header, 1):
        name = name.strip() or f"column_{position}"
        unique, n = name, 2
        while unique.casefold() in {n.casefold() for n in names}:
            unique, n = f"{name}_{n}", n + 1
        names.append(unique)
    return names


def _quarantined(path: Path, plain: Path, rejects: list[tuple[int, str, str, str]]) -> pl.DataFrame:
    """The rejected records, with the line of the file that each starts on."""
    reasons: dict[int, tuple[list[str], str]] = {}
    for position, kind, message, raw in rejects:
        told, _ = reasons.setdefault(position, ([], raw))
        told.append(f"{kind.lower()}: {message}")
    rows, line, seen = [], 1, 0
    with plain.open("rb") as file:
        for position in sorted(reasons):
            told, raw = reasons[position]
            start = _start_of_record(file, position)
            line += _newlines(file, seen, start)
            seen = start
            file.seek(start)
            text = file.read(len(raw.encode("utf-8"))).decode("utf-8", "backslashreplace")
            rows.append((str(path), line, "; ".join(dict.fromkeys(told)), text.strip("\r\n")))
    return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")


def _start_of_record(file: Any, position: int) -> int:
    """The reader's position may stand one byte off: on the line end before, or one inside."""
    file.seek(max(0, position - 1))
    around = file.read(3)
    if position > 0 and around[:1] not in (b"\n", b"") and around[1:2] not in (b"\n", b"\r"):
        return position - 1
    while around[1:2] in (b"\n", b"\r"):
        position, around = position + 1, around[1:]
    return position


def _newlines(file: Any, start: int, end: int) -> int:
    file.seek(start)
    count = 0
    while start < end:
        block = file.read(min(1 << 22, end - start))
        count += block.count(b"\n")
        start += len(block)
    return count


def _read_jsonl(path: Path, options: ReadOptions, scratch: Path) -> RawTable:
    encoding = options.encoding or guess_encoding(path)
    plain = as_utf8(path, encoding, scratch)
    target = scratch_path(path, scratch, ".parquet")
    lines = (
        f"(select row_number() over () as line, column0 as raw from read_csv({sql_text(plain)}, "
        "columns={'column0': 'VARCHAR'}, delim='\\x01', quote='', escape='', header=false, "
        "auto_detect=false, max_line_size=268435456, strict_mode=false) )"
    )
    bad = "not (json_valid(raw) and starts_with(ltrim(raw), '{'))"
    with duckdb.connect() as database:
        try:
            rejected = database.execute(
                f"select line, raw from {lines} where trim(coalesce(raw, '')) != '' and {bad}"
            ).fetchall()
            if rejected:
                clean = scratch_path(path, scratch, ".clean.jsonl")
                database.execute(
                    f"copy (select raw from {lines} where raw is not null and not ({bad})) "
                    f"to {sql_text(clean)} (format csv, header false, quote '', escape '', delim '\\x01')"
                )
                plain = clean
            if plain.stat().st_size == 0:
                database.execute(f"copy (select 1 as empty limit 0) to {sql_text(target)}")
            else:
                source = (
                    f"read_json({sql_text(plain)}, format='newline_delimited', sample_size=-1, "
                    "maximum_object_size=268435456, convert_strings_to_integers=false)"
                )
                database.execute(_copy(source, target))
        except duckdb.Error as error:
            raise unreadable(path, "JSON Lines", error) from error
    rows = [(str(path), line, _why_not_json(raw), raw) for line, raw in rejected]
    quarantine = pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")
    return _table(target, quarantine, {"format": "jsonl", "encoding": encoding})


def _why_not_json(raw: str) -> str:
    try:
        value = json.loads(raw)
    except ValueError as error:
        return f"invalid json: {error}"
    return f"expected a json object, found {type(value).__name__}"


def _read_json(path: Path, options: ReadOptions, scratch: Path) -> RawTable:
    encoding = options.encoding or guess_encoding(path)
    plain = as_utf8(path, encoding, scratch)
    try:
        data = json.loads(plain.read_bytes())
    except ValueError as error:
        raise InputError(
            f"{path}: not JSON. {error}. For one object a line, pass --format jsonl."
        ) from error
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        data = lists[0] if len(lists) == 1 else [data]
    rows = [json.dumps(row) for row in data if isinstance(row, dict)]
    others = [
        (str(path), number, f"expected a json object, found {type(row).__name__}", json.dumps(row))
        for number, row in enumerate(data, 1)
        if not isinstance(row, dict)
    ]
    lines = scratch_path(path, scratch, ".lines.jsonl")
    lines.write_text("\n".join(rows), "utf-8")
    quarantine = pl.DataFrame(others, schema=QUARANTINE_SCHEMA, orient="row")
    if not rows:
        raise InputError(f"{path}: expected a list of objects, found {type(data).__name__}.")
    table = _read_jsonl(lines, ReadOptions(encoding="utf-8"), scratch)
    return RawTable(table.parquet, quarantine, {**table.facts, "format": "json"})


def _read_parquet(path: Path, options: ReadOptions, scratch: Path) -> RawTable:
    try:
        plain = plain_path(path, scratch)
        return _table(plain, pl.DataFrame(schema=QUARANTINE_SCHEMA), {"format": "parquet"})
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not a Parquet file. {first_line(error)}") from error


def _read_xlsx(path: Path, options: ReadOptions, scratch: Path) -> RawTable:
    try:
        sheet: dict[str, Any] = {"sheet_name": options.sheet} if options.sheet else {"sheet_id": 1}
        frame = pl.read_excel(path, engine="calamine", infer_schema_length=None, **sheet)
    except Exception as error:  # the reader's own exceptions share no base class
        raise InputError(f"{path}: not a readable spreadsheet. {first_line(error)}") from error
    target = scratch_path(path, scratch, ".parquet")
    frame.write_parquet(target)
    facts = {"format": "xlsx", "sheet": options.sheet or "first"}
    return _table(target, pl.DataFrame(schema=QUARANTINE_SCHEMA), facts)


_READERS: dict[str, Callable[[Path, ReadOptions, Path], RawTable]] = {
    "csv": _read_csv,
    "tsv": _read_csv,
    "jsonl": _read_jsonl,
    "json": _read_json,
    "parquet": _read_parquet,
    "xlsx": _read_xlsx,
}


def _table(parquet: Path, quarantine: pl.DataFrame, facts: dict[str, Any]) -> RawTable:
    rows = pl.scan_parquet(parquet)
    n_rows = int(rows.select(pl.len()).collect().item())
    columns = rows.collect_schema().names()
    return RawTable(parquet, quarantine, {**facts, "n_rows": n_rows, "columns": columns})


def unreadable(path: Path, what: str, error: duckdb.Error) -> Exception:
    """The file's fault, unless it is our own copy that could not be written."""
    if "write" in str(error).lower() and isinstance(error, duckdb.IOException):
        return OSError(errno.ENOSPC, first_line(error))
    return InputError(f"{path}: not readable as {what}. {first_line(error)}")


def sql_text(value: object) -> str:
    """A value as a text of SQL, quoted."""
    return "'" + str(value).replace("'", "''") + "'"


def _struct(columns: list[str]) -> str:
    return "{" + ", ".join(f"{sql_text(name)}: 'VARCHAR'" for name in columns) + "}"


def _copy(source: str, target: Path) -> str:
    return f"copy (from {source}) to {sql_text(target)} (format parquet, compression zstd)"


def first_line(error: Exception) -> str:
    """The first line of what an error says; its name where it says nothing."""
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
