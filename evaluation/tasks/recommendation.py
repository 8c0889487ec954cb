"""Which item comes next: the hit rate at 1 and the mean reciprocal rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from evaluation.metrics.calibration import calibration_metrics
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
    share,
)

MAJORITY = "majority: always the most frequent item of the gold rows"
CHANCE = "chance: one of the items of the gold rows, drawn evenly"


@dataclass(frozen=True, eq=False)
class RecommendedAnswers(RowAnswers):
    """Where each answer has the gold item.

    Attributes
    ----------
    ranks
        Places from 0, shape ``(n,)``; -1 where the gold item is not there.
    """

    ranks: np.ndarray

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether the gold item comes first."""
        return np.asarray(self.ranks == 0)


def recommended_answers(
    joined_rows: Sequence[pl.DataFrame], clusters: np.ndarray | None
) -> list[RecommendedAnswers]:
    """The recommendations of several runs: an item, or a list of them, the best first."""
    gold = joined_rows[0][LABEL].cast(pl.String).str.strip_chars()
    read = []
    for rows in joined_rows:
        texts, known = said(rows)
        lists = [[] if k is not None else listed(t) for t, k in zip(texts, known, strict=True)]
        is_read = pl.Series([bool(one) for one in lists], dtype=pl.Boolean)
        outcomes = outcomes_of(known, is_read)
        ranks = [
            one.index(item) if item in one else -1 for item, one in zip(gold, lists, strict=True)
        ]
        read.append(
            RecommendedAnswers(
                rows["example_id"],
                gold,
                texts.zip_with(outcomes == "answered", pl.Series([None], dtype=pl.String)),
                outcomes,
                clusters,
                np.array(ranks, dtype=np.int64),
            )
        )
    return read


def _reciprocal_rank(answers: RecommendedAnswers) -> Sums:
    found = answers.ranks >= 0
    places = np.maximum(answers.ranks, 0) + 1.0
    return Sums(np.where(found, 1 / places, 0.0), np.ones(answers.n_rows))


def recommendation_metrics(
    answers: Sequence[RecommendedAnswers],
) -> dict[str, Metric[RecommendedAnswers]]:
    """Every metric by name."""
    return by_name(
        [
            RatioMetric(
                "hit_rate_at_1",
                "share of all gold rows whose first recommended item is the gold item",
                lambda answers: share(answers.is_correct),
                is_set_by_gold=True,
            ),
            RatioMetric(
                "mrr",
                "mean over all gold rows of 1 / place of the gold item, 0 if it is not there",
                _reciprocal_rank,
                is_set_by_gold=True,
            ),
            *outcome_metrics(),
            *calibration_metrics(),
        ]
    )


def recommendation_lines(answers: RecommendedAnswers) -> dict[str, Mapping[str, float]]:
    """The most frequent gold item, and one of the gold items."""
    counts = answers.gold_text.value_counts()["count"]
    most = float(counts.max() or 0) / answers.n_rows  # type: ignore[arg-type]
    return {
        CHANCE: {"hit_rate_at_1": 1 / len(counts)},
        MAJORITY: {"hit_rate_at_1": most},
    }


RECOMMENDATION = TaskKind(
    "recommendation",
    "label is the item that comes next, answers name one or several",
    LABEL,
    recommended_answers,
    recommendation_metrics,
    "hit_rate_at_1",
    recommendation_lines,
)
