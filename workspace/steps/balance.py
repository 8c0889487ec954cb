"""balance: train's categories evened out; validation and test stay as they are."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.balance import balance
from workspace.settings import Settings
from workspace.snapshots import Output
from workspace.step import Context, Step


def _decides(settings: Settings) -> Any:
    return settings.balance.model_dump(mode="json")


def _run(context: Context) -> Output:
    split = context.inputs["split"].scan("split").filter(pl.col("split") == "train")
    gold = context.inputs["curate"].scan("gold").select("record_id", "category_path", "brand")
    train = gold.join(split.select("record_id", "group_id"), on="record_id").collect()
    made = balance(train, context.settings.balance)
    tables = {"train": made.rows, "table": made.table, "shortfall": made.shortfall}
    return Output(tables, made.figures, made.notes)


STEP = Step("balance", ("curate", "split"), _decides, _run)
