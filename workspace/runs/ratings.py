"""What people say of the answers of a run: what a judge is held against."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from catalog.yes_no import read_yes_no
from evaluation.tasks.question_texts import HUMAN
from workspace.atomic import digest_of, sha256_of
from workspace.lock import locked
from workspace.runs.reading import read_rows
from workspace.snapshots import Output, Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

RATINGS = "ratings"


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


def keep_ratings(
    workspace: Workspace, run: str, path: Path, known: pl.Series, *, key: str | None = None
) -> Snapshot:
    """Keep what people say of a run's answers, as ``ratings/RUN``, in the place of what was kept.

    Parameters
    ----------
    path
        A file with a key and ``human_relevance``, ``human_faithfulness`` or both.
    known
        The ids of the gold rows: rows of others are left out, aloud.

    Raises
    ------
    InputError
        If the file cannot be read, holds no ratings, one twice, or none of a gold row.
    """
    started_at = time.time()
    rows = read_rows(path, HUMAN.values(), key=key)
    columns = [name for name in HUMAN.values() if name in rows.columns]
    if not columns:
        raise InputError(
            f"{path}: no column {' or '.join(HUMAN.values())}. Ratings say yes or no of each answer."
        )
    ids = rows["example_id"].cast(pl.String)
    if ids.null_count() or ids.n_unique() != rows.height:
        raise InputError(f"{path}: a key is empty or there twice. Expected one row an answer.")
    made = pl.DataFrame(
        {"example_id": ids, **{name: ratings_read(rows[name], ids, str(path)) for name in columns}}
    )
    here = made.filter(pl.col("example_id").is_in(known.implode()))
    if here.is_empty():
        raise InputError(
            f"{path}: no row is of the split of run {run}. Its keys are example_ids such as "
            f"{known[0]!r}."
        )
    notes = []
    if n_others := made.height - here.height:
        notes.append(f"{path.name}: {counted(n_others, 'row')} of no gold row left out")
    fingerprint = digest_of([sha256_of(path), key])
    with locked(workspace.layout):
        return workspace.snapshots.write(
            f"{RATINGS}/{run}",
            Output({"ratings": here}, {"file": path.name}, notes),
            fingerprint=fingerprint,
            inputs={"file": fingerprint},
            settings={},
            started_at=started_at,
        )


def ratings_of(workspace: Workspace, run: str) -> Snapshot | None:
    """What people say of a run; None where nobody said anything."""
    return workspace.snapshots.current(f"{RATINGS}/{run}")
