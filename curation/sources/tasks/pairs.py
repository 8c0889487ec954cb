"""Pairs of products that are the same or not.

Read are ditto's lines (`megagonlabs/ditto`: ``COL title VAL … COL price VAL …``, left, right
and label parted by tabs) and tables whose columns come in twos: ``left_title, right_title``,
``ltable_title, rtable_title``, ``title_left, title_right``, ``title_1, title_2``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from catalog.errors import InputError
from curation.sources.documents import (
    Documents,
    field,
    finished,
    paragraphs,
    query,
    quoted,
    read_documents,
    rest,
)
from curation.sources.encoding import as_utf8, guess_encoding
from curation.sources.fields import price_of
from curation.sources.files import QUARANTINE_SCHEMA, ReadOptions
from curation.sources.heads import first_rows
from curation.sources.looks import files_of, look_at, split_of, surest
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

FIELDS = {
    "left": "title, description, brand, price",
    "right": "context",
    "label": "target",
}
_SIDES = (
    ("left_{}", "right_{}"), ("ltable_{}", "rtable_{}"), ("{}_left", "{}_right"),
    ("{}_1", "{}_2"), ("{}_a", "{}_b"),
)  # fmt: skip
_LABELS = ("label", "is_match", "match", "gold", "target", "is_duplicate")
_TITLES = ("title", "name", "product_title", "product_name", "content")
_BRANDS = ("brand", "manufacturer")
_MOST_BAD = 0.5
_SHOWN = 2000


def sniff(path: Path) -> float:
    """How sure it is that a file or folder holds pairs of products."""
    return surest(path, _sniff_file)


def _sniff_file(path: Path) -> float:
    look = look_at(path)
    if look.lines and _is_ditto(look.lines[0]):
        return 1.0
    return 0.9 if _columns_in_twos(look.keys) else 0.0


def _is_ditto(line: str) -> bool:
    sides = line.split("\t")
    return len(sides) == 3 and all(side.lstrip().startswith("COL ") for side in sides[:2])


def load(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Read pairs as records, one a pair.

    The left product is in ``title``, ``description``, ``brand`` and ``price``, the right one
    is the one text of ``context``, as a JSON object of its fields as published. ``target`` is
    the label as published; the other fields of the left product are in ``extra``. The split
    is the file's name.

    Raises
    ------
    InputError
        If a table has no label, its columns do not come in twos, or more than half of the
        lines are no pairs.
    """
    files = files_of(settings.paths, _sniff_file, "pairs of products")
    is_ditto = [_is_ditto((*look_at(file).lines, "")[0]) for file in files]
    if any(is_ditto) != all(is_ditto):
        raise InputError(f"{files[0]}: give ditto's lines and tables of pairs apart.")
    if all(is_ditto):
        documents = _of_lines(files, scratch)
    else:
        documents = _of_tables(files, settings.read_options(), scratch)
    left, right = "doc->'$.left'", "doc->'$.right'"
    title = ", ".join(field(name, f"({left})") for name in _TITLES)
    brand = ", ".join(field(name, f"({left})") for name in _BRANDS)
    used = [*_TITLES[:2], *_BRANDS, "description", "price"]
    rows = query(
        f"""
        select nr, made, hint as split_hint, null::varchar as wanted, 'product_pair' as task,
            coalesce({title}) as title, {field("description", f"({left})")} as description,
            coalesce({brand}) as brand, {field("price", f"({left})")} as price_text,
            [({right})::varchar] as context, {field("label")} as target,
            {rest(used, f"({left})")} as extra
        from (select * replace (doc::json as doc) from {documents.table}) order by nr
        """,
        scratch / "rows.parquet",
    ).with_columns(
        price_of(pl.col("price_text")).alias("price"),
        paragraphs(title="title", description="description"),
    )
    labels = rows.group_by("target").len().sort("target").collect()
    options = labels["target"].drop_nulls().to_list()
    rows = rows.with_columns(pl.lit(options, pl.List(pl.String)).alias("options"))
    figures = {"by_label": {str(label): n for label, n in labels.iter_rows()}}
    return finished(rows, documents, figures=figures)


