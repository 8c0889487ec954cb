"""The same row asked again."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.llm.consistency import (
    NO_PAIRS,
    SAMPLE_SCHEMA,
    self_agreement,
    settled,
    shuffled,
    wording,
)


def votes(*rows: tuple) -> pl.DataFrame:
    """Rows of record, sample, value, and perhaps error and score."""
    full = [(r, "category", n, v, *(rest or (None,)))[:5] for r, n, v, *rest in rows]
    held = pl.DataFrame(
        full, schema=["record_id", "question", "sample", "value", "error"], orient="row"
    )
    return held.with_columns(score=pl.lit(None)).select(
        pl.col(name).cast(dtype) for name, dtype in SAMPLE_SCHEMA.items()
    )


def test_self_agreement_counts_pairs_of_samples():
    # record 1: 1 of 3 pairs; record 2: 3 of 3
    found = self_agreement(
        votes(("1", 0, "x"), ("1", 1, "x"), ("1", 2, "y"), *[("2", n, "z") for n in range(3)])
    )
    assert found.value == pytest.approx(4 / 6)
    assert (found.n, found.n_clusters) == (2, 2)
    assert found.low < found.value < found.high


def test_to_say_that_nothing_fits_is_an_answer_and_a_failure_is_none():
    found = self_agreement(
        votes(("1", 0, None), ("1", 1, None), ("1", 2, None, "malformed"), ("2", 0, "x"))
    )
    assert (found.value, found.n) == (1.0, 1)


def test_self_agreement_is_undefined_where_nothing_was_asked_twice():
    for held in (votes(("1", 0, "x"), ("2", 0, "x")), votes()):
        found = self_agreement(held)
        assert math.isnan(found.value)
        assert found.reason == NO_PAIRS


def test_questions_of_one_record_count_as_one_cluster():
    one = votes(("1", 0, "x"), ("1", 1, "y"))
    other = one.with_columns(question=pl.lit("attribute:Colour"))
    assert self_agreement(pl.concat([one, other])).n_clusters == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from(["x", "y", None]), min_size=2, max_size=6), st.randoms())
def test_self_agreement_does_not_depend_on_the_order_of_votes(values, chance):
    rows = [("1", n, value) for n, value in enumerate(values)]
    mixed = rows.copy()
    chance.shuffle(mixed)
    assert self_agreement(votes(*rows)).value == self_agreement(votes(*mixed)).value


def test_most_samples_settle_a_vote_and_the_earliest_among_equals():
    found = settled(
        votes(
            ("1", 0, "y"), ("1", 1, "x"), ("1", 2, "x"),
            ("2", 1, "b"), ("2", 0, "a"),
            ("3", 0, None, "refused"), ("3", 1, None, "truncated"),
            ("4", 0, None, "failed"), ("4", 1, None),
        )
    )  # fmt: skip
    assert found.select("record_id", "value", "error").rows() == [
        ("1", "x", None), ("2", "a", None), ("3", None, "refused"), ("4", None, None),
    ]  # fmt: skip
    assert found["score"].to_list() == pytest.approx([2 / 3, 1 / 2, None, 1 / 2])


def test_one_sample_is_settled_as_it_is():
    one = votes(("1", 0, "x"), ("2", 0, None, "malformed")).with_columns(score=pl.lit(0.25))
    found = settled(one)
    assert found["score"].to_list() == [0.25, None]
    assert found["error"].to_list() == [None, "malformed"]


@settings(deadline=None)
@given(st.lists(st.text(), max_size=9), st.text(), st.integers(0, 20))
def test_an_order_of_chance_is_the_same_again_and_loses_nothing(items, record_id, sample):
    found = shuffled(items, record_id, sample)
    assert found == shuffled(items, record_id, sample)
    assert sorted(found) == sorted(items)


def test_orders_differ_by_record_and_by_sample():
    items = list(range(20))
    orders = {tuple(shuffled(items, r, s)) for r in ("1", "2") for s in (0, 1)}
    assert len(orders) == 4


def test_the_first_sample_is_asked_in_the_first_wording_and_later_ones_in_others():
    texts = ["a", "b", "c"]
    assert all(wording(texts, str(n), 0) == "a" for n in range(20))
    assert {wording(texts, str(n), 1) for n in range(50)} == {"b", "c"}
    assert {wording(texts, "1", 1), wording(texts, "1", 2)} == {"b", "c"}
