"""Answers of a run that a judge is to be shown, as a questionnaire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.llm.relevance_stage import ANSWER_SCHEMA, RelevanceStage
from evaluation.loading import load_answers
from evaluation.tasks.question_answers import QuestionAnswers
from evaluation.tasks.question_texts import HUMAN, QUESTION
from workspace.atomic import digest_of, sha256_of
from workspace.models.keeping import RECORDS_A_CHUNK
from workspace.models.questionnaire import Questionnaire
from workspace.runs.reading import read_gold, read_predictions

_YES_NO = {"yes": 1, "true": 1, "1": 1, "no": 0, "false": 0, "0": 0}


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

    def fingerprint(self) -> str:
        """A hash of what stands in both files and of how they are read."""
        held = [sha256_of(Path(path)) for path in (self.gold, self.predictions)]
        return digest_of([*held, self.key, self.cluster_column])


@dataclass(frozen=True)
class AnswersToJudge:
    """What a judge is shown.

    Attributes
    ----------
    answers
        Every gold row with its answer.
    rows
        `ANSWER_SCHEMA`, the place of each row in ``answers`` and what people said of it (``human``:
        1 or 0, null where nobody did): answers to questions that can be answered.
    """

    answers: QuestionAnswers
    rows: pl.DataFrame

    def questionnaire(self) -> Questionnaire:
        """The same answer to the same question is one request, whichever run gave it."""

        def chunks() -> Iterator[tuple[int, pl.DataFrame]]:
            yield from enumerate(
                self.rows.select(ANSWER_SCHEMA.names()).iter_slices(RECORDS_A_CHUNK)
            )

        return Questionnaire(
            self.rows.height,
            chunks,
            lambda one: [RelevanceStage(one)],
            lambda one: digest_of(["relevance", one.model, one.samples])[:12],
        )


def answers_to_judge(files: AnswerFiles) -> AnswersToJudge:
    """Read what a judge is to be shown.

    Raises
    ------
    InputError
        If a file cannot be read, the gold has no questions, or what people said is neither yes nor
        no.
    """
    name = str(files.predictions)
    loaded = load_answers(
        "answers",
        read_gold(files.gold, cluster_column=files.cluster_column, key=files.key),
        {name: read_predictions(files.predictions, key=files.key)},
        cluster_column=files.cluster_column,
        gold_name=str(files.gold),
        keep_rows=True,
    )
    answers = loaded.answers[name]
    if not isinstance(answers, QuestionAnswers):
        raise TypeError(type(answers).__name__)
    return AnswersToJudge(answers, _to_judge(loaded.rows[name], answers, str(files.gold)))


def _to_judge(rows: pl.DataFrame, answers: QuestionAnswers, where: str) -> pl.DataFrame:
    """`ANSWER_SCHEMA`, the place of each row and what people said of it: answers to be judged."""
    if QUESTION not in rows.columns:
        raise InputError(
            f"{where}: no column {QUESTION!r}. A judge has to see what was asked: add it to the gold."
        )
    human = rows[HUMAN] if HUMAN in rows.columns else pl.Series([None] * rows.height)
    told = human.cast(pl.String).str.strip_chars().str.to_lowercase()
    read = told.replace_strict(_YES_NO, default=None, return_dtype=pl.Int64)
    wrong = (read.is_null() & (told != "")).fill_null(False).arg_true()
    if len(wrong):
        first = int(wrong[0])
        raise InputError(
            f"{where}: {HUMAN} of {rows['example_id'][first]!r} is {human[first]!r}. Expected yes or "
            "no, true or false, 1 or 0."
        )
    found = pl.DataFrame(
        {
            "record_id": answers.example_ids,
            "question": rows[QUESTION],
            "answer": answers.answer_text,
            "human": read,
            "row": np.arange(answers.n_rows),
            "is_answerable": answers.is_answerable,
        }
    )
    return found.filter(
        pl.col("answer").is_not_null(),
        pl.col("is_answerable"),
        pl.col("question").str.strip_chars() != "",
    ).drop("is_answerable")
