"""How a long frame of votes is read."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from curation.agreement.counts import label_counts
from curation.agreement.votes import votes_of


def frame(*rows: tuple[object, object, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["item", "annotator", "label"], orient="row", strict=False)


def test_the_last_vote_of_an_annotator_on_an_item_counts():
    votes = votes_of(frame((1, "a", "x"), (2, "a", "x"), (1, "a", "y")))
    said = dict(zip(votes.item_names.gather(votes.items), votes.labels, strict=True))
    assert votes.label_names.to_list() == ["x", "y"]
    assert said == {"1": 1, "2": 0}
    assert votes.n_repeated == 1


def test_a_label_that_only_overruled_votes_held_is_no_label():
    votes = votes_of(frame((1, "a", "x"), (1, "a", "y"), (2, "a", "z")))
    assert votes.label_names.to_list() == ["y", "z"]
    assert label_counts(votes).n_labels == 2


def test_rows_without_a_label_or_a_name_are_counted_apart():
    votes = votes_of(frame((1, "a", None), (None, "a", "x"), (1, None, "x"), (1, "b", "x")))
    assert (len(votes), votes.n_empty, votes.n_incomplete) == (1, 1, 2)


def test_a_later_abstention_takes_nothing_back():
    votes = votes_of(frame((1, "a", "x"), (1, "a", None)))
    assert (len(votes), votes.n_empty, votes.n_repeated) == (1, 1, 0)


def test_no_votes_at_all():
    votes = votes_of(frame((1, "a", None)))
    assert len(votes) == votes.n_items == votes.n_annotators == 0
    assert label_counts(votes).n_items == 0


LETTERS = st.tuples(st.integers(0, 4), st.integers(0, 3), st.sampled_from("xyz"))


@given(st.lists(LETTERS, min_size=1, max_size=30))
def test_counts_are_those_of_the_last_votes(rows):
    last = {(item, annotator): label for item, annotator, label in rows}
    votes = votes_of(frame(*rows))
    counts = label_counts(votes)
    found = {
        (votes.item_names[row], votes.label_names[label]): n
        for row, label, n in zip(
            counts.rows.tolist(), counts.labels.tolist(), counts.counts, strict=True
        )
    }
    expected: dict[tuple[str, str], int] = {}
    for (item, _), label in last.items():
        expected[str(item), label] = expected.get((str(item), label), 0) + 1
    assert found == expected
    assert votes.n_repeated == len(rows) - len(last)
