"""Texts as sets of character n-grams, over the same folded text as words."""

from __future__ import annotations

import math

import numba
import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.text import folded
from curation.duplicates.tokens import TokenSets, buffers, ranked

SHORTEST, LONGEST = 2, 7
_N_CODES = 0x110000
_MIX = np.uint64(0x9E3779B97F4A7C15)


def gram_sets(texts: pl.Series, n: int) -> TokenSets:
    """The set of character n-grams of each text; null and wordless texts are empty.

    The text is its words (`catalog.text.folded`: NFKC, case folding) with single spaces
    between; a shorter one than ``n`` is one gram. Grams are told apart by their characters,
    never by a hash alone.

    Parameters
    ----------
    n
        Characters in a gram, 2 to 7.

    Raises
    ------
    InputError
        For another ``n``.

    Examples
    --------
    >>> gram_sets(pl.Series(["Abcde", "abcdf", "ab", "!"]), 4).sizes.tolist()
    [2, 2, 1, 0]
    """
    if not SHORTEST <= n <= LONGEST:
        raise InputError(f"--ngram {n}: expected {SHORTEST} to {LONGEST} characters.")
    data, offsets = buffers(folded(texts.fill_null("")))
    number, n_characters = _alphabet(data, offsets)
    bits = max(1, math.ceil(math.log2(n_characters + 1)))
    starts = np.zeros(len(offsets), np.int64)
    found = np.empty(offsets[-1] - offsets[0] + 1, np.int32)
    table, keys = np.zeros(1 << 17, np.int32), np.zeros((1 << 16, 2), np.uint64)
    row = n_grams = 0
    while row < len(offsets) - 1:
        row, n_grams = _number_grams(
            data, offsets, number, n, bits, row, starts, found, table, keys, n_grams
        )
        if row < len(offsets) - 1:
            keys = np.concatenate((keys, np.zeros_like(keys)))
            table = np.zeros(2 * len(table), np.int32)
            _fill(table, keys, n_grams)
    return ranked(starts, found[: starts[-1]], n_grams)


@numba.njit(cache=True, nogil=True, inline="always")
def _decoded(data, i):  # type: ignore[no-untyped-def]
    """The character that begins at a byte of UTF-8, and where the next one begins."""
    byte = np.int64(data[i])
    if byte < 0x80:
        return byte, i + 1
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | (data[i + 1] & 0x3F), i + 2
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | (data[i + 1] & 0x3F) << 6 | (data[i + 2] & 0x3F), i + 3
    code = (byte & 0x07) << 18 | (data[i + 1] & 0x3F) << 12 | (data[i + 2] & 0x3F) << 6
    return code | (data[i + 3] & 0x3F), i + 4


@numba.njit(cache=True, nogil=True)
def _alphabet(data, offsets):  # type: ignore[no-untyped-def]
    """A number from 1 for each character there is, and how many there are."""
    number = np.zeros(_N_CODES, np.int32)
    i, end = offsets[0], offsets[-1]
    while i < end:
        code, i = _decoded(data, i)
        number[code] = 1
    n = 0
    for code in range(_N_CODES):
        if number[code]:
            n += 1
            number[code] = n
    return number, n


@numba.njit(cache=True, nogil=True, inline="always")
def _slot(high, low, mask):  # type: ignore[no-untyped-def]
    mixed = (low ^ (high * _MIX)) * _MIX
    return (mixed ^ (mixed >> np.uint64(32))) & mask


@numba.njit(cache=True, nogil=True)
def _fill(table, keys, n):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(table) - 1)
    for gram in range(n):
        slot = _slot(keys[gram, 0], keys[gram, 1], mask)
        while table[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = gram + 1


@numba.njit(cache=True, nogil=True)
def _number_grams(  # type: ignore[no-untyped-def]
    data, offsets, number, n, bits, row, starts, found, table, keys, n_grams
):
    """Number grams from a row on, until the table is half full.

    A gram is its characters' numbers, ``bits`` each, in 128 bits. Returns the row that was not
    finished, and how many grams there are.
    """
    mask = np.uint64(len(table) - 1)
    width = n * bits
    top = np.uint64((1 << (width - 64)) - 1) if width > 64 else np.uint64(0)
    bottom = np.uint64((1 << width) - 1) if width < 64 else np.uint64(0xFFFFFFFFFFFFFFFF)
    shift = np.uint64(bits)
    while row < len(offsets) - 1:
        n_found, i, end = starts[row], offsets[row], offsets[row + 1]
        high, low, seen = np.uint64(0), np.uint64(0), 0
        while i < end:
            code, i = _decoded(data, i)
            high = ((high << shift) | (low >> (np.uint64(64) - shift))) & top
            low = ((low << shift) | np.uint64(number[code])) & bottom
            seen += 1
            if seen < n and i < end:
                continue
            slot = _slot(high, low, mask)
            gram = -1
            while table[slot] != 0:
                other = table[slot] - 1
                if keys[other, 0] == high and keys[other, 1] == low:
                    gram = other
                    break
                slot = (slot + np.uint64(1)) & mask
            if gram < 0:
                if n_grams == len(keys):
                    return row, n_grams
                gram = n_grams
                keys[gram, 0], keys[gram, 1] = high, low
                table[slot] = gram + 1
                n_grams += 1
            found[n_found] = gram
            n_found += 1
        starts[row + 1] = n_found
        row += 1
    return row, n_grams
