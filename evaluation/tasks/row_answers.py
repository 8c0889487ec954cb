"""What all tasks share: one outcome and one text of gold and answer for each gold row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.answers.contract import Task, as_text
from evaluation.answers.outcomes import outcome_counts, without_answer
from evaluation.metrics.metric import Metric, RatioMetric, Sums

LABEL = "label"


@dataclass(frozen=True, eq=False)
class RowAnswers(ABC):
    """One run's answers beside the gold.

    Attributes
    ----------
    example_ids
        The keys, in the order of all arrays.
    gold_text, answer_text
        What is shown of gold and answer; an answer is null where there is none.
    outcomes
        What became of each row (`evaluation.answers.outcomes`).
    clusters
        Codes of the groups of dependent rows, no gaps; None where rows are independent.
    confidence
        In [0, 1], NaN where a row has none, ``(n,)``; None where no row has one.
    """

    example_ids: pl.Series
    gold_text: pl.Series
    answer_text: pl.Series
    outcomes: pl.Series
    clusters: np.ndarray | None
    confidence: np.ndarray | None = field(default=None, kw_only=True)

    @property
    def n_rows(self) -> int:
        """Gold rows."""
        return len(self.example_ids)

    @property
    @abstractmethod
    def is_correct(self) -> np.ndarray:
        """Whether each row is wholly right, shape ``(n,)``."""

    @cached_property
    def outcome_counts(self) -> dict[str, int]:
        """Rows of each outcome."""
        return outcome_counts(self.outcomes)

    def is_outcome(self, name: str) -> np.ndarray:
        """Which rows had an outcome, shape ``(n,)``."""
        return (self.outcomes == name).to_numpy()

    @cached_property
    def slices(self) -> tuple[pl.Series, np.ndarray]:
        """The names of the gold's groups, and the group of each row, ``(n,)``."""
        return pl.Series(["all rows"]), np.zeros(self.n_rows, dtype=np.int64)

    @property
    def gold_counts(self) -> dict[str, int]:
        """What there is in the gold, to be shown."""
        return {}


@dataclass(frozen=True)
class TaskKind:
    """A task: how its gold and answers are read, what is measured, what any run must beat.

    Attributes
    ----------
    words
        What gold and answers look like, in one line.
    gold_column
        What the gold has to have beside ``example_id``; None for nothing.
    read
        From gold rows with the predictions of several runs (`evaluation.answers.joining`) and the codes
        of their clusters to their answers, on the same codes.
    metrics
        By name, from the answers of all runs.
    main
        The metric that decides where none is named.
    reference_lines
        By line, a value by metric, from the answers of any run: the gold alone is read.
    ready
        Makes gold rows ready where more than one column says what is right; None where
        ``gold_column`` does.
    columns
        What ``ready`` makes and ``read`` needs, beside `LABEL`.
    sources
        The columns of a gold file that ``ready`` reads, where they are there.
    """

    name: Task
    words: str
    gold_column: str | None
    read: Callable[[Sequence[pl.DataFrame], np.ndarray | None], Sequence[RowAnswers]]
    metrics: Callable[[Any], Mapping[str, Metric[Any]]]
    main: str
    reference_lines: Callable[[Any], Mapping[str, Mapping[str, float]]]
    ready: Callable[[pl.DataFrame, str], tuple[pl.DataFrame, list[str]]] | None = None
    columns: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def task_gold(frame: pl.DataFrame, where: str, kind: TaskKind) -> tuple[pl.DataFrame, list[str]]:
    """Gold rows with a text key; rows without gold are left out, aloud.

    Raises
    ------
    InputError
        If a column is missing, a key is null, or no row has gold.
    """
    if kind.ready is not None:
        return kind.ready(frame, where)
    needed = ["example_id", *([] if kind.gold_column is None else [kind.gold_column])]
    for column in needed:
        if column not in frame.columns:
            raise InputError(
                f"{where}: no column {column!r}. Found: {', '.join(frame.columns)}. Gold rows of "
                f"{kind.name} need {' and '.join(needed)}: {kind.words}."
            )
    ids = frame["example_id"].cast(pl.String)
    if ids.null_count():
        raise InputError(f"{where}: example_id is empty in {ids.null_count():,} rows.")
    gold = frame.with_columns(ids.alias("example_id"))
    if kind.gold_column is None:
        return gold, []
    gold = gold.with_columns(as_text(gold[kind.gold_column]).cast(pl.String))
    kept = gold.filter(pl.col(kind.gold_column).str.strip_chars() != "")
    if kept.is_empty():
        raise InputError(f"{where}: no row has a {kind.gold_column}. Is this the gold file?")
    n_left = gold.height - kept.height
    return kept, [f"{where}: {n_left:,} rows without gold are not scored."] if n_left else []


def said(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """What each row says, without outer white space, and the outcome that is known already.

    Returns
    -------
    ``parsed``, else the raw output; and missing, error, refused, null or empty, null where the
    text is to be read.
    """
    text = pl.coalesce("parsed", "raw_output").str.strip_chars()
    found = rows.select(
        text.alias("text"),
        pl.coalesce(
            without_answer(),
            pl.when(text.is_null() | (text == "null"))
            .then(pl.lit("null"))
            .when(text == "")
            .then(pl.lit("empty")),
        ).alias("known"),
    )
    return found["text"], found["known"]


def outcomes_of(known: pl.Series, is_read: pl.Series) -> pl.Series:
    """The outcome of each row: answered or invalid where no other is known."""
    read = pl.DataFrame({"known": known, "is_read": is_read})
    return read.select(
        pl.coalesce(
            "known",
            pl.when("is_read").then(pl.lit("answered")).otherwise(pl.lit("invalid")),
        ).alias("outcome")
    ).to_series()


def share(is_counted: np.ndarray) -> Sums:
    """Rows of a kind over all rows."""
    return Sums(np.asarray(is_counted, dtype=float), np.ones(len(is_counted)))


def outcome_metrics() -> list[Metric[Any]]:
    """Coverage and the share of outputs that could not be read."""
    return [
        RatioMetric(
            "coverage",
            "share of all gold rows with an answer that could be read, right or wrong",
            lambda answers: share(answers.is_outcome("answered")),
            is_set_by_gold=True,
        ),
        RatioMetric(
            "invalid_rate",
            "share of all gold rows whose output could not be read as an answer",
            lambda answers: share(answers.is_outcome("invalid")),
            is_set_by_gold=True,
            higher_is_better=False,
        ),
    ]


def by_name(metrics: Sequence[Metric[Any]]) -> dict[str, Metric[Any]]:
    """Metrics by their name, in order."""
    return {metric.name: metric for metric in metrics}
