"""Chats and instructions of a JSON Lines file, in any of the usual forms, as turns."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from catalog.errors import InputError
from catalog.querying import querying

EXPECTED = (
    "expected one JSON object with `messages`, `conversations`, `instruction` and `output`, or "
    "`prompt` and `completion`"
)
TURNS_SCHEMA = pl.Schema(
    {"line": pl.Int64(), "roles": pl.List(pl.String()), "texts": pl.List(pl.String())}
)
_ROLES = {"human": "user", "gpt": "assistant"}
_FORMS = """
select number, case
  when json_type(line, '$.messages') = 'ARRAY' then 'messages'
  when json_type(line, '$.conversations') = 'ARRAY' then 'conversations'
  when json_type(line, '$.instruction') = 'VARCHAR' and json_type(line, '$.output') = 'VARCHAR'
    then 'instruction'
  when json_type(line, '$.prompt') = 'VARCHAR' and json_type(line, '$.completion') = 'VARCHAR'
    then 'prompt'
end as form, line, list_slice(json_keys(line), 1, 6) as keys
from valid
"""
_CHAT = """
select number,
  coalesce(json_extract_string(line, '$.{key}[*].{who}'), []) as roles,
  coalesce(json_extract_string(line, '$.{key}[*].{what}'), []) as texts,
  coalesce(json_type(line, '$.{key}[*].{what}'), []) as types,
  cast(json_array_length(line, '$.{key}') as bigint) as n
from chats where form = '{key}'
"""
_PAIR = """
select number, json_extract_string(line, '$.{ask}') as ask,
  json_extract_string(line, '$.input') as more, json_extract_string(line, '$.{answer}') as answer
from chats where form = '{form}'
"""


def read_turns(path: Path) -> pl.DataFrame:
    """Every line of a file as turns: ``line`` (its number), ``roles, texts``.

    Forms, each line its own: OpenAI's ``messages`` (``role, content``), ShareGPT's
    ``conversations`` (``from, value``), Alpaca's ``instruction, input, output``, and ``prompt,
    completion``. Roles are ``system`` (at most one, first), then ``user`` and ``assistant`` by
    turns, an ``assistant`` last. Empty lines are skipped.

    Raises
    ------
    InputError
        At the first line that is none of these.
    """
    lines = _lines(path)
    with querying() as database:
        database.register("lines", lines.to_arrow())
        valid = database.sql(
            "select number, line, json_valid(line) and json_type(case when json_valid(line) then "
            "line else 'null' end) = 'OBJECT' as is_object from lines order by number"
        ).pl()
        _refuse(path, valid.filter(~pl.col("is_object")), "no JSON object")
        database.register("valid", valid.to_arrow())
        forms = database.sql(f"{_FORMS} order by number").pl()
        unknown = forms.filter(pl.col("form").is_null())
        if unknown.height:
            keys = ", ".join(unknown["keys"][0]) or "none"
            _refuse(path, unknown, f"the keys {keys}"[:200])
        database.register("chats", forms.to_arrow())
        chats = [
            database.sql(_CHAT.format(key=key, who=who, what=what)).pl()
            for key, who, what in (
                ("messages", "role", "content"),
                ("conversations", "from", "value"),
            )
        ]
        pairs = [
            database.sql(_PAIR.format(form=ask, ask=ask, answer=answer)).pl()
            for ask, answer in (("instruction", "output"), ("prompt", "completion"))
        ]
    talked = pl.concat(chats)
    talked = talked.with_columns(
        pl.col("roles").list.eval(pl.element().replace(_ROLES)), pl.col("n").cast(pl.Int64)
    ).sort("number")
    _refuse(
        path, talked.filter(~_is_talk()), "turns that are not texts of user and assistant by turns"
    )
    found = pl.concat([talked.select("number", "roles", "texts"), _as_turns(pl.concat(pairs))])
    _refuse(
        path, found.filter(pl.col("texts").list.last().str.strip_chars() == ""), "an empty answer"
    )
    turns: pl.DataFrame = found.rename({"number": "line"}).sort("line").cast(TURNS_SCHEMA)
    return turns


def _lines(path: Path) -> pl.DataFrame:
    """``number, line`` of every line that is not empty."""
    try:
        lines = pl.read_lines(path, glob=False, row_index_name="number", row_index_offset=1)
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: there is no such file. Name it with --rehearsal FILE."
        ) from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not UTF-8 text. Write it as JSON Lines in UTF-8.") from error
    lines = lines.filter(pl.col("line").str.strip_chars() != "")
    if lines.is_empty():
        raise InputError(f"{path} is empty: {EXPECTED}, on each line.")
    return lines.with_columns(pl.col("number").cast(pl.Int64))


def _is_talk() -> pl.Expr:
    """Whether roles and texts are a chat that ends with an answer."""
    roles, n = pl.col("roles"), pl.col("n")
    has_system = roles.list.first() == "system"
    body = pl.when(has_system).then(roles.list.slice(1)).otherwise(roles)
    asks, answers = body.list.gather_every(2), body.list.gather_every(2, 1)
    is_whole = (roles.list.len() == n) & (pl.col("texts").list.len() == n)
    is_text = pl.col("types").list.eval(pl.element() == "VARCHAR").list.all()
    by_turns = (
        (body.list.len() >= 2)
        & (body.list.len() % 2 == 0)
        & asks.list.eval(pl.element() == "user").list.all()
        & answers.list.eval(pl.element() == "assistant").list.all()
    )
    return (is_whole & is_text & by_turns).fill_null(False)


def _as_turns(pairs: pl.DataFrame) -> pl.DataFrame:
    more = pl.col("more").fill_null("")
    asked = (
        pl.when(more.str.strip_chars() == "").then("ask").otherwise(pl.col("ask") + "\n\n" + more)
    )
    return pairs.select(
        "number",
        roles=pl.lit(["user", "assistant"], pl.List(pl.String)),
        texts=pl.concat_list(asked, "answer"),
    )


def _refuse(path: Path, wrong: pl.DataFrame, found: str) -> None:
    if wrong.height:
        more = f" (and {wrong.height - 1:,} lines more)" if wrong.height > 1 else ""
        raise InputError(
            f"{path}, line {int(wrong['number'].sort()[0]):,}: {EXPECTED}; found {found}{more}. Mend it, or name "
            "another file with --rehearsal."
        )
