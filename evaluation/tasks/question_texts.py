"""Questions with their answers: what a gold file says of them, and what a model answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import polars as pl

from catalog.errors import InputError
from catalog.text import storable
from catalog.wording import counted
from catalog.yes_no import NO, read_yes_no
from evaluation.answers.contract import as_text
from evaluation.tasks.row_answers import LABEL

REFERENCES, CONTEXTS, ANSWERABLE = "gold_answers", "gold_contexts", "gold_is_answerable"
QUESTION = "question"
HUMAN = {"relevance": "human_relevance", "faithfulness": "human_faithfulness"}
"""By criterion of a judge, the column that holds what people say."""
READY = (REFERENCES, CONTEXTS, ANSWERABLE, QUESTION, *HUMAN.values())
"""Columns of gold that is ready: JSON lists of texts, ``yes`` or ``no``, and texts."""

_ANSWERS = ("answers", "answer", LABEL)
_CONTEXTS = ("contexts", "context", "reviews", "review_snippets")
_FLAG = "is_answerable"
SOURCES = (*_ANSWERS, *_CONTEXTS, _FLAG, QUESTION, *HUMAN.values())
"""Columns that a gold file may have; of answers and contexts the first that is there is read."""

_MEMBERS = ("answer", "answers", "answerText", "text", "reviewText", "review", "snippet")
_NO_ANSWER = frozenset(
    [
        "no answer present",
        "no answer",
        "unanswerable",
        "not answerable",
        "cannot be answered",
        "n/a",
    ]
)
_FENCE = re.compile(r"(?s)^```[A-Za-z]*\s*\n(.*?)\n?```\s*$")
_BARE = re.compile(r"[\s.!\"'`*()\[\]]+")
_SHOWN = " | "


class Said(NamedTuple):
    """What a model answers to one question: its text, or the outcome that it is instead."""

    text: str | None
    outcome: str


def said_answer(text: str) -> Said:
    """The answer in a text: the text itself, or what a JSON object, list or string holds.

    An object says it under ``answer``, ``answers`` (the first), ``answerText`` or ``text``.
    ``is_answerable`` false, a null, an empty list, and texts such as "No Answer Present." say that
    there is no answer: null. What begins as an object and is none, or has none of these keys, is
    invalid.

    Examples
    --------
    >>> said_answer('{"answer": "It fits."}'), said_answer("No answer present.")
    (Said(text='It fits.', outcome='answered'), Said(text=None, outcome='null'))
    >>> said_answer('{"answer": "It f').outcome, said_answer("[citation needed] no").text
    ('invalid', '[citation needed] no')
    """
    fenced = _FENCE.match(text)
    value: Any = (fenced[1] if fenced else text).strip()
    if value[:1] in ("{", "[", '"'):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            if value[:1] == "{":
                return Said(None, "invalid")
    if isinstance(value, dict):
        if str(value.get(_FLAG)).lower() in NO:
            return Said(None, "null")
        known = [value[name] for name in _MEMBERS if name in value]
        if not known:
            return Said(None, "invalid")
        value = known[0]
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None:
        return Said(None, "null")
    if not isinstance(value, str | int | float):
        return Said(None, "invalid")
    told = storable(_plain(value)).strip()
    if not told:
        return Said(None, "empty")
    return Said(None, "null") if is_no_answer(told) else Said(told, "answered")


def is_no_answer(text: str) -> bool:
    """Whether a text says that there is no answer, and nothing else.

    Examples
    --------
    >>> is_no_answer("No Answer Present."), is_no_answer("No answer fits.")
    (True, False)
    """
    return len(text) < 40 and _BARE.sub(" ", text).strip().casefold() in _NO_ANSWER


def texts_in(cell: str | None) -> list[str]:
    """The texts of a cell: a JSON list of texts or of objects, or the cell itself; each once.

    Examples
    --------
    >>> texts_in('["red", "", "red"]'), texts_in('[{"answerText": "blue"}]'), texts_in(" red ")
    (['red'], ['blue'], ['red'])
    """
    if cell is None:
        return []
    value: Any = cell
    if cell.lstrip()[:1] in ("[", "{", '"'):
        try:
            value = json.loads(cell)
        except (ValueError, RecursionError):
            value = cell
    told = (storable(one).strip() for one in _texts(value))
    return list(dict.fromkeys(one for one in told if one))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        yield from _texts(next((value[name] for name in _MEMBERS if name in value), None))
    elif value is not None:
        yield _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def answers_gold(frame: pl.DataFrame, where: str) -> tuple[pl.DataFrame, list[str]]:
    """Gold questions, ready to be scored (`READY`); those without any gold are left out, aloud.

    A question can be answered where ``is_answerable`` says so, else where it has an answer. An
    empty list, and an answer such as "No Answer Present.", say that there is none.

    Raises
    ------
    InputError
        If no column holds answers or says what is answerable; if a flag is neither yes nor no;
        if a key is null, or no row has gold.
    """
    if "example_id" not in frame.columns:
        raise InputError(f"{where}: no column 'example_id'. Found: {', '.join(frame.columns)}.")
    source = next((name for name in _ANSWERS if name in frame.columns), None)
    if source is None and _FLAG not in frame.columns:
        raise InputError(
            f"{where}: gold rows of answers need example_id and 'answers' (or 'answer', 'label'), or "
            f"'is_answerable'. Found: {', '.join(frame.columns)}."
        )
    ids = frame["example_id"].cast(pl.String)
    if ids.null_count():
        raise InputError(f"{where}: example_id is empty in {ids.null_count():,} rows.")
    cells = _cells(frame, source)
    references = [[one for one in texts_in(cell) if not is_no_answer(one)] for cell in cells]
    answerable = [
        flag or (None if not (cell or "").strip() else "yes" if texts else "no")
        for flag, cell, texts in zip(_flags(frame, where), cells, references, strict=True)
    ]
    context = next((name for name in _CONTEXTS if name in frame.columns), None)
    more = [name for name in (QUESTION, *HUMAN.values()) if name in frame.columns]
    made = [
        ids.alias("example_id"),
        _lists(REFERENCES, references),
        _lists(CONTEXTS, [texts_in(cell) for cell in _cells(frame, context)]),
        pl.Series(ANSWERABLE, answerable, dtype=pl.String),
        pl.Series(LABEL, [_SHOWN.join(texts) for texts in references], dtype=pl.String),
        *(_cells(frame, name).alias(name) for name in more),
    ]
    ready = frame.with_columns(made)
    kept = ready.filter(pl.col(ANSWERABLE).is_not_null())
    if kept.is_empty():
        raise InputError(f"{where}: no row has an answer. Is this the gold file?")
    n_left = ready.height - kept.height
    notes = [f"{where}: {counted(n_left, 'row')} without gold not scored."] if n_left else []
    n_bare = kept.filter((pl.col(ANSWERABLE) == "yes") & (pl.col(REFERENCES) == "[]")).height
    if n_bare:
        notes.append(
            f"{where}: {counted(n_bare, 'question')} can be answered and without a gold answer: "
            "answerability alone is scored there."
        )
    return kept, notes


def _cells(frame: pl.DataFrame, name: str | None) -> pl.Series:
    if name is None:
        return pl.Series([None] * frame.height, dtype=pl.String)
    return as_text(frame[name]).cast(pl.String)


def _flags(frame: pl.DataFrame, where: str) -> list[str | None]:
    if _FLAG not in frame.columns:
        return [None] * frame.height
    written = _cells(frame, _FLAG)
    read, wrong = read_yes_no(written)
    if wrong is not None:
        raise InputError(
            f"{where}, row {wrong + 1}: is_answerable is {written[wrong]!r}. Expected yes or no, true "
            "or false, 1 or 0."
        )
    return [None if said is None else "yes" if said else "no" for said in read]


def _lists(name: str, lists: list[list[str]]) -> pl.Series:
    return pl.Series(name, [json.dumps(one, ensure_ascii=False) for one in lists], dtype=pl.String)
