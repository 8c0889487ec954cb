from __future__ import annotations

import math
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from catalog.brands import brand_keys
from curation.balance import BalanceSettings, balance
from curation.balance.evenness import entropy_bits, gini
from curation.balance.targets import bounds, effective_number, row_weights, target_counts

SCHEMA = {
    "record_id": pl.String,
    "category_path": pl.List(pl.String),
    "brand": pl.String,
    "group_id": pl.Int64,
}


def train_of(rows: list[tuple[str, list[str] | None, str | None, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def train_with(counts: dict[str, int]) -> pl.DataFrame:
    """So many records of each category, each of a brand and a group of its own."""
    names = [name for name, n in counts.items() for _ in range(n)]
    return train_of([(f"r{i}", name.split("/"), f"b{i}", i) for i, name in enumerate(names)])


def n_after(train: pl.DataFrame, chosen: BalanceSettings) -> dict[str, int]:
    table = balance(train, chosen).table.filter(level=str(chosen.level))
    return dict(table.select("category", "n_after").iter_rows())


def test_none_leaves_train_as_it_is() -> None:
    made = balance(train_with({"A": 3, "B": 1}), BalanceSettings())
    assert made.rows.rows() == [(f"r{i}", 0, 1.0) for i in range(4)]
    assert made.notes == []


def test_uniform_gives_every_category_the_mean() -> None:
    # 12 records in 3 categories: 12 / 3 = 4 each.
    train = train_with({"A": 9, "B": 2, "C": 1})
    assert n_after(train, BalanceSettings(method="uniform")) == {"A": 4, "B": 4, "C": 4}


def test_uniform_by_copying_alone_lifts_all_to_the_largest() -> None:
    chosen = BalanceSettings(method="uniform", by="over", max_repeats=9)
    assert n_after(train_with({"A": 9, "B": 2, "C": 1}), chosen) == {"A": 9, "B": 9, "C": 9}


def test_uniform_by_dropping_alone_lowers_all_to_the_smallest() -> None:
    chosen = BalanceSettings(method="uniform", by="under")
    assert n_after(train_with({"A": 9, "B": 2, "C": 2}), chosen) == {"A": 2, "B": 2, "C": 2}


def test_sqrt_gives_rows_in_proportion_to_square_roots() -> None:
    # Roots 4, 2, 1 sum to 7; 21 records: 21 / 7 = 3 rows for each unit of root.
    train = train_with({"A": 16, "B": 4, "C": 1})
    assert n_after(train, BalanceSettings(method="sqrt")) == {"A": 12, "B": 6, "C": 3}


def test_fractions_go_to_the_largest_remainders_and_ties_to_the_first_name() -> None:
    # 10 / 3 = 3 1/3 each; the one row over goes to A.
    train = train_with({"C": 1, "B": 1, "A": 8})
    assert n_after(train, BalanceSettings(method="uniform")) == {"A": 4, "B": 3, "C": 3}


def test_total_is_met_around_what_is_bounded() -> None:
    # C can have 1 * (1 + 5) = 6 rows; the other 30 - 6 = 24 are shared by A and B.
    chosen = BalanceSettings(method="uniform", total=30)
    assert n_after(train_with({"A": 20, "B": 9, "C": 1}), chosen) == {"A": 12, "B": 12, "C": 6}


def test_total_without_a_method_keeps_the_proportions() -> None:
    chosen = BalanceSettings(total=6)
    assert n_after(train_with({"A": 8, "B": 4}), chosen) == {"A": 4, "B": 2}


def test_total_out_of_reach_is_said_aloud() -> None:
    made = balance(train_with({"A": 2, "B": 1}), BalanceSettings(total=100, max_repeats=1))
    assert made.rows.height == 6
    assert "a total of 100 cannot be met: 6 rows is the nearest" in made.notes[-1]


def test_cap_and_floor_bound_a_method() -> None:
    chosen = BalanceSettings(method="none", cap=5, floor=3)
    assert n_after(train_with({"A": 9, "B": 4, "C": 1}), chosen) == {"A": 5, "B": 4, "C": 3}


def test_methods_cap_and_floor_do_no_more_than_their_bound() -> None:
    train = train_with({"A": 9, "B": 1})
    assert n_after(train, BalanceSettings(method="cap", cap=2)) == {"A": 2, "B": 1}
    assert n_after(train, BalanceSettings(method="floor", floor=2)) == {"A": 9, "B": 2}


def test_categories_short_of_the_floor_are_listed_with_what_is_missing() -> None:
    # One record and two copies are 3 of 10 rows, two records and four copies 6 of 10.
    train = train_with({"A": 9, "B": 2, "C": 1})
    made = balance(train, BalanceSettings(method="floor", floor=10, max_repeats=2))
    # With two copies each, four records make 12 rows: three more of C, two more of B.
    columns = ["category", "floor", "n_before", "n_after", "n_missing", "n_examples"]
    assert made.shortfall.columns == columns
    assert made.shortfall.rows() == [("C", 10, 1, 3, 7, 3), ("B", 10, 2, 6, 4, 2)]
    assert made.figures["n_missing_to_floor"] == 11


def test_balancing_at_a_level_counts_all_that_is_below_it() -> None:
    # Level 1: A has 4 records, B 2. Uniform: 3 each. Short paths count whole.
    train = train_with({"A/x": 3, "A/y": 1, "B": 2})
    made = balance(train, BalanceSettings(method="uniform", level=1))
    counts = made.table.select("level", "category", "n_before", "n_after").rows()
    assert ("1", "A", 4, 3) in counts
    assert ("1", "B", 2, 3) in counts
    assert {row[:3] for row in counts if row[0] == "leaf"} == {
        ("leaf", "A > x", 3),
        ("leaf", "A > y", 1),
        ("leaf", "B", 2),
    }


def test_dropping_takes_a_record_of_each_brand_in_turn() -> None:
    rows = [(f"a{i}", ["A"], "Acme Inc.", 0) for i in range(10)]
    rows += [("b0", ["A"], "Bolt", 1), ("b1", ["A"], "BOLT", 1), ("c0", ["A"], "Cord", 2)]
    kept = balance(train_of(rows), BalanceSettings(method="cap", cap=5)).rows["record_id"]
    # Turn 1: one of each brand; turn 2: one more of Acme and Bolt.
    assert kept.str.head(1).sort().to_list() == ["a", "a", "b", "b", "c"]


def test_records_without_a_brand_stand_for_their_group() -> None:
    rows = [("n0", ["A"], None, 0), ("n1", ["A"], "Generic", 0), ("n2", ["A"], "", 7)]
    kept = balance(train_of(rows), BalanceSettings(method="cap", cap=2)).rows["record_id"]
    assert "n2" in kept
    assert len(kept) == 2


def test_copies_are_spread_before_any_record_has_one_more() -> None:
    # 8 rows of 3 records: 3 + 3 + 2.
    made = balance(train_with({"A": 3}), BalanceSettings(total=8))
    counts = (
        made.rows.group_by("record_id").agg(pl.col("copy").sort()).sort(pl.col("copy").list.len())
    )
    assert counts["copy"].to_list() == [[0, 1], [0, 1, 2], [0, 1, 2]]


def test_a_record_without_a_category_is_kept_once_and_said() -> None:
    rows = [("x", None, "a", 0), ("y", [], "b", 1), ("z", ["A"], "c", 2)]
    made = balance(train_of(rows), BalanceSettings(method="floor", floor=3))
    assert made.rows.rows() == [
        (name, copy, 1.0) for name, copy in [("x", 0), ("y", 0), ("z", 0), ("z", 1), ("z", 2)]
    ]
    assert made.figures["n_without_category"] == 2
    assert any("2 records of train without a category kept once" in note for note in made.notes)


def test_figures_over_no_category_are_null_with_a_reason() -> None:
    made = balance(train_of([]), BalanceSettings(method="uniform", total=5))
    assert made.rows.is_empty()
    assert made.figures["gini"] == {"before": None, "after": None}
    assert made.figures["reason"] == "no record of train has a category"


def test_evenness_rises_to_the_most_under_uniform() -> None:
    figures = balance(
        train_with({"A": 6, "B": 1, "C": 1, "D": 4}), BalanceSettings(method="uniform")
    )
    # 12 / 4 = 3 rows each: no inequality, and log2(4) = 2 bits.
    assert figures.figures["gini"]["after"] == 0.0
    assert figures.figures["entropy_bits"]["after"] == 2.0


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any))
def test_gini_is_its_definition_by_pairs(counts: list[int]) -> None:
    x = np.array(counts, float)
    by_pairs = np.abs(x[:, None] - x[None, :]).sum() / (2 * len(x) ** 2 * x.mean())
    assert gini(np.array(counts)) == pytest.approx(by_pairs)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any))
