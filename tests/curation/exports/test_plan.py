from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from scipy.stats import binom

from catalog.records import ATTRIBUTE, conform
from curation.exports.plan import plan_export
from curation.exports.settings import ExportSettings


def many(n: int, **fields: str | None) -> pl.DataFrame:
    given = {"title": "Mug", "description": None, "brand": "Acme", **fields}
    rows = pl.LazyFrame(
        {
            "record_id": [f"r{i}" for i in range(n)],
            **{name: pl.Series([text] * n, dtype=pl.String) for name, text in given.items()},
            "category_path": [["A"]] * n,
            "attributes": pl.Series([None] * n, dtype=pl.List(ATTRIBUTE)),
        }
    )
    return conform(rows).with_columns(label_source=pl.lit("source")).collect()


def split_of(gold: pl.DataFrame, names: list[str | None] | str) -> pl.DataFrame:
    named = [names] * gold.height if isinstance(names, str) else names
    return pl.DataFrame(
        {
            "record_id": gold["record_id"],
            "split": pl.Series(named, dtype=pl.String),
            "group_id": pl.Series(range(gold.height), dtype=pl.Int64),
        }
    )


def once(split: pl.DataFrame, n: int = 1) -> pl.DataFrame:
    train = split.filter(split="train").select("record_id")
    copies = pl.DataFrame({"copy": range(n)}, schema={"copy": pl.Int32})
    return train.join(copies.with_columns(weight=pl.lit(1.0)), how="cross")


def planned(gold: pl.DataFrame, names: list[str | None] | str, n: int = 1, **chosen: Any):  # type: ignore[no-untyped-def]
    split = split_of(gold, names)
    return plan_export(gold.lazy(), split, once(split, n), ExportSettings(**chosen))


def test_every_record_is_in_a_file_or_left_out_with_a_reason() -> None:
    gold = many(6).with_columns(
        category_path=pl.Series([["A"], None, [], ["A"], ["A"], ["A"]], dtype=pl.List(pl.String))
    )
    split = split_of(gold, ["train", "train", "test", None, "dropped", "train"])
    plan = plan_export(
        gold.lazy(),
        split,
        pl.DataFrame({"record_id": ["r0", "r1"], "copy": [0, 0], "weight": [1.0, 1.0]}),
        ExportSettings(),
    )
    assert plan.rows["record_id"].to_list() == ["r0"]
    assert plan.left_out == {"dropped by balance": 1, "in no split": 2, "no category": 2}


def test_a_record_without_a_category_is_an_example_where_attributes_alone_are_asked() -> None:
    asked = pl.Series([[{"key": "Size", "evidences": []}], []], dtype=pl.List(ATTRIBUTE))
    no_category = pl.lit(None, pl.List(pl.String))
    gold = many(2).with_columns(category_path=no_category, attributes=asked)
    plan = planned(gold, "test", targets=["attributes"])
    assert plan.rows["record_id"].to_list() == ["r0"]
    assert plan.left_out == {"no attributes": 1}


def test_a_record_that_is_left_out_counts_once_whatever_its_copies() -> None:
    gold = many(2).with_columns(category_path=pl.lit(None, pl.List(pl.String)))
    assert planned(gold, "train", n=3).left_out == {"no category": 2}


def test_records_without_attributes_are_counted_where_both_are_asked() -> None:
    plan = planned(many(3), ["train", "test", "test"], n=2, targets=["category", "attributes"])
    assert (plan.rows.height, plan.n_without_attributes) == (4, 3)


def test_copies_are_of_train_alone() -> None:
    plan = planned(many(3), ["train", "validation", "test"], n=3)
    assert plan.rows.select("record_id", "split", "copy").sort("copy", "record_id").rows() == [
        ("r0", "train", 0),
        ("r1", "validation", 0),
        ("r2", "test", 0),
        ("r0", "train", 1),
        ("r0", "train", 2),
    ]


def test_lines_are_numbered_from_one_in_each_file_and_mixed() -> None:
    plan = planned(many(300), ["train", "validation", "test"] * 100)
    for part in plan.rows.partition_by("split"):
        assert part["line"].to_list() == list(range(1, 101))
        assert part["record_id"].to_list() != sorted(part["record_id"])


def test_the_order_of_gold_does_not_count() -> None:
    gold = many(500)
    names = [("train", "test", "train", "validation")[i % 4] for i in range(500)]
    split = split_of(gold, names)
    chosen = ExportSettings(mask_field="title", mask_probability=0.3)
    one = plan_export(gold.lazy(), split, once(split, 2), chosen)
    other = plan_export(
        gold.reverse().lazy(),
        split.sample(fraction=1, shuffle=True, seed=1),
        once(split, 2),
        chosen,
    )
    assert one.rows.equals(other.rows)


def test_another_seed_gives_another_order_and_mask() -> None:
    gold = many(500)
    plans = [planned(gold, "train", mask_field="title", seed=seed) for seed in (1, 2)]
    assert not plans[0].rows["record_id"].equals(plans[1].rows["record_id"])
    masked = [set(p.rows.drop_nulls("masked")["record_id"]) for p in plans]
    assert masked[0] != masked[1]


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_the_share_of_masked_rows_is_within_binomial_bounds(share: float) -> None:
    plan = planned(many(20_000), "train", mask_field="brand", mask_probability=share)
    low, high = binom.interval(1 - 1e-6, 20_000, share)
    assert low <= plan.rows["masked"].count() <= high
    assert plan.n_maskable == 20_000
    assert set(plan.rows["masked"].drop_nulls()) == {"brand"}


def test_five_percent_is_masked_where_no_share_is_named() -> None:
    assert ExportSettings(mask_field="title").mask_probability == 0.05
    assert planned(many(50), "train").rows["masked"].count() == 0


def test_a_record_keeps_its_mask_when_others_come_and_go() -> None:
    chosen = {"mask_field": "title", "mask_probability": 0.5}
    few, more = planned(many(100), "train", **chosen), planned(many(400), "train", n=3, **chosen)
    of_few = few.rows.select("record_id", "copy", "masked")
    of_more = more.rows.select("record_id", "copy", "masked")
    both = of_few.join(of_more, on=("record_id", "copy"), suffix="_more")
    assert both.height == 100
    assert both["masked"].equals(both["masked_more"].rename("masked"))


def test_copies_of_a_record_are_masked_each_by_itself() -> None:
    plan = planned(many(200), "train", n=2, mask_field="title", mask_probability=0.5)
    by_record = plan.rows.group_by("record_id").agg(pl.col("masked").count())["masked"]
    assert set(by_record) == {0, 1, 2}


def test_validation_and_test_are_never_masked() -> None:
    names = [("train", "validation", "test")[i % 3] for i in range(300)]
    plan = planned(many(300), names, mask_field="title", mask_probability=1)
    counts = dict(plan.rows.group_by("split").agg(pl.col("masked").count()).iter_rows())
    assert counts == {"train": 100, "validation": 0, "test": 0}


@pytest.mark.parametrize("title", [None, ""])
def test_a_field_that_is_empty_is_not_masked(title: str | None) -> None:
    plan = planned(many(20, title=title), "train", mask_field="title", mask_probability=1)
    assert (plan.rows["masked"].count(), plan.n_maskable) == (0, 0)


def test_the_only_field_of_a_product_is_not_masked() -> None:
    gold = many(20, brand=None)
    plan = planned(gold, "train", mask_field="title", mask_probability=1)
    assert (plan.rows["masked"].count(), plan.n_maskable) == (0, 0)
    alone = planned(many(20), "train", mask_field="title", mask_probability=1, fields=["title"])
    assert alone.n_maskable == 0
