"""Ranked items: products of a query by nDCG, contexts of a question by recall at K and MRR."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.metrics.metric import Metric, RatioMetric, Sums
from evaluation.tasks.item_lists import listed
from evaluation.tasks.row_answers import (
    LABEL,
    RowAnswers,
    TaskKind,
    by_name,
    outcome_metrics,
    outcomes_of,
    said,
)

ESCI_GAINS = {"E": 1.0, "S": 0.1, "C": 0.01, "I": 0.0}
SWAPPED_GAINS = {"E": 1.0, "S": 0.01, "C": 0.1, "I": 0.0}
RANDOM = "chance: a random order, in expectation"
AS_LISTED = "the order in which the items were listed"
RELEVANT = 1.0
CUTS = (1, 5, 10)
Form = Literal["exponential", "linear"]
Unranked = Literal["left out", "appended"]


@dataclass(frozen=True, eq=False)
class RankedAnswers(RowAnswers):
    """Judged items of each row and where the answer ranks them.

    Attributes
    ----------
    item_rows
        The row of each judged item, ascending, shape ``(m,)``.
    judgements
        The label of each item: E, S, C, I or a number.
    ranks
        Places from 0; -1 where the answer does not rank the item. A repeated or unknown item takes
        a place and brings nothing.
    answer_sizes
        Places of each answer, shape ``(n,)``.
    n_unknown
        Ranked items that are not judged, or stand there before, in all rows.
    """

    item_rows: np.ndarray
    judgements: pl.Series
    ranks: np.ndarray
    answer_sizes: np.ndarray
    n_unknown: int

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether each row is ranked as well as can be, with every item that has a gain."""
        value, ideal = dcg(self), ideal_dcg(self)
        return np.asarray((ideal > 0) & (value >= ideal - 1e-9))

    def gains(self, table: Mapping[str, float]) -> np.ndarray:
        """The gain of each item; a number is its own."""
        names = self.judgements.unique().to_list()
        known = [table[name] if name in table else float(name) for name in names]
        return self.judgements.replace_strict(names, known, return_dtype=pl.Float64).to_numpy()

    @property
    def gold_counts(self) -> dict[str, int]:
        """Items of each judgement."""
        found = self.judgements.value_counts(sort=True)
        return {str(name): int(n) for name, n in found.iter_rows()}


def _worth(gains: np.ndarray, form: Form) -> np.ndarray:
    return np.exp2(gains) - 1 if form == "exponential" else gains


