"""Answers as votes: read forgivingly, checked strictly; nothing is dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypeVar

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema

from catalog.paths import join_path
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.repair import nearest_paths
from catalog.text import words
from curation.llm.json_answers import json_objects
from curation.llm.requests import Reply
from curation.llm.stages import Evidence

MALFORMED = "malformed"
NOT_IN_TAXONOMY = "not in the taxonomy"
NOT_IN_LIST = "not in the closed list"
NOT_QUOTED = "the quote does not stand in the text"

MOST_ENUM_VALUES, MOST_ENUM_CHARACTERS = 200, 8_000
"""Closed lists stand in a schema up to here; OpenAI allows 1,000 values and 15,000 characters."""

_Model = TypeVar("_Model", bound=BaseModel)


_NOTHING = ("", "null", "none", "n/a")


def _path(value: object) -> object:
    if isinstance(value, list):
        value = join_path([str(name) for name in value])
    if isinstance(value, str) and value.strip().casefold() in _NOTHING:
        return None
    return value


def _share(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= 1 else None


_NULLABLE_TEXT = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]})
Path = Annotated[str | None, BeforeValidator(_path), _NULLABLE_TEXT]
Confidence = Annotated[float | None, BeforeValidator(_share), WithJsonSchema({"type": "number"})]


class CategoryReply(BaseModel):
    """The answer to ``propose``; ``confidence`` is None where it is no number in [0, 1]."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    category_path: Path
    confidence: Confidence = None


class ValidateReply(BaseModel):
    """The answer to ``validate``."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    is_right: bool
    category_path: Path = None
    confidence: Confidence = None


class Extracted(BaseModel):
    """One value of an attribute, and the passage that shows it."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    value: str
    quote: Annotated[str | None, _NULLABLE_TEXT] = None


