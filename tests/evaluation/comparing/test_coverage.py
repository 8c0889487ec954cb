"""A small version of benchmarks/interval_coverage.py: bounds allow for the luck of few simulations."""

import pytest

from benchmarks.interval_coverage import KINDS, coverage, paired_tests, repeated, small_slices


@pytest.mark.parametrize("kind", ["60 groups of 20", "200 groups, Zipf, head of 15 %"])
def test_intervals_by_group_cover_and_those_by_row_do_not(kind):
    # 95 % of 300 has a standard error of 1.3 points.
    for ways in coverage(KINDS[kind], 300, seed=0, with_bootstrap=False).values():
        assert 0.915 <= ways["influence"] <= 0.985
        assert ways["naive"] < 0.80


def test_the_bootstrap_covers_where_groups_are_alike():
    for ways in coverage(KINDS["60 groups of 20"], 100, seed=1).values():
        assert 0.88 <= ways["bootstrap"] <= 0.99


def test_the_bootstrap_covers_where_one_group_holds_many_rows():
    for ways in coverage(KINDS["40 groups, Zipf, head of 15 %"], 200, seed=1).values():
        assert 0.91 <= ways["bootstrap"] <= 0.99


def test_the_paired_test_holds_its_level_and_finds_more_than_the_unpaired():
    sizes = KINDS["200 groups, Zipf, head of 15 %"]
    level = paired_tests(sizes, 300, 0, effect=0.0)
    power = paired_tests(sizes, 300, 0, effect=0.03)
    assert level["paired, by group"] <= 0.08
    assert level["paired, by row"] > 0.15
    assert power["paired, by group"] > 0.5
    assert 0.05 < power["unpaired, by group"] < power["paired, by group"] - 0.3


@pytest.mark.parametrize("n", [5, 20, 50])
def test_shares_of_small_slices_are_covered_whatever_the_truth(n):
    mean, least = small_slices(n)
    assert mean >= 0.95
    assert least >= 0.93


def test_several_seeds_cover_what_one_does_not():
    alone, together = repeated(4, 300, seed=0, seed_sd=0.05)
    assert alone < 0.75
    assert 0.90 <= together <= 0.99
