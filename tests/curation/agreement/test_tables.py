"""Annotators, pairs and disagreements, by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from curation.agreement.annotators import annotator_table
from curation.agreement.consensus import consensus_table
from curation.agreement.counts import label_counts
from curation.agreement.disagreements import disagreement_table
from curation.agreement.levels import at_level, parting_levels, voted_paths
from curation.agreement.pairwise import pairwise_table
from curation.agreement.votes import votes_of


def coded(rows, score=None):
    schema = {"item": pl.String, "annotator": pl.String, "label": pl.String, "score": pl.Float64}
    rows = [(*row, None) if len(row) == 3 else row for row in rows]
    return votes_of(pl.DataFrame(rows, schema=schema, orient="row"), score="score")


ROWS = [
    ("1", "a", "x"), ("1", "b", "x"), ("1", "c", "y"),
    ("2", "a", "x"), ("2", "b", "y"),
    ("3", "a", "x"),
    ("4", "b", "y"), ("4", "c", "y"),
]  # fmt: skip


def annotators(**options):
    votes = coded(ROWS)
    counts = label_counts(votes)
    table = annotator_table(votes, counts, consensus_table(votes, counts), **options)
    return {row["annotator_id"]: row for row in table.iter_rows(named=True)}


def test_shares_of_annotators_by_hand():
    a, b, c = (annotators(n_items=5)[name] for name in "abc")
    assert [a["n_votes"], b["n_votes"], c["n_votes"]] == [3, 3, 2]
    assert a["coverage"] == 3 / 5
    assert [a["overlaps"], b["overlaps"], c["overlaps"]] == [2 / 3, 1, 1]
    assert [a["conflicts"], b["conflicts"], c["conflicts"]] == [2 / 3, 2 / 3, 1 / 2]
    # a: item 1 agrees with one of two, item 2 with none of one; item 3 stands alone.
    assert a["agreement_others"] == pytest.approx((1 / 2 + 0) / 2)
    assert c["agreement_others"] == pytest.approx((0 + 1) / 2)
    # Consensus: item 1 x, item 2 a tie, item 4 y; item 3 has one vote.
    assert [a["agreement_consensus"], b["agreement_consensus"], c["agreement_consensus"]] == [
        1,
        1,
        1 / 2,
    ]


def test_an_annotator_alone_has_no_agreement():
    votes = coded([("1", "a", "x")])
    counts = label_counts(votes)
    row = annotator_table(votes, counts, consensus_table(votes, counts)).row(0, named=True)
    assert math.isnan(row["agreement_others"])
    assert math.isnan(row["agreement_consensus"])
    assert row["overlaps"] == 0


def test_intervals_of_annotators_widen_with_clusters():
    # 20 clusters of 10 items that all agree or all differ; items sort by name.
    hit = np.repeat(np.random.default_rng(0).random(20) < 0.7, 10)
    rows = [(f"{n:03}", "a", "x") for n in range(200)]
    rows += [(f"{n:03}", "b", "x" if h else "y") for n, h in enumerate(hit)]
    votes = coded(rows)
    counts = label_counts(votes)
    consensus = consensus_table(votes, counts)
    naive, clustered = (
        annotator_table(votes, counts, consensus, clusters=groups).row(0, named=True)
        for groups in (None, np.repeat(np.arange(20), 10))
    )
    widths = [row["conflicts_high"] - row["conflicts_low"] for row in (naive, clustered)]
    assert widths[1] > 2.5 * widths[0]  # the square root of 10 is 3.2


def test_pairs_are_compared_on_what_both_voted_on():
    table = {
        (row["annotator_a"], row["annotator_b"]): row
        for row in pairwise_table(coded(ROWS)).iter_rows(named=True)
    }
    assert list(table) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [table[k]["n_items"] for k in table] == [2, 1, 2]
    assert table["a", "b"]["percent_agreement"] == 1 / 2
    # b and c on items 1 and 4: x y against y y; P = 1/2, P_e = 1/2 * 0 + 1/2 * 1 = 1/2.
    assert table["b", "c"]["cohen_kappa"] == 0


def test_a_pair_without_a_common_item_says_so():
    row = pairwise_table(coded([("1", "a", "x"), ("2", "b", "x")])).row(0, named=True)
    assert row["n_items"] == 0
    assert math.isnan(row["cohen_kappa"])
    assert row["reason"] == "no item has a vote of both"


def test_too_many_annotators_give_no_pairs():
    votes = coded([("1", str(n), "x") for n in range(4)])
    assert pairwise_table(votes, most_annotators=3).is_empty()
    assert pairwise_table(votes, most_annotators=4).height == 6


PATHS = [
    ("root", "a", "A > B > C"), ("root", "b", "D > B > C"),
    ("second", "a", "A > B > C"), ("second", "b", "A > X > C"),
    ("leaf", "a", "A > B > C"), ("leaf", "b", "A > B > X"),
    ("below", "a", "A > B"), ("below", "b", "A > B > C"),
    ("same", "a", "A > B"), ("same", "b", "A > B"),
]  # fmt: skip


def test_paths_part_at_the_first_level_that_differs():
    votes = coded(PATHS)
    paths = voted_paths(votes.label_names)
    found = dict(zip(votes.item_names, parting_levels(label_counts(votes), paths), strict=True))
    assert found == {"root": 1, "second": 2, "leaf": 3, "below": 3, "same": 3}
    table = disagreement_table(votes, label_counts(votes), paths)
    assert dict(table.select("item", "level").iter_rows()) == {
        "root": 1, "second": 2, "leaf": 3, "below": 3,
    }  # fmt: skip


def test_paths_are_cut_at_a_level_and_shorter_ones_stay_whole():
    votes = coded(PATHS)
    paths = voted_paths(votes.label_names)
    at_two = at_level(votes, paths, 2)
    said = at_two.label_names.gather(at_two.labels).to_list()
    assert set(said) == {"A > B", "A > X", "D > B"}
    assert set(at_level(votes, paths, 1).label_names) == {"A", "D"}
    assert at_level(votes, paths, 9).label_names.sort().to_list() == votes.label_names.to_list()


def test_disagreements_say_who_said_what():
    votes = coded([("1", "b", "x", 0.5), ("1", "a", "y", None), ("2", "a", "x", 1.0)])
    row = disagreement_table(votes, label_counts(votes)).row(0, named=True)
    assert row["item"] == "1"
    assert row["level"] is None
    assert (row["n_values"], row["share"], row["distance"], row["score"]) == (2, 1 / 2, 1.0, 0.5)
    assert row["votes"] == [
        {"annotator_id": "a", "value": "y", "score": None},
        {"annotator_id": "b", "value": "x", "score": 0.5},
    ]


def test_the_most_useful_disagreements_come_first():
    rows = [
        ("most agree", "a", "A > B"), ("most agree", "b", "A > B"), ("most agree", "c", "D"),
        ("near", "a", "A > B", 0.9), ("near", "b", "A > C", 0.9),
        ("far", "a", "A > B", 0.1), ("far", "b", "D", 0.1),
        ("far and sure", "a", "A > B", 0.9), ("far and sure", "b", "D", 0.9),
    ]  # fmt: skip
    votes = coded(rows)
    table = disagreement_table(votes, label_counts(votes), voted_paths(votes.label_names))
    assert table["item"].to_list() == ["far and sure", "far", "near", "most agree"]
    # A>B and A>C share 1 of 2 levels each: 1 - 2 * 1 / 4; two of three pairs of "most agree" are 1.
    assert table["distance"].to_list() == pytest.approx([1, 1, 1 / 2, 2 / 3])


def test_where_all_agree_there_are_no_disagreements():
    votes = coded([("1", "a", "x"), ("1", "b", "x")])
    assert disagreement_table(votes, label_counts(votes)).is_empty()
    assert disagreement_table(votes, label_counts(votes), voted_paths(votes.label_names)).is_empty()
