"""label --batch and --collect: hand requests in as batches, collect them later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from catalog.errors import GoldshelfError
from terminal.models_verbs import OVER_BUDGET, need_budget, need_records
from terminal.output import print_json, print_table, say, tell
from terminal.running import watched
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from workspace.models.batching import HandedIn


def hand_in(
    workspace: Workspace,
    names: list[str] | None,
    budget_usd: float | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Hand in what can be asked."""
    from workspace.models.batching import hand_in

    need_records(workspace)
    need_budget(workspace, names, budget_usd)
    with watched(workspace, "label --batch") as progress:
        made = hand_in(workspace, names, budget_usd=budget_usd, resume=resume, progress=progress)
    print_handed_in(made, "label", as_json)


def print_handed_in(made: HandedIn, verb: str, as_json: bool) -> None:
    """Print what was handed in, to be collected by a verb; ends with 1 where the budget did."""
    for note in made.notes:
        if note not in made.troubles:
            tell(note)
    if as_json:
        print_json(made.as_json())
    else:
        print_table(
            [
                "annotator", "requests", "in cache", "in batches", "handed in", "batches",
                "rest on answers", "at most $",
            ],
            [
                (
                    name, o.n_requests, o.n_kept, o.n_waiting, o.n_handed_in, o.n_batches,
                    o.n_resting, o.most_usd,
                )
                for name, o in made.annotators.items()
            ],
        )  # fmt: skip
        if made.n_handed_in:
            say(
                f"{made.n_handed_in:,} requests handed in, at most ${made.most_usd:,.4f}; `goldshelf "
                f"{verb} --collect` has the answers once they are there"
            )
        else:
            say("nothing was handed in")
    if made.troubles:
        raise GoldshelfError(" ".join(made.troubles))
    if made.stopped == "budget":
        raise typer.Exit(OVER_BUDGET)


def collect(workspace: Workspace, names: list[str] | None, wait: bool, as_json: bool) -> None:
    """Collect what has ended."""
    from workspace.models.collecting import collect

    with watched(workspace, "label --collect") as progress:
        made = collect(workspace, names, wait=wait, progress=progress)
    for note in made.notes:
        tell(note)
    if as_json:
        print_json(made.as_json())
        return
    if not made.batches:
        say("no batch is to be collected")
        return
    print_table(
        ["annotator", "batch", "state", "answers", "without", "lost", "cost $"],
        [
            (o.annotator, o.batch_id, o.state, o.n_answers, o.n_failed, o.n_lost, o.cost_usd)
            for o in made.batches
        ],
    )
    say(f"${made.cost_usd:,.4f} for these answers; `goldshelf run` brings the rest up to date")


def give_up(workspace: Workspace, batch_id: str, as_json: bool) -> None:
    """Close a batch that is gone for good."""
    from workspace.models.collecting import give_up

    give_up(workspace, batch_id)
    if as_json:
        print_json({"given_up": batch_id})
    else:
        say(f"{batch_id} is given up; what it may have cost stays in the ledger as unknown")
