import numpy as np
import pytest

from benchmarks.interval_grid import covered_differences, covered_shares
from evaluation.metrics.metric import Sums, ratio_estimate, ratio_statistic
from evaluation.metrics.slices import sliced_ratios
from stats.few_clusters import hidden_weight, unseen_share, wilson
from stats.intervals import ALIKE, bounded_estimate, free_estimate, mean_estimate


def test_nothing_is_hidden_where_every_cluster_holds_its_part():
    assert hidden_weight(4.0, 2.0, 8.0) == 0  # 16 / 2 = 8 of 8 clusters
    # One of 8 clusters holds all: (1 - 1/8) / 2.
    assert hidden_weight(1.0, 1.0, 8.0) == pytest.approx(7 / 16)


def test_errors_of_one_group_leave_more_in_doubt_downwards_than_upwards():
    hits = np.ones((20, 10))
    hits[3, :4] = 0
    clusters = np.repeat(np.arange(20), 10)
    found = mean_estimate(hits.ravel(), clusters)
    # Wilson's at the size that the groups imply: v (1 - v) / se^2, t with 19 df.
    error = 0.02 * np.sqrt(20 / 19 * (19 * 0.05**2 + 0.95**2))
    size = 0.98 * 0.02 / error**2
    low, high = wilson(0.98, size, 2.0930240544)
    assert found.high == pytest.approx(float(high))
    assert found.low < low - 0.04


def test_independent_rows_have_the_interval_of_wilson():
    hits = np.r_[np.ones(45), np.zeros(5)]
    # v (1 - v) / se^2 = 49: the standard error is over n - 1. t with 49 df.
    low, high = wilson(0.9, 49.0, 2.009575237)
    found = mean_estimate(hits)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=1e-6)


def test_the_long_way_the_short_way_and_a_slice_give_the_same_interval():
    generator = np.random.default_rng(1)
    clusters = np.sort(np.r_[np.arange(12), generator.integers(0, 12, 100)])
    hits = (generator.random(112) < np.where(clusters < 2, 0.5, 0.98)).astype(float)
    sums = Sums(2 * hits, 1.0 + (generator.random(112) < 0.9))
    long = ratio_statistic(sums, clusters, reason="").estimate(clusters)
    short = ratio_estimate(sums, clusters, reason="")
    table = sliced_ratios(sums, np.zeros(112, int), 1, clusters)
    assert (short.low, short.high) == pytest.approx((long.low, long.high))
    assert table.select("low", "high").row(0) == pytest.approx((long.low, long.high))


def test_values_that_are_all_alike_leave_a_share_of_groups_unseen():
    # error_distance: every error is 2 edges off of at most 6, in 9 groups.
    found = free_estimate(2.0, np.zeros(9), None, lower=0.0, upper=6.0)
    share = 1 - 0.025 ** (1 / 9)
    assert float(unseen_share(9)) == pytest.approx(share)
    assert (found.low, found.high) == pytest.approx((2 - 2 * share, 2 + 4 * share))


def test_a_statistic_without_bounds_has_no_interval_where_all_is_alike():
    found = free_estimate(2.0, np.zeros(9), None)
    assert np.isnan(found.low) and found.reason == ALIKE


def test_all_right_in_groups_of_many_sizes_counts_effective_groups():
    even = bounded_estimate(1.0, np.zeros(40), np.repeat(np.arange(8), 5))
    odd = bounded_estimate(1.0, np.zeros(40), np.r_[np.zeros(33, int), np.arange(1, 8)])
    assert odd.low < even.low


@pytest.mark.parametrize(
    ("n_clusters", "share", "correlation"),
    [(8, 0.95, 0.5), (10, 0.95, 0.2), (20, 0.95, 0.5), (50, 0.99, 0.5), (200, 0.99, 0.5)],
)
def test_shares_near_one_are_covered_though_few_groups_fail(n_clusters, share, correlation):
    # 95 % of 1,000 has a standard error of .7 points.
    now, plain = covered_shares(n_clusters, share, correlation, n_runs=1000, seed=3)
    assert 0.925 <= now <= 0.99
    assert plain < 0.92


def test_differences_near_the_bound_are_covered_better_than_by_plain_t():
    now, plain = covered_differences(10, 0.95, 0.99, 0.5, n_runs=1000, seed=3)
    assert now >= 0.925
    assert plain < 0.91
