"""Google Merchant Center feeds, XML or a table, into records."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tempfile
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.errors import InputError
from catalog.records import IDENTIFIER, conform
from catalog.wording import counted
from curation.duplicates.join import Told
from curation.sources.attributes import attributes_of
from curation.sources.encoding import open_bytes, scratch_path
from curation.sources.feeds.google_xml import (
    DETAIL,
    NAMESPACE,
    RAW_SCHEMA,
    SINGLE,
    WHOLE,
    read_feed_xml,
)
from curation.sources.fields import currency_of, paragraphs, price_of, text_of
from curation.sources.files import QUARANTINE_SCHEMA, RawTable, read_table
from curation.sources.ids import unique_ids
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

ATTRIBUTES = (
    "color", "size", "gender", "age_group", "material", "pattern", "size_type", "size_system",
)  # fmt: skip
_PARTED = {"color", "material"}
_IDENTIFIERS = {"gtin": "gtin", "mpn": "mpn", "item_group_id": "parent_sku"}
FEED_FIELDS = {
    "id": "record_id",
    "title": "title",
    "description": "description",
    "brand": "brand",
    "price": "price, currency, extra",
    "image_link": "image_urls",
    "additional_image_link": "image_urls",
    "google_product_category": "category_path, extra",
    "product_type": "category_path, extra",
    "product_detail": "attributes, extra",
    **{name: f"attributes.{name}" for name in ATTRIBUTES},
    **{name: f"identifiers.{kind}" for name, kind in _IDENTIFIERS.items()},
}
_SIGNS = {
    "image_link", "availability", "google_product_category", "condition", "item_group_id",
    "product_type", "additional_image_link", "gtin", "mpn", "identifier_exists",
}  # fmt: skip
_ROWS_AT_ONCE = 50_000
_HALF = 0.5
_HEAD = 1 << 16
_Category = Literal["google_product_category", "product_type"]


class GoogleFeedOptions(BaseModel):
    """``[source.options]`` of a Merchant Center feed.

    ``category_from`` says which attribute is the category. Left out, it is ``product_type``, the
    shop's own, where at least half of the items have one, else ``google_product_category``;
    ``init`` writes the latter where the taxonomy is Google's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    category_from: _Category | None = None


def feed_field(column: str) -> str:
    """What becomes of an attribute of the feed.

    Examples
    --------
    >>> feed_field("g:color"), feed_field("item group id"), feed_field("custom_label_0")
    ('attributes.color', 'identifiers.parent_sku', 'extra')
    """
    return FEED_FIELDS.get(_plain(column), "extra")


def feed_options(taxonomy: str, head: pl.DataFrame) -> dict[str, str]:
    """Options that follow from the taxonomy: Google's, where the items name a category of it."""
    name = "google_product_category"
    named = name in head.columns and head[name].is_not_null().any()
    return {"category_from": name} if taxonomy.startswith("google:") and named else {}


def sniff_feed(path: Path) -> float:
    """How sure it is, in [0, 1], that a file is a Merchant Center feed: by its beginning."""
    if not path.is_file() or path.suffix.lower() in (".parquet", ".xlsx", ".jsonl", ".json"):
        return 0.0
    with open_bytes(path) as file:
        text = file.read(_HEAD).replace(b"\x00", b"").decode("utf-8-sig", "replace")
    if text.lstrip("\ufeff\ufffd \r\n\t").startswith("<"):
        is_feed = NAMESPACE in text or re.search(r"<g:(id|title|price|image_link)>", text)
        return 0.95 if is_feed else 0.0
    line = text.partition("\n")[0]
    delimiter = "\t" if "\t" in line else ","
    names = {
        _plain(name) for row in csv.reader(io.StringIO(line), delimiter=delimiter) for name in row
    }
    is_table = {"id", "title"} <= names and len(_SIGNS & names) > 2 and "link" in names
    return 0.9 if is_table else 0.0


