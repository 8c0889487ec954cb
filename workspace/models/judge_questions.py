"""Answers that a judge is to be shown, of files or of runs of a workspace, as a questionnaire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from catalog.criteria import Criterion
from catalog.errors import InputError
from curation.llm.judge_stage import ANSWER_SCHEMA, JudgeStage
from evaluation.answers.contract import Task
from evaluation.loading import load_answers
from evaluation.tasks.question_answers import QuestionAnswers
from evaluation.tasks.question_texts import HUMAN, QUESTION
from workspace.atomic import digest_of, sha256_of
from workspace.models.keeping import RECORDS_A_CHUNK
from workspace.models.people import SAID_SCHEMA
from workspace.models.questionnaire import Questionnaire
from workspace.review.ratings import held_ratings
from workspace.runs.judgements import answer_marks, can_be_asked, run_identity
from workspace.runs.ratings import ratings_read
from workspace.runs.reading import read_gold, read_predictions
from workspace.runs.scoring import load_runs, runs_named

if TYPE_CHECKING:
    from workspace.workspace import Workspace

TASK: Task = "answers"
GOLD = "gold"
"""Who rated, where ratings stand in a gold file."""
JUDGED_SCHEMA = pl.Schema(
    {
        **ANSWER_SCHEMA,
        "example_id": pl.String(),
        "mark": pl.String(),
        "row": pl.Int64(),
    }
)


@dataclass(frozen=True)
class Side:
    """The answers of one asking of one run.

    Attributes
    ----------
    name
        The run, or the file of predictions.
    repeat
        Which asking it is, from 0.
    answers
        Every gold row with its answer.
    rows
        `JUDGED_SCHEMA`: the answers that a judge is to be shown, and their place in ``answers``.
    ratings
        What people say of answers, of these and perhaps of others
        (`workspace.models.people.SAID_SCHEMA`).
    """

    name: str
    repeat: int
    answers: QuestionAnswers
    rows: pl.DataFrame
    ratings: pl.DataFrame


@dataclass(frozen=True)
class AnswersToJudge:
    """What a judge is shown."""

    criterion: Criterion
    sides: Sequence[Side]

    @property
    def rows(self) -> pl.DataFrame:
        """`ANSWER_SCHEMA`, of all sides."""
        return pl.concat([one.rows for one in self.sides]).select(ANSWER_SCHEMA.names())

    def questionnaire(self) -> Questionnaire:
        """The same answer to the same question is one request, whichever run gave it."""
        rows = self.rows

        def chunks() -> Iterator[tuple[int, pl.DataFrame]]:
            yield from enumerate(rows.iter_slices(RECORDS_A_CHUNK))

        return Questionnaire(
            rows.height,
            chunks,
            lambda one: [JudgeStage(one, self.criterion)],
            lambda one: digest_of([self.criterion, one.model, one.samples])[:12],
        )


class Judgeable(Protocol):
    """Where answers to be judged come from."""

    def read(self, criterion: Criterion) -> AnswersToJudge:
        """What a judge is to be shown."""

    def identity(self, name: str) -> tuple[list[Any], dict[str, Any]]:
        """What names the judgements of a side, and what is told of where they are from."""


@dataclass(frozen=True)
class AnswerFiles:
    """Gold with questions, and a run that answers them.

    Attributes
    ----------
    key
        The column that ties their rows; ``example_id`` and the like where None.
    cluster_column
        A gold column whose equal values are dependent rows, such as the product.
    """

    gold: Path
    predictions: Path
    key: str | None = None
    cluster_column: str | None = None

    def identity(self, name: str) -> tuple[list[Any], dict[str, Any]]:
        """What stands in both files, and how they are read."""
        held = [sha256_of(Path(path)) for path in (self.gold, self.predictions)]
        told = {"gold": self.gold.name, "predictions": self.predictions.name}
        return [*held, self.key, self.cluster_column], told

    def read(self, criterion: Criterion) -> AnswersToJudge:
        """Read what a judge is to be shown.

        Raises
        ------
        InputError
            If a file cannot be read, the gold has no questions, or what people said is neither yes
            nor no.
        """
        name, where = str(self.predictions), str(self.gold)
        loaded = load_answers(
            TASK,
            read_gold(self.gold, cluster_column=self.cluster_column, key=self.key),
            {name: read_predictions(self.predictions, key=self.key)},
            cluster_column=self.cluster_column,
            gold_name=where,
            keep_rows=True,
        )
        rows = loaded.rows[name]
        if QUESTION not in rows.columns:
            raise InputError(
                f"{where}: no column {QUESTION!r}. A judge has to see what was asked: add it to the "
                "gold."
            )
        asked = [
            (answers, _asked(name, at, answers, criterion))
            for at, answers in enumerate(loaded.repeats[name])
            if isinstance(answers, QuestionAnswers)
        ]
        ratings = pl.DataFrame(schema=SAID_SCHEMA)
        column = HUMAN[criterion]
        if column in rows.columns:
            people = ratings_read(rows[column], rows["example_id"], where)
            ratings = _rated_in_gold(asked[0][1], people)
        sides = [
            Side(name, at, answers, shown, ratings) for at, (answers, shown) in enumerate(asked)
        ]
        return AnswersToJudge(criterion, sides)


@dataclass(frozen=True)
class AnswerRuns:
    """Runs of a workspace that answer questions, of one split.

    Attributes
    ----------
    names
        The runs; all that answer questions where it is empty.
    """

    workspace: Workspace
    names: Sequence[str] = ()

    def identity(self, name: str) -> tuple[list[Any], dict[str, Any]]:
        """The run, whatever it holds: what is judged anew takes the place of what was kept."""
        [run] = runs_named(self.workspace, [name])
        return run_identity(name), {"run": name, "predictions": name, "gold": f"split {run.split}"}

    def read(self, criterion: Criterion) -> AnswersToJudge:
        """Read what a judge is to be shown.

        Raises
        ------
        InputError
            If there is no such run, or one answers no questions; if they are of several splits.
        """
        found = runs_named(self.workspace, self.names)
        chosen = [run for run in found if run.task == TASK]
        if not chosen:
            there = ", ".join(sorted({run.task for run in found}))
            raise InputError(
                f"a judge judges answers to questions, and people rate them; these runs are on {there}. "
                f"Import a run with --task {TASK}, or have files judged: `goldshelf score --judge NAME "
                "--gold FILE --pred FILE`."
            )
        others = [run.name for run in found if run.task != TASK]
        if self.names and others:
            raise InputError(
                f"run {others[0]} answers no questions: a judge judges those of task {TASK} alone."
            )
        loaded = load_runs(self.workspace, chosen)
        ratings = people_say(held_ratings(self.workspace), criterion)
        sides = []
        for run in chosen:
            for at, answers in enumerate(loaded.repeats[run.name]):
                if not isinstance(answers, QuestionAnswers):
                    raise TypeError(type(answers).__name__)
                shown = _asked(run.name, at, answers, criterion)
                sides.append(Side(run.name, at, answers, shown, ratings))
        return AnswersToJudge(criterion, sides)


def people_say(held: pl.DataFrame, criterion: Criterion) -> pl.DataFrame:
    """What people say by one criterion, in `SAID_SCHEMA`, of what is held of them; to skip says nothing."""
    said = held.filter(criterion=criterion).filter(pl.col("value") != "skip")
    return said.select("example_id", "mark", "rater", (pl.col("value") == "yes").cast(pl.Int64))


def _rated_in_gold(shown: pl.DataFrame, people: pl.Series) -> pl.DataFrame:
    """Ratings of one line a gold row, as those of one rater."""
    said = shown.select(
        "example_id",
        "mark",
        pl.lit(GOLD).alias("rater"),
        people.gather(shown["row"]).alias("value"),
    )
    return said.drop_nulls("value").cast(SAID_SCHEMA)


def _asked(name: str, repeat: int, answers: QuestionAnswers, criterion: Criterion) -> pl.DataFrame:
    """The answers of one asking that a judge is to be shown, in `JUDGED_SCHEMA`."""
    rows = can_be_asked(answers, criterion)
    ids = answers.example_ids.gather(rows)
    questions = answers.questions
    asked = pl.Series([], dtype=pl.String) if questions is None else questions.gather(rows)
    return pl.DataFrame(
        {
            "record_id": pl.select(pl.format("{}/{}/{}", pl.lit(name), repeat, ids)).to_series(),
            "question": asked,
            "answer": answers.answer_text.gather(rows),
            "contexts": [answers.contexts[row] for row in rows.tolist()],
            "example_id": ids,
            "mark": answer_marks(answers, criterion, rows),
            "row": rows,
        },
        schema=JUDGED_SCHEMA,
    )
