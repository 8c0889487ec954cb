"""A plain product catalog, any columns, into records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.querying import querying
from catalog.records import ATTRIBUTE, EVIDENCE, IDENTIFIER, RECORD_SCHEMA, conform
from catalog.wording import counted
from curation.sources.attributes import attributes_of
from curation.sources.columns import ColumnMap
from curation.sources.fields import currency_of, paragraphs, place_of, price_of, urls_of
from curation.sources.files import QUARANTINE_SCHEMA, RawTable, read_table
from curation.sources.ids import unique_ids
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings


def load_products(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Read every file of a catalog and map its rows to records.

    A row without an id gets one from its content; a repeated id gets a number
    (``42#2``). Both keep what the source said as ``source_id`` in ``extra``.

    Raises
    ------
    InputError
        If a file cannot be read, a mapped column is missing or wholly empty, or the id
        column holds few different values.
    """
    tables = [read_table(Path(p), settings.read_options(), scratch) for p in settings.paths]
    columns = settings.columns
    if columns.title is None:
        found = ", ".join(tables[0].facts["columns"])
        raise InputError(
            f"{settings.paths[0]}: no column is mapped to the title. Columns: {found}. "
            "Pass --map title=COLUMN."
        )
    for path, table in zip(settings.paths, tables, strict=True):
        _refuse_missing(path, table, columns, settings.allow_missing)
    ids, id_figures = _record_ids(settings.paths, tables, columns)
    parts = []
    for (path, table), own_ids in zip(zip(settings.paths, tables, strict=True), ids, strict=True):
        rows = pl.concat([table.scan(), own_ids.lazy()], how="horizontal")
        parts.append(to_records(rows, columns, settings.category_separator, path))
    quarantine = pl.concat(
        [pl.DataFrame(schema=QUARANTINE_SCHEMA), *(t.quarantine for t in tables)]
    )
    figures = {
        "files": [{"path": p, **t.facts} for p, t in zip(settings.paths, tables, strict=True)],
        "n_quarantined": quarantine.height,
        **id_figures,
    }
    return LoadResult(pl.concat(parts), quarantine, figures, _notes(figures, quarantine))


def _notes(figures: dict[str, Any], quarantine: pl.DataFrame) -> list[str]:
    notes = []
    if quarantine.height:
        first = quarantine.row(0, named=True)
        notes.append(
            f"{counted(quarantine.height, 'row')} could not be read and moved to the quarantine, "
            f"the first at {first['file']}, line {first['line']}: {first['reason']}"
        )
    if figures["n_missing_ids"]:
        notes.append(
            f"{counted(figures['n_missing_ids'], 'row')} without an id got one from the content"
        )
    if figures["n_duplicate_ids"]:
        notes.append(
            f"{counted(figures['n_duplicate_ids'], 'row')} with a repeated id got a number behind it"
        )
    return notes


def _refuse_missing(path: str, table: RawTable, columns: ColumnMap, allowed: list[str]) -> None:
    present = table.facts["columns"]
    missing = sorted(columns.used() - set(present))
    if missing and len(missing) == len(columns.used()):
        raise InputError(
            f"{path}: none of the mapped columns is there. Expected {', '.join(missing)}; found "
            f"{', '.join(present)}. Pass --map FIELD=COLUMN."
        )
    if columns.title in missing:
        raise InputError(
            f"{path}: column {columns.title!r}, the title, is missing. Columns: "
            f"{', '.join(present)}. Pass --map title=COLUMN."
        )
    empty = table.scan().select(pl.col(columns.title or "").is_null().all()).collect().item()
    if empty and "title" not in allowed:
        raise InputError(
            f"{path}: column {columns.title!r}, the title, is empty in all "
            f"{table.facts['n_rows']:,} rows. Map another column with --map title=COLUMN."
        )


