"""Keys and gold of the examples that a tool's rows carry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.formats.read_run import LABEL

KEYS = ("example_id", "record_id", "id")
_OURS = ("example_id", "record_id")
_TAKEN = {"example_id", "category_path", "attributes", LABEL}

Fields = Mapping[str, Any]


def example_ids(
    examples: Sequence[Fields],
    others: Sequence[str],
    *,
    key: str | None,
    where: str,
    unit: str = "row",
    numbers: Sequence[int] | None = None,
) -> tuple[list[str], str | None]:
    """The key of each row's example.

    Parameters
    ----------
    examples
        What each row says of its example: the fields that its data set had.
    others
        The tool's own keys, which name the examples where no field does.
    key
        The field to take; the first of `KEYS` that every example has where it is None. An ``id``
        of which fewer than half of the values differ is none: it numbers something else.
    unit, numbers
        What error messages count, and where each row stands; from 1 where None.

    Returns
    -------
    The keys, and the field that they are of; None where they are the tool's own.

    Raises
    ------
    InputError
        If a row lacks the field that was named.

    Examples
    --------
    >>> example_ids([{"id": 7}, {"id": 8}], ["0", "1"], key=None, where="run")
    (['7', '8'], 'id')
    """
    if key is not None:
        for at, fields in enumerate(examples):
            if fields.get(key) is None:
                number = at + 1 if numbers is None else numbers[at]
                raise InputError(
                    f"{where}, {unit} {number}: the example has no field {key!r}. Found: "
                    f"{', '.join(fields) or 'none'}. Pass another --key."
                )
        return [as_text(fields[key]) for fields in examples], key
    n_examples = len(set(others))
    for name in KEYS:
        values = [fields.get(name) for fields in examples]
        texts = [as_text(value) for value in values if value is not None]
        if len(texts) < len(values):
            continue
        if name in _OURS or 2 * len(set(texts)) > n_examples:
            return texts, name
    return list(others), None


def refuse_twice(
    ids: Sequence[str],
    repeats: Sequence[int | None],
    *,
    where: str,
    unit: str = "row",
    numbers: Sequence[int] | None = None,
    hint: str = "Every key may stand once.",
) -> None:
    """Raise `InputError` at the second row of one key (and one repeat)."""
    first: dict[tuple[str, int | None], int] = {}
    for at, (name, repeat) in enumerate(zip(ids, repeats, strict=True)):
        number = at + 1 if numbers is None else numbers[at]
        before = first.setdefault((name, repeat), number)
        if before != number:
            raise InputError(
                f"{where}, {unit} {number}: key {name!r} stands at {unit} {before} already. {hint}"
            )


def gold_frame(
    ids: Sequence[str], labels: Sequence[str | None], examples: Sequence[Fields]
) -> pl.DataFrame | None:
    """The gold that rows carry, each example once: ``example_id``, ``label``, plain fields.

    None where no row carries any. Fields that are numbers or texts become columns, so that rows
    can be clustered by one of them.

    Examples
    --------
    >>> gold_frame(["1", "2"], ["Pots", "Tools"], [{"brand": "a"}, {"brand": "b"}]).columns
    ['example_id', 'label', 'brand']
    """
    if all(label is None for label in labels):
        return None
    columns: dict[str, list[Any]] = {"example_id": list(ids), LABEL: list(labels)}
    for name in dict.fromkeys(name for fields in examples for name in fields):
        values = [fields.get(name) for fields in examples]
        if name not in _TAKEN and all(isinstance(v, str | int | float | None) for v in values):
            columns[name] = [None if value is None else as_text(value) for value in values]
    frame = pl.DataFrame(
        columns, schema=dict.fromkeys(columns, pl.String), strict=False, orient="col"
    )
    return frame.unique("example_id", keep="first", maintain_order=True)


def chosen_one(
    found: Sequence[str], asked: str | None, *, where: str, noun: str
) -> tuple[str, list[str]]:
    """One of several readings: the one that was asked for, else the first, said aloud.

    Raises
    ------
    InputError
        If it is not there.

    Examples
    --------
    >>> chosen_one(["strict", "loose"], None, where="run", noun="filter")[1]
    ["run: filter 'strict' of strict, loose; pass --filter for another."]
    """
    names = list(dict.fromkeys(found))
    if asked is not None and asked not in names:
        raise InputError(f"{where}: no {noun} {asked!r}. Found: {', '.join(names) or 'none'}.")
    if asked is not None or len(names) == 1:
        return asked or names[0], []
    told = ", ".join(names)
    return names[0], [f"{where}: {noun} {names[0]!r} of {told}; pass --filter for another."]


def left_out(where: str, n: int, n_rows: int, why: str) -> list[str]:
    """A note on rows that were left out; none where there are none."""
    return [f"{where}: {counted(n, 'row')} of {n_rows:,} left out: {why}."] if n else []


def as_text(value: Any) -> str:
    """A text as it is, all else as JSON.

    Examples
    --------
    >>> as_text("a"), as_text(7), as_text({"Colour": "red"})
    ('a', '7', '{"Colour": "red"}')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def text_or_none(value: Any) -> str | None:
    """A text as it is, null as null, all else as JSON."""
    return None if value is None else as_text(value)


def usage_text(tokens_in: Any = None, tokens_out: Any = None, cost_usd: Any = None) -> str | None:
    """The usage of one answer as the contract writes it; None where nothing is told."""
    told = {"input_tokens": tokens_in, "output_tokens": tokens_out, "cost_usd": cost_usd}
    known = {k: v for k, v in told.items() if isinstance(v, int | float) and v == v}
    return json.dumps(known) if known else None
