"""Shopify's product export: rows of one handle, variants and images, folded into one product."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.errors import InputError
from catalog.records import IDENTIFIER, RECORD_SCHEMA, conform
from catalog.wording import counted
from curation.sources.attributes import attributes_of
from curation.sources.encoding import open_bytes
from curation.sources.fields import paragraphs, price_of, text_of
from curation.sources.files import QUARANTINE_SCHEMA, RawTable, read_table
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

_HEADERS: dict[str, tuple[str, ...]] = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "description": ("body (html)", "body html", "body", "description"),
    "brand": ("vendor",),
    "category": ("product category", "standard product type", "standardized product type"),
    "type": ("type", "custom product type", "product type"),
    "google": ("google shopping / google product category",),
    "price": ("variant price", "price"),
    "sku": ("variant sku", "sku"),
    "gtin": ("variant barcode", "barcode"),
    "mpn": (
        "google shopping / mpn",
        "google shopping / manufacturer part number (mpn)",
    ),
    "image": ("image src", "product image url"),
    "position": ("image position",),
    "variant_image": ("variant image", "variant image url"),
}
_GOOGLE_ATTRIBUTE = re.compile(
    r"^google shopping / (gender|age group|color|colour|size|material|pattern)$"
)
_METAFIELD = re.compile(
    r"^(?P<name>.+?) \((?:product|variant)\.metafields\.(?P<place>[^.]+)\..+\)$"
)
_NOT_OF_THE_PRODUCT = re.compile(r"^(reviews|global|seo|mm-google-shopping|shopify--.*)$")
_OPTION = re.compile(r"^option([123]) (name|value)$")
_FIELDS = {
    "handle": "record_id",
    "title": "title",
    "description": "description",
    "brand": "brand",
    "price": "price, extra",
    "sku": "identifiers.sku",
    "gtin": "identifiers.gtin",
    "mpn": "identifiers.mpn",
    "image": "image_urls",
    "variant_image": "image_urls",
    "category": "category_path",
    "type": "category_path, extra",
    "google": "category_path, extra",
}
COLUMNS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Option1 Name",
    "Option1 Value", "Variant SKU", "Variant Price", "Variant Barcode", "Image Src",
    "Variant Image", "Google Shopping / Google Product Category", "Google Shopping / MPN",
    "Google Shopping / Gender", "Fabric (product.metafields.custom.fabric)", "Status",
)  # fmt: skip
"""Columns of an export, one of each sort."""
_SIGNS = {"variant price", "variant sku", "body (html)", "option1 name", "option1 value"}
_HEAD = 1 << 16


class ShopifyOptions(BaseModel):
    """``[source.options]`` of a Shopify export.

    ``category_from`` says which column holds the category: ``category`` (Shopify's standard
    category), ``google`` (Google's) or ``type`` (the shop's own word); left out, it is the first
    of these with a value in any row. ``currency`` is the shop's, which the export does not name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    category_from: Literal["category", "google", "type"] | None = None
    currency: str | None = None


def shopify_field(column: str) -> str:
    """What becomes of a column of the export.

    Examples
    --------
    >>> shopify_field("Body (HTML)"), shopify_field("Fabric (product.metafields.custom.fabric)")
    ('description', 'attributes.Fabric')
    """
    name = _plain(column)
    for field, spellings in _HEADERS.items():
        if name in spellings:
            return _FIELDS.get(field, "extra")
    key = _attribute_key(column)
    if key is not None:
        return f"attributes.{key}"
    return "attributes" if _OPTION.match(name) else "extra"


def sniff_shopify(path: Path) -> float:
    """How sure it is, in [0, 1], that a file is a Shopify product export: by its header."""
    if not path.is_file() or path.suffix.lower() in (".parquet", ".xlsx", ".jsonl", ".json"):
        return 0.0
    with open_bytes(path) as file:
        text = file.read(_HEAD).decode("utf-8-sig", "replace")
    names = {_plain(name) for row in list(csv.reader(io.StringIO(text)))[:1] for name in row}
    has_core = "title" in names and bool({"handle", "url handle"} & names)
    return 0.95 if has_core and _SIGNS & names else 0.0


