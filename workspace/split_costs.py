"""``split --compare-random``: what a random split would have flattered a baseline by."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.paths import joined
from catalog.records import text_of
from curation.duplicates.join import Told
from curation.splits.inflation import inflation
from workspace.atomic import read_json, write_json
from workspace.runs.predicting import BASELINES, SEES
from workspace.workspace import Workspace

COSTS = "split_costs.json"
LEARNED = "linear"
"""The baseline that is scored where none is named."""


def check_baseline(baseline: str) -> None:
    """Refuse a baseline that there is not."""
    if baseline not in BASELINES:
        raise InputError(f"--baseline {baseline}: expected one of {', '.join(BASELINES)}.")


def compare_random(
    workspace: Workspace, baseline: str = LEARNED, *, progress: Told | None = None
) -> dict[str, Any]:
    """Score a baseline on the split and on a random one of the same size, and keep what came out.

    The random split parts the same records of train and test; validation is left alone.

    Raises
    ------
    InputError
        If there is no such baseline, or no category to learn.
    """
    check_baseline(baseline)
    snapshot = workspace.snapshot("split")
    split = snapshot.scan("split").filter(pl.col("split").is_in(["train", "test"]))
    gold = workspace.snapshot("curate").scan("gold")
    rows = (
        gold.join(split, on="record_id", maintain_order="left")
        .select(
            text_of(*SEES).alias("text"),
            joined("category_path").alias("label"),
            (pl.col("split") == "test").alias("is_test"),
            "group_id",
        )
        .drop_nulls("label")
        .collect()
    )
    _, groups = np.unique(rows["group_id"].to_numpy(), return_inverse=True)
    seed = workspace.settings.split.seed
    found = inflation(
        rows["text"],
        rows["label"],
        groups,
        rows["is_test"].to_numpy(),
        lambda: BASELINES[baseline](seed),
        seed=seed,
        progress=progress,
    )
    body = {"split": snapshot.id, "baseline": baseline, **found.as_json()}
    body["told"] = _told(body)
    write_json(workspace.layout.root / COSTS, body)
    return body


def kept_costs(workspace: Workspace) -> dict[str, Any] | None:
    """What the last comparison found; None where there is none of the current split."""
    snapshot = workspace.snapshots.current("split")
    body = read_json(workspace.layout.root / COSTS)
    return body if body and snapshot is not None and body["split"] == snapshot.id else None


def _told(body: dict[str, Any]) -> str:
    """One sentence for people."""
    random, safe, more = (100 * body[k]["value"] for k in ("random", "safe", "difference"))
    low, high = (body["difference"][k] for k in ("low", "high"))
    interval = (
        "no interval: too few groups"
        if low is None or high is None
        else f"95 % interval {100 * low:+.1f} to {100 * high:+.1f}"
    )
    return (
        f"On a random split the {body['baseline']} baseline would score {random:.1f} %, on this one "
        f"it scores {safe:.1f} %: the random split flatters it by {more:+.1f} points ({interval})."
    )
