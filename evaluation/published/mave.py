"""MAVE (Yang et al. 2022): one best span an attribute, compared as SQuAD 2.0 normalises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from evaluation.answers.squad import squad_normalised
from evaluation.metrics.metric import RatioMetric, Sums
from evaluation.published.definition import Definition, Source
from evaluation.published.extractgpt import PAIR_SCHEMA, prediction_for
from evaluation.published.pair_counts import PairCounts
from evaluation.published.reading import PairRow, pair_rows


def mave_kind(evidences: list[str | None], prediction: str) -> str:
    """The kind of one pair; the script calls them n_n, n_a, a_n, a_a and a_b.

    Examples
    --------
    >>> mave_kind(["light", "Light Gauge"], "light gauge"), mave_kind([None], "the")
    ('VC', 'NN')
    """
    gold = {squad_normalised(value) for value in evidences if value} - {""}
    answer = squad_normalised(prediction)
    if not gold:
        return "NV" if answer else "NN"
    if not answer:
        return "VN"
    return "VC" if answer in gold else "VW"


def _top(value: Any) -> str:
    """The first of several values: the best where the model lists them by score."""
    first = value[0] if isinstance(value, list) and value else value
    return "" if first is None or isinstance(first, (list, dict)) else str(first)


def mave_pairs(rows: pl.DataFrame, clusters: np.ndarray | None) -> PairCounts:
    """Every (product, attribute) pair in its kind."""
    found = list(pair_rows(rows))
    several = sum(
        isinstance(value := prediction_for(one.answer, key), list) and len(value) > 1
        for one in found
        for key in one.gold
    )
    return PairCounts(
        pl.DataFrame(list(_pairs(found)), schema=PAIR_SCHEMA, orient="row"),
        rows.height,
        clusters,
        {
            "pairs with several values, of which the first is taken": several,
            "rows without a readable JSON object, taken as all null": sum(
                not isinstance(one.answer, dict) for one in found
            ),
        },
    )


def _pairs(found: list[PairRow]) -> Iterator[tuple[int, str, str, str]]:
    for one in found:
        for key, gold in one.gold.items():
            yield one.row, one.category, key, mave_kind(gold, _top(prediction_for(one.answer, key)))


def _sums(answers: PairCounts, below: tuple[str, ...]) -> Sums:
    return Sums(answers.by_row("VC"), answers.by_row(*below))


def _f1(answers: PairCounts) -> Sums:
    given, should = answers.by_row("NV", "VC", "VW"), answers.by_row("VN", "VC", "VW")
    return Sums(2 * answers.by_row("VC"), given + should)


MAVE = Definition(
    "mave",
    "attributes",
    Source("google-research/google-research", "mave/benchmark/run_inference.py", "1be791ce"),
    "over (product, attribute) pairs, negatives included: precision a_a / (a_a + a_b + n_a), recall "
    "a_a / (a_a + a_b + a_n) and their F1; the one best span is right if it equals any evidence "
    "after SQuAD 2.0's normalisation",
    (
        "the script counts a_a, a_b, a_n, n_a and n_n alone; precision, recall and F1 from them are "
        "the paper's",
        "text without case, punctuation and articles is compared: 'dark-red' is 'darkred'",
        "an evidence or an answer of punctuation and articles alone is null",
        "of several values the first is taken",
        "an output that cannot be read counts as null",
    ),
    mave_pairs,
    {
        "precision": RatioMetric(
            "precision",
            "a_a / (a_a + a_b + n_a): VC / (VC + VW + NV)",
            lambda answers: _sums(answers, ("VC", "VW", "NV")),
            empty="no pair is answered with a value",
        ),
        "recall": RatioMetric(
            "recall",
            "a_a / (a_a + a_b + a_n): VC / (VC + VW + VN)",
            lambda answers: _sums(answers, ("VC", "VW", "VN")),
            empty="no gold pair has a value",
            is_set_by_gold=True,
        ),
        "f1": RatioMetric(
            "f1", "harmonic mean of precision and recall", _f1, empty="no pair has a value"
        ),
    },
    "f1",
)
