"""Other ways to split: by query, by time, into folds, around a frozen test set."""

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from curation.splits.features import features_of
from curation.splits.settings import SplitSettings
from curation.splits.split import split_records


def shop(n=300, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "record_id": [f"r{k}" for k in range(n)],
            "title": [f"w{k} x{k} y{k}" for k in range(n)],
            "brand": [f"brand {k}" for k in rng.integers(0, n // 4, n)],
            "price": rng.lognormal(3, 1, n).round(2),
            "category_path": [[["A", "B", "C"][k]] for k in rng.integers(0, 3, n)],
        }
    )


def searches(n=300):
    """The shop, found by queries that each show several products."""
    rng = np.random.default_rng(9)
    asked = pl.Series([f"query {k} words{k}" for k in rng.integers(0, n // 3, n)])
    return shop(n).with_columns(query=asked)


def splits_of(frame, **settings):
    made = split_records(frame.lazy(), SplitSettings(**settings))
    return frame.with_columns(made.assignments["split"], made.assignments["fold"]), made


def test_by_query_the_rows_of_a_query_stay_together_and_brands_may_part():
    frame, made = splits_of(searches(), by="query")
    assert frame.group_by("query").agg(pl.col("split").n_unique())["split"].max() == 1
    assert frame.group_by("brand").agg(pl.col("split").n_unique())["split"].max() > 1
    assert set(made.edges["kind"]) <= {"query", "near_duplicate"}


def test_by_query_alike_queries_stay_together():
    queries = ["blue mug 30 ml tall", "Tall blue mug 30 ml", "tea", "pot", "cup", "jar"]
    frame = pl.DataFrame({"title": list("abcdef"), "query": queries})
    made = split_records(frame.lazy(), SplitSettings(by="query", fractions=(0.5, 0.5)))
    first, second, *_ = made.assignments["split"]
    assert first == second


@pytest.mark.parametrize("frame", [shop(), searches().with_columns(query=pl.lit(" "))])
def test_by_query_without_any_query_is_one_clear_line(frame):
    with pytest.raises(InputError, match=r"--by query: no record has a query.*--by none"):
        splits_of(frame, by="query")


def test_by_time_train_is_before_test_and_moments_stay_whole():
    days = pl.Series([f"2026-01-{1 + k // 10:02d}" for k in range(300)])
    frame, _ = splits_of(shop().with_columns(date=days), by="time", near_duplicates=0)
    when = {
        name: part["date"] for (name,), part in frame.partition_by("split", as_dict=True).items()
    }
    assert when["train"].max() < when["validation"].min()
    assert when["validation"].max() < when["test"].min()
    assert len(when["train"]) == 240


def test_by_time_the_later_copy_is_dropped_and_the_first_stays():
    frame = pl.DataFrame(
        {
            "title": ["red tea cup", "a b", "c d", "e f", "g h", "Tea cup red"],
            "at": [1, 2, 3, 4, 5, 6],
        }
    )
    made = split_records(
        frame.lazy(),
        SplitSettings(by="time", time_column="at", fractions=(0.5, 0.5), text_columns=[["title"]]),
    )
    assert made.assignments["split"].to_list() == ["train"] * 3 + ["test"] * 2 + ["dropped"]
    assert "1 later copy of rows in an earlier split dropped" in " ".join(made.notes)


@pytest.mark.parametrize(
    "times",
    [
        ["2026-03-01T10:00:00Z", "2026-03-01 11:30", "2026-03-02", "2026-03-03", None],
        [10.5, 11, 12, 13, None],
        ["1", "2", "10", "11", ""],
    ],
)
def test_times_are_read_in_any_common_form_and_rows_without_one_are_told(times):
    frame = pl.DataFrame({"title": list("abcde"), "date": pl.Series(times, strict=False)})
    made = split_records(frame.lazy(), SplitSettings(by="time", fractions=(0.5, 0.5)))
    assert made.assignments["split"].to_list() == ["train", "train", "test", "test", "dropped"]
    assert "1 row without a time dropped" in made.notes


def test_times_may_stand_in_extra():
    frame = pl.DataFrame({"title": list("ab"), "extra": ['{"added on": 2}', '{"added on": 1}']})
    settings = SplitSettings(by="time", time_column="added on", fractions=(0.5, 0.5))
    made = split_records(frame.lazy(), settings)
    assert made.assignments["split"].to_list() == ["test", "train"]


def test_no_time_at_all_is_one_clear_line():
    with pytest.raises(InputError, match="no record has a time in 'date'"):
        splits_of(shop(), by="time")


def test_folds_part_what_is_not_test_evenly_and_by_group():
    frame, _ = splits_of(shop(), folds=4)
    assert (
        frame.filter(pl.col("split") == "test")["fold"].null_count()
        == (frame["split"] == "test").sum()
    )
    held = frame.filter(pl.col("split") != "test")
    assert sorted(held["fold"].unique()) == [1, 2, 3, 4]
    assert held.group_by("brand").agg(pl.col("fold").n_unique())["fold"].max() == 1
    sizes = held["fold"].value_counts()["count"]
    assert sizes.max() - sizes.min() <= held["brand"].value_counts()["count"].max()


def test_more_folds_than_groups_are_one_clear_line():
    frame = pl.DataFrame({"title": list("abcdef"), "brand": ["A"] * 5 + ["B"]})
    with pytest.raises(InputError, match=r"--folds 3: outside test there are only [12] group"):
        split_records(frame.lazy(), SplitSettings(folds=3))


def test_a_frozen_test_set_stays_and_what_ties_to_it_never_joins_train():
    old, _ = splits_of(shop())
    frozen = old.filter(pl.col("split") == "test")["record_id"]
    new = pl.concat(
        [shop(), shop(200, seed=1).with_columns(pl.format("n{}", "record_id").alias("record_id"))]
    )
    is_frozen = new["record_id"].is_in(frozen.implode()).to_numpy()
    for policy, told in (("drop", "dropped"), ("test", "put into test: a new version of it")):
        made = split_records(new.lazy(), SplitSettings(frozen_ties=policy), is_frozen=is_frozen)
        after = new.with_columns(made.assignments["split"])
        test = after.filter(pl.col("split") == "test")
        assert set(frozen) <= set(test["record_id"])
        assert told in " ".join(made.notes)
        others = after.filter(pl.col("split").is_in(["train", "validation"]))
        assert not set(others["brand"]) & set(test["brand"])
        assert not set(others["title"]) & set(test["title"])
        if policy == "drop":
            assert set(test["record_id"]) == set(frozen)


def test_around_a_frozen_test_the_other_splits_stay_too():
    old, _ = splits_of(shop())
    more = shop(200, seed=1).with_columns(pl.format("n{}", "record_id").alias("record_id"),
                                          pl.format("new {}", "brand").alias("brand"),
                                          pl.format("new {}", "title").alias("title"))  # fmt: skip
    new = pl.concat([shop(), more])
    before = pl.concat([old["split"], pl.Series([None] * 200, dtype=pl.String)])
    made = split_records(
        new.lazy(),
        SplitSettings(),
        before=before,
        is_frozen=(before == "test").fill_null(False).to_numpy(),
    )
    assert made.assignments["split"].head(300).equals(old["split"])
    assert set(made.assignments["split"].tail(200)) == {"train", "validation"}


def test_a_split_by_time_does_not_move_a_frozen_test_unsaid():
    frame = shop().with_columns(date=pl.int_range(300))
    is_frozen = np.arange(300) < 30
    with pytest.raises(InputError, match="a frozen test set stays, and a split by time"):
        split_records(frame.lazy(), SplitSettings(by="time"), is_frozen=is_frozen)


def test_a_publisher_moves_no_row_of_a_frozen_test():
    frame = shop().with_columns(split_hint=pl.lit("train"))
    is_frozen = np.arange(300) < 30
    made = split_records(frame.lazy(), SplitSettings(keep_publisher=True), is_frozen=is_frozen)
    assert (made.assignments["split"] == "test").to_list() == is_frozen.tolist()
    assert made.figures["n_by_publisher"] == 270


def test_prices_and_labels_keep_their_proportion_where_asked():
    rng = np.random.default_rng(2)
    n = 2000
    brand = rng.integers(0, 300, n)
    frame = pl.DataFrame(
        {
            "title": [f"w{k} x{k}" for k in range(n)],
            "brand": [f"b{k}" for k in brand],
            "price": np.exp(rng.normal(0, 0.2, n) + rng.normal(0, 2, 300)[brand]),
            "target": np.where(rng.random(n) < 0.1 + 0.8 * (brand % 7 == 0), "yes", "no"),
        }
    )

    def off(keep):
        made = split_records(frame.lazy(), SplitSettings(keep=keep, fractions=(0.8, 0.2)))
        rows = frame.with_columns(
            made.assignments["split"], band=(pl.col("price").rank() * 10 / n).floor()
        )
        test = rows.filter(pl.col("split") == "test")
        price = [abs((test["band"] == b).mean() - (rows["band"] == b).mean()) for b in range(10)]
        return sum(price), abs((test["target"] == "yes").mean() - (rows["target"] == "yes").mean())

    price, _ = off(["price"])
    _, label = off(["label"])
    by_size = off([])
    assert price < 0.3 * by_size[0]
    assert label < 0.005


def test_what_is_to_keep_and_is_not_there_is_told():
    frame = pl.DataFrame({"title": list("abcd")})
    made = split_records(frame.lazy(), SplitSettings(keep=["price"], fractions=(0.5, 0.5)))
    assert "keep price: the records have none, so it decides nothing" in made.notes


def test_attributes_and_languages_are_features():
    frame = pl.LazyFrame(
        {
            "title": ["Tasse rouge", "Красная чашка", "赤いカップ", None],
            "attributes": [[{"key": "Colour"}], [], [{"key": "Colour"}, {"key": "Size"}], None],
        }
    )
    found, notes = features_of(frame, ["attributes", "language"], [])
    assert notes == []
    attributes, language = found
    assert (attributes.rows.tolist(), attributes.codes.tolist()) == ([0, 2, 2], [0, 0, 1])
    assert language.rows.tolist() == [0, 1, 2]
    assert len(set(language.codes.tolist())) == 3


def test_a_slack_for_proportions_leaves_small_differences_alone():
    rows = shop(2000)
    tree = Taxonomy.from_paths([["A"], ["B"], ["C"]])
    for slack in (0.0, 0.3):
        made = split_records(
            rows.lazy(), SplitSettings(proportion_slack=slack, fractions=(0.8, 0.2)), taxonomy=tree
        )
        test = rows.with_columns(made.assignments["split"]).filter(pl.col("split") == "test")
        for name in "ABC":
            share = (test["category_path"].list.first() == name).sum()
            wanted = 0.2 * (rows["category_path"].list.first() == name).sum()
            assert abs(share - wanted) <= max(slack * wanted, 3)
