"""The consensus: hand-made cases, and two published ones."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.agreement.consensus import consensus_table
from curation.agreement.counts import label_counts
from curation.agreement.votes import votes_of


def consensus(rows, **options) -> pl.DataFrame:
    """Rows of item, annotator, label, score."""
    schema = {"item": pl.String, "annotator": pl.String, "label": pl.String, "score": pl.Float64}
    votes = votes_of(pl.DataFrame(rows, schema=schema, orient="row"), score="score")
    return consensus_table(votes, label_counts(votes), **options)


TIE = [("i", "a", "x", 0.2), ("i", "b", "y", 0.9), ("i", "c", "x", 0.3), ("i", "d", "y", 0.1)]


def test_the_label_with_the_most_votes_wins_however_few():
    found = consensus(
        [("i", "a", "x", 0), ("i", "b", "y", 0), ("i", "c", "x", 0), ("i", "d", "z", 0)]
    )
    row = found.row(0, named=True)
    assert (row["value"], row["n_votes"], row["n_agree"], row["share"]) == ("x", 4, 2, 2 / 4)
    assert not row["is_tie"]
    assert not row["is_unanimous"]
    assert row["entropy"] == pytest.approx(1.5)  # 1/2 * 1 + 2 * 1/4 * 2 bits


def test_a_tie_has_no_winner_and_names_its_labels():
    row = consensus(TIE).row(0, named=True)
    assert (row["value"], row["is_tie"], row["tied"], row["share"]) == (
        None,
        True,
        ["x", "y"],
        1 / 2,
    )


def test_one_vote_is_unanimous_with_itself():
    row = consensus([("i", "a", "x", None)]).row(0, named=True)
    assert (row["value"], row["is_unanimous"], row["entropy"]) == ("x", True, 0.0)


def test_unanimity_asks_for_all():
    found = consensus(
        [
            ("i", "a", "x", 0),
            ("i", "b", "x", 0),
            ("i", "c", "y", 0),
            ("j", "a", "z", 0),
            ("j", "b", "z", 0),
        ],
        rule="unanimity",
    )
    assert found["value"].to_list() == [None, "z"]
    assert found["n_agree"].to_list() == [2, 2]


def test_a_tie_may_be_broken_by_the_sum_of_scores():
    # x: 0.2 + 0.3 = 0.5, y: 0.9 + 0.1 = 1.0.
    row = consensus(TIE, tie_break="score").row(0, named=True)
    assert (row["value"], row["is_tie"]) == ("y", True)


def test_equal_scores_leave_a_tie():
    rows = [("i", "a", "x", 0.1), ("i", "b", "x", 0.2), ("i", "c", "y", 0.2), ("i", "d", "y", 0.1)]
    assert consensus(rows, tie_break="score")["value"].to_list() == [None]
    unscored = [(i, a, label, None) for i, a, label, _ in TIE]
    assert consensus(unscored, tie_break="score")["value"].to_list() == [None]


def test_a_tie_may_be_broken_by_whom_one_prefers():
    assert consensus(TIE, tie_break="prefer", prefer=["nobody", "c", "b"])["value"].to_list() == [
        "x"
    ]
    assert consensus(TIE, tie_break="prefer", prefer=["nobody"])["value"].to_list() == [None]


def test_the_preferred_one_breaks_only_ties_and_only_for_a_tied_label():
    rows = [("i", "a", "z", 0), *TIE, ("j", "a", "q", 0), ("j", "b", "r", 0), ("j", "c", "r", 0)]
    found = consensus(
        [r for r in rows if r[:2] != ("i", "a") or r[2] == "z"], tie_break="prefer", prefer=["a"]
    )
    # i: z 1 (by a), x 1 (c), y 2 (b, d): y wins without a tie. j: r wins against the preferred q.
    assert found["value"].to_list() == ["y", "r"]


VOTES = st.lists(
    st.tuples(
        st.sampled_from("ijk"), st.sampled_from("abcde"), st.sampled_from("xyz"), st.just(None)
    ),
    min_size=1,
    max_size=15,
    unique_by=lambda row: row[:2],
)


@given(VOTES, st.randoms())
def test_no_order_of_rows_decides(rows, random):
    first = consensus(rows).sort("item")
    assert first.equals(consensus(random.sample(rows, len(rows))).sort("item"))


@given(VOTES)
def test_shares_and_entropy_are_within_their_bounds(rows):
    for row in consensus(rows).iter_rows(named=True):
        assert 0 < row["share"] <= 1
        assert 0 <= row["entropy"] <= math.log2(3) + 1e-12
        assert row["is_unanimous"] == (row["share"] == 1) == (row["entropy"] == 0)
        assert row["is_tie"] == (row["value"] is None)


@pytest.mark.parametrize(("task", "expected"), [("rte", 89.69), ("temp", 93.61)])
def test_majority_of_snow_2008_with_ties_split(shared_data, task, expected):
    path = shared_data / f"votes/snow2008/{task}.standardized.tsv"
    given = pl.read_csv(path, separator="\t", infer_schema=False)
    votes = votes_of(given, item="orig_id", annotator="!amt_worker_ids", label="response")
    gold = given.select(pl.col("orig_id").alias("item"), "gold").unique()
    found = consensus_table(votes, label_counts(votes)).join(gold, on="item", validate="1:1")
    in_tie = pl.when(pl.col("tied").list.contains(pl.col("gold"))).then(
        1 / pl.col("tied").list.len()
    )
    hit = (
        pl.when("is_tie")
        .then(in_tie.fill_null(0.0))
        .otherwise((pl.col("value") == pl.col("gold")).cast(pl.Float64))
    )
    assert round(100 * found.select(hit.mean()).item(), 2) == expected
