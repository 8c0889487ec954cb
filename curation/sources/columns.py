"""Which column is the title? A guess from names and content, to be shown and overruled."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from catalog.errors import InputError
from catalog.taxonomy.files import SEPARATORS
from catalog.text import words

SAMPLE_ROWS = 20_000

_NAMES: dict[str, tuple[str, ...]] = {
    "record_id": (
        "record id", "example id", "id", "product id", "item id", "uniq id", "unique id", "uid",
        "index", "pid", "asin", "sku", "handle", "offer id", "listing id",
    ),
    "title": (
        "title", "product title", "product name", "name", "product", "item name", "item title",
        "display name", "label", "headline",
    ),
    "description": (
        "description", "product description", "long description", "body html", "body", "text",
        "details", "about product", "about", "short description", "summary", "content",
    ),
    "brand": (
        "brand", "brand name", "manufacturer", "vendor", "maker", "producer", "brandname",
    ),
    "price": (
        "price", "sale price", "selling price", "current price", "final price", "list price",
        "discounted price", "market price", "mrp", "retail price", "variant price", "amount",
    ),
    "currency": ("currency", "currency code", "price currency"),
    "image_urls": (
        "image", "image url", "image urls", "images", "image link", "img", "img url", "picture",
        "main image", "image src", "photo", "photo url",
    ),
    "category": (
        "category path", "category", "categories", "product category", "taxonomy", "breadcrumb",
        "breadcrumbs", "cat", "product category tree", "category tree", "google product category",
        "product type", "department", "main category", "sub category", "subcategory", "type",
        "category level", "class", "subclass", "sub sub category", "leaf category", "level",
    ),
    "split_hint": ("split", "fold", "partition"),
}  # fmt: skip
_IDENTIFIERS: dict[str, str] = {
    "gtin": "gtin", "gtin13": "gtin", "gtin14": "gtin", "ean": "gtin", "ean13": "gtin",
    "upc": "gtin", "barcode": "gtin", "isbn": "isbn", "asin": "asin", "sku": "sku",
    "mpn": "mpn", "modelno": "mpn", "model": "mpn", "model no": "mpn", "model number": "mpn",
    "part number": "mpn", "parent sku": "parent_sku", "parent asin": "parent_sku",
    "parent id": "parent_sku", "item group id": "parent_sku", "variant sku": "sku",
    "variant barcode": "gtin",
}  # fmt: skip
_LEVEL = re.compile(r"^(?:category|cat|level|l|lvl|department|class)(?: ?(?:level|l))? ?(\d+)$")
_NESTED = 0.9


class ColumnMap(BaseModel):
    """Where each field of a record comes from; what is not named goes to ``extra``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    record_id: str | None = None
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    price: str | None = None
    currency: str | None = None
    image_urls: str | None = None
    split_hint: str | None = None
    category: list[str] = Field(default_factory=list)
    attributes: dict[str, str] = Field(default_factory=dict)
    identifiers: dict[str, list[str]] = Field(default_factory=dict)

    def used(self) -> set[str]:
        """Every source column that the map names."""
        single = {
            self.record_id, self.title, self.description, self.brand, self.price,
            self.currency, self.image_urls, self.split_hint,
        }  # fmt: skip
        listed = [
            *self.category,
            *self.attributes.values(),
            *itertools.chain(*self.identifiers.values()),
        ]
        return {name for name in [*single, *listed] if name}


@dataclass(frozen=True)
class Guess:
    """A column map with the reason for each choice, and five real values a column."""

    columns: ColumnMap
    category_separator: str | None
    reasons: dict[str, str] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)


def guess_columns(rows: pl.LazyFrame) -> Guess:
    """Guess the column map of a raw table from its names and the first 20,000 rows.

    Examples
    --------
    >>> raw = pl.LazyFrame({"Product Name": ["Tea"], "Maker": ["Acme"], "Dept": ["Food > Tea"]})
    >>> guess_columns(raw).columns.title
    'Product Name'
    """
    sample = rows.head(SAMPLE_ROWS).collect()
    names = {column: " ".join(_split_name(column)) for column in sample.columns}
    chosen: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    taken: set[str] = set()
    for target in (
        "title",
        "description",
        "brand",
        "price",
        "currency",
        "image_urls",
        "split_hint",
    ):
        column = _best_name(names, _NAMES[target], taken)
        if column is not None and _fits(target, sample[column]):
            chosen[target] = column
            reasons[column] = f"the name {column!r}"
            taken.add(column)
    column = _identity(sample, names, taken)
    if column is not None:
        chosen["record_id"] = column
        n_twice = int(sample[column].drop_nulls().is_duplicated().sum())
        reasons[column] = "named like an id, " + (
            f"{n_twice:,} values in the sample not alone" if n_twice else "no value twice"
        )
        taken.add(column)
    levels = _category_columns(sample, names, taken)
    chosen["category"] = levels
    taken |= set(levels)
    for column in levels:
        reasons[column] = "named like a category" + (", by rising detail" if levels[1:] else "")
    identifiers: dict[str, list[str]] = {}
    for column, name in names.items():
        kind = _IDENTIFIERS.get(name)
        if kind is not None and column not in taken - {chosen.get("record_id")}:
            identifiers.setdefault(kind, []).append(column)
            reasons.setdefault(column, f"an identifier ({kind})")
    chosen["identifiers"] = identifiers
    if "title" not in chosen:
        column = _title_by_content(sample, taken)
        if column is not None:
            chosen["title"] = column
            reasons[column] = "short texts, nearly all different"
    separator = _separator(sample[levels[0]]) if len(levels) == 1 else None
    samples = {c: [str(v)[:80] for v in sample[c].drop_nulls().head(5)] for c in sample.columns}
    return Guess(ColumnMap(**chosen), separator, reasons, samples)


