"""What pages and reports show of the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evaluation.answers.contract import Task
from evaluation.comparing.leaderboard import LEADERBOARD_SCHEMA
from evaluation.comparing.report_data import KeptScores, ReportData, report_data
from workspace.runs.gold import basis
from workspace.runs.scoring import (
    RunInfo,
    compare,
    list_runs,
    ranked_runs,
    runs_named,
    score_runs,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workspace.snapshots import Snapshot
    from workspace.workspace import Workspace

RUNS_SCHEMA = pl.Schema(
    {
        "run": pl.String(),
        "model": pl.String(),
        "task": pl.String(),
        "split": pl.String(),
        "at": pl.String(),
        "checkpoint_step": pl.Int64(),
        "n_rows": pl.Int64(),
        "coverage": pl.Float64(),
        "latency_ms_median": pl.Float64(),
        "n_tokens_in": pl.Int64(),
        "n_tokens_out": pl.Int64(),
        "cost_usd": pl.Float64(),
        "dataset_sha": pl.String(),
        "is_scored": pl.Boolean(),
    }
)


def runs(workspace: Workspace) -> pl.DataFrame:
    """The runs of the workspace, oldest first, with their cost: `RUNS_SCHEMA`."""
    return pl.DataFrame([_line(workspace, run) for run in list_runs(workspace)], schema=RUNS_SCHEMA)


def _line(workspace: Workspace, run: RunInfo) -> dict[str, object]:
    figures = run.predictions.figures
    costs = figures.get("costs", {})
    return {
        "run": run.name,
        "model": run.model,
        "task": run.task,
        "split": run.split,
        "at": run.at,
        "checkpoint_step": run.about.get("checkpoint_step"),
        "n_rows": figures["n_rows"],
        "coverage": figures["coverage"],
        **{name: costs.get(name) for name in ("latency_ms_median", "cost_usd")},
        **{name: _whole(costs.get(name)) for name in ("n_tokens_in", "n_tokens_out")},
        "dataset_sha": run.about.get("dataset_sha"),
        "is_scored": workspace.snapshots.current(f"scores/{run.name}") is not None,
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def leaderboard(
    workspace: Workspace,
    *,
    task: Task = "classification",
    split: str = "test",
    metric: str | None = None,
) -> pl.DataFrame:
    """The runs on one split, best first, ties told; empty without runs.

    See `evaluation.comparing.leaderboard`; kept until a run or what it rests on changes.
    """
    chosen = [run for run in list_runs(workspace) if (run.task, run.split) == (task, split)]
    if not chosen:
        return pl.DataFrame(schema=LEADERBOARD_SCHEMA)
    return ranked_runs(workspace, chosen, metric)


def run_scores(workspace: Workspace, run: str) -> Snapshot:
    """The scores of a run, made now where they are stale."""
    return score_runs(workspace, [run])[0].snapshot


def run_rows(workspace: Workspace, run: str) -> pl.LazyFrame:
    """Every gold row with the run's answer (`evaluation.scores.Scores.rows`), lazily."""
    return run_scores(workspace, run).scan("rows")


def run_categories(workspace: Workspace, run: str) -> pl.DataFrame:
    """Precision, recall and F1 of every category, with intervals."""
    return run_scores(workspace, run).read("categories")


def run_confusion(workspace: Workspace, run: str) -> pl.DataFrame:
    """``gold, prediction, n, level`` where they part, most frequent first."""
    return run_scores(workspace, run).read("confusion")


def run_report(
    workspace: Workspace,
    baseline: str,
    candidate: str,
    *,
    metric: str | None = None,
    gates: Sequence[str] = (),
) -> ReportData:
    """All that a stakeholder's report on two runs shows."""
    found = compare(workspace, baseline, candidate, metric=metric, gates=gates)
    pair = runs_named(workspace, [baseline, candidate])
    figures = [run_scores(workspace, run.name).figures for run in pair]
    scores = [KeptScores(found["outcomes"], found["definitions"]) for found in figures]
    task, split = pair[0].task, pair[0].split
    return report_data(
        found,
        (scores[0], scores[1]),
        names=(baseline, candidate),
        leaderboard=leaderboard(workspace, task=task, split=split, metric=found.metric),
        costs={run.name: run.predictions.figures.get("costs", {}) for run in pair},
        reference_lines=figures[1].get("reference_lines", {}),
        hashes={
            **basis(workspace),
            "taxonomy": workspace.taxonomy().fingerprint,
            **{f"predictions/{run.name}": run.predictions.id for run in pair},
            **{
                f"dataset_sha/{run.name}": str(run.about["dataset_sha"])
                for run in pair
                if run.about.get("dataset_sha")
            },
        },
    )
