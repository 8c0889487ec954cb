"""What became of each gold row: answered, or one of the ways not to answer."""

from __future__ import annotations

from typing import Literal, get_args

import polars as pl

Outcome = Literal["answered", "null", "empty", "invalid", "refused", "error", "missing"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
ANSWERED = "answered"

MEANINGS: dict[str, str] = {
    "answered": "an answer that could be read, right or wrong",
    "null": "an explicit null: the model says that there is no answer",
    "empty": "an empty text, or an empty list",
    "invalid": "a raw output from which no answer could be read",
    "refused": "the model, or a filter before it, declined",
    "error": "the call failed",
    "missing": "no prediction row for the gold row",
}
_REFUSALS = ("content_filter", "refusal", "refused", "safety")


def without_answer(is_there: str = "is_there") -> pl.Expr:
    """The outcome that is known before the answer is read: missing, error, refused; else null."""
    return (
        pl.when(~pl.col(is_there))
        .then(pl.lit("missing"))
        .when(pl.col("error").str.strip_chars() != "")
        .then(pl.lit("error"))
        .when(pl.col("finish_reason").str.to_lowercase().is_in(_REFUSALS))
        .then(pl.lit("refused"))
    )


def outcome_counts(outcomes: pl.Series) -> dict[str, int]:
    """Rows of each outcome, none left out.

    Examples
    --------
    >>> outcome_counts(pl.Series(["answered", "null", "answered"]))["answered"]
    2
    """
    found = dict(outcomes.cast(pl.String).value_counts().iter_rows())
    return {name: int(found.get(name, 0)) for name in OUTCOMES}
