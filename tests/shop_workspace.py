"""A workspace whose test split is the six products of `tests.tool_files`, and one of train."""

import polars as pl

from catalog.records import conform
from tests.tool_files import POTS, ROWS
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.snapshots import Output
from workspace.workspace import Workspace


def shop(folder):
    """Gold and split as their steps would have written them; ``T0`` is of train."""
    gold = {row["id"]: row["gold"].split(" > ") for row in ROWS} | {"T0": POTS.split(" > ")}
    source = folder / "catalog.csv"
    source.write_text(
        "id,title,category\n"
        + "".join(f"{key},product {key},{' > '.join(path)}\n" for key, path in gold.items())
    )
    init_workspace(folder / "shop", Declared([str(source)]))
    workspace = Workspace(folder / "shop")
    way.run(workspace, "load")
    columns = {"record_id": list(gold), "category_path": list(gold.values())}
    tables = {
        "curate": {"gold": conform(pl.LazyFrame(columns)).collect()},
        "split": {
            "split": pl.DataFrame(
                {
                    "record_id": list(gold),
                    "split": ["test"] * len(ROWS) + ["train"],
                    "group_id": [n // 2 for n in range(len(gold))],
                }
            )
        },
    }
    for step, held in tables.items():
        workspace.snapshots.write(
            step, Output(held), fingerprint="", inputs={}, settings={}, started_at=0.0
        )
    return workspace
