"""What people say of answers, as files hold it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from catalog.criteria import CRITERIA
from catalog.errors import InputError
from catalog.text import without_quote
from catalog.yes_no import read_yes_no
from evaluation.tasks.question_texts import HUMAN
from workspace.runs.reading import read_rows

RATER, RATED_AT, MARK, RUN = "rater", "rated_at", "answer_mark", "run"
"""Columns that a file of ratings may have: who, when, of which answer (a hash), and of which run."""
READ_SCHEMA = pl.Schema(
    {
        "criterion": pl.String(),
        "example_id": pl.String(),
        "value": pl.String(),
        "rater": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "mark": pl.String(),
        "run": pl.String(),
    }
)


def ratings_read(values: pl.Series, ids: pl.Series, where: str) -> pl.Series:
    """What people say, 1 or 0; null where nobody said anything.

    Raises
    ------
    InputError
        If it is neither yes nor no.

    Examples
    --------
    >>> ratings_read(pl.Series(["Yes", "", None]), pl.Series(["a", "b", "c"]), "f").to_list()
    [1, None, None]
    """
    read, wrong = read_yes_no(values)
    if wrong is not None:
        raise InputError(
            f"{where}: {values.name} of {ids[wrong]!r} is {values[wrong]!r}. Expected yes or no, true "
            "or false, 1 or 0."
        )
    return read.cast(pl.Int64)


def read_ratings(path: Path, *, key: str | None = None) -> pl.DataFrame:
    """The ratings of a file, in `READ_SCHEMA`; cells that are empty say nothing.

    Parameters
    ----------
    path
        A file with a key and ``human_relevance``, ``human_faithfulness`` or both; `RATER`,
        `RATED_AT`, `MARK` and `RUN` where there are.

    Raises
    ------
    InputError
        If the file cannot be read, holds no ratings, a time that is none, or two of one rater of one
        answer.
    """
    rows = read_rows(path, [*HUMAN.values(), RATER, RATED_AT, MARK, RUN], key=key)
    columns = {c: HUMAN[c] for c in CRITERIA if HUMAN[c] in rows.columns}
    if not columns:
        raise InputError(
            f"{path}: no column {' or '.join(HUMAN.values())}. Ratings say yes or no of each answer."
        )
    ids = rows["example_id"].cast(pl.String)
    if ids.null_count():
        raise InputError(f"{path}: a key is empty. Expected the example_id of the answer.")
    more = {
        new: _texts(rows, old)
        for new, old in (("rater", RATER), ("mark", MARK), ("run", RUN), ("at", RATED_AT))
    }
    parts = [
        pl.DataFrame({"example_id": ids, **more}).select(
            pl.lit(criterion).alias("criterion"),
            "example_id",
            ratings_read(rows[column], ids, str(path))
            .replace_strict({1: "yes", 0: "no"}, return_dtype=pl.String)
            .alias("value"),
            without_quote(pl.col("rater")),
            _moments(more["at"], ids, str(path)),
            "mark",
            "run",
        )
        for criterion, column in columns.items()
    ]
    made = pl.concat(parts).drop_nulls("value").cast(READ_SCHEMA)
    twice = made.filter(made.select("criterion", "example_id", "rater", "run").is_duplicated())
    if twice.height:
        raise InputError(
            f"{path}: {twice['example_id'][0]!r} is there twice. Expected one row an answer, or one an "
            f"answer and {RATER}."
        )
    if made.is_empty():
        raise InputError(f"{path}: no row says yes or no.")
    return made


def _texts(rows: pl.DataFrame, name: str) -> pl.Series:
    """A column as text, null where it is empty or not there."""
    if name not in rows.columns:
        return pl.Series(name, [None] * rows.height, dtype=pl.String)
    told = rows[name].cast(pl.String).str.strip_chars()
    return told.to_frame().select(pl.when(pl.col(name) != "").then(pl.col(name))).to_series()


def _moments(told: pl.Series, ids: pl.Series, where: str) -> pl.Series:
    """Moments written as ISO 8601, in UTC where no zone is said."""
    zoned = told.str.to_datetime(time_unit="us", time_zone="UTC", strict=False, format="%+")
    plain = told.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", time_zone="UTC", strict=False)
    days = told.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC", strict=False)
    read = zoned.fill_null(plain).fill_null(days)
    wrong = (read.is_null() & told.is_not_null()).arg_true()
    if len(wrong):
        raise InputError(
            f"{where}: {RATED_AT} of {ids[int(wrong[0])]!r} is {told[int(wrong[0])]!r}. Expected a time "
            "such as 2026-01-31T12:00:00Z."
        )
    return read.alias("at")
