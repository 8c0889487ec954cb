"""Chats as lines of a training file, in the shape that the catalog's own examples have."""

from __future__ import annotations

import polars as pl

from curation.exports.json_text import json_array, json_object, json_value, one_line
from curation.exports.settings import ExportSettings

ONE_TURN = ("alpaca", "prompt-completion")
"""Formats of one question and one answer."""
_NAMES = {
    "openai-chat": ("messages", "role", "content", {}),
    "sharegpt": ("conversations", "from", "value", {"user": "human", "assistant": "gpt"}),
}


def chat_lines(chats: pl.DataFrame, settings: ExportSettings) -> pl.DataFrame:
    """``line, text`` of chats, in their order.

    Parameters
    ----------
    chats
        ``line, roles, texts`` (`curation.exports.turns`); of one turn where the format is one of
        `ONE_TURN`.

    Examples
    --------
    >>> chats = pl.DataFrame({"line": [3], "roles": [["user", "assistant"]], "texts": [["Hi", "Yo"]]})
    >>> chat_lines(chats, ExportSettings(format="prompt-completion")).rows()
    [(3, '{"prompt": "Hi\\\\n", "completion": "Yo"}')]
    """
    if settings.format in ONE_TURN:
        return chats.select("line", one_line(_pair(settings.format)).alias("text"))
    name, who, what, roles = _NAMES[settings.format]
    content = json_value(pl.col("texts"))
    if settings.images:
        part = json_object({"type": pl.lit('"text"'), "text": content})
        content = pl.concat_str(pl.lit("["), part, pl.lit("]"))
    turns = (
        chats.explode("roles", "texts")
        .with_columns(pl.col("roles").replace(roles))
        .select("line", turn=json_object({who: json_value(pl.col("roles")), what: content}))
        .group_by("line", maintain_order=True)
        .agg("turn")
    )
    return turns.select(
        "line", one_line(json_object({name: json_array(pl.col("turn"))})).alias("text")
    )


def _pair(form: str) -> pl.Expr:
    """A question, the system prompt above it, and its answer."""
    answer, asked = (
        pl.col("texts").list.last(),
        pl.col("texts").list.head(pl.col("texts").list.len() - 1),
    )
    if form == "alpaca":
        parts = {"instruction": asked.list.join("\n"), "input": pl.lit(""), "output": answer}
        return json_object({key: json_value(value) for key, value in parts.items()})
    prompt = pl.concat_str(asked.list.join("\n\n"), pl.lit("\n"))
    return json_object({"prompt": json_value(prompt), "completion": json_value(answer)})
