"""queue, decide, undo, log: what the Review page does, scriptable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import InputError
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say
from workspace.review.bulk import verdicts_from_file
from workspace.review.decisions import Logged, Verdict, decide, log
from workspace.review.queue import QueueFilter, card, queue, standing
from workspace.review.ratings import QUESTIONS
from workspace.review.undoing import undo
from workspace.workspace import Workspace

Reviewer = Annotated[str | None, typer.Option(help="Who decides; the user of this machine.")]


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command("queue")(queue_verb)
    app.command("decide")(decide_verb)
    app.command("undo")(undo_verb)
    app.command("log")(log_verb)


def queue_verb(
    record: Annotated[str | None, typer.Argument(help="Show one record whole.")] = None,
    workspace: WorkspaceDir = HERE,
    reviewer: Reviewer = None,
    level: Annotated[int | None, typer.Option(help="Votes that part at this level.")] = None,
    check: Annotated[str | None, typer.Option(help="Records of which this check speaks.")] = None,
    category: Annotated[str | None, typer.Option(help="Records below this category.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: Json = False,
) -> None:
    """Show which records wait for a person, the most useful first; or one record whole."""
    opened = Workspace(workspace)
    if record is not None:
        _show_card(opened, record, as_json)
        return
    rows = queue(
        opened, reviewer, wanted=QueueFilter(level, check, category), limit=limit
    ).to_dicts()
    counts = standing(opened)
    if as_json:
        print_json({**counts, "queue": rows})
        return
    print_table(
        ["record", "priority", "parts at level", "checks"],
        [(r["record_id"], r["priority"], r["level"], ", ".join(r["checks"] or [])) for r in rows],
    )
    say(f"{counts['waiting']:,} wait, {counts['decided']:,} decided")


def _show_card(opened: Workspace, record: str, as_json: bool) -> None:
    shown = card(opened, record)
    if as_json:
        body = vars(shown) | {"history": [entry.as_json() for entry in shown.history]}
        print_json(body)
        return
    say(f"{record}: {shown.record['title'] or '(no title)'}")
    say(f"suggestion: {shown.suggestion}")
    print_table(
        ["who", "what", "score", "parts at level"],
        [(v["annotator_id"], v["value"], v["score"], v["parts_at"]) for v in shown.votes],
    )
    if shown.issues:
        print_table(["check", "message"], [(i["check"], i["message"]) for i in shown.issues])
    show_log(shown.history)


def decide_verb(
    record: Annotated[str | None, typer.Argument(help="The record to decide.")] = None,
    workspace: WorkspaceDir = HERE,
    category: Annotated[str | None, typer.Option(help="Its category, 'A > B > C'.")] = None,
    accept: Annotated[bool, typer.Option(help="The suggestion is right.")] = False,
    skip: Annotated[bool, typer.Option(help="Decide nothing; it comes back last.")] = False,
    drop: Annotated[bool, typer.Option(help="Leave it out of gold.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; kept in the log.")] = None,
    reviewer: Reviewer = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A file of record_id, category or action, reason: all or none."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Decide one record, or many from a file."""
    opened = Workspace(workspace)
    if from_file is not None:
        verdicts = verdicts_from_file(opened, from_file)
    elif record is None:
        raise InputError("decide: name a record, or --from FILE.")
    else:
        verdicts = [_verdict(opened, record, category, accept, skip, drop, reason)]
    entries = decide(opened, verdicts, reviewer)
    if as_json:
        print_json({"log": [entry.as_json() for entry in entries]})
    else:
        show_log(entries)


def _verdict(
    opened: Workspace, record: str, category: str | None, accept: bool, skip: bool, drop: bool,
    reason: str | None,
) -> Verdict:  # fmt: skip
    if (category is not None) + accept + skip + drop != 1:
        raise InputError("decide: pass one of --category PATH, --accept, --skip, --drop.")
    if category is not None:
        return Verdict(record, "choose", category, reason=reason)
    if accept:
        return Verdict(record, "accept", card(opened, record).suggestion, reason=reason)
    return Verdict(record, "skip" if skip else "drop", reason=reason)


def undo_verb(
    workspace: WorkspaceDir = HERE,
    reviewer: Reviewer = None,
    bulk: Annotated[str | None, typer.Option(help="Undo this bulk action.")] = None,
    as_json: Json = False,
) -> None:
    """Take back the last thing that was done, a bulk action as one."""
    entries = undo(Workspace(workspace), reviewer, bulk_id=bulk)
    if as_json:
        print_json({"log": [entry.as_json() for entry in entries]})
    else:
        show_log(entries)


def log_verb(
    workspace: WorkspaceDir = HERE,
    record: Annotated[str | None, typer.Option(help="One record alone.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show who changed what, when and why, newest first."""
    entries = log(Workspace(workspace), record_id=record, limit=limit)
    if as_json:
        print_json({"log": [entry.as_json() for entry in entries]})
    else:
        show_log(entries)


def show_log(entries: list[Logged]) -> None:
    """Print lines of the log; nothing where there are none."""
    if not entries:
        return
    print_table(
        ["no.", "when", "who", "record", "did", "before", "after", "why"],
        [
            (
                e.id,
                e.at,
                e.reviewer,
                e.record_id,
                f"{e.action} {QUESTIONS[e.question]}" if e.question in QUESTIONS else e.action,
                _state(e.before),
                _state(e.after),
                e.reason,
            )
            for e in entries
        ],
    )


def _state(state: dict[str, object] | None) -> str:
    if state is None:
        return ""
    return str(state["value"] or state["action"]) if "value" in state else json.dumps(state)
