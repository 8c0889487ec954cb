"""What a person is shown who rates answers, and how far people and judges agree."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from catalog.criteria import CRITERIA, Criterion
from workspace.models.judge_questions import AnswerRuns, people_say
from workspace.models.people import WithPeople, with_people
from workspace.models.rating import answers_to_rate
from workspace.review.ratings import held_ratings
from workspace.runs.judgements import judgements_kept
from workspace.views.judged import held_against_people
from workspace.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """How far one person is with the answers that were drawn.

    Attributes
    ----------
    n
        Answers that were drawn.
    n_rated, n_skipped
        Those on which this person said yes or no, and those that were skipped.
    waiting
        ``example_id, mark, question, answer, contexts`` of the others, in order.
    skipped
        The same of the skipped ones.
    """

    n: int
    n_rated: int
    n_skipped: int
    waiting: pl.DataFrame
    skipped: pl.DataFrame


@dataclass(frozen=True)
class Agreeing:
    """How far people agree on the answers of a run, with each other and with a judge."""

    run: str
    criterion: Criterion
    judge: str
    people: WithPeople


def drawn(
    workspace: Workspace, runs: tuple[str, ...], criterion: Criterion, n: int, seed: int
) -> pl.DataFrame:
    """`workspace.models.rating.answers_to_rate`, as a view."""
    return answers_to_rate(workspace, runs, criterion, n=n, seed=seed)


def standing(
    workspace: Workspace, answers: pl.DataFrame, criterion: Criterion, rater: str
) -> Standing:
    """Which of the drawn answers wait for a person."""
    own = held_ratings(workspace, rater).filter(criterion=criterion)
    said = own.select("example_id", "mark", "value")
    rows = answers.join(said, on=["example_id", "mark"], how="left", maintain_order="left")
    waiting, skipped = rows.filter(pl.col("value").is_null()), rows.filter(value="skip")
    return Standing(
        rows.height,
        rows.height - waiting.height - skipped.height,
        skipped.height,
        waiting.drop("value"),
        skipped.drop("value"),
    )


def agreeing(workspace: Workspace, runs: tuple[str, ...]) -> list[Agreeing]:
    """How far people agree on runs that somebody rated, by criterion and judge."""
    held = held_ratings(workspace)
    kept = judgements_kept(workspace)
    found = []
    for criterion in CRITERIA:
        ratings = people_say(held, criterion)
        if ratings.is_empty():
            continue
        for side in AnswerRuns(workspace, runs).read(criterion).sides:
            if side.repeat:
                continue
            asked = (side.name, criterion)
            judged = [
                one for one in kept if (one.figures.get("run"), one.figures["criterion"]) == asked
            ]
            told = {
                str(one.figures["judge"]): held_against_people(workspace, one) for one in judged
            }
            if not told:
                clusters = side.answers.clusters
                rows = side.rows.select(
                    "example_id",
                    "mark",
                    pl.lit(None, pl.Int64).alias("said"),
                    pl.lit(None, pl.Int64).alias("cluster")
                    if clusters is None
                    else pl.Series("cluster", clusters[side.rows["row"].to_numpy()]),
                )
                told = {"": with_people(criterion, rows, ratings)}
            found += [
                Agreeing(*asked, judge, people) for judge, people in told.items() if people.n_rated
            ]
    return found
