"""Amazon ESCI: queries, products, and how well the one answers the other.

Source: Reddy et al., "Shopping Queries Dataset", 2022 (arXiv 2206.06588), and
`amazon-science/esci-data`. The examples hold ``example_id, query, query_id, product_id,
product_locale, esci_label, small_version, large_version, split``; the products
``product_id, product_locale, product_title, product_description, product_bullet_point,
product_brand, product_color``; both are joined on the product and its locale. One table with
both, or with a part of the columns, is read too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.errors import InputError
from catalog.wording import counted
from curation.sources.documents import (
    Documents,
    finished,
    identifier,
    paragraphs,
    quoted,
)
from curation.sources.files import QUARANTINE_SCHEMA, RawTable, read_table
from curation.sources.heads import first_rows
from curation.sources.looks import files_of, look_at, split_of, surest
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

LETTERS = ["E", "S", "C", "I"]
WORDS = ["Exact", "Substitute", "Complement", "Irrelevant"]
FIELDS = {
    "example_id": "record_id",
    "query": "query",
    "product_id": "identifiers.asin",
    "product_title": "title",
    "product_title_if_known": "title",
    "product_description": "description",
    "product_bullet_point": "paragraphs",
    "product_brand": "brand",
    "esci_label": "target",
    "split": "split_hint",
}
_LABEL, _QUERY, _PRODUCT = "esci_label", "query", "product_id"
_TITLES = ("product_title", "product_title_if_known")
_PRODUCT_TEXTS = (
    "product_title", "product_description", "product_bullet_point", "product_brand",
    "product_color",
)  # fmt: skip
_LOCALE = "product_locale"
_FEWEST_JOINED = 0.01
_MEMORY = "4GB"


class EsciOptions(BaseModel):
    """Which examples: ``version`` (``small`` for ranking, ``large``, or ``all``) and ``locale``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal["small", "large", "all"] = "all"
    locale: str | None = None


def sniff(path: Path) -> float:
    """How sure it is that a file or folder is ESCI's."""
    return surest(path, _sniff_file)


def _sniff_file(path: Path) -> float:
    keys = look_at(path).keys
    if {_LABEL, _QUERY} <= keys:
        return 1.0
    if {_PRODUCT, "product_title", "product_bullet_point"} <= keys:
        return 0.9
    return 0.0


