"""Classifiers: what they learn, what they refuse, and that nothing is left to chance."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from catalog.errors import InputError
from curation.annotators import blocks
from curation.annotators.classifiers import (
    CLASSIFIERS,
    KnnClassifier,
    LinearClassifier,
    capped_rows,
)
from curation.annotators.vectors import learn_vocabulary, tf_idf
from curation.annotators.words import words_of

NAMES = list(CLASSIFIERS)


def drawn(n: int, seed: int = 0, n_labels: int = 6) -> tuple[pl.Series, pl.Series]:
    """Texts of eight words; two in three are of the label's own ten words."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, n_labels, n)
    own = rng.random((n, 8)) < 0.5
    word = np.where(
        own, label[:, None] * 10 + rng.integers(0, 10, (n, 8)), 60 + rng.integers(0, 60, (n, 8))
    )
    texts = pl.Series([" ".join(f"w{w}x" for w in row) for row in word])
    return texts, pl.Series([f"L{n}" for n in label])


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_learn_from_is_told(name):
    with pytest.raises(InputError, match="no row has a label"):
        CLASSIFIERS[name](10, 0).fit(pl.Series(["a"]), pl.Series([None], dtype=pl.String))


@pytest.mark.parametrize("name", NAMES)
def test_answers_have_one_row_a_text_and_scores_in_zero_to_one(name):
    texts, labels = drawn(200)
    model = CLASSIFIERS[name](200, 0).fit(texts, labels)
    asked = pl.Series(["w1x w2x", None, "", "unknown", "w1x"])
    found = model.predict(asked)
    assert found.schema == {"value": pl.String, "score": pl.Float64}
    assert found.height == 5
    assert found["score"].drop_nulls().is_between(0, 1).all()
    top = model.predict_top(asked, 3)
    assert top.schema == {"values": pl.List(pl.String), "scores": pl.List(pl.Float64)}
    assert top["values"].list.first().to_list() == found["value"].to_list()
    assert top["scores"].list.first().to_list() == found["score"].to_list()
    assert (top["values"].list.len() <= 3).all()
    for scores in top["scores"]:
        assert scores.to_list() == sorted(scores, reverse=True)
    assert model.predict(pl.Series([], dtype=pl.String)).height == 0


@pytest.mark.parametrize("name", ["knn", "linear"])
def test_a_text_without_a_known_word_has_no_answer(name):
    model = CLASSIFIERS[name](10, 0).fit(pl.Series(["red mug", "tea"]), pl.Series(["M", "T"]))
    assert model.predict(pl.Series(["chair", "", None]))["value"].to_list() == [None] * 3


@pytest.mark.parametrize("name", NAMES)
def test_one_label_is_always_it(name):
    model = CLASSIFIERS[name](10, 0).fit(pl.Series(["red mug", "tea"]), pl.Series(["M", "M"]))
    assert model.predict(pl.Series(["tea"])).rows() == [("M", 1.0)]


def test_rows_without_a_label_teach_nothing():
    texts, labels = pl.Series(["red mug", "tea", "tea"]), pl.Series(["M", "T", None])
    some = LinearClassifier().fit(texts, labels).predict(texts)
    assert some.equals(LinearClassifier().fit(texts.head(2), labels.head(2)).predict(texts))


def test_majority_says_the_most_common_whatever_the_text():
    model = CLASSIFIERS["majority"](1, 0).fit(
        pl.Series(list("abcd")), pl.Series(["X", "Y", "Y", "X"])
    )
    assert model.predict(pl.Series([None, "z"])).rows() == [("X", 0.5)] * 2
    assert model.predict_top(pl.Series(["z"]), 5).row(0) == (["X", "Y"], [0.5, 0.5])


def test_knn_is_that_of_scikit_learn():
    texts, labels = drawn(400)
    learn, ask = texts.head(300), texts.tail(100)
    words = words_of(learn)
    vocabulary = learn_vocabulary(words)
    theirs = KNeighborsClassifier(5, metric="cosine", weights=lambda d: (1 - d) ** 2)
    theirs.fit(tf_idf(words, vocabulary).toarray(), labels.head(300).to_numpy())
    expected = theirs.predict(tf_idf(words_of(ask), vocabulary).toarray())
    found = KnnClassifier(k=5, rows_per_label=1000).fit(learn, labels.head(300)).predict(ask)
    assert (found["value"].to_numpy() == expected).mean() > 0.98  # float32 may part near ties


def test_linear_is_about_as_good_as_a_support_vector_machine():
    texts, labels = drawn(1500, n_labels=6)
    learn, ask = texts.head(1000), texts.tail(500)
    gold = labels.tail(500).to_numpy()
    words = words_of(learn)
    vocabulary = learn_vocabulary(words)
    machine = LinearSVC(random_state=0).fit(tf_idf(words, vocabulary), labels.head(1000).to_numpy())
    theirs = (machine.predict(tf_idf(words_of(ask), vocabulary)) == gold).mean()
    found = LinearClassifier(rows_per_label=1000).fit(learn, labels.head(1000)).predict(ask)
    ours = (found["value"].to_numpy() == gold).mean()
    assert ours > theirs - 0.03
    assert ours > 0.85


@pytest.mark.parametrize("name", ["knn", "linear"])
def test_the_number_of_threads_and_blocks_changes_nothing(name, monkeypatch):
    texts, labels = drawn(500)

    def answers() -> pl.DataFrame:
        return CLASSIFIERS[name](50, 0).fit(texts, labels).predict_top(texts, 4)

    first = answers()
    monkeypatch.setattr(blocks, "n_threads", lambda: 7)
    monkeypatch.setattr(blocks, "ROWS_AT_ONCE", 13)
    assert answers().equals(first)


@pytest.mark.parametrize("name", ["knn", "linear"])
def test_the_seed_decides_which_rows_are_learned(name):
    texts, labels = drawn(600)
    one, same, other = (
        CLASSIFIERS[name](5, seed).fit(texts, labels).predict(texts) for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one.equals(other)


@given(st.lists(st.sampled_from(["X", "Y", None]), min_size=1, max_size=30), st.integers(1, 4))
@settings(deadline=None)
def test_no_label_has_more_rows_than_the_cap(labels, most):
    given_labels = pl.Series(labels, dtype=pl.String)
    if given_labels.null_count() == len(labels):
        return
    rows = capped_rows(given_labels, most, 0)
    assert rows.tolist() == sorted(set(rows.tolist()))
    for label in ("X", "Y"):
        kept = (given_labels.gather(rows) == label).sum()
        assert kept == min(most, labels.count(label))


def test_progress_may_stop_learning_and_answering():
    texts, labels = drawn(100)

    def stop(done: int, total: int, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LinearClassifier().fit(texts, labels, progress=stop)
    for name in ("knn", "linear"):
        with pytest.raises(KeyboardInterrupt):
            CLASSIFIERS[name](10, 0).fit(texts, labels).predict(texts, progress=stop)