def overruled(columns: ColumnMap, maps: Iterable[str], available: Iterable[str]) -> ColumnMap:
    """Apply ``FIELD=COLUMN`` texts to a column map.

    ``FIELD=`` alone unsets a field. ``category=A,B,C`` names one column a level;
    ``attributes.Colour=COLUMN`` and ``identifiers.gtin=COLUMN`` name the others.

    Raises
    ------
    InputError
        If the field or the column does not exist.
    """
    body = columns.model_dump()
    known = list(available)
    for text in maps:
        field_name, found, value = text.partition("=")
        field_name, value = field_name.strip(), value.strip()
        top, _, key = field_name.partition(".")
        if (
            not found
            or top not in ColumnMap.model_fields
            or bool(key) != isinstance(body[top], dict)
        ):
            raise InputError(
                f"--map {text}: expected FIELD=COLUMN, FIELD one of "
                f"{', '.join(f for f, v in body.items() if not isinstance(v, dict))}"
                ", attributes.NAME or identifiers.KIND."
            )
        wanted = [value] if value in known or not value else [v.strip() for v in value.split(",")]
        for column in wanted:
            if column and column not in known:
                raise InputError(
                    f"--map {text}: there is no column {column!r}. Columns: {', '.join(known)}."
                )
        wanted = [column for column in wanted if column]
        if top == "category":
            body[top] = wanted
        elif top == "identifiers":
            body[top][key] = wanted
        elif top == "attributes":
            body[top] = {**body[top], key: wanted[0]} if wanted else _without(body[top], key)
        else:
            body[top] = wanted[0] if wanted else None
    return ColumnMap(**body)


def _without(mapping: dict[str, str], key: str) -> dict[str, str]:
    return {k: v for k, v in mapping.items() if k != key}


def _split_name(column: str) -> list[str]:
    return words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("_", " "))


def _best_name(names: dict[str, str], wanted: tuple[str, ...], taken: set[str]) -> str | None:
    for name in wanted:
        for column, own in names.items():
            if own == name and column not in taken:
                return column
    return None


def _fits(target: str, values: pl.Series) -> bool:
    return values.dtype == pl.String if target in ("title", "brand") else True


def _identity(sample: pl.DataFrame, names: dict[str, str], taken: set[str]) -> str | None:
    for name in _NAMES["record_id"]:
        for column, own in names.items():
            if own != name or column in taken or sample[column].dtype.is_nested():
                continue
            filled = sample[column].drop_nulls()
            if len(filled) and filled.n_unique() >= 0.5 * len(filled):
                return column
    return None


def _category_columns(sample: pl.DataFrame, names: dict[str, str], taken: set[str]) -> list[str]:
    numbered = sorted(
        (int(match.group(1)), column)
        for column, name in names.items()
        if (match := _LEVEL.match(name)) and column not in taken
    )
    if len(numbered) > 1:
        return [column for _, column in numbered]
    named = [
        column
        for wanted in _NAMES["category"]
        for column, own in names.items()
        if own == wanted and column not in taken and sample[column].null_count() < sample.height
    ]
    named = list(dict.fromkeys(named))
    if not named:
        return [column for _, column in numbered]
    if sample[named[0]].dtype.is_nested() or _separator(sample[named[0]]) or len(named) == 1:
        return named[:1]
    by_detail = sorted(named, key=lambda c: sample[c].n_unique())
    chain = by_detail[:1]
    for column in by_detail[1:]:
        if _tells(sample, column, chain[-1]):
            chain.append(column)
    return chain if named[0] in chain else named[:1]


def _tells(sample: pl.DataFrame, fine: str, coarse: str) -> bool:
    """Whether a value of the finer column nearly always comes with one value of the coarser."""
    if sample[fine].n_unique() <= sample[coarse].n_unique():
        return False
    pairs = sample.select(pl.col(fine).alias("f"), pl.col(coarse).alias("c")).drop_nulls()
    largest = pairs.group_by("f", "c").len().group_by("f").agg(pl.col("len").max())["len"].sum()
    return bool(pairs.height) and largest >= _NESTED * pairs.height


def _separator(values: pl.Series) -> str | None:
    if values.dtype != pl.String:
        return None
    filled = values.drop_nulls()
    if not len(filled):
        return None
    for separator in SEPARATORS:
        if filled.str.contains(separator, literal=True).mean() >= 0.5:  # type: ignore[operator]
            return separator.strip() if ">" in separator else separator
    return None


def _title_by_content(sample: pl.DataFrame, taken: set[str]) -> str | None:
    best: tuple[float, str] | None = None
    for column in sample.columns:
        values = sample[column]
        if column in taken or values.dtype != pl.String:
            continue
        filled = values.drop_nulls()
        if len(filled) < 0.5 * sample.height:
            continue
        length = filled.str.len_chars().median()
        spaced = filled.str.contains(" ", literal=True).mean()
        distinct = filled.n_unique() / len(filled)
        if 10 <= length <= 200 and spaced > 0.7 and distinct > 0.5:  # type: ignore[operator]
            best = max(best or (0.0, column), (float(distinct), column))
    return best[1] if best else None