def _record_ids(
    paths: list[str], tables: list[RawTable], columns: ColumnMap
) -> tuple[list[pl.DataFrame], dict[str, int]]:
    """``record_id`` and ``_source_id`` of each row; the latter where the id had to change."""
    parts = [_given_ids(table, columns.record_id) for table in tables]
    ids = pl.concat(parts)
    given = ids["given"].drop_nulls()
    if columns.record_id and len(given) > 20 and given.n_unique() < 0.5 * len(given):
        raise InputError(
            f"{paths[0]}: column {columns.record_id!r} has {given.n_unique():,} different values in "
            f"{len(given):,} rows, so it is not an id. Pass --map record_id=COLUMN, or "
            "--map record_id= to have ids made."
        )
    ids = unique_ids(ids).with_columns(
        _changed=(pl.col("nth") > 1) | pl.col("given").is_null()
        if columns.record_id
        else pl.lit(False),
    )
    sizes = [part.height for part in parts]
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    kept = ids.select("record_id", pl.col("_changed"), pl.col("given").alias("_source_id"))
    figures = {
        "n_missing_ids": int(ids["given"].null_count()) if columns.record_id else 0,
        "n_duplicate_ids": int((ids["_changed"] & ids["given"].is_not_null()).sum()),
    }
    return [kept.slice(s, n) for s, n in zip(starts, sizes, strict=True)], figures


def _given_ids(table: RawTable, column: str | None) -> pl.DataFrame:
    quoted = (
        f"nullif(trim(cast(\"{(column or '').replace(chr(34), chr(34) * 2)}\" as varchar)), '')"
    )
    given = quoted if column in table.facts["columns"] else "cast(null as varchar)"
    path = str(table.parquet).replace("'", "''")
    with querying() as database:
        rows = database.sql(
            f"select {given} as given, left(md5(to_json(t)::varchar), 16) as made "
            f"from read_parquet('{path}') t"
        )
        return pl.DataFrame(pl.from_arrow(rows.to_arrow_table()))


def to_records(
    rows: pl.LazyFrame, columns: ColumnMap, category_separator: str | None, path: str
) -> pl.LazyFrame:
    """Map raw rows, with ``record_id, _changed, _source_id``, to `RECORD_SCHEMA`."""
    schema = rows.collect_schema()
    helpers = {"record_id", "_changed", "_source_id"}
    raw_columns = [c for c in schema.names() if c not in helpers]

    def text(column: str | None) -> pl.Expr:
        if column is None or column not in schema:
            return pl.lit(None, pl.String)
        value = pl.col(column).cast(pl.String).str.strip_chars()
        return pl.when(value != "").then(value)

    fields = {
        "title": text(columns.title),
        "description": text(columns.description),
        "brand": text(columns.brand),
        "split_hint": text(columns.split_hint),
        "price": price_of(text(columns.price)),
        "currency": currency_of(text(columns.currency), text(columns.price)),
        "image_urls": _images(columns.image_urls, schema, text),
        "category_path": _category(columns.category, category_separator, schema, text),
        "task": pl.lit("classification"),
    }
    lossy = {columns.price} if columns.price else set()
    mapped = columns.used() - lossy
    rest = [c for c in raw_columns if c not in mapped]
    source_id = pl.struct(source_id=pl.col("_source_id"))
    extra = pl.struct([pl.col(c) for c in rest]) if rest else pl.lit(None)
    mapped_rows = rows.with_columns(
        *(expression.alias(f"_{name}") for name, expression in fields.items()),
        _extra=_merged_json(extra, source_id, bool(rest)),
        _identifiers=_identifiers(columns, schema, text),
        _values=_attribute_values(columns, schema, text),
    ).select(
        "record_id",
        *(pl.col(f"_{name}").alias(name) for name in fields),
        pl.col("_extra").alias("extra"),
        pl.col("_identifiers").alias("identifiers"),
        pl.col("_values").alias("_values"),
    )
    done = mapped_rows.with_columns(paragraphs())
    if columns.attributes:
        done = done.with_columns(_attributes(list(columns.attributes)))
    if not columns.attribute_pairs:
        return conform(done)
    records = conform(done.drop("_values"))
    pairs = [
        (text(name).alias(f"_name{n}"), text(value).alias(f"_value{n}"))
        for n, (name, value) in enumerate(columns.attribute_pairs.items())
        if name in schema and value in schema
    ]
    told = rows.select(part for pair in pairs for part in pair)
    both = pl.concat([records, told], how="horizontal")
    return both.map_batches(
        lambda batch: _with_pairs(batch, len(pairs)), schema=RECORD_SCHEMA, streamable=True
    )


