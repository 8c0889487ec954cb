"""init, load, run, status: make a workspace, bring it up to date, see where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.running import run_verb
from workspace import way
from workspace.models.votes import missing_votes
from workspace.named_values import pairs_of
from workspace.opening import Declared, init_workspace
from workspace.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    for verb in (init, load, run, status):
        app.command()(verb)


def init(
    folder: Annotated[Path, typer.Argument(help="The workspace folder to make.")],
    source: Annotated[list[str], typer.Option(help="A catalog file; several may be given.")],
    kind: Annotated[
        str | None,
        typer.Option(help="What the files are: catalog, mave, esci …; guessed where left out."),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN: overrule the guess, e.g. title=product_name."),
    ] = None,
    category_separator: Annotated[
        str | None, typer.Option(help="What parts the names of a category path.")
    ] = None,
    taxonomy: Annotated[
        str, typer.Option(help="shopify:PATH, google:PATH, FILE or inferred.")
    ] = "inferred",
    format_: Annotated[
        str | None, typer.Option("--format", help="csv, tsv, jsonl, json, parquet or xlsx.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="What parts the fields of a CSV.")] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8, cp1252, utf-16 …")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a spreadsheet.")] = None,
    allow_missing: Annotated[
        list[str] | None, typer.Option(help="A field that may be empty in every row.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE: an option of the kind of source.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a workspace for a catalog: guess how to read it, show the guess, write goldshelf.toml."""
    made = init_workspace(
        folder,
        Declared(
            paths=source,
            kind=kind,
            maps=map_ or [],
            category_separator=category_separator,
            taxonomy=taxonomy,
            format=format_,
            delimiter=delimiter,
            encoding=encoding,
            sheet=sheet,
            allow_missing=allow_missing or [],
            options=pairs_of(option or [], "--option"),
        ),
    )
    if as_json:
        print_json(made.as_json())
        return
    print_table(
        ["column", "becomes", "because", "five values"],
        [(c.column, c.field, c.reason, " · ".join(c.samples)) for c in made.choices],
        title=f"{made.root}: {made.how}",
    )
    tell(
        "Wrong? Run init again with --map FIELD=COLUMN. Right? Next: goldshelf run -w "
        + str(folder)
    )


def load(
    workspace: WorkspaceDir = HERE,
    force: Annotated[bool, typer.Option(help="Load even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Read the source files into records; what cannot be read goes to the quarantine."""
    run_verb(workspace, ["load"], as_json, force=force)


def run(
    steps: Annotated[
        list[str] | None, typer.Argument(help="Steps; all where none is named.")
    ] = None,
    workspace: WorkspaceDir = HERE,
    force: Annotated[bool, typer.Option(help="Run the named steps even if up to date.")] = False,
    as_json: Json = False,
) -> None:
    """Do all steps that are out of date."""
    run_verb(workspace, steps or [], as_json, force=force)


def status(workspace: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Show each step, its snapshot and its counts."""
    opened = Workspace(workspace)
    found = way.statuses(opened)
    doing = opened.doing()
    missing = missing_votes(opened)
    if as_json:
        print_json(
            {
                "workspace": str(opened.root),
                "doing": None if doing is None else {"verb": doing.verb, "step": doing.step},
                "steps": {
                    name: {
                        "state": s.state,
                        "why": s.why,
                        "snapshot": s.snapshot.id if s.snapshot else None,
                        "counts": s.snapshot.counts if s.snapshot else {},
                    }
                    for name, s in found.items()
                },
                "missing_votes": missing,
            }
        )
        return
    print_table(
        ["step", "state", "snapshot", "rows"],
        [
            (
                name,
                s.state + (f" ({s.why})" if s.why else ""),
                s.snapshot.id if s.snapshot else "",
                ", ".join(f"{t} {n:,}" for t, n in s.snapshot.counts.items()) if s.snapshot else "",
            )
            for name, s in found.items()
        ],
        title=str(opened.root),
    )
    for name, why in missing.items():
        say(f"votes of {name} are missing: {why} (goldshelf label --plan says what they cost)")
    if doing is not None:
        say(f"at work: goldshelf {doing.verb}, step {doing.step}")