def _places(rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The place of each item within its row when all are ordered, from 0."""
    places = np.empty(len(rows), dtype=np.int64)
    ordered = rows[order]
    starts = np.searchsorted(ordered, ordered)
    places[order] = np.arange(len(rows)) - starts
    return places


def dcg(
    answers: RankedAnswers,
    gains: Mapping[str, float] = ESCI_GAINS,
    form: Form = "exponential",
    unranked: Unranked = "left out",
) -> np.ndarray:
    """Discounted cumulative gain of each row, ``(n,)``; logarithms of base 2, places from 1.

    Parameters
    ----------
    unranked
        Items that the answer does not rank bring nothing, or are appended in the worst order.
    """
    worth = _worth(answers.gains(gains), form)
    ranks = answers.ranks
    if unranked == "appended":
        out = ranks < 0
        after = _places(answers.item_rows[out], np.lexsort((worth[out], answers.item_rows[out])))
        ranks = ranks.copy()
        ranks[out] = answers.answer_sizes[answers.item_rows[out]] + after
    discounted = np.where(ranks >= 0, worth / np.log2(np.maximum(ranks, 0) + 2.0), 0.0)
    return np.bincount(answers.item_rows, discounted, answers.n_rows)


def ideal_dcg(
    answers: RankedAnswers, gains: Mapping[str, float] = ESCI_GAINS, form: Form = "exponential"
) -> np.ndarray:
    """The best that any order of all judged items would have, ``(n,)``."""
    worth = _worth(answers.gains(gains), form)
    places = _places(answers.item_rows, np.lexsort((-worth, answers.item_rows)))
    return np.bincount(answers.item_rows, worth / np.log2(places + 2.0), answers.n_rows)


def ndcg_metric(
    name: str,
    gains: Mapping[str, float] = ESCI_GAINS,
    form: Form = "exponential",
    unranked: Unranked = "left out",
) -> RatioMetric[RankedAnswers]:
    """nDCG with its gains and form in the definition."""

    def sums(answers: RankedAnswers) -> Sums:
        ideal = ideal_dcg(answers, gains, form)
        asked = ideal > 0
        value = dcg(answers, gains, form, unranked) / np.where(asked, ideal, 1.0)
        return Sums(np.where(asked, value, 0.0), asked.astype(float))

    told = ", ".join(f"{label} {gain:g}" for label, gain in gains.items())
    formula = "2^gain - 1" if form == "exponential" else "the gain itself (linear)"
    items = {
        "left out": "items that are not ranked bring nothing",
        "appended": "items that are not ranked are appended in the worst order",
    }
    return RatioMetric(
        name,
        f"mean over rows of DCG / ideal DCG; gains {told}, numbers as they are; {formula} over "
        f"log2(place + 1); the ideal is over all judged items; {items[unranked]}; rows whose items "
        "are all worth nothing are left out",
        sums,
        empty="no row has an item with a gain",
        is_set_by_gold=True,
    )


def ranked_answers(
    joined_rows: Sequence[pl.DataFrame], clusters: np.ndarray | None
) -> list[RankedAnswers]:
    """The rankings of several runs over the same judged items."""
    first = joined_rows[0]
    judged = [judged_items(text, n) for n, text in enumerate(first[LABEL].cast(pl.String))]
    item_rows = np.repeat(np.arange(len(judged)), [len(items) for items in judged])
    judgements = pl.Series([label for items in judged for label in items.values()], dtype=pl.String)
    gold_text = pl.Series(
        LABEL, [", ".join(f"{k} {v}" for k, v in items.items()) for items in judged]
    )
    read = []
    for rows in joined_rows:
        texts, known = said(rows)
        lists = [[] if k is not None else listed(t) for t, k in zip(texts, known, strict=True)]
        ranks, is_read, n_unknown = _ranks(judged, lists)
        outcomes = outcomes_of(known, is_read)
        told = texts.zip_with(outcomes == "answered", pl.Series([None], dtype=pl.String))
        sizes = np.array([len(one) for one in lists], dtype=np.int64)
        read.append(
            RankedAnswers(
                rows["example_id"],
                gold_text,
                told,
                outcomes,
                clusters,
                item_rows,
                judgements,
                ranks,
                sizes,
                n_unknown,
            )
        )
    return read


def _ranks(
    judged: list[dict[str, str]], lists: list[list[str]]
) -> tuple[np.ndarray, pl.Series, int]:
    ranks: list[int] = []
    is_read, n_unknown = [], 0
    for items, answer in zip(judged, lists, strict=True):
        places: dict[str, int] = {}
        for place, name in enumerate(answer):
            if name in items and name not in places:
                places[name] = place
            else:
                n_unknown += 1
        is_read.append(bool(places))
        ranks += [places.get(name, -1) for name in items]
    return np.array(ranks, dtype=np.int64), pl.Series(is_read, dtype=pl.Boolean), n_unknown


def judged_items(text: str, row: int = 0) -> dict[str, str]:
    """Items and their judgements: a JSON object, or a list whose items are A, B, C, ...

    Raises
    ------
    InputError
        If it is neither, or a judgement is neither E, S, C, I nor a number.

    Examples
    --------
    >>> judged_items('["E", "S"]'), judged_items('{"p1": 1, "p2": 0}')
    ({'A': 'E', 'B': 'S'}, {'p1': '1', 'p2': '0'})
    """
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, list):
        if len(value) > len(string.ascii_uppercase):
            raise InputError(
                f"gold row {row + 1}: {len(value)} items in a list, at most 26 have a letter. Write "
                "an object of item and judgement."
            )
        value = dict(zip(string.ascii_uppercase, value, strict=False))
    if not isinstance(value, dict) or not value:
        raise InputError(
            f'gold row {row + 1}: expected judged items, such as ["E", "S"] or {{"p1": 1}}; '
            f"found {text[:60]!r}."
        )
    items = {str(name): str(label) for name, label in value.items()}
    for name, label in items.items():
        if label not in ESCI_GAINS and not _is_number(label):
            raise InputError(
                f"gold row {row + 1}, item {name!r}: judgement {label!r} is neither E, S, C, I nor "
                "a number from 0."
            )
    return items


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) < float("inf")
    except ValueError:
        return False


def _relevant(answers: RankedAnswers) -> np.ndarray:
    return np.asarray(answers.gains(ESCI_GAINS) >= RELEVANT)


def _recall_at(cut: int) -> RatioMetric[RankedAnswers]:
    def sums(answers: RankedAnswers) -> Sums:
        relevant = _relevant(answers)
        found = relevant & (answers.ranks >= 0) & (answers.ranks < cut)
        there = np.bincount(answers.item_rows, relevant, answers.n_rows)
        hits = np.bincount(answers.item_rows, found, answers.n_rows)
        return Sums(hits / np.maximum(there, 1), (there > 0).astype(float))

    return RatioMetric(
        f"recall_at.{cut}",
        f"mean over rows of the share of relevant items (E, or 1 and more) in the first {cut}; rows "
        "without one are left out",
        sums,
        empty="no row has a relevant item",
        is_set_by_gold=True,
    )


def _reciprocal_rank(answers: RankedAnswers) -> Sums:
    relevant = _relevant(answers)
    there = np.bincount(answers.item_rows, relevant, answers.n_rows) > 0
    ranked = relevant & (answers.ranks >= 0)
    best = np.zeros(answers.n_rows)
    np.maximum.at(best, answers.item_rows[ranked], 1 / (answers.ranks[ranked] + 1.0))
    return Sums(best, there.astype(float))


def ranking_metrics(answers: Sequence[RankedAnswers]) -> dict[str, Metric[RankedAnswers]]:
    """Every metric by name; the gains are the paper's."""
    return by_name(
        [
            ndcg_metric("ndcg"),
            ndcg_metric("ndcg_appended", unranked="appended"),
            ndcg_metric("ndcg_linear", form="linear"),
            *(_recall_at(cut) for cut in CUTS),
            RatioMetric(
                "mrr",
                "mean over rows of 1 / place of the first relevant item (E, or 1 and more), 0 if none "
                "is ranked; rows without one are left out",
                _reciprocal_rank,
                empty="no row has a relevant item",
                is_set_by_gold=True,
            ),
            *outcome_metrics(),
        ]
    )


def ranking_lines(answers: RankedAnswers) -> dict[str, Mapping[str, float]]:
    """A random order, exactly in expectation; and the order of the list.

    None where all items of each row are worth the same: any order of them is as good.
    """
    gains = answers.gains(ESCI_GAINS)
    firsts = np.searchsorted(answers.item_rows, answers.item_rows)
    if (gains == gains[firsts]).all():
        return {}
    sizes = np.bincount(answers.item_rows, minlength=answers.n_rows)
    places = np.arange(len(answers.item_rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    discount = np.bincount(answers.item_rows, 1 / np.log2(places + 2.0), answers.n_rows)
    random: dict[str, float] = {}
    listed_as: dict[str, float] = {}
    forms: tuple[tuple[str, Form], ...] = (("ndcg", "exponential"), ("ndcg_linear", "linear"))
    for name, form in forms:
        worth = _worth(gains, form)
        ideal = ideal_dcg(answers, form=form)
        asked = ideal > 0
        mean = np.bincount(answers.item_rows, worth, answers.n_rows) / np.maximum(sizes, 1)
        random[name] = _mean((mean * discount)[asked] / ideal[asked])
        there = np.bincount(answers.item_rows, worth / np.log2(places + 2.0), answers.n_rows)
        listed_as[name] = _mean(there[asked] / ideal[asked])
    return {RANDOM: random, AS_LISTED: listed_as}


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


RANKING = TaskKind(
    "ranking",
    'label is a JSON list of judgements ["E", "S"] of the items A, B, ..., or an object {"p1": 1}',
    LABEL,
    ranked_answers,
    ranking_metrics,
    "ndcg",
    ranking_lines,
)
