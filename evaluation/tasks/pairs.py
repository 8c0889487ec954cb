"""Yes or no: do two products match, is one a substitute, can a question be answered?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.yes_no import NO, YES
from evaluation.metrics.calibration import calibration_metrics
from evaluation.metrics.metric import Metric, RatioMetric, Sums
from evaluation.tasks.label_texts import canonical
from evaluation.tasks.labels import LabelAnswers, accuracy, label_answers
from evaluation.tasks.row_answers import LABEL, TaskKind, by_name, outcome_metrics

ALWAYS_YES, ALWAYS_NO = "always yes", "always no"
COIN = "chance: a fair coin"


def pair_answers(
    joined_rows: Sequence[pl.DataFrame], clusters: np.ndarray | None
) -> list[LabelAnswers]:
    """Yes-or-no answers of several runs; class 0 is no, class 1 is yes.

    Raises
    ------
    InputError
        If a gold label is neither yes nor no (or true, false, 1, 0).
    """
    written = joined_rows[0][LABEL].cast(pl.String)
    gold = _yes_no(canonical(written, is_lettered=False))
    wrong = gold.is_null().arg_true()
    if len(wrong):
        raise InputError(
            f"gold label {written[int(wrong[0])]!r} of row {int(wrong[0]) + 1} is neither yes nor "
            "no. Pass --task labels for other labels."
        )
    spelled = [
        rows.with_columns(
            gold.alias(LABEL),
            *(_spelled(rows[name]).alias(name) for name in ("parsed", "raw_output")),
        )
        for rows in joined_rows
    ]
    return [_both_classes(one) for one in label_answers(spelled, clusters, also=("yes", "no"))]


def _yes_no(texts: pl.Series) -> pl.Series:
    return texts.replace_strict(
        [*YES, *NO],
        ["yes"] * len(YES) + ["no"] * len(NO),
        default=None,
        return_dtype=pl.String,
    )


def _spelled(texts: pl.Series) -> pl.Series:
    """Texts that say yes or no in another spelling as yes and no; all else as it is."""
    said = _yes_no(canonical(texts, is_lettered=False))
    return said.zip_with(said.is_not_null(), texts)


def _both_classes(answers: LabelAnswers) -> LabelAnswers:
    """The same with no as class 0 and yes as class 1, also where the gold has one of them."""
    return replace(
        answers,
        labels=pl.Series(LABEL, ["no", "yes"]),
        gold_classes=(answers.gold_text == "yes").cast(pl.Int64).to_numpy(),
        answer_classes=answers.answer_text.replace_strict(
            ["no", "yes"], [0, 1], default=-1, return_dtype=pl.Int64
        )
        .fill_null(-1)
        .to_numpy(),
    )


def _ratio(
    above: Callable[[LabelAnswers], np.ndarray], below: Callable[[LabelAnswers], np.ndarray]
) -> Callable[[LabelAnswers], Sums]:
    return lambda answers: Sums(above(answers).astype(float), below(answers).astype(float))


def _is(gold: int | None, answer: int | None) -> Callable[[LabelAnswers], np.ndarray]:
    def chosen(answers: LabelAnswers) -> np.ndarray:
        found = np.ones(answers.n_rows, dtype=bool)
        if gold is not None:
            found &= answers.gold_classes == gold
        if answer is not None:
            found &= answers.answer_classes == answer
        return found

    return chosen


def _f1_yes(answers: LabelAnswers) -> Sums:
    right = _is(1, 1)(answers).astype(float)
    return Sums(2 * right, _is(1, None)(answers) + _is(None, 1)(answers).astype(float))


def pair_metrics(answers: Sequence[LabelAnswers]) -> dict[str, Metric[LabelAnswers]]:
    """Every metric by name."""
    return by_name(
        [
            accuracy(),
            RatioMetric(
                "precision",
                "share of the rows answered yes that are yes",
                _ratio(_is(1, 1), _is(None, 1)),
                empty="no row is answered yes",
            ),
            RatioMetric(
                "recall",
                "share of the rows that are yes answered yes; a row without an answer is not",
                _ratio(_is(1, 1), _is(1, None)),
                empty="no gold row is yes",
                is_set_by_gold=True,
            ),
            RatioMetric(
                "f1",
                "F1 of yes: 2 right yes / (gold yes + answered yes)",
                _f1_yes,
                empty="no row is yes",
            ),
            RatioMetric(
                "specificity",
                "share of the rows that are no answered no; a row without an answer is not",
                _ratio(_is(0, 0), _is(0, None)),
                empty="no gold row is no",
                is_set_by_gold=True,
            ),
            RatioMetric(
                "negative_predictive_value",
                "share of the rows answered no that are no",
                _ratio(_is(0, 0), _is(None, 0)),
                empty="no row is answered no",
            ),
            *outcome_metrics(),
            *calibration_metrics(),
        ]
    )


def pair_lines(answers: LabelAnswers) -> dict[str, Mapping[str, float]]:
    """Always yes, always no, and a coin, in expectation."""
    yes = float(answers.gold_classes.mean())
    return {
        ALWAYS_YES: {"accuracy": yes, "precision": yes, "recall": 1.0, "f1": 2 * yes / (1 + yes)},
        ALWAYS_NO: {"accuracy": 1 - yes, "recall": 0.0, "f1": 0.0, "specificity": 1.0},
        COIN: {"accuracy": 0.5, "precision": yes, "recall": 0.5, "f1": yes / (yes + 0.5)},
    }


PAIRS = TaskKind(
    "pairs",
    "label is yes or no (true, false, 1, 0)",
    LABEL,
    pair_answers,
    pair_metrics,
    "f1",
    pair_lines,
)
