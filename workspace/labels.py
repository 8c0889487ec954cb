"""The categories of freshly read records, made paths of the workspace's taxonomy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from catalog.paths import joined
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import read_taxonomy
from catalog.taxonomy.labels import GIVEN, Labels, relabelled, resolve_labels
from catalog.taxonomy.mapping import check_mapping, read_mapping
from catalog.wording import counted
from workspace.settings import TaxonomySettings
from workspace.snapshots import ROW_GROUP
from workspace.taxonomies import inferred_taxonomy


@dataclass(frozen=True)
class LabelledRecords:
    """Records whose labels were resolved, the taxonomy, and what is to be said of both."""

    records: Path
    taxonomy: Taxonomy
    figures: dict[str, int]
    notes: list[str]


def mapping_file(root: Path, text: str) -> Path:
    """The mapping file that a setting names; a relative one lies in the workspace."""
    return root / Path(text).expanduser()


def label_records(
    records: Path, settings: TaxonomySettings, root: Path, scratch: Path
) -> LabelledRecords:
    """Read the taxonomy, and make paths of labels that the mapping sends elsewhere or that are ids.

    Raises
    ------
    InputError
        If the taxonomy or the mapping cannot be read, or the mapping leads to another taxonomy.
    """
    rows = pl.scan_parquet(records)
    taxonomy = read_taxonomy(settings.source)
    mapping = None
    if settings.mapping is not None:
        mapping = read_mapping(mapping_file(root, settings.mapping))
        if taxonomy is not None:
            check_mapping(mapping, None, taxonomy, settings.mapping)
    if taxonomy is None and mapping is None:
        taxonomy = inferred_taxonomy(rows)
        found = resolve_labels(_labels(rows, taxonomy.nodes), None)
    else:
        found = resolve_labels(_labels(rows), taxonomy, mapping)
    if found.changed.height:
        changed = scratch / "labelled.parquet"
        relabelled(rows, found.changed).sink_parquet(
            changed, compression="zstd", row_group_size=ROW_GROUP
        )
        records = changed
    taxonomy = taxonomy or inferred_taxonomy(pl.scan_parquet(records))
    figures = {
        "n_mapped": found.n_mapped,
        "n_named": found.n_named,
        "n_unknown_ids": int(found.unknown_ids["n_records"].sum()),
    }
    return LabelledRecords(records, taxonomy, figures, _notes(found, settings, taxonomy))


def _labels(records: pl.LazyFrame, among: pl.DataFrame | None = None) -> pl.DataFrame:
    """``label, n_records``; only of roots without children where nodes are given."""
    if among is not None:
        lone = among.filter("is_leaf", pl.col("depth") == 1)["path_text"]
        records = records.filter(pl.col("category_path").list.len() == 1)
        records = records.filter(pl.col("category_path").list.first().is_in(lone.implode()))
    labels = records.select(joined("category_path").alias("label")).drop_nulls()
    return labels.group_by("label").len("n_records").sort("label").collect()


def _notes(found: Labels, settings: TaxonomySettings, taxonomy: Taxonomy) -> list[str]:
    notes: list[str] = []
    kept = f"; extra keeps what the source said as {GIVEN}"
    if settings.mapping is not None:
        notes.append(
            f"{counted(found.n_mapped, 'record')} got another category by {settings.mapping}{kept}"
        )
    if found.n_named:
        notes.append(
            f"{counted(found.n_named, 'record')} with a category id got its path in {taxonomy.name}{kept}"
        )
    if found.unknown_ids.height:
        first = found.unknown_ids["label"][0]
        n_records = counted(int(found.unknown_ids["n_records"].sum()), "record")
        why = (
            "pass --taxonomy google:PATH or shopify:PATH to name it"
            if settings.source == "inferred"
            else f"taxonomy {taxonomy.name} {taxonomy.version} has no such id"
        )
        notes.append(f"{n_records} with a category that is an id, such as {first!r}: {why}")
    return notes