def load(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Join examples and products and read them as records, one an example.

    A record holds the query, the product's ``title``, ``description`` and ``brand``, the
    label as published in ``target``, and the split in ``split_hint``. The bullet points are a
    paragraph; the locale, the query's id and the rest are in ``extra``. An example whose
    product is not there keeps its identifier and has no title. One whose label is not one of
    the four, or that has no query, goes to the quarantine.

    Raises
    ------
    InputError
        If there are no examples, a column is missing, an option leaves nothing, or examples
        and products have almost no product in common.
    """
    options = EsciOptions(**settings.options)
    files = files_of(settings.paths, _sniff_file, "ESCI")
    tables = [(file, _read(file, settings, scratch / f"file-{n}")) for n, file in enumerate(files)]
    examples = [(file, table) for file, table in tables if _LABEL in table.facts["columns"]]
    products = [(file, table) for file, table in tables if _LABEL not in table.facts["columns"]]
    if not examples:
        raise InputError(
            f"{files[0]}: no column {_LABEL!r}. Columns: "
            f"{', '.join(tables[0][1].facts['columns'])}. "
            "Give the examples too: --source EXAMPLES --source PRODUCTS."
        )
    for file, table in examples:
        _require(file, table, [_QUERY])
    for file, table in products:
        _require(file, table, [_PRODUCT, "product_title"])
    with duckdb.connect() as database:
        database.execute(f"set memory_limit = '{_MEMORY}'")
        database.execute(f"set temp_directory = {quoted(scratch / 'spilled')}")
        joined = _join(database, examples, products, options, scratch / "joined.parquet")
    rows = _records(pl.scan_parquet(joined.rows))
    facts: list[dict[str, Any]] = [{"path": str(file), **table.facts} for file, table in tables]
    quarantine = pl.concat([table.quarantine for _, table in tables])
    read = Documents(joined.rows, quarantine, facts, joined.n_rows, 0)
    figures = {
        **_figures(rows),
        "n_products_found": joined.n_found,
        "version": options.version,
        "locale": options.locale,
    }
    return finished(rows, read, figures=figures, notes=joined.notes(), rejected=joined.rejected)


@dataclass(frozen=True)
class _Joined:
    """Examples with their products: of ``n_all``, ``n_rows`` are good and were asked for."""

    rows: Path
    rejected: pl.DataFrame
    n_all: int
    n_rows: int
    n_found: int | None

    def notes(self) -> list[str]:
        notes = []
        if left := self.n_all - self.n_rows - self.rejected.height:
            told = counted(left, "example")
            notes.append(f"{told} of another version or locale left out, as asked")
        if self.n_found is not None and self.n_found < self.n_rows:
            told = counted(self.n_rows - self.n_found, "example")
            notes.append(f"{told} without a product: the products do not have its id and locale")
        return notes


def _join(
    database: duckdb.DuckDBPyConnection,
    examples: list[tuple[Path, RawTable]],
    products: list[tuple[Path, RawTable]],
    options: EsciOptions,
    target: Path,
) -> _Joined:
    n_all = _make_examples(database, examples, options)
    _refuse_nothing(examples[0][0], database, n_all, options)
    on = n_found = None
    if products:
        tables = [*examples, *products]
        by_locale = all(_LOCALE in table.facts["columns"] for _, table in tables)
        on = "e.product_id = p.product_id" + " and e.locale = p.locale" * by_locale
        _make_products(database, [table for _, table in products], by_locale=by_locale)
        n_found = _refuse_strangers(examples[0][0], products[0][0], database, on)
    rejected = _rejected(database, [file for file, _ in examples])
    _copy_joined(database, on, target)
    n_rows = int(_one(database, "select count(*) from examples"))
    return _Joined(target, rejected, n_all, n_rows, n_found)


def _read(file: Path, settings: SourceSettings, scratch: Path) -> RawTable:
    scratch.mkdir(exist_ok=True)
    return read_table(file, settings.read_options(), scratch)


def _require(path: Path, table: RawTable, columns: list[str]) -> None:
    missing = [c for c in columns if c not in table.facts["columns"]]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(map(repr, missing))}. Columns: "
            f"{', '.join(table.facts['columns'])}."
        )


def _make_examples(
    database: duckdb.DuckDBPyConnection, tables: list[tuple[Path, RawTable]], options: EsciOptions
) -> int:
    """The view ``examples``, one row an example that is asked for; how many there are in all."""
    parts = []
    for number, (path, table) in enumerate(tables):
        columns = table.facts["columns"]

        def text(*names: str, has: list[str] = columns) -> str:
            there = [f'trim("{name}"::varchar)' for name in names if name in has]
            return f"nullif(coalesce({', '.join([*there, 'null', 'null'])}), '')"

        hint = quoted(split_of(path) or "")
        mapped = {*FIELDS, *_PRODUCT_TEXTS, _LOCALE}
        rest = [f"{quoted(c)}: {_name(c)}" for c in columns if c not in mapped]
        parts.append(
            f"select {number} as file, file_row_number as line, {text('example_id')} as wanted, "
            f"{text(_QUERY)} as query, {text(_PRODUCT)} as product_id, "
            f"{text(_LOCALE)} as locale, {text(_LABEL)} as target, "
            f"coalesce({text('split')}, nullif({hint}, '')) as split_hint, "
            f"{text(*_TITLES)} as own_title, {text('product_description')} as own_description, "
            f"{text('product_bullet_point')} as own_bullets, {text('product_brand')} as own_brand, "
            f"{text('product_color')} as own_color, {text('small_version')} as small, "
            f"{text('large_version')} as large, "
            + (f"to_json({{{', '.join(rest)}}})" if rest else "null::json")
            + f" as rest from read_parquet({quoted(table.parquet)}, file_row_number=true)"
        )
    database.execute(f"create view every_example as {' union all '.join(parts)}")
    wanted = ["true"]
    if options.version != "all":
        wanted.append(f"try_cast({options.version} as double) = 1")
    if options.locale is not None:
        wanted.append(f"lower(locale) = {quoted(options.locale.lower())}")
    # A view: the examples are scanned again where they are used, and never held whole.
    database.execute(
        f"create view asked as select * from every_example where {' and '.join(wanted)}"
    )
    good = f"query is not null and target in ({', '.join(map(quoted, LETTERS + WORDS))})"
    database.execute(f"create view examples as select * from asked where {good}")
    database.execute(f"create view bad_examples as select * from asked where ({good}) is not true")
    return int(_one(database, "select count(*) from every_example"))


def _refuse_nothing(
    path: Path, database: duckdb.DuckDBPyConnection, n_all: int, options: EsciOptions
) -> None:
    if _one(database, "select count(*) from asked"):
        return
    if not n_all:
        raise InputError(f"{path} has no rows.")
    locales = database.sql("select distinct locale from every_example order by locale").fetchall()
    told = ", ".join(str(locale) for (locale,) in locales if locale) or "none"
    raise InputError(
        f"{path}: no example has version {options.version} and locale {options.locale or 'any'}. "
        f"Locales there: {told}."
    )


def _make_products(
    database: duckdb.DuckDBPyConnection, tables: list[RawTable], *, by_locale: bool
) -> None:
    """The view ``products``; of a product that is there twice, the first counts."""
    parts = []
    for number, table in enumerate(tables):
        columns = table.facts["columns"]
        texts = ", ".join(
            f"nullif(trim(\"{c}\"::varchar), '') as {c}"
            if c in columns
            else f"null::varchar as {c}"
            for c in _PRODUCT_TEXTS
        )
        locale = _LOCALE if _LOCALE in columns else "null"
        parts.append(
            f"select trim(product_id::varchar) as product_id, {locale}::varchar as locale, {texts}, "
            f"{number} as file, file_row_number as line "
            f"from read_parquet({quoted(table.parquet)}, file_row_number=true)"
        )
    database.execute(f"create view every_product as {' union all '.join(parts)}")
    key = "product_id, locale" if by_locale else "product_id"
    n_all, n_own = database.sql(
        f"select count(*), (select count(*) from (select distinct {key} from every_product)) "
        "from every_product"
    ).fetchall()[0]
    distinct, order = "", ""
    if n_own < n_all:
        distinct, order = f"distinct on ({key})", f"order by {key}, file, line"
    database.execute(f"create view products as select {distinct} * from every_product {order}")


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _refuse_strangers(
    examples: Path, products: Path, database: duckdb.DuckDBPyConnection, join: str
) -> int:
    """How many examples find their product; refused where almost none does."""
    n_found, n_all = database.sql(
        f"select count(*) filter (exists (select 1 from products p where {join})), count(*) from examples e"
    ).fetchall()[0]
    if n_found < _FEWEST_JOINED * n_all:
        raise InputError(
            f"{examples} and {products} do not belong together: {n_found:,} of {n_all:,} examples "
            "find their product. Give the products of these examples, or the examples alone."
        )
    return int(n_found)


def _rejected(database: duckdb.DuckDBPyConnection, files: list[Path]) -> pl.DataFrame:
    rows = database.sql(
        "select file, line + 1 as line, case when query is null then 'no query' "
        "else 'the label is ' || coalesce('''' || target || '''', 'empty') || ', expected E, S, C or I' end as reason, "
        "concat_ws(' | ', wanted, query, product_id, target) as raw from bad_examples order by file, line"
    ).fetchall()
    return pl.DataFrame(
        [(str(files[file]), *rest) for file, *rest in rows], schema=QUARANTINE_SCHEMA, orient="row"
    )


def _copy_joined(database: duckdb.DuckDBPyConnection, on: str | None, target: Path) -> None:
    def text(own: str, joined: str) -> str:
        return f"coalesce(e.{own}, p.{joined})" if on else f"e.{own}"

    join = f"left join products p on {on}" if on else ""
    extra = (
        "json_merge_patch(coalesce(e.rest, '{}'::json), json_object('product_locale', e.locale, "
        f"'product_color', {text('own_color', 'product_color')}))::varchar"
    )
    database.execute(
        f"""copy (
            select e.wanted, e.query, e.product_id, e.target, e.split_hint,
                left(md5(concat_ws(chr(1), e.query, e.product_id, e.locale, e.own_title)), 16) as made,
                {text("own_title", "product_title")} as title,
                {text("own_description", "product_description")} as description,
                {text("own_bullets", "product_bullet_point")} as bullets,
                {text("own_brand", "product_brand")} as brand,
                nullif({extra}, '{{}}') as extra
            from examples e {join} order by e.file, e.line
        ) to {quoted(target)} (format parquet, compression zstd)"""
    )


def _records(rows: pl.LazyFrame) -> pl.LazyFrame:
    is_letter = pl.col("target").str.len_chars() == 1
    return rows.with_columns(
        pl.lit("query_product").alias("task"),
        pl.when(is_letter).then(pl.lit(LETTERS)).otherwise(pl.lit(WORDS)).alias("options"),
        paragraphs(title="title", description="description", bullet_point="bullets"),
        identifier("asin", "product_id"),
    )


def _figures(rows: pl.LazyFrame) -> dict[str, Any]:
    by = {
        name: dict(
            rows.group_by(pl.col(name).fill_null("none")).len().sort(name).collect().iter_rows()
        )
        for name in ("target", "split_hint")
    }
    n_queries = rows.select(pl.col("query").n_unique()).collect().item()
    return {"by_label": by["target"], "by_split": by["split_hint"], "n_queries": int(n_queries)}


def _one(database: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return database.sql(sql).fetchall()[0][0]


def head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first raw rows."""
    return first_rows(files_of([str(path)], _sniff_file, "ESCI")[0])
