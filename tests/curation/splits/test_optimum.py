"""Splits beside the best ones there are: small catalogs, solved exactly by integer programming."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from curation.splits.assign import assign_groups, count_groups

SLACK, TEST = 0.02, 0.2


def shop(n_groups, n_categories, largest, seed):
    """Rows of each group (Zipf) in each category; four of five are in the group's own category."""
    rng = np.random.default_rng(seed)
    sizes = np.maximum(largest // np.arange(1, n_groups + 1) ** 0.8, 1).astype(int)
    labels = np.repeat(np.arange(n_groups), sizes)
    own = rng.integers(0, n_categories, n_groups)[labels]
    codes = np.where(rng.random(len(own)) < 0.8, own, rng.integers(0, n_categories, len(own)))
    return labels, codes, np.histogram2d(labels, codes, (n_groups, n_categories))[0]


def distance(table, is_test):
    """Rows of test too many or too few by category, as a share of test: twice total variation."""
    return np.abs(is_test @ table - TEST * table.sum(0)).sum() / (TEST * table.sum())


def optimum(table):
    """The least distance of any choice of whole groups within the slack.

    Chosen are x (0 or 1 a group) and d (a category); d >= |rows of x - share|, and the sum of d
    is least.
    """
    n_groups, n_categories = table.shape
    shares, each, none = TEST * table.sum(0), np.eye(n_categories), np.full(n_categories, np.inf)
    rows = np.append(table.sum(1), np.zeros(n_categories))
    found = milp(
        np.repeat([0.0, 1.0], table.shape),
        integrality=np.repeat([1, 0], table.shape),
        bounds=Bounds(0, np.append(np.ones(n_groups), none)),
        constraints=[
            LinearConstraint(np.hstack([table.T, -each]), -none, shares),
            LinearConstraint(np.hstack([table.T, each]), shares, none),
            LinearConstraint(
                rows[None], (TEST - SLACK) * table.sum(), (TEST + SLACK) * table.sum()
            ),
        ],
    )
    assert found.success
    return distance(table, np.round(found.x[:n_groups]))


@pytest.mark.parametrize(("n_groups", "n_categories", "largest"), [(14, 3, 40), (20, 4, 60)])
@pytest.mark.parametrize("seed", range(5))
def test_few_groups_are_split_nearly_as_well_as_can_be(n_groups, n_categories, largest, seed):
    labels, codes, table = shop(n_groups, n_categories, largest, seed)
    made = assign_groups(count_groups(labels, [codes]), (1 - TEST, TEST), slack=SLACK, seed=1)
    assert abs(made @ table.sum(1) / table.sum() - TEST) <= SLACK
    best = optimum(table)
    assert best - 1e-9 <= distance(table, made) <= 1.5 * best + 0.01


@pytest.mark.parametrize("seed", range(3))
def test_more_groups_are_within_two_points_of_the_best(seed):
    labels, codes, table = shop(40, 6, 100, seed)
    made = assign_groups(count_groups(labels, [codes]), (1 - TEST, TEST), slack=SLACK, seed=1)
    assert abs(made @ table.sum(1) / table.sum() - TEST) <= SLACK
    # distance is twice total variation
    assert distance(table, made) <= optimum(table) + 2 * 0.02
