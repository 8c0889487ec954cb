"""import-run, runs, metrics, and with them score and compare: predictions in, a verdict out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terminal.compare_verb import compare
from terminal.evaluation_options import Errors, Filter, Form, Key, Keys
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.score_verb import score
from workspace.runs import format_options, import_file
from workspace.runs import runs as runs_of
from workspace.runs.definitions import metric_definitions
from workspace.runs.plain import task_named
from workspace.workspace import Workspace


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
    task: Annotated[
        str | None, typer.Option(help="What was asked, where neither file nor run.json tells it.")
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
        task=task,
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
    if found.is_empty():
        say("no runs yet. Bring one in with `goldshelf import-run PREDICTIONS.jsonl RUN.json`.")
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