def feed_head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first items, one column an attribute."""
    with tempfile.TemporaryDirectory() as scratch:
        if not _is_xml(path):
            table = read_table(path, settings.read_options(), Path(scratch))
            return table.scan().head(200).collect()
        frame = _beginning(path, Path(scratch)).head(200)
    rest = frame["rest"].str.json_decode(infer_schema_length=None).struct.unnest()
    others = [c for c in rest.columns if c not in frame.columns]
    told = frame.drop("rest", "details").hstack(rest.select(others))
    return told.select(c for c in told.columns if told[c].is_not_null().any())


def load_feed(settings: SourceSettings, scratch: Path, told: Told | None) -> LoadResult:
    """Read a feed, RSS or Atom XML or a table, each item a record.

    Colours, sizes and the like, and ``product_detail``, are attributes; GTIN, MPN and the item
    group are identifiers. A category that is a number stays one: the load step names it by the
    taxonomy. All else stays in ``extra``.

    Raises
    ------
    InputError
        If a file is not XML or a table that can be read, declares entities, or has no item with
        a title.
    """
    options = GoogleFeedOptions(**settings.options)
    parts: list[Path] = []
    quarantines = [pl.DataFrame(schema=QUARANTINE_SCHEMA)]
    files = []
    for text in settings.paths:
        path = Path(text)
        if not path.exists():
            raise InputError(f"{path}: no such file. Check the path.")
        if _is_xml(path):
            mine = read_feed_xml(path, scratch, told)
            facts = {"format": "xml", "n_rows": _n_rows(mine)}
        else:
            table = read_table(path, settings.read_options(), scratch)
            mine, facts = _table_parts(path, table, scratch), dict(table.facts)
            quarantines.append(table.quarantine)
        _refuse_others(path, mine)
        parts += mine
        files.append({"path": text, **facts})
    category, told_category = _category(parts, options)
    ids, n_missing, n_repeated = _ids(parts)
    done, start = [], 0
    for n, part in enumerate(parts):
        raw = pl.read_parquet(part)
        mapped = _records(raw, ids.slice(start, raw.height), category)
        done.append(scratch / f"feed-records-{n}.parquet")
        conform(mapped.lazy()).sink_parquet(done[-1])
        start += raw.height
        if told is not None:
            told(n + 1, len(parts), "mapping items")
    quarantine = pl.concat(quarantines)
    figures = {
        "files": files,
        "n_quarantined": quarantine.height,
        "n_missing_ids": n_missing,
        "n_duplicate_ids": n_repeated,
        "category_from": category,
    }
    notes = [told_category]
    if quarantine.height:
        first = quarantine.row(0, named=True)
        notes.append(
            f"{counted(quarantine.height, 'row')} could not be read and moved to the quarantine, "
            f"the first at {first['file']}, line {first['line']}: {first['reason']}"
        )
    if n_missing:
        notes.append(f"{counted(n_missing, 'item')} without an id got one from the content")
    if n_repeated:
        notes.append(f"{counted(n_repeated, 'item')} with a repeated id got a number behind it")
    return LoadResult(pl.scan_parquet(done), quarantine, figures, notes)


def _plain(column: str) -> str:
    name = re.sub(r"\(.*\)$", "", column.strip().casefold().removeprefix("g:"))
    return re.sub(r"[\s_]+", "_", name.strip())


def _is_xml(path: Path) -> bool:
    with open_bytes(path) as file:
        start = file.read(256).replace(b"\x00", b"")
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        start = start.removeprefix(mark)
    return start.lstrip().startswith(b"<") or path.name.lower().removesuffix(".gz").endswith(".xml")


def _beginning(path: Path, scratch: Path) -> pl.DataFrame:
    """The items in the first megabyte of a feed, its last one perhaps cut off."""
    with open_bytes(path) as file:
        start = file.read(1 << 20)
        is_whole = not file.read(1)
    if is_whole:
        return pl.concat([pl.read_parquet(p) for p in read_feed_xml(path, scratch, None)])
    cuts = [start.rfind(f"</{name}>".encode()) for name in ("item", "entry", "product")]
    name = ("item", "entry", "product")[max(range(3), key=lambda n: cuts[n])]
    opening = re.search(rb"<(rss|feed|rdf:RDF)\b", start)
    root = opening.group(1).decode() if opening else "rss"
    channel = "</channel>" if root == "rss" and b"<channel" in start else ""
    if max(cuts) < 0:
        return pl.concat([pl.read_parquet(p) for p in read_feed_xml(path, scratch, None)])
    cut = scratch / "beginning.xml"
    cut.write_bytes(start[: max(cuts)] + f"</{name}>{channel}</{root}>".encode())
    return pl.concat([pl.read_parquet(p) for p in read_feed_xml(cut, scratch, None)])


def _n_rows(parts: list[Path]) -> int:
    return int(pl.scan_parquet(parts).select(pl.len()).collect().item())


def _table_parts(path: Path, table: RawTable, scratch: Path) -> list[Path]:
    """A table as files of `RAW_SCHEMA`, like those of an XML feed."""
    rows = table.scan()
    columns: dict[str, list[str]] = {}
    for column in table.facts["columns"]:
        name = _plain(column)
        base = re.sub(r"_\d+$", "", name)
        several = base in ("additional_image_link", "product_detail", "product_type")
        columns.setdefault(base if several else name, []).append(column)
    if not {"id", "title"} & set(columns):
        found = ", ".join(table.facts["columns"][:12])
        raise InputError(
            f"{path}: not a Merchant Center feed. Expected the columns id, title, link, "
            f"image_link, price …; found {found}. Pass --kind catalog for any other table."
        )
    images = [text_of(c).str.split(",") for c in columns.get("additional_image_link", [])]
    details = [_table_details(text_of(c)) for c in columns.get("product_detail", [])]
    others = [
        text_of(cs[0]).alias(name)
        for name, cs in columns.items()
        if name not in WHOLE and name != "additional_image_link"
    ]
    raw = rows.select(
        *(
            (text_of(columns[n][0]) if n in columns else pl.lit(None, pl.String)).alias(n)
            for n in SINGLE
        ),
        (pl.concat_list(images) if images else pl.lit(None, pl.List(pl.String)))
        .list.eval(pl.element().str.strip_chars())
        .alias("additional_image_link"),
        (pl.concat_list(details) if details else pl.lit(None, pl.List(DETAIL))).alias("details"),
        (pl.struct(others).struct.json_encode() if others else pl.lit("{}")).alias("rest"),
    )
    parts = []
    for start in range(0, int(table.facts["n_rows"]), _ROWS_AT_ONCE):
        parts.append(scratch_path(path, scratch, f".raw-{start}.parquet"))
        raw.slice(start, _ROWS_AT_ONCE).match_to_schema(RAW_SCHEMA).sink_parquet(parts[-1])
    return parts


def _table_details(value: pl.Expr) -> pl.Expr:
    """``section:name:value,section:name:value`` as keys and values."""
    part = pl.element().str.splitn(":", 3)
    pair = pl.struct(
        key=part.struct.field("field_1").str.strip_chars(),
        value=part.struct.field("field_2").str.strip_chars(),
    )
    return value.str.split(",").list.eval(pair)


def _refuse_others(path: Path, parts: list[Path]) -> None:
    titled = pl.scan_parquet(parts).select(pl.col("title").is_not_null().any()).collect().item()
    if not titled:
        raise InputError(
            f"{path}: none of its {_n_rows(parts):,} items has a title (g:title). Is it a Merchant "
            "Center product feed?"
        )


def _category(parts: list[Path], options: GoogleFeedOptions) -> tuple[str, str]:
    names = ("google_product_category", "product_type")
    shares = (
        pl.scan_parquet(parts)
        .select(pl.col(n).is_not_null().mean() for n in names)
        .collect()
        .row(0, named=True)
    )
    guess = names[0] if shares[names[0]] and shares[names[1]] < _HALF else names[1]
    chosen = options.category_from or guess
    if options.category_from and not shares[chosen]:
        raise InputError(
            f"--option category_from={chosen}: no item has it. Leave the option out, or name the other."
        )
    if not shares[chosen]:
        return chosen, "no item has a google_product_category or a product_type"
    return (
        chosen,
        f"categories are read from {chosen}, which {shares[chosen]:.0%} of the items have",
    )


def _ids(parts: list[Path]) -> tuple[pl.DataFrame, int, int]:
    ids = pl.scan_parquet(parts).select("id", "title", "rest").collect()
    missing = ids["id"].is_null()
    made = [
        hashlib.md5(f"{title}\n{rest}".encode(), usedforsecurity=False).hexdigest()[:16]
        for title, rest in ids.filter(missing).select("title", "rest").iter_rows()
    ]
    filled = pl.Series("made", [None], dtype=pl.String).new_from_index(0, ids.height)
    filled = filled.scatter(missing.arg_true(), made)
    found = unique_ids(pl.DataFrame({"given": ids["id"], "made": filled}))
    n_repeated = int((found["nth"] > 1).filter(~missing).sum())
    return found.select("record_id"), int(missing.sum()), n_repeated


def _records(raw: pl.DataFrame, ids: pl.DataFrame, category: str) -> pl.DataFrame:
    price = pl.col("price")
    images = pl.concat_list("image_link", "additional_image_link")
    images = images.list.drop_nulls().list.unique(maintain_order=True)
    names = (
        pl.col(category)
        .str.replace(r"^\d+ - ", "")
        .str.split(">")
        .list.eval(pl.element().str.strip_chars())
    )
    found = pl.concat_list(
        pl.when(pl.col(name).is_not_null()).then(
            pl.struct(kind=pl.lit(kind), value=pl.col(name)).cast(IDENTIFIER)
        )
        for name, kind in _IDENTIFIERS.items()
    ).list.drop_nulls()
    records = raw.hstack(ids).select(
        "record_id",
        pl.lit("classification").alias("task"),
        "title",
        "description",
        "brand",
        price_of(price).alias("price"),
        currency_of(pl.lit(None, pl.String), price).alias("currency"),
        pl.when(images.list.len() > 0).then(images).alias("image_urls"),
        names.alias("category_path"),
        pl.when(found.list.len() > 0).then(found).alias("identifiers"),
        pl.col("rest").alias("extra"),
    )
    values = attributes_of(records.select("title", "description"), _values(raw))
    return records.with_columns(values.alias("attributes"), paragraphs())


def _values(raw: pl.DataFrame) -> pl.DataFrame:
    """``row, key, value`` of the attributes; colours and materials parted at their slashes."""
    rows = raw.with_row_index("row")
    parts = [
        rows.filter(pl.col(name).is_not_null())
        .select(
            "row",
            pl.lit(name).alias("key"),
            (pl.col(name).str.split("/") if name in _PARTED else pl.concat_list(name)).alias(
                "value"
            ),
        )
        .explode("value")
        for name in ATTRIBUTES
    ]
    details = rows.select("row", "details").explode("details").drop_nulls("details")
    return pl.concat([*parts, details.unnest("details").select("row", "key", "value")])
