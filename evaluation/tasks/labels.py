"""A single label out of a closed set: ESCI's E, S, C, I, sentiment, relations, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from evaluation.metrics.calibration import calibration_metrics
from evaluation.metrics.class_metrics import ClassClusters, ClassMetric, class_clusters
from evaluation.metrics.metric import Metric, RatioMetric, Sums
from evaluation.tasks.label_texts import canonical, lettered
from evaluation.tasks.row_answers import (
    LABEL,
    RowAnswers,
    TaskKind,
    by_name,
    outcome_metrics,
    outcomes_of,
    said,
    share,
)

CHANCE = "chance: one of the gold labels, drawn evenly"
MAJORITY = "majority: always the most frequent label of the gold rows"


@dataclass(frozen=True, eq=False)
class LabelAnswers(RowAnswers):
    """Answers as codes of the labels that occur in the gold.

    Attributes
    ----------
    labels
        The labels of the gold, sorted.
    gold_classes, answer_classes
        Codes, shape ``(n,)``; an answer is -1 where there is none, or it is no label of the gold.
    """

    labels: pl.Series
    gold_classes: np.ndarray
    answer_classes: np.ndarray

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether each answer is the gold label."""
        return np.asarray(self.gold_classes == self.answer_classes)

    @cached_property
    def class_clusters(self) -> ClassClusters:
        """Right answers, gold rows and answers of each label in each cluster."""
        return class_clusters(self.gold_classes, self.answer_classes, self.clusters)

    @cached_property
    def slices(self) -> tuple[pl.Series, np.ndarray]:
        """The gold labels."""
        return self.labels, self.gold_classes

    @property
    def gold_counts(self) -> dict[str, int]:
        """Gold rows of each label."""
        counts = np.bincount(self.gold_classes, minlength=len(self.labels))
        return dict(zip(self.labels.to_list(), counts.tolist(), strict=True))


def label_answers(
    joined_rows: Sequence[pl.DataFrame],
    clusters: np.ndarray | None,
    also: Sequence[str] = (),
) -> list[LabelAnswers]:
    """The labels of several runs on the same gold rows.

    Parameters
    ----------
    also
        Labels that are valid answers although no gold row has them.
    """
    written = joined_rows[0][LABEL].cast(pl.String).str.strip_chars()
    is_lettered = lettered(written)
    gold = canonical(written, is_lettered=is_lettered)
    labels = gold.unique().sort().alias(LABEL)
    gold_classes = _codes(gold, labels)
    read = []
    for rows in joined_rows:
        texts, known = said(rows)
        answer = canonical(texts, is_lettered=is_lettered)
        is_label = answer.is_in([*labels, *also]).fill_null(False)
        outcomes = outcomes_of(known, is_label)
        told = answer.zip_with(outcomes == "answered", pl.Series([None], dtype=pl.String))
        read.append(
            LabelAnswers(
                rows["example_id"],
                gold,
                told,
                outcomes,
                clusters,
                labels,
                gold_classes,
                _codes(told, labels),
            )
        )
    return read


def _codes(texts: pl.Series, labels: pl.Series) -> np.ndarray:
    names = labels.to_list()
    coded = texts.replace_strict(
        names, list(range(len(names))), default=-1, return_dtype=pl.Int64
    ).fill_null(-1)
    return coded.to_numpy()


def accuracy() -> RatioMetric[LabelAnswers]:
    """The share of right rows."""
    return RatioMetric(
        "accuracy",
        "share of all gold rows answered with the gold label; a row without an answer is wrong",
        lambda answers: share(answers.is_correct),
        is_set_by_gold=True,
    )


def label_metrics(answers: Sequence[LabelAnswers]) -> dict[str, Metric[LabelAnswers]]:
    """Every metric by name."""
    over = "over the labels that occur in the gold"
    return by_name(
        [
            accuracy(),
            RatioMetric(
                "f1_micro",
                "2 right / (gold rows + answers), summed over labels; equal to accuracy where every "
                "row is answered",
                _micro_f1,
            ),
            ClassMetric(
                "f1_macro",
                f"mean {over} of F1 = 2 right / (gold rows + answers); an invalid or missing answer "
                "is wrong but no label of its own",
                "f1",
            ),
            ClassMetric(
                "precision_macro",
                f"mean {over} of the share of answers that are right; a label that is never "
                "answered counts 0",
                "precision",
            ),
            ClassMetric(
                "recall_macro",
                f"mean {over} of the share of gold rows that are right",
                "recall",
            ),
            *outcome_metrics(),
            *calibration_metrics(),
        ]
    )


def _micro_f1(answers: LabelAnswers) -> Sums:
    answered = answers.is_outcome("answered").astype(float)
    return Sums(2.0 * answers.is_correct, 1 + answered)


def label_lines(answers: LabelAnswers) -> dict[str, Mapping[str, float]]:
    """Chance, exactly in expectation, and the most frequent label."""
    counts = np.bincount(answers.gold_classes, minlength=len(answers.labels)).astype(float)
    n_labels = len(counts)
    expected_f1 = 2 * counts / n_labels / (counts + counts.sum() / n_labels)
    chance = {"accuracy": 1 / n_labels, "f1_macro": float(expected_f1.mean())}
    return {CHANCE: chance, MAJORITY: constant_line(answers, int(counts.argmax()))}


def constant_line(answers: LabelAnswers, label: int) -> dict[str, float]:
    """What one label in every row would score."""
    told = pl.Series([answers.labels[label]] * answers.n_rows, dtype=pl.String)
    constant = replace(
        answers,
        answer_classes=np.full(answers.n_rows, label, dtype=np.int64),
        answer_text=told,
        outcomes=pl.Series(["answered"] * answers.n_rows, dtype=pl.String),
        clusters=None,
    )
    wanted = ("accuracy", "f1_macro")
    metrics = label_metrics([constant])
    return {name: metrics[name].statistic(constant).value for name in wanted}


LABELS = TaskKind(
    "labels",
    "label is one of a closed set, such as E, S, C, I or 'A: ...'",
    LABEL,
    label_answers,
    label_metrics,
    "f1_macro",
    label_lines,
)