def test_entropy_is_scipys(counts: list[int]) -> None:
    assert entropy_bits(np.array(counts)) == pytest.approx(stats.entropy(counts, base=2), abs=1e-12)


def test_evenness_of_nothing_is_nan() -> None:
    assert math.isnan(gini(np.array([], int)))
    assert math.isnan(entropy_bits(np.array([0, 0])))


chosen_settings = st.builds(
    lambda method, by, bound, more, total, repeats, seed, level: BalanceSettings(
        method=method if by == "both" else {"cap": "none", "floor": "none"}.get(method, method),
        by=by,
        cap=bound + more if by != "over" else None,
        floor=bound,
        total=total,
        max_repeats=repeats,
        seed=seed,
        level=level,
    ),
    st.sampled_from(["none", "uniform", "sqrt", "temperature", "effective", "cap", "floor"]),
    st.sampled_from(["over", "under", "both"]),
    st.integers(1, 6),
    st.integers(0, 6),
    st.none() | st.integers(1, 80),
    st.integers(0, 4),
    st.integers(0, 3),
    st.sampled_from(["leaf", 1, 2]),
)
trains = st.lists(
    st.tuples(
        st.none() | st.lists(st.sampled_from(["a", "b", "c > d"]), min_size=1, max_size=2),
        st.sampled_from(["Acme", "ACME Ltd", "Bolt", "", None]),
        st.integers(0, 4),
    ),
    max_size=40,
).map(lambda rows: train_of([(f"r{i:02}", *row) for i, row in enumerate(rows)]))