def _of_lines(files: list[Path], scratch: Path) -> Documents:
    """Ditto's lines as documents ``left, right, label``."""
    parts, bad = [], [pl.DataFrame(schema=QUARANTINE_SCHEMA)]
    for number, file in enumerate(files):
        folder = scratch / f"pairs-{number}"
        folder.mkdir(exist_ok=True)
        plain = as_utf8(file, guess_encoding(file), folder)
        lines = query(
            f"select row_number() over () as line, column0 as raw from read_csv({quoted(plain)}, "
            "columns={'column0': 'VARCHAR'}, delim='\\x01', quote='', escape='', header=false, "
            "auto_detect=false, strict_mode=false)",
            folder / "lines.parquet",
        ).collect()
        lines = lines.filter(pl.col("raw").str.strip_chars() != "")
        sides = pl.col("raw").str.split("\t")
        is_pair = (
            (sides.list.len() == 3)
            & sides.list.get(0, null_on_oob=True).str.strip_chars().str.starts_with("COL ")
            & sides.list.get(1, null_on_oob=True).str.strip_chars().str.starts_with("COL ")
            & (sides.list.get(2, null_on_oob=True).str.strip_chars() != "")
        )
        good = lines.filter(is_pair)
        if lines.height - good.height > _MOST_BAD * lines.height:
            raise InputError(
                f"{file}: {lines.height - good.height:,} of {lines.height:,} lines are no pairs."
            )
        told = "expected COL … VAL … twice and a label, parted by tabs"
        bad.append(
            lines.filter(~is_pair.fill_null(False)).select(
                pl.lit(str(file)).alias("file"), "line", pl.lit(told).alias("reason"),
                pl.col("raw").str.head(_SHOWN),
            )
        )  # fmt: skip
        parts.append(
            good.select(
                pl.lit(number).alias("file"),
                pl.lit(split_of(file), pl.String).alias("hint"),
                "line",
                sides.list.get(2).str.strip_chars().alias("label"),
                sides.list.get(0).alias("left"),
                sides.list.get(1).alias("right"),
            )
        )
    pairs = pl.concat(parts).with_row_index("nr").with_columns(pl.col("nr").cast(pl.Int64))
    fields = pl.concat(_fields(pairs, side) for side in ("left", "right"))
    pairs.drop("left", "right").write_parquet(scratch / "pairs.parquet")
    fields.write_parquet(scratch / "fields.parquet")
    target = scratch / "documents.parquet"
    query(
        f"""
        with sides as (
            select nr, side, to_json(map(list(key order by n), list(value order by n))) as fields
            from read_parquet({quoted(scratch / "fields.parquet")}) group by nr, side
        ), docs as (
            select p.nr, p.file, p.line, p.hint,
                json_object('left', l.fields, 'right', r.fields, 'label', p.label)::varchar as doc
            from read_parquet({quoted(scratch / "pairs.parquet")}) p
            left join sides l on l.nr = p.nr and l.side = 'left'
            left join sides r on r.nr = p.nr and r.side = 'right'
        )
        select *, left(md5(doc), 16) as made from docs order by nr
        """,
        target,
    )
    facts = [
        {"path": str(file), "format": "ditto", "n_rows": part.height}
        for file, part in zip(files, parts, strict=True)
    ]
    return Documents(target, pl.concat(bad, how="vertical_relaxed"), facts, pairs.height, 0)


def _fields(pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    """``nr, side, n, key, value``: ``COL title VAL red mug`` is the field title."""
    parted = pl.col("part").str.extract_groups(r"(?s)^(\S+) VAL ?(.*)$").struct
    value = parted.field("2").str.strip_chars()
    return (
        pairs.select("nr", pl.col(side).str.strip_prefix("COL ").str.split(" COL ").alias("part"))
        .explode("part")
        .with_columns(pl.int_range(pl.len()).over("nr").alias("n"))
        .select(
            "nr", pl.lit(side).alias("side"), "n", parted.field("1").alias("key"),
            pl.when(value != "").then(value).alias("value"),
        )
        .drop_nulls("key")
        .unique(("nr", "key"), keep="first", maintain_order=True)
    )  # fmt: skip


def _of_tables(files: list[Path], options: ReadOptions, scratch: Path) -> Documents:
    """Tables as documents ``left, right, label``; columns of no side go to the left."""
    keys: set[str] = set()
    for file in files:
        keys |= look_at(file).keys
    twos = _columns_in_twos(keys)
    label = next((name for name in _LABELS if name in keys), None)
    if not twos or label is None:
        lacks = "no label" if twos else "no columns in twos such as left_title and right_title"
        raise InputError(f"{files[0]}: {lacks}. Columns: {', '.join(sorted(keys))}.")
    read = read_documents(files, options, scratch)
    sides = [
        ", ".join(
            f"{quoted(name)}, {field(columns[place])}" for name, columns in sorted(twos.items())
        )
        for place in (0, 1)
    ]
    used = [label, *(column for columns in twos.values() for column in columns)]
    target = scratch / "pairs.parquet"
    query(
        f"select nr, file, line, hint, made, json_object('left', json_merge_patch("
        f"coalesce({rest(used)}, '{{}}')::json, json_object({sides[0]})), "
        f"'right', json_object({sides[1]}), 'label', {field(label)})::varchar as doc "
        f"from {read.table} order by nr",
        target,
    )
    return Documents(target, read.quarantine, read.facts, read.n_rows, read.n_repeated)


def _columns_in_twos(keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Field -> its left and right column; empty where no title comes in two."""
    held = set(keys)
    for left, right in _SIDES:
        pattern = re.compile("^" + left.replace("{}", "(.+)") + "$")
        found = {
            match.group(1): (column, right.format(match.group(1)))
            for column in held
            if (match := pattern.match(column)) and right.format(match.group(1)) in held
        }
        if found.keys() & set(_TITLES):
            return found
    return {}


def head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first raw rows."""
    file = files_of([str(path)], _sniff_file, "pairs of products")[0]
    look = look_at(file)
    if not (look.lines and _is_ditto(look.lines[0])):
        return first_rows(file)
    rows = [line.split("\t") for line in look.lines[:5] if _is_ditto(line)]
    return pl.DataFrame(rows, schema=["left", "right", "label"], orient="row")
