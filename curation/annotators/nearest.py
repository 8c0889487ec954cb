"""The documents nearest to each query, by sparse dot product over posting lists."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from scipy.sparse import csr_array

from curation.annotators.blocks import in_blocks
from curation.duplicates.join import Told

NOBODY = -1


@dataclass(frozen=True)
class PostingLists:
    """For each word the documents that hold it, and what it is worth there.

    Attributes
    ----------
    starts, documents, weights
        Columns of a sparse matrix, shape ``(n_documents, n_words)``.
    n_documents
        How many documents there are.
    """

    starts: np.ndarray
    documents: np.ndarray
    weights: np.ndarray
    n_documents: int


def posting_lists(rows: csr_array) -> PostingLists:
    """Index the rows of a matrix by column."""
    columns = rows.tocsc()
    columns.sort_indices()
    return PostingLists(
        columns.indptr.astype(np.int64),
        columns.indices.astype(np.int32),
        columns.data.astype(np.float32),
        rows.shape[0],
    )


def nearest(
    queries: csr_array,
    index: PostingLists,
    k: int,
    *,
    most_postings: int = 20_000,
    progress: Told | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` documents with the largest dot product with each query; weights are from 0 on.

    The words of a query are looked up from the rarest to the most common until
    ``most_postings`` entries have been read, so that a query costs no more than that however
    many documents there are. Equal products are ranked by the document's number. The result
    does not depend on how many threads there are.

    Returns
    -------
    Documents, `NOBODY` where fewer share a word, and their products (0 there), both of shape
    ``(n_queries, k)``, the largest first.
    """
    n = queries.shape[0]
    documents = np.full((n, k), NOBODY, np.int32)
    products = np.zeros((n, k), np.float32)
    starts, words = queries.indptr.astype(np.int64), queries.indices.astype(np.int32)
    weights = queries.data.astype(np.float32)

    def work(first: int, last: int) -> None:
        _nearest(
            first, last, starts, words, weights, index.starts, index.documents, index.weights,
            index.n_documents, most_postings, documents, products,
        )  # fmt: skip

    in_blocks(work, n, "comparing texts", progress)
    return documents, products


@numba.njit(cache=True, nogil=True)
def _nearest(  # type: ignore[no-untyped-def]
    first, last, starts, words, weights, list_starts, list_documents, list_weights, n_documents,
    most_postings, documents, products,
):  # fmt: skip
    total = np.zeros(n_documents, np.float32)
    touched = np.empty(n_documents, np.int32)
    k = documents.shape[1]
    for row in range(first, last):
        begin, end = starts[row], starts[row + 1]
        lengths = np.empty(end - begin, np.int64)
        for i in range(begin, end):
            lengths[i - begin] = list_starts[words[i] + 1] - list_starts[words[i]]
        n_touched, n_read = 0, 0
        for nth in np.argsort(lengths, kind="mergesort"):
            if n_read > 0 and n_read + lengths[nth] > most_postings:
                break
            n_read += lengths[nth]
            word, weight = words[begin + nth], weights[begin + nth]
            for entry in range(list_starts[word], list_starts[word + 1]):
                document, gain = list_documents[entry], weight * list_weights[entry]
                if gain <= 0.0:
                    continue
                if total[document] == 0.0:
                    touched[n_touched] = document
                    n_touched += 1
                total[document] += gain
        n_found = 0
        for t in range(n_touched):
            document = touched[t]
            product = total[document]
            total[document] = 0.0
            if n_found == k and (
                product < products[row, k - 1]
                or (product == products[row, k - 1] and document > documents[row, k - 1])
            ):
                continue
            place = min(n_found, k - 1)
            while place > 0 and (
                products[row, place - 1] < product
                or (products[row, place - 1] == product and documents[row, place - 1] > document)
            ):
                products[row, place] = products[row, place - 1]
                documents[row, place] = documents[row, place - 1]
                place -= 1
            products[row, place] = product
            documents[row, place] = document
            n_found = min(n_found + 1, k)
