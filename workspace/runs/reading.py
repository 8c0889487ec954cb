"""Gold, predictions and run cards from files, strictly: one clear line, or every row."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.querying import querying
from curation.sources.encoding import as_utf8, guess_encoding, open_bytes
from curation.sources.files import FORMATS, ReadOptions, read_table
from evaluation.answers.contract import PREDICTION_SCHEMA, RunCard, run_card
from evaluation.answers.json_text import is_strict_json
from evaluation.tasks import TASKS

KEYS = ("example_id", "record_id", "id")
_JSON_LINES = ("jsonl", "json")
_PICKLES = tuple(bytes([0x80, version]) for version in range(2, 6))


def read_rows(path: Path, columns: Iterable[str], *, key: str | None = None) -> pl.DataFrame:
    """Some columns of a JSON Lines, JSON, CSV, TSV, Parquet or XLSX file, every row of it.

    Unlike a catalog, of which unreadable rows go to a quarantine, predictions and gold are read
    whole or refused: a row that is silently missing would change the score.

    Parameters
    ----------
    columns
        Which to read where they are there. In JSON, objects and lists come as JSON text.
    key
        The column that becomes ``example_id``; the first of ``example_id``, ``record_id`` and
        ``id`` where it is None.

    Raises
    ------
    InputError
        If the file is missing, empty, a pickle, cut off, or holds a row that cannot be read;
        if the key is not there.
    """
    path = Path(path)
    form = _format_of(path)
    with tempfile.TemporaryDirectory() as scratch:
        if form in _JSON_LINES:
            lines = _json_lines(path, form, Path(scratch))
            found = _keys_of(lines)
            wanted = _wanted(path, found, columns, key)
            return _members(lines, wanted)
        table = read_table(path, ReadOptions(format=form), Path(scratch))
        if table.quarantine.height:
            first = table.quarantine.row(0, named=True)
            raise InputError(f"{path}, line {first['line']}: {first['reason']}. Nothing was read.")
        wanted = _wanted(path, table.facts["columns"], columns, key)
        return table.scan().select(pl.col(old).alias(new) for new, old in wanted.items()).collect()


def _format_of(path: Path) -> str:
    if not path.exists():
        raise InputError(f"{path}: no such file. Check the path.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, a file was expected.")
    with open_bytes(path) as file:
        start = file.read(512)
    if not start.strip():
        raise InputError(f"{path} is empty. Expected one row for each example.")
    if start[:2] in _PICKLES:
        raise InputError(
            f"{path} is a pickle, and opening one can run any code: it is not read. Write JSON "
            "Lines or Parquet."
        )
    if start[:4] == b"PAR1":
        return "parquet"
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    form = FORMATS.get(suffixes[-1]) if suffixes else None
    return form or {b"{": "jsonl", b"[": "json"}.get(start.lstrip()[:1], "csv")


def _json_lines(path: Path, form: str, scratch: Path) -> pl.Series:
    """Every line of a file that is one strict JSON object; raises at the first that is not."""
    plain = as_utf8(path, guess_encoding(path), scratch)
    if form == "json":
        return _json_list(path, plain)
    try:
        frame = pl.read_lines(plain, glob=False, row_index_name="number", row_index_offset=1)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not text in one encoding. Write it as UTF-8.") from error
    frame = frame.filter(pl.col("line").str.strip_chars() != "")
    if frame.is_empty():
        raise InputError(f"{path} is empty. Expected one row for each example.")
    lines = frame["line"].str.strip_chars()
    bad = (~is_strict_json(lines) | ~lines.str.starts_with("{")).arg_true()
    if len(bad):
        first = int(bad[0])
        is_last = first == frame.height - 1 and len(bad) == 1
        _refuse_line(path, int(frame["number"][first]), str(lines[first]), is_last=is_last)
    return lines


def _json_list(path: Path, plain: Path) -> pl.Series:
    body = _strict_json(path, plain.read_text("utf-8"))
    if isinstance(body, dict):
        lists = [value for value in body.values() if isinstance(value, list)]
        body = lists[0] if len(lists) == 1 else [body]
    if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        raise InputError(f"{path}: expected a list of objects, one for each example.")
    if not body:
        raise InputError(f"{path} is empty. Expected one row for each example.")
    return pl.Series("line", [json.dumps(row, ensure_ascii=False) for row in body], dtype=pl.String)


def _refuse_line(path: Path, number: int, line: str, *, is_last: bool) -> None:
    start = f"{path}, line {number}"
    if not line.startswith("{"):
        raise InputError(f"{start}: expected one JSON object a line, found {line[:60]!r}.")
    try:
        json.loads(line, parse_constant=_refuse_constant)
    except ValueError as error:
        if is_last and not line.endswith("}"):
            raise InputError(
                f"{start}: the last line is cut off, {line[-40:]!r}. The file was not written to "
                "its end: copy or predict it again."
            ) from error
        raise InputError(f"{start}: not JSON: {error}.") from error
    raise InputError(f"{start}: not JSON: a character that no text can hold.")


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value, write null")


def _strict_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}.") from error


def _keys_of(lines: pl.Series) -> list[str]:
    """Every key of the objects, in the order of their first row."""
    with querying() as database:
        database.register("given", lines.rename("line").to_frame().to_arrow())
        rows = database.sql("select distinct unnest(json_keys(line)) as key from given").fetchall()
        first = database.sql("select unnest(json_keys(line)) from given limit 1000").fetchall()
    order = list(dict.fromkeys(key for (key,) in first))
    return [*order, *sorted(key for (key,) in rows if key not in order)]


def _members(lines: pl.Series, wanted: dict[str, str]) -> pl.DataFrame:
    parts = ", ".join(
        f"json_extract_string(line, {_text(_pointer(old))}) as {_name(new)}"
        for new, old in wanted.items()
    )
    with querying() as database:
        given = lines.rename("line").to_frame().with_row_index()
        database.register("given", given.to_arrow())
        rows: pl.DataFrame = database.sql(f"select {parts} from given order by index").pl()
    return rows


def _wanted(
    path: Path, found: list[str], columns: Iterable[str], key: str | None
) -> dict[str, str]:
    """New name -> column of the file, the key first."""
    if key is not None and key not in found:
        raise InputError(f"{path}: no column {key!r}. Found: {', '.join(found)}.")
    key = key or next((name for name in KEYS if name in found), None)
    if key is None:
        raise InputError(
            f"{path}: no column 'example_id'. Found: {', '.join(found)}. Pass --key COLUMN."
        )
    wanted = {"example_id": key}
    wanted.update({name: name for name in columns if name in found and name != "example_id"})
    return wanted


def _pointer(key: str) -> str:
    """The JSON pointer of a member, whatever characters its key has."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def read_predictions(path: Path, *, key: str | None = None) -> pl.DataFrame:
    """The prediction columns of a file; ``category`` stands for ``category_path`` where alone."""
    return _with_path(read_rows(path, [*PREDICTION_SCHEMA, "category"], key=key))


