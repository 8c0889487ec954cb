import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.duplicates.dedupe import (
    Likeness,
    clusters_at,
    component_labels,
    find_duplicates,
    united,
)
from curation.duplicates.join import Found
from curation.duplicates.partition import (
    part_of_search,
    parts_joined,
    search_part,
    token_parts,
)
from curation.duplicates.thresholds import cluster_table, nearest_to, threshold_curve

words = ["red", "tea", "cup", "128GB", "256GB", "straße", "0.5 l", "500 ml", "XM3", "XM4"]
rows = st.lists(st.lists(st.sampled_from(words), max_size=6).map(" ".join), max_size=25)
likenesses = st.builds(
    Likeness,
    st.sampled_from(["words", "chars"]),
    st.integers(2, 7),
    st.sampled_from(["show", "break"]),
)


def labels_of(n, pairs, threshold):
    tied = pairs.filter(pl.col("similarity") >= threshold)
    return component_labels(n, tied["left"].to_numpy(), tied["right"].to_numpy()).tolist()


@given(rows, st.sampled_from([0.5, 0.6, 2 / 3, 0.8]), likenesses)
@settings(max_examples=50, deadline=None)
def test_the_forest_has_the_clusters_of_every_higher_threshold(texts, threshold, likeness):
    series = pl.Series(texts, dtype=pl.String)
    found = find_duplicates(series, threshold, likeness=likeness)
    assert found.forest["similarity"].is_sorted(descending=True)
    for higher in (threshold, 0.7, 0.75, 0.8, 0.9, 1.0):
        if higher >= threshold:
            afresh = find_duplicates(series, higher, likeness=likeness)
            assert (
                clusters_at(len(texts), found.forest, higher).tolist() == afresh.clusters.tolist()
            )
            assert labels_of(len(texts), afresh.pairs, higher) == afresh.clusters.tolist()


@given(rows, st.sampled_from([0.6, 0.8]))
@settings(max_examples=20, deadline=None)
def test_a_margin_changes_no_pair_and_no_cluster(texts, threshold):
    series = pl.Series(texts, dtype=pl.String)
    plain, wide = (find_duplicates(series, threshold, margin=m) for m in (0.0, 0.2))
    assert plain.pairs.equals(wide.pairs)
    assert plain.n_pairs == wide.n_pairs == plain.pairs.height
    assert plain.clusters.tolist() == wide.clusters.tolist()


@given(rows, st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_a_bound_on_pairs_never_cuts_a_cluster(texts, most):
    series = pl.Series(texts, dtype=pl.String)
    whole, cut = find_duplicates(series, 0.5), find_duplicates(series, 0.5, max_pairs=most)
    assert cut.n_pairs == whole.n_pairs
    assert labels_of(len(texts), cut.pairs, 0.5) == whole.clusters.tolist()
    assert (
        cut.pairs.join(whole.pairs, on=["left", "right", "similarity"]).height == cut.pairs.height
    )
    assert cut.pairs.height <= most + len(texts)


@given(rows, st.sampled_from([0.5, 0.8]), st.integers(1, 7), likenesses)
@settings(max_examples=40, deadline=None)
def test_parts_by_the_rarest_token_find_the_same(texts, threshold, n_parts, likeness):
    def in_parts(asked, /, *, weights, list_from, max_listed, progress) -> Found:
        parts = token_parts(asked, n_parts)
        found = []
        for part in range(n_parts):
            own, taken = part_of_search(asked, parts, part)
            found.append(search_part(own, taken, weights[taken], list_from, max_listed))
        return parts_joined(len(asked.sets), found, max_listed)

    series = pl.Series(texts, dtype=pl.String)
    here = find_duplicates(series, threshold, likeness=likeness, margin=0.1)
    there = find_duplicates(series, threshold, likeness=likeness, margin=0.1, searched=in_parts)
    assert there.pairs.equals(here.pairs)
    assert there.n_pairs == here.n_pairs
    assert there.clusters.tolist() == here.clusters.tolist()
    assert there.forest["similarity"].equals(here.forest["similarity"])


def test_different_numbers_break_a_pair_and_leave_no_edge():
    texts = pl.Series(
        ["acme usb drive 128GB", "acme usb drive 256GB", "acme usb drive 128 GB", "acme usb drive"]
    )
    shown = find_duplicates(texts, 0.5)
    assert shown.clusters.tolist() == [0, 0, 0, 0]
    broken = find_duplicates(texts, 0.5, likeness=Likeness(different_numbers="break"))
    pairs = set(broken.pairs.select("left", "right").rows())
    assert pairs == {(0, 2), (0, 3), (1, 3), (2, 3)}
    assert set(broken.forest.select("left", "right").rows()) <= pairs


def test_equal_words_with_other_numbers_are_two_texts():
    # the words 1, 5, 2, l are the same
    texts = pl.Series(["oil 1.5 l 2 l", "oil 2.5 l 1 l"])
    assert find_duplicates(texts, 0.9).pairs.height == 1
    broken = find_duplicates(texts, 0.9, likeness=Likeness(different_numbers="break"))
    assert broken.pairs.is_empty()
    assert broken.forest.is_empty()


def test_texts_of_several_columns_count_the_more_similar():
    titles = pl.Series(["red tea cup", "red tea cup", "blue mug"])
    whole = pl.Series(["red tea cup big", "red tea cup old", "blue mug"])
    both = united([find_duplicates(texts, 0.6) for texts in (titles, whole)])
    assert both.pairs.rows() == [(0, 1, 1.0)]
    assert both.forest.rows() == [(0, 1, 1.0)]
    assert both.clusters.tolist() == [0, 0, 1]


def test_each_cluster_tells_its_weakest_edge_and_what_was_nearly_a_pair():
    # a-b 3/4, b-c 3/4 (a-c 2/4); d-e 2/3
    texts = pl.Series(["u v w", "u v w x", "u v w x y z", "p q r", "p q"])
    found = find_duplicates(texts, 0.7, margin=0.2)
    table = cluster_table(5, found.forest, 0.7)
    assert table.rows() == [(0, 2, 3 / 4, 0, 1)]
    accepted, refused = nearest_to(found.forest, 0.7, 5)
    assert accepted.rows() == [(0, 1, 3 / 4)]
    assert sorted(refused.rows()) == [(1, 2, 4 / 6), (3, 4, 2 / 3)]
    curve = threshold_curve(5, found.forest, found.searched_from)
    assert curve.filter(pl.col("threshold") == 0.66)["n_rows_in_clusters"].item() == 5
    assert curve.filter(pl.col("threshold") == 0.7)["n_rows_in_clusters"].item() == 2
    assert curve["threshold"].min() == 0.5


@pytest.mark.parametrize("n", [1, 8])
def test_grams_that_are_too_short_or_long_are_refused(n):
    with pytest.raises(ValueError, match="--ngram"):
        find_duplicates(pl.Series(["a"]), 0.8, likeness=Likeness("chars", n))
