import json
import math

import numpy as np
import polars as pl
import pytest

from evaluation.loading import load_answers
from evaluation.metrics.metric import Sums, ratio_statistic
from evaluation.metrics.slices import sliced_differences, sliced_ratios
from evaluation.scores import score_categories
from stats.intervals import free_estimate, ratio_estimate
from stats.randomisation import sign_flip_p

GOLD = pl.DataFrame(
    {
        "example_id": ["1", "2", "3", "4", "5"],
        "category_path": [["A", "B"], ["A", "B"], ["A", "C"], ["D"], ["D"]],
        "brand": ["x", "x", "y", None, None],
    }
)
RUN = pl.DataFrame(
    {
        "example_id": ["1", "2", "3", "4"],
        "category_path": [["A", "B"], ["A", "C"], ["D"], None],
        "raw_output": [None, None, None, "no idea"],
    },
    schema_overrides={"raw_output": pl.String},
)


@pytest.fixture
def scores():
    loaded = load_answers("classification", GOLD, {"run": RUN}, cluster_column="brand")
    return score_categories(loaded.answers["run"], notes=loaded.notes["run"])


def test_every_gold_row_is_there_with_its_outcome(scores):
    assert scores.rows.select("example_id", "prediction", "outcome", "is_correct").rows() == [
        ("1", "A > B", "answered", True),
        ("2", "A > C", "answered", False),
        ("3", "D", "answered", False),
        ("4", None, "invalid", False),
        ("5", None, "missing", False),
    ]
    assert scores.rows["parted_at_level"].to_list() == [None, 2, 1, None, None]
    assert scores.rows["tree_distance"].to_list() == [0, 2, 3, None, None]


def test_outcomes_and_groups_are_counted(scores):
    assert scores.outcomes["answered"] == 3
    assert scores.outcomes["invalid"] == scores.outcomes["missing"] == 1
    assert sum(scores.outcomes.values()) == scores.n_rows == 5
    assert scores.n_clusters == 4  # x, y, and two rows without a brand, each alone.


def test_the_confusion_holds_every_row_once(scores):
    assert scores.confusion["n"].sum() == 5
    wrong = scores.confusion.drop_nulls("level").sort("gold")
    assert wrong.rows() == [("A > B", "A > C", 1, 2), ("A > C", "D", 1, 1)]


def test_the_category_table_by_hand(scores):
    table = {row["category"]: row for row in scores.categories.iter_rows(named=True)}
    # A > B: 2 gold, 1 answered, 1 right.
    assert (table["A > B"]["precision"], table["A > B"]["recall"]) == (1, 1 / 2)
    assert table["A > B"]["f1"] == pytest.approx(2 / 3)
    # A > C: 1 gold, 1 answered (row 2), 0 right. D: 2 gold, 1 answered, 0 right.
    assert table["A > C"]["f1"] == table["D"]["f1"] == 0
    assert table["D"]["support"] == 2


def test_a_category_that_is_never_answered_has_no_precision():
    run = RUN.head(1)
    loaded = load_answers("classification", GOLD, {"run": run})
    table = score_categories(loaded.answers["run"]).categories
    never = table.filter(pl.col("category") == "D")
    assert math.isnan(never["precision"][0])
    assert never["recall"][0] == 0


def test_scores_are_plain_json(scores):
    body = scores.as_json()
    json.dumps(body)
    assert set(body["accuracy_at_level"]) == {"1", "2"}
    assert body["accuracy"]["n"] == 5
    assert body["valid_json_rate"] == {
        "value": 0.0, "low": None, "high": None, "n": 1, "n_clusters": 1,
        "reason": "no interval: 1 independent group",
    }  # fmt: skip
    assert set(body["definitions"]) >= {"accuracy", "f1_macro", "coverage"}


@pytest.mark.parametrize("clustered", [True, False])
def test_slices_are_what_each_slice_alone_would_give(clustered):
    generator = np.random.default_rng(4)
    n, n_slices = 300, 7
    slices = generator.integers(0, n_slices - 1, n)  # the last slice has no rows.
    hits, counted = generator.random(n) < 0.7, generator.random(n) < 0.9
    sums = Sums((hits & counted).astype(float), counted.astype(float))
    clusters = generator.integers(0, 20, n) if clustered else None
    table = sliced_ratios(sums, slices, n_slices, clusters)
    for code in range(n_slices):
        mine = slices == code
        codes = np.unique(clusters[mine], return_inverse=True)[1] if clustered else None
        part = Sums(sums.numerators[mine], sums.denominators[mine])
        alone = ratio_statistic(part, codes, reason="").estimate(codes)
        found = table.row(code, named=True)
        for end in ("value", "low", "high"):
            assert found[end] == pytest.approx(getattr(alone, end), nan_ok=True)


