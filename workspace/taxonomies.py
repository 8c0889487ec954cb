"""The taxonomy of a workspace, kept with its records."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl

from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import INFERRED
from workspace.snapshots import Snapshot

NODES, ATTRIBUTES, VALUES = "taxonomy_nodes", "taxonomy_attributes", "taxonomy_values"


def inferred_taxonomy(records: pl.LazyFrame) -> Taxonomy:
    """The taxonomy that the labels of the records make."""
    paths = records.select(path="category_path").drop_nulls().unique().collect()
    given = paths.with_columns(node_id=pl.lit(None, pl.String))
    return Taxonomy.from_frame(given, name=INFERRED, version="1")


def taxonomy_tables(taxonomy: Taxonomy) -> dict[str, pl.DataFrame]:
    """The taxonomy as tables of a snapshot."""
    return {NODES: taxonomy.nodes, ATTRIBUTES: taxonomy.attributes, VALUES: taxonomy.values}


def taxonomy_of(snapshot: Snapshot) -> Taxonomy:
    """The taxonomy that a load snapshot keeps; read once, as a snapshot never changes."""
    told = snapshot.figures["taxonomy"]
    return _read(snapshot.folder, told["name"], told["version"])


@lru_cache(maxsize=8)
def _read(folder: Path, name: str, version: str) -> Taxonomy:
    tables = [pl.read_parquet(folder / f"{t}.parquet") for t in (NODES, ATTRIBUTES, VALUES)]
    return Taxonomy(name, version, *tables)


def taxonomy_files(spec: str) -> list[Path]:
    """The files that a taxonomy setting reads."""
    if spec == INFERRED:
        return []
    kind, _, rest = spec.partition(":")
    path = Path(rest if kind in ("shopify", "google") else spec).expanduser()
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix in (".txt", ".yml", ".json"))
