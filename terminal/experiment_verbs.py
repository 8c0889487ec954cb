"""experiments, rescored, causes, drift, cascade, frontier: what runs tell beyond one comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from catalog.errors import InputError
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from workspace.runs.cascades import COSTS, OPTIMISM, cascade_files, cost_frontier
from workspace.runs.cascades import cascade as cascade_in
from workspace.runs.drift import drift_files
from workspace.runs.experiments import experiments as experiments_in
from workspace.runs.plain import task_named
from workspace.runs.score_history import rescored as rescored_in
from workspace.runs.scoring import task_of_runs
from workspace.views.flip_causes import flip_causes
from workspace.workspace import Workspace

TaskName = Annotated[
    str | None, typer.Option("--task", help="The task of the runs; without it the one they are on.")
]
Metric = Annotated[str | None, typer.Option(help="What is measured; the task's own without it.")]
Split = Annotated[str, typer.Option(help="The split of the runs.")]


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    for verb in (experiments, rescored, causes, drift, frontier, cascade):
        app.command()(verb)


def experiments(
    by: Annotated[
        str,
        typer.Option(
            help="model, base, checkpoint_step, training, training_rows, audited, audited_share, "
            "prompt, seed, or a key of 'about' in the run cards."
        ),
    ],
    task: TaskName = None,
    split: Split = "test",
    metric: Metric = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Group runs by what differed: scores with intervals, differences larger than chance marked."""
    opened = Workspace(workspace)
    asked = task_of_runs(opened, task, split)
    found = experiments_in(opened, by, task=asked, split=split, metric=metric)
    for note in found.notes:
        tell(note)
    if as_json:
        print_json(found.as_json())
        return
    columns = ["group", "n_runs", "value", "low", "high", "difference", "difference_low",
               "difference_high", "p_holm", "mark"]  # fmt: skip
    shown = found.table.with_columns(pl.col("also_differs", "mixes").list.join(", "))
    _table(shown, [*columns, "also_differs", "mixes"], f"{found.table['metric'][0]} by {by}")


def rescored(
    metric: Metric = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Every run on the gold of before and of now; what is stale is scored again."""
    found = rescored_in(Workspace(workspace), metric)
    if as_json:
        print_json({"runs": found.to_dicts()})
        return
    if found.is_empty():
        say("no runs yet. Bring one in with `goldshelf import-run PREDICTIONS.jsonl RUN.json`.")
        return
    _table(found, found.columns, "every run on two versions of the gold")


def causes(
    baseline: Annotated[str, typer.Option(help="A run.")],
    candidate: Annotated[str, typer.Option(help="Another one, on the same rows.")],
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Why the rows were wrong that a candidate fixes, and are wrong that it breaks."""
    found = flip_causes(Workspace(workspace), baseline, candidate)
    if as_json:
        print_json({"causes": found.to_dicts()})
        return
    _table(found, found.columns, f"{candidate} against {baseline}")


def drift(
    predictions: Annotated[Path, typer.Option(help="Predictions of production.")],
    time_column: Annotated[str, typer.Option(help="When each was made, ISO 8601.")],
    audits: Annotated[Path | None, typer.Option(help="What people say of some of them.")] = None,
    level: Annotated[int | None, typer.Option(help="The level of the category.")] = None,
    label_column: Annotated[
        str | None, typer.Option(help="A column whose text is the label; the category without it.")
    ] = None,
    cluster_column: Annotated[
        str | None, typer.Option(help="A column whose equal values are dependent rows.")
    ] = None,
    reference_weeks: Annotated[int, typer.Option(help="The first weeks, as the reference.")] = 1,
    key: Annotated[str | None, typer.Option(help="The column that ties rows.")] = None,
    as_json: Json = False,
) -> None:
    """Hold each week of production against the first: labels, and agreement with audits."""
    found = drift_files(
        predictions,
        time_column=time_column,
        audits=audits,
        level=level,
        label_column=label_column,
        cluster_column=cluster_column,
        reference_weeks=reference_weeks,
        key=key,
    )
    for note in found.notes:
        tell(note)
    if as_json:
        print_json(found.as_json())
        return
    columns = ["week", "n", "total_variation", "low", "high", "chance", "stability_index", "p_holm",
               "mark"]  # fmt: skip
    first, last = found.reference
    _table(found.labels, columns, f"labels against the weeks {first} to {last}")
    if found.agreement.height:
        _table(found.agreement, found.agreement.columns, "agreement with audits")


def frontier(
    task: TaskName = None,
    split: Split = "test",
    metric: Metric = None,
    by: Annotated[str, typer.Option(help=f"The cost: {' or '.join(COSTS)}.")] = "money",
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What each run scores and costs, and which runs another one beats on both."""
    opened = Workspace(workspace)
    asked = task_of_runs(opened, task, split)
    found = cost_frontier(opened, task=asked, split=split, metric=metric, by=by)
    if as_json:
        print_json({"by": by, "runs": found.to_dicts()})
        return
    _table(found, found.columns, f"score against {COSTS.get(by, by)}")


def cascade(
    small: Annotated[str, typer.Option(help="The small model's run, or its prediction file.")],
    large: Annotated[str, typer.Option(help="The large model's.")],
    gold: Annotated[Path | None, typer.Option(help="Gold rows, for files.")] = None,
    task: Annotated[str, typer.Option(help="Of files: what was asked.")] = "classification",
    metric: Metric = None,
    cluster_column: Annotated[
        str | None, typer.Option(help="A gold column whose equal values are dependent rows.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The column that ties rows.")] = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Small model first, the large one where it is unsure: the curve of score and cost."""
    if gold is None:
        if cluster_column is not None or key is not None:
            raise InputError("--cluster-column and --key are for files: pass --gold too.")
        found = cascade_in(Workspace(workspace), small, large, metric=metric)
    else:
        found = cascade_files(
            task_named(task),
            gold,
            Path(small),
            Path(large),
            metric=metric,
            cluster_column=cluster_column,
            key=key,
        )
    tell(OPTIMISM)
    if as_json:
        print_json({"small": small, "large": large, "curve": found.to_dicts(), "note": OPTIMISM})
        return
    columns = ["threshold", "share_large", "value", "low", "high", "difference", "difference_low",
               "difference_high", "cost_usd_per_1000", "latency_ms_p95"]  # fmt: skip
    _table(found, columns, f"{small} first, {large} below the threshold")


def _table(frame: pl.DataFrame, columns: list[str], title: str) -> None:
    if frame.is_empty():
        say(f"{title}: nothing")
        return
    print_table(
        [name.replace("_", " ") for name in columns], frame.select(columns).iter_rows(), title=title
    )
