"""`lexical`: the category whose path shares the most telling words with the record."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from curation.annotators.blocks import TEXTS_AT_ONCE, in_parts
from curation.annotators.material import NO_TEXT, Material, answers
from curation.annotators.nearest import NOBODY, nearest, posting_lists
from curation.annotators.vectors import Vocabulary, damped, learn_vocabulary, word_counts
from curation.annotators.words import words_of
from curation.duplicates.join import Told

NO_CATEGORY = "no word in common with any category"
_K1, _B = 1.2, 0.75
_HALF = 20.0


def lexical(material: Material, progress: Told | None = None) -> pl.DataFrame:
    """The leaf with the highest BM25 of its path, asked for with the words of the record.

    Okapi BM25 (Robertson and Zaragoza 2009) with k1 = 1.2 and b = .75: paths are the
    documents. A word of the record asks by ``1 + log count``, times the square root of its
    rarity among the records, ``log((2 + n) / (1 + n_w))``, so that "with" and "and" ask little
    however rare they are in paths. Learns nothing: it needs neither labels nor folds.
    ``score`` is ``s / (s + 20)`` of the BM25 ``s``: its order means something (an area under the
    curve of .72 over BigBasket), its size little.
    """
    leaves = material.taxonomy.nodes.filter("is_leaf")["path_text"]
    words = words_of(leaves)
    vocabulary = learn_vocabulary(words)
    index = posting_lists(bm25(word_counts(words, vocabulary)))
    rarity = _rarity(material.texts, vocabulary)

    def answer(texts: pl.Series, told: Told | None) -> pl.DataFrame:
        queries = word_counts(words_of(texts), vocabulary)
        queries.data = damped(queries.data) * rarity[queries.indices]
        leaf, score = (best[:, 0] for best in nearest(queries, index, 1, progress=told))
        product = score.astype(np.float64)
        found = pl.DataFrame({"leaf": leaf, "score": (product / (product + _HALF)).round(6)})
        return found.select(pl.when(pl.col("leaf") != NOBODY).then(pl.all()))

    found = in_parts(material.texts, answer, progress)
    reason = (
        pl.when(pl.Series(~material.has_text)).then(pl.lit(NO_TEXT)).otherwise(pl.lit(NO_CATEGORY))
    )
    return answers(leaves.gather(found["leaf"]), found["score"], reason)


def _rarity(texts: pl.Series, vocabulary: Vocabulary) -> np.ndarray:
    """How much each word asks by how few records hold it; of many records, some evenly spaced."""
    some = texts.gather_every(max(1, len(texts) // TEXTS_AT_ONCE))
    held = word_counts(words_of(some), vocabulary).indices
    n_texts = np.bincount(held, minlength=len(vocabulary))
    return np.sqrt(np.log((2 + len(some)) / (1 + n_texts))).astype(np.float32)


def bm25(counts: csr_array) -> csr_array:
    """The BM25 weight of each word in each document, from its counts.

    ``log(1 + (N - n + .5) / (n + .5)) * f (k1 + 1) / (f + k1 (1 - b + b L / mean L))`` for a
    word that ``n`` of ``N`` documents hold, ``f`` times in one of length ``L``.
    """
    n = counts.shape[0]
    if counts.nnz == 0:
        return counts
    n_holding = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log(1 + (n - n_holding + 0.5) / (n_holding + 0.5))
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float64)
    norm = _K1 * (1 - _B + _B * lengths / lengths.mean())
    repeated = counts.data + np.repeat(norm, np.diff(counts.indptr))
    weighted = counts.copy()
    weighted.data = (rarity[counts.indices] * counts.data * (_K1 + 1) / repeated).astype(np.float32)
    return weighted