@pytest.mark.parametrize("clustered", [True, False])
def test_slice_differences_are_what_each_slice_alone_would_give(clustered):
    generator = np.random.default_rng(5)
    n, n_slices = 200, 5
    slices = generator.integers(0, n_slices, n)
    before, after = generator.random(n) < 0.6, generator.random(n) < 0.7
    clusters = generator.integers(0, 30, n) if clustered else None
    table = sliced_differences(before, after, slices, n_slices, clusters)
    for code in range(n_slices):
        mine = slices == code
        moved = after[mine].astype(float) - before[mine]
        codes = np.unique(clusters[mine], return_inverse=True)[1] if clustered else None
        counted = Sums(moved, np.ones(len(moved)))
        moves = ratio_statistic(counted, codes, reason="").influence
        alone = free_estimate(moved.mean(), moves, codes, lower=-1.0, upper=1.0, is_difference=True)
        found = table.row(code, named=True)
        assert found["difference"] == pytest.approx(alone.value)
        assert found["low"] == pytest.approx(alone.low)
        assert found["high"] == pytest.approx(alone.high)
        assert found["p_value"] == pytest.approx(sign_flip_p(moved, codes))


def test_a_slice_in_which_nothing_moved_is_not_sure_of_it():
    # 4 clusters agree: as much as 1 - .025 ** (1/4) of clusters could still differ.
    table = sliced_differences(np.ones(4), np.ones(4), np.zeros(4, int), 1, None)
    row = table.row(0, named=True)
    assert (row["difference"], row["p_value"], row["mark"]) == (0, 1, "")
    assert row["high"] == pytest.approx(1 - 0.025 ** (1 / 4)) == -row["low"]


def test_marks_follow_the_corrected_p():
    # 12 of 12 fixed in one slice (p = 2 / 2 ** 12), 1 of 12 in 9 others (p = 1).
    slices = np.repeat(np.arange(10), 12)
    before, after = np.zeros(120), np.zeros(120)
    after[:12] = 1
    after[12::12] = 1
    table = sliced_differences(before, after, slices, 10, None)
    assert table["p_value"][0] == pytest.approx(2 / 2**12)
    assert table["p_holm"][0] == pytest.approx(10 * 2 / 2**12)
    assert table["mark"].to_list() == ["better", *[""] * 9]


def test_rows_by_themselves_have_the_plain_interval_of_a_ratio():
    hits, counted = np.array([1.0, 0, 1, 0, 0]), np.array([1.0, 1, 1, 1, 0])
    found = ratio_statistic(Sums(hits, counted), None, reason="").estimate(None)
    plain = ratio_estimate(hits[:4], counted[:4])
    assert (found.value, found.low, found.high) == pytest.approx(
        (plain.value, plain.low, plain.high)
    )
    assert found.n == 4


def test_the_influence_of_a_cluster_is_what_leaving_it_out_changes():
    generator = np.random.default_rng(8)
    clusters = np.unique(generator.integers(0, 9, 80) ** 2 // 9, return_inverse=True)[1]
    hits, counted = generator.random(80), generator.random(80) + 1
    statistic = ratio_statistic(Sums(hits, counted), clusters, reason="")
    names = np.unique(clusters)
    without = np.array([hits[clusters != c].sum() / counted[clusters != c].sum() for c in names])
    expected = (without.mean() - without) * (len(names) - 1) / len(names)
    assert [statistic.influence[clusters == c].sum() for c in names] == pytest.approx(expected)


def test_one_cluster_that_holds_nearly_all_rows_makes_no_short_interval():
    # 78 rows of one brand, of which 39 are right, and one row of another brand, wrong. What brands
    # do is known from two brands: with one degree of freedom that is nothing.
    hits = np.array([1.0, 0.0] * 39 + [0.0])
    clusters = np.array([0] * 78 + [1])
    found = ratio_statistic(Sums(hits, np.ones(79)), clusters, reason="").estimate(clusters)
    assert found.high - found.low > 0.9
    table = sliced_differences(np.zeros(79), hits, np.zeros(79, int), 1, clusters)
    assert table["high"][0] - table["low"][0] > 0.9
