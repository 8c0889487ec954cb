"""predict, report: baselines for a verdict, and the verdict as one page to mail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.running import watched
from workspace.reports import write_report
from workspace.runs.predicting import predict_baseline
from workspace.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command()(predict)
    app.command()(report)


def predict(
    baselines: Annotated[
        list[str], typer.Option("--with", help="majority, knn or linear; several may be given.")
    ],
    workspace: WorkspaceDir = HERE,
    split: Annotated[str, typer.Option(help="The split to answer.")] = "test",
    name: Annotated[str | None, typer.Option(help="What the run is called.")] = None,
    seed: Annotated[int, typer.Option(help="Decides what is learned of a large category.")] = 7,
    as_json: Json = False,
) -> None:
    """Answer a held-out split with baselines that need no key; each is kept as a run."""
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
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    workspace: WorkspaceDir = HERE,
    baseline: Annotated[str | None, typer.Option(help="A run; the second best without it.")] = None,
    candidate: Annotated[str | None, typer.Option(help="A run; the best without it.")] = None,
    metric: Annotated[str | None, typer.Option(help="What decides; accuracy without it.")] = None,
    gate: Annotated[
        list[str] | None, typer.Option(help="METRIC>=NUMBER, on the lower bound.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write one self-contained page: the verdict, its evidence and what it rests on."""
    written = write_report(
        Workspace(workspace), out, baseline=baseline, candidate=candidate, metric=metric,
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
