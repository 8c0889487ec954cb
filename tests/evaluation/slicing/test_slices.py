import csv
import json

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.comparing.pairing import paired
from evaluation.loading import load_answers
from evaluation.metrics.category_metrics import category_metrics
from evaluation.metrics.metric import Sums
from evaluation.metrics.slices import sliced_differences
from evaluation.slicing.differences import ratio_differences, with_marks
from evaluation.slicing.makers import PAIR_SLICES, SLICES
from evaluation.slicing.material import slice_material
from evaluation.slicing.tables import (
    SliceRequest,
    slice_differences,
    slice_scores,
    sliced_rows,
)
from stats.corrections import holm


def parts(name, gold, **more):
    return SLICES[name].parts(slice_material(pl.DataFrame(gold), **more)).to_list()


def test_brand_sizes_are_counted_over_the_catalog_and_a_row_without_a_brand_is_in_no_part():
    gold = {"example_id": ["1", "2", "3", "4"], "brand": ["Acme", "Zig ", None, ""]}
    brands = pl.Series(["Acme"] * 12 + ["Zig"] * 2)
    assert parts("brand_size", gold, brands=brands) == ["10 to 99", "2 to 9", None, None]


def test_prices_are_quarters_of_their_own_currency():
    gold = {
        "example_id": list("abcdefghi"),
        "price": [1, 2, 3, 4, 100, 200, 300, 400, None],
        "currency": ["EUR"] * 4 + ["INR"] * 5,
    }
    names = ["lowest quarter", "second quarter", "third quarter", "highest quarter"]
    assert parts("price", gold) == [*names, *names, "no price"]


def test_languages_are_the_sources_word_else_the_script_of_the_text():
    gold = {
        "example_id": ["1", "2", "3", "4", "5"],
        "title": ["Teapot", "Чайник", "ティーポット 茶", "123", "Théière"],
        "language": [None, None, None, None, "FR"],
    }
    found = parts("language", gold)
    assert found == ["Latin script", "Cyrillic script", "Japanese script", "no letters", "fr"]


def test_missing_fields_name_what_is_empty():
    gold = {
        "example_id": ["1", "2", "3"],
        "title": ["a", "b", None],
        "brand": ["x", " ", None],
        "price": ["1", "2", None],
    }
    assert parts("missing_fields", gold) == ["none missing", "brand", "title, brand, price"]


def test_categories_are_rare_or_frequent_by_their_rows_in_train():
    gold = {"example_id": ["1", "2", "3"], "category_path": ["A > b", "A > c", "A > d"]}
    train = pl.DataFrame({"category_path": ["A > b"] * 120 + ["A > c"]})
    found = parts("category_frequency", gold, train=train)
    assert found == ["frequent: 100 and more", "rare: 1 to 9 rows", "not in train"]


def test_attribute_values_are_seen_for_the_same_attribute_alone():
    gold = pl.DataFrame(
        {
            "example_id": ["1", "2"],
            "attributes": ['{"Colour": "red", "Size": "red"}', '{"Colour": null, "Size": "L"}'],
        }
    )
    loaded = load_answers("attributes", gold, {"run": gold})
    train = pl.DataFrame({"attributes": ['{"Colour": "red", "Size": ["M", "L"]}']})
    material = slice_material(gold, train=train)
    found = PAIR_SLICES["attribute_values"].parts(material, loaded.answers["run"]).to_list()
    told = dict(zip(loaded.answers["run"].pairs.select("row", "key").rows(), found, strict=True))
    assert told == {
        (0, "Colour"): "seen in train",
        (0, "Size"): "not in train",
        (1, "Colour"): "no value",
        (1, "Size"): "seen in train",
    }