def has_level(train: pl.DataFrame, chosen: BalanceSettings) -> bool:
    """Whether any category is as deep as the level; a level below all is refused."""
    deepest = train["category_path"].list.len().max() or 0
    return chosen.level == "leaf" or deepest == 0 or int(chosen.level) <= int(deepest)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(trains, chosen_settings)
def test_bounds_hold_whatever_is_asked(train: pl.DataFrame, chosen: BalanceSettings) -> None:
    assume(has_level(train, chosen))
    made = balance(train, chosen)
    copies = made.rows.group_by("record_id").agg(pl.col("copy").sort())
    for record_id, numbers in copies.iter_rows():
        assert numbers == list(range(len(numbers))), record_id
        assert len(numbers) <= 1 + (chosen.max_repeats if chosen.by != "under" else 0)
    assert set(copies["record_id"]) <= set(train["record_id"])
    if chosen.by == "over":
        assert set(copies["record_id"]) == set(train["record_id"])
    short = dict(made.shortfall.select("category", "n_after").iter_rows())
    at_level = made.table.filter(level=str(chosen.level))
    for category, before, after in at_level.select("category", "n_before", "n_after").iter_rows():
        assert after >= 1
        assert chosen.cap is None or after <= chosen.cap
        assert after >= (chosen.floor or 0) or short[category] == after
        assert before * (1 + chosen.max_repeats) >= after
    for part in made.table.partition_by("level"):
        assert part["n_after"].sum() == made.rows.height - made.figures["n_without_category"]
        assert part["n_before"].sum() == train.height - made.figures["n_without_category"]


