"""label with language models: plan, try, run; and ledger, which says what was spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import GoldshelfError, InputError
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.running import watched
from workspace import way
from workspace.models.engines import Engine
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from workspace.models.planning import Plan

OVER_BUDGET = 1
_FIGURES = {
    "votes": "n_votes", "abstained": "n_abstained", "refused": "n_refused",
    "truncated": "n_truncated", "filtered": "n_filtered", "malformed": "n_malformed",
    "repaired": "n_repaired", "repaired share": "repaired_share", "outside": "n_outside",
    "failed": "n_failed", "in batches": "n_waiting", "not asked": "n_missing",
    "tokens in": "n_tokens_in", "tokens out": "n_tokens_out", "cost $": "cost_usd",
    "mean seconds": "mean_latency_s",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command()(ledger)


@dataclass(frozen=True)
class Asked:
    """What ``label`` is to do with the models."""

    plan: bool = False
    n_rows: int | None = None
    budget_usd: float | None = None
    resume: bool = False
    engine: Engine = "local"
    address: str | None = None


def ask(workspace: Workspace, names: list[str] | None, asked: Asked, as_json: bool) -> None:
    """Plan, try or run."""
    need_records(workspace)
    if asked.plan:
        _plan(workspace, names, as_json)
    elif asked.n_rows is not None:
        _try(workspace, names, asked.n_rows, as_json)
    else:
        _run(workspace, names, asked, as_json)


def need_records(workspace: Workspace) -> None:
    """Load the catalog where that was never done."""
    if workspace.snapshots.current("load") is None:
        with watched(workspace, "load") as progress:
            way.run(workspace, "load", progress=progress)


def ledger(
    workspace: WorkspaceDir = HERE,
    by: Annotated[
        str, typer.Option(help="Some of annotator,question,day,model.")
    ] = "annotator,question",
    as_json: Json = False,
) -> None:
    """Show what was spent on models, and what an accepted label has cost."""
    from workspace.models.spending import ledger as read_ledger

    found = read_ledger(Workspace(workspace))
    names = [name.strip() for name in by.split(",")]
    shown = found.by(*names)
    if as_json:
        print_json({**found.as_json(), "by": shown.to_dicts()})
        return
    print_table([_headed(name) for name in shown.columns], shown.iter_rows())
    print_table(
        ["annotator", "votes", "accepted in gold", "cost $", "$ per accepted label"],
        found.labels.select(
            "annotator", "n_votes", "n_accepted", "cost_usd", "usd_per_accepted"
        ).iter_rows(),
    )
    say(f"${found.cost_usd:,.4f} in all")


def _headed(column: str) -> str:
    told = {"cost_usd": "cost $", "most_unknown_usd": "in doubt, at most $"}
    return told.get(column, column.removeprefix("n_").replace("_", " "))


def _plan(workspace: Workspace, names: list[str] | None, as_json: bool) -> None:
    from workspace.models.planning import plan

    print_plan(plan(workspace, names), as_json)


def print_plan(made: Plan, as_json: bool) -> None:
    """Print what asking would take."""
    for note in made.notes:
        tell(note)
    if as_json:
        print_json(made.as_json())
        return
    print_table(
        [
            "annotator", "model", "rows", "requests", "in cache", "tokens in", "tokens out",
            "cost $", "as a batch $", "at most $", "minutes",
        ],
        [
            (
                o.annotator, o.model, o.n_rows, o.n_requests, o.n_cached, o.n_tokens_in,
                o.n_tokens_out, o.cost_usd, o.batch_usd, o.most_usd, o.duration_s / 60,
            )
            for o in made.annotators
        ],
    )  # fmt: skip
    cost, most = made.cost_usd, made.most_usd
    told = "cost unknown" if cost is None else f"about ${cost:,.2f}, at most ${most:,.2f} in all"
    say(f"{told}; nothing was sent")


def _try(workspace: Workspace, names: list[str] | None, n_rows: int, as_json: bool) -> None:
    from workspace.models.trying import try_rows

    with watched(workspace, "label --try") as progress:
        tried = try_rows(workspace, names, n_rows, progress=progress)
    if as_json:
        print_json({"tried": [one.as_json() for one in tried]})
        return
    for one in tried:
        again = f", try {one.request.attempt + 1}" if one.request.attempt else ""
        say(f"--- {one.annotator}, {one.question} of {one.record_id}{again}")
        say(one.request.system)
        say(one.request.prompt)
        if one.reply is None:
            tell(one.error or "not asked")
            continue
        say(f">>> {one.reply.outcome}{f': {one.error}' if one.error else ''}")
        say(one.reply.text)
        print_table(
            ["question", "value", "score", "repaired", "error"],
            [(v.question, v.value, v.score, v.is_repaired, v.error) for v in one.votes],
        )
        paid = "in the cache" if one.is_cached else _dollars(one.cost_usd)
        say(f"{one.reply.n_tokens_in:,} tokens in, {one.reply.n_tokens_out:,} out, {paid}")
    for told in dict.fromkeys(f"{one.annotator}: {note}" for one in tried for note in one.notes):
        tell(told)


def _run(workspace: Workspace, names: list[str] | None, asked: Asked, as_json: bool) -> None:
    from workspace.models.labelling import label_with_models

    need_budget(workspace, names, asked.budget_usd)
    with watched(workspace, "label") as progress:
        made = label_with_models(
            workspace,
            names,
            budget_usd=asked.budget_usd,
            resume=asked.resume,
            engine=asked.engine,
            address=asked.address,
            progress=progress,
        )
    for note in made.notes:
        if note not in made.troubles:
            tell(note)
    if as_json:
        print_json(made.as_json())
    else:
        asked_now = {n: f for n, f in made.figures.items() if names is None or n in names}
        rows = [(word, *(f.get(key) for f in asked_now.values())) for word, key in _FIGURES.items()]
        print_table(["", *asked_now], rows)
        say(f"${made.spent_usd:,.4f} spent now; `goldshelf run` brings the rest up to date")
    if made.troubles:
        raise GoldshelfError(" ".join(made.troubles))
    if made.stopped == "budget":
        raise typer.Exit(OVER_BUDGET)


def need_budget(workspace: Workspace, names: list[str] | None, budget_usd: float | None) -> None:
    """Refuse to ask what is known to cost something without a word on how much it may be."""
    from workspace.models.annotators import priced

    if budget_usd is None and (costly := priced(workspace, names)):
        raise InputError(
            f"asking {costly[0]} costs money: say how much it may be, such as --budget-usd 5, or "
            "look first with --plan."
        )


def _dollars(cost: float | None) -> str:
    return "cost unknown" if cost is None else f"${cost:,.6f}"