def shopify_head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first rows of an export, as they are."""
    with tempfile.TemporaryDirectory() as scratch:
        return read_table(path, settings.read_options(), Path(scratch)).scan().head(200).collect()


def shopify_options(taxonomy: str, head: pl.DataFrame) -> dict[str, str]:
    """Options that follow from the taxonomy: Google's category, where it is Google's."""
    column = _column(head, "google")
    named = column is not None and head[column].is_not_null().any()
    return {"category_from": "google"} if taxonomy.startswith("google:") and named else {}


def load_shopify(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Read an export, one or several files, and fold the rows of each handle.

    Title, body, vendor and category are the first that the rows of a handle give; options,
    metafields and Google's fields are attributes, each value an evidence; SKUs and barcodes
    are identifiers; the price is the lowest. What no field holds whole stays in ``extra``:
    columns that are the same in all rows of every handle by their names, the others in
    ``rows``, one entry a row. A row without a handle belongs to the handle of its title, as
    Shopify itself makes it; one without both goes to the quarantine.

    Raises
    ------
    InputError
        If a file cannot be read or has not the header of an export.
    """
    options = ShopifyOptions(**settings.options)
    tables = [read_table(Path(p), settings.read_options(), scratch) for p in settings.paths]
    for path, table in zip(settings.paths, tables, strict=True):
        _refuse_others(path, table)
    rows = pl.concat(
        [
            _named(t).with_columns(_file=pl.lit(p))
            for p, t in zip(settings.paths, tables, strict=True)
        ],
        how="diagonal_relaxed",
    ).collect()
    rows, homeless = _with_handles(rows)
    chosen, told = _category_column(rows, options)
    products, n_titles = _folded(rows)
    records = _records(products, rows, chosen, options)
    target = scratch / "shopify-records.parquet"
    conform(records.lazy()).sink_parquet(target)
    quarantine = pl.concat([*(t.quarantine for t in tables), homeless])
    figures = {
        "files": [{"path": p, **t.facts} for p, t in zip(settings.paths, tables, strict=True)],
        "n_quarantined": quarantine.height,
        "n_rows": rows.height,
        "n_products": products.height,
        "n_conflicting_titles": n_titles,
        "category_from": chosen,
    }
    notes = [
        f"{counted(rows.height, 'row')} folded into {counted(products.height, 'product')}",
        told,
    ]
    if quarantine.height:
        first = quarantine.row(0, named=True)
        notes.append(
            f"{counted(quarantine.height, 'row')} moved to the quarantine, the first of "
            f"{first['file']}: {first['reason']}"
        )
    if n_titles:
        notes.append(
            f"{counted(n_titles, 'handle')} with more than one title kept the first; the others "
            "are in extra"
        )
    return LoadResult(target, quarantine, figures, notes)


def _plain(column: str) -> str:
    return " ".join(column.casefold().split())


def _refuse_others(path: str, table: RawTable) -> None:
    names = {_plain(column) for column in table.facts["columns"]}
    if "title" not in names or not (_SIGNS | {"handle", "url handle"}) & names:
        found = ", ".join(table.facts["columns"][:12])
        raise InputError(
            f"{path}: not a Shopify product export. Expected the columns Handle (or URL handle), "
            f"Title, Vendor, Option1 Name …; found {found}. Pass --kind catalog for any other table."
        )


def _named(table: RawTable) -> pl.LazyFrame:
    """The rows, columns that are empty in all of them dropped, all values as text."""
    rows = table.scan()
    columns = rows.collect_schema().names()
    filled = rows.select(pl.col(columns).is_not_null().any()).collect().row(0, named=True)
    known = {spelling for spellings in _HEADERS.values() for spelling in spellings}
    kept = [c for c in columns if filled[c] or _plain(c) in known]
    return rows.select(text_of(c).alias(c) for c in kept)


def _column(rows: pl.DataFrame, field: str) -> str | None:
    """The column that holds a field, in whichever spelling the export has."""
    by_name = {_plain(c): c for c in rows.columns}
    return next((by_name[s] for s in _HEADERS[field] if s in by_name), None)


