"""What is measured on attribute answers; each number has its definition beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from evaluation.metrics.attributes import KINDS, AttributeAnswers
from evaluation.metrics.metric import Metric, RatioMetric, Sums

_SHOULD = "of the pairs whose gold has a value"
_PLACED = "of the pairs whose gold has evidence spans"
_NO_SPANS = "no gold pair, or no answer, has an evidence span"
_GIVEN = "of the asked pairs answered with a value"
_SAME = {
    "": "key and value equal, case and spelling included",
    "_normalised": "key equal, value equal without case and repeated white space",
}


def _share(is_counted: np.ndarray) -> Sums:
    return Sums(is_counted.astype(float), np.ones(len(is_counted)))


def _ratio(
    above: tuple[str, ...], below: tuple[str, ...], column: str = "kind"
) -> Callable[[AttributeAnswers], Sums]:
    def sums(answers: AttributeAnswers) -> Sums:
        return Sums(answers.counts(*above, column=column), answers.counts(*below, column=column))

    return sums


def _f1(column: str) -> Callable[[AttributeAnswers], Sums]:
    def sums(answers: AttributeAnswers) -> Sums:
        right = answers.counts("VC", column=column)
        given = answers.counts("NV", "VC", "VW", column=column)
        return Sums(2 * right, given + answers.counts("VN", "VC", "VW", column=column))

    return sums


def _token_f1(answers: AttributeAnswers) -> Sums:
    scores = answers.pairs["token_f1"].fill_null(0.0).to_numpy()
    summed = np.bincount(answers.rows, scores, answers.n_rows)
    return Sums(summed, answers.counts("VN", "VC", "VW"))


def _of_spans(column: str) -> Callable[[AttributeAnswers], Sums]:
    def sums(answers: AttributeAnswers) -> Sums:
        scores = answers.pairs[column]
        parts = (scores.fill_null(0.0), scores.is_not_null().cast(pl.Float64))
        return Sums(*(np.bincount(answers.rows, one.to_numpy(), answers.n_rows) for one in parts))

    return sums


def _valid_json(answers: AttributeAnswers) -> Sums:
    return Sums(np.nan_to_num(answers.is_json), (~np.isnan(answers.is_json)).astype(float))


def attribute_metrics() -> dict[str, Metric[AttributeAnswers]]:
    """Every metric by name."""
    metrics: list[Metric[AttributeAnswers]] = [
        RatioMetric(
            "exact_match",
            "share of products whose asked attributes are all right",
            lambda answers: _share(answers.is_correct),
            is_set_by_gold=True,
        ),
        RatioMetric(
            "pair_accuracy",
            "share of asked (product, attribute) pairs that are right, nulls included: "
            "(NN + VC) / all",
            _ratio(("NN", "VC"), KINDS),
            is_set_by_gold=True,
        ),
    ]
    for suffix, same in _SAME.items():
        column = f"kind{suffix}"
        metrics += [
            RatioMetric(
                f"precision{suffix}",
                f"share {_GIVEN} that are right: VC / (NV + VC + VW); {same}",
                _ratio(("VC",), ("NV", "VC", "VW"), column),
                empty="no asked pair is answered with a value",
            ),
            RatioMetric(
                f"recall{suffix}",
                f"share {_SHOULD} that are right: VC / (VN + VC + VW); {same}",
                _ratio(("VC",), ("VN", "VC", "VW"), column),
                empty="no gold pair has a value",
                is_set_by_gold=True,
            ),
            RatioMetric(
                f"f1{suffix}",
                f"2 VC / (pairs answered with a value + pairs whose gold has one); {same}",
                _f1(column),
                empty="no pair has a value",
            ),
        ]
    metrics += [
        RatioMetric(
            "token_f1",
            f"mean word overlap (SQuAD F1) {_SHOULD}; the best of several gold values, 0 without "
            "an answer",
            _token_f1,
            empty="no gold pair has a value",
            is_set_by_gold=True,
        ),
        RatioMetric(
            "span_exact_match",
            f"share {_PLACED} whose answered spans are all among them (paragraph, begin, end)",
            _of_spans("span_exact"),
            empty=_NO_SPANS,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "span_overlap_f1",
            f"mean overlap in characters, as F1, {_PLACED}; of each answered span the best over the "
            "gold's, 0 without one",
            _of_spans("span_f1"),
            empty=_NO_SPANS,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "null_accuracy",
            "share of the pairs whose gold is null that are answered with null: NN / (NN + NV + "
            "NX); an output that could not be read is no null",
            _ratio(("NN",), ("NN", "NV", "NX")),
            empty="no gold pair is null",
            is_set_by_gold=True,
        ),
        RatioMetric(
            "hallucination_rate",
            "share of the pairs whose gold is null that are answered with a value: NV / (NN + NV "
            "+ NX)",
            _ratio(("NV",), ("NN", "NV", "NX")),
            empty="no gold pair is null",
            is_set_by_gold=True,
            higher_is_better=False,
        ),
        RatioMetric(
            "wrong_value_rate",
            f"share {_SHOULD} that are answered with another value: VW / (VN + VC + VW)",
            _ratio(("VW",), ("VN", "VC", "VW")),
            empty="no gold pair has a value",
            is_set_by_gold=True,
            higher_is_better=False,
        ),
        RatioMetric(
            "coverage",
            "share of all gold rows with an output that could be read",
            lambda answers: _share(answers.is_outcome("answered")),
            is_set_by_gold=True,
        ),
        RatioMetric(
            "invalid_rate",
            "share of all gold rows whose output is no JSON object",
            lambda answers: _share(answers.is_outcome("invalid")),
            is_set_by_gold=True,
            higher_is_better=False,
        ),
        RatioMetric(
            "valid_json_rate",
            "share of the rows with a raw output whose raw output is strict JSON",
            _valid_json,
            empty="no prediction has a raw output",
        ),
    ]
    return {metric.name: metric for metric in metrics}
