"""import-run, runs, score, compare: predictions in, numbers with intervals and a verdict out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from catalog.errors import InputError
from terminal.judge_output import (
    JudgeOptions,
    answer_files,
    end_at_budget,
    judged_answers,
    prepare_judge,
    print_judge,
)
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import cell, print_json, print_table, say, tell
from terminal.published_output import (
    metric_row,
    print_published,
    print_published_difference,
    show_published_runs,
)
from terminal.slice_output import (
    Gates,
    Junit,
    Markdown,
    Slices,
    Train,
    failures,
    print_gates,
    print_slices,
)
from workspace.runs import (
    TwinScores,
    compare_run_files,
    format_options,
    import_file,
    known_formats,
    score_run_file,
    score_runs,
    twin_compare_files,
    twin_score_files,
)
from workspace.runs import runs as runs_of
from workspace.runs.definitions import metric_definitions
from workspace.runs.gates import gated_comparison, read_gates, slice_request, write_gate_reports
from workspace.runs.plain import compare_settings, task_named
from workspace.runs.slicing import run_slices
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from workspace.models.judged import Judged

GATE_FAILED = 1
_SHOWN = 15

Task = Annotated[
    str | None,
    typer.Option(
        help="classification, attributes, labels, pairs, ranking, recommendation, tags, answers or "
        "json_validity; classification, or what the run file tells, without it."
    ),
]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=f"The format of run files: {', '.join(known_formats())}; told from their content "
        "without it.",
    ),
]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filter",
        help="Which reading of a file: lm-eval filter, Inspect scorer, promptfoo prompt.",
    ),
]
Errors = Annotated[Path | None, typer.Option(help="The error file of a batch.")]
Keys = Annotated[
    Path | None, typer.Option(help="The keys of a list of answers alone, in its order.")
]
DefinitionName = Annotated[
    str | None,
    typer.Option(
        "--definition",
        help="A paper's own script beside the strict scores: extractgpt, wdc-pave, mave, ecellm, "
        "ecellm-ood, esci or amazonqa.",
    ),
]
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
    for verb in (runs, score, compare, metrics):
        app.command()(verb)


def import_run_(
    predictions: Annotated[Path, typer.Argument(help="The run: predictions.jsonl, or a tool's.")],
    card: Annotated[
        Path | None, typer.Argument(help="run.json; needed beside predictions.jsonl alone.")
    ] = None,
    workspace: WorkspaceDir = HERE,
    name: Annotated[str | None, typer.Option(help="What the run is called here.")] = None,
    model: Annotated[
        str | None, typer.Option(help="What answered, where the file does not tell it.")
    ] = None,
    form: Form = None,
    filter_: Filter = None,
    errors: Errors = None,
    keys: Keys = None,
    key: Key = None,
    replace: Annotated[bool, typer.Option(help="Take the place of a run of this name.")] = False,
    as_json: Json = False,
) -> None:
    """Bring a run's predictions in, checked against gold, split and export."""
    made = import_file(
        Workspace(workspace),
        predictions,
        card,
        form=form,
        options=format_options(filter=filter_, errors=errors, keys=keys, key=key),
        name=name,
        model=model,
        replace=replace,
    )
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


def metrics(
    task: Annotated[str | None, typer.Option(help="One task; all of them without it.")] = None,
    as_json: Json = False,
) -> None:
    """List what is measured, with the definition of each number."""
    found = metric_definitions(None if task is None else task_named(task))
    if as_json:
        print_json({"metrics": [vars(one) for one in found]})
        return
    for name in dict.fromkeys(one.task for one in found):
        rows = [
            (one.metric, "higher" if one.higher_is_better else "lower", one.definition)
            for one in found
            if one.task == name
        ]
        main = next(one.metric for one in found if one.task == name and one.is_main)
        print_table(["metric", "better", "what it is"], rows, title=f"{name}: {main} decides")