def _values(rows: pl.DataFrame, field: str) -> pl.Expr:
    column = _column(rows, field)
    return pl.lit(None, pl.String) if column is None else pl.col(column)


def _with_handles(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    slug = (
        _values(rows, "title")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{N}]+", "-")
        .str.strip_chars("-")
    )
    rows = rows.with_columns(pl.coalesce(_values(rows, "handle"), slug).alias("_handle"))
    rows = rows.with_columns(pl.int_range(1, pl.len() + 1).over("_file").alias("_n"))
    no_home = rows.filter(pl.col("_handle").is_null())
    homeless = no_home.select(
        pl.col("_file").alias("file"),
        pl.lit(None, pl.Int64).alias("line"),
        pl.format("row {} has neither a handle nor a title", "_n").alias("reason"),
        pl.struct(pl.exclude("_file", "_n", "_handle")).struct.json_encode().alias("raw"),
    ).match_to_schema(QUARANTINE_SCHEMA)
    return rows.filter(pl.col("_handle").is_not_null()).drop("_n", "_file"), homeless


def _category_column(rows: pl.DataFrame, options: ShopifyOptions) -> tuple[str | None, str]:
    filled = [
        name
        for name in ("category", "google", "type")
        if rows.select(_values(rows, name).is_not_null().any()).item()
    ]
    chosen = options.category_from or (filled[0] if filled else None)
    if chosen is None:
        return None, "no column of the export holds a category"
    column = _column(rows, chosen)
    if column is None or chosen not in filled:
        raise InputError(
            f"--option category_from={chosen}: that column is not there or is empty in all rows. "
            f"Filled: {', '.join(filled) or 'none'}."
        )
    return chosen, f"categories are read from the column {column!r}"


