"""Which column is the title? A guess from names and content, to be shown and overruled."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from catalog.errors import InputError
from catalog.taxonomy.files import SEPARATORS
from catalog.text import words
from curation.sources.column_contents import are_gtins, are_images, are_links, are_prices, filled
from curation.sources.column_names import (
    ATTRIBUTES,
    FIELDS,
    ID_WORDS,
    IDENTIFIERS,
    IMAGE,
    LEVEL,
    NAMED_ATTRIBUTE,
    NOT_THE_PRICE,
    PAIR_NAME,
    PAIR_VALUE,
    PREFIXES,
    PRICE_WORDS,
    SHOP_TYPES,
)

SAMPLE_ROWS = 20_000

_NESTED = 0.9
_NEARLY_EMPTY = 0.01
_FEW_VALUES = 0.5
_LEAST_ROWS = 20


def _listed(value: Any) -> Any:
    """One column, or several, as a list."""
    return [value] if isinstance(value, str) else [] if value is None else value


class ColumnMap(BaseModel):
    """Where each field of a record comes from; what is not named goes to ``extra``.

    ``attribute_pairs`` names columns that come in pairs, one with the attribute's name and one
    with its values (``Attribute 1 name`` and ``Attribute 1 value(s)``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    record_id: str | None = None
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    price: str | None = None
    currency: str | None = None
    image_urls: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    split_hint: str | None = None
    category: list[str] = Field(default_factory=list)
    attributes: dict[str, str] = Field(default_factory=dict)
    attribute_pairs: dict[str, str] = Field(default_factory=dict)
    identifiers: dict[str, list[str]] = Field(default_factory=dict)

    def used(self) -> set[str]:
        """Every source column that the map names."""
        single = {
            self.record_id, self.title, self.description, self.brand, self.price,
            self.currency, self.split_hint,
        }  # fmt: skip
        listed = [
            *self.category,
            *self.image_urls,
            *self.attributes.values(),
            *itertools.chain(*self.attribute_pairs.items()),
            *itertools.chain(*self.identifiers.values()),
        ]
        return {name for name in single if name} | set(listed)


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
    table = _Table(sample)
    for target in ("title", "description", "brand", "price", "currency", "split_hint"):
        table.choose_by_name(target)
    _choose_price_by_content(table)
    _choose_images(table)
    _choose_identity(table)
    levels = _category_columns(sample, table.names_for("category"), table.taken)
    for column in levels:
        table.take(column, "named like a category" + (", by rising detail" if levels[1:] else ""))
    identifiers = _identifiers(table)
    if "title" not in table.chosen:
        text = _title_by_content(sample, table.taken)
        if text is not None:
            table.choose("title", text, "short texts, nearly all different")
    pairs = _attribute_pairs(table)
    attributes = _attributes(table)
    _tell_the_rest(table)
    separator = _separator(sample[levels[0]]) if len(levels) == 1 else None
    samples = {c: [str(v)[:80] for v in _shown(sample[c])] for c in sample.columns}
    columns = ColumnMap(
        **table.chosen,
        category=levels,
        identifiers=identifiers,
        attributes=attributes,
        attribute_pairs=pairs,
    )
    return Guess(columns, separator, table.reasons, samples)


def _shown(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        values = values.filter(values.str.strip_chars() != "")
    return values.drop_nulls().head(5)


class _Table:
    """A sample of rows, and what was chosen of it so far."""

    def __init__(self, sample: pl.DataFrame) -> None:
        self.sample = sample
        self.names = {column: " ".join(_split_name(column)) for column in sample.columns}
        self.n_filled = {c: len(_shown_all(sample[c])) for c in sample.columns}
        self.chosen: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}
        self.taken: set[str] = set()

    def take(self, column: str, reason: str) -> None:
        self.reasons.setdefault(column, reason)
        self.taken.add(column)

    def choose(self, target: str, column: str, reason: str) -> None:
        self.chosen[target] = column
        self.take(column, reason)

    def names_for(self, target: str) -> dict[str, str]:
        """The names of the columns, those that the target does not know without their prefix."""
        known = FIELDS[target]
        return {c: n if n in known else _without_prefix(n) for c, n in self.names.items()}

    def free(self) -> list[str]:
        """Columns with values that nothing was made of yet."""
        return [c for c in self.sample.columns if c not in self.taken and self.n_filled[c]]

    def choose_by_name(self, target: str) -> None:
        wanted = FIELDS[target]
        for names in (self.names, {c: _without_prefix(n) for c, n in self.names.items()}):
            column = _best_name(names, wanted, self.taken | self._empty())
            if column is not None and _fits(target, self.sample[column]):
                self.choose(target, column, f"the name {column!r}")
                return

    def _empty(self) -> set[str]:
        return {c for c, n in self.n_filled.items() if not n} if self.sample.height else set()


def _shown_all(values: pl.Series) -> pl.Series:
    return values.drop_nulls() if values.dtype.is_nested() else filled(values)


def _without_prefix(name: str) -> str:
    first, _, rest = name.partition(" ")
    return rest if rest and first in PREFIXES else name


def _choose_price_by_content(table: _Table) -> None:
    if "price" in table.chosen:
        return
    for column in table.free():
        own = set(table.names[column].split())
        if (
            own & PRICE_WORDS
            and not own & NOT_THE_PRICE
            and not table.sample[column].dtype.is_nested()
        ):
            table.choose("price", column, f"a price by its name {column!r}")
            return
    for column in table.free():
        own = set(table.names[column].split())
        if not own & NOT_THE_PRICE and are_prices(table.sample[column]):
            table.choose("price", column, "amounts with a currency")
            return


def _choose_images(table: _Table) -> None:
    """The column of the name that is best, then all others that are named or look like pictures."""
    first = _best_name(table.names, FIELDS["image_urls"], table.taken)
    found = [] if first is None else [first]
    if first is not None:
        table.take(first, f"the name {first!r}")
    for column in table.free():
        name = _without_prefix(table.names[column])
        if IMAGE.match(name) and are_links(table.sample[column]):
            found.append(column)
            table.take(column, f"links, and the name {column!r}")
        elif are_images(table.sample[column]):
            found.append(column)
            table.take(column, "links to pictures")
    if found:
        table.chosen["image_urls"] = found


def _choose_identity(table: _Table) -> None:
    column = _identity(table.sample, table.names, table.taken)
    if column is not None:
        n_twice = int(table.sample[column].drop_nulls().is_duplicated().sum())
        told = f"{n_twice:,} values in the sample not alone" if n_twice else "no value twice"
        table.choose("record_id", column, f"named like an id, {told}")
        return
    for column in table.free():
        own = table.names[column].split()
        values = table.sample[column]
        is_whole = table.n_filled[column] == len(values) and not values.dtype.is_nested()
        is_named = bool(own) and (own[-1] in ID_WORDS or own[0] in ID_WORDS)
        if is_named and is_whole and table.names[column] not in IDENTIFIERS:
            texts = filled(values)
            if texts.n_unique() == len(texts) and not texts.str.contains(" ", literal=True).any():
                table.choose("record_id", column, "named like a code, no value twice")
                return


def _identifiers(table: _Table) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    identity = table.chosen.get("record_id")
    for column, name in table.names.items():
        kind = IDENTIFIERS.get(name) or IDENTIFIERS.get(_without_prefix(name))
        if kind is not None and column not in table.taken - {identity}:
            found.setdefault(kind, []).append(column)
            table.take(column, f"an identifier ({kind})")
    for column in table.free():
        if are_gtins(table.sample[column]):
            found.setdefault("gtin", []).append(column)
            table.take(column, "numbers with the check digit of a GTIN")
    return found


def _attribute_pairs(table: _Table) -> dict[str, str]:
    """Columns with the name of an attribute, each with the one of its values."""
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    for column in table.free():
        for found, pattern in ((names, PAIR_NAME), (values, PAIR_VALUE)):
            match = pattern.match(table.names[column])
            if match:
                found[next(n for n in match.groups() if n)] = column
    pairs = {names[n]: values[n] for n in names if n in values}
    for name, value in pairs.items():
        table.take(name, f"names of attributes, whose values are in {value!r}")
        table.take(value, f"values of the attributes named in {name!r}")
    return pairs


def _attributes(table: _Table) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in table.free():
        name = table.names[column]
        prefixed = NAMED_ATTRIBUTE.match(name)
        plain = prefixed[1] if prefixed else _without_prefix(name)
        if not prefixed and plain not in ATTRIBUTES:
            continue
        reason = _why_attribute(table, column, bool(prefixed))
        key = plain[:1].upper() + plain[1:]
        if reason is not None and key not in found:
            found[key] = column
            table.take(column, reason)
    return found


def _why_attribute(table: _Table, column: str, is_prefixed: bool) -> str | None:
    values = table.sample[column]
    if values.dtype.is_nested() or (values.dtype != pl.String and not is_prefixed):
        return None
    texts = filled(values)
    n_different = texts.n_unique()
    if len(values) >= _LEAST_ROWS:
        is_rare = len(texts) < _NEARLY_EMPTY * len(values)
        if is_rare or n_different < 2 or n_different > max(_LEAST_ROWS, _FEW_VALUES * len(texts)):
            return None
    why = "named as an attribute" if is_prefixed else "named like an attribute of a product"
    return f"{why}, {n_different:,} different values in {len(texts):,} rows"


def _tell_the_rest(table: _Table) -> None:
    """Why the columns that nothing was made of stay in ``extra``."""
    n_rows = table.sample.height
    for column in table.sample.columns:
        if column in table.reasons:
            continue
        n_filled = table.n_filled[column]
        values = table.sample[column]
        if not n_filled:
            reason = "empty"
        elif n_filled < _NEARLY_EMPTY * n_rows:
            reason = f"nearly empty, {n_filled:,} of {n_rows:,} rows"
        elif n_rows > 1 and not values.dtype.is_nested() and filled(values).n_unique() == 1:
            reason = f"always {filled(values)[0][:40]!r}"
        elif are_links(values):
            reason = "links"
        else:
            continue
        table.reasons[column] = reason


def overruled(columns: ColumnMap, maps: Iterable[str], available: Iterable[str]) -> ColumnMap:
    """Apply ``FIELD=COLUMN`` texts to a column map.

    ``FIELD=`` alone unsets a field. ``category=A,B,C`` names one column a level,
    ``image_urls=A,B`` each column of links; ``attributes.Colour=COLUMN``,
    ``identifiers.gtin=COLUMN`` and ``attribute_pairs.NAMES=VALUES`` name the others. A column
    that is named leaves the attribute that was guessed of it.

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
                ", attributes.NAME, identifiers.KIND or attribute_pairs.COLUMN."
            )
        wanted = [value] if value in known or not value else [v.strip() for v in value.split(",")]
        for column in wanted:
            if column and column not in known:
                raise InputError(
                    f"--map {text}: there is no column {column!r}. Columns: {', '.join(known)}."
                )
        wanted = [column for column in wanted if column]
        for guessed in [k for k, c in columns.attributes.items() if c in wanted]:
            body["attributes"].pop(guessed, None)
        if top in ("category", "image_urls"):
            body[top] = wanted
        elif top == "identifiers":
            body[top][key] = wanted
        elif top in ("attributes", "attribute_pairs"):
            body[top] = {**body[top], key: wanted[0]} if wanted else _without(body[top], key)
        else:
            body[top] = wanted[0] if wanted else None
    return ColumnMap(**body)


def _without(mapping: dict[str, str], key: str) -> dict[str, str]:
    return {k: v for k, v in mapping.items() if k != key}


def _split_name(column: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", " ", column)
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(c)
    )
    return words(plain.replace("_", " "))


def _best_name(names: dict[str, str], wanted: tuple[str, ...], taken: set[str]) -> str | None:
    for name in wanted:
        for column, own in names.items():
            if own == name and column not in taken:
                return column
    return None


def _fits(target: str, values: pl.Series) -> bool:
    return values.dtype == pl.String if target in ("title", "brand") else True


def _identity(sample: pl.DataFrame, names: dict[str, str], taken: set[str]) -> str | None:
    for name in FIELDS["record_id"]:
        for column, own in names.items():
            if own != name or column in taken or sample[column].dtype.is_nested():
                continue
            given = sample[column].drop_nulls()
            if len(given) and given.n_unique() >= 0.5 * len(given):
                return column
    return None


def _category_columns(sample: pl.DataFrame, names: dict[str, str], taken: set[str]) -> list[str]:
    numbered = sorted(
        (int(match.group(1)), column)
        for column, name in names.items()
        if (match := LEVEL.match(name)) and column not in taken
    )
    if len(numbered) > 1:
        return [column for _, column in numbered]
    named = [
        column
        for wanted in FIELDS["category"]
        for column, own in names.items()
        if own == wanted and column not in taken and sample[column].null_count() < sample.height
    ]
    named = _of_the_product(sample, list(dict.fromkeys(named)))
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


def _of_the_product(sample: pl.DataFrame, named: list[str]) -> list[str]:
    """The columns that are not a shop system's word for the row, nor the same in all rows."""
    kept = [
        c
        for c in named
        if sample[c].dtype != pl.String
        or not filled(sample[c]).str.to_lowercase().is_in(list(SHOP_TYPES)).all()
    ]
    varied = [c for c in kept if sample[c].dtype.is_nested() or sample[c].n_unique() > 1]
    return varied or kept


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
    given = values.drop_nulls()
    if not len(given):
        return None
    for separator in SEPARATORS:
        if given.str.contains(separator, literal=True).mean() >= 0.5:  # type: ignore[operator]
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
