"""Lines of MAVE's form into a Parquet file, and those that are not of it into a quarantine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.sources.encoding import as_utf8, byte_order_mark, plain_path
from curation.sources.files import QUARANTINE_SCHEMA, sql_text, unreadable
from curation.sources.lines import count_line_ends, count_lines, pick_lines
from curation.sources.looks import split_of

FIELDS = {
    "id": "VARCHAR",
    "category": "VARCHAR",
    "paragraphs": 'STRUCT("text" VARCHAR, source VARCHAR)[]',
    "attributes": 'STRUCT("key" VARCHAR, evidences STRUCT("value" VARCHAR, pid INTEGER, '
    '"begin" INTEGER, "end" INTEGER)[])[]',
}
ROW_GROUP = 100_000
_MOST_BROKEN = 0.5


@dataclass(frozen=True)
class Form:
    """What a line must hold, and what is kept of it.

    Attributes
    ----------
    select
        The columns to keep, in SQL over `FIELDS` and ``split_hint``.
    whole
        Whether a line is whole, in SQL.
    why_not
        What is wrong with a JSON object that is not whole.
    """

    select: str
    whole: str
    why_not: Callable[[dict[str, object]], str]


def copy_lines(files: list[Path], form: Form, target: Path) -> tuple[int, pl.DataFrame]:
    """Write the whole lines of files, in order, to a Parquet file.

    Returns
    -------
    How many lines there were that are not blank, and those that are not whole:
    ``file, line, reason, raw``.

    Raises
    ------
    InputError
        If a file cannot be read to its end, or more than half of the lines are not whole.
    """
    scratch = target.parent
    plain = [_plain(file, scratch) for file in files]
    lines = _lines(files, plain)
    with duckdb.connect() as database:
        bound_memory(database, scratch, 2)
        try:
            database.execute(
                f"copy (select {form.select} from {lines} where {form.whole}) to "
                f"{sql_text(target)} (format parquet, compression zstd, compression_level 1, row_group_size {ROW_GROUP})"
            )
            n_rows = pl.scan_parquet(target).select(pl.len()).collect().item()
            if n_rows == sum(count_line_ends(file) for file in plain):
                return n_rows, pl.DataFrame(schema=QUARANTINE_SCHEMA)
            counts = [count_lines(file) for file in plain]
            if n_rows == sum(counts):
                return n_rows, pl.DataFrame(schema=QUARANTINE_SCHEMA)
            broken = database.execute(
                f"select row from (select row_number() over () - 1 as row, {form.whole} as whole "
                f"from {lines}) where whole is not true order by row"
            ).fetchall()
        except duckdb.Error as error:
            raise unreadable(_cut(files), "JSON Lines", error) from error
    n_lines = sum(counts)
    quarantine = _quarantined(files, plain, counts, [row for (row,) in broken], form)
    if quarantine.height > _MOST_BROKEN * n_lines:
        where, line, reason, _ = quarantine.row(0)
        raise InputError(
            f"{where}, line {line}: {reason}; so are {quarantine.height:,} of {n_lines:,} lines. "
            f"Expected JSON objects with {', '.join(FIELDS)}."
        )
    return n_lines, quarantine


def _plain(file: Path, scratch: Path) -> Path:
    mark = byte_order_mark(file)
    return as_utf8(file, mark, scratch) if mark else plain_path(file, scratch)


def bound_memory(database: duckdb.DuckDBPyConnection, scratch: Path, n_gib: int) -> None:
    """Let a connection use so much memory, and the scratch folder for what is more."""
    database.execute(f"set memory_limit = '{n_gib}GiB'")
    database.execute(f"set temp_directory = {sql_text(scratch)}")


def _cut(files: list[Path]) -> Path:
    """The first file that cannot be read to its end."""
    for file in files:
        try:
            count_lines(file)
        except (OSError, EOFError):
            return file
    return files[0]


def _lines(files: list[Path], plain: list[Path]) -> str:
    columns = ", ".join(f"{name}: {sql_text(kind)}" for name, kind in FIELDS.items())
    names = ", ".join(sql_text(file) for file in plain)
    hints = " ".join(
        f"when {sql_text(copy)} then {sql_text(split)}"
        for file, copy in zip(files, plain, strict=True)
        if (split := split_of(file))
    )
    hint = f"case filename {hints} end" if hints else "cast(null as varchar)"
    return (
        f"(select *, {hint} as split_hint from read_json([{names}], format='newline_delimited', "
        f"ignore_errors=true, filename=true, columns={{{columns}}}))"
    )


def _quarantined(
    files: list[Path], plain: list[Path], counts: list[int], broken: list[int], form: Form
) -> pl.DataFrame:
    rows = []
    ends = np.cumsum(counts)
    for file, copy, begin, end in zip(files, plain, ends - counts, ends, strict=True):
        here = [row - int(begin) for row in broken if begin <= row < end]
        for line, raw in pick_lines(copy, here) if here else []:
            rows.append((str(file), line, _reason(raw, form), raw))
    return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")


def _reason(raw: str, form: Form) -> str:
    try:
        row = json.loads(raw)
    except ValueError as error:
        return f"invalid JSON: {error}"
    if not isinstance(row, dict):
        return f"expected a JSON object, found {type(row).__name__}"
    return form.why_not(row)


def _texts(source: str) -> str:
    return f"[p.text for p in paragraphs if p.source = '{source}']"


def _lacks(row: dict[str, object]) -> str:
    if row.get("id") is None:
        return "no id"
    if not row.get("paragraphs") or not isinstance(row["paragraphs"], list):
        return "no paragraphs"
    return "attributes are not a list of {key, evidences}"


def record_columns() -> str:
    """The columns of a record, in SQL over `FIELDS` and ``split_hint``."""
    strings = "cast(null as varchar[])"
    return f"""
        id as record_id, 'attribute_extraction' as task,
        {_texts("title")}[1] as title,
        nullif(array_to_string({_texts("description")}, ' '), '') as description,
        {_texts("brand")}[1] as brand,
        cast(null as double) as price, cast(null as varchar) as currency,
        {strings} as image_urls, paragraphs,
        case when category is not null then [category] end as category_path, attributes,
        cast(null as varchar) as instruction, cast(null as varchar) as query,
        cast(null as varchar) as question, {strings} as context, {strings} as options,
        cast(null as varchar) as target,
        cast(null as struct(kind varchar, "value" varchar)[]) as identifiers,
        split_hint, cast(null as varchar) as extra
    """


FULL = Form(
    record_columns(), "id is not null and len(paragraphs) > 0 and attributes is not null", _lacks
)
LABELS = Form(
    "id, category, attributes, split_hint",
    "id is not null and attributes is not null",
    lambda row: _lacks({**row, "paragraphs": ["any"]}),
)
