"""Words, vectors and nearest texts against Python's own."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from catalog.text import words as words_in
from curation.annotators.folds import grouped_folds
from curation.annotators.nearest import NOBODY, nearest, posting_lists
from curation.annotators.vectors import learn_vocabulary, tf_idf, word_counts
from curation.annotators.words import words_of

TEXTS = st.lists(st.one_of(st.none(), st.text("abs ß-Éñ1", max_size=12)), min_size=1, max_size=8)


def singular(word: str) -> str:
    raw = word.encode()
    return word[:-1] if len(raw) > 3 and raw[-1:] == b"s" and raw[-2:-1] != b"s" else word


@given(TEXTS)
@settings(deadline=None)
def test_equal_words_have_equal_numbers_and_no_others(texts):
    found = words_of(pl.Series(texts, dtype=pl.String))
    expected = [[singular(w) for w in words_in(text or "")] for text in texts]
    assert np.diff(found.starts).tolist() == [len(words) for words in expected]
    flat = [word for words in expected for word in words]
    names: dict[int, str] = {}
    for number, word in zip(found.words.tolist(), flat, strict=True):
        assert names.setdefault(number, word) == word
    assert len(names) == len(set(flat))


def test_numbers_of_words_are_the_same_in_every_process():
    # 64-bit FNV-1a of "mug", worked out with Python's integers, then mixed as documented.
    code = 0xCBF29CE484222325
    for letter in b"mug":
        code = (code ^ letter) * 0x100000001B3 % 2**64
    code = code * 0x9E3779B97F4A7C15 % 2**64
    assert words_of(pl.Series(["Mugs"])).words.tolist() == [code ^ (code >> 32)]


def test_texts_of_a_slice_are_read_from_where_it_begins():
    texts = pl.Series(["red mug", "tea", None, "green tea"])
    sliced, alone = words_of(texts.slice(1)), words_of(pl.Series(["tea", None, "green tea"]))
    assert sliced.starts.tolist() == alone.starts.tolist()
    assert sliced.words.tolist() == alone.words.tolist()


SENTENCES = ["red mug red", "blue mug", "green tea", "tea tea tea red", "a mug of tea"]


def test_vectors_are_those_of_scikit_learn():
    found = words_of(pl.Series(SENTENCES))
    ours = tf_idf(found, learn_vocabulary(found))
    theirs = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+").fit_transform(SENTENCES)
    assert np.allclose((ours @ ours.T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-6)


def test_learning_a_vocabulary_leaves_the_words_as_they_were():
    found = words_of(pl.Series(SENTENCES))
    before = found.starts.copy()
    learn_vocabulary(found)
    tf_idf(found, learn_vocabulary(found))
    assert found.starts.tolist() == before.tolist()


def test_a_limited_vocabulary_keeps_what_most_texts_hold():
    found = words_of(pl.Series(SENTENCES))
    kept = learn_vocabulary(found, most_words=2)
    assert set(kept.words) == set(words_of(pl.Series(["mug tea"])).words)  # 3 texts each, red 2


def test_unknown_words_and_empty_texts_have_empty_vectors():
    vocabulary = learn_vocabulary(words_of(pl.Series(SENTENCES)))
    rows = tf_idf(words_of(pl.Series(["chair", "", None, "tea"])), vocabulary)
    assert np.diff(rows.indptr).tolist() == [0, 0, 0, 1]
    assert rows.data.tolist() == [1.0]
    none = learn_vocabulary(words_of(pl.Series([""])))
    assert tf_idf(words_of(pl.Series(["tea"])), none).nnz == 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_the_nearest_are_those_of_the_full_product(seed, k):
    rng = np.random.default_rng(seed)
    # Small whole numbers: products are exact, so ties are real.
    queries, documents = (
        csr_array((rng.integers(0, 3, (n, 6))).astype(np.float32)) for n in (5, 7)
    )
    found, products = nearest(queries, posting_lists(documents), k)
    full = (queries @ documents.T).toarray()
    for row in range(5):
        ranked = sorted((-full[row, d], d) for d in range(7) if full[row, d] > 0)[:k]
        assert [d for d in found[row] if d != NOBODY] == [d for _, d in ranked]
        assert products[row, : len(ranked)].tolist() == [-p for p, _ in ranked]


def test_a_word_that_weighs_nothing_finds_nothing():
    documents = csr_array(np.ones((3, 2), np.float32))
    query = csr_array(np.array([[1, 1]], np.float32))
    query.data[:] = [0, 2]
    found, products = nearest(query, posting_lists(documents), 4)
    assert found.tolist() == [[0, 1, 2, NOBODY]]
    assert products.tolist() == [[2, 2, 2, 0]]
    query.data[:] = 0
    assert nearest(query, posting_lists(documents), 1)[0].tolist() == [[NOBODY]]


def test_common_words_are_dropped_when_the_budget_is_spent():
    documents = csr_array(np.array([[1, 0], [1, 0], [1, 1]], np.float32))
    query = csr_array(np.array([[5, 1]], np.float32))
    assert nearest(query, posting_lists(documents), 1, most_postings=4)[1][0, 0] == 6
    assert nearest(query, posting_lists(documents), 1, most_postings=3)[1][0, 0] == 1


def test_counts_of_words_are_those_of_python():
    found = words_of(pl.Series(SENTENCES))
    vocabulary = learn_vocabulary(found)
    for text, row in zip(SENTENCES, word_counts(found, vocabulary).toarray(), strict=True):
        assert sorted(row[row > 0]) == sorted(Counter(text.split()).values())


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(2, 5))
@settings(deadline=None)
def test_folds_part_no_group_and_are_balanced(groups, n_folds):
    codes = np.unique(groups, return_inverse=True)[1]
    folds = grouped_folds(codes, n_folds)
    of_group = {(g, f) for g, f in zip(codes.tolist(), folds.tolist(), strict=True)}
    assert len(of_group) == len(set(codes.tolist()))
    sizes = np.bincount(folds)
    assert len(sizes) == min(n_folds, codes.max() + 1)
    assert sizes.max() - sizes.min() <= np.bincount(codes).max()


def test_folds_of_nothing():
    assert grouped_folds(np.empty(0, np.int64), 5).tolist() == []
    assert grouped_folds(np.zeros(3, np.int64), 5).tolist() == [0, 0, 0]
