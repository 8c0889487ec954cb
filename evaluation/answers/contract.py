"""The prediction contract: what a run's files hold, and what is refused at the door.

``predictions.jsonl`` has one object a line, in `PREDICTION_SCHEMA`; only ``example_id`` and an
answer (``category_path``, ``attributes``, ``parsed``, ``raw_output`` or ``candidates``) are needed.
``run.json`` says what made them: a `RunCard`.
"""

from __future__ import annotations

from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.errors import InputError

Task = Literal[
    "classification",
    "attributes",
    "labels",
    "pairs",
    "ranking",
    "recommendation",
    "tags",
    "answers",
    "json_validity",
]

_PARTS: dict[str, tuple[str, str]] = {
    "classification": ("category", "categories"),
    "attributes": ("attribute", "attributes"),
    "labels": ("label", "labels"),
    "pairs": ("label", "labels"),
    "answers": ("kind of question", "kinds of question"),
    "tags": ("tag", "tags"),
}


def part_words(task: str) -> tuple[str, str]:
    """What the gold of a task is parted into, as people say one and several of them.

    Examples
    --------
    >>> part_words("attributes"), part_words("ranking")
    (('attribute', 'attributes'), ('part', 'parts'))
    """
    return _PARTS.get(task, ("part", "parts"))


PREDICTION_SCHEMA = pl.Schema(
    {
        "example_id": pl.String(),
        "example_hash": pl.String(),
        "run_id": pl.String(),
        "model": pl.String(),
        "checkpoint_step": pl.Int64(),
        "raw_output": pl.String(),
        "parsed": pl.String(),
        "category_path": pl.String(),
        "attributes": pl.String(),
        "candidates": pl.String(),
        "score": pl.Float64(),
        "logprobs": pl.String(),
        "finish_reason": pl.String(),
        "error": pl.String(),
        "latency_ms": pl.Float64(),
        "usage": pl.String(),
        "repeat": pl.Int64(),
    }
)
"""``category_path`` is a joined path or a JSON list; ``attributes``, ``parsed``, ``candidates``
(`evaluation.answers.candidates`), ``logprobs`` and ``usage`` are JSON text. ``score`` is the confidence in the
answer, from 0 to 1. ``repeat`` counts from 0 where an example was asked several times."""

RUN_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$"


class RunCard(BaseModel):
    """What made the predictions: ``run.json``.

    ``dataset_sha`` is that of the export the model was given; ``training_sha`` that of the export
    it learned from, where that is another; ``decoding`` holds temperature and the like; ``about``
    takes anything else worth keeping.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    run_id: str | None = Field(default=None, pattern=RUN_NAME)
    model: str = Field(min_length=1)
    task: Task = "classification"
    split: str = "test"
    base: str | None = None
    adapter: str | None = None
    checkpoint_step: int | None = Field(default=None, ge=0)
    dataset_sha: str | None = None
    training_sha: str | None = None
    prompt_sha: str | None = None
    decoding: dict[str, Any] = {}
    git_sha: str | None = None
    hardware: dict[str, Any] | str | None = None
    created_at: str | None = None
    about: dict[str, Any] = {}


def run_card(body: Any, where: str) -> RunCard:
    """A run card from plain JSON; all that is wrong with it in one line.

    Raises
    ------
    InputError
        If it is not an object, lacks ``model``, or holds a key that is not known.
    """
    if not isinstance(body, dict):
        raise InputError(f"{where}: expected one JSON object, found {type(body).__name__}.")
    try:
        return RunCard(**body)
    except ValidationError as error:
        told = "; ".join(_told(e) for e in error.errors())
        raise InputError(
            f"{where}: {told}. Known keys: {', '.join(RunCard.model_fields)}; others go into "
            "'about'."
        ) from error


def _told(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{place!r} is not a known key"
    return f"{place}: {error['msg'].lower()}"


def conform_predictions(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Give predictions every column of the contract, in order and typed; what is missing is null.

    Lists and structs become JSON text, so that rows of any source look alike. Other columns
    are dropped.

    Raises
    ------
    InputError
        If there is no ``example_id``, one is null, no column can hold an answer, a number
        is not one, or a ``score`` is not from 0 to 1.

    Examples
    --------
    >>> rows = pl.DataFrame({"example_id": [7], "category_path": [["Garden", "Pots"]]})
    >>> conform_predictions(rows, "rows").select("example_id", "category_path").rows()
    [('7', '["Garden","Pots"]')]
    """
    present = set(frame.columns)
    if "example_id" not in present:
        raise InputError(
            f"{where}: no column 'example_id'. Found: {', '.join(frame.columns)}. Name the key "
            "'example_id', or pass --key COLUMN."
        )
    answers = ("category_path", "attributes", "parsed", "raw_output", "candidates")
    if not present & set(answers):
        raise InputError(
            f"{where}: no column holds an answer. Expected one of {', '.join(answers)}; found: "
            f"{', '.join(frame.columns)}."
        )
    columns = []
    for name, dtype in PREDICTION_SCHEMA.items():
        values = as_text(frame[name]) if name in present else pl.Series(name, [None] * frame.height)
        try:
            columns.append(values.cast(dtype).alias(name))
        except pl.exceptions.PolarsError as error:
            kind = "a whole number" if dtype == pl.Int64 else "a number"
            raise InputError(f"{where}: column {name!r} holds what is not {kind}.") from error
    conformed = pl.DataFrame(columns)
    nameless = conformed["example_id"].is_null().arg_true()
    if len(nameless):
        raise InputError(
            f"{where}, row {int(nameless[0]) + 1}: example_id is empty in {len(nameless):,} of "
            f"{conformed.height:,} rows. Every prediction needs the example_id of its gold row."
        )
    _refuse_scores(conformed["score"], where)
    return conformed


def _refuse_scores(scores: pl.Series, where: str) -> None:
    """A score that is no confidence is refused, NaN too."""
    wrong = (~scores.is_between(0.0, 1.0)).arg_true()
    if len(wrong):
        raise InputError(
            f"{where}, row {int(wrong[0]) + 1}: score is {scores[int(wrong[0])]}, in {len(wrong):,} "
            "rows no confidence. Expected a number from 0 to 1, such as the probability of the "
            "answer; leave it out where there is none."
        )


def as_text(values: pl.Series) -> pl.Series:
    """Lists and structs as JSON text; all else as it is."""
    if isinstance(values.dtype, pl.Struct):
        return values.struct.json_encode()
    if isinstance(values.dtype, pl.List):
        boxed = values.to_frame("list").select(pl.struct("list").struct.json_encode()).to_series()
        inner = boxed.str.slice(len('{"list":')).str.head(-1)
        return inner.zip_with(values.is_not_null(), pl.Series([None], dtype=pl.String)).alias(
            values.name
        )
    return values
