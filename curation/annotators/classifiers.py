"""Text classifiers that need no key: annotators of a catalog and baselines of an evaluation.

Deterministic: the same texts, labels and seed give the same answers, whatever the number of
threads. They scale to millions of rows and thousands of labels: no more than a number of
rows of each label are learned from, drawn by the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.annotators import linear
from curation.annotators.blocks import in_parts
from curation.annotators.nearest import NOBODY, PostingLists, nearest, posting_lists
from curation.annotators.vectors import Vocabulary, learn_vocabulary, tf_idf
from curation.annotators.words import words_of
from curation.duplicates.join import Told

ROWS_PER_LABEL = 200
_DIGITS = 6
_MOST_WEIGHTS = 1 << 27
"""Words times labels of a linear model: half a GiB, and as much again while it learns."""


class TextClassifier(Protocol):
    """Learns labels of texts."""

    name: str

    def fit(self, texts: pl.Series, labels: pl.Series, *, progress: Told | None = None) -> Self:
        """Learn; rows with a null label are left out.

        Raises
        ------
        InputError
            If no row has a label.
        """

    def predict(self, texts: pl.Series, *, progress: Told | None = None) -> pl.DataFrame:
        """``value`` and ``score`` of each text, null where nothing can be said.

        ``score`` is the classifier's own confidence in [0, 1], rounded to six digits.
        """

    def predict_top(
        self, texts: pl.Series, k: int, *, progress: Told | None = None
    ) -> pl.DataFrame:
        """``values`` and ``scores``, lists of up to ``k`` labels, the best first."""


class MajorityClassifier:
    """Says the most common label, whatever the text; the first by name among equals.

    ``score`` is the share of rows with the label.

    Examples
    --------
    >>> model = MajorityClassifier().fit(pl.Series(["a", "b", "c"]), pl.Series(["X", "Y", "X"]))
    >>> model.predict(pl.Series(["anything"])).rows()
    [('X', 0.666667)]
    """

    name = "majority"

    def __init__(self) -> None:
        self._shares = pl.DataFrame(schema={"value": pl.String, "score": pl.Float64})

    def fit(self, texts: pl.Series, labels: pl.Series, *, progress: Told | None = None) -> Self:
        """Count the labels."""
        rows = _labelled(labels)
        self._shares = (
            labels.gather(rows)
            .alias("value")
            .value_counts()
            .sort(["count", "value"], descending=[True, False])
            .select("value", (pl.col("count") / len(rows)).round(_DIGITS).alias("score"))
        )
        return self

    def predict(self, texts: pl.Series, *, progress: Told | None = None) -> pl.DataFrame:
        """The same for every text."""
        return _first(self.predict_top(texts, 1))

    def predict_top(
        self, texts: pl.Series, k: int, *, progress: Told | None = None
    ) -> pl.DataFrame:
        """The most common labels."""
        top = self._shares.head(k)
        row = pl.DataFrame({"values": [top["value"]], "scores": [top["score"]]})
        return row.select(pl.all().repeat_by(len(texts)).explode(empty_as_null=False))


class KnnClassifier:
    """The labels of the nearest texts, by the cosine of their TF-IDF vectors.

    Each of the ``k`` nearest counts by its squared cosine; ``score`` is the label's share of
    these weights. A text that shares no word with those learned has no answer.

    Examples
    --------
    >>> texts = pl.Series(["red mug", "blue mug", "red tea", "green tea"])
    >>> model = KnnClassifier(k=2).fit(texts, pl.Series(["Mugs", "Mugs", "Tea", "Tea"]))
    >>> model.predict(pl.Series(["white mug", "chair"])).rows()
    [('Mugs', 1.0), (None, None)]
    """

    name = "knn"

    def __init__(self, *, k: int = 10, rows_per_label: int = ROWS_PER_LABEL, seed: int = 0) -> None:
        self._k, self._rows_per_label, self._seed = k, rows_per_label, seed
        self._vocabulary: Vocabulary
        self._index: PostingLists
        self._labels: np.ndarray
        self._names: pl.Series

    def fit(self, texts: pl.Series, labels: pl.Series, *, progress: Told | None = None) -> Self:
        """Index the texts."""
        rows = capped_rows(labels, self._rows_per_label, self._seed)
        words = words_of(texts.gather(rows))
        self._vocabulary = learn_vocabulary(words)
        self._index = posting_lists(tf_idf(words, self._vocabulary))
        self._labels, self._names = _coded(labels.gather(rows))
        return self

    def predict(self, texts: pl.Series, *, progress: Told | None = None) -> pl.DataFrame:
        """The label with the most weight among the nearest."""
        return _first(self.predict_top(texts, 1, progress=progress))

    def predict_top(
        self, texts: pl.Series, k: int, *, progress: Told | None = None
    ) -> pl.DataFrame:
        """The labels of the nearest by falling weight, never more than there are neighbours."""

        def ranked(some: pl.Series, told: Told | None) -> pl.DataFrame:
            queries = tf_idf(words_of(some), self._vocabulary)
            documents, cosines = nearest(queries, self._index, self._k, progress=told)
            return self._ranked(documents, cosines, k)

        return in_parts(texts, ranked, progress)

    def _ranked(self, documents: np.ndarray, cosines: np.ndarray, k: int) -> pl.DataFrame:
        row, place = np.nonzero(documents != NOBODY)
        near = pl.DataFrame(
            {
                "row": row,
                "label": self._labels[documents[row, place]],
                "weight": np.square(cosines[row, place].astype(np.float64)),
            }
        )
        summed = near.group_by("row", "label", maintain_order=True).agg(pl.col("weight").sum())
        shares = (
            summed.with_columns(
                (pl.col("weight") / pl.col("weight").sum().over("row")).round(_DIGITS)
            )
            .sort(["row", "weight", "label"], descending=[False, True, False])
            .group_by("row", maintain_order=True)
            .head(k)
        )
        return _listed(
            len(documents),
            shares["row"].to_numpy(),
            self._names.gather(shares["label"]),
            shares["weight"],
        )


class LinearClassifier:
    """A weight for each word and label over TF-IDF: `curation.annotators.linear`.

    Centroids, then passive-aggressive passes. Out of fold, on the 467 leaf paths and on the
    11 categories of BigBasket, they are right in .515 and .775 of 6,078 rows and take 2 s of a
    core for the leaves. Tried beside them: centroids alone .519 and .743; linear support vector
    machines .503 and .771 in 15 s; ridge .484, stochastic logistic regression .483 and
    complement naive Bayes .391 on the leaves.

    ``score`` is the softmax of eight times the ten highest scores: over BigBasket's leaves,
    90 sub-categories and 11 categories, and Amazon's 363, its rank tells right from wrong with
    an area under the curve of .76 to .80, and its mean is within .2 of the accuracy. A text
    that shares no word with those learned has no answer.

    Examples
    --------
    >>> texts = pl.Series(["red mug", "blue mug", "red tea", "green tea"])
    >>> model = LinearClassifier().fit(texts, pl.Series(["Mugs", "Mugs", "Tea", "Tea"]))
    >>> model.predict(pl.Series(["white mug", "tea", "chair"]))["value"].to_list()
    ['Mugs', 'Tea', None]
    """

    name = "linear"

    def __init__(
        self,
        *,
        n_passes: int = 3,
        margin: float = 0.5,
        aggressiveness: float = 1.0,
        rows_per_label: int = ROWS_PER_LABEL,
        seed: int = 0,
    ) -> None:
        self._n_passes, self._margin, self._aggressiveness = n_passes, margin, aggressiveness
        self._rows_per_label, self._seed = rows_per_label, seed
        self._vocabulary: Vocabulary
        self._weights: np.ndarray
        self._names: pl.Series

    def fit(self, texts: pl.Series, labels: pl.Series, *, progress: Told | None = None) -> Self:
        """Learn the weights."""
        rows = capped_rows(labels, self._rows_per_label, self._seed)
        codes, self._names = _coded(labels.gather(rows))
        words = words_of(texts.gather(rows))
        most_words = max(1, _MOST_WEIGHTS // len(self._names))
        self._vocabulary = learn_vocabulary(words, most_words=most_words)
        self._weights = linear.train(
            tf_idf(words, self._vocabulary),
            codes,
            len(self._names),
            n_passes=self._n_passes,
            margin=self._margin,
            aggressiveness=self._aggressiveness,
            seed=self._seed,
            progress=progress,
        )
        return self

    def predict(self, texts: pl.Series, *, progress: Told | None = None) -> pl.DataFrame:
        """The label with the highest score."""
        return _first(self.predict_top(texts, 1, progress=progress))

    def predict_top(
        self, texts: pl.Series, k: int, *, progress: Told | None = None
    ) -> pl.DataFrame:
        """The labels with the highest scores."""

        def ranked(some: pl.Series, told: Told | None) -> pl.DataFrame:
            rows = tf_idf(words_of(some), self._vocabulary)
            most = min(max(k, 10), len(self._names))
            labels, scores = linear.best(rows, self._weights, most, progress=told)
            shares = np.exp(8.0 * (scores.astype(np.float64) - scores[:, :1]))
            shares = (shares / shares[:, :10].sum(axis=1, keepdims=True)).round(_DIGITS)
            row = np.repeat(np.flatnonzero(np.diff(rows.indptr)), min(k, most))
            place = np.arange(len(row)) % min(k, most)
            return _listed(
                len(some),
                row,
                self._names.gather(labels[row, place]),
                pl.Series(shares[row, place]),
            )

        return in_parts(texts, ranked, progress)


CLASSIFIERS: dict[str, Callable[[int, int], TextClassifier]] = {
    "majority": lambda _rows, _seed: MajorityClassifier(),
    "knn": lambda rows, seed: KnnClassifier(rows_per_label=rows, seed=seed),
    "linear": lambda rows, seed: LinearClassifier(rows_per_label=rows, seed=seed),
}
"""By name: makes a classifier from the most rows of a label to learn from, and a seed."""


def capped_rows(labels: pl.Series, most: int, seed: int) -> np.ndarray:
    """Rows to learn from: at most so many of each label, drawn by the seed, ascending.

    Raises
    ------
    InputError
        If no row has a label.
    """
    rows = _labelled(labels)
    drawn = np.random.default_rng(seed).permutation(rows)
    codes, _ = _coded(labels.gather(drawn))
    order = np.argsort(codes, kind="stable")
    firsts = np.cumsum(np.bincount(codes)) - np.bincount(codes)
    nth = np.arange(len(order)) - firsts[codes[order]]
    return np.sort(drawn[order[nth < most]])


def _labelled(labels: pl.Series) -> np.ndarray:
    rows = np.flatnonzero(labels.is_not_null().to_numpy())
    if not len(rows):
        raise InputError("no row has a label: there is nothing to learn from.")
    return rows


def _coded(labels: pl.Series) -> tuple[np.ndarray, pl.Series]:
    """Labels as numbers from 0 in the order of their sorted names."""
    names = labels.unique().sort()
    return labels.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64), names


def _listed(n_rows: int, row: np.ndarray, values: pl.Series, scores: pl.Series) -> pl.DataFrame:
    """Lists of ``values`` and ``scores`` for each row; empty where a row has none."""
    held = pl.DataFrame({"row": row, "values": values, "scores": scores}).cast({"row": pl.Int64})
    lists = held.group_by("row", maintain_order=True).agg("values", "scores")
    every = pl.DataFrame({"row": np.arange(n_rows)})
    return (
        every.join(lists, on="row", how="left", maintain_order="left")
        .select("values", "scores")
        .with_columns(pl.all().fill_null([]))
    )


def _first(top: pl.DataFrame) -> pl.DataFrame:
    return top.select(
        pl.col("values").list.first().alias("value"), pl.col("scores").list.first().alias("score")
    )
