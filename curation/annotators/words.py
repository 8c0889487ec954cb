"""The words of texts as numbers that are the same in every process and on every machine."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import polars as pl

from catalog.text import folded

_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SPACE, _S = 32, 115


@dataclass(frozen=True)
class Words:
    """The words of each text, in order, repeats kept.

    Attributes
    ----------
    starts
        Where each text begins, shape ``(n_texts + 1,)``.
    words
        64-bit numbers of the words.
    """

    starts: np.ndarray
    words: np.ndarray

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.starts) - 1


def words_of(texts: pl.Series) -> Words:
    """Number the words (`catalog.text.words`) of each text; a null text has none.

    A word is known by a 64-bit hash of its bytes (FNV-1a): among a million words two share
    one with a probability of 3 in 100 million, which would only blur two features. A final
    "s" behind another letter than "s" does not count in words of four letters or more, so
    that "mugs" is "mug".

    Examples
    --------
    >>> found = words_of(pl.Series(["red mugs", None, "Mug, glass"]))
    >>> found.starts.tolist(), bool(found.words[1] == found.words[2])
    ([0, 2, 2, 4], True)
    """
    plain = folded(texts.fill_null(""))
    array = plain.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    array = array.combine_chunks() if hasattr(array, "combine_chunks") else array
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return Words(*_numbered(held, ends))


@numba.njit(cache=True, nogil=True)
def _numbered(data, ends):  # type: ignore[no-untyped-def]
    n = len(ends) - 1
    starts = np.zeros(n + 1, np.int64)
    found = np.empty((ends[n] - ends[0] + n) // 2 + 1, np.uint64)
    n_found = 0
    for row in range(n):
        i, end = ends[row], ends[row + 1]
        while i < end:
            begin = i
            while i < end and data[i] != _SPACE:
                i += 1
            stop = i
            if stop - begin > 3 and data[stop - 1] == _S and data[stop - 2] != _S:
                stop -= 1
            code = _SEED
            for place in range(begin, stop):
                code = (code ^ np.uint64(data[place])) * _PRIME
            code *= _MIX
            found[n_found] = code ^ (code >> np.uint64(32))
            n_found += 1
            i += 1
        starts[row + 1] = n_found
    return starts, found[:n_found].copy()
