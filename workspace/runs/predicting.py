"""Baselines that need no key: learn from train, answer a held-out split, keep it as a run."""

from __future__ import annotations

import datetime
import platform
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from catalog.errors import InputError
from catalog.paths import joined, parted
from catalog.records import text_of
from curation.annotators.classifiers import (
    KnnClassifier,
    LinearClassifier,
    MajorityClassifier,
    TextClassifier,
)
from curation.duplicates.join import Told
from evaluation.answers.contract import PREDICTION_SCHEMA, RunCard
from workspace.runs.gold import TRAIN
from workspace.runs.importing import ImportedRun, store_run
from workspace.runs.versions import known_exports

if TYPE_CHECKING:
    from workspace.workspace import Workspace

BASELINES: dict[str, Callable[[int], TextClassifier]] = {
    "majority": lambda _seed: MajorityClassifier(),
    "knn": lambda seed: KnnClassifier(seed=seed),
    "linear": lambda seed: LinearClassifier(seed=seed),
}
SEES = ("title", "brand", "description")


def predict_baseline(
    workspace: Workspace,
    baseline: str,
    *,
    split: str = "test",
    name: str | None = None,
    seed: int = 7,
    progress: Told | None = None,
) -> ImportedRun:
    """Learn the categories of the train split, answer another split, keep it as a run.

    The baseline sees what a prompt shows: title, brand and description. It learns from the
    records of train after balancing, each once.

    Raises
    ------
    InputError
        If there is no such baseline, or the split is train.
    """
    if baseline not in BASELINES:
        raise InputError(f"--with {baseline}: expected one of {', '.join(BASELINES)}.")
    if split == TRAIN:
        raise InputError("a baseline cannot be judged on the train split it learns from.")
    gold = workspace.snapshot("curate").scan("gold")
    splits = workspace.snapshot("split").scan("split")
    learned = workspace.snapshot("balance").scan("train").select(pl.col("record_id").unique())
    train = _texts(gold, learned)
    if not train["label"].count():
        raise InputError(
            f"--with {baseline}: baselines learn categories, and no record of train has one. Lines "
            "that need no model stand beside every run; bring one in with import-run."
        )
    asked = _texts(gold, splits.filter(pl.col("split") == split).select("record_id"))
    if asked.is_empty():
        raise InputError(f"split {split!r} has no row. Splits: train, validation, test.")
    model = BASELINES[baseline](seed).fit(train["text"], train["label"], progress=progress)
    started = time.perf_counter()
    answers = model.predict(asked["text"], progress=progress)
    latency_ms = 1000 * (time.perf_counter() - started) / asked.height
    card = RunCard(
        run_id=name or baseline,
        model=f"goldshelf {baseline} baseline",
        split=split,
        dataset_sha=_dataset_sha(workspace),
        decoding={"seed": seed},
        hardware=f"{platform.machine()}, {platform.system()}",
        created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        about={"sees": list(SEES), "n_train": train.height},
    )
    rows = _predictions(asked["record_id"], answers, card, latency_ms)
    return store_run(workspace, rows, card, name=name or baseline, where=baseline, replace=True)


def _texts(gold: pl.LazyFrame, chosen: pl.LazyFrame) -> pl.DataFrame:
    return (
        gold.join(chosen, on="record_id", how="semi", maintain_order="left")
        .select("record_id", text_of(*SEES).alias("text"), joined("category_path").alias("label"))
        .collect()
    )


def _predictions(
    ids: pl.Series, answers: pl.DataFrame, card: RunCard, latency_ms: float
) -> pl.DataFrame:
    answered = pl.DataFrame({"example_id": ids, "value": answers["value"]})
    path = parted("value")
    raw = pl.struct(category_path=path).struct.json_encode()
    held = answered.select(
        "example_id",
        pl.lit(card.run_id).alias("run_id"),
        pl.lit(card.model).alias("model"),
        pl.when(pl.col("value").is_not_null()).then(raw).alias("raw_output"),
        pl.col("value").alias("category_path"),
        pl.when(pl.col("value").is_null()).then(pl.lit("no answer")).alias("error"),
        pl.lit(latency_ms).alias("latency_ms"),
    )
    missing = [
        pl.lit(None, t).alias(c) for c, t in PREDICTION_SCHEMA.items() if c not in held.columns
    ]
    return held.with_columns(missing).select(PREDICTION_SCHEMA.names())


def _dataset_sha(workspace: Workspace) -> str | None:
    """That of the current export, where there is one."""
    snapshot = workspace.snapshots.current("export")
    current = snapshot.figures.get("dataset_sha") if snapshot is not None else None
    known = [export.dataset_sha for export in known_exports(workspace)]
    return current if current in known else None
