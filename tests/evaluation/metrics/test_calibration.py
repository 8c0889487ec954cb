import json
import math
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from catalog.errors import InputError
from evaluation.comparing.comparison import compare_runs
from evaluation.loading import load_answers
from evaluation.metrics.calibration import (
    NO_CONFIDENCE,
    calibration_metrics,
    reliability_table,
    risk_coverage,
)
from evaluation.scores import score_categories, score_task

METRICS = {metric.name: metric for metric in calibration_metrics()}


def answers_of(right, scores=None, *, brands=None, **columns):
    """A run that is right where it is said to be, with its confidences."""
    ids = [str(n) for n in range(len(right))]
    gold = {"example_id": ids, "category_path": [["A"]] * len(right)}
    gold |= {} if brands is None else {"brand": brands}
    run = {"example_id": ids, "category_path": [["A"] if r else ["B"] for r in right], **columns}
    run |= {} if scores is None else {"score": scores}
    loaded = load_answers(
        "classification",
        pl.DataFrame(gold),
        {"run": pl.DataFrame(run, schema_overrides={"score": pl.Float64} if scores else None)},
        cluster_column=None if brands is None else "brand",
    )
    return loaded.answers["run"]


class Judged(NamedTuple):
    """All that the metrics read of answers."""

    is_correct: np.ndarray
    confidence: np.ndarray
    clusters: np.ndarray | None = None


def judged(right, scores, brands=None):
    codes = None if brands is None else np.unique(brands, return_inverse=True)[1]
    return Judged(np.array(right, dtype=bool), np.array(scores, dtype=float), codes)


def values(right, scores):
    answers = judged(right, scores)
    return {name: metric.statistic(answers).value for name, metric in METRICS.items()}


def test_numbers_by_hand():
    # Surest first: right .9, wrong .8, right .6, wrong .5.
    found = values([1, 0, 1, 0], [0.9, 0.8, 0.6, 0.5])
    assert found["brier_score"] == pytest.approx((0.01 + 0.64 + 0.16 + 0.25) / 4)
    # Four rows in 15 bins: each alone.
    assert found["ece"] == pytest.approx((0.1 + 0.8 + 0.4 + 0.5) / 4)
    # Risks of the surest 1, 2, 3, 4 rows: 0, 1/2, 1/3, 1/2.
    assert found["aurc"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found["accuracy_at_coverage_50"] == 1 / 2
    assert found["accuracy_at_coverage_80"] == 1 / 2  # 80 % of 4 rows are 4.


def test_rows_of_one_confidence_share_a_bin_and_their_order_does_not_matter():
    found = values([1, 0, 1, 0], [0.5] * 4)
    assert found["ece"] == 0
    assert found["aurc"] == pytest.approx(1 / 2)
    assert found["accuracy_at_coverage_50"] == 1 / 2
    assert values([0, 1, 0, 1], [0.5] * 4) == found


def slow_ece(confidence, right, n_bins=15):
    order = sorted(range(len(right)), key=lambda n: confidence[n])
    bins, first = {}, {}
    for place, n in enumerate(order):
        first.setdefault(confidence[n], place * n_bins // len(right))
        bins.setdefault(first[confidence[n]], []).append(n)
    gaps = [abs(sum(confidence[n] - right[n] for n in rows)) for rows in bins.values()]
    return sum(gaps) / len(right)


scored = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 5)), min_size=2, max_size=60
)


@given(scored)
def test_ece_and_brier_are_those_of_a_slow_definition(rows):
    right, scores = [r for r, _, _ in rows], [s / 20 for _, s, _ in rows]
    found = values(right, scores)
    assert found["ece"] == pytest.approx(slow_ece(scores, right))
    expected = brier_score_loss(right, scores, labels=[False, True])
    assert found["brier_score"] == pytest.approx(expected)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_the_area_is_the_mean_risk_over_all_cuts(right):
    n = len(right)
    scores = [1 - k / n for k in range(n)]
    risks = [1 - np.mean(right[:k]) for k in range(1, n + 1)]
    found = values(right, scores)
    assert found["aurc"] == pytest.approx(np.mean(risks))
    for coverage in (50, 80, 90):
        kept = math.ceil(n * coverage / 100)
        expected = pytest.approx(np.mean(right[:kept]))
        assert found[f"accuracy_at_coverage_{coverage}"] == expected
    assert risk_coverage(judged(right, scores))["risk"].to_list() == pytest.approx(risks)


@given(scored)
def test_influences_sum_to_zero_and_order_does_not_matter(rows):
    right, scores, brands = (list(column) for column in zip(*rows, strict=True))
    scores = [s / 20 for s in scores]
    one = judged(right, scores, brands)
    turned = judged(right[::-1], scores[::-1], brands[::-1])
    for name, metric in METRICS.items():
        statistic = metric.statistic(one)
        assert statistic.influence.sum() == pytest.approx(0, abs=1e-9), name
        here = statistic.estimate(one.clusters)
        there = metric.statistic(turned).estimate(turned.clusters)
        for end in ("value", "low", "high"):
            assert getattr(here, end) == pytest.approx(getattr(there, end), nan_ok=True), name