@dataclass(frozen=True)
class AskedAttribute:
    """An attribute that is asked for: its key in the answer, its name, its closed list."""

    key: str
    name: str
    values: tuple[str, ...] | None = None

    @cached_property
    def by_words(self) -> dict[str, str]:
        """The closed values by their words alone."""
        return {_plain(value): value for value in reversed(self.values or ())}


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a reply as the strictest provider wants it.

    Every member is required, no other is allowed, and there are no titles or defaults.

    Examples
    --------
    >>> strict_schema(ValidateReply)["required"]
    ['is_right', 'category_path', 'confidence']
    >>> strict_schema(Extracted)["properties"]["value"]
    {'type': 'string'}
    """
    members = {
        name: {key: told for key, told in member.items() if key not in ("title", "default")}
        for name, member in model.model_json_schema()["properties"].items()
    }
    return _object(members)


def _object(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(members),
        "required": list(members),
        "additionalProperties": False,
    }


def category_schema(model: type[BaseModel], options: Sequence[str] | None) -> dict[str, Any]:
    """The schema of a category reply, closed by the options where they are few enough.

    Options that differ from row to row do not belong into it: providers prepare every new
    schema anew, which costs time, and the answer is checked against the taxonomy anyhow.
    """
    schema = strict_schema(model)
    if options and _is_small(options):
        choice = {"anyOf": [{"type": "string", "enum": list(options)}, {"type": "null"}]}
        schema["properties"]["category_path"] = choice
    return schema


def attributes_schema(asked: Sequence[AskedAttribute]) -> dict[str, Any]:
    """The schema of the attributes of a category, with the closed lists that fit, small first."""
    closed: set[str] = set()
    held: list[str] = []
    for one in sorted(asked, key=lambda a: len(a.values or ())):
        if one.values and _is_small([*held, *one.values]):
            closed.add(one.key)
            held += one.values
    members = {}
    for one in asked:
        item = strict_schema(Extracted)
        if one.key in closed:
            item["properties"]["value"] = {"type": "string", "enum": list(one.values or ())}
        members[one.key] = {"anyOf": [{"type": "array", "items": item}, {"type": "null"}]}
    return _object(members)


def _is_small(values: Sequence[str]) -> bool:
    return len(values) <= MOST_ENUM_VALUES and sum(map(len, values)) <= MOST_ENUM_CHARACTERS


def why_useless(reply: Reply) -> str | None:
    """The outcome in a word, where it is no answer."""
    return None if reply.outcome == "answered" else reply.outcome


def parsed(text: str, model: type[_Model]) -> _Model | None:
    """The first object in a text that is a reply; None where the text is malformed.

    Examples
    --------
    >>> parsed('```json\\n{"category_path": ["A", "B"], "confidence": 2}\\n```', CategoryReply)
    CategoryReply(category_path='A > B', confidence=None)
    >>> parsed("The category is A", CategoryReply) is None
    True
    """
    for found in json_objects(text):
        try:
            return model.model_validate(found)
        except ValidationError:
            continue
    return None


@dataclass(frozen=True)
class CheckedPath:
    """A path that is in the taxonomy, or why there is none."""

    value: str | None
    error: str | None = None
    is_repaired: bool = False


class PathCheck:
    """Holds answers against a taxonomy; a wrong path becomes the nearest valid one.

    Examples
    --------
    >>> check = PathCheck(Taxonomy.from_paths([["Garden", "Pots"], ["Garden", "Tools"]]))
    >>> check("Garden > Pots"), check("Pots")
    (CheckedPath(value='Garden > Pots', error=None, is_repaired=False), \
CheckedPath(value='Garden > Pots', error=None, is_repaired=True))
    >>> check("Spaceships").error
    'not in the taxonomy'
    """

    _most_kept = 10_000

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._valid = frozenset(taxonomy.nodes["path_text"])
        self._repaired: dict[str, CheckedPath] = {}

    def __call__(self, path: str) -> CheckedPath:
        """The path as it is valid."""
        text = path.strip()
        if text in self._valid:
            return CheckedPath(text)
        found = self._repaired.get(text)
        if found is None:
            near = nearest_paths(self._taxonomy, pl.Series([text], dtype=pl.String))
            value = near["nearest"][0] if near.height else None
            error = NOT_IN_TAXONOMY if value is None else None
            found = CheckedPath(value, error, value is not None)
            if len(self._repaired) >= self._most_kept:
                self._repaired.clear()
            self._repaired[text] = found
        return found


def _given(value: object) -> list[Any] | None:
    """The values of one key, whatever shape they were given in; None for what is no value."""
    if value is None:
        return []
    if isinstance(value, (str, dict)) or (
        isinstance(value, (int, float)) and not isinstance(value, bool)
    ):
        value = [value]
    if not isinstance(value, list):
        return None
    return [one if isinstance(one, dict) else {"value": one} for one in value if one is not None]


def extracted(value: object) -> list[Extracted] | None:
    """The values that a reply gives one key; empty for none, None where it is malformed.

    A plain text, a number, or one value without a list are forgiven.

    Examples
    --------
    >>> extracted("red"), extracted([]), extracted(True)
    ([Extracted(value='red', quote=None)], [], None)
    """
    given = _given(value)
    if given is None:
        return None
    try:
        found = [Extracted.model_validate(one) for one in given if one.get("value") is not None]
    except ValidationError:
        return None
    return [one for one in found if one.value.strip()]


def attribute_reply(text: str, asked: Sequence[AskedAttribute]) -> dict[str, Any] | None:
    """The object of a reply that has any of the keys; None where there is none."""
    keys = {one.key for one in asked}
    return next((found for found in json_objects(text) if keys & found.keys()), None)


def closed_value(asked: AskedAttribute, value: str) -> tuple[str, str | None]:
    """A value as its closed list spells it; else as it is, and that it is not in the list.

    Examples
    --------
    >>> colour = AskedAttribute("colour", "Colour", ("Red", "Navy Blue"))
    >>> closed_value(colour, "navy-blue"), closed_value(colour, "mauve")
    (('Navy Blue', None), ('mauve', 'not in the closed list'))
    """
    text = value.strip()
    if asked.values is None or text in asked.values:
        return text, None
    known = asked.by_words.get(_plain(text))
    return (known, None) if known is not None else (text, NOT_IN_LIST)


def evidence_of(one: Extracted, paragraphs: Sequence[str]) -> tuple[Evidence | None, str | None]:
    """Where a value stands, and what is wrong with its quote.

    The value inside the quote, where it stands there; else the quote; else the value itself,
    anywhere. Case and runs of blanks may differ. A value without a quote that stands nowhere (a
    picture shows it) has no evidence, and nothing is wrong; a quote that stands nowhere is.

    Examples
    --------
    >>> evidence_of(Extracted(value="red", quote="Red  mug"), ["Tea", "A red mug"])
    (Evidence(value='red', pid=1, begin=2, end=5), None)
    >>> evidence_of(Extracted(value="red", quote="scarlet cup"), ["A blue mug"])
    (None, 'the quote does not stand in the text')
    """
    quote = (one.quote or "").strip()
    if quote:
        for pid, text in enumerate(paragraphs):
            found = _find(quote, text, 0, len(text))
            if found is not None:
                inside = _find(one.value, text, *found, whole=True)
                begin, end = inside or _find(one.value, text, *found) or found
                return Evidence(text[begin:end], pid, begin, end), None
    for pid, text in enumerate(paragraphs):
        found = _find(one.value, text, 0, len(text), whole=True)
        if found is not None:
            return Evidence(text[found[0] : found[1]], pid, *found), None
    return None, NOT_QUOTED if quote else None


def _find(
    wanted: str, text: str, begin: int, end: int, *, whole: bool = False
) -> tuple[int, int] | None:
    place = text.find(wanted, begin, end) if not whole else -1
    if place >= 0 and wanted:
        return place, place + len(wanted)
    parts = [re.escape(part) for part in wanted.split()]
    if not parts:
        return None
    pattern = r"\s+".join(parts)
    pattern = rf"(?<!\w){pattern}(?!\w)" if whole else pattern
    match = re.compile(pattern, re.IGNORECASE).search(text, begin, end)
    return (match.start(), match.end()) if match else None


def _plain(text: str) -> str:
    return " ".join(words(text))
