"""What a judge, a language model, says of answers: relevance and faithfulness as metrics like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from catalog.criteria import Criterion
from evaluation.metrics.metric import RatioMetric, Sums

NOBODY = "no judge was asked: `goldshelf score RUN --judge ANNOTATOR` asks one"
JUDGED: dict[Criterion, str] = {
    "relevance": "judged_relevance",
    "faithfulness": "judged_faithfulness",
}
"""The name of each metric."""
_COUNTED = "a row to be answered and without an answer counts 0, one that the judge did not judge is left out"
WORDS: dict[Criterion, str] = {
    "relevance": "share of the gold rows that can be answered whose answer the judge calls relevant to "
    f"its question; {_COUNTED}",
    "faithfulness": "share of the gold rows with contexts, that can be answered or are answered, whose "
    f"answer the judge calls supported by its contexts in all that it says; {_COUNTED}",
}
_EMPTY: dict[Criterion, str] = {
    "relevance": "no answer could be judged",
    "faithfulness": "no gold row has contexts and an answer to be judged by them",
}


@dataclass(frozen=True, eq=False)
class Judgements:
    """What one judge says of one run's answers by one criterion.

    Attributes
    ----------
    judge
        Who, in words.
    scores
        1 or 0; NaN where the judge said neither or was not asked, ``(n,)``.
    lacks
        Why no number can be made of them; None where one can.
    """

    judge: str
    scores: np.ndarray
    lacks: str | None = None


class Judged(Protocol):
    """Answers that a judge may have judged."""

    @property
    def clusters(self) -> np.ndarray | None:
        """Codes of the groups of dependent rows."""

    @property
    def answer_text(self) -> pl.Series:
        """The answers, null where there is none."""

    @property
    def contexts(self) -> list[list[str]]:
        """The given texts of each row."""

    @property
    def is_answerable(self) -> np.ndarray:
        """Whether each question can be answered."""

    @property
    def judged(self) -> Mapping[Criterion, Judgements]:
        """What a judge says of them; nothing where none was asked."""


def rows_to_judge(answers: Judged, criterion: Criterion) -> np.ndarray:
    """Which rows have an answer that a judge is asked about, shape ``(n,)``."""
    is_answered = answers.answer_text.is_not_null().to_numpy()
    return np.asarray(_counted(answers, criterion) & is_answered)


def _counted(answers: Judged, criterion: Criterion) -> np.ndarray:
    """Which rows count, judged or not."""
    if criterion == "relevance":
        return answers.is_answerable.astype(bool)
    has_contexts = np.array([bool(texts) for texts in answers.contexts], dtype=bool)
    is_answered = answers.answer_text.is_not_null().to_numpy()
    return np.asarray(has_contexts & (answers.is_answerable.astype(bool) | is_answered))


def judged_metrics(answers: Sequence[Judged]) -> list[RatioMetric[Judged]]:
    """A metric for each criterion; undefined, with the reason, where no judge has judged all."""
    return [judged_metric(criterion, answers) for criterion in JUDGED]


def judged_metric(criterion: Criterion, answers: Sequence[Judged] = ()) -> RatioMetric[Judged]:
    """The metric of one criterion; its definition names the judge of the first answers."""
    told = answers[0].judged.get(criterion) if answers else None
    by = f"; the judge is {told.judge}" if told is not None and told.judge else ""
    return RatioMetric(JUDGED[criterion], WORDS[criterion] + by, _sums(criterion), _lack(criterion))


def _sums(criterion: Criterion) -> Callable[[Judged], Sums]:
    def sums(answers: Judged) -> Sums:
        told = answers.judged.get(criterion)
        n = len(answers.is_answerable)
        if told is None or told.lacks is not None:
            return Sums(np.zeros(n), np.zeros(n))
        is_left_out = rows_to_judge(answers, criterion) & np.isnan(told.scores)
        is_counted = _counted(answers, criterion) & ~is_left_out
        return Sums(np.nan_to_num(told.scores) * is_counted, is_counted.astype(float))

    return sums


def _lack(criterion: Criterion) -> Callable[[Judged], str]:
    def lack(answers: Judged) -> str:
        told = answers.judged.get(criterion)
        return NOBODY if told is None else told.lacks or _EMPTY[criterion]

    return lack
