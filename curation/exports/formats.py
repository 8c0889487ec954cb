"""The shapes of a training file: one expression a format, and the record that goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from curation.exports.images import image_parts
from curation.exports.json_text import (
    json_array,
    json_constant,
    json_object,
    json_texts,
    json_value,
    one_line,
)
from curation.exports.prompts import answer, asked_text, task_prefix
from curation.exports.settings import ExportSettings


@dataclass(frozen=True)
class Parts:
    """What every format is made of.

    Attributes
    ----------
    system
        The system prompt; empty for none.
    prefix
        The line that names the task; empty for none.
    asked, answer
        Texts, one a row: the filled template and what the model is to say.
    images
        The parts of the images of a row as JSON, each behind a comma; None for no images.
    """

    system: str
    prefix: str
    asked: pl.Expr
    answer: pl.Expr
    images: pl.Expr | None = None

    @property
    def question(self) -> pl.Expr:
        """The task and, below it, the filled template."""
        return pl.concat_str(pl.lit(f"{self.prefix}\n" if self.prefix else ""), self.asked)


def _openai_chat(parts: Parts) -> pl.Expr:
    return json_object(
        {"messages": _turns(parts, "role", "content", ("system", "user", "assistant"))}
    )


def _sharegpt(parts: Parts) -> pl.Expr:
    return json_object(
        {"conversations": _turns(parts, "from", "value", ("system", "human", "gpt"))}
    )


def _turns(parts: Parts, who: str, what: str, roles: tuple[str, str, str]) -> pl.Expr:
    images = [pl.lit(""), parts.images, pl.lit("")]
    texts = [pl.lit(parts.system), parts.question, parts.answer]
    turns = []
    for name, text, image in zip(roles, texts, images, strict=True):
        content = json_value(text) if parts.images is None else _in_parts(text, image)
        turns.append(json_object({who: pl.lit(json_constant(name)), what: content}))
    return json_array(pl.concat_list(turns if parts.system else turns[1:]))


def _in_parts(text: pl.Expr, images: pl.Expr | None) -> pl.Expr:
    """A text and images as a list of parts; that of every turn, so that all are of one type."""
    first = json_object({"type": pl.lit('"text"'), "text": json_value(text)})
    return pl.concat_str(pl.lit("["), first, images, pl.lit("]"))


def _alpaca(parts: Parts) -> pl.Expr:
    instruction = "\n".join(text for text in (parts.system, parts.prefix) if text)
    return json_object(
        {
            "instruction": pl.lit(json_constant(instruction)),
            "input": json_value(parts.asked),
            "output": json_value(parts.answer),
        }
    )


def _prompt_completion(parts: Parts) -> pl.Expr:
    system = f"{parts.system}\n\n" if parts.system else ""
    prompt = pl.concat_str(pl.lit(system), parts.question, pl.lit("\n"))
    return json_object({"prompt": json_value(prompt), "completion": json_value(parts.answer)})


CHATS: dict[str, Callable[[Parts], pl.Expr]] = {
    "openai-chat": _openai_chat,
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
    "prompt-completion": _prompt_completion,
}
"""Format -> its line. The format ``records`` has no prompt and is written by `record_json`."""


def line_of(settings: ExportSettings, system: str, task: str = "classification") -> pl.Expr:
    """The line of an example of a task in the format of the settings.

    Needs the columns of `curation.exports.bundle.example_lines` and, from
    `curation.exports.prompts.with_attribute_json`, ``attributes_json`` and ``attribute_keys``.
    """
    if settings.format == "records":
        return one_line(record_json(masked=True))
    parts = Parts(
        system,
        task_prefix(settings, task),
        asked_text(settings, task),
        answer(settings, task),
        image_parts(settings.max_images) if settings.images else None,
    )
    return one_line(CHATS[settings.format](parts))


def record_json(*, masked: bool, **more: pl.Expr) -> pl.Expr:
    """A gold row as JSON.

    Parameters
    ----------
    masked
        Whether it is the line of a training file: the masked field is hidden, and what the
        tasks ask with stands in it whole (``instruction, context``).
    more
        JSON texts by key: ``example_hash`` and ``line``, which tie it to the main file.
    """
    text = {
        name: pl.when(pl.col("masked").ne_missing(name)).then(name) if masked else pl.col(name)
        for name in ("title", "description", "brand")
    }
    identifiers = pl.col("identifiers").list.eval(
        json_object({key: json_value(pl.element().struct.field(key)) for key in ("kind", "value")})
    )
    asked = {name: json_value(pl.col(name)) for name in ("query", "question")}
    if masked:
        asked["instruction"] = json_value(pl.col("instruction"))
        asked["context"] = json_texts(pl.col("context"))
    members = {
        "example_id": json_value(pl.col("record_id")),
        "example_hash": more.get("example_hash"),
        "split": json_value(pl.col("split")),
        "group_id": json_value(pl.col("group_id")),
        "task": json_value(pl.col("task")),
        **{name: json_value(value) for name, value in text.items()},
        "identifiers": json_array(identifiers),
        "category_path": json_texts(pl.col("category_path")),
        "attributes": pl.col("attributes_json"),
        **asked,
        "options": json_texts(pl.col("options")),
        "target": json_value(pl.col("target")),
        "label_source": json_value(pl.col("label_source")),
        "label_score": json_value(pl.col("label_score")),
        "copy": json_value(pl.col("copy")),
        "weight": json_value(pl.col("weight")),
        "masked": json_value(pl.col("masked")),
        "line": more.get("line"),
    }
    return json_object({key: value for key, value in members.items() if value is not None})