def _folded(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row a handle: every column's one value, and ``_rows`` with what varies, as JSON."""
    columns = [c for c in rows.columns if c != "_handle"]
    by_handle = rows.lazy().group_by("_handle", maintain_order=True)
    n_varying = (
        by_handle.agg((pl.col(c).min() != pl.col(c).max()).alias(c) for c in columns)
        .select(pl.col(columns).sum())
        .collect()
        .row(0, named=True)
    )
    varying = [c for c in columns if n_varying[c]]
    numbered = rows.lazy().with_columns(
        price_of(_values(rows, "price")).alias("_price"),
        (pl.struct(varying) if varying else pl.lit(None)).alias("_row"),
    )
    products = (
        numbered.group_by("_handle", maintain_order=True)
        .agg(
            *(
                pl.col(c).max() if c not in varying else pl.col(c).drop_nulls().first()
                for c in columns
            ),
            pl.col("_price").min(),
            pl.col("_row").alias("_rows"),
        )
        .collect()
    )
    title = _column(rows, "title")
    whole = {_column(rows, f) for f in ("handle", "title", "description", "brand")}
    told = [pl.col(c) for c in columns if c not in varying and c not in whole]
    if varying:
        told.append(pl.col("_rows").alias("rows"))
    extra = pl.struct(told).struct.json_encode() if told else pl.lit(None, pl.String)
    return products.with_columns(extra.alias("_extra")), n_varying[title] if title else 0


def _images(rows: pl.DataFrame) -> pl.DataFrame:
    """``_handle, image_urls``: pictures by their positions, then those of the variants."""
    position = _values(rows, "position").cast(pl.Float64, strict=False)
    parts = [
        rows.select("_handle", url=_values(rows, "image"), position=position),
        rows.select(
            "_handle", url=_values(rows, "variant_image"), position=pl.lit(None, pl.Float64)
        ),
    ]
    links = (
        pl.concat(parts).drop_nulls("url").sort("position", nulls_last=True, maintain_order=True)
    )
    links = links.unique(("_handle", "url"), keep="first", maintain_order=True)
    return links.group_by("_handle").agg(pl.col("url").alias("image_urls"))


def _identifiers(rows: pl.DataFrame) -> pl.DataFrame:
    """``_handle, identifiers``; a code loses the apostrophe that spreadsheets put before it."""
    parts = [
        rows.select("_handle", kind=pl.lit(kind), value=_values(rows, kind).str.strip_prefix("'"))
        for kind in ("sku", "gtin", "mpn")
    ]
    codes = pl.concat(parts).drop_nulls("value").unique(maintain_order=True)
    found = pl.struct("kind", "value").cast(IDENTIFIER).alias("identifiers")
    return codes.group_by("_handle", maintain_order=True).agg(found)


def _records(
    products: pl.DataFrame, rows: pl.DataFrame, chosen: str | None, options: ShopifyOptions
) -> pl.DataFrame:
    category = _values(products, chosen) if chosen else pl.lit(None, pl.String)
    names = category.str.split(">").list.eval(pl.element().str.strip_chars())
    products = products.join(_images(rows), on="_handle", how="left", maintain_order="left")
    products = products.join(_identifiers(rows), on="_handle", how="left", maintain_order="left")
    records = products.select(
        pl.col("_handle").alias("record_id"),
        pl.lit("classification").cast(RECORD_SCHEMA["task"]).alias("task"),
        _values(products, "title").alias("title"),
        _values(products, "description").alias("description"),
        _values(products, "brand").alias("brand"),
        pl.col("_price").alias("price"),
        pl.lit(options.currency, pl.String).alias("currency"),
        "image_urls",
        names.alias("category_path"),
        "identifiers",
        pl.col("_extra").alias("extra"),
    )
    values = _attribute_values(products, rows)
    return records.with_columns(
        attributes_of(records.select("title", "description"), values).alias("attributes"),
        paragraphs(),
    )


def _attribute_values(products: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """``row, key, value`` of options, then Google's fields, then metafields."""
    at = rows.select("_handle").join(
        products.select("_handle").with_row_index("row"),
        on="_handle",
        how="left",
        maintain_order="left",
    )["row"]
    rows = rows.with_columns(at.alias("_row"))
    parts = [*_options(rows)]
    for column in rows.columns:
        key = _attribute_key(column)
        if key is None:
            continue
        metafield = _METAFIELD.match(column)
        place = metafield["place"] if metafield else ""
        value = rows.filter(pl.col(column).is_not_null()).select(
            pl.col("_row").alias("row"),
            pl.lit(key).alias("key"),
            _several(pl.col(column), place).alias("value"),
        )
        parts.append(value.explode("value"))
    schema = {"row": pl.UInt32, "key": pl.String, "value": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *(p.cast(schema) for p in parts)])  # type: ignore[arg-type]


def _options(rows: pl.DataFrame) -> list[pl.DataFrame]:
    by_name = {_plain(c): c for c in rows.columns}
    parts = []
    for n in "123":
        name, value = by_name.get(f"option{n} name"), by_name.get(f"option{n} value")
        if name is None or value is None:
            continue
        keyed = rows.lazy().select(
            "_row",
            pl.col(value).alias("value"),
            pl.col(name).fill_null(strategy="forward").over("_row").alias("key"),
        )
        is_placeholder = (pl.col("key") == "Title") & (pl.col("value") == "Default Title")
        parts.append(
            keyed.filter(pl.col("value").is_not_null() & ~is_placeholder.fill_null(False))
            .select(pl.col("_row").alias("row"), "key", "value")
            .collect()
        )
    return parts


def _attribute_key(column: str) -> str | None:
    google = _GOOGLE_ATTRIBUTE.match(_plain(column))
    if google:
        return google[1].capitalize()
    metafield = _METAFIELD.match(column)
    if metafield and not _NOT_OF_THE_PRODUCT.match(metafield["place"]):
        return str(metafield["name"]).strip()
    return None


def _several(value: pl.Expr, place: str) -> pl.Expr:
    """The values of a metafield: a JSON list, or Shopify's own parted by semicolons."""
    is_list = value.str.contains(r'^\[\s*".*"\s*\]$')
    inside = value.str.replace(r'^\[\s*"', "").str.replace(r'"\s*\]$', "")
    parted = inside.str.replace_all(r'"\s*,\s*"', "\u0000")
    listed = parted.str.replace_all('\\"', '"', literal=True).str.split("\u0000")
    whole = value.str.split(";") if place == "shopify" else pl.concat_list(value)
    return pl.when(is_list).then(listed).otherwise(whole)
