"""The second question: which values do the attributes of this category have, and where it says so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from catalog.paths import joined
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.tree import NO_NODE
from catalog.text import words
from catalog.votes import ATTRIBUTE_PREFIX, CATEGORY
from curation.annotators.source import BETWEEN_VALUES
from curation.llm.consistency import shuffled, wording
from curation.llm.descriptions import bounded_paragraphs
from curation.llm.pictures import Load, shown_pictures
from curation.llm.prompts import (
    EXTRACT_QUESTIONS,
    attributes_system,
    prompt_of,
    request_of,
    unfenced,
)
from curation.llm.replies import (
    MALFORMED,
    AskedAttribute,
    attribute_reply,
    attributes_schema,
    closed_value,
    evidence_of,
    extracted,
    why_useless,
)
from curation.llm.requests import Reply
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Asked, Evidence, Vote

MOST_KEYS = 25
"""Attributes in one request; a category with more is asked about in several."""
MOST_LISTED = 150
"""Values of a closed list that a model is shown; it is held against the whole list."""
ANY_CATEGORY = ""

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_LONGEST_KEY = 56


@dataclass(frozen=True)
class _Round:
    """The attributes of one request, and what is said of them."""

    asked: tuple[AskedAttribute, ...]
    system: str
    schema: dict[str, Any]


@dataclass(frozen=True, eq=False)
class AttributeStage:
    """Asks for the attributes of each record's category.

    The category is that of this annotator's own vote, else the catalog's. The attributes are
    those of the category in the taxonomy, with their closed values; where the taxonomy has none
    for it, those that the settings name, else those observed in the catalog. Where the settings
    name some, no others are asked for. A record of which nothing is to be asked has no request.

    Attributes
    ----------
    observed
        Names of attributes by joined path of a category, `ANY_CATEGORY` for the others.
    load
        Gives the bytes of pictures; None shows links as they are.
    """

    annotator: ModelAnnotator
    taxonomy: Taxonomy
    observed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    load: Load | None = None
    name: str = field(default="attributes", init=False)

    @cached_property
    def _asked(self) -> dict[str, list[AskedAttribute]]:
        return {}

    @cached_property
    def _rounds(self) -> dict[str, list[_Round]]:
        return {}

    def attributes_of(self, category: str | None) -> list[AskedAttribute]:
        """What is asked of a category, by joined path; None for a record without one."""
        path = category or ANY_CATEGORY
        if path not in self._asked:
            self._asked[path] = self._named(path)
        return self._asked[path]

    def _named(self, path: str) -> list[AskedAttribute]:
        wanted = self.annotator.attributes
        code = int(self.taxonomy.codes(pl.Series([path], dtype=pl.String))[0])
        schema = self.taxonomy.schema_of(code) if code != NO_NODE else {}
        names: Sequence[str] = [name for name in schema if not wanted or name in wanted]
        if not schema:
            names = wanted or self.observed.get(path) or self.observed.get(ANY_CATEGORY, [])
        asked: dict[str, AskedAttribute] = {}
        for name in dict.fromkeys(names):
            values = schema.get(name)
            key = _key(name, asked)
            asked[key] = AskedAttribute(key, name, tuple(values) if values else None)
        return list(asked.values())

    def _rounds_of(self, category: str | None) -> list[_Round]:
        path = category or ANY_CATEGORY
        if path not in self._rounds:
            asked = self.attributes_of(category)
            parts = [asked[n : n + MOST_KEYS] for n in range(0, len(asked), MOST_KEYS)]
            self._rounds[path] = [self._round(part) for part in parts]
        return self._rounds[path]

    def _round(self, asked: Sequence[AskedAttribute]) -> _Round:
        told = {one.key: _told(one) for one in asked}
        return _Round(
            tuple(asked), attributes_system(self.annotator, told), attributes_schema(asked)
        )

    def ask(self, records: pl.DataFrame, votes: pl.DataFrame) -> Iterator[Asked]:
        """One request a record and sample, or several where a category has many attributes."""
        voted = _voted(votes)
        labels = records.select(joined("category_path")).to_series().to_list()
        paragraphs = bounded_paragraphs(records)
        addresses = records["image_urls"].to_list()
        most = self.annotator.max_images if self.annotator.images else 0
        for row, record_id in enumerate(records["record_id"].to_list()):
            category = voted.get(record_id) or labels[row] or None
            rounds = self._rounds_of(category)
            if not rounds:
                continue
            product: dict[str, Any] = {"paragraphs": paragraphs[row]}
            if category is not None:
                product = {"category": category, **product}
            pictures = shown_pictures(addresses[row], most, self.load)
            for one in rounds:
                for sample in range(self.annotator.samples):
                    again = one if sample == 0 else self._reordered(one, record_id, sample)
                    question = wording(EXTRACT_QUESTIONS, record_id, sample)
                    request = request_of(
                        self.annotator,
                        again.system,
                        prompt_of(question, {"product": product}),
                        again.schema,
                        images=pictures,
                        sample=sample,
                    )
                    yield Asked(record_id, request)

    def _reordered(self, one: _Round, record_id: str, sample: int) -> _Round:
        return self._round(shuffled(one.asked, record_id, sample))

    def read(self, asked: Asked, reply: Reply) -> list[Vote]:
        """One vote an attribute; several values are sorted and parted by a bar."""
        product = unfenced(asked.request.prompt)["product"]
        keys = (asked.request.schema or {}).get("properties", {})
        known = {one.key: one for one in self.attributes_of(product.get("category"))}
        wanted = [known[key] for key in keys if key in known]
        error = why_useless(reply)
        found = attribute_reply(reply.text, wanted) if error is None else None
        if found is None:
            why = error or MALFORMED
            return [
                Vote(asked.record_id, ATTRIBUTE_PREFIX + one.name, None, error=why)
                for one in wanted
            ]
        return [_vote(asked.record_id, one, found, product["paragraphs"]) for one in wanted]


def _vote(
    record_id: str, asked: AskedAttribute, found: Mapping[str, Any], paragraphs: Sequence[str]
) -> Vote:
    question = ATTRIBUTE_PREFIX + asked.name
    given = extracted(found[asked.key]) if asked.key in found else None
    if given is None:
        return Vote(record_id, question, None, error=MALFORMED)
    if not given:
        return Vote(record_id, question, None)
    values: set[str] = set()
    evidences: dict[Evidence, None] = {}
    errors: list[str] = []
    for one in given:
        value, wrong = closed_value(asked, one.value)
        evidence, unquoted = evidence_of(one, paragraphs)
        values.add(value)
        if evidence is not None:
            evidences[evidence] = None
        errors += [told for told in (wrong, unquoted) if told is not None]
    error = "; ".join(dict.fromkeys(errors)) or None
    value = BETWEEN_VALUES.join(sorted(values))
    return Vote(record_id, question, value, error=error, evidences=tuple(evidences))


def _voted(votes: pl.DataFrame) -> dict[str, str]:
    """The category that most samples chose; of levels asked in turn, the last is the longest."""
    most = (
        votes.filter(pl.col("question") == CATEGORY)
        .drop_nulls("value")
        .group_by("record_id", "value", maintain_order=True)
        .len()
        .sort("len", pl.col("value").str.len_chars(), descending=True, maintain_order=True)
        .unique("record_id", keep="first", maintain_order=True)
    )
    return dict(most.select("record_id", "value").iter_rows())


def _told(asked: AskedAttribute) -> dict[str, Any]:
    """What a model is told of an attribute."""
    told: dict[str, Any] = {"name": asked.name}
    if asked.values is not None:
        told["values"] = list(asked.values[:MOST_LISTED])
        if len(asked.values) > MOST_LISTED:
            told["more_values"] = len(asked.values) - MOST_LISTED
    return told


def _key(name: str, taken: Mapping[str, object]) -> str:
    """The name as every provider takes it for a key: letters, digits and underscores.

    Examples
    --------
    >>> _key("Care instructions", {}), _key("Größe", {}), _key("COLOUR!", {"colour": None})
    ('care_instructions', 'grosse', 'colour_2')
    """
    letters = unicodedata.normalize("NFKD", "_".join(words(name)))
    letters = "".join(one for one in letters if not unicodedata.combining(one))
    plain = _NOT_PLAIN.sub("_", letters).strip("_")[:_LONGEST_KEY] or "attribute"
    key, n = plain, 1
    while key in taken:
        n += 1
        key = f"{plain}_{n}"
    return key
