"""Accuracy against cost: the frontier of the runs of a workspace, and cascades of two of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from catalog.errors import InputError
from evaluation.answers.contract import Task, conform_predictions
from evaluation.comparing.comparison import DEFAULT_METRIC, chosen_metric, metrics_for
from evaluation.loading import load_answers
from evaluation.studies.cascade import cascade_curve, stage_of
from evaluation.studies.frontier import PAIRS_SCHEMA, frontier, paired_differences
from stats.estimate import number_or_none
from workspace.runs.plain import taxonomy_of
from workspace.runs.priced import listed_cost_usd
from workspace.runs.reading import read_gold, read_predictions
from workspace.runs.scoring import (
    RunInfo,
    fingerprint_of,
    list_runs,
    load_runs,
    runs_named,
    write_result,
)
from workspace.runs.views import leaderboard
from workspace.snapshots import Output

if TYPE_CHECKING:
    from workspace.workspace import Workspace

COSTS = {"money": "dollars for 1,000 products", "latency": "milliseconds a product, median"}
_COST_OF = {"money": "cost_usd_per_1000", "latency": "latency_ms_median"}
COST_COLUMNS = (
    "n_tokens_in",
    "n_tokens_out",
    "cost_usd_per_1000",
    "latency_ms_median",
    "latency_ms_p95",
)
OPTIMISM = (
    "The threshold is chosen on the rows that the curve is measured on: choose it on validation, "
    "and read the value on test."
)


def cascade(
    workspace: Workspace, small: str, large: str, *, metric: str | None = None
) -> pl.DataFrame:
    """The curve of two runs of a workspace (`evaluation.studies.cascade.CASCADE_SCHEMA`)."""
    runs = runs_named(workspace, [small, large])
    loaded = load_runs(workspace, runs)
    stages = [
        stage_of(
            loaded.answers[run.name],
            conform_predictions(run.predictions.read("predictions"), run.name),
        )
        for run in runs
    ]
    return cascade_curve(loaded.task, *stages, metric=metric)


def cascade_files(
    task: Task,
    gold: Path,
    small: Path,
    large: Path,
    *,
    metric: str | None = None,
    taxonomy: str | None = None,
    cluster_column: str | None = None,
    key: str | None = None,
) -> pl.DataFrame:
    """The curve of two prediction files on one gold file."""
    files = {
        f"{role} {path}": conform_predictions(read_predictions(path, key=key), str(path))
        for role, path in (("small", small), ("large", large))
    }
    loaded = load_answers(
        task,
        read_gold(gold, cluster_column=cluster_column, key=key),
        files,
        taxonomy=taxonomy_of(taxonomy),
        cluster_column=cluster_column,
        gold_name=str(gold),
    )
    stages = [stage_of(loaded.answers[name], rows) for name, rows in files.items()]
    return cascade_curve(task, *stages, metric=metric)


def cost_frontier(
    workspace: Workspace,
    *,
    task: Task = "classification",
    split: str = "test",
    metric: str | None = None,
    by: str = "money",
) -> pl.DataFrame:
    """The runs on one split with what they took, the cheapest first, and which are dominated.

    ``run, value, low, high, cost_usd_per_1000, n_tokens_in, n_tokens_out, latency_ms_median,
    latency_ms_p95, is_dominated, dominated_by, tied_with`` (`evaluation.studies.frontier`). Where no
    prediction tells money, the price of the tokens as published today counts.

    Parameters
    ----------
    by
        What dominates: a key of `COSTS`.

    Raises
    ------
    InputError
        If there is no such cost.
    """
    if by not in COSTS:
        raise InputError(f"--by {by}: expected {' or '.join(COSTS)}.")
    runs = [run for run in list_runs(workspace) if (run.task, run.split) == (task, split)]
    board = leaderboard(workspace, task=task, split=split, metric=metric)
    lines = []
    for run in runs:
        costs = dict(run.predictions.figures.get("costs", {}))
        costs["cost_usd_per_1000"] = _usd_per_1000(run, costs)
        lines.append({"run": run.name, **{name: costs.get(name) for name in COST_COLUMNS}})
    schema = {"run": pl.String, **dict.fromkeys(COST_COLUMNS, pl.Float64)}
    told = board.select("run", "value", "low", "high").join(
        pl.DataFrame(lines, schema=schema), on="run", how="left", maintain_order="left"
    )
    pairs, higher = (
        _differences(workspace, runs, metric) if runs else (PAIRS_SCHEMA.to_frame(), True)
    )
    found = frontier(
        told.select("run", pl.col(_COST_OF[by]).alias("cost"), "value"),
        pairs,
        higher_is_better=higher,
    )
    said = ("is_dominated", "dominated_by", "tied_with")
    return found.select("run", *said).join(
        told, on="run", how="left", maintain_order="left"
    ).select(*told.columns, *said)  # fmt: skip


def _differences(
    workspace: Workspace, runs: Sequence[RunInfo], metric: str | None
) -> tuple[pl.DataFrame, bool]:
    """Paired differences of all runs, kept as ``run_pairs/...``, and whether higher is better."""
    started_at, task = time.time(), runs[0].task
    metric = metric or DEFAULT_METRIC[task]
    fingerprint = fingerprint_of(workspace, runs, ["run_pairs", metric])
    step = f"run_pairs/{task}__{runs[0].split}__{metric}"
    known = workspace.snapshots.kept(step, fingerprint)
    if known is not None:
        return known.read("pairs"), bool(known.figures["higher_is_better"])
    loaded = load_runs(workspace, runs)
    chosen = chosen_metric(task, metrics_for(task, list(loaded.answers.values())), metric)
    pairs = paired_differences(chosen, loaded.repeats)
    figures = {"higher_is_better": chosen.higher_is_better}
    output = Output({"pairs": pairs}, figures, [])
    write_result(workspace, step, output, fingerprint, list(runs), started_at)
    return pairs, chosen.higher_is_better


def _usd_per_1000(run: RunInfo, costs: Mapping[str, float | None]) -> float | None:
    """Dollars for a thousand products: what predictions tell, else the price of their tokens."""
    told, n_told = costs.get("cost_usd"), costs.get("cost_usd_rows")
    if told is not None and n_told:
        return 1000 * told / n_told
    if not costs.get("n_tokens_in_rows"):
        return None
    rows = run.predictions.read("predictions", ["model", "usage"])
    return number_or_none(1000 * listed_cost_usd(rows) / max(1, rows.height))
