"""What a judge says of a run, and how far it agrees with people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from catalog.criteria import Criterion
from catalog.wording import counted
from curation.llm.judge_stage import NO, YES
from evaluation.metrics.repeats import repeated_estimate
from evaluation.tasks.judged_answers import WORDS, Judgements, judged_metric, rows_to_judge
from evaluation.tasks.question_answers import QuestionAnswers
from stats.estimate import Estimate, number_or_none
from workspace.models.judge_questions import Side
from workspace.models.people import AGREEMENT, KAPPA, WithPeople, with_human, with_people

__all__ = ["AGREEMENT", "KAPPA", "WORDS", "Judged", "judged_by"]


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
    people
        The judge held against people, over the first asking of the run.
    judgements
        ``example_id, repeat, mark, question, answer, is_judged, said`` (1 or 0, null where the judge
        said neither), ``cluster`` (null where rows are independent), ``human`` (what most people
        said when it was judged); a line for each answer that is to be judged.
    stopped
        ``budget`` where the next request could have passed it; empty where all was asked.
    """

    name: str
    judge: str
    model: str
    criterion: Criterion
    value: Estimate
    people: WithPeople
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
            **self.people.as_json(),
            "spent_usd": number_or_none(self.spent_usd),
            "stopped": self.stopped or None,
            "definitions": {self.criterion: WORDS[self.criterion], "kappa_with_people": KAPPA},
            "notes": self.notes,
        }


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
    ratings = sides[0].ratings
    return Judged(
        sides[0].name,
        judge,
        model,
        criterion,
        repeated_estimate([metric.statistic(one) for one in answers], first.clusters),
        with_people(criterion, said[0], ratings),
        with_human(pl.concat(said).drop("row"), ratings),
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
    clusters = side.answers.clusters
    groups = [None] * found.height if clusters is None else clusters[found["row"].to_numpy()]
    return found.select(
        "example_id",
        pl.lit(side.repeat, pl.Int64).alias("repeat"),
        "mark",
        "question",
        "answer",
        (pl.col("n") >= n_samples).fill_null(False).alias("is_judged"),
        (pl.col("share") > 0.5).cast(pl.Int64).alias("said"),
        pl.Series("cluster", groups, dtype=pl.Int64),
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