def score(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Runs of the workspace; all where none is named.")
    ] = None,
    task: Task = None,
    gold: Gold = None,
    pred: Annotated[Path | None, typer.Option(help="Predictions for the gold rows.")] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="A file that a tool wrote; its own gold counts without --gold."),
    ] = None,
    form: Form = None,
    filter_: Filter = None,
    errors: Errors = None,
    keys: Keys = None,
    definition: DefinitionName = None,
    taxonomy: TaxonomySpec = None,
    cluster_column: ClusterColumn = None,
    key: Key = None,
    slices: Slices = None,
    train: Train = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help="An annotator of the workspace that judges whether each answer is relevant to its "
            "question; with --task answers, --gold and --pred."
        ),
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help="What the judge may cost; never passed.")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Count what the last run spent against the budget too.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what the judge would take; send nothing.")
    ] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Hand in what the judge is asked, at half the price.")
    ] = False,
    collect: Annotated[
        bool, typer.Option("--collect", help="Collect the judge's batches that have ended.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Collect until every batch has ended.")
    ] = False,
    workspace: WorkspaceDir = HERE,
    force: Annotated[bool, typer.Option(help="Score again even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Score predictions against gold: every metric with its interval and its definition."""
    judging = JudgeOptions(judge, plan, budget_usd, resume, batch, collect, wait)
    judging.check(task, gold, pred)
    if train is not None and not slices:
        raise InputError("--train is for slices: pass --slice too.")
    asked = slice_request(slices, train=train) if slices else None
    if run is not None:
        if pred is not None:
            raise InputError("score takes --run or --pred, not both.")
        found = score_run_file(
            run,
            form,
            task=task,
            definition=definition,
            cluster_column=cluster_column,
            gold=gold,
            taxonomy=taxonomy,
            options=format_options(filter=filter_, errors=errors, keys=keys, key=key),
            slices=asked,
        )
        _show_scores(found, str(run), as_json)
        return
    if gold is None and pred is None:
        if train is not None:
            raise InputError("--train is for files: a workspace knows its train split.")
        opened, names = Workspace(workspace), runs or []
        if definition is not None:
            show_published_runs(opened, names, definition, as_json)
        else:
            _score_workspace(opened, names, force, as_json, slices or [])
        return
    if gold is None or pred is None:
        raise InputError("score needs both --gold and --pred, or a workspace with runs (-w DIR).")
    if judging.asks_no_score:
        asked_files = answer_files(gold, pred, key, cluster_column)
        prepare_judge(Workspace(workspace), asked_files, judging, as_json)
        return
    found = twin_score_files(
        task_named(task or "classification"),
        gold,
        pred,
        taxonomy=taxonomy,
        cluster_column=cluster_column,
        key=key,
        definition=definition,
        slices=asked,
    )
    judged = None
    if judge is not None:
        asked_files = answer_files(gold, pred, key, cluster_column)
        judged = judged_answers(Workspace(workspace), asked_files, judging)
    _show_scores(found, str(pred), as_json, judged)
    if judged is not None:
        end_at_budget(judged)


def _show_scores(
    found: TwinScores, title: str, as_json: bool, judged: Judged | None = None
) -> None:
    for note in [*found.strict.notes, *(judged.notes if judged else [])]:
        tell(note)
    body = found.as_json()
    if judged is not None:
        body["judge"] = judged.as_json()
    if as_json:
        print_json(body)
        return
    _print_scores(found.strict.as_json(), title)
    if found.strict.categories.width:
        _print_categories(found.strict.categories)
    print_slices(found.slices)
    if found.published is not None:
        print_published(body["published"])
    if judged is not None:
        print_judge(judged)
    _print_costs("costs", body.get("costs", {}))
    for line in body.get("published_lines", []):
        say(f"{line['system']}: {line['metric']} {line['value']:.4g} ({line['source']})")
    for name, values in body.get("reference_lines", {}).items():
        told = ", ".join(f"{metric} {cell(value)}" for metric, value in values.items())
        say(f"{name}: {told}")


def _print_costs(title: str, costs: dict[str, Any]) -> None:
    told = [f"{name} {cell(value)}" for name, value in costs.items() if value is not None]
    if told:
        say(f"{title}: {', '.join(told)}")


def _score_workspace(
    workspace: Workspace, names: list[str], force: bool, as_json: bool, slices: list[str]
) -> None:
    made = score_runs(workspace, names, force=force)
    parts = {one.run: run_slices(workspace, one.run, slices) for one in made} if slices else {}
    for one in made:
        for note in [*one.snapshot.notes, *(parts[one.run].notes if parts else ())]:
            tell(note)
    tables = {name: kept.read("slices") for name, kept in parts.items()}
    if as_json:
        print_json(
            {
                "ran": [one.run for one in made if one.is_new],
                "runs": {
                    one.run: {"snapshot": one.snapshot.id, **one.snapshot.figures}
                    | ({"slices": tables[one.run].to_dicts()} if tables else {})
                    for one in made
                },
            }
        )
        return
    for one in made:
        figures = one.snapshot.figures
        _print_scores(figures, f"{one.run} on split {figures['split']}")
        for line, values in figures["reference_lines"].items():
            for main in [name for name in ("accuracy", "f1") if name in values][:1]:
                say(f"{line}: {main} {values[main]:.1%}")
        if tables:
            print_slices(tables[one.run])


def _print_scores(body: dict[str, Any], title: str) -> None:
    rows = []
    for name, value in body.items():
        if isinstance(value, dict) and "value" in value:
            rows.append(metric_row(name, value, body))
        elif name == "accuracy_at_level":
            rows += [metric_row(f"{name}.{level}", one, body) for level, one in value.items()]
    clusters = "" if body["n_clusters"] is None else f" in {body['n_clusters']:,} groups"
    print_table(
        ["metric", "value", "low", "high", "rows", "what it is"],
        rows,
        title=f"{title}: {body['n_rows']:,} gold rows{clusters}",
    )
    say(", ".join(f"{name} {n:,}" for name, n in body["outcomes"].items() if n))
    if "counts" in body:
        what = "pairs" if body["task"] == "attributes" else "gold"
        say(f"{what}: " + ", ".join(f"{name} {n:,}" for name, n in body["counts"].items()))
    for name in ("valid categories", "interval"):
        if name in body["definitions"]:
            say(f"{name}: {body['definitions'][name]}")


def _print_categories(categories: pl.DataFrame) -> None:
    shown = categories.sort("support", descending=True, maintain_order=True).head(_SHOWN)
    columns = ["category", "support", "precision", "recall", "f1", "f1_low", "f1_high"]
    print_table(
        [name.replace("_", " ") for name in columns],
        shown.select(columns).iter_rows(),
        title=f"the {shown.height} largest of {categories.height:,} categories",
    )


def compare(
    baseline: Annotated[
        str,
        typer.Option(
            help="A prediction file, or a run of the workspace; several with commas are repeats."
        ),
    ],
    candidate: Annotated[str, typer.Option(help="Another one, on the same gold rows.")],
    task: Task = None,
    gold: Gold = None,
    form: Form = None,
    filter_: Filter = None,
    errors: Annotated[
        Path | None, typer.Option(help="The error file of the candidate's batch.")
    ] = None,
    baseline_errors: Annotated[
        Path | None, typer.Option(help="The error file of the baseline's batch.")
    ] = None,
    keys: Keys = None,
    definition: DefinitionName = None,
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
    slices: Slices = None,
    train: Train = None,
    gates_file: Gates = None,
    junit: Junit = None,
    markdown: Markdown = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Compare two runs on the same rows, with a verdict; exit 1 if a gate fails."""
    gates = gate or []
    asked = slice_request(slices or [], metric=metric, train=train) if slices or train else None
    gate_file = None if gates_file is None else read_gates(gates_file)
    if form is None and (errors is not None or baseline_errors is not None):
        raise InputError(
            "--errors and --baseline-errors go with files of a batch: --format FORMAT."
        )
    if form is not None:
        twin = compare_run_files(
            Path(baseline),
            Path(candidate),
            form,
            task=task,
            definition=definition,
            metric=metric,
            gates=gates,
            settings=compare_settings(margin=margin, level=level),
            cluster_column=cluster_column,
            gold=gold,
            taxonomy=taxonomy,
            options=format_options(filter=filter_, errors=errors, keys=keys, key=key),
            baseline_errors=baseline_errors,
            slices=asked,
            gate_file=gate_file,
        )
    elif gold is None:
        if train is not None:
            raise InputError("--train is for files: a workspace knows its train split.")
        opened = Workspace(workspace)
        settings = compare_settings(opened.settings.compare, margin=margin, level=level)
        twin = gated_comparison(
            opened,
            baseline,
            candidate,
            metric=metric,
            gates=gates,
            settings=settings,
            slices=asked,
            gate_file=gate_file,
            definition=definition,
        )
    else:
        twin = twin_compare_files(
            task_named(task or "classification"),
            gold,
            Path(baseline),
            Path(candidate),
            metric=metric,
            gates=gates,
            settings=compare_settings(margin=margin, level=level),
            taxonomy=taxonomy,
            cluster_column=cluster_column,
            key=key,
            definition=definition,
            slices=asked,
            gate_file=gate_file,
        )
    found = twin.strict
    write_gate_reports(twin, junit=junit, markdown=markdown)
    for note in found.notes:
        tell(note)
    if as_json:
        print_json(twin.as_json(n_rows))
    else:
        say(found.sentence)
        if found.effect_sentence not in found.sentence:
            say(found.effect_sentence)
        _print_differences(found.metrics, found.categories)
        print_slices(twin.slices)
        if twin.published is not None:
            print_published_difference(twin.published.as_json())
        for side, costs in twin.as_json(0).get("costs", {}).items():
            _print_costs(side, costs)
        for result in found.gates:
            say(result.sentence)
        print_gates(twin)
    if not twin.is_passed:
        tell(f"goldshelf: {'; '.join(failures(twin))}")
        raise typer.Exit(GATE_FAILED)


def _print_differences(metrics: pl.DataFrame, categories: pl.DataFrame) -> None:
    columns = ["metric", "baseline", "candidate", "difference", "low", "high"]
    is_told = ~(pl.col("baseline").is_nan() & pl.col("candidate").is_nan())
    print_table(columns, metrics.filter(is_told).select(columns).iter_rows())
    silent = metrics.filter(~is_told)["metric"].to_list()
    if silent:
        say(f"undefined in both: {', '.join(silent)}")
    moved = categories.filter(pl.col("difference") != 0).sort(
        pl.col("difference").abs() * pl.col("n"), descending=True, maintain_order=True
    )
    columns = ["category", "n", "difference", "low", "high", "p_holm", "p_bh", "mark"]
    print_table(
        [name.replace("_", " ") for name in columns],
        moved.select(columns).head(_SHOWN).iter_rows(),
        title=f"{moved.height:,} of {categories.height:,} categories moved; p corrected for all",
    )