@pytest.fixture
def shop():
    """Gold of 400 rows in 40 brands; a right answer is likelier for cheap rows in the second run."""
    generator = np.random.default_rng(5)
    n = 400
    leaf = generator.integers(0, 5, n)
    price = generator.random(n) * 100
    gold = pl.DataFrame(
        {
            "example_id": [f"r{i}" for i in range(n)],
            "category_path": [f"Root > c{c}" for c in leaf],
            "brand": [f"b{i // 10}" for i in range(n)],
            "price": price,
            "title": ["word " * (1 + i % 30) for i in range(n)],
        }
    )

    def run(chances):
        right = generator.random(n) < chances
        answers = [f"Root > c{c if ok else (c + 1) % 5}" for c, ok in zip(leaf, right, strict=True)]
        return gold.select("example_id", category_path=pl.Series(answers))

    runs = {"a": run(np.full(n, 0.6)), "b": run(np.where(price < 50, 0.95, 0.55))}
    loaded = load_answers("classification", gold, runs, cluster_column="brand")
    return gold, loaded


def test_a_part_has_the_value_of_its_rows_scored_alone(shop):
    gold, loaded = shop
    table, _ = SliceRequest(("price",)).scores("classification", loaded.answers["b"], gold)
    for part, value, n in table.select("part", "value", "n").iter_rows():
        slices, _ = sliced_rows(["price"], loaded.answers["b"], slice_material(gold))
        inside = slices[0].codes == slices[0].parts.index(part)
        assert n == inside.sum()
        assert value == pytest.approx(loaded.answers["b"].is_correct[inside].mean())
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


def test_differences_of_shares_are_those_of_the_exact_table(shop):
    gold, loaded = shop
    before, after = loaded.answers.values()
    slices, _ = sliced_rows(["price"], before, slice_material(gold))
    codes, clusters = slices[0].codes, before.clusters
    ours = slice_differences("classification", [before], [after], slices)
    theirs = sliced_differences(before.is_correct, after.is_correct, codes, 4, clusters)
    for column in ("n", "baseline", "candidate", "difference", "low", "high", "p_value", "p_holm"):
        assert ours[column].to_list() == pytest.approx(theirs[column].to_list()), column
    assert ours["mark"].to_list() == theirs["mark"].to_list()
    assert ours.filter(part="lowest quarter")["mark"].item() == "better"


def test_a_ratio_over_one_part_is_that_of_the_whole_comparison(shop):
    _, loaded = shop
    before, after = loaded.answers.values()
    metric = category_metrics(2)["hierarchical_precision"]
    whole = paired(metric, before, after).difference
    one = ratio_differences(
        metric.sums(before),
        metric.sums(after),
        np.zeros(before.n_rows, np.int64),
        1,
        before.clusters,
        is_exact=False,
    ).row(0, named=True)
    assert one["difference"] == pytest.approx(whole.value)
    assert (one["low"], one["high"]) == pytest.approx((whole.low, whole.high))


def test_uniform_gives_every_category_the_same_weight(shop):
    gold, loaded = shop
    answers = loaded.answers["a"]
    table, _ = SliceRequest(("distribution",)).scores("classification", answers, gold)
    by_category = [answers.is_correct[answers.gold == c].mean() for c in np.unique(answers.gold)]
    assert table["part"].to_list() == ["natural", "uniform"]
    expected = [answers.is_correct.mean(), np.mean(by_category)]
    assert table["value"].to_list() == pytest.approx(expected)


def test_p_values_are_corrected_over_all_parts_of_all_slices(shop):
    gold, loaded = shop
    runs = [loaded.answers["a"]], [loaded.answers["b"]]
    both, _ = SliceRequest(("price", "brand")).differences("classification", *runs, gold)
    assert both.height == 44
    assert both["p_holm"].to_list() == holm(both["p_value"].to_numpy()).tolist()


def test_a_slice_that_cannot_be_made_is_refused_by_name_and_told_in_all(shop):
    gold, loaded = shop
    answers = loaded.answers["a"]
    material = slice_material(gold)
    with pytest.raises(InputError, match="--slice masked: the gold rows have no masked"):
        sliced_rows(["masked"], answers, material)
    with pytest.raises(InputError, match=r"--slice category\.9: no gold row is in any part of it"):
        sliced_rows(["category.9"], answers, material)
    with pytest.raises(InputError, match="--slice shoe_size: no such slice"):
        sliced_rows(["shoe_size"], answers, material)
    with pytest.raises(InputError, match="no metric 'f2' for classification"):
        slice_scores("classification", answers, [], "f2")
    slices, notes = sliced_rows(["all"], answers, material)
    assert {one.name for one in slices} >= {"distribution", "category.1", "category.2", "price"}
    assert "slice masked left out: the gold rows have no masked." in notes


