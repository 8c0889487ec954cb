"""Ties of meaning: every pair, by tiles, beside a count over the whole matrix."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from catalog.errors import InputError
from curation.duplicates import meaning
from curation.duplicates.meaning import meaning_edges
from curation.llm.embeddings import Encoder

N, DIMENSIONS, NEAR = 400, 4, 0.97


class Numbered:
    """Text ``t7`` has the seventh vector of a table; any other has none."""

    dim = DIMENSIONS

    def __init__(self, seed):
        self.table = np.random.default_rng(seed).normal(size=(N, DIMENSIONS))

    def encode(self, texts, *, use_multiprocessing):
        numbers = [int(text[1:]) if text.startswith("t") else -1 for text in texts]
        return np.stack([self.table[n] if n >= 0 else np.zeros(DIMENSIONS) for n in numbers])


@pytest.fixture
def encoder():
    return Encoder("numbered", "mark", Numbered(4))


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(meaning, "_ROWS_AT_ONCE", 37)
    monkeypatch.setattr(meaning, "_COLUMNS_AT_ONCE", 90)


def clusters(n, edges):
    ties = coo_array((np.ones(edges.height), (edges["left"], edges["right"])), shape=(n, n))
    return connected_components(ties, directed=False)[1]


def test_tiles_find_what_the_whole_matrix_has(encoder, small_tiles):
    texts = pl.Series([f"t{n}" for n in range(N)])
    found = meaning_edges(texts, encoder, NEAR)
    unit = encoder.vectors(texts)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    left, right = np.nonzero(np.triu(unit @ unit.T >= NEAR, 1))
    assert 0 < found.height < len(left)  # a forest of many more pairs
    every = pl.DataFrame({"left": left, "right": right})
    assert clusters(N, found).tolist() == clusters(N, every).tolist()
    cosines = (unit[found["left"]] * unit[found["right"]]).sum(axis=1)
    assert found["similarity"].to_numpy() == pytest.approx(cosines, abs=1e-5)


def test_equal_texts_tie_and_those_that_say_nothing_do_not(encoder, small_tiles):
    texts = pl.Series(["t1", "", "unknown", " t1", None, "unknown", "t1"])
    found = meaning_edges(texts, encoder, 0.999)
    assert found.rows() == [(0, 3, 1.0), (0, 6, 1.0)]


def test_progress_ends_with_all_and_can_stop(encoder, small_tiles):
    texts, told = pl.Series([f"t{n}" for n in range(N)]), []
    meaning_edges(texts, encoder, NEAR, progress=lambda *news: told.append(news))
    compared = [news for news in told if news[2].startswith("comparing meanings")]
    assert len(compared) > 20
    assert compared[-1][0] == compared[-1][1]

    def stop(done, total, message):
        if message.startswith("comparing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meaning_edges(texts, encoder, NEAR, progress=stop)


def test_the_time_left_is_told_from_a_minute_on(monkeypatch):
    monkeypatch.setattr(meaning.time, "monotonic", lambda: 100.0)
    # 100 seconds for a tenth: 900 for the rest.
    assert meaning._left(0.0, 10, 100) == ", about 15 minutes left"
    assert meaning._left(90.0, 50, 100) == ""


def test_a_cosine_beyond_one_is_refused(encoder):
    with pytest.raises(InputError, match=r"--meaning-from 1\.5"):
        meaning_edges(pl.Series(["t1"]), encoder, 1.5)
