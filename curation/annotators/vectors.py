"""Texts as rows of a sparse matrix of weighted words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from curation.annotators.words import Words


@dataclass(frozen=True)
class Vocabulary:
    """The words that count, and how much.

    Attributes
    ----------
    words
        Ascending numbers of words.
    weights
        What one occurrence of each is worth, as ``float32``.
    """

    words: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        """How many words there are."""
        return len(self.words)


def learn_vocabulary(texts: Words, *, most_words: int | None = None) -> Vocabulary:
    """The words of texts, weighted by how few texts hold them.

    ``log((1 + n) / (1 + n_w)) + 1``, the smoothed inverse document frequency.

    Parameters
    ----------
    most_words
        Keep the words that the most texts hold; the smaller number first among equals.
    """
    words, column = np.unique(texts.words, return_inverse=True)
    held = csr_array(
        (np.ones(len(column), np.int32), column, texts.starts.copy()),
        shape=(len(texts), len(words)),
    )
    held.sum_duplicates()
    n_texts = np.bincount(held.indices, minlength=len(words))
    if most_words is not None and len(words) > most_words:
        kept = np.sort(np.argsort(-n_texts, kind="stable")[:most_words])
        words, n_texts = words[kept], n_texts[kept]
    weights = np.log((1 + len(texts)) / (1 + n_texts)) + 1
    return Vocabulary(words, weights.astype(np.float32))


def word_counts(texts: Words, vocabulary: Vocabulary) -> csr_array:
    """How often each text holds each word, shape ``(n_texts, n_words)``, as ``float32``."""
    column = np.searchsorted(vocabulary.words, texts.words)
    column = np.minimum(column, max(len(vocabulary) - 1, 0))
    is_known = np.zeros(len(column), bool)
    if len(vocabulary):
        is_known = vocabulary.words[column] == texts.words
    known = np.concatenate([[0], np.cumsum(is_known)])
    starts = known[texts.starts].astype(np.int32)
    counts = csr_array(
        (np.ones(int(known[-1]), np.float32), column[is_known].astype(np.int32), starts),
        shape=(len(texts), len(vocabulary)),
    )
    counts.sum_duplicates()
    return counts


def tf_idf(texts: Words, vocabulary: Vocabulary) -> csr_array:
    """Rows of ``(1 + log count) * weight``, each of length 1; empty where no word is known."""
    rows = word_counts(texts, vocabulary)
    rows.data = damped(rows.data) * vocabulary.weights[rows.indices]
    lengths = np.sqrt(rows.power(2) @ np.ones(rows.shape[1], np.float64))
    repeated = np.repeat(lengths, np.diff(rows.indptr))
    rows.data = (rows.data / repeated).astype(np.float32)
    return rows


def damped(counts: np.ndarray) -> np.ndarray:
    """``1 + log count``: the second mention of a word says less than the first."""
    return np.asarray((1 + np.log(counts.astype(np.float64))).astype(np.float32))
