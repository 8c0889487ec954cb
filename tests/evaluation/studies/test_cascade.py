import json

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.answers.contract import conform_predictions
from evaluation.comparing.comparison import metrics_for
from evaluation.loading import load_answers
from evaluation.metrics.costs import row_usage, run_costs
from evaluation.studies.cascade import cascade_curve, stage_of
from evaluation.studies.frontier import PAIRS_SCHEMA, frontier, paired_differences

N = 500


@pytest.fixture
def stages():
    """A small model that is right as often as it says, and a large one that is right at .95."""
    generator = np.random.default_rng(4)
    sure = generator.random(N)
    right = {"small": generator.random(N) < sure, "large": generator.random(N) < 0.95}
    gold = pl.DataFrame({"example_id": [str(i) for i in range(N)], "category_path": ["A > b"] * N})
    rows = {
        name: conform_predictions(
            gold.select(
                "example_id",
                category_path=pl.Series(np.where(ok, "A > b", "A > c")),
                score=pl.Series(sure if name == "small" else np.ones(N)),
                latency_ms=pl.lit(10.0 if name == "small" else 100.0),
                usage=pl.lit(json.dumps({"cost_usd": 0.001 if name == "small" else 0.02})),
            ),
            name,
        )
        for name, ok in right.items()
    }
    loaded = load_answers("classification", gold, rows)
    return [stage_of(loaded.answers[name], rows[name]) for name in rows], right, sure


def test_the_ends_of_the_curve_are_each_model_alone(stages):
    (small, large), right, _ = stages
    curve = cascade_curve("classification", small, large)
    first, last = curve.row(0, named=True), curve.row(-1, named=True)
    assert (first["share_large"], last["share_large"]) == (0, 1)
    assert first["value"] == pytest.approx(right["small"].mean())
    assert last["value"] == pytest.approx(right["large"].mean())
    assert first["cost_usd_per_1000"] == pytest.approx(1)
    assert last["cost_usd_per_1000"] == pytest.approx(21)
    assert (first["latency_ms_p50"], last["latency_ms_p50"]) == (10, 110)
    assert (last["difference"], last["difference_low"], last["difference_high"]) == (0, 0, 0)


def test_each_point_is_the_cascade_counted_by_hand(stages):
    (small, large), right, sure = stages
    curve = cascade_curve("classification", small, large)
    assert curve["share_large"].is_sorted()
    for row in curve.iter_rows(named=True):
        is_sent = sure < row["threshold"]
        assert row["share_large"] == pytest.approx(is_sent.mean())
        expected = np.where(is_sent, right["large"], right["small"]).mean()
        assert row["value"] == pytest.approx(expected)
        assert row["low"] < row["value"] < row["high"]
        assert row["cost_usd_per_1000"] == pytest.approx(1 + 20 * is_sent.mean())


def test_an_unsure_small_model_that_asks_half_the_time_beats_asking_at_random(stages):
    (small, large), right, _ = stages
    curve = cascade_curve("classification", small, large)
    half = curve.filter(pl.col("share_large").is_between(0.45, 0.55)).row(0, named=True)
    assert half["value"] > (right["small"].mean() + right["large"].mean()) / 2 + 0.05


def test_a_row_without_a_confidence_always_goes_on_and_a_run_without_any_is_refused(stages):
    (small, large), _, sure = stages
    blind = type(small)(small.answers, np.where(sure < 0.1, np.nan, sure), small.cost_usd,
                        small.latency_ms)  # fmt: skip
    curve = cascade_curve("classification", blind, large)
    assert curve["share_large"][0] == pytest.approx((sure < 0.1).mean())
    none = type(small)(small.answers, np.full(N, np.nan), small.cost_usd, small.latency_ms)
    with pytest.raises(InputError, match="no row has a score or logprobs"):
        cascade_curve("classification", none, large)


def test_dollars_for_a_thousand_are_those_of_the_rows_that_tell():
    rows = pl.DataFrame(
        {
            "latency_ms": [1.0, 2.0, None],
            "usage": ['{"cost_usd": 0.5}', '{"cost": 1.5, "prompt_tokens": 3}', "no json"],
        }
    )
    costs = run_costs(rows)
    assert costs["cost_usd_per_1000"] == 1000
    assert costs["cost_usd_rows"] == 2
    assert row_usage(rows)["cost_usd"].to_list() == [0.5, 1.5, None]
    assert np.isnan(run_costs(rows.tail(1))["cost_usd_per_1000"])


def test_a_run_is_dominated_only_where_the_difference_is_beyond_chance():
    # 400 rows: b is worse than a on 40 of them, c on 1.
    ids = [str(n) for n in range(400)]
    gold = pl.DataFrame({"example_id": ids, "label": ["yes"] * 400})
    wrong = {"a": 40, "b": 80, "c": 41, "d": 20}
    answered = {
        name: pl.DataFrame({"example_id": ids, "raw_output": ["no"] * n + ["yes"] * (400 - n)})
        for name, n in wrong.items()
    }
    loaded = load_answers("labels", gold, answered)
    metric = metrics_for("labels", list(loaded.answers.values()))["accuracy"]
    pairs = paired_differences(metric, loaded.repeats)
    assert pairs.height == 12
    runs = pl.DataFrame(
        {
            "run": ["a", "b", "c", "d", "unpriced"],
            "cost": [1.0, 2.0, 3.0, 4.0, None],
            "value": [0.9, 0.8, 0.8975, 0.95, 0.99],
        }
    )
    found = {row["run"]: row for row in frontier(runs, pairs).iter_rows(named=True)}
    assert found["b"]["dominated_by"] == "a"
    assert found["c"]["dominated_by"] is None and found["c"]["tied_with"] == "a"
    assert not found["d"]["is_dominated"] and found["d"]["tied_with"] is None
    assert found["unpriced"]["is_dominated"] is None
    errors = frontier(runs, pairs, higher_is_better=False)
    assert errors.filter(run="d")["dominated_by"].item() == "b"


def test_runs_of_one_price_and_a_pair_without_an_interval_are_tied():
    runs = pl.DataFrame({"run": ["x", "y"], "cost": [1.0, 1.0], "value": [0.7, 0.6]})
    found = frontier(runs, PAIRS_SCHEMA.to_frame())
    assert found["tied_with"].to_list() == ["y", "x"]
