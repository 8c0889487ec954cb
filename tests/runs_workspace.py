"""A workspace of 240 products in 60 brands with gold and a split, and runs with known answers."""

import json
import time

import numpy as np
import polars as pl

from catalog.records import conform
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.runs import import_run
from workspace.snapshots import Output
from workspace.workspace import Workspace

N = 240
LEAVES = [["Garden", "Pots"], ["Garden", "Tools"], ["Kitchen", "Pots"], ["Kitchen", "Knives"]]


def path_of(i):
    return LEAVES[(i * 7) % 4]


def split_of(i):
    return "test" if (i // 4) % 2 else "train"


TEST = [i for i in range(N) if split_of(i) == "test"]


def put(workspace, step, tables):
    """What a step would have written."""
    workspace.snapshots.write(
        step, Output(tables), fingerprint=step, inputs={}, settings={}, started_at=time.time()
    )


def put_gold(workspace, changes=None):
    """Gold as curate would have written it, with some categories of another opinion."""
    columns = {
        "record_id": [f"r{i}" for i in range(N)],
        "category_path": [(changes or {}).get(i, path_of(i)) for i in range(N)],
        "title": [f"item {i}" for i in range(N)],
        "brand": [f"b{i // 4}" for i in range(N)],
        "price": [float(i % 40) for i in range(N)],
        "attributes": [
            [{"key": "Colour", "evidences": [{"value": "red", "pid": 0, "begin": 0, "end": 3}]}]
        ]
        * N,
    }
    put(workspace, "curate", {"gold": conform(pl.LazyFrame(columns)).collect()})


def runs_workspace(folder):
    """The workspace, without runs."""
    source = folder / "catalog.csv"
    lines = [f"r{i},item {i},b{i // 4},{' > '.join(path_of(i))}\n" for i in range(N)]
    source.write_text("id,title,brand,category\n" + "".join(lines))
    init_workspace(folder / "ws", Declared([str(source)]))
    workspace = Workspace(folder / "ws")
    way.run(workspace, "load")
    put_gold(workspace)
    columns = {
        "record_id": [f"r{i}" for i in range(N)],
        "split": [split_of(i) for i in range(N)],
        "group_id": [i // 4 for i in range(N)],
    }
    put(workspace, "split", {"split": pl.DataFrame(columns)})
    return workspace


def bring(workspace, name, share_right=0.8, seed=0, wrong=None, more=None, **card):
    """Import a run; a wrong answer is the sibling, or ``wrong(path)``."""
    generator = np.random.default_rng(seed)
    right = generator.random(len(TEST)) < share_right
    rows = []
    for i, ok in zip(TEST, right, strict=True):
        path = path_of(i)
        other = wrong(path) if wrong else LEAVES[LEAVES.index(path) ^ 1]
        answer = path if ok else other
        rows.append(
            {
                "example_id": f"r{i}",
                "category_path": answer,
                "score": float(0.6 + 0.4 * generator.random() if ok else 0.7 * generator.random()),
                "usage": {"cost_usd": 0.001},
                **(more or {}),
            }
        )
    return import_rows(workspace, name, rows, **card)


def bring_attributes(workspace, name, share_right=0.8, seed=0, wrong="blue", **card):
    """Import a run on attributes; ``wrong`` is its wrong value."""
    right = np.random.default_rng(seed).random(len(TEST)) < share_right
    rows = [
        {"example_id": f"r{i}", "attributes": {"Colour": "red" if ok else wrong}}
        for i, ok in zip(TEST, right, strict=True)
    ]
    return import_rows(workspace, name, rows, task="attributes", **card)


def import_rows(workspace, name, rows, **card):
    """Import prediction rows with a run card."""
    predictions, about = (workspace.root / f"{name}.{end}" for end in ("jsonl", "run.json"))
    predictions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    about.write_text(json.dumps({"model": f"model of {name}", "run_id": name, **card}))
    return import_run(workspace, predictions, about)
