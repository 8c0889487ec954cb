import numpy as np
import pytest
from scipy.stats import bootstrap

from stats.bootstrap import (
    MOST_CLUSTERS,
    bootstrap_estimate,
    cluster_weights,
    resampled_sums,
    resampling_codes,
)
from stats.estimate import Estimate
from stats.intervals import degrees_of_freedom, mean_estimate


def test_every_resample_draws_as_many_clusters_as_there_are():
    drawn = np.concatenate(list(cluster_weights(7, 50, seed=3, at_once=8)))
    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()
    # Each of 350 draws hits a cluster with 1/7: mean weight 1, variance 1 - 1/7.
    many = np.concatenate(list(cluster_weights(7, 20_000, seed=0)))
    assert many.mean(axis=0) == pytest.approx(np.ones(7), abs=0.03)
    assert many.var(axis=0) == pytest.approx(np.full(7, 6 / 7), abs=0.03)


def test_resampled_sums_are_the_sums_of_the_drawn_clusters():
    sums = np.random.default_rng(1).random((3, 40))
    drawn = np.concatenate(list(cluster_weights(40, 25, seed=5)))
    slow = [[sum(w * x for w, x in zip(ws, row, strict=True)) for row in sums] for ws in drawn]
    assert resampled_sums(sums, 25, seed=5) == pytest.approx(np.array(slow))


def test_the_interval_is_the_one_that_scipy_gives():
    values = np.random.default_rng(2).exponential(size=60)
    drawn = resampled_sums(values[None, :] / 60, 20_000, seed=0)[:, 0]
    value = float(values.mean())
    found = bootstrap_estimate(Estimate(value, 0, 9, 60), drawn)
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=0)
    low, high = theirs.confidence_interval
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.015)


def test_resamples_that_are_all_alike_keep_the_interval_there_was():
    ours = mean_estimate(np.ones(20))
    assert bootstrap_estimate(ours, np.ones(999)) == ours
    half = np.where(np.arange(999) % 2 == 0, np.nan, 0.5)
    assert bootstrap_estimate(ours, half) == ours


def test_few_degrees_of_freedom_or_a_larger_error_reach_further():
    draws = np.random.default_rng(0).normal(0.5, 0.02, 200_000)
    ours = Estimate(0.5, 0.4, 0.6, 100)
    for error, df, reach in ((0.0, np.inf, 1.96), (0.0, 10, 2.228), (0.03, 10, 1.5 * 2.228)):
        found = bootstrap_estimate(ours, draws, (error, error), df)
        assert found.high - found.low == pytest.approx(2 * reach * 0.02, rel=0.03)


def test_many_independent_rows_are_dealt_into_clusters_of_one_size():
    codes = resampling_codes(None, 2 * MOST_CLUSTERS + 10, seed=0)
    sizes = np.bincount(codes)
    assert len(sizes) == MOST_CLUSTERS
    assert set(sizes.tolist()) == {2, 3}
    assert resampling_codes(None, 5, seed=0).tolist() == [0, 1, 2, 3, 4]


def test_a_cluster_with_most_rows_leaves_few_degrees_of_freedom():
    # Effective clusters: 100^2 / (90^2 + 10 * 1) = 1.23; at least 1 is left.
    assert degrees_of_freedom(100, np.r_[np.zeros(90, int), np.arange(1, 11)]) == 1
    assert degrees_of_freedom(100, np.repeat(np.arange(20), 5)) == 19
    assert degrees_of_freedom(10, np.zeros(10, int)) == 0
