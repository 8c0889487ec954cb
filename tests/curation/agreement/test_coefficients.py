"""Coefficients against cited tables, hand arithmetic, and slow direct definitions."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.taxonomy import Taxonomy
from curation.agreement.cohen import cohen_kappa
from curation.agreement.counts import label_counts
from curation.agreement.distances import interval, nominal, ordinal, ratio, taxonomy
from curation.agreement.fleiss import fleiss_kappa
from curation.agreement.krippendorff import krippendorff_alpha
from curation.agreement.levels import voted_paths
from curation.agreement.percent import percent_agreement
from curation.agreement.votes import Votes, votes_of


def votes(*items: str) -> Votes:
    """One word an item: a letter a vote, a dot for none."""
    rows = [
        (n, a, label)
        for n, item in enumerate(items)
        for a, label in enumerate(item)
        if label != "."
    ]
    frame = pl.DataFrame(rows, schema=["item", "annotator", "label"], orient="row")
    return votes_of(frame)


def counts(*items: str):
    return label_counts(votes(*items))


def cited(shared_data: Path, name: str):
    frame = pl.read_csv(shared_data / "votes/krippendorff" / name)
    coded = votes_of(frame, item="unit", annotator="rater", label="value")
    return label_counts(coded), coded.label_names.cast(pl.Float64).to_numpy()


@pytest.mark.parametrize(
    ("level", "expected"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_of_krippendorff_2011(shared_data, level, expected):
    table, values = cited(shared_data, "krippendorff2011_4obs12units.csv")
    distance = {
        "nominal": nominal,
        "ordinal": ordinal,
        "interval": interval(values),
        "ratio": ratio(values),
    }[level]
    assert round(krippendorff_alpha(table, distance).value, 3) == expected


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.691), ("interval", 0.811)])
def test_alpha_of_three_coders_and_fifteen_units(shared_data, level, expected):
    table, values = cited(shared_data, "wikipedia_3coders15units.csv")
    distance = nominal if level == "nominal" else interval(values)
    assert round(krippendorff_alpha(table, distance).value, 3) == expected


def test_fleiss_with_missing_votes_is_that_of_gwet(shared_data):
    # irrCAC's example cac.raw4raters is the same table: kappa 0.76117 with P_e = 0.2387153.
    table, _ = cited(shared_data, "krippendorff2011_4obs12units.csv")
    assert round(fleiss_kappa(table).value, 5) == 0.76117


def test_cohen_kappa_and_its_error_are_those_of_the_three_abstractors():
    # Gwet's cont3x3abstractors, in irrCAC: kappa 0.7964094, standard error 0.05891072.
    table = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
    cells = [(i, j) for i in range(3) for j in range(3) for _ in range(table[i][j])]
    left, right = np.array(cells).T
    found = cohen_kappa(left, right, 3)
    assert round(found.value, 7) == 0.7964094
    error = (found.high - found.low) / 2 / 1.984217  # t with 99 degrees of freedom
    assert error * math.sqrt(99 / 100) == pytest.approx(
        0.05891072, rel=1e-5
    )  # ours has n / (n - 1)


def test_fleiss_of_his_own_example():
    # Fleiss (1971): 10 subjects, 14 raters, 5 categories: kappa 0.210 (P 0.378, P_e 0.213).
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    words = ["".join("abcde"[c] * n for c, n in enumerate(row)) for row in table]
    assert round(fleiss_kappa(counts(*words)).value, 3) == 0.210


def test_percent_agreement_counts_pairs_of_votes():
    # Items: xxy has 1 equal pair of 3, zz 1 of 1, a lone vote none: 2 of 4.
    assert percent_agreement(counts("xxy", "zz", "x")).value == 2 / 4


def test_alpha_by_hand():
    # aa, ab, bb: n = 6, n_a = n_b = 3. Within: ab gives (4 - 2) / 1 = 2. Expected: 36 - 18 = 18.
    # alpha = 1 - 5 * 2 / 18.
    assert krippendorff_alpha(counts("aa", "ab", "bb")).value == pytest.approx(1 - 5 * 2 / 18)


def test_fleiss_by_hand():
    # P = (1 + 0 + 1) / 3; p_a = p_b = 1/2; P_e = 1/2; kappa = (2/3 - 1/2) / (1/2) = 1/3.
    assert fleiss_kappa(counts("aa", "ab", "bb")).value == pytest.approx(1 / 3)


def test_cohen_by_hand():
    # Left a a b b, right a b b b: P = 3/4; P_e = 1/2 * 1/4 + 1/2 * 3/4 = 1/2.
    found = cohen_kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
    assert found.value == pytest.approx((3 / 4 - 1 / 2) / (1 / 2))


def test_taxonomy_alpha_by_hand():
    # Paths A>B, A>C, D; items (A>B, A>C) and (D, D). d(A>B, A>C) = 1 - 2*1/4 = 1/2; to D it is 1.
    # Within: 2 * 1/2 = 1. Among the 4 votes: A>B-A>C 2 * 1/2, A>B-D 2 * 2, A>C-D 2 * 2 = 9.
    # alpha = 1 - 3 * 1 / 9 = 2/3.
    coded = votes("bc", "dd")
    paths = voted_paths(pl.Series(["A > B", "A > C", "D"]))
    found = krippendorff_alpha(label_counts(coded), taxonomy(paths.tree, paths.codes))
    assert found.value == pytest.approx(2 / 3)


def test_everything_is_undefined_where_no_item_has_two_votes():
    for found in (
        f(counts("a", "b")) for f in (percent_agreement, fleiss_kappa, krippendorff_alpha)
    ):
        assert math.isnan(found.value)
        assert found.reason == "no item has two votes"


def test_chance_corrected_coefficients_are_undefined_without_variation():
    same = counts("aa", "aaa")
    assert percent_agreement(same).value == 1.0
    for found in (fleiss_kappa(same), krippendorff_alpha(same)):
        assert math.isnan(found.value)
        assert "same label" in (found.reason or "")
    assert math.isnan(cohen_kappa(np.zeros(3, int), np.zeros(3, int), 1).value)
    assert cohen_kappa(np.empty(0, int), np.empty(0, int), 1).reason == "no item has a vote of both"


def test_full_agreement_is_one_and_its_interval_is_not_a_point():
    few, many = counts("aa", "bb", "cc"), counts(*["aa", "bb", "cc"] * 100)
    for f in (fleiss_kappa, krippendorff_alpha, percent_agreement):
        assert f(few).value == f(many).value == 1.0
        assert f(few).low < f(many).low < 1.0
        assert f(few).high == 1.0


def test_an_interval_over_one_cluster_is_undefined_but_the_value_stands():
    found = krippendorff_alpha(counts("aa", "ab", "bb"), clusters=np.zeros(3, int))
    assert found.is_defined
    assert math.isnan(found.low)
    assert "1 independent group" in (found.reason or "")


def test_repeating_every_item_in_its_cluster_leaves_the_interval_as_it_was():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("aab"), 3)) for _ in range(60)]
    once = krippendorff_alpha(counts(*words))
    twice = krippendorff_alpha(counts(*words, *words), clusters=np.tile(np.arange(60), 2))
    assert twice.value == pytest.approx(once.value, abs=0.01)
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.02)


# The definitions, said slowly.


def slow_alpha(items: list[list[float]], distance) -> float:
    units = [unit for unit in items if len(unit) > 1]
    n = sum(map(len, units))
    observed = sum(
        distance(a, b) / (len(unit) - 1)
        for unit in units
        for a, b in itertools.permutations(unit, 2)
    )
    every = [v for unit in units for v in unit]
    expected = sum(distance(a, b) for a, b in itertools.permutations(every, 2))
    if expected == 0:
        return math.nan
    return 1 - observed / n / (expected / n / (n - 1))


def slow_ordinal(items: list[list[float]]):
    occurs = Counter(v for unit in items if len(unit) > 1 for v in unit)

    def distance(a: float, b: float) -> float:
        low, high = min(a, b), max(a, b)
        between = sum(n for value, n in occurs.items() if low <= value <= high)
        return (between - (occurs[a] + occurs[b]) / 2) ** 2 if a != b else 0.0

    return distance


def slow_fleiss(items: list[list[float]]) -> float:
    shares: dict[float, float] = defaultdict(float)
    for unit in items:
        for value in unit:
            shares[value] += 1 / len(unit) / len(items)
    by_chance = sum(p * p for p in shares.values())
    pairs = [list(itertools.permutations(unit, 2)) for unit in items if len(unit) > 1]
    if not pairs or len(shares) == 1:
        return math.nan
    observed = sum(sum(a == b for a, b in unit) / len(unit) for unit in pairs) / len(pairs)
    return (observed - by_chance) / (1 - by_chance)


def coded_values(items: list[list[float]]):
    rows = [(n, a, v) for n, unit in enumerate(items) for a, v in enumerate(unit)]
    frame = pl.DataFrame(
        rows, schema={"item": pl.Int64, "annotator": pl.Int64, "label": pl.Float64}, orient="row"
    )
    order = [str(v) for v in sorted({float(v) for unit in items for v in unit})]
    coded = votes_of(frame, label_order=order)
    return label_counts(coded), coded.label_names.cast(pl.Float64).to_numpy()


UNITS = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.5, 7.0]), min_size=1, max_size=5),
    min_size=1,
    max_size=8,
)


@given(UNITS)
@settings(max_examples=60, deadline=None)
def test_every_alpha_is_the_slow_one(items):
    table, values = coded_values(items)
    for fast, slow in (
        (nominal, lambda a, b: float(a != b)),
        (ordinal, slow_ordinal(items)),
        (interval(values), lambda a, b: (a - b) ** 2),
        (ratio(values), lambda a, b: ((a - b) / (a + b)) ** 2 if a + b else 0.0),
    ):
        expected = slow_alpha(items, slow)
        assert krippendorff_alpha(table, fast).value == pytest.approx(expected, nan_ok=True)


@given(UNITS)
@settings(max_examples=40, deadline=None)
def test_fleiss_is_the_slow_one(items):
    found = fleiss_kappa(coded_values(items)[0]).value
    assert found == pytest.approx(slow_fleiss(items), nan_ok=True)


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(" > ".join)


@given(st.lists(st.lists(PATHS, min_size=1, max_size=4), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_taxonomy_alpha_is_the_slow_one(items):
    rows = [(n, a, v) for n, unit in enumerate(items) for a, v in enumerate(unit)]
    frame = pl.DataFrame(rows, schema=["item", "annotator", "label"], orient="row")
    coded = votes_of(frame)
    paths = voted_paths(coded.label_names)
    tree = Taxonomy.from_paths([name.split(" > ") for name in coded.label_names])

    def distance(a: str, b: str) -> float:
        return float(tree.distance(*(tree.codes(pl.Series([v])) for v in (a, b)))[0])

    found = krippendorff_alpha(label_counts(coded), taxonomy(paths.tree, paths.codes))
    assert found.value == pytest.approx(slow_alpha(items, distance), nan_ok=True, abs=1e-12)


@given(UNITS, st.randoms())
@settings(max_examples=30, deadline=None)
def test_nothing_depends_on_the_order_of_rows_or_the_names_of_labels(items, random):
    rows = [(n, a, v) for n, unit in enumerate(items) for a, v in enumerate(unit)]
    renamed = {v: str(n) for n, v in enumerate(random.sample([0.0, 1.0, 2.0, 3.5, 7.0], 5))}
    shuffled = [(f"i{n}", f"w{a}", renamed[v]) for n, a, v in random.sample(rows, len(rows))]
    first = label_counts(
        votes_of(pl.DataFrame(rows, schema=["item", "annotator", "label"], orient="row"))
    )
    other = label_counts(
        votes_of(pl.DataFrame(shuffled, schema=["item", "annotator", "label"], orient="row"))
    )
    for f in (percent_agreement, fleiss_kappa, krippendorff_alpha):
        a, b = f(first), f(other)
        assert a.value == pytest.approx(b.value, nan_ok=True)
        assert a.low == pytest.approx(b.low, nan_ok=True)


@given(UNITS)
@settings(max_examples=30, deadline=None)
def test_nominal_alpha_is_that_of_a_flat_taxonomy(items):
    table, values = coded_values(items)
    flat = voted_paths(pl.Series([f"v{v}" for v in values]))
    a = krippendorff_alpha(table)
    b = krippendorff_alpha(table, taxonomy(flat.tree, flat.codes))
    assert a.value == pytest.approx(b.value, nan_ok=True)
    assert a.low == pytest.approx(b.low, nan_ok=True)
