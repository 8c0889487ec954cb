"""balance: train's categories evened out; validation and test stay as they are."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.balance import balance
from curation.balance.clusters import text_clusters
from workspace.settings import Settings
from workspace.snapshots import Output
from workspace.step import Context, Step

_READ = ("record_id", "title", "category_path", "brand")


def _decides(settings: Settings) -> Any:
    return settings.balance.model_dump(mode="json")


def _run(context: Context) -> Output:
    split = context.inputs["split"].scan("split").filter(pl.col("split") == "train")
    gold = context.inputs["curate"].scan("gold").select(_READ)
    train = gold.join(split.select("record_id", "group_id"), on="record_id").collect()
    if context.settings.balance.drops:
        edges = context.inputs["split"].scan("edges")
        clusters = text_clusters(train.select("record_id", "title"), edges)
        train = train.drop("title").with_columns(clusters)
    made = balance(train, context.settings.balance)
    tables = {
        "train": made.rows,
        "table": made.table,
        "evenness": made.evenness,
        "shortfall": made.shortfall,
    }
    return Output(tables, made.figures, made.notes)


STEP = Step("balance", ("curate", "split"), _decides, _run, version=2)
