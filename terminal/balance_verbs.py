"""balance, shopping-list: even out the categories of train, and say which to label next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import InputError
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.running import watched
from workspace import way
from workspace.files.plain_files import write_frame
from workspace.snapshots import Snapshot
from workspace.views.balance import shopping
from workspace.workspace import Workspace

_NONE = "none"
_BY = {
    (True, False, False): "over",
    (False, True, False): "under",
    (True, True, False): "both",
    (False, False, True): "weights",
}


def balance(
    workspace: WorkspaceDir = HERE,
    method: Annotated[
        str | None,
        typer.Option(help="none, uniform, sqrt, temperature, effective, cap or floor."),
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="leaf (the whole path) or a depth from 1.")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Of the method temperature: 1 changes nothing, more is flatter."),
    ] = None,
    beta: Annotated[
        float | None, typer.Option(help="Of the method effective, in [0, 1): nearer 1 is flatter.")
    ] = None,
    total: Annotated[
        str | None, typer.Option(help="Rows wanted; none leaves it to the method.")
    ] = None,
    cap: Annotated[str | None, typer.Option(help="Most rows of a category, or none.")] = None,
    floor: Annotated[str | None, typer.Option(help="Fewest rows of a category, or none.")] = None,
    over: Annotated[bool, typer.Option("--over", help="Copy records; with --under, both.")] = False,
    under: Annotated[
        bool, typer.Option("--under", help="Drop records; with --over, both.")
    ] = False,
    weights: Annotated[
        bool, typer.Option("--weights", help="Neither: leave rows as they are and weigh them.")
    ] = False,
    max_repeats: Annotated[
        int | None, typer.Option(min=0, help="Most copies of a record beside itself.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another choice.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Most categories to print.")] = 50,
    force: Annotated[bool, typer.Option(help="Balance again even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Even out the categories of train; validation and test keep their distribution."""
    opened = Workspace(workspace)
    if weights and (over or under):
        raise InputError("--weights leaves every row as it is: take --over and --under away.")
    changes = {
        "method": method,
        "level": None if level is None else _level(level),
        "temperature": temperature,
        "beta": beta,
        "by": _BY.get((over, under, weights)),
        "max_repeats": max_repeats,
        "seed": seed,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    for name, text in (("total", total), ("cap", cap), ("floor", floor)):
        if text is not None:
            changes[name] = _number_or_none(name, text)
    with opened.trying("balance", **changes), watched(opened, "balance") as progress:
        made = way.run(opened, "balance", progress=progress, force=force)
    tell_notes(made)
    _print_balance(opened, made, rows, as_json)


def _print_balance(opened: Workspace, made: list[Snapshot], rows: int, as_json: bool) -> None:
    snapshot = opened.snapshot("balance")
    settings = opened.settings.balance
    table, short = snapshot.read("table"), snapshot.read("shortfall")
    even = snapshot.read("evenness")
    if as_json:
        print_json(
            {
                "ran": [s.step for s in made],
                "settings": settings.model_dump(mode="json"),
                "figures": snapshot.figures,
                "notes": snapshot.notes,
                "table": table.to_dicts(),
                "evenness": even.to_dicts(),
                "shortfall": short.to_dicts(),
            }
        )
        return
    weighed = [] if settings.changes_rows else ["weight"]
    columns = ["category", "n_before", "n_after", "weight_after"]
    shown = table.filter(level=str(settings.level)).select(
        *(columns if weighed else columns[:-1]), "n_brands_before", "n_brands_after"
    )
    shown = shown.sort("n_before", "category", descending=[True, False])
    if shown.height and rows:
        print_table(
            ["category", "rows before", "after", *weighed, "brands before", "after"],
            shown.head(rows).iter_rows(),
            title=f"{settings.method} at level {settings.level}, by {settings.by}",
        )
    if shown.height > rows:
        say(f"and {shown.height - rows:,} smaller categories: --rows {shown.height} prints all.")
    say(
        f"train: {snapshot.figures['n_before']:,} rows before, {snapshot.figures['n_after']:,} after"
    )
    if even.height:
        print_table(
            [
                "level",
                "categories",
                "Gini before",
                "after",
                "entropy before",
                "after",
                "most, bits",
            ],
            even.iter_rows(),
        )
    if not settings.changes_rows and "weights" in snapshot.figures:
        say(snapshot.figures["weights"]["formula"])
    if short.height and rows:
        print_table(
            ["short of the floor", "floor", "rows before", "after", "missing", "records needed"],
            short.head(rows).iter_rows(),
        )


def shopping_list(
    workspace: WorkspaceDir = HERE,
    run: Annotated[
        str | None, typer.Option(help="The scored run whose errors count; the newest without it.")
    ] = None,
    target: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Records that each category is to have; the floor, else the mean, without it.",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="Most categories to print.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Write all of them: .csv, .tsv, .parquet or .jsonl.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which categories to label next, the one where examples help most first."""
    found = shopping(Workspace(workspace), run=run, target=target)
    if out is not None:
        write_frame(found.sheet, out)
    if as_json:
        print_json({**found.as_json(), "out": None if out is None else str(out)})
        return
    say(f"{found.table.height:,} categories are below {found.target:,} records ({found.target_is})")
    headings = [
        "category",
        "train",
        "target",
        "missing",
        "gap",
        "share",
        "test",
        "error",
        "benefit",
    ]
    print_table(headings, found.table.head(rows).iter_rows())
    if found.table.height > rows:
        say(
            f"and {found.table.height - rows:,} of less benefit: --rows {found.table.height} prints all."
        )
    say(found.formula)
    say(
        "errors: no run of categories is scored"
        if found.run is None
        else f"errors: run {found.run}"
    )
    if out is not None:
        say(f"written to {out}")


def tell_notes(made: list[Snapshot]) -> None:
    """What steps said aloud, each line with its step."""
    for snapshot in made:
        for note in snapshot.notes:
            tell(f"{snapshot.step}: {note}")


def _level(text: str) -> int | str:
    if text != "leaf" and not (text.isdecimal() and int(text) >= 1):
        raise InputError(f"--level {text}: expected leaf or a depth such as 1 or 2.")
    return text if text == "leaf" else int(text)


def _number_or_none(name: str, text: str) -> int | None:
    if text == _NONE:
        return None
    if not text.isdecimal():
        raise InputError(f"--{name} {text}: expected a whole number from 1, or none.")
    return int(text)
