"""What a judge says of a run, and how far it agrees with people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.wording import counted
from curation.agreement.cohen import cohen_kappa
from curation.llm.relevance_stage import IRRELEVANT, RELEVANT
from evaluation.metrics.clusters import n_clusters_of
from evaluation.metrics.metric import Sums, ratio_statistic
from evaluation.tasks.question_answers import QuestionAnswers
from evaluation.tasks.question_texts import HUMAN
from stats.estimate import Estimate, number_or_none
from stats.intervals import mean_estimate
from workspace.models.judge_questions import AnswersToJudge

RELEVANCE = (
    "share of the gold rows that can be answered whose answer the judge calls relevant to its "
    "question; a row without an answer counts 0, one that the judge did not judge is left out"
)
KAPPA = (
    "Cohen's kappa of judge and people over the answers that both judged: 1 is full agreement, 0 what "
    "chance gives"
)
NOBODY_KNOWS = (
    f"no row has {HUMAN} (yes or no), so nobody knows how good the judge is: have people judge some "
    "of these answers"
)
AGREEMENT = "share of the answers that both judged on which judge and people say the same"


@dataclass(frozen=True)
class Judged:
    """What a judge says of a run, and how far it can be believed.

    Attributes
    ----------
    relevance
        `RELEVANCE`; undefined as long as answers wait to be judged.
    kappa, agreement
        `KAPPA`, and the share of equal judgements; undefined without judgements of people.
    judgements
        ``example_id, question, answer, is_relevant`` (null where the judge said neither),
        ``human``; a line for each answer that is to be judged.
    stopped
        ``budget`` where the next request could have passed it; empty where all was asked.
    """

    judge: str
    model: str
    relevance: Estimate
    kappa: Estimate
    agreement: Estimate
    judgements: pl.DataFrame
    spent_usd: float
    stopped: str
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "judge": self.judge,
            "model": self.model,
            "relevance": self.relevance.as_json(),
            "kappa_with_people": self.kappa.as_json(),
            "agreement_with_people": self.agreement.as_json(),
            "spent_usd": number_or_none(self.spent_usd),
            "stopped": self.stopped or None,
            "definitions": {"relevance": RELEVANCE, "kappa_with_people": KAPPA},
            "notes": self.notes,
        }


def judged_by(
    judge: str,
    model: str,
    asked: AnswersToJudge,
    samples: pl.DataFrame,
    *,
    n_missing: int,
    spent_usd: float,
    stopped: str,
    notes: list[str],
) -> Judged:
    """Count what a judge said.

    Parameters
    ----------
    samples
        ``record_id, value``: ``yes``, ``no``, or null where it said neither; a line each asking.
    n_missing
        Answers that wait to be judged: as long as there are any, there is no number.
    """
    judgements = _judgements(asked.rows, samples)
    return Judged(
        judge,
        model,
        _relevance(asked.answers, judgements, n_missing),
        *_with_people(judgements, asked.answers),
        judgements.drop("row"),
        spent_usd,
        stopped,
        [
            *notes,
            *_left_out(judgements, n_missing),
            *_without_question(asked.answers, asked.rows.height),
        ],
    )


def _judgements(rows: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """What the judge says of each answer: most of its samples; null where it says neither."""
    is_yes = pl.col("value").replace_strict(
        {RELEVANT: 1.0, IRRELEVANT: 0.0}, default=None, return_dtype=pl.Float64
    )
    told = samples.group_by("record_id").agg(is_yes.mean().alias("share"))
    found = rows.join(told, on="record_id", how="left", maintain_order="left")
    return found.select(
        pl.col("record_id").alias("example_id"),
        "question",
        "answer",
        (pl.col("share") > 0.5).cast(pl.Int64).alias("is_relevant"),
        "human",
        "row",
    )


def _relevance(answers: QuestionAnswers, judgements: pl.DataFrame, n_missing: int) -> Estimate:
    if n_missing:
        return Estimate.undefined(f"{counted(n_missing, 'answer')} not judged yet")
    scores, counts = np.zeros(answers.n_rows), answers.is_answerable.astype(float)
    is_answered = answers.answer_text.is_not_null().to_numpy()
    counts[is_answered] = 0.0
    judged = judgements.drop_nulls("is_relevant")
    scores[judged["row"].to_numpy()] = judged["is_relevant"].to_numpy()
    counts[judged["row"].to_numpy()] = 1.0
    found = ratio_statistic(
        Sums(scores, counts), answers.clusters, reason="no answer could be judged"
    )
    return found.estimate(answers.clusters)


def _with_people(judgements: pl.DataFrame, answers: QuestionAnswers) -> tuple[Estimate, Estimate]:
    """Cohen's kappa, and the share of equal judgements."""
    if judgements["human"].null_count() == judgements.height:
        return Estimate.undefined(NOBODY_KNOWS), Estimate.undefined(NOBODY_KNOWS)
    both = judgements.drop_nulls(["human", "is_relevant"])
    if both.is_empty():
        nothing = "no answer was judged by both"
        return Estimate.undefined(nothing), Estimate.undefined(nothing)
    judge, people = (both[name].to_numpy() for name in ("is_relevant", "human"))
    clusters = None
    if n_clusters_of(answers.clusters) is not None:
        held = np.asarray(answers.clusters)[both["row"].to_numpy()]
        clusters = np.unique(held, return_inverse=True)[1]
    equal = (judge == people).astype(float)
    return cohen_kappa(judge, people, 2, clusters), mean_estimate(equal, clusters)


def _left_out(judgements: pl.DataFrame, n_missing: int) -> list[str]:
    if n_missing:
        return [f"{counted(n_missing, 'answer')} not judged yet: go on with --resume"]
    n_silent = judgements["is_relevant"].null_count()
    if not n_silent:
        return []
    return [f"{counted(n_silent, 'answer')} left out: the judge said neither yes nor no"]


def _without_question(answers: QuestionAnswers, n_shown: int) -> list[str]:
    is_answered = answers.answer_text.is_not_null().to_numpy()
    n_bare = int((is_answered & answers.is_answerable).sum()) - n_shown
    return (
        [f"{counted(n_bare, 'answer')} left out: the gold has no question there"] if n_bare else []
    )
