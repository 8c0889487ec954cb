"""eCeLLM (Peng et al. 2024): labels, yes or no, and recommendation; what it cannot read it drops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from evaluation.metrics.metric import RatioMetric, Sums
from evaluation.published.definition import Definition, Source
from evaluation.published.label_counts import (
    LabelCounts,
    kept_accuracy,
    label_counts,
    union_means,
)

ECELLM = Source("ninglab/eCeLLM", "evaluate.py", "f364c18")
DROPS = "outputs that the script cannot read are dropped, and the row with them"
BY_POSITION = "the script joins predictions to gold by position; here they are joined by key"
_DROPPED = "outputs that the script drops"
_STOPS = "empty outputs, on which the script stops; dropped here"
_LETTERS = frozenset("ABCDE")
_ITEMS = frozenset("ABCDEFGHIJKLMNOPQRST")


def outputs(rows: pl.DataFrame) -> list[str]:
    """What each row says; empty where there is no prediction."""
    return rows.select(pl.coalesce("raw_output", "parsed").fill_null("")).to_series().to_list()


def _kept(
    rows: pl.DataFrame,
    clusters: np.ndarray | None,
    gold_of: Callable[[str], str],
    read: Callable[[str], str | None],
    always: tuple[str, ...] = (),
) -> LabelCounts:
    pairs, n_dropped, n_empty = [], 0, 0
    for n, (gold, said) in enumerate(zip(rows["label"], outputs(rows), strict=True)):
        answer = read(said)
        if answer is not None:
            pairs.append((n, gold_of(gold), answer))
        elif said.strip():
            n_dropped += 1
        else:
            n_empty += 1
    dropped = {_DROPPED: n_dropped, _STOPS: n_empty}
    return label_counts(pairs, rows.height, clusters, dropped, always)


def first_letter(said: str) -> str | None:
    """The first character if it is A to E, whatever follows.

    Examples
    --------
    >>> first_letter("Based on the title"), first_letter("The answer is B")
    ('B', None)
    """
    start = said.strip()[:1]
    return start if start in _LETTERS else None


def yes_or_no(said: str) -> str | None:
    """Yes or no alone, whatever its case.

    Examples
    --------
    >>> yes_or_no(" YES "), yes_or_no("Yes.")
    ('yes', None)
    """
    answer = said.lower().strip()
    return answer if answer in ("yes", "no") else None


def _option(said: str) -> str | None:
    return said.strip() if said.strip() in _ITEMS else None


def _read_letters(rows: pl.DataFrame, clusters: np.ndarray | None) -> LabelCounts:
    return _kept(rows, clusters, lambda gold: gold[:1], first_letter)


def _read_pairs(rows: pl.DataFrame, clusters: np.ndarray | None) -> LabelCounts:
    return _kept(rows, clusters, str, yes_or_no, ("no", "yes"))


def _read_options(rows: pl.DataFrame, clusters: np.ndarray | None) -> LabelCounts:
    return _kept(rows, clusters, str, _option)


def _share(
    name: str,
    definition: str,
    above: tuple[str | None, str | None],
    below: tuple[str | None, str | None],
) -> RatioMetric[LabelCounts]:
    return RatioMetric(
        name,
        definition,
        lambda answers: Sums(answers.is_pair(*above), answers.is_pair(*below)),
        empty="the script divides by nothing",
    )


def _f1_yes(answers: LabelCounts) -> Sums:
    right = answers.is_pair("yes", "yes")
    return Sums(2 * right, answers.is_pair("yes", None) + answers.is_pair(None, "yes"))


_OF_KEPT = "share of the rows that are not dropped that are right"

ECELLM_LABELS = Definition(
    "ecellm",
    "labels",
    ECELLM,
    "the first character of the output, if it is A to E, against the first of the gold; accuracy "
    "and scikit-learn's macro precision, recall and F1 over the rows that are not dropped",
    (
        DROPS,
        "'Based on ...' counts as the answer B, 'Cannot ...' as C, 'Exact' as E",
        "a label that is only answered is one more label of the macro average, with F1 0",
        "an empty output stops the script",
        BY_POSITION,
    ),
    _read_letters,
    {**union_means(), "accuracy": kept_accuracy("accuracy", _OF_KEPT)},
    "f1_macro",
)
ECELLM_PAIRS = Definition(
    "ecellm",
    "pairs",
    ECELLM,
    "the output, without outer white space and case, if it is yes or no; accuracy, precision, recall "
    "and F1 of yes, specificity and negative predictive value over the rows that are not dropped",
    (DROPS, "'Yes.' with a full stop is dropped", "gold is compared as it is written", BY_POSITION),
    _read_pairs,
    {
        "f1": RatioMetric(
            "f1", "2 right yes / (gold yes + answered yes)", _f1_yes, "no row is yes"
        ),
        "accuracy": kept_accuracy("accuracy", _OF_KEPT),
        "precision": _share("precision", "right yes / answered yes", ("yes", "yes"), (None, "yes")),
        "recall": _share("recall", "right yes / gold yes", ("yes", "yes"), ("yes", None)),
        "specificity": _share("specificity", "right no / gold no", ("no", "no"), ("no", None)),
        "negative_predictive_value": _share(
            "negative_predictive_value",
            "right no / answered no; the script prints it as npr",
            ("no", "no"),
            (None, "no"),
        ),
    },
    "f1",
)
ECELLM_RECOMMENDATION = Definition(
    "ecellm",
    "recommendation",
    ECELLM,
    "the output, without outer white space, if it is one of A to T; the share of the rows that are "
    "not dropped that are right (recall@1)",
    (DROPS, "of 20 options chance is .05", BY_POSITION),
    _read_options,
    {"hit_rate_at_1": kept_accuracy("hit_rate_at_1", _OF_KEPT)},
    "hit_rate_at_1",
)
