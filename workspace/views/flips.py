"""Rows that one run fixes or breaks against another, as people look at them."""

from __future__ import annotations

import polars as pl

from workspace.runs.views import run_rows
from workspace.workspace import Workspace


def with_titles(workspace: Workspace, flips: pl.DataFrame, change: str) -> pl.DataFrame:
    """The rows of one kind of change, with the titles of their products."""
    titles = workspace.snapshot("load").scan("records").select("record_id", "title")
    return (
        flips.filter(pl.col("change") == change)
        .lazy()
        .join(titles, left_on="example_id", right_on="record_id", how="left", maintain_order="left")
        .select("example_id", "title", "gold", "baseline", "candidate")
        .collect()
    )


def answers_of(workspace: Workspace, example_id: str, runs: list[str]) -> pl.DataFrame:
    """What each run said of one row: its answer, the outcome, and its raw output."""
    found = []
    for run in runs:
        row = run_rows(workspace, run).filter(pl.col("example_id") == example_id)
        raw = (
            workspace.snapshot(f"predictions/{run}")
            .scan("predictions")
            .filter(pl.col("example_id") == example_id)
            .select("raw_output")
            .collect()
        )
        found += [
            {
                "run": run,
                "answer": line["prediction"],
                "right": line["is_correct"],
                "outcome": line["outcome"],
                "raw output": raw["raw_output"][0] if raw.height else None,
            }
            for line in row.collect().to_dicts()
        ]
    return pl.DataFrame(found)
