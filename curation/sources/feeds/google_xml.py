"""A Merchant Center feed in XML, read item by item, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

import orjson
import polars as pl

from catalog.errors import InputError
from curation.duplicates.join import Told
from curation.sources.encoding import open_bytes, scratch_path

NAMESPACE = "http://base.google.com/ns/1.0"
SINGLE = (
    "id", "title", "description", "image_link", "brand", "gtin", "mpn", "item_group_id", "price",
    "google_product_category", "product_type", "color", "size", "gender", "age_group", "material",
    "pattern", "size_type", "size_system",
)  # fmt: skip
WHOLE = {"id", "title", "description", "image_link", "brand", "gtin", "mpn", "item_group_id"}
"""Fields that a record holds as they are; all others are in ``rest`` too."""
DETAIL = pl.Struct({"key": pl.String, "value": pl.String})
RAW_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(SINGLE, pl.String()),
        "additional_image_link": pl.List(pl.String),
        "details": pl.List(DETAIL),
        "rest": pl.String(),
    }
)
_ITEMS = {"item", "entry", "product"}
_BLOCK = 1 << 20
_ITEMS_AT_ONCE = 50_000

Item = dict[str, list[Any]]


def read_feed_xml(path: Path, scratch: Path, told: Told | None) -> list[Path]:
    """Write the items of a feed (RSS 2.0, RSS 1.0 or Atom) as Parquet files of `RAW_SCHEMA`.

    Nothing outside the file is ever read, and a feed that declares entities of its own, by which
    a small file can fill the memory, is refused.

    Raises
    ------
    InputError
        If it is not well-formed XML (names the line), or has no item.
    """
    parts: list[Path] = []
    for batch in _batches(path, told):
        part = scratch_path(path, scratch, f".{len(parts)}.parquet")
        _frame(batch).write_parquet(part)
        parts.append(part)
    if not parts:
        raise InputError(
            f"{path}: no item in this XML. Expected a Merchant Center feed with <item> (RSS) or "
            "<entry> (Atom) elements."
        )
    return parts


def _batches(path: Path, told: Told | None) -> Iterator[list[Item]]:
    items: list[Item] = []
    parser = _parser(path, items.append)
    size, done = path.stat().st_size, 0
    with open_bytes(path) as file:
        try:
            while block := file.read(_BLOCK):
                parser.Parse(block, False)
                done += len(block)
                if len(items) >= _ITEMS_AT_ONCE:
                    if told is not None:
                        told(min(done, size), size, f"reading {path.name}")
                    yield items[:]
                    items.clear()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise InputError(
                f"{path}, line {error.lineno:,}: not well-formed XML "
                f"({expat.ErrorString(error.code)}). Is the file whole, and is it XML?"
            ) from error
    if items:
        yield items


def _parser(path: Path, take: Callable[[Item], None]) -> Any:
    """An expat parser that hands over each item as field -> values.

    A field is named without its prefix; where an item has ``title`` and ``g:title``, the latter
    counts. A field with fields inside (``product_detail``) has dictionaries as values.
    """
    given: Item = {}
    plain: Item = {}
    inner: dict[str, str] = {}
    depth, text, href = 0, "", ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, text, href
        if depth:
            depth += 1
            text = ""
            if depth == 2:
                inner.clear()
                href = attributes.get("href", "")
        elif name.rpartition(":")[2] in _ITEMS:
            given.clear()
            plain.clear()
            depth = 1

    def end(name: str) -> None:
        nonlocal depth, text
        if not depth:
            return
        depth -= 1
        if depth == 0:
            take({**plain, **given})
            return
        prefix, _, local = name.rpartition(":")
        if depth == 2:
            inner[local] = text.strip()
        elif depth == 1:
            value: Any = dict(inner) if inner else text.strip() or href
            if value:
                (given if prefix else plain).setdefault(local, []).append(value)
        text = ""

    def characters(data: str) -> None:
        nonlocal text
        if depth > 1:
            text += data

    def refuse(name: str, *_: Any) -> None:
        raise InputError(
            f"{path} declares the entity {name!r}. A feed with entities of its own is not read: "
            "write what they stand for into the file."
        )

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = refuse
    return parser


def _frame(items: list[Item]) -> pl.DataFrame:
    columns: dict[str, list[Any]] = {name: _firsts(items, name) for name in SINGLE}
    columns["additional_image_link"] = [
        [v for v in i.get("additional_image_link", []) if isinstance(v, str)] for i in items
    ]
    columns["details"] = [_details(i.get("product_detail", [])) for i in items]
    columns["rest"] = [_rest(i) for i in items]
    return pl.DataFrame(columns, schema=RAW_SCHEMA)


def _firsts(items: list[Item], name: str) -> list[str | None]:
    """The first value of a field of each item, where it is a text."""
    return [v[0] if (v := i.get(name)) and isinstance(v[0], str) else None for i in items]


def _details(values: list[Any]) -> list[dict[str, str | None]]:
    return [
        {"key": v.get("attribute_name"), "value": v.get("attribute_value")}
        for v in values
        if isinstance(v, dict)
    ]


def _rest(item: Item) -> str:
    kept = {
        name: values if len(values) > 1 else values[0]
        for name, values in item.items()
        if (name not in WHOLE or len(values) > 1) and name != "additional_image_link"
    }
    return orjson.dumps(kept).decode()
