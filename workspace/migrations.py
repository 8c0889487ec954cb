"""Another taxonomy, or another version of it, for a workspace: planned, shown, applied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.paths import joined
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import INFERRED, read_taxonomy
from catalog.taxonomy.mapping import check_mapping, read_mapping
from catalog.taxonomy.migration import Migration, plan_migration
from catalog.taxonomy.versions import TaxonomyDiff, compare_taxonomies
from catalog.votes import CATEGORY
from workspace.atomic import write_text
from workspace.labels import mapping_file
from workspace.opening import absolute_taxonomy
from workspace.review.decisions import decisions_frame
from workspace.workspace import Workspace


@dataclass(frozen=True)
class Planned:
    """A migration of a workspace that has not happened yet.

    Attributes
    ----------
    n_decisions
        Decisions of people that name a category whose path changes or is lost; they stay as
        they are and want another look.
    """

    to: str
    old: Taxonomy
    new: Taxonomy
    migration: Migration
    n_decisions: int

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "from": {"name": self.old.name, "version": self.old.version},
            "to": {"name": self.new.name, "version": self.new.version},
            "n_decisions": self.n_decisions,
            **self.migration.as_json(),
        }


def diff_taxonomies(old: str, new: str) -> TaxonomyDiff:
    """Two taxonomies side by side, each named as ``--taxonomy`` names one.

    Raises
    ------
    InputError
        If one of them cannot be read.
    """
    return compare_taxonomies(_read(old), _read(new))


def plan_workspace_migration(
    workspace: Workspace, to: str, mapping: Path | None = None, *, takes_nearest: bool = False
) -> Planned:
    """What the records of a workspace would become in another taxonomy. Changes nothing.

    Raises
    ------
    InputError
        If the taxonomy or the mapping cannot be read, or the mapping is between others.
    WorkspaceError
        If nothing is loaded yet.
    """
    old, new = workspace.taxonomy(), _read(to)
    told = None
    if mapping is not None:
        told = read_mapping(mapping)
        check_mapping(told, old, new, str(mapping))
    records = workspace.snapshot("load").scan("records")
    labels = records.select(joined("category_path").alias("path_text")).drop_nulls()
    counts = labels.group_by("path_text").len("n_records").sort("path_text").collect()
    found = plan_migration(old, new, counts, told, takes_nearest=takes_nearest)
    same = found.table.filter(pl.col("is_applied") & (pl.col("from_path") == pl.col("to_path")))
    decided = decisions_frame(workspace).filter(pl.col("question") == CATEGORY)["value"]
    is_there = pl.Series(new.codes(decided) >= 0, dtype=pl.Boolean)
    is_kept = decided.is_in(same["from_path"].implode()) | is_there
    return Planned(to, old, new, found, int((~is_kept).sum()))


def migrate(workspace: Workspace, planned: Planned) -> Path:
    """Turn a workspace to the taxonomy of a plan: its mapping file, then its settings.

    The mapping is a new file in the workspace, from the labels of the source to the new paths
    (an earlier mapping is carried on), so that the next ``load`` gives the new categories and
    keeps the source's own in ``extra``. Nothing else is touched: snapshots stay until the next
    run, and so does the earlier mapping.
    """
    rows = planned.migration.nodes
    earlier = workspace.settings.taxonomy.mapping
    if earlier is not None:
        rows = _carried_on(read_mapping(mapping_file(workspace.root, earlier)), rows)
    number = 1
    while (file := workspace.root / f"taxonomy-mapping-{number}.csv").exists():
        number += 1
    write_text(file, rows.select("from", "to", "from_id").write_csv())
    source = absolute_taxonomy(planned.to)
    workspace.change("taxonomy", source=source, mapping=file.name if rows.height else None)
    return file


def _carried_on(earlier: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """An earlier mapping followed by this one; labels that the earlier does not name join."""
    step = rows.select(to="from", then="to")
    first = (
        earlier.drop_nulls("to")
        .join(step, on="to", how="left", maintain_order="left")
        .select(
            pl.col("label").alias("from"),
            pl.coalesce("then", "to").alias("to"),
            from_id=pl.lit(None, pl.String),
        )
    )
    return pl.concat([first, rows.join(first, on="from", how="anti", maintain_order="left")])


def _read(spec: str) -> Taxonomy:
    taxonomy = read_taxonomy(spec)
    if taxonomy is None:
        raise InputError(
            f"taxonomy {INFERRED!r} is made from the records, and cannot be compared. Pass "
            "shopify:PATH, google:PATH or FILE."
        )
    return taxonomy
