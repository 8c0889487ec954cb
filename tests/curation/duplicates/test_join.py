import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from catalog.errors import InputError
from catalog.text import words
from curation.duplicates.dedupe import (
    component_labels,
    duplicate_edges,
    find_duplicates,
    pairs_between,
)
from curation.duplicates.join import similar_pairs
from curation.duplicates.tokens import word_sets

texts = st.lists(
    st.lists(
        st.sampled_from(["red", "tea", "Cup", "128GB", "256GB", "straße", "É", "a-b", "a"]),
        max_size=7,
    ).map(" ".join),
    max_size=25,
)
thresholds = st.sampled_from([0.5, 0.6, 2 / 3, 0.75, 0.8, 0.9, 1.0])


def brute_force(rows, threshold):
    sets = [frozenset(words(row or "")) for row in rows]
    return [
        (i, j, len(sets[i] & sets[j]) / len(sets[i] | sets[j]))
        for i in range(len(rows))
        for j in range(i + 1, len(rows))
        if sets[i] and sets[j] and len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= threshold
    ]


@given(texts, thresholds)
@settings(max_examples=80, deadline=None)
def test_no_pair_is_missed_and_none_is_false(rows, threshold):
    found = find_duplicates(pl.Series(rows, dtype=pl.String), threshold)
    assert found.pairs.rows() == brute_force(rows, threshold)


@given(texts, thresholds)
@settings(max_examples=40, deadline=None)
def test_edges_connect_exactly_what_pairs_connect(rows, threshold):
    series = pl.Series(rows, dtype=pl.String)
    edges = duplicate_edges(series, threshold)
    labels = component_labels(len(rows), edges["left"].to_numpy(), edges["right"].to_numpy())
    assert labels.tolist() == find_duplicates(series, threshold).clusters.tolist()
    assert edges.height <= max(0, len(rows) - 1)


@given(texts, texts, thresholds)
@settings(max_examples=40, deadline=None)
def test_pairs_between_are_the_pairs_that_cross(left, right, threshold):
    found = pairs_between(
        pl.Series(left, dtype=pl.String), pl.Series(right, dtype=pl.String), threshold
    )
    n = len(left)
    expected = [(i, j - n, s) for i, j, s in brute_force(left + right, threshold) if i < n <= j]
    assert found.rows() == expected


def test_many_blocks_and_full_buffers_lose_nothing():
    rng = random.Random(5)
    vocabulary = [f"w{n}" for n in range(40)]
    rows = [" ".join(rng.sample(vocabulary, 3)) for _ in range(9_000)]
    found = find_duplicates(pl.Series(rows), 0.5)
    sets = word_sets(pl.Series(rows))
    held = coo_array(
        (
            np.ones(len(sets.tokens), np.int32),
            (np.repeat(np.arange(9_000), sets.sizes), sets.tokens),
        )
    ).tocsr()
    shared = (held @ held.T).tocoo()
    # sets of three: Jaccard >= 1/2 where two or three words are shared (2/4, 3/3)
    expected = int(((shared.data >= 2) & (shared.row < shared.col)).sum())
    assert found.pairs.height == expected > 65_536


def test_copies_and_families_are_connected_without_listing_their_pairs():
    rows = ["one and the same title"] * 50_000
    edges = duplicate_edges(pl.Series(rows), 0.8)
    assert edges.height == 49_999
    found = find_duplicates(pl.Series(rows), 0.8, max_pairs=1_000)
    assert found.n_pairs == 50_000 * 49_999 // 2
    assert found.is_cut
    assert found.clusters.max() == 0
    left, right = found.pairs["left"].to_numpy(), found.pairs["right"].to_numpy()
    assert component_labels(50_000, left, right).max() == 0
    assert found.pairs.height <= 1_000 + 49_999


def test_numbers_and_units_are_words_of_their_own():
    pairs = find_duplicates(pl.Series(["acme drive 128GB", "acme drive 256GB"]), 0.5).pairs
    assert pairs.rows() == [(0, 1, 2 / 4)]


def test_nothing_and_wordless_texts_are_similar_to_nothing():
    assert find_duplicates(pl.Series([], dtype=pl.String), 0.8).pairs.is_empty()
    assert find_duplicates(pl.Series(["", "!!", None, "—"]), 0.8).pairs.is_empty()


@pytest.mark.parametrize("threshold", [0, -1, 1.5, float("nan")])
def test_a_threshold_that_is_no_similarity_is_refused(threshold):
    with pytest.raises(InputError, match="expected a similarity"):
        list(similar_pairs(word_sets(pl.Series(["a"])), threshold))


def test_words_longer_than_eight_bytes_are_told_apart():
    rows = ["abcdefghijklmnop", "abcdefghijklmnoq", "ABCDEFGHIJKLMNOP", "abcdefgh", "abcdefghi"]
    assert find_duplicates(pl.Series(rows), 1.0).pairs.rows() == [(0, 2, 1.0)]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("bigbasket/BigBasket_Products.csv", "product"),
        ("electronics/amazon_electronics_catalog.csv", "title"),
    ],
)
def test_real_catalogs_against_a_sparse_product(shared_data, name, column):
    titles = pl.read_csv(
        shared_data / "catalogs" / name,
        columns=[column],
        truncate_ragged_lines=True,
        infer_schema=False,
    )[column]
    sets = word_sets(titles)
    rows = np.repeat(np.arange(len(sets)), sets.sizes)
    held = coo_array((np.ones(len(rows), np.int32), (rows, sets.tokens))).tocsr()
    shared = (held @ held.T).tocoo()
    union = sets.sizes[shared.row] + sets.sizes[shared.col] - shared.data
    over = (shared.data / union >= 0.8) & (shared.row < shared.col)
    expected = sorted(zip(shared.row[over].tolist(), shared.col[over].tolist(), strict=True))
    found = find_duplicates(titles, 0.8)
    assert [(a, b) for a, b, _ in found.pairs.rows()] == expected
    n, _ = connected_components(
        coo_array(
            (np.ones(over.sum()), (shared.row[over], shared.col[over])), shape=(len(sets),) * 2
        ),
        directed=False,
    )
    assert found.clusters.max() + 1 == n
