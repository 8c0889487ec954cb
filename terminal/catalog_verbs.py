"""taxonomy: search it, show it, repair paths by it."""

from __future__ import annotations

from typing import Annotated

import typer

from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say
from workspace.taxonomy_views import repairs, search, shown
from workspace.workspace import Workspace

taxonomy = typer.Typer(help="Search, show and repair by the taxonomy.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.add_typer(taxonomy, name="taxonomy")


@taxonomy.command("search")
def taxonomy_search(
    text: Annotated[list[str], typer.Argument(help="Words, each the start of a word of the path.")],
    workspace: WorkspaceDir = HERE,
    limit: Annotated[int, typer.Option(min=1, help="Most results.")] = 20,
    leaves: Annotated[bool, typer.Option(help="Leaves alone.")] = False,
    as_json: Json = False,
) -> None:
    """Find a category as you would type it."""
    found = search(Workspace(workspace), " ".join(text), limit=limit, leaves_only=leaves)
    if as_json:
        print_json({"results": found.drop("code").to_dicts()})
    else:
        print_table(["id", "path", "leaf", "match"], found.drop("code").iter_rows())


@taxonomy.command("show")
def taxonomy_show(
    path: Annotated[str | None, typer.Argument(help="A category; the roots without it.")] = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Show a category: what is below it, its records and its attributes."""
    body = shown(Workspace(workspace), path)
    if as_json:
        print_json(body)
        return
    say(
        f"{body['name']} {body['version']}: {body['n_nodes']:,} categories, {body['n_leaves']:,} leaves"
    )
    print_table(
        ["id", "category", "leaf", "records"],
        [(c["node_id"], c["path"], c["is_leaf"], c["n_records"]) for c in body["children"]],
        title=body["path"] or "roots",
    )
    if body["attributes"]:
        print_table(
            ["attribute", "values"],
            [(k, "any" if v is None else ", ".join(v[:12])) for k, v in body["attributes"].items()],
        )


@taxonomy.command("repair")
def taxonomy_repair(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Paths; those of the records where none is given.")
    ] = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Propose the nearest valid path for each wrong one."""
    found = repairs(Workspace(workspace), paths or None)
    if as_json:
        print_json({"repairs": found.to_dicts()})
    else:
        print_table(
            ["wrong path", "rows", "nearest valid path", "score", "kind"], found.iter_rows()
        )
