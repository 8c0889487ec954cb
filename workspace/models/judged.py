"""What a judge says of a run, and how far it agrees with people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from catalog.criteria import Criterion
from catalog.wording import counted
from curation.agreement.cohen import cohen_kappa
from curation.llm.judge_stage import NO, YES
from evaluation.metrics.clusters import n_clusters_of
from evaluation.metrics.repeats import repeated_estimate
from evaluation.tasks.judged_answers import WORDS, Judgements, judged_metric, rows_to_judge
from evaluation.tasks.question_answers import QuestionAnswers
from evaluation.tasks.question_texts import HUMAN
from stats.estimate import Estimate, number_or_none
from stats.intervals import mean_estimate
from workspace.models.judge_questions import Side

__all__ = ["AGREEMENT", "KAPPA", "WORDS", "Judged", "judged_by"]
KAPPA = (
    "Cohen's kappa of judge and people over the answers that both judged: 1 is full agreement, 0 what "
    "chance gives"
)
AGREEMENT = "share of the answers that both judged on which judge and people say the same"


@dataclass(frozen=True)
class Judged:
    """What a judge says of a run, and how far it can be believed.

    Attributes
    ----------
    name
        The run, or the file of predictions.
    value
        The metric of the criterion (`evaluation.tasks.judged_answers.WORDS`); undefined as long as
        answers wait to be judged.
    kappa, agreement
        `KAPPA`, and the share of equal judgements; undefined without judgements of people.
    judgements
        ``example_id, repeat, mark, question, answer, is_judged, said`` (1 or 0, null where the judge
        said neither), ``human``; a line for each answer that is to be judged.
    stopped
        ``budget`` where the next request could have passed it; empty where all was asked.
    """

    name: str
    judge: str
    model: str
    criterion: Criterion
    value: Estimate
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
            "criterion": self.criterion,
            self.criterion: self.value.as_json(),
            "kappa_with_people": self.kappa.as_json(),
            "agreement_with_people": self.agreement.as_json(),
            "spent_usd": number_or_none(self.spent_usd),
            "stopped": self.stopped or None,
            "definitions": {self.criterion: WORDS[self.criterion], "kappa_with_people": KAPPA},
            "notes": self.notes,
        }


def nobody_knows(criterion: Criterion) -> str:
    """Why nothing is known of how good the judge is, where people judged nothing."""
    return (
        f"no row has {HUMAN[criterion]} (yes or no), so nobody knows how good the judge is: have "
        "people judge some of these answers"
    )


def judged_by(
    judge: str,
    model: str,
    criterion: Criterion,
    sides: Sequence[Side],
    samples: pl.DataFrame,
    n_samples: int,
    *,
    spent_usd: float,
    stopped: str,
    notes: list[str],
) -> Judged:
    """Count what a judge said of one run.

    Parameters
    ----------
    sides
        Its repeats.
    samples
        ``record_id, value``: ``yes``, ``no``, or null where it said neither; a line each asking.
    n_samples
        How often each answer is asked about: as long as one was asked about less, there is no
        number.
    """
    said = [_judgements(side, samples, n_samples) for side in sides]
    n_missing = sum(one.height - int(one["is_judged"].sum()) for one in said)
    lacks = f"{counted(n_missing, 'answer')} not judged yet" if n_missing else None
    answers = [
        _with(side.answers, criterion, one, judge, lacks)
        for side, one in zip(sides, said, strict=True)
    ]
    metric, first = judged_metric(criterion), answers[0]
    return Judged(
        sides[0].name,
        judge,
        model,
        criterion,
        repeated_estimate([metric.statistic(one) for one in answers], first.clusters),
        *_with_people(criterion, said[0], first),
        pl.concat(said).drop("row"),
        spent_usd,
        stopped,
        [*notes, *_left_out(said, n_missing), *_without_question(sides, criterion)],
    )


def _judgements(side: Side, samples: pl.DataFrame, n_samples: int) -> pl.DataFrame:
    """What the judge says of each answer: most of its samples; null where it says neither."""
    is_yes = pl.col("value").replace_strict(
        {YES: 1.0, NO: 0.0}, default=None, return_dtype=pl.Float64
    )
    told = samples.group_by("record_id").agg(is_yes.mean().alias("share"), pl.len().alias("n"))
    found = side.rows.join(told, on="record_id", how="left", maintain_order="left")
    return found.select(
        "example_id",
        pl.lit(side.repeat, pl.Int64).alias("repeat"),
        "mark",
        "question",
        "answer",
        (pl.col("n") >= n_samples).fill_null(False).alias("is_judged"),
        (pl.col("share") > 0.5).cast(pl.Int64).alias("said"),
        "human",
        "row",
    )


def _with(
    answers: QuestionAnswers,
    criterion: Criterion,
    said: pl.DataFrame,
    judge: str,
    lacks: str | None,
) -> QuestionAnswers:
    scores = np.full(answers.n_rows, np.nan)
    told = said["said"].cast(pl.Float64).fill_null(float("nan"))
    scores[said["row"].to_numpy()] = told.to_numpy()
    return replace(answers, judged={criterion: Judgements(judge, scores, lacks)})


def _with_people(
    criterion: Criterion, judgements: pl.DataFrame, answers: QuestionAnswers
) -> tuple[Estimate, Estimate]:
    """Cohen's kappa, and the share of equal judgements."""
    if judgements["human"].null_count() == judgements.height:
        nobody = Estimate.undefined(nobody_knows(criterion))
        return nobody, nobody
    both = judgements.drop_nulls(["human", "said"])
    if both.is_empty():
        nothing = Estimate.undefined("no answer was judged by both")
        return nothing, nothing
    judge, people = (both[name].to_numpy() for name in ("said", "human"))
    clusters = None
    if n_clusters_of(answers.clusters) is not None:
        held = np.asarray(answers.clusters)[both["row"].to_numpy()]
        clusters = np.unique(held, return_inverse=True)[1]
    equal = (judge == people).astype(float)
    return cohen_kappa(judge, people, 2, clusters), mean_estimate(equal, clusters)


def _left_out(said: Sequence[pl.DataFrame], n_missing: int) -> list[str]:
    if n_missing:
        return [f"{counted(n_missing, 'answer')} not judged yet: go on with --resume"]
    n_silent = sum(one["said"].null_count() for one in said)
    if not n_silent:
        return []
    return [f"{counted(n_silent, 'answer')} left out: the judge said neither yes nor no"]


def _without_question(sides: Sequence[Side], criterion: Criterion) -> list[str]:
    n_bare = sum(
        int(rows_to_judge(side.answers, criterion).sum()) - side.rows.height for side in sides
    )
    return (
        [f"{counted(n_bare, 'answer')} left out: the gold has no question there"] if n_bare else []
    )
