"""brands: which brands may be one, which fill a gap, and what a person decides of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import InputError
from catalog.wording import counted
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.review_verbs import Reviewer, show_log
from terminal.running import watched
from workspace.brands import aliases_of, because, brands_told, look_for_brands
from workspace.files.brand_files import require_aliases, write_aliases
from workspace.review.brands import decide_alias, decide_fills
from workspace.review.decisions import Logged
from workspace.workspace import Workspace

brands = typer.Typer(
    help="Brands that may be one, and brands that stand in the title alone; a person decides.",
    invoke_without_command=True,
)
First = Annotated[str, typer.Argument(help="A brand, in any spelling.")]
Second = Annotated[str, typer.Argument(help="The other one.")]
Reason = Annotated[str | None, typer.Option(help="Why; kept in the log.")]


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.add_typer(brands, name="brands")


@brands.callback()
def brands_verb(
    context: typer.Context,
    workspace: WorkspaceDir = HERE,
    limit: Annotated[int, typer.Option(min=1, help="Rows of each table.")] = 20,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the accepted pairs, for --brand-aliases: .csv, .json …"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show which brands may be one, and which brands stand in the title alone."""
    if context.invoked_subcommand is not None:
        if out is not None:
            raise InputError("--out is of `goldshelf brands` alone: decide first, then write.")
        return
    opened = Workspace(workspace)
    if out is not None:
        require_aliases(out)
    with watched(opened, "brands") as progress:
        look_for_brands(opened, progress)
    if out is not None:
        groups = aliases_of(opened)
        write_aliases(groups, out)
        tell(f"{out}: {counted(len(groups), 'group')} of names of one brand")
    if as_json:
        print_json(brands_told(opened))
        return
    told = brands_told(opened, limit=limit)
    print_table(
        ["brand", "products", "may be", "products", "because", "decided"],
        [
            (a["name_a"], a["products_a"], a["name_b"], a["products_b"], because(a), a["decision"])
            for a in told["aliases"]
        ],
        title=f"{counted(told['n_aliases'], 'pair')} that may be one brand",
    )
    print_table(
        ["record", "title", "brand", "where", "right", "of", "decided"],
        [
            (m["record_id"], m["title"], m["brand"], m["where"], m["n_right"], m["n_named"],
             m["decision"])
            for m in told["missing"]
        ],
        title=f"{told['n_fills']:,} of {told['n_without_brand']:,} records without a brand name one",
    )  # fmt: skip
    if told["n_tried"]:
        say(
            f"Tried on the {told['n_tried']:,} titles whose brand is known, the same rule is right in "
            f"{told['precision']:.1%}."
        )
    say(
        f"{counted(told['aliases_waiting'], 'pair')} and {counted(told['missing_waiting'], 'gap')} to "
        "decide. Nothing is merged unseen: goldshelf brands accept A B, reject A B, fill ID."
    )


@brands.command()
def accept(
    first: First,
    second: Second,
    workspace: WorkspaceDir = HERE,
    reason: Reason = None,
    reviewer: Reviewer = None,
    as_json: Json = False,
) -> None:
    """Say that two brands are one: they tie records, and count as one in the certificate."""
    opened = Workspace(workspace)
    _tell(decide_alias(opened, first, second, same=True, reason=reason, reviewer=reviewer), as_json)


@brands.command()
def reject(
    first: First,
    second: Second,
    workspace: WorkspaceDir = HERE,
    reason: Reason = None,
    reviewer: Reviewer = None,
    as_json: Json = False,
) -> None:
    """Say that two brands are different."""
    opened = Workspace(workspace)
    _tell(
        decide_alias(opened, first, second, same=False, reason=reason, reviewer=reviewer), as_json
    )


@brands.command()
def fill(
    records: Annotated[list[str] | None, typer.Argument(help="Records without a brand.")] = None,
    workspace: WorkspaceDir = HERE,
    all_of: Annotated[
        str | None, typer.Option(help="All records for which this brand is proposed.")
    ] = None,
    brand: Annotated[str | None, typer.Option(help="Another brand than the proposed one.")] = None,
    leave: Annotated[bool, typer.Option(help="Refuse the proposal instead.")] = False,
    reason: Reason = None,
    reviewer: Reviewer = None,
    as_json: Json = False,
) -> None:
    """Give records the brand that their title names; gold then has it."""
    _tell(
        decide_fills(
            Workspace(workspace), records or [], brand=brand, all_of=all_of, leave=leave,
            reason=reason, reviewer=reviewer,
        ),
        as_json,
    )  # fmt: skip


def _tell(entries: list[Logged], as_json: bool) -> None:
    if as_json:
        print_json({"log": [entry.as_json() for entry in entries]})
    else:
        show_log(entries)
