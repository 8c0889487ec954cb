import numpy as np
import polars as pl
import pytest

from evaluation.comparing.comparison import compare_runs, metrics_for
from evaluation.loading import load_answers
from evaluation.slicing.cell_metrics import FEWEST_BINNED, FEWEST_ROWS
from evaluation.slicing.tables import SliceRequest

N = 240


@pytest.fixture(scope="module")
def gold():
    generator = np.random.default_rng(8)
    return pl.DataFrame(
        {
            "example_id": [str(n) for n in range(N)],
            "category_path": [f"Shop > s{c % 2} > c{c}" for c in generator.integers(0, 6, N)],
            "brand": [f"b{n // 6}" for n in range(N)],
            # Three parts of 140, 80 and 15 rows, and one of 5.
            "size": ["large"] * 140 + ["middle"] * 80 + ["small"] * 15 + ["tiny"] * 5,
        }
    )


def answers_to(gold, share, seed):
    generator = np.random.default_rng(seed)
    other = gold["category_path"].sample(N, shuffle=True, seed=seed)
    right = pl.Series(generator.random(N) < share)
    return gold.select(
        "example_id",
        category_path=gold["category_path"].zip_with(right, other),
        score=pl.Series(np.round(generator.random(N), 2)),
    )


@pytest.fixture(scope="module")
def loaded(gold):
    runs = {"a": answers_to(gold, 0.5, 1), "b": answers_to(gold, 0.8, 2)}
    return load_answers("classification", gold, runs, cluster_column="brand")


def alone(gold, size):
    """The part as a test set of its own."""
    part = gold.filter(size=size)
    runs = {"a": answers_to(gold, 0.5, 1), "b": answers_to(gold, 0.8, 2)}
    ids = part["example_id"].implode()
    kept = {name: run.filter(pl.col("example_id").is_in(ids)) for name, run in runs.items()}
    return load_answers("classification", part, kept, cluster_column="brand").answers


@pytest.mark.parametrize(
    "metric", ["f1_macro", "hierarchical_f1_macro", "ece", "aurc", "accuracy_at_coverage_80"]
)
def test_a_part_scores_as_a_test_set_of_its_own(gold, loaded, metric):
    request = SliceRequest(("size",), (metric,))
    table, _ = request.scores("classification", loaded.answers["a"], gold)
    for size in ("large", "middle"):
        one = alone(gold, size)["a"]
        expected = metrics_for("classification", [one])[metric].statistic(one)
        found = table.filter(part=size).row(0, named=True)
        estimate = expected.estimate(one.clusters)
        assert found["value"] == pytest.approx(estimate.value)
        assert (found["low"], found["high"]) == pytest.approx((estimate.low, estimate.high))
        assert (found["n"], found["n_clusters"]) == (estimate.n, estimate.n_clusters)
        assert found["reason"] is None


def test_a_part_of_too_few_rows_is_undefined_and_says_so(gold, loaded):
    answers = loaded.answers["a"]
    for metric, n_rows, size in (
        ("f1_macro", FEWEST_ROWS, "tiny"),
        ("ece", FEWEST_BINNED, "small"),
    ):
        table, _ = SliceRequest(("size",), (metric,)).scores("classification", answers, gold)
        found = table.filter(part=size).row(0, named=True)
        assert np.isnan(found["value"]) and np.isnan(found["low"])
        assert found["reason"] == f"{found['n']} rows: {metric} of fewer than {n_rows} says nothing"


@pytest.mark.parametrize("metric", ["f1_macro", "hierarchical_f1_macro", "ece"])
def test_the_difference_in_a_part_is_that_of_its_rows_compared_alone(gold, loaded, metric):
    before, after = loaded.answers.values()
    request = SliceRequest(("size",), (metric,))
    table, _ = request.differences("classification", [before], [after], gold)
    one = alone(gold, "middle")
    expected = compare_runs("classification", one["a"], one["b"], metric=metric)
    found = table.filter(part="middle").row(0, named=True)
    assert found["difference"] == pytest.approx(expected.difference.value)
    bounds = (expected.difference.low, expected.difference.high)
    assert (found["low"], found["high"]) == pytest.approx(bounds)
    assert found["p_value"] < 0.05 or metric == "ece"
    undefined = table.filter(part="tiny").row(0, named=True)
    assert np.isnan(undefined["difference"]) and undefined["mark"] == ""


def test_macro_f1_has_no_mean_over_categories(gold, loaded):
    request = SliceRequest(("distribution",), ("f1_macro",))
    table, _ = request.scores("classification", loaded.answers["a"], gold)
    assert table.filter(part="natural")["value"].item() > 0
    uniform = table.filter(part="uniform").row(0, named=True)
    assert np.isnan(uniform["value"]) and "no mean over categories" in uniform["reason"]
    both, _ = request.differences(
        "classification", [loaded.answers["a"]], [loaded.answers["b"]], gold
    )
    assert both["p_value"].is_nan().to_list() == [False, True]


def test_the_macro_of_tags_is_told_by_part():
    gold = pl.DataFrame(
        {
            "example_id": [str(n) for n in range(40)],
            "label": ['["red", "cup"]'] * 20 + ['["oak"]'] * 20,
            "shop": ["x"] * 20 + ["y"] * 20,
        }
    )
    told = ['["red"]'] * 20 + ['["oak"]'] * 10 + ['["pine"]'] * 10
    run = gold.select("example_id", raw_output=pl.Series(told))
    answers = load_answers("tags", gold, {"r": run}).answers["r"]
    table, _ = SliceRequest(("shop",), ("recall_macro",)).scores("tags", answers, gold)
    # x: red is found, cup is not: 1/2. y: oak is found in half.
    assert table["value"].to_list() == [0.5, 0.5]


def test_a_ratio_that_is_undefined_in_a_part_says_why(gold):
    run = gold.select(
        "example_id", category_path=pl.when(pl.col("size") != "tiny").then("category_path")
    )
    loaded = load_answers("classification", gold, {"r": run}, cluster_column="brand")
    request = SliceRequest(("size",), ("hierarchical_precision",))
    table, _ = request.scores("classification", loaded.answers["r"], gold)
    assert table.filter(part="tiny")["reason"].item() == "no row is answered"
