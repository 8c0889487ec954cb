"""lighteval's ``--save-details``: Parquet, a row for each document of one task.

``details/MODEL/DATE/details_TASK_DATE.parquet``; what was asked of the model lies in
``results/MODEL/results_DATE.json``. A task whose metrics need texts and log-likelihoods asks every
document twice, and one file holds both: one of them is read. A call that failed is an empty text.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.formats.examples import (
    chosen_one,
    example_ids,
    gold_frame,
    refuse_twice,
    text_or_none,
)
from evaluation.formats.files import json_body
from evaluation.formats.read_run import Format, FormatOptions, ReadRun, predictions_of

_COLUMNS = (("doc", "model_response"), ("__doc__", "__model_response__"))
_OF_DOCUMENT = ("choices", "gold_index", "specific", "id", "task_name", "sampling_methods")
_OF_RESPONSE = ("text", "text_post_processed", "logprobs")
_NAME = re.compile(r"details_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT.+)\.parquet")
_TEXTS, _CHOICES = "GENERATIVE", "LOGPROBS"


def looks_like(path: Path) -> bool:
    """Whether it is Parquet with documents and responses."""
    return _columns(path) is not None


def _columns(path: Path) -> tuple[str, str] | None:
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return None
        found = set(pl.read_parquet_schema(path))
    except (OSError, pl.exceptions.PolarsError):
        return None
    return next((pair for pair in _COLUMNS if set(pair) <= found), None)


def read(path: Path, options: FormatOptions) -> ReadRun:
    """The answers of one task, with the right choice as gold.

    Of a task by log-likelihood, the choice with the highest is the answer; of several texts for
    one document, each is a repeat. Of a task that asked for both, ``options.filter`` (GENERATIVE
    or LOGPROBS) says which is read. Keys are a field of ``doc.specific`` or ``doc.id``.

    Raises
    ------
    InputError
        If the file cannot be read, or a document stands twice.
    """
    where = str(path)
    documents, responses = _held(path)
    methods = [_method(*pair) for pair in zip(documents, responses, strict=True)]
    notes: list[str] = []
    if methods:
        # Two runs of one task may hold them in different orders: the default is the same for both.
        found = sorted(methods)
        method, notes = chosen_one(found, options.filter, where=where, noun="sampling method")
        kept = [at for at, one in enumerate(methods) if one == method]
        if len(kept) < len(methods):
            notes.append(f"{where}: {len(methods) - len(kept):,} rows of the other are not read.")
        documents, responses = [documents[at] for at in kept], [responses[at] for at in kept]
    fields = [_fields(document) for document in documents]
    others = [str(document.get("id") or at) for at, document in enumerate(documents)]
    ids, field = example_ids(fields, others, key=options.key, where=where)
    if field is None:
        notes.append(f"{where}: keys are doc.id, the place in the data set.")
    refuse_twice(ids, [None] * len(ids), where=where)
    predictions = [
        {
            "example_id": name,
            "example_hash": text_or_none(held.get("example_hash")),
            "repeat": nth if len(answers) > 1 else None,
            **answer,
        }
        for name, held, answers in zip(
            ids, fields, map(_answers, documents, responses), strict=True
        )
        for nth, answer in enumerate(answers)
    ]
    golds = [_gold(document) for document in documents]
    n_many = sum(len(right) > 1 for right in golds)
    if n_many:
        notes.append(
            f"{where}: {counted(n_many, 'row')} with several right choices; the first is gold."
        )
    gold = gold_frame(ids, [next(iter(right), None) for right in golds], fields)
    about = _about(path, documents)
    return ReadRun(predictions_of(predictions, where), gold, about, None, notes)


def _held(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is read of each row: prompts and tokens are left where they are."""
    columns = _columns(path)
    if columns is None:
        raise InputError(f"{path}: expected Parquet with the columns doc and model_response.")
    try:
        frame = pl.read_parquet(path, columns=list(columns))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path}: not whole Parquet: {error}. Copy it again.") from error
    sides = []
    for column, names in zip(columns, (_OF_DOCUMENT, _OF_RESPONSE), strict=True):
        if not isinstance(frame.schema[column], pl.Struct):
            raise InputError(f"{path}: column {column} holds no objects. Expected lighteval's own.")
        parts = frame.select(pl.col(column).struct.unnest())
        sides.append(parts.select(name for name in names if name in parts.columns).to_dicts())
    return sides[0], sides[1]


def _method(document: dict[str, Any], response: dict[str, Any]) -> str:
    asked = document.get("sampling_methods") or []
    if len(asked) == 1:
        return str(asked[0])
    return _TEXTS if response.get("text") else _CHOICES


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    held = document.get("specific")
    if isinstance(held, str):
        try:
            held = json.loads(held)
        except ValueError:
            held = None
    return held if isinstance(held, dict) else {}


def _gold(document: dict[str, Any]) -> list[str]:
    choices, index = document.get("choices") or [], document.get("gold_index")
    indices = index if isinstance(index, list) else [index]
    found = [choices[at] for at in indices if isinstance(at, int) and 0 <= at < len(choices)]
    texts = [text for one in found for text in (one if isinstance(one, list) else [one])]
    return [text.strip() for text in texts]


def _answers(document: dict[str, Any], response: dict[str, Any]) -> list[dict[str, Any]]:
    texts = response.get("text") or []
    if texts:
        shorter = response.get("text_post_processed") or [None] * len(texts)
        return [
            {"raw_output": text if post is None else post}
            for text, post in zip(texts, shorter, strict=False)
        ]
    choices, scores = document.get("choices") or [], response.get("logprobs") or []
    if choices and len(choices) == len(scores):
        known = {
            choice.strip(): score
            for choice, score in zip(choices, scores, strict=True)
            if isinstance(score, float) and not math.isnan(score)
        }
        if len(known) == len(choices):
            best = max(known, key=known.__getitem__)
            told = json.dumps(best, ensure_ascii=False)
            return [{"parsed": told, "logprobs": json.dumps(known, ensure_ascii=False)}]
    return [{"raw_output": None, "error": "neither a text nor a log-likelihood for each choice"}]


def _about(path: Path, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Task and model, and how it was asked, as the file, its folders and the results beside say."""
    named = _NAME.fullmatch(path.name)
    task = documents[0].get("task_name") if documents else None
    model, folder = _model(path)
    about = {"model": model, "task_name": task or (named["task"] if named else None)}
    if folder is not None and named is not None:
        results = folder / "results" / str(model) / f"results_{named['date']}.json"
        about["decoding"] = _decoding(results) if results.exists() else None
    return {name: value for name, value in about.items() if value}


def _model(path: Path) -> tuple[str | None, Path | None]:
    """The model of ``details/MODEL/DATE/details_TASK_DATE.parquet``, and where details lie."""
    parts = path.absolute().parts
    if "details" not in parts[:-3]:
        return None, None
    at = len(parts) - 1 - parts[::-1].index("details")
    return "/".join(parts[at + 1 : -2]) or None, Path(*parts[:at])


def _decoding(results: Path) -> dict[str, Any]:
    """What was set for generating, and nothing else: a results file may hold a key."""
    body = json_body(results)
    asked = body.get("config_general") if isinstance(body, dict) else None
    config = asked.get("model_config") if isinstance(asked, dict) else None
    given = config.get("generation_parameters") if isinstance(config, dict) else None
    if not isinstance(given, dict):
        return {}
    return {name: value for name, value in given.items() if value is not None}


FORMAT = Format(
    "lighteval", "lighteval --save-details: details_TASK_DATE.parquet", looks_like, read
)
