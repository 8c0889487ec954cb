"""The question of a prompted baseline: the exported prompt, with examples before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl

from catalog.paths import split_path
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.tree import NO_NODE
from curation.llm.candidates import CandidateIndex
from curation.llm.embeddings import Encoder
from curation.llm.json_answers import is_strict
from curation.llm.prompts import fenced
from curation.llm.replies import MALFORMED
from curation.llm.requests import Reply, Request
from curation.llm.settings import ModelAnnotator
from curation.llm.shots import Shot, Shots
from curation.llm.stages import Asked, Vote

PromptedTask = Literal[
    "classification",
    "attributes",
    "answers",
    "pairs",
    "labels",
    "recommendation",
    "ranking",
    "tags",
]
QUESTIONS: dict[PromptedTask, str] = {
    "classification": "predict:category",
    "attributes": "predict:attributes",
    "answers": "predict:answers",
    "pairs": "predict:pairs",
    "labels": "predict:labels",
    "recommendation": "predict:recommendation",
    "ranking": "predict:ranking",
    "tags": "predict:tags",
}
"""What the ledger calls them."""
SchemaKind = Literal["category", "attributes", "lists", "answer", "ranking", "tags"]
"""The kinds of answer that have a schema."""

ROW_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "example_hash": pl.String(),
        "system": pl.String(),
        "asked": pl.String(),
        "images": pl.List(pl.String),
        "keys": pl.List(pl.String),
        "text": pl.String(),
    }
)
"""The rows that are asked: ``keys`` names the attributes that the prompt asks for, ``text`` is what
of the shown fields candidates and examples are searched with."""

_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MOST_KEYS = 100
_ALLOWED = "Allowed values of category_path: {}"
_LIKELY = (
    "Likely values of category_path, the likeliest first; another one of the taxonomy may be right: "
    "{}"
)


class Told(Protocol):
    """What a model has to know that was not trained on it, told in the system prompt."""

    def told(self, texts: pl.Series, shots: Sequence[Sequence[Shot]]) -> list[str]:
        """A line for each row, by the text that is searched with and the examples shown."""


class AnswerReader(Protocol):
    """Reads what a run is scored on out of an answer."""

    def read(self, record_id: str, text: str) -> str | None:
        """The answer as JSON; None where there is none in the text."""


@dataclass(frozen=True, eq=False)
class Options:
    """The categories that stand in the system prompt: all of a small taxonomy, else the likeliest.

    Attributes
    ----------
    inner
        Inner nodes that are categories too, as joined paths.
    most
        A larger taxonomy is searched for so many; 0 tells all.
    """

    taxonomy: Taxonomy
    inner: Sequence[str] = ()
    most: int = 40
    encoder: Encoder | None = None

    @cached_property
    def _index(self) -> CandidateIndex:
        return CandidateIndex.of(self.taxonomy, self.inner, self.encoder)

    @cached_property
    def _paths(self) -> list[str]:
        return self.taxonomy.nodes["path_text"].to_list()

    @property
    def is_whole(self) -> bool:
        """Whether every record is told all of them."""
        return not self.most or len(self._index.codes) <= self.most

    def told(self, texts: pl.Series, shots: Sequence[Sequence[Shot]]) -> list[str]:
        """What is told of the categories, by the text that is searched with.

        The categories of the examples are always among the likeliest.
        """
        if self.is_whole:
            whole = _ALLOWED.format(self._listed([self._paths[code] for code in self._index.codes]))
            return [whole] * len(texts)
        found = self._index.top(texts, self.most)
        return [
            _LIKELY.format(self._listed(self._likely(row, some)))
            for row, some in zip(found, shots, strict=True)
        ]

    def _likely(self, row: np.ndarray, shots: Sequence[Shot]) -> list[str]:
        found = [self._paths[code] for code in row if code != NO_NODE]
        return list(dict.fromkeys([*found, *(shot.category for shot in shots if shot.category)]))

    @staticmethod
    def _listed(paths: Sequence[str]) -> str:
        return fenced([split_path(path) for path in paths])


@dataclass(frozen=True, eq=False)
class PromptedStage:
    """Asks every row of a split as the export asks it, or as the workspace does.

    The records are rows of `ROW_SCHEMA`. What the user says is the text of the row and nothing
    else; examples stand before it as earlier turns of the conversation, in the same form; the
    categories or tags, where they are told, in the system prompt.

    Attributes
    ----------
    options
        The categories or tags that are told; None for none beside what the export tells.
    is_free
        Whether the answer may be any text: a checkpoint that has learned the form, or an export
        that asks for text. Others are made to answer by a schema, where there is one.
    checkpoint
        Which weights are asked (`curation.llm.requests.Request`).
    reader
        Reads the answer where it says it in the words of the prompt; None where it is kept as it
        came.
    """

    annotator: ModelAnnotator
    task: PromptedTask
    shots: Shots
    options: Told | None = None
    schema: SchemaKind | None = None
    is_completion: bool = False
    is_free: bool = False
    checkpoint: str = ""
    reader: AnswerReader | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", QUESTIONS[self.task])

    def ask(self, records: pl.DataFrame, votes: pl.DataFrame) -> Iterator[Asked]:
        """One request a row and sample; what was voted before does not matter."""
        rows = records.to_dicts()
        shots = self.shots.chosen(records["record_id"].to_list(), records["text"])
        told = [""] * len(rows)
        if self.options is not None:
            told = self.options.told(records["text"], shots)
        for row, some, more in zip(rows, shots, told, strict=True):
            system = "\n".join(text for text in (row["system"], more) if text)
            for sample in range(self.annotator.samples):
                yield Asked(row["record_id"], self._request(row, system, some, sample))

    def _request(
        self, row: dict[str, Any], system: str, shots: Sequence[Shot], sample: int
    ) -> Request:
        one = self.annotator
        return Request(
            provider=one.provider,
            model=one.model,
            system=system,
            prompt=row["asked"],
            schema=answer_schema(self.schema, row["keys"] or ()),
            images=tuple(row["images"] or ()),
            base_url=one.base_url,
            temperature=one.temperature,
            max_tokens=one.max_tokens,
            sample=sample,
            turns=tuple((shot.asked, shot.answer) for shot in shots),
            is_completion=self.is_completion,
            checkpoint=self.checkpoint,
        )

    def read(self, asked: Asked, reply: Reply) -> list[Vote]:
        """The raw answer, or what the reader reads in it; scoring reads it as that of any run."""
        if reply.outcome == "failed":
            return [Vote(asked.record_id, self.name, None, error=f"failed: {reply.error}")]
        if reply.outcome != "answered":
            return [Vote(asked.record_id, self.name, None, error=reply.outcome)]
        value = self._value(asked.record_id, reply.text)
        return [Vote(asked.record_id, self.name, value, error=MALFORMED if value is None else None)]

    def _value(self, record_id: str, text: str) -> str | None:
        if self.reader is not None:
            return self.reader.read(record_id, text)
        return text if self.is_free or is_strict(text) else None


def answer_schema(kind: str | None, keys: Sequence[str]) -> dict[str, Any] | None:
    """The JSON schema of an answer; None where no provider would take one.

    Attributes have one only where their names are keys that every provider takes: letters,
    digits, ``_``, ``.``, ``-``.

    Examples
    --------
    >>> answer_schema("category", ())["properties"]
    {'category_path': {'type': 'array', 'items': {'type': 'string'}}}
    >>> answer_schema("attributes", ["Net weight (g)"]) is None
    True
    """
    text = {"type": "string"}
    if kind == "category":
        return _object({"category_path": {"type": "array", "items": text}})
    if kind == "answer":
        return _object({"answer": text})
    if kind in ("ranking", "tags"):
        return _object({kind: {"type": "array", "items": text}})
    if kind is None or not keys or len(keys) > _MOST_KEYS:
        return None
    if not all(_KEY.fullmatch(key) for key in keys):
        return None
    values: list[dict[str, Any]] = [text, {"type": "null"}]
    if kind == "lists":
        values.insert(1, {"type": "array", "items": text})
    return _object({"attributes": _object({key: {"anyOf": values} for key in keys})})


def _object(members: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }
