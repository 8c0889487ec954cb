"""Files of JSON objects, or tables as such, one document a row, whatever the file format.

A document keeps every field as it was written, so that a source with nested or irregular
fields is mapped by JSON paths and its rest goes to ``extra`` without loss.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from catalog.errors import InputError
from catalog.querying import querying
from catalog.records import conform
from catalog.wording import counted
from curation.sources.encoding import as_utf8, guess_encoding
from curation.sources.files import QUARANTINE_SCHEMA, ReadOptions, read_table
from curation.sources.literals import NOT_A_NUMBER, as_json
from curation.sources.looks import look_at, split_of
from curation.sources.result import LoadResult

_LARGEST = 1 << 28
_MOST_QUARANTINED = 0.5
_SHOWN = 2000
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}


@dataclass(frozen=True)
class Documents:
    """Documents of one or several files.

    Attributes
    ----------
    parquet
        ``nr`` (from 0, over all files), ``file`` (its number), ``line``, ``hint`` (the split
        that the file is named after, or null), ``made`` (a hash of the document), ``doc``.
    quarantine
        What could not be read: `QUARANTINE_SCHEMA`.
    n_repeated
        Documents left out as an earlier file has them.
    """

    parquet: Path
    quarantine: pl.DataFrame
    facts: list[dict[str, Any]]
    n_rows: int
    n_repeated: int

    @property
    def table(self) -> str:
        """The rows, as SQL names them."""
        return f"read_parquet({quoted(self.parquet)})"


def read_documents(
    paths: list[Path], options: ReadOptions, scratch: Path, *, is_list: bool = False
) -> Documents:
    """Read JSON Lines, a JSON array, CSV, Parquet or XLSX as documents.

    A document that an earlier *file* has, letter for letter, is left out and counted: a
    sample beside the whole is common. Within one file nothing is left out.

    Parameters
    ----------
    is_list
        Whether each document is a JSON list instead of an object.

    Raises
    ------
    InputError
        If a file is missing, empty, damaged, or more than half of it cannot be read.
    """
    parts, bad, facts = [], [pl.DataFrame(schema=QUARANTINE_SCHEMA)], []
    for number, path in enumerate(paths):
        folder = scratch / f"file-{number}"
        folder.mkdir(exist_ok=True)
        part, quarantine, fact = _read_one(path, options, folder, "[" if is_list else "{")
        n_good = int(pl.scan_parquet(part).select(pl.len()).collect().item())
        if quarantine.height > _MOST_QUARANTINED * (n_good + quarantine.height):
            first = quarantine.row(0, named=True)
            raise InputError(
                f"{path}, line {first['line']}: {first['reason']}; {quarantine.height:,} of "
                f"{n_good + quarantine.height:,} rows cannot be read. Is it another --kind?"
            )
        parts.append(part)
        bad.append(quarantine)
        facts.append({"path": str(path), **fact, "n_rows": n_good})
    hints = [split_of(path) for path in paths]
    target = scratch / "documents.parquet"
    n_rows, n_read = _joined(parts, hints, target), sum(fact["n_rows"] for fact in facts)
    if not n_rows:
        raise InputError(f"{paths[0]} has no rows.")
    return Documents(target, pl.concat(bad), facts, n_rows, n_read - n_rows)


def _read_one(
    path: Path, options: ReadOptions, scratch: Path, opening: str
) -> tuple[Path, pl.DataFrame, dict[str, Any]]:
    if not path.is_file():
        raise InputError(f"{path}: no such file. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty. Expected rows.")
    look = look_at(path)
    form = options.format or (look.form if look.form in ("json", "jsonl") else None)
    form = form or _SUFFIXES.get(Path(path.name.removesuffix(".gz")).suffix.lower())
    target = scratch / "documents.parquet"
    if form not in ("json", "jsonl"):
        table = read_table(path, options, scratch)
        source = f"(select row_number() over () as line, to_json(t)::varchar as doc from {_table_of(table.parquet)} t)"
        _execute(
            path,
            f"copy (select line, doc from {source}) to {quoted(target)} (format parquet, compression zstd)",
        )
        facts = {k: v for k, v in table.facts.items() if k not in ("n_rows", "columns")}
        return target, table.quarantine, facts
    try:
        encoding = options.encoding or guess_encoding(path)
        plain = as_utf8(path, encoding, scratch)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path}: the archive ends early or is damaged ({error}).") from error
    source = _lines(plain) if form == "jsonl" else _array(plain)
    is_good = f"(json_valid(doc) and starts_with(ltrim(doc), '{opening}'))"
    kept = f"select line, doc from ({source}) where {is_good}"
    _execute(path, f"copy ({kept}) to {quoted(target)} (format parquet, compression zstd)")
    _without_nan(target)
    shape = "list" if opening == "[" else "object"
    rejected = _execute(
        path,
        f"select line, left(doc, {_SHOWN}), json_valid(doc) from ({source}) "
        f"where trim(coalesce(doc, '')) != '' and not {is_good}",
    )
    rows = [
        (str(path), line, f"expected a JSON {shape}" if is_json else "invalid JSON", raw)
        for line, raw, is_json in rejected
    ]
    quarantine = pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")
    return target, quarantine, {"format": form, "encoding": encoding}


def _without_nan(parquet: Path) -> None:
    """Write NaN and infinities, which DuckDB takes for JSON, as null, where there are any."""
    has_nan = pl.col("doc").str.contains(NOT_A_NUMBER)
    if not pl.scan_parquet(parquet).select(has_nan.any()).collect().item():
        return
    rows = pl.read_parquet(parquet, memory_map=False)
    places = rows.select(has_nan).to_series().arg_true()
    docs = rows["doc"].scatter(places, as_json(rows["doc"].gather(places)))
    rows.with_columns(docs.alias("doc")).write_parquet(parquet, compression="zstd")


def _lines(path: Path) -> str:
    return (
        f"select row_number() over () as line, column0 as doc from read_csv({quoted(path)}, "
        "columns={'column0': 'VARCHAR'}, delim='\\x01', quote='', escape='', header=false, "
        f"auto_detect=false, max_line_size={_LARGEST}, strict_mode=false)"
    )


def _array(path: Path) -> str:
    return (
        "select row_number() over () as line, json::varchar as doc from "
        f"read_json_objects({quoted(path)}, format='array', maximum_object_size={_LARGEST})"
    )


def _joined(parts: list[Path], hints: list[str | None], target: Path) -> int:
    """All files as one table; what an earlier file has is left out of the later ones."""
    every = " union all ".join(
        f"select {n} as file, {'null::varchar' if hint is None else quoted(hint)} as hint, line, "
        f"doc, left(md5(doc), 16) as made from {_table_of(part)}"
        for n, (part, hint) in enumerate(zip(parts, hints, strict=True))
    )
    with duckdb.connect() as database:
        database.execute(f"create view every as {every}")
        fresh = "every"
        if len(parts) > 1:
            database.execute(
                "create table firsts as select made, min(file) as file from every group by made"
            )
            fresh = "(select e.* from every e join firsts f on e.made = f.made and e.file = f.file)"
        order = "order by file, line" if len(parts) > 1 else ""
        database.execute(
            f"copy (select row_number() over ({order}) - 1 as nr, file, line, hint, made, doc "
            f"from {fresh} {order}) to {quoted(target)} (format parquet, compression zstd)"
        )
        return int(database.sql(f"select count(*) from {_table_of(target)}").fetchall()[0][0])


def _execute(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with querying() as database:
        try:
            return database.execute(statement).fetchall()
        except duckdb.Error as error:
            told = str(error).strip().splitlines()[0][:200]
            raise InputError(f"{path}: not readable as JSON. {told}") from error


def query(sql: str, target: Path) -> pl.LazyFrame:
    """The rows that a query gives, by way of a Parquet file."""
    with querying() as database:
        database.execute(f"copy ({sql}) to {quoted(target)} (format parquet, compression zstd)")
    return pl.scan_parquet(target)


def field(name: str, doc: str = "doc") -> str:
    """SQL of one member of a document as text: null where absent, null or blank."""
    path = quoted('$."' + name.replace('"', '\\"') + '"')
    return f"nullif(trim(json_extract_string({doc}, {path})), '')"


def member(name: str, doc: str = "doc") -> str:
    """SQL of one member of a document as JSON."""
    path = quoted('$."' + name.replace('"', '\\"') + '"')
    return f"json_extract({doc}, {path})"


def rest(used: list[str], doc: str = "doc") -> str:
    """SQL of a document without the members that were mapped; null where nothing is left."""
    gone = "{" + ", ".join(f'"{name}": null' for name in used) + "}"
    return f"nullif(json_merge_patch({doc}, {quoted(gone)}::json)::varchar, '{{}}')"


def quoted(value: object) -> str:
    """A text as SQL writes it."""
    return "'" + str(value).replace("'", "''") + "'"


def _table_of(path: Path) -> str:
    return f"read_parquet({quoted(path)})"


def finished(
    rows: pl.LazyFrame,
    documents: Documents,
    *,
    figures: dict[str, Any] | None = None,
    notes: list[str] | None = None,
    rejected: pl.DataFrame | None = None,
) -> LoadResult:
    """Records with ids that are unique, and what is to be told of them.

    Parameters
    ----------
    rows
        Record columns and ``wanted`` (the id that the source gives, or null) and ``made``
        (the id to take otherwise), in the order of the documents. A repeated id gets a number
        behind it (``42#2``).
    rejected
        Documents that were read and are no record: `QUARANTINE_SCHEMA`.
    """
    ids = rows.select(
        pl.coalesce("wanted", "made").alias("id"), pl.col("wanted").is_null().alias("is_made")
    ).collect(engine="streaming")
    nth = ids.select(pl.int_range(1, pl.len() + 1).over("id")).to_series()
    n_twice = int((nth > 1).sum())
    if n_twice:
        mark = pl.when("is_made").then(pl.lit("-")).otherwise(pl.lit("#"))
        ids = ids.with_columns(
            pl.when(nth > 1).then(pl.concat_str("id", mark, nth)).otherwise("id").alias("id")
        )
    records = pl.concat(
        [rows, ids.lazy().select(pl.col("id").alias("record_id"))], how="horizontal"
    )
    quarantine = documents.quarantine
    if rejected is not None:
        quarantine = pl.concat([quarantine, rejected.select(QUARANTINE_SCHEMA.names())])
    told = list(notes or [])
    if quarantine.height:
        first = quarantine.row(0, named=True)
        told.insert(
            0,
            f"{counted(quarantine.height, 'row')} could not be read and moved to the quarantine, "
            f"the first at {first['file']}, line {first['line']}: {first['reason']}",
        )
    if documents.n_repeated:
        told.append(
            f"{counted(documents.n_repeated, 'row')} left out: an earlier file has the same"
        )
    if n_twice:
        told.append(f"{counted(n_twice, 'row')} with a repeated id got a number behind it")
    all_figures = {
        "files": documents.facts,
        "n_quarantined": quarantine.height,
        "n_repeated": documents.n_repeated,
        "n_duplicate_ids": n_twice,
        **(figures or {}),
    }
    return LoadResult(conform(records), quarantine, all_figures, told)


def paragraphs(**texts: str) -> pl.Expr:
    """Paragraphs of text columns, ``source=column``; nulls are left out, null where none is."""
    parts = [
        pl.when(pl.col(column).is_not_null()).then(
            pl.struct(text=pl.col(column), source=pl.lit(source))
        )
        for source, column in texts.items()
    ]
    found = pl.concat_list(parts).list.drop_nulls()
    return pl.when(found.list.len() > 0).then(found).alias("paragraphs")


def identifier(kind: str, column: str) -> pl.Expr:
    """A list of one identifier; null where the column is."""
    one = pl.concat_list(pl.struct(kind=pl.lit(kind), value=pl.col(column)))
    return pl.when(pl.col(column).is_not_null()).then(one).alias("identifiers")
