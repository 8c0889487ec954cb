"""Answers that people rate: drawn, shown, and what they say brought in and written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.criteria import CRITERIA, Criterion
from catalog.errors import InputError
from catalog.text import with_quote, without_quote
from catalog.wording import counted
from curation.llm.judge_stage import ANSWER_SCHEMA
from evaluation.tasks.question_texts import HUMAN
from workspace.atomic import digest_of
from workspace.models.judge_questions import AnswerRuns
from workspace.review.decisions import default_reviewer
from workspace.review.ratings import Said, Taken, Word, held_ratings, rate
from workspace.runs.ratings import MARK, RATED_AT, RATER, RUN, read_ratings

if TYPE_CHECKING:
    from workspace.workspace import Workspace

MOST, SEED = 60, 0
"""How many answers of each run are drawn, and with which seed, where nobody says."""
_ANSWER = ["example_id", "mark"]
_SHOWN = [*_ANSWER, *ANSWER_SCHEMA.names()[1:]]
_BETWEEN_TEXTS = "\n\n"


@dataclass(frozen=True)
class RatingsRead:
    """What became of a file of ratings."""

    taken: Taken
    notes: list[str]


def answers_to_rate(
    workspace: Workspace,
    runs: Sequence[str],
    criterion: Criterion,
    *,
    n: int = MOST,
    seed: int = SEED,
) -> pl.DataFrame:
    """Some answers of runs, drawn at random, for people to rate: they say nothing of the judge or the gold.

    Of each run ``n`` answers are drawn, whatever a judge said of them, and all are shuffled: nobody
    sees whose answer it is, and agreement is that of all answers. The same answer of two runs to one
    row is shown once. The draw rests on the seed and the answer alone, so that all people rate the
    same answers, and more of them include those of before.

    Returns
    -------
    ``example_id, mark, question, answer, contexts``, in the order to be rated.

    Raises
    ------
    InputError
        If there is no such run, it answers no questions, or none of its answers can be rated.
    """
    sides = AnswerRuns(workspace, runs).read(criterion).sides
    drawn = [_drawn(side.rows, n, seed) for side in sides if side.repeat == 0]
    made = pl.concat(drawn).unique(_ANSWER, keep="first").sort("order")
    if made.is_empty():
        given = "a question" if criterion == "relevance" else "a question and contexts"
        raise InputError(f"no answer of {', '.join(runs)} has {given} to be rated by.")
    return made.select(_SHOWN)


def say_of(
    workspace: Workspace,
    run: str,
    example_id: str,
    criterion: Criterion,
    value: Word,
    reviewer: str | None = None,
) -> Taken:
    """Rate the answer of a run to one row.

    Raises
    ------
    InputError
        If the run has no such answer.
    """
    [side, *_] = AnswerRuns(workspace, (run,)).read(criterion).sides
    found = side.rows.filter(example_id=example_id)
    if found.is_empty():
        raise InputError(
            f"run {run} has no answer to {example_id!r} that can be rated for {criterion}. `goldshelf "
            f"rate {run}` shows one."
        )
    return rate(workspace, [Said(criterion, example_id, found["mark"][0], value)], reviewer)


def rate_run(
    workspace: Workspace,
    run: str,
    path: Path,
    *,
    key: str | None = None,
    reviewer: str | None = None,
) -> RatingsRead:
    """Take in what a file says of a run's answers; see `workspace.runs.ratings.read_ratings`.

    Of each person the later word counts, whether it came from a file or was said here; what the file
    lacks stays as it is. A row without a rater is that of the file, by its name.

    Parameters
    ----------
    reviewer
        Who brings it in, and may take it back.

    Raises
    ------
    InputError
        If there is no such run, it answers no questions, or the file is of no use.
    """
    given = read_ratings(path, key=key)
    shown = _answers_of(workspace, run)
    known = shown["example_id"].unique()
    id_ = pl.col("example_id")
    rows = given.with_columns(
        pl.when(id_.is_in(known.implode())).then(id_).otherwise(without_quote(id_)),
        pl.col("rater").fill_null(path.name),
    )
    here = rows.filter(pl.col("run").is_null() | (pl.col("run") == run))
    notes = _left_out(path, rows.height - here.height, f"of runs other than {run}")
    split = here.filter(pl.col("example_id").is_in(known.implode()))
    if split.is_empty():
        raise InputError(
            f"{path}: no row is of the split of run {run}. Its keys are example_ids such as "
            f"{known.sort()[0]!r}."
        )
    notes += _left_out(path, here.height - split.height, "of no gold row")
    asked = split.join(
        shown.drop_nulls("now"), on=["example_id", "criterion"], maintain_order="left"
    )
    notes += _left_out(path, split.height - asked.height, "of rows without an answer to be rated")
    same = asked.filter(pl.col("mark").is_null() | (pl.col("mark") == pl.col("now")))
    notes += _left_out(path, asked.height - same.height, "of answers that have changed since")
    told = [
        Said(row["criterion"], row["example_id"], row["now"], row["value"], row["rater"], row["at"])
        for row in same.iter_rows(named=True)
    ]
    taken = rate(workspace, told, reviewer) if told else Taken([], 0, 0)
    notes += _left_out(path, taken.n_older, "older than what the same person said since")
    return RatingsRead(taken, notes)


def rating_sheet(
    workspace: Workspace,
    run: str,
    criterion: Criterion,
    *,
    n: int = MOST,
    seed: int = SEED,
    reviewer: str | None = None,
) -> pl.DataFrame:
    """The drawn answers of a run as a sheet to be filled in elsewhere, and brought back by `rate_run`."""
    drawn = answers_to_rate(workspace, [run], criterion, n=n, seed=seed)
    texts = ["question", "answer"]
    if criterion == "faithfulness":
        texts.insert(1, "contexts")
    return drawn.select(
        with_quote(pl.col("example_id")),
        *(with_quote(_text(name)) for name in texts),
        pl.lit("").alias(HUMAN[criterion]),
        with_quote(pl.lit(reviewer or default_reviewer())).alias(RATER),
        pl.col("mark").alias(MARK),
    )


def written_ratings(workspace: Workspace, runs: Sequence[str]) -> pl.DataFrame:
    """What people say of the answers of runs, a line for each word, as `rate_run` reads it.

    Raises
    ------
    InputError
        If there is no such run.
    """
    held = held_ratings(workspace).filter(pl.col("value") != "skip")
    parts = []
    for run in runs:
        shown = _answers_of(workspace, run).drop_nulls("now")
        said = held.join(
            shown,
            left_on=["criterion", "example_id", "mark"],
            right_on=["criterion", "example_id", "now"],
            how="semi",
        )
        parts.append(said.with_columns(pl.lit(run).alias(RUN)))
    if not parts:
        return pl.DataFrame()
    return pl.concat(parts).select(
        RUN,
        with_quote(pl.col("example_id")),
        with_quote(pl.col("rater")).alias(RATER),
        pl.col("at").dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ").alias(RATED_AT),
        *(
            pl.when(criterion=criterion).then("value").otherwise(pl.lit("")).alias(column)
            for criterion, column in HUMAN.items()
        ),
        pl.col("mark").alias(MARK),
    )


def _drawn(rows: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
    pairs = rows.select(_ANSWER).iter_rows()
    order = pl.Series("order", [digest_of([seed, *pair]) for pair in pairs], dtype=pl.String)
    return rows.with_columns(order).sort("order").head(n).select(*_SHOWN, "order")


def _text(name: str) -> pl.Expr:
    held = pl.col(name)
    return held.list.join(_BETWEEN_TEXTS) if name == "contexts" else held


def _answers_of(workspace: Workspace, run: str) -> pl.DataFrame:
    """Every gold row of a run by criterion, with the mark of its answer as ``now``; null without one."""
    parts = []
    for criterion in CRITERIA:
        [side, *_] = AnswerRuns(workspace, (run,)).read(criterion).sides
        asked = side.rows.select("example_id", now="mark")
        rows = side.answers.example_ids.alias("example_id").to_frame()
        parts.append(
            rows.join(asked, on="example_id", how="left").with_columns(
                pl.lit(criterion).alias("criterion")
            )
        )
    return pl.concat(parts)


def _left_out(path: Path, n: int, which: str) -> list[str]:
    return [f"{path.name}: {counted(n, 'rating')} {which} left out"] if n else []


def told_of(read: RatingsRead) -> dict[str, Any]:
    """What became of a file of ratings, in figures."""
    return {
        "n_taken": len(read.taken.entries),
        "n_same": read.taken.n_same,
        "n_older": read.taken.n_older,
        "notes": read.notes,
    }
