import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control

from stats.corrections import benjamini_hochberg, holm
from stats.intervals import (
    bounded_estimate,
    free_estimate,
    mean_estimate,
    ratio_estimate,
    standard_error,
)
from stats.randomisation import sign_flip_p


def test_standard_error_without_clusters_is_the_textbook_one():
    x = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    error, n = standard_error((x - x.mean()) / 5, None)
    # sqrt(sum (x - mean)^2 / (n (n - 1))) = sqrt(1.2 / 20)
    assert error == pytest.approx(math.sqrt(1.2 / 20))
    assert n == 5


def test_rows_of_one_cluster_count_as_one_observation():
    hits = np.repeat([1.0, 0.0, 1.0, 1.0], 25)
    clusters = np.repeat(np.arange(4), 25)
    clustered, n = standard_error((hits - hits.mean()) / 100, clusters)
    alone, _ = standard_error((hits[::25] - 0.75) / 4, None)
    assert n == 4
    assert clustered == pytest.approx(alone)


def test_intervals_stay_inside_zero_and_one_and_hold_the_value():
    for hits in ([1] * 10, [0] * 10, [1] * 9 + [0]):
        found = mean_estimate(np.array(hits, float))
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


def test_one_cluster_has_no_interval_and_says_why():
    found = mean_estimate(np.array([1.0, 0.0]), np.array([0, 0]))
    assert found.value == 0.5
    assert math.isnan(found.low)
    assert "1 independent group" in found.reason


def test_a_ratio_over_nothing_is_undefined_not_zero():
    found = ratio_estimate(np.zeros(3), np.zeros(3))
    assert math.isnan(found.value)
    assert found.as_json()["value"] is None
    assert found.reason


def test_clustered_intervals_cover_where_naive_ones_do_not():
    rng = np.random.default_rng(0)
    n_clusters, size, truth, covered, naive = 60, 20, 0.7, 0, 0
    for _ in range(600):
        rates = rng.beta(0.7 * 2, 0.3 * 2, n_clusters)
        hits = (rng.random((n_clusters, size)) < rates[:, None]).astype(float).ravel()
        clusters = np.repeat(np.arange(n_clusters), size)
        found, plain = mean_estimate(hits, clusters), mean_estimate(hits)
        covered += found.low <= truth <= found.high
        naive += plain.low <= truth <= plain.high
    assert 0.93 <= covered / 600 <= 0.97
    assert naive / 600 < 0.85


def test_an_error_that_is_rounding_alone_is_none():
    alike = bounded_estimate(0.04, np.zeros(6), None)
    rounded = bounded_estimate(0.04, np.array([1e-17, -1e-17] * 3), None)
    assert (rounded.low, rounded.high) == (alike.low, alike.high)
    assert alike.high - alike.low > 0.2
    credits = np.array([(0.8 - 1) ** 2, 0.2**2])
    assert credits[0] != credits[1]
    found = ratio_estimate(credits, np.ones(2))
    assert found.low == pytest.approx(ratio_estimate(credits[::-1], np.ones(2)).low, rel=1e-9)


def test_free_estimates_are_cut_at_the_bounds_of_the_statistic():
    found = free_estimate(0.9, np.array([0.5, -0.5, 0.4, -0.4]), None, upper=1.0)
    assert found.high == 1.0


def test_bounded_estimate_of_nan_is_undefined():
    assert not bounded_estimate(math.nan, np.zeros(3), None).is_defined


@pytest.mark.parametrize(("fixed", "broken"), [(7, 1), (1, 7), (12, 5), (3, 3), (30, 10)])
def test_sign_flips_of_single_rows_are_the_exact_mcnemar_test(fixed, broken):
    differences = np.array([1] * fixed + [-1] * broken + [0] * 50)
    expected = binomtest(min(fixed, broken), fixed + broken, 0.5).pvalue
    assert sign_flip_p(differences) == pytest.approx(expected)


def test_identical_runs_have_p_one():
    assert sign_flip_p(np.zeros(100)) == 1.0


def test_clusters_are_swapped_whole():
    differences = np.ones(40)
    clusters = np.repeat([0, 1], 20)
    # two clusters of +20 each: both heads or both tails of four outcomes
    assert sign_flip_p(differences, clusters) == pytest.approx(2 / 4)


def test_drawn_and_exact_randomisation_agree():
    rng = np.random.default_rng(1)
    differences = rng.choice([-1.0, 0.0, 1.0], 300, p=[0.1, 0.7, 0.2])
    clusters = rng.integers(0, 60, 300)
    exact = sign_flip_p(differences, clusters)
    assert sign_flip_p(differences * 0.5 + 1e-9, clusters, n_draws=20_000) == pytest.approx(
        exact, abs=0.02
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrections_never_lower_a_p_value_and_keep_their_order(p_values):
    raw = np.array(p_values)
    for correct in (holm, benjamini_hochberg):
        found = correct(raw)
        assert (found >= raw - 1e-12).all() and (found <= 1).all()
        order = np.argsort(raw, kind="stable")
        assert (np.diff(found[order]) >= -1e-12).all()


def test_corrections_leave_undefined_looks_out():
    assert holm(np.array([0.02, np.nan]))[0] == 0.02
    assert np.isnan(benjamini_hochberg(np.array([0.02, np.nan]))[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrections_are_scipys_and_those_of_a_slow_definition(p_values):
    raw = np.array(p_values)
    assert benjamini_hochberg(raw) == pytest.approx(false_discovery_control(raw))
    order = sorted(range(len(raw)), key=raw.__getitem__)
    for rank, place in enumerate(order):
        steps = [(len(raw) - r) * raw[order[r]] for r in range(rank + 1)]
        assert holm(raw)[place] == pytest.approx(min(1.0, max(steps)))
