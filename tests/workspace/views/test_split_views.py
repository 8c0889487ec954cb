"""The split as people look at it: how far categories are off at every level."""

import polars as pl
import pytest

from workspace.views.splits import sizes, variation
from workspace.workspace import Workspace


def test_total_variation_is_told_of_every_level_and_split(sample_workspace):
    opened = Workspace(sample_workspace)
    gold = opened.snapshot("curate").read("gold").select("record_id", path="category_path")
    rows = gold.join(opened.snapshot("split").read("split"), on="record_id")
    found = variation(opened)
    assert found.columns == ["level", *sizes(opened)["split"]]
    assert found["level"].to_list() == list(range(1, rows["path"].list.len().max() + 1))
    for line in found.to_dicts():
        deep = rows.filter(pl.col("path").list.len() >= line["level"]).with_columns(
            category=pl.col("path").list.head(line["level"]).list.join(" > ")
        )
        every = shares(deep)
        for split in sizes(opened)["split"]:
            here = shares(deep.filter(split=split))
            off = sum(abs(share - here.get(name, 0)) for name, share in every.items()) / 2
            assert line[split] == pytest.approx(off)


def shares(rows):
    return {name: n / rows.height for name, n in rows["category"].value_counts().iter_rows()}
