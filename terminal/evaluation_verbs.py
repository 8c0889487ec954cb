"""import-run, runs, score, compare: predictions in, numbers with intervals and a verdict out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from catalog.errors import InputError
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from workspace.runs import compare as compare_in
from workspace.runs import compare_files, import_run, score_files, score_runs
from workspace.runs import runs as runs_of
from workspace.runs.plain import compare_settings, task_named
from workspace.workspace import Workspace

GATE_FAILED = 1
_SHOWN = 15

Task = Annotated[str, typer.Option(help="classification or attributes.")]
Gold = Annotated[
    Path | None, typer.Option(help="Gold rows: JSON Lines, CSV or Parquet. Without a workspace.")
]
TaxonomySpec = Annotated[
    str | None,
    typer.Option("--taxonomy", help="shopify:PATH, google:PATH or FILE; the gold's without it."),
]
ClusterColumn = Annotated[
    str | None,
    typer.Option(help="A gold column whose equal values are dependent rows, such as brand."),
]
Key = Annotated[
    str | None, typer.Option(help="The column that ties rows; example_id, record_id or id.")
]


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command("import-run")(import_run_)
    for verb in (runs, score, compare):
        app.command()(verb)


def import_run_(
    predictions: Annotated[Path, typer.Argument(help="predictions.jsonl of the run.")],
    card: Annotated[Path, typer.Argument(help="run.json of the run.")],
    workspace: WorkspaceDir = HERE,
    name: Annotated[str | None, typer.Option(help="What the run is called here.")] = None,
    key: Key = None,
    replace: Annotated[bool, typer.Option(help="Take the place of a run of this name.")] = False,
    as_json: Json = False,
) -> None:
    """Bring a run's predictions in, checked against gold, split and export."""
    made = import_run(Workspace(workspace), predictions, card, name=name, key=key, replace=replace)
    for note in made.snapshot.notes:
        tell(note)
    if as_json:
        print_json(made.as_json())
        return
    figures = made.snapshot.figures
    say(
        f"run {made.name} ({figures['model']}) on split {figures['split']}: {figures['n_rows']:,} "
        f"predictions, {figures['coverage']:.1%} of {figures['n_gold']:,} gold rows answered"
        + ("" if made.is_new else "; it was here already")
    )


