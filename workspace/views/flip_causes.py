"""Rows that one run fixes or breaks against another, by the cause of the wrong answer."""

from __future__ import annotations

import polars as pl

from catalog.records import text_of, titled
from evaluation.comparing.flip_causes import causes_counted, with_causes
from workspace.runs.scoring import compare, runs_named
from workspace.runs.views import run_rows
from workspace.workspace import Workspace

MOST_ROWS = 200


def caused_flips(
    workspace: Workspace, baseline: str, candidate: str, metric: str | None = None
) -> pl.DataFrame:
    """Every row (or value) that changed: the columns of a flip, ``wrong`` and ``cause``.

    ``example_id`` is the record that Review opens, where the gold may be what is wrong. The metric
    changes nothing here; it is that of the comparison that is kept.
    """
    found = compare(workspace, baseline, candidate, metric=metric)
    firsts = [side.split(",")[0] for side in (baseline, candidate)]
    told = (
        workspace.snapshot("curate")
        .scan("gold")
        .select(pl.col("record_id").alias("example_id"), text_of("title", "description").alias("text"))
        .filter(pl.col("example_id").is_in(found.flips["example_id"].unique().implode()))
    )  # fmt: skip
    if runs_named(workspace, firsts)[0].task != "attributes":
        told = told.with_columns(pl.lit(None, pl.String).alias("text"))
    for side, run in zip(("baseline", "candidate"), firsts, strict=True):
        outcomes = run_rows(workspace, run).select(
            "example_id", pl.col("outcome").alias(f"{side}_outcome")
        )
        told = told.join(outcomes, on="example_id", how="left", maintain_order="left")
    return with_causes(found.task, found.flips, told.collect())


def flip_causes(
    workspace: Workspace, baseline: str, candidate: str, metric: str | None = None
) -> pl.DataFrame:
    """``change, cause, n, share, what``: why rows were wrong that are fixed, or are broken now."""
    return causes_counted(caused_flips(workspace, baseline, candidate, metric))


def flips_of_cause(
    workspace: Workspace,
    baseline: str,
    candidate: str,
    *,
    change: str,
    cause: str,
    metric: str | None = None,
    limit: int = MOST_ROWS,
) -> pl.DataFrame:
    """``example_id, title, attribute, gold, baseline, candidate`` of the flips of one cause."""
    titles = workspace.snapshot("load").scan("records").select("record_id", titled())
    return (
        caused_flips(workspace, baseline, candidate, metric)
        .lazy()
        .filter((pl.col("change") == change) & (pl.col("cause") == cause))
        .head(limit)
        .join(titles, left_on="example_id", right_on="record_id", how="left", maintain_order="left")
        .select("example_id", "title", "attribute", "gold", "baseline", "candidate")
        .collect()
    )