def test_a_row_without_a_part_counts_in_none():
    marks = with_marks(pl.DataFrame({"difference": [0.1], "p_value": [float("nan")]}))
    assert marks["mark"].to_list() == [""]
    sums = Sums(np.array([1.0]), np.array([1.0]))
    found = ratio_differences(sums, sums, np.array([0]), 2, None, is_exact=True)
    assert found["n"].to_list() == [1, 0]
    assert np.isnan(found["p_value"][1])


def drawn(generator, n_clusters):
    """Right and given answers of two runs in clusters of five rows that share their difficulty."""
    clusters = np.repeat(np.arange(n_clusters), 5)
    ease = np.repeat(generator.normal(0, 0.15, n_clusters), 5)
    shift = np.repeat(generator.normal(0, 0.1, n_clusters), 5)
    sides = []
    for chance in (0.6 + ease, 0.65 + ease + shift):
        given = generator.random(len(clusters)) < 0.8
        right = given & (generator.random(len(clusters)) < np.clip(chance, 0, 1))
        sides.append(Sums(right.astype(float), given.astype(float)))
    return *sides, clusters


def test_intervals_of_a_ratio_in_a_part_cover_the_truth_in_clustered_data():
    generator = np.random.default_rng(8)
    before, after, clusters = drawn(generator, 200_000)
    truth = ratio_differences(
        before, after, np.zeros(len(clusters), np.int64), 1, clusters, is_exact=False
    )["difference"].item()
    covered = {"clustered": [], "naive": []}
    for _ in range(400):
        before, after, clusters = drawn(generator, 60)
        parts = (clusters % 2).astype(np.int64)
        for name, given in (("clustered", clusters), ("naive", None)):
            found = ratio_differences(before, after, parts, 2, given, is_exact=False)
            inside = (found["low"] <= truth) & (truth <= found["high"])
            covered[name] += inside.to_list()
    assert 0.93 <= np.mean(covered["clustered"]) <= 0.975
    assert np.mean(covered["naive"]) < np.mean(covered["clustered"])


def test_a_real_catalog_parts_into_all_its_slices(shared_data):
    catalog = shared_data / "catalogs" / "bigbasket" / "BigBasket_Products.csv"
    with catalog.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))[:4000]
    gold = pl.DataFrame(
        {
            "example_id": [str(i) for i in range(len(lines))],
            "category_path": [json.dumps([x["category"], x["sub_category"]]) for x in lines],
            "title": [x["product"] for x in lines],
            "description": [x["description"] for x in lines],
            "brand": [x["brand"] for x in lines],
            "price": [x["sale_price"] for x in lines],
        }
    )
    loaded = load_answers("classification", gold, {"run": gold}, cluster_column="brand")
    table, _ = SliceRequest(("all",)).scores("classification", loaded.answers["run"], gold)
    assert (table["value"] == 1).all()
    for name in ("brand_size", "price", "text_length", "missing_fields", "language"):
        assert table.filter(slice=name)["n"].sum() in range(3990, 4001), name


def test_sides_of_several_runs_are_the_means_of_theirs(shop):
    gold, loaded = shop
    before, after = loaded.answers.values()
    asked = SliceRequest(("price", "distribution"))
    one, _ = asked.differences("classification", [before], [after], gold)
    twice, _ = asked.differences("classification", [before, before], [after, after], gold)
    mixed, _ = asked.differences("classification", [before], [before, after], gold)
    for column in ("baseline", "candidate", "difference", "low", "high"):
        assert twice[column].to_list() == pytest.approx(one[column].to_list()), column
    assert mixed["difference"].to_list() == pytest.approx((one["difference"] / 2).to_list())


def test_all_takes_columns_by_name_beside_it(shop):
    gold, loaded = shop
    shops = gold.with_columns(pl.Series("shop", [f"s{i % 3}" for i in range(gold.height)]))
    slices, _ = sliced_rows(["all", "shop"], loaded.answers["a"], slice_material(shops))
    assert [one.name for one in slices][-1] == "shop"
    assert slices[-1].parts == ["s0", "s1", "s2"]
