"""Train before, test after: rows by their time, and later copies of earlier rows left out."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.wording import counted

NOWHERE = -1


def times_of(records: pl.LazyFrame, column: str) -> pl.Series:
    """The time of each record as a number: of a column, else of a key of ``extra``; null if none.

    Numbers are taken as they are; anything else is read as ISO 8601, with or without a time.

    Raises
    ------
    InputError
        If no record has a time.
    """
    present = records.collect_schema().names()
    if column in present:
        held = records.select(pl.col(column).alias("time")).collect().to_series()
    elif "extra" in present:
        path = f'$["{column}"]'
        found = records.select(pl.col("extra").str.json_path_match(path).alias("time"))
        held = found.collect().to_series()
    else:
        held = pl.Series("time", [None], dtype=pl.String)
    if held.dtype.is_temporal():
        times = held.cast(pl.Datetime("us")).cast(pl.Float64)
    elif held.dtype.is_numeric():
        times = held.cast(pl.Float64)
    else:
        text = held.cast(pl.String).str.strip_chars()
        numbers = text.cast(pl.Float64, strict=False)
        plain = text.str.replace(r"(?i)z$|[+-]\d\d:?\d\d$", "").str.replace("T", " ")
        read = [
            plain.str.to_datetime(form, strict=False, time_unit="us").cast(pl.Float64)
            for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
        ]
        days = plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
        frame = pl.DataFrame(
            [s.alias(str(n)) for n, s in enumerate([*read, days.cast(pl.Float64)])]
        )
        dates = frame.select(pl.coalesce(pl.all())).to_series()
        times = numbers if numbers.count() >= dates.count() else dates
    times = times.fill_nan(None)
    if not times.count():
        raise InputError(
            f"--by time: no record has a time in {column!r}, a number or a date such as "
            f"2026-03-31. Columns: {', '.join(present)}. Name another with --time-column."
        )
    return times


def split_by_time(
    times: pl.Series, labels: np.ndarray, fractions: tuple[float, ...]
) -> tuple[np.ndarray, list[str]]:
    """The split of each row, as a position in ``fractions``; -1 where it is left out.

    Rows of one moment stay together. Of a group that reaches over a cut, the later copies are
    left out: what is in train stays, and what is tied to it may not be asked about later. A row
    without a time cannot be before or after anything, and is left out.
    """
    known = np.flatnonzero(times.is_not_null().to_numpy())
    values = times.drop_nulls().to_numpy()
    _, moment = np.unique(values, return_inverse=True)
    before = np.concatenate([[0], np.cumsum(np.bincount(moment))])
    cuts = np.cumsum(fractions)[:-1] * len(known)
    nearest = np.array([np.abs(before - cut).argmin() for cut in cuts])
    split = np.full(len(times), NOWHERE)
    split[known] = np.searchsorted(nearest, moment, side="right")
    first = np.full(int(labels.max()) + 1 if len(labels) else 0, len(fractions))
    np.minimum.at(first, labels[known], split[known])
    later = (split != NOWHERE) & (split > first[labels])
    split[later] = NOWHERE
    notes = []
    if len(known) < len(times):
        notes.append(f"{counted(len(times) - len(known), 'row')} without a time dropped")
    if later.any():
        notes.append(
            f"{counted(int(later.sum()), 'later copy', 'later copies')} of rows in an earlier "
            "split dropped: the copy that came first stays"
        )
    return split, notes
