"""ExtractGPT (Brinkmann, Shraga and Bizer 2023): micro and macro F1 of attribute values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from evaluation.published.definition import Definition, Source
from evaluation.published.pair_counts import (
    NO_PAIR,
    PairCounts,
    codes_of,
    macro_metrics,
    micro_metrics,
)
from evaluation.published.reading import UNREADABLE, PairRow, pair_rows

_NULLS = (None, "n/a", "None")
PAIR_SCHEMA = pl.Schema(
    {"row": pl.Int64(), "category": pl.String(), "key": pl.String(), "kind": pl.String()}
)


def kind_of(gold: Sequence[str | None], prediction: Any) -> str:
    """The kind of one pair: null if the first gold form is "n/a"; equality is exact.

    Examples
    --------
    >>> kind_of(["n/a", "Red"], "Red"), kind_of([" Red"], "Red"), kind_of(["Red"], "N/A")
    ('NV', 'VC', 'VW')
    """
    values = [None if value in (None, "n/a") else value.strip() for value in gold]
    answer = None if prediction in _NULLS else prediction
    if values[0] is None:
        return "NN" if answer is None else "NV"
    if answer is None:
        return "VN"
    return "VC" if answer in values else "VW"


def prediction_for(answer: Any, key: str) -> Any:
    """The value of a key; null where the key is missing or the answer is no object."""
    return answer.get(key) if isinstance(answer, dict) else None


def extractgpt_pairs(rows: pl.DataFrame, clusters: np.ndarray | None) -> PairCounts:
    """Every pair that the script counts, in its kind; what it lets pass is counted."""
    found = list(pair_rows(rows))
    pairs = pl.DataFrame(list(_pairs(found)), schema=PAIR_SCHEMA, orient="row")
    unread = [one.row for one in found if not isinstance(one.answer, dict)]
    outside = sum(
        key not in one.known for one in found if one.known is not None for key in one.gold
    )
    free = pairs.filter(pl.col("row").is_in(unread) & (pl.col("kind") == "NN")).height
    odd = [one.row for one in found if one.answer is UNREADABLE]
    return PairCounts(
        pairs,
        rows.height,
        clusters,
        {
            "pairs of an attribute outside the schema, left out": outside,
            "rows without a readable JSON object, taken as all null": len(unread),
            "of them rows that are no JSON at all": len(odd),
            "null pairs of such rows, counted as right nulls": free,
        },
    )


def _pairs(found: Sequence[PairRow]) -> Iterator[tuple[int, str, str, str]]:
    for one in found:
        asked = [key for key in one.gold if one.known is None or key in one.known]
        for key in asked:
            kind = kind_of(one.gold[key], prediction_for(one.answer, key))
            yield one.row, one.category, key, kind
        if not asked:
            yield one.row, one.category, "", NO_PAIR


def _by_attribute_and_category(answers: PairCounts) -> list[np.ndarray]:
    return [codes_of(answers.pairs["category"], answers.pairs["key"])]


EXTRACTGPT = Definition(
    "extractgpt",
    "attributes",
    Source("wbsg-uni-mannheim/ExtractGPT", "pieutils/evaluation.py", "3f96461"),
    "precision VC / (NV + VC + VW), recall VC / (VN + VC + VW) and their F1 over (product, "
    "attribute) pairs whose attribute is in the gold; a value is right if it equals one of the "
    "gold's surface forms, case and spelling included",
    (
        "gold is null if its first surface form is 'n/a', even where others follow",
        "a prediction is null if it is null, missing, 'n/a' or 'None'; an empty text and 'N/A' "
        "count as values",
        "outer white space is stripped from the gold and not from the prediction",
        "an output that is no JSON object counts as null, and so as right where the gold is null",
        "several values in a list are one value, and wrong",
        "precision and recall are rounded to two decimals of a per cent before F1",
        "the macro average leaves out pairs of attribute and category that have true nulls alone",
    ),
    extractgpt_pairs,
    {
        **micro_metrics(),
        **macro_metrics(
            _by_attribute_and_category,
            ("NV", "VN", "VC", "VW"),
            "pairs of attribute and category with more than true nulls",
        ),
    },
    "f1",
)