def test_standard_errors_are_those_of_resampling():
    generator = np.random.default_rng(3)
    scores = np.round(generator.beta(4, 2, 600), 2)
    right = generator.random(600) < scores**1.5
    answers = judged(right, scores)
    for name in ("aurc", "accuracy_at_coverage_50", "accuracy_at_coverage_80", "brier_score"):
        drawn = []
        for _ in range(200):
            rows = generator.integers(0, 600, 600)
            drawn.append(values(right[rows], scores[rows])[name])
        influence = METRICS[name].statistic(answers).influence
        error = math.sqrt(np.square(influence).sum())
        assert error == pytest.approx(np.std(drawn), rel=0.2), name


def test_without_confidences_every_number_says_why_it_is_none():
    scores = score_categories(answers_of([1, 0]))
    for name in METRICS:
        assert math.isnan(scores.metrics[name].value)
        assert scores.metrics[name].reason == NO_CONFIDENCE
    assert scores.tables["reliability"].is_empty()
    assert scores.tables["risk_coverage"].is_empty()


def test_rows_without_a_confidence_come_last_and_are_in_no_bin():
    answers = answers_of([1, 0, 1, 1], [0.9, 0.4, None, None])
    found = {name: metric.statistic(answers) for name, metric in METRICS.items()}
    assert found["brier_score"].n == found["ece"].n == 2
    assert found["brier_score"].value == pytest.approx((0.01 + 0.16) / 2)
    assert found["accuracy_at_coverage_50"].value == 1 / 2
    curve = risk_coverage(answers)
    assert curve["coverage"].to_list() == [0.25, 0.5, 1.0]
    assert curve["threshold"].to_list() == [0.9, 0.4, None]
    assert reliability_table(answers)["n"].sum() == 2


def test_bins_have_equal_mass_and_an_interval_each():
    generator = np.random.default_rng(0)
    scores = generator.random(3000)
    right = generator.random(3000) < scores
    table = reliability_table(answers_of(right.tolist(), scores.tolist()))
    assert table["n"].to_list() == [200] * 15
    held = table.filter(pl.col("confidence").is_between("low", "high")).height
    assert held >= 12  # A calibrated run: about 95 % of 15 bins.
    assert (table["lowest"].to_numpy()[1:] >= table["highest"].to_numpy()[:-1]).all()
    # Wilson's interval of 200 rows with Student's t is as wide as sqrt(p (1 - p) / n) says.
    middle = table.row(7, named=True)
    width = 1.972 * math.sqrt(middle["accuracy"] * (1 - middle["accuracy"]) / 200)
    assert (middle["high"] - middle["low"]) / 2 == pytest.approx(width, rel=0.05)


def test_confidence_comes_from_logprobs_where_there_is_no_score():
    logprobs = [
        json.dumps({"content": [{"token": "A", "logprob": -0.1}, {"token": ".", "logprob": -0.2}]}),
        json.dumps({"A": -1.0, "B": -3.0}),
        json.dumps([-0.5, -0.5]),
        json.dumps({"token_logprobs": [None, -0.25]}),
        "no JSON",
        None,
    ]
    found = answers_of([1] * 6, logprobs=logprobs).confidence
    share = 1 / (1 + math.exp(-2))
    expected = [math.exp(-0.3), share, math.exp(-1), math.exp(-0.25), math.nan, math.nan]
    assert found.tolist() == pytest.approx(expected, nan_ok=True)
    both = answers_of([1, 1], [0.75, None], logprobs=[logprobs[2], logprobs[2]])
    assert both.confidence.tolist() == pytest.approx([0.75, math.exp(-1)])


@pytest.mark.parametrize("wrong", [1.5, -0.1, math.nan, math.inf])
def test_a_score_that_is_no_confidence_is_one_clear_line(wrong):
    with pytest.raises(InputError, match=r"row 2: score is .* Expected a number from 0 to 1"):
        answers_of([1, 1], [0.5, wrong])


def test_labels_and_pairs_are_calibrated_too():
    gold = pl.DataFrame({"example_id": ["1", "2"], "label": ["yes", "no"]})
    run = pl.DataFrame(
        {"example_id": ["1", "2"], "raw_output": ["yes", "yes"], "score": [0.8, 0.6]}
    )
    for task in ("pairs", "labels"):
        answers = load_answers(task, gold, {"run": run}).answers["run"]
        scores = score_task(task, answers)
        assert scores.metrics["brier_score"].value == pytest.approx((0.04 + 0.36) / 2)
        assert scores.as_json()["reliability"][0]["n"] == 1


def test_the_same_answers_with_other_confidences_differ_in_calibration_alone():
    right = [1, 1, 1, 0] * 20
    modest, boastful = (answers_of(right, [score] * 80) for score in (0.75, 0.99))
    found = compare_runs("classification", modest, boastful, metric="ece")
    assert found.difference.value == pytest.approx(0.24)
    by_name = {row["metric"]: row for row in found.metrics.iter_rows(named=True)}
    assert by_name["accuracy"]["difference"] == by_name["accuracy"]["high"] == 0
