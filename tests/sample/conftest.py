"""The sample catalog, loaded and checked once."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[2] / "datasets" / "sample"
MAPS = [f"attributes.{name}={name.lower()}" for name in ("Colour", "Size", "Material", "Capacity")]


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Workspace, records, issues and what was planted."""
    folder = tmp_path_factory.mktemp("sample") / "shop"
    declared = Declared(
        paths=[str(SAMPLE / "products.csv")], taxonomy=str(SAMPLE / "taxonomy.json"), maps=MAPS
    )
    opened = init_workspace(folder, declared)
    workspace = Workspace(folder)
    way.run(workspace, "check")
    records = workspace.snapshot("load").read("records")
    planted = json.loads((SAMPLE / "planted.json").read_text("utf-8"))
    by_title = dict(records.select("title", "record_id").iter_rows())
    wanted = [
        {"kind": kind, "check": entry["found_by"], "record_id": record_id, **told(item)}
        for kind, entry in planted.items()
        for item in entry["items"]
        for record_id in ids_of(item, by_title)
    ]
    return SimpleNamespace(
        folder=SAMPLE,
        opened=opened,
        workspace=workspace,
        records=records,
        issues=workspace.snapshot("check").read("issues"),
        summary=workspace.snapshot("check").read("summary"),
        planted=planted,
        wanted=pl.DataFrame(wanted, infer_schema_length=None),
    )


def ids_of(item, by_title):
    if "record_ids" in item:
        return item["record_ids"]
    if "line" in item:
        return []
    return [item["record_id"] or by_title[item["title"]]]


def told(item):
    return {key: item.get(key) for key in ("right", "field", "attribute", "where")}
