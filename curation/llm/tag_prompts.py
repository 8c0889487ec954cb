"""The tags of a product: what a model is asked where no export asks it, and how it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from curation.llm.json_answers import strict_json
from curation.llm.prompts import FENCE, fenced, prompt_of
from curation.llm.shots import Shot

_KEY = "tags"
_QUESTION = "Which tags does this product have?"
TAGS_SYSTEM = "\n".join(
    (
        "You give the products of a catalog their tags.",
        FENCE,
        f"`{_KEY}` has every tag that fits the product and no other; an empty list where none does.",
        f'Answer with one JSON object of the given schema and nothing else: {{"{_KEY}": [texts]}}',
    )
)
_ALL = "Tags that the catalog uses, the most frequent first; another one may be right: {}"
_SOME = "The most frequent tags of the catalog; another one may be right: {}"


def tags_prompt(product: Mapping[str, str | None]) -> str:
    """The question, and what is known of the product on the last line.

    Examples
    --------
    >>> print(tags_prompt({"title": "Red mug", "brand": None}))
    Which tags does this product have?
    {"title": "Red mug"}
    """
    return prompt_of(_QUESTION, {name: text for name, text in product.items() if text})


def tags_answer(tags: Sequence[str]) -> str:
    """The answer that is right.

    Examples
    --------
    >>> tags_answer(["new", "sale"])
    '{"tags": ["new", "sale"]}'
    """
    return fenced({_KEY: list(tags)})


@dataclass(frozen=True, eq=False)
class KnownTags:
    """The tags that stand in the system prompt: all of train, or its most frequent ones.

    Attributes
    ----------
    tags
        The most frequent first.
    most
        Of more tags so many are told; 0 tells all.
    """

    tags: Sequence[str]
    most: int = 40

    @property
    def is_whole(self) -> bool:
        """Whether all of them are told."""
        return not self.most or len(self.tags) <= self.most

    @property
    def words(self) -> str:
        """Which are told, as the card of a run says it."""
        if self.is_whole:
            return f"all {len(self.tags):,} of train"
        return f"the {self.most:,} most frequent of {len(self.tags):,} of train"

    def told(self, texts: pl.Series, shots: Sequence[Sequence[Shot]]) -> list[str]:
        """The same line for every row; nothing where there are no tags."""
        if not self.tags:
            return [""] * len(texts)
        some = list(self.tags if self.is_whole else self.tags[: self.most])
        return [(_ALL if self.is_whole else _SOME).format(fenced(some))] * len(texts)


@dataclass(frozen=True)
class TagsReader:
    """Reads the tags of an answer."""

    def read(self, record_id: str, text: str) -> str | None:
        """A JSON list of tags, which may be empty; None where the text has none.

        Examples
        --------
        >>> TagsReader().read("r1", '{"tags": ["new", "sale"]}'), TagsReader().read("r1", "new, sale")
        ('["new", "sale"]', None)
        """
        told = strict_json(text)
        tags = told.get(_KEY) if isinstance(told, dict) else told
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            return None
        return json.dumps(tags, ensure_ascii=False)