@settings(max_examples=40, deadline=None)
@given(trains, chosen_settings, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_count(
    train: pl.DataFrame, chosen: BalanceSettings, shuffler: random.Random
) -> None:
    assume(has_level(train, chosen))
    order = list(range(train.height))
    shuffler.shuffle(order)
    one, other = balance(train, chosen), balance(train[order], chosen)
    assert one.rows.equals(other.rows)
    assert one.table.equals(other.table)
    assert one.figures == other.figures


def test_another_seed_chooses_other_records() -> None:
    train = train_with({"A": 200})
    chosen = [balance(train, BalanceSettings(method="cap", cap=20, seed=s)).rows for s in (1, 2)]
    assert not chosen[0].equals(chosen[1])
    again = balance(train, BalanceSettings(method="cap", cap=20, seed=1)).rows
    assert chosen[0].equals(again)


@settings(deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), chosen_settings)
def test_a_total_between_the_bounds_is_met_to_the_row(
    counts: list[int], chosen: BalanceSettings
) -> None:
    sizes = np.array(counts)
    lowest, highest = bounds(sizes, chosen)
    got = target_counts(sizes, chosen)
    assert (lowest <= got).all()
    assert (got <= highest).all()
    if chosen.total is not None and lowest.sum() <= chosen.total <= highest.sum():
        assert got.sum() == chosen.total


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"method": "cap"}, "method cap needs a number"),
        ({"method": "floor"}, "method floor needs a number"),
        ({"cap": 1, "floor": 2}, "the cap .1. is below the floor .2."),
        ({"cap": 5, "by": "over"}, "a cap drops rows"),
        ({"method": "floor", "floor": 5, "by": "under"}, "method floor adds rows"),
        ({"by": "weights", "total": 9}, "counts rows and by = weights changes none"),
        ({"beta": 1.0}, "less than 1"),
        ({"temperature": 0.5}, "greater than or equal to 1"),
        ({"capp": 5}, "Extra inputs"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(
    wrong: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        BalanceSettings.model_validate(wrong)


def test_a_real_catalog_is_evened_out_and_loses_no_category(shared_data) -> None:  # type: ignore[no-untyped-def]
    path = shared_data / "catalogs" / "bigbasket" / "BigBasket_Products.csv"
    rows = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True).with_row_index("n")
    names = [c for c in rows.columns if "cat" in c.lower()][:3]
    train = rows.select(
        pl.col("n").cast(pl.String).alias("record_id"),
        pl.concat_list(names).list.drop_nulls().alias("category_path"),
        pl.col(next(c for c in rows.columns if "brand" in c.lower())).alias("brand"),
        pl.col("n").cast(pl.Int64).alias("group_id"),
    )
    made = balance(train, BalanceSettings(method="sqrt", floor=5))
    leaves = made.table.filter(level="leaf")
    assert leaves["n_after"].min() >= 5
    assert made.figures["gini"]["after"] < made.figures["gini"]["before"]
    # Brands take turns: n rows hold n brands or all there are, but for records without a brand.
    possible = leaves.select(pl.min_horizontal("n_brands_before", "n_after")).to_series()
    n_brandless = int(brand_keys(train["brand"]).null_count())
    assert 0 <= (possible - leaves["n_brands_after"]).sum() <= n_brandless
    assert n_brandless < 0.01 * train.height


def test_temperature_flattens_by_its_root() -> None:
    # 27 ** (1/3) = 3, 8 ** (1/3) = 2, 1: of 36 rows 18, 12 and 6.
    chosen = BalanceSettings(method="temperature", temperature=3)
    assert n_after(train_with({"A": 27, "B": 8, "C": 1}), chosen) == {"A": 18, "B": 12, "C": 6}


def test_temperature_one_is_none_and_two_is_sqrt() -> None:
    counts = np.array([50, 20, 7, 1])
    for temperature, method in ((1, "none"), (2, "sqrt")):
        asked = BalanceSettings(method="temperature", temperature=temperature)
        same = target_counts(counts, BalanceSettings(method=method))
        assert target_counts(counts, asked).tolist() == same.tolist()


def test_effective_number_goes_from_none_to_uniform() -> None:
    # beta 0: every example counts whole; beta near 1: every category counts the same.
    counts = np.array([50, 20, 8, 2])
    for beta, method in ((0.0, "none"), (1 - 1e-12, "uniform")):
        asked = BalanceSettings(method="effective", beta=beta, max_repeats=99)
        same = target_counts(counts, BalanceSettings(method=method, max_repeats=99))
        assert target_counts(counts, asked).tolist() == same.tolist()


def test_effective_number_is_its_sum() -> None:
    # Eq. 3 of the paper: the sum of beta ** (j - 1) over j from 1 to n.
    for n in (1, 2, 10, 500):
        wanted = sum(0.9 ** (j - 1) for j in range(1, n + 1))
        assert effective_number(np.array([n]), 0.9)[0] == pytest.approx(wanted)


def test_weights_leave_every_row_and_sum_as_the_method_asks() -> None:
    # 8 rows in 2 categories: 4 each, so 4/6 and 4/2 a row.
    train = train_with({"A": 6, "B": 2})
    made = balance(train, BalanceSettings(method="uniform", by="weights"))
    assert made.rows["copy"].to_list() == [0] * 8
    assert made.rows["weight"].to_list() == pytest.approx([4 / 6] * 6 + [2.0] * 2)
    leaves = made.table.filter(level="leaf")
    assert leaves["n_after"].to_list() == [6, 2]
    assert leaves["weight_after"].to_list() == pytest.approx([4.0, 4.0])
    assert made.figures["gini"]["after"] == pytest.approx(0.0)
    assert "weight of a row = scale * (1) / n" in made.figures["weights"]["formula"]


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=30),
    st.sampled_from(["uniform", "sqrt", "temperature", "effective", "none"]),
    st.integers(0, 9),
)
def test_weights_have_a_mean_of_one_where_the_repeats_allow(
    counts: list[int], method: str, max_repeats: int
) -> None:
    chosen = BalanceSettings.model_validate(
        {"method": method, "by": "weights", "max_repeats": max_repeats}
    )
    sizes = np.array(counts)
    weights = row_weights(sizes, chosen)
    assert (weights > 0).all()
    assert (weights <= 1 + max_repeats + 1e-9).all()
    assert (weights * sizes).sum() == pytest.approx(sizes.sum())