def _with_pairs(batch: pl.DataFrame, n_pairs: int) -> pl.DataFrame:
    """Records with the attributes of ``_name0, _value0, …``, values parted by bars or commas."""
    numbered = batch.with_row_index("row")
    values = pl.concat(
        numbered.select(
            "row",
            pl.col(f"_name{n}").alias("key"),
            pl.col(f"_value{n}")
            .str.replace_all(r"\s*\|\s*|,\s+", "|")
            .str.split("|")
            .alias("value"),
        )
        .drop_nulls()
        .explode("value")
        for n in range(n_pairs)
    )
    paired = attributes_of(batch, values.sort("row", maintain_order=True)).fill_null([])
    both = pl.concat_list(pl.col("attributes").fill_null([]), pl.lit(paired))
    filled = pl.when(both.list.len() > 0).then(both).alias("attributes")
    return batch.with_columns(filled).select(RECORD_SCHEMA.names())


def _merged_json(extra: pl.Expr, source_id: pl.Expr, has_extra: bool) -> pl.Expr:
    told = pl.when("_changed").then(source_id.struct.json_encode())
    if not has_extra:
        return told
    encoded = extra.struct.json_encode()
    merged = pl.concat_str(encoded.str.head(-1), pl.lit(","), told.str.slice(1), ignore_nulls=False)
    return pl.coalesce(merged, encoded)


def _category(levels: list[str], separator: str | None, schema: pl.Schema, text: Any) -> pl.Expr:
    present = [c for c in levels if c in schema]
    if not present:
        return pl.lit(None, pl.List(pl.String))
    if len(present) == 1 and schema[present[0]] == pl.List(pl.String):
        names = pl.col(present[0])
    elif len(present) == 1 and separator:
        names = text(present[0]).str.split(separator)
    else:
        names = pl.concat_list([text(c) for c in present])
    stripped = names.list.eval(pl.element().str.strip_chars()).list.eval(
        pl.element().filter(pl.element().is_not_null() & (pl.element() != ""))
    )
    return pl.when(stripped.list.len() > 0).then(stripped)


def _images(columns: list[str], schema: pl.Schema, text: Any) -> pl.Expr:
    links = [urls_of(text(c)) for c in columns if c in schema]
    if not links:
        return pl.lit(None, pl.List(pl.String))
    found = pl.concat_list(link.fill_null([]) for link in links).list.unique(maintain_order=True)
    return pl.when(found.list.len() > 0).then(found)


def _identifiers(columns: ColumnMap, schema: pl.Schema, text: Any) -> pl.Expr:
    parts = [
        pl.when(text(c).is_not_null()).then(pl.struct(kind=pl.lit(kind), value=text(c)))
        for kind, names in columns.identifiers.items()
        for c in names
        if c in schema
    ]
    if not parts:
        return pl.lit(None, pl.List(IDENTIFIER))
    found = pl.concat_list(parts).list.drop_nulls()
    return pl.when(found.list.len() > 0).then(found)


def _attribute_values(columns: ColumnMap, schema: pl.Schema, text: Any) -> pl.Expr:
    parts = {key: text(column) for key, column in columns.attributes.items() if column in schema}
    if not parts:
        return pl.lit(None, pl.Struct({"none": pl.String}))
    return pl.struct([value.alias(f"a{n}") for n, value in enumerate(parts.values())])


def _attributes(keys: list[str]) -> pl.Expr:
    """Attributes of columns, each value with its first place in the text where it has one."""
    parts = []
    for n, key in enumerate(keys):
        value = pl.col("_values").struct.field(f"a{n}")
        in_title = place_of(pl.col("title"), value)
        in_description = place_of(pl.col("description"), value)
        description_pid = pl.col("title").is_not_null().cast(pl.Int32)
        begin = pl.coalesce(in_title, in_description)
        pid = pl.when(in_title.is_not_null()).then(0).when(in_description.is_not_null())
        evidence = pl.struct(
            value=value,
            pid=pid.then(description_pid).cast(pl.Int32),
            begin=begin.cast(pl.Int32),
            end=(begin + value.str.len_chars()).cast(pl.Int32),
        ).cast(EVIDENCE)
        parts.append(
            pl.when(value.is_not_null()).then(
                pl.struct(key=pl.lit(key), evidences=pl.concat_list(evidence)).cast(ATTRIBUTE)
            )
        )
    found = pl.concat_list(parts).list.drop_nulls()
    return pl.when(found.list.len() > 0).then(found).alias("attributes")
