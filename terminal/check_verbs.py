"""check: what is wrong with the catalog, before anyone labels it."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer

from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.running import watched
from workspace import way
from workspace.views.checks import checks_shown, require_check
from workspace.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command()(check)


def check(
    workspace: WorkspaceDir = HERE,
    name: Annotated[
        str | None, typer.Option("--check", help="Show what this check found, row by row.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Most rows of one check.")] = 20,
    force: Annotated[bool, typer.Option(help="Check even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Look at every record with every check; the settings' [check] turns some off."""
    opened = Workspace(workspace)
    if name is not None:
        require_check(name)
    with watched(opened, "check") as progress:
        made = way.run(opened, "check", progress=progress, force=force)
    for snapshot in made:
        for note in snapshot.notes:
            tell(f"{snapshot.step}: {note}")
    body = checks_shown(opened, name, limit=limit)
    if as_json:
        print_json(body)
    elif name is None:
        _print_summary(body)
    else:
        _print_rows(body)


def _print_summary(body: dict[str, Any]) -> None:
    print_table(
        ["check", "severity", "records", "evidences", "fixable"],
        [
            (
                line["check"], line["severity"], _count(line["n_rows"]),
                line.get("n_evidences"), _count(line["n_fixable"]),
            )
            for line in body["checks"]
        ],
        title=f"{body['n_records']:,} records",
    )  # fmt: skip
    for line in body["checks"]:
        if line["skipped"]:
            say(f"not run: {line['check']}: {line['skipped']}")
    tell("Show what one found: goldshelf check --check NAME")


def _count(n: int | None) -> float | int:
    return math.nan if n is None else n


def _print_rows(body: dict[str, Any]) -> None:
    rows = body["rows"]
    line = next(line for line in body["checks"] if line["check"] == body["check"])
    say(f"{line['check']} ({line['severity']}): {line['told']}")
    if line["skipped"]:
        say(f"not run: {line['skipped']}")
    print_table(
        ["record", "score", "what", "suggestion"],
        [(row["record_id"], row["score"], row["message"], row["suggestion"]) for row in rows],
        title=f"{len(rows):,} of {body['n_issues']:,}",
    )