def read_gold(
    path: Path,
    *,
    cluster_column: str | None = None,
    key: str | None = None,
    also: Iterable[str] = (),
) -> pl.DataFrame:
    """The gold columns of a file, the column to cluster by, and others where they are there."""
    columns = ["category_path", "category", "attributes", "label", "example_hash", *also]
    columns += [name for kind in TASKS.values() for name in kind.sources]
    if cluster_column is not None:
        columns.append(cluster_column)
    rows = read_rows(path, columns, key=key)
    if cluster_column is not None and cluster_column not in rows.columns:
        raise InputError(
            f"{path}: no column {cluster_column!r} to cluster by. Pass --cluster-column with one "
            "that the gold file has."
        )
    return _with_path(rows, keep=cluster_column)


def _with_path(rows: pl.DataFrame, keep: str | None = None) -> pl.DataFrame:
    if "category" not in rows.columns or "category_path" in rows.columns:
        return rows
    named = rows.with_columns(pl.col("category").alias("category_path"))
    return named if keep == "category" else named.drop("category")


def read_card(path: Path) -> RunCard:
    """The run card of a file.

    Raises
    ------
    InputError
        If it is missing, not JSON, or not a card.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as JSON. Expected the run's run.json.") from error
    return run_card(_strict_json(path, text), str(path))
