"""What the scripts read of a joined row: gold values by attribute, and the raw prediction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from catalog.errors import InputError
from evaluation.answers.contract import as_text

UNREADABLE = object()
"""What a prediction is that no JSON could be read from."""


class PairRow(NamedTuple):
    """One gold row of attributes.

    ``gold`` has the surface forms of each attribute in the order of the file, null where there
    is none; ``answer`` is what `json.loads` gives, or `UNREADABLE`; ``known`` are the attributes
    that the script's schema asks for, None for all.
    """

    row: int
    category: str
    gold: dict[str, list[str | None]]
    answer: Any
    known: list[str] | None


def pair_rows(rows: pl.DataFrame) -> Iterator[PairRow]:
    """Gold rows of attributes, as the scripts see them.

    Parameters
    ----------
    rows
        ``gold_attributes`` (value, list of surface forms or null by attribute), and where
        they are there ``category``, ``known_attributes`` (a JSON list); ``attributes``,
        ``parsed``, ``raw_output`` of the prediction, the first that is there is read.
    """
    if "gold_attributes" not in rows.columns:
        raise InputError("this definition needs gold with a column 'attributes'.")
    gold_texts = _gold_texts(rows["gold_attributes"])
    texts = rows.select(pl.coalesce("attributes", "parsed", "raw_output")).to_series()
    categories = _column(rows, "category")
    known = _column(rows, "known_attributes")
    for n, (gold, text) in enumerate(zip(gold_texts, texts, strict=True)):
        yield PairRow(
            n,
            categories[n] or "",
            {key: surface_forms(value) for key, value in json.loads(gold).items()},
            read_json(text),
            None if known[n] is None else json.loads(known[n]),
        )


def surface_forms(value: Any) -> list[str | None]:
    """The listed values of an attribute; one null where there is none.

    Examples
    --------
    >>> surface_forms(["n/a", "Red"]), surface_forms("Red"), surface_forms([])
    (['n/a', 'Red'], ['Red'], [None])
    """
    listed = value if isinstance(value, list) else [value]
    return [None if one is None else str(one) for one in listed] or [None]


def read_json(text: str | None) -> Any:
    """A text as Python's reader takes it (also NaN); `UNREADABLE` where it does not."""
    try:
        return UNREADABLE if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return UNREADABLE


def _gold_texts(gold: pl.Series) -> list[str]:
    """The gold attributes as JSON text: also from structs, and from the lists that records keep."""
    if not isinstance(gold.dtype, pl.List):
        return as_text(gold).cast(pl.String).to_list()
    return [
        json.dumps({one["key"]: [e["value"] for e in one["evidences"] or []] for one in held or []})
        for held in gold.to_list()
    ]


def _column(rows: pl.DataFrame, name: str) -> list[Any]:
    return rows[name].to_list() if name in rows.columns else [None] * rows.height
