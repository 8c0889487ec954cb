"""Against counting all shared tokens of all rows of each real catalog: none missed, none false.

Each has fewer than the 20,000 rows that are asked for, so all are compared. Tokens are made by
Python's own functions and counted by a sparse matrix: no tokens, index or filter of the join.
"""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from catalog.text import words
from curation.duplicates.dedupe import Likeness, find_duplicates, united

ELECTRONICS = ["title", "category", "brand", "modelno"]
CATALOGS = {
    "bigbasket/BigBasket_Products.csv": ["product", "description"],
    "electronics/amazon_electronics_catalog.csv": ELECTRONICS,
    "electronics/walmart_electronics_catalog.csv": ELECTRONICS,
}
THRESHOLDS = (0.5, 0.6, 2 / 3, 0.75, 0.8, 0.9, 1.0)
NGRAM = 5


def tokens(text, unit):
    found = words(text)
    if unit == "words":
        return set(found)
    whole = " ".join(found)
    return {whole[i : i + NGRAM] for i in range(max(1, len(whole) - NGRAM + 1))} - {""}


def counted(texts, unit):
    """``left, right, similarity`` of all pairs from the lowest threshold on."""
    sets = [tokens(text, unit) for text in texts]
    code = {token: n for n, token in enumerate(dict.fromkeys(t for one in sets for t in one))}
    sizes = np.array([len(one) for one in sets])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    columns = np.array([code[token] for one in sets for token in one], np.int64)
    held = csr_array((np.ones(len(columns), np.int32), columns, starts))
    other, found = held.T.tocsr(), []
    for first in range(0, len(sets), 500):
        shared = (held[first : first + 500] @ other).tocoo()
        row = shared.row + first
        likeness = shared.data / (sizes[row] + sizes[shared.col] - shared.data)
        over = (likeness >= THRESHOLDS[0]) & (row < shared.col)
        found.append(np.column_stack([row[over], shared.col[over], likeness[over]]))
    every = np.concatenate(found)
    return every[np.lexsort((every[:, 1], every[:, 0]))]


def texts_of(folder, name, columns):
    frame = pl.read_csv(
        folder / "catalogs" / name, truncate_ragged_lines=True, infer_schema=False, n_rows=20_000
    )
    return frame.select(pl.concat_str(columns, separator=" ", ignore_nulls=True)).to_series()


@pytest.mark.parametrize("unit", ["words", "chars"])
@pytest.mark.parametrize("is_whole", [False, True], ids=["title", "several columns"])
@pytest.mark.parametrize("name", CATALOGS)
def test_every_pair_of_a_real_catalog_and_no_other(shared_data, name, is_whole, unit):
    columns = CATALOGS[name] if is_whole else CATALOGS[name][:1]
    texts = texts_of(shared_data, name, columns)
    expected = counted(texts, unit)
    assert len(expected) > 0
    for threshold in THRESHOLDS:
        found = find_duplicates(texts, threshold, likeness=Likeness(unit, NGRAM)).pairs.to_numpy()
        assert np.array_equal(found, expected[expected[:, 2] >= threshold]), threshold


@pytest.mark.parametrize("name", CATALOGS)
def test_a_pair_by_the_title_alone_or_with_the_rest_counts_by_the_more_similar(shared_data, name):
    texts = [texts_of(shared_data, name, some) for some in (CATALOGS[name][:1], CATALOGS[name])]
    found = united([find_duplicates(one, 0.7) for one in texts]).pairs
    best = {}
    for left, right, likeness in np.concatenate([counted(one, "words") for one in texts]):
        if likeness >= 0.7:
            best[left, right] = max(likeness, best.get((left, right), 0))
    assert found.rows() == sorted((*pair, likeness) for pair, likeness in best.items())