def runs(workspace: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """List the runs of the workspace."""
    found = runs_of(Workspace(workspace))
    if as_json:
        print_json({"runs": found.to_dicts()})
        return
    shown = found.drop("dataset_sha", "checkpoint_step")
    print_table([name.replace("_", " ") for name in shown.columns], shown.iter_rows())


def score(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Runs of the workspace; all where none is named.")
    ] = None,
    task: Task = "classification",
    gold: Gold = None,
    pred: Annotated[Path | None, typer.Option(help="Predictions for the gold rows.")] = None,
    taxonomy: TaxonomySpec = None,
    cluster_column: ClusterColumn = None,
    key: Key = None,
    workspace: WorkspaceDir = HERE,
    force: Annotated[bool, typer.Option(help="Score again even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Score predictions against gold: every metric with its interval and its definition."""
    if gold is None and pred is None:
        _score_workspace(Workspace(workspace), runs or [], force, as_json)
        return
    if gold is None or pred is None:
        raise InputError("score needs both --gold and --pred, or a workspace with runs (-w DIR).")
    scores = score_files(
        task_named(task),
        gold,
        pred,
        taxonomy=taxonomy,
        cluster_column=cluster_column,
        key=key,
    )
    for note in scores.notes:
        tell(note)
    if as_json:
        print_json(scores.as_json())
        return
    _print_scores(scores.as_json(), str(pred))
    _print_categories(scores.categories)


def _score_workspace(workspace: Workspace, names: list[str], force: bool, as_json: bool) -> None:
    made = score_runs(workspace, names, force=force)
    for one in made:
        for note in one.snapshot.notes:
            tell(note)
    if as_json:
        print_json(
            {
                "ran": [one.run for one in made if one.is_new],
                "runs": {
                    one.run: {"snapshot": one.snapshot.id, **one.snapshot.figures} for one in made
                },
            }
        )
        return
    for one in made:
        figures = one.snapshot.figures
        _print_scores(figures, f"{one.run} on split {figures['split']}")
        for line, values in figures["reference_lines"].items():
            say(f"{line}: accuracy {values['accuracy']:.1%}")


def _print_scores(body: dict[str, Any], title: str) -> None:
    rows = []
    for name, value in body.items():
        if isinstance(value, dict) and "value" in value:
            rows.append(_metric_row(name, value, body))
        elif name == "accuracy_at_level":
            rows += [_metric_row(f"{name}.{level}", one, body) for level, one in value.items()]
    clusters = "" if body["n_clusters"] is None else f" in {body['n_clusters']:,} groups"
    print_table(
        ["metric", "value", "low", "high", "rows", "what it is"],
        rows,
        title=f"{title}: {body['n_rows']:,} gold rows{clusters}",
    )
    say(", ".join(f"{name} {n:,}" for name, n in body["outcomes"].items() if n))
    if "counts" in body:
        say("pairs: " + ", ".join(f"{name} {n:,}" for name, n in body["counts"].items()))
    for name in ("valid categories", "interval"):
        if name in body["definitions"]:
            say(f"{name}: {body['definitions'][name]}")


def _metric_row(name: str, value: dict[str, Any], body: dict[str, Any]) -> tuple[Any, ...]:
    ends = tuple(float("nan") if value[k] is None else value[k] for k in ("value", "low", "high"))
    told = body["definitions"].get(name, "")
    return (name, *ends, value["n"], value.get("reason") or told)


def _print_categories(categories: pl.DataFrame) -> None:
    shown = categories.sort("support", descending=True, maintain_order=True).head(_SHOWN)
    columns = ["category", "support", "precision", "recall", "f1", "f1_low", "f1_high"]
    print_table(
        [name.replace("_", " ") for name in columns],
        shown.select(columns).iter_rows(),
        title=f"the {shown.height} largest of {categories.height:,} categories",
    )


def compare(
    baseline: Annotated[str, typer.Option(help="A prediction file, or a run of the workspace.")],
    candidate: Annotated[str, typer.Option(help="Another one, on the same gold rows.")],
    task: Task = "classification",
    gold: Gold = None,
    metric: Annotated[str | None, typer.Option(help="What decides; accuracy without it.")] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(help="METRIC OP NUMBER on the bound of the difference, e.g. accuracy>=0."),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="A difference too small to matter; .01 without it.")
    ] = None,
    level: Annotated[
        int | None, typer.Option(help="The level of the category table; whole paths without it.")
    ] = None,
    taxonomy: TaxonomySpec = None,
    cluster_column: ClusterColumn = None,
    key: Key = None,
    n_rows: Annotated[
        int, typer.Option("--rows", min=0, help="Fixed and broken rows in the JSON, each.")
    ] = 100,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Compare two runs on the same rows, with a verdict; exit 1 if a gate fails."""
    gates = gate or []
    if gold is None:
        opened = Workspace(workspace)
        settings = compare_settings(opened.settings.compare, margin=margin, level=level)
        found = compare_in(
            opened, baseline, candidate, metric=metric, gates=gates, settings=settings
        )
    else:
        found = compare_files(
            task_named(task),
            gold,
            Path(baseline),
            Path(candidate),
            metric=metric,
            gates=gates,
            settings=compare_settings(margin=margin, level=level),
            taxonomy=taxonomy,
            cluster_column=cluster_column,
            key=key,
        )
    for note in found.notes:
        tell(note)
    if as_json:
        print_json(found.as_json(n_rows))
    else:
        say(found.sentence)
        _print_differences(found.metrics, found.categories)
        for result in found.gates:
            say(result.sentence)
    if not found.is_passed:
        failed = "; ".join(result.sentence for result in found.gates if not result.is_passed)
        tell(f"goldshelf: {failed}")
        raise typer.Exit(GATE_FAILED)


def _print_differences(metrics: pl.DataFrame, categories: pl.DataFrame) -> None:
    columns = ["metric", "baseline", "candidate", "difference", "low", "high"]
    print_table(columns, metrics.select(columns).iter_rows())
    moved = categories.filter(pl.col("difference") != 0).sort(
        pl.col("difference").abs() * pl.col("n"), descending=True, maintain_order=True
    )
    columns = ["category", "n", "difference", "low", "high", "p_holm", "p_bh", "mark"]
    print_table(
        [name.replace("_", " ") for name in columns],
        moved.select(columns).head(_SHOWN).iter_rows(),
        title=f"{moved.height:,} of {categories.height:,} categories moved; p corrected for all",
    )
