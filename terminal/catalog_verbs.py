"""taxonomy: search it, show it, repair paths by it, compare versions, migrate to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.wording import counted
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from workspace.migrations import diff_taxonomies, migrate, plan_workspace_migration
from workspace.views.taxonomy import repairs, search, shown
from workspace.workspace import Workspace

taxonomy = typer.Typer(
    help="Search, show, repair, compare and migrate the taxonomy.", no_args_is_help=True
)


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


@taxonomy.command("diff")
def taxonomy_diff(
    old: Annotated[str, typer.Argument(help="shopify:PATH, google:PATH or FILE.")],
    new: Annotated[str, typer.Argument(help="The newer one, named alike.")],
    limit: Annotated[int, typer.Option(min=1, help="Most changes to print; JSON has all.")] = 100,
    as_json: Json = False,
) -> None:
    """Two versions side by side: what was added, removed, moved and renamed."""
    found = diff_taxonomies(old, new)
    if as_json:
        print_json(found.as_json())
        return
    say(", ".join(f"{name} {n:,}" for name, n in found.counts.items()))
    shown = found.changes.select("change", "old_path", "new_path", "how").head(limit)
    print_table(["change", "old path", "new path", "found by"], shown.iter_rows())
    if found.changes.height > limit:
        say(f"{found.changes.height - limit:,} more: --limit, or --json for all.")


@taxonomy.command("migrate")
def taxonomy_migrate(
    to: Annotated[str, typer.Option(help="shopify:PATH, google:PATH or FILE.")],
    workspace: WorkspaceDir = HERE,
    mapping: Annotated[
        Path | None, typer.Option(help="The publisher's mapping, or a CSV of old and new path.")
    ] = None,
    nearest: Annotated[
        bool, typer.Option(help="Also take the nearest path where nothing else is found.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Show what would become of it, alone.")] = False,
    as_json: Json = False,
) -> None:
    """Turn the workspace to another taxonomy: old path, new path, and what would be lost."""
    opened = Workspace(workspace)
    planned = plan_workspace_migration(opened, to, mapping, takes_nearest=nearest)
    file = None if dry_run else migrate(opened, planned)
    if as_json:
        print_json({**planned.as_json(), "mapping": None if file is None else str(file)})
        return
    found = planned.migration
    print_table(
        ["old path", "records", "new path", "found by", "likeness", "applied"],
        found.table.select(
            "from_path", "n_records", "to_path", "how", "score", "is_applied"
        ).iter_rows(),
    )
    say(
        f"{counted(found.n_lost, 'record')} of {found.n_records:,} would have a category that "
        f"{planned.new.name} {planned.new.version} does not know"
    )
    if planned.n_decisions:
        say(
            f"{counted(planned.n_decisions, 'decision')} of people name a category that changes; "
            "they stay as they are: look at them again"
        )
    if file is not None:
        tell(f"Written to {file} and goldshelf.toml. Next: goldshelf run -w {workspace}")
