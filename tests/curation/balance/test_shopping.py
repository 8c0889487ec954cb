from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.balance.shopping import SHOPPING_SCHEMA, as_sheet, mean_target, shopping_list


def counts_of(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    schema = {"category": pl.String, "n_train": pl.Int64, "n_catalog": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def answers_of(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    schema = {"category": pl.String, "n_test": pl.Int64, "n_wrong": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_benefit_is_gap_times_share_times_error() -> None:
    # Of all 10 test rows 3 are wrong. A: (3 + 2 * 0.3) / (4 + 2) = 0.6; B: (0 + 0.6) / 8 = 0.075.
    counts = counts_of([("A", 4, 20), ("B", 5, 60), ("C", 10, 20)])
    found = shopping_list(counts, 10, answers_of([("A", 4, 3), ("B", 6, 0)]))
    assert found.schema == SHOPPING_SCHEMA
    assert found["category"].to_list() == ["A", "B"]
    assert found["n_missing"].to_list() == [6, 5]
    assert found["error"].to_list() == pytest.approx([0.6, 0.075])
    assert found["benefit"].to_list() == pytest.approx([0.6 * 0.2 * 0.6, 0.5 * 0.6 * 0.075])


def test_a_category_without_a_test_row_has_the_error_of_all() -> None:
    found = shopping_list(counts_of([("A", 0, 1), ("B", 9, 9)]), 5, answers_of([("B", 8, 2)]))
    assert found.select("category", "n_test", "error").rows() == [("A", 0, 0.25)]


def test_without_a_scored_run_the_error_is_one_and_test_unknown() -> None:
    found = shopping_list(counts_of([("A", 1, 1), ("B", 9, 3)]), 4)
    assert found.select("n_test", "error", "benefit").rows() == [(None, 1.0, 0.75 * 0.25)]


def test_nothing_to_label_is_an_empty_list() -> None:
    assert shopping_list(counts_of([]), 3).is_empty()
    assert mean_target(counts_of([])) == 1
    # 7 records in 2 categories: 3.5, rounded up.
    assert mean_target(counts_of([("A", 6, 6), ("B", 1, 1)])) == 4


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 50)), min_size=1, max_size=12),
    st.integers(1, 40),
)
def test_more_missing_of_the_same_share_is_never_of_less_benefit(
    sizes: list[tuple[int, int]], target: int
) -> None:
    counts = counts_of([(f"c{i}", n, n + more) for i, (n, more) in enumerate(sizes)])
    found = shopping_list(counts, target)
    assert found.height == sum(n < target for n, _ in sizes)
    assert found["benefit"].is_sorted(descending=True)
    assert found["benefit"].is_between(0, 1).all()
    for (_,), part in found.group_by("share"):
        by_gap = part.sort("n_missing", descending=True)["benefit"]
        assert by_gap.is_sorted(descending=True)


def test_a_formula_is_text_in_a_sheet() -> None:
    table = shopping_list(counts_of([("=cmd|' /C calc'!A0", 0, 1)]), 1)
    assert as_sheet(table)["category"].to_list() == ["'=cmd|' /C calc'!A0"]
