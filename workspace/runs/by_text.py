"""Rows of a run whose file has keys of its own: tied to our records by the text that was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from catalog.wording import counted
from evaluation.formats import ReadRun
from workspace.runs.gold import split_of_records

if TYPE_CHECKING:
    from workspace.workspace import Workspace

INPUT = "input"
"""The gold column that holds what was asked: a title."""


def keyed_by_text(workspace: Workspace, run: ReadRun, split: str, where: str) -> ReadRun:
    """The run with the ids of the records whose titles were asked.

    A run is left as it is if it does not keep what was asked, or if its keys are ids of records. Rows
    are tied to records of the split; those of another split are left out, aloud. Where all are of
    others they are tied to them, so that rows of train are refused as such. A title that several rows
    or several records have ties nothing.
    """
    if run.gold is None or INPUT not in run.gold.columns:
        return run
    records = split_of_records(workspace)
    ids = run.predictions["example_id"]
    if ids.is_in(records["record_id"].implode()).any():
        return run
    asked = run.gold.select("example_id", pl.col(INPUT).str.strip_chars().alias("title"))
    is_here = pl.col("split").eq_missing(split)
    here, elsewhere = (
        asked.join(records.filter(rows).unique("title", keep="none"), on="title")
        .unique("record_id", keep="none", maintain_order=True)
        .select("example_id", "record_id")
        for rows in (is_here, ~is_here)
    )
    named = dict((here if here.height else elsewhere).iter_rows())
    notes = [
        f"{where}: its keys are its own; {counted(len(named), 'row')} tied to records by title."
    ]
    of_others = elsewhere.filter(~pl.col("example_id").is_in(here["example_id"].implode())).height
    if here.height and of_others:
        notes.append(
            f"{where}: {counted(of_others, 'row')} left out, the record with the title is of another "
            "split, or of none."
        )
    untied = ids.n_unique() - here.height - of_others
    if untied:
        notes.append(
            f"{where}: {counted(untied, 'row')} left out, no record or more than one has the title."
        )
    if not named:
        return replace(run, notes=[*run.notes, *notes])
    return replace(
        run,
        predictions=_renamed(run.predictions, named),
        gold=_renamed(run.gold, named),
        notes=[*run.notes, *notes],
    )


def _renamed(rows: pl.DataFrame, named: dict[str, str]) -> pl.DataFrame:
    held = rows.filter(pl.col("example_id").is_in(list(named)))
    return held.with_columns(pl.col("example_id").replace(named))