def test_evenness_has_every_level() -> None:
    train = train_with({"A/x": 3, "A/y": 1, "B/z": 2})
    made = balance(train, BalanceSettings(method="uniform"))
    assert made.evenness["level"].to_list() == ["leaf", "1", "2"]
    assert made.evenness["n_categories"].to_list() == [3, 2, 3]
    leaf = made.evenness.row(0, named=True)
    assert leaf["gini_before"] == pytest.approx(made.figures["gini"]["before"])
    assert leaf["entropy_after"] == pytest.approx(math.log2(3))
    # Uniform over leaves, 2 rows each, leaves A with 4 and B with 2: |4 - 2| / (2 * 6).
    assert made.evenness.row(1, named=True)["gini_after"] == pytest.approx(1 / 6)


def test_near_duplicates_are_dropped_first() -> None:
    rows = [(f"r{i}", ["A"], "one", 0) for i in range(6)]
    clusters = pl.Series("cluster", [0, 0, 0, 0, 1, 2])
    for seed in range(5):
        chosen = BalanceSettings(method="cap", cap=3, seed=seed)
        made = balance(train_of(rows).with_columns(clusters), chosen)
        kept = made.rows["record_id"].to_list()
        assert len(kept) == 3
        assert {"r4", "r5"} < set(kept)
        assert made.figures["n_dropped_near_duplicates"] == 3


clustered = st.lists(
    st.tuples(
        st.sampled_from([["A"], ["B"]]),
        st.sampled_from(["Acme", "Bolt", "Cone", "Dune", None]),
        st.integers(0, 4),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(clustered, st.integers(1, 8), st.integers(0, 99))
def test_dropping_keeps_as_many_brands_as_rows_can_hold(
    rows: list[tuple[list[str], str | None, int, int]], cap: int, seed: int
) -> None:
    named = [(f"r{i:02}", path, brand, group) for i, (path, brand, group, _) in enumerate(rows)]
    train = train_of(named).with_columns(pl.Series("cluster", [row[3] for row in rows]))
    made = balance(train, BalanceSettings(method="cap", cap=cap, by="under", seed=seed))
    kept = train.join(made.rows, on="record_id", how="semi")
    for (path,), part in train.group_by("category_path"):
        here = kept.filter(pl.col("category_path") == pl.lit(path, pl.List(pl.String)))
        sources = pl.coalesce("brand", pl.format("group {}", "group_id"))
        possible = min(cap, part.select(sources.n_unique()).item())
        assert here.select(sources.n_unique()).item() == possible
