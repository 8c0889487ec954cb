"""How score and compare print what a paper's own script says, beside the strict scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terminal.output import cell, print_json, print_table, say, tell
from workspace.runs.published import main_of, published_runs
from workspace.workspace import Workspace


def show_published_runs(
    workspace: Workspace, names: Sequence[str], definition: str, as_json: bool
) -> None:
    """Runs of a workspace, strictly and by a published definition."""
    made = published_runs(workspace, names, definition)
    for one in made:
        for note in one.snapshot.notes:
            tell(f"{one.run}: {note}")
    bodies = {one.run: one.snapshot.figures for one in made}
    if as_json:
        print_json({"ran": [one.run for one in made if one.is_new], "runs": bodies})
        return
    rows = [
        (run, *_told(body["strict"]), *_told(body["published"])) for run, body in bodies.items()
    ]
    [strict, published] = (
        next(iter(bodies.values()))[of]["main"] for of in ("strict", "published")
    )
    columns = [f"strict {strict}", "low", "high", f"{definition} {published}", "low", "high"]
    print_table(["run", *columns], rows)
    for run, body in bodies.items():
        print_published(body["published"], run)
    for line in next(iter(bodies.values()))["published_lines"]:
        say(f"{line['system']}: {line['metric']} {line['value']:.4g} ({line['source']})")


def _told(body: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(main_of(body)[end] for end in ("value", "low", "high"))


def print_published(body: dict[str, Any], run: str | None = None) -> None:
    """Every metric of a published definition, and what its script counts."""
    rows = [
        metric_row(name, value, body)
        for name, value in body.items()
        if isinstance(value, dict) and "value" in value
    ]
    print_table(
        ["metric", "value", "low", "high", "rows", "what it is"],
        rows,
        title=f"{'' if run is None else f'{run}: '}published definition {body['definition']} "
        f"({body['source']})",
    )
    for line in (body["words"], *body["quirks"]):
        say(line)
    counted = [*body["counts"].items(), *((k, n) for k, n in body["dropped"].items() if n)]
    say(", ".join(f"{name} {n:,}" for name, n in counted))


def print_published_difference(body: dict[str, Any]) -> None:
    """Two runs by a published definition."""
    rows = [
        (
            name,
            one["baseline"]["value"],
            one["candidate"]["value"],
            *(one["difference"][end] for end in ("value", "low", "high")),
        )
        for name, one in body["metrics"].items()
    ]
    print_table(
        ["metric", "baseline", "candidate", "difference", "low", "high"],
        rows,
        title=f"published definition {body['definition']} ({body['source']})",
    )
    say(f"{body['metric']}: p {cell(body['p_value'])}, {body['p_method']}")


def metric_row(name: str, value: dict[str, Any], body: dict[str, Any]) -> tuple[Any, ...]:
    """A metric as a row: name, value, interval, rows, and what it is or why it is undefined."""
    ends = tuple(float("nan") if value[k] is None else value[k] for k in ("value", "low", "high"))
    told = body["definitions"].get(name, "")
    return (name, *ends, value["n"], value.get("reason") or told)
