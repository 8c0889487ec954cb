"""load: the source files into records, a quarantine and the taxonomy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from curation.sources.kinds import kind_named
from workspace.filled import filled_counts
from workspace.labels import label_records, mapping_file
from workspace.settings import Settings
from workspace.snapshots import ROW_GROUP, Frame, Output
from workspace.step import Context, Step
from workspace.taxonomies import taxonomy_files, taxonomy_tables

HUB = "hub:"

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def _decides(settings: Settings) -> Any:
    told = {
        "source": settings.source.model_dump(mode="json"),
        "taxonomy": settings.taxonomy.model_dump(mode="json", exclude_none=True),
    }
    version = kind_named(settings.source.kind).version
    return told if version == 1 else {**told, "kind_version": version}


def _outside(workspace: Workspace) -> dict[str, str]:
    settings = workspace.settings
    files = [*source_files(settings.source.paths), *taxonomy_files(settings.taxonomy.source)]
    if settings.taxonomy.mapping is not None:
        files.append(mapping_file(workspace.root, settings.taxonomy.mapping))
    return {str(path): workspace.file_hash(path) for path in files}


def source_files(paths: list[str]) -> list[Path]:
    """The files that source paths mean: a folder is all files below it, a hub name is none."""
    files: list[Path] = []
    for text in paths:
        path = Path(text.removeprefix(HUB))
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.is_file())
        elif not text.startswith(HUB):
            files.append(path)
    return files


def _run(context: Context) -> Output:
    settings = context.settings
    kind = kind_named(settings.source.kind)
    kind.checked_options(settings.source.options)
    loaded = kind.load(settings.source, context.scratch, context.progress)
    context.progress(1, 3, "mapping records")
    records = loaded.records
    if isinstance(records, pl.LazyFrame):
        records = context.scratch / "records.parquet"
        loaded.records.sink_parquet(records, compression="zstd", row_group_size=ROW_GROUP)  # type: ignore[union-attr]
    context.progress(2, 3, "reading the taxonomy")
    labelled = label_records(records, settings.taxonomy, context.workspace.root, context.scratch)
    records, taxonomy = labelled.records, labelled.taxonomy
    figures = {
        **loaded.figures,
        "labels": labelled.figures,
        "filled": filled_counts(records),
        "taxonomy": {
            "name": taxonomy.name,
            "version": taxonomy.version,
            "fingerprint": taxonomy.fingerprint,
            "n_nodes": len(taxonomy),
            "n_leaves": int(taxonomy.nodes["is_leaf"].sum()),
            "max_depth": taxonomy.max_depth,
        },
    }
    tables: dict[str, Frame] = {
        "records": records,
        "quarantine": loaded.quarantine,
        **taxonomy_tables(taxonomy),
    }
    return Output(tables, figures, [*loaded.notes, *labelled.notes])


STEP = Step("load", (), _decides, _run, outside=_outside)
