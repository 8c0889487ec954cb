"""predict, report: baselines for a verdict, and the verdict as one page to mail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import InputError
from terminal.options import HERE, Batch, Collect, Json, Resume, Wait, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.prompted_verbs import PromptedOptions, predict_prompted
from terminal.running import watched
from workspace.reports.writing import FORMATS, write_report
from workspace.runs.predicting import predict_baseline
from workspace.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command()(predict)
    app.command()(report)


def predict(
    baselines: Annotated[
        list[str] | None,
        typer.Option("--with", help="majority, knn or linear; several may be given."),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(help="A model of [annotators.NAME] that is prompted.")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="The server of a checkpoint, such as http://localhost:8000/v1."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="What the checkpoint is called at the endpoint.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(help="zero-shot (without it), few-shot or retrieval: examples of train."),
    ] = None,
    examples: Annotated[
        int | None, typer.Option(help="How many examples are shown; 4 without it.")
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            help="What is asked: classification, attributes, answers, pairs, labels, recommendation, "
            "ranking or tags."
        ),
    ] = "classification",
    workspace: WorkspaceDir = HERE,
    split: Annotated[str, typer.Option(help="The split to answer.")] = "test",
    name: Annotated[str | None, typer.Option(help="What the run is called.")] = None,
    export: Annotated[
        str | None, typer.Option(help="The export that says what is asked, by its folder.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help="How an endpoint is asked: chat, completion or alpaca."),
    ] = None,
    key_variable: Annotated[
        str | None, typer.Option(help="The environment variable that holds the endpoint's key.")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Which weights the endpoint has now, such as step-800; asked anew."),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="The longest answer of an endpoint; 512 without it.")
    ] = None,
    concurrent: Annotated[
        int | None, typer.Option(help="Requests in flight at an endpoint; 8 without it.")
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            help="Draws the rows that a baseline learns, or what a prompt shows, and in which order."
        ),
    ] = 7,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what asking would take; send nothing.")
    ] = False,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help="Never spend more than this.")
    ] = None,
    resume: Resume = False,
    batch: Batch = False,
    collect: Collect = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Answer a held-out split by baselines without a key, prompted models or a served checkpoint."""
    told = PromptedOptions(
        annotator, endpoint, model, prompt, task, split, examples, seed, export, template,
        key_variable, checkpoint, max_tokens, concurrent, name, plan, budget_usd, resume, batch, collect, wait,
    )  # fmt: skip
    if told.is_wanted and baselines:
        raise InputError("--with, --annotator and --endpoint: leave all but one of them out.")
    if told.is_wanted:
        predict_prompted(Workspace(workspace), told, as_json)
        return
    if not baselines:
        raise InputError(
            "nobody is to predict: name --with knn, --annotator NAME or --endpoint URL."
        )
    if task != "classification":
        raise InputError(f"--task {task}: baselines that need no key answer classification alone.")
    opened = Workspace(workspace)
    made = []
    with watched(opened, "predict") as progress:
        for baseline in baselines:
            progress.step(baseline)
            made.append(
                predict_baseline(
                    opened, baseline, split=split, name=name, seed=seed, progress=progress
                )
            )
        progress.close()
    for run in made:
        for note in run.snapshot.notes:
            tell(f"{run.name}: {note}")
    if as_json:
        print_json({"runs": [run.as_json() for run in made]})
        return
    print_table(
        ["run", "rows", "coverage", ""],
        [
            (
                r.name,
                r.snapshot.figures["n_rows"],
                r.snapshot.figures["coverage"],
                "" if r.is_new else "as before",
            )
            for r in made
        ],
    )


def report(
    out: Annotated[
        Path | None, typer.Option(help="The file to write; report.html, .csv … without it.")
    ] = None,
    workspace: WorkspaceDir = HERE,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help=f"{', '.join(FORMATS)}; what the file's name ends in without it."
        ),
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="A run; the second best without it.")] = None,
    candidate: Annotated[str | None, typer.Option(help="A run; the best without it.")] = None,
    metric: Annotated[str | None, typer.Option(help="What decides; accuracy without it.")] = None,
    gate: Annotated[
        list[str] | None, typer.Option(help="METRIC>=NUMBER, on the lower bound.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write the verdict, its evidence and what it rests on: one self-contained page, or its figures."""
    written = write_report(
        Workspace(workspace), out, form=form, baseline=baseline, candidate=candidate, metric=metric,
        gates=gate or [],
    )  # fmt: skip
    if as_json:
        print_json(
            {"file": str(written.path), "sentence": written.sentence, "passed": written.passed}
        )
    else:
        say(written.sentence)
        say(f"written to {written.path}")
    return 0 if written.passed else 1
