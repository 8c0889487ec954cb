import numpy as np
import pytest

from evaluation.metrics.cells import summed_cells
from evaluation.metrics.metric import Sums, ratio_estimate, ratio_statistic


def made(n, seed=0):
    generator = np.random.default_rng(seed)
    return generator.integers(0, 50, n), [generator.integers(0, 6, n), generator.random(n) < 0.5]


@pytest.mark.parametrize("n", [0, 1, 400])
@pytest.mark.parametrize("scale", [1, 2**50])
def test_cells_are_the_sums_of_their_entries_however_large_the_keys(n, scale):
    keys, parts = made(n)
    keys = keys * scale
    parts[0] = parts[0] * 2**10
    named, sums = summed_cells(keys, parts)
    assert named.tolist() == sorted(set(keys.tolist()))
    expected = [[int(part[keys == key].sum()) for key in named] for part in parts]
    assert sums.tolist() == expected


@pytest.mark.parametrize("is_partial", [False, True])
def test_the_short_way_to_an_estimate_gives_the_same(is_partial):
    generator = np.random.default_rng(1)
    denominators = generator.integers(0 if is_partial else 1, 3, 300).astype(float)
    numerators = np.minimum(denominators, generator.integers(0, 3, 300))
    clusters = np.r_[np.arange(20), generator.integers(0, 20, 280)]
    denominators[clusters == 7] = numerators[clusters == 7] = 0.0 if is_partial else 1.0
    sums = Sums(numerators, denominators)
    whole = ratio_statistic(sums, clusters, reason="").estimate(clusters)
    short = ratio_estimate(sums, clusters, reason="")
    assert (short.n, short.n_clusters) == (whole.n, whole.n_clusters)
    for end in ("value", "low", "high"):
        assert getattr(short, end) == pytest.approx(getattr(whole, end), abs=1e-12)


def test_partial_credits_that_vary_little_get_a_narrow_interval():
    # Half of every row is right: between 0.4 and 0.6, the spread is a fifth of that of a share.
    credits = np.tile([0.4, 0.6], 50)
    found = ratio_estimate(Sums(credits, np.ones(100)), np.arange(100), reason="")
    assert found.high - found.low == pytest.approx(2 * 1.984 * 0.1 / np.sqrt(99), rel=0.02)
