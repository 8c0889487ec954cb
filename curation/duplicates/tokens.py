"""Texts as sets of integers, the rarest word first: what the join works on."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
import polars as pl

from catalog.text import folded, is_ascii

_MIX = np.uint64(0x9E3779B97F4A7C15)
_LETTERS = np.zeros(256, np.uint8)
"""Each byte as it counts in a word, in lower case; 0 for a byte between words."""
for _byte in [*b"0123456789abcdefghijklmnopqrstuvwxyz", *range(128, 256)]:
    _LETTERS[_byte] = _byte
for _byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ":
    _LETTERS[_byte] = _byte + 32


@dataclass(frozen=True)
class TokenSets:
    """One set of tokens a text, as rows of a sparse matrix.

    Attributes
    ----------
    starts
        Where each set begins in ``tokens``, shape ``(n + 1,)``.
    tokens
        The sets one behind the other, each ascending. A token's number is its rank by how
        many texts hold it: 0 is the rarest.
    """

    starts: np.ndarray
    tokens: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> np.ndarray:
        """Tokens in each set."""
        return np.diff(self.starts)

    def taken(self, rows: np.ndarray) -> TokenSets:
        """Some of the sets, in that order."""
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(self.sizes[rows], out=starts[1:])
        out = np.empty(starts[-1], self.tokens.dtype)
        _take(self.starts, self.tokens, rows, starts, out)
        return TokenSets(starts, out)


@numba.njit(cache=True, nogil=True)
def _take(starts, tokens, rows, new_starts, out):  # type: ignore[no-untyped-def]
    for n in range(len(rows)):
        at = new_starts[n]
        for i in range(starts[rows[n]], starts[rows[n] + 1]):
            out[at] = tokens[i]
            at += 1


def word_sets(texts: pl.Series) -> TokenSets:
    """The set of words of each text (`catalog.text.words`); null and wordless texts are empty.

    Words are told apart by their bytes, never by a hash alone.

    Examples
    --------
    >>> word_sets(pl.Series(["red tea", "Tea RED tea", None])).sizes.tolist()
    [2, 2, 0]
    """
    plain = is_ascii(texts.fill_null(""))
    ready = texts.fill_null("")
    if not plain.all():
        ready = ready.scatter((~plain).arg_true(), folded(ready.filter(~plain)))
    return ranked(*_occurrences(*buffers(ready)))


def buffers(texts: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of texts one behind the other, and where each begins; none may be null."""
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    if hasattr(array, "combine_chunks"):
        array = array.combine_chunks()
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    held = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8)
    return held, ends


def n_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _occurrences(data: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The words of all texts as numbers: where each text begins, the numbers, how many words."""
    cuts = np.linspace(0, len(offsets) - 1, n_threads() + 1).astype(np.int64)
    with ThreadPoolExecutor() as pool:
        parts = list(
            pool.map(lambda a, b: _tokenise(data, offsets[a : b + 1], _LETTERS), cuts, cuts[1:])
        )
    if len(parts) == 1:
        starts, found, keys, _, _ = parts[0]
        return starts, found, len(keys)
    numbers, n_words = _merged_vocabulary(data, [part[2:] for part in parts])
    begins = np.cumsum([0, *(len(part[1]) for part in parts)])
    starts = np.concatenate(
        [
            part[0][(n > 0) :] + begin
            for n, (part, begin) in enumerate(zip(parts, begins, strict=False))
        ]
    )
    return starts, np.concatenate([n[p[1]] for n, p in zip(numbers, parts, strict=True)]), n_words


def _merged_vocabulary(
    data: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> tuple[list[np.ndarray], int]:
    """One number for a word that several threads have numbered."""
    short = np.unique(np.concatenate([keys[keys > 0] for keys, _, _ in parts]))
    long: dict[bytes, int] = {}
    table = bytes(_LETTERS)
    numbers = []
    for keys, places, lengths in parts:
        number = np.searchsorted(short, keys).astype(np.int32)
        for word in np.flatnonzero(keys == 0):
            text = data[places[word] : places[word] + lengths[word]].tobytes().translate(table)
            number[word] = long.setdefault(text, len(short) + len(long))
        numbers.append(number)
    return numbers, len(short) + len(long)


def _tokenise(
    data: np.ndarray, offsets: np.ndarray, letters: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Number the words of texts in the order of their first occurrence.

    A word of up to eight bytes is its own key; a longer one is hashed, then compared byte
    by byte.

    Returns
    -------
    Where each text begins, the numbers, and for each word its key (0 for a long one), its
    first place and its length in bytes.
    """
    starts = np.zeros(len(offsets), np.int64)
    found = np.empty((offsets[-1] - offsets[0] + len(offsets)) // 2 + 1, np.int32)
    table = np.zeros(2 << 15, np.uint64)
    words = np.zeros((1 << 14, 4), np.uint64)
    row = n_words = 0
    while row < len(offsets) - 1:
        row, n_words = _number_words(
            data, offsets, letters, row, starts, found, table, words, n_words
        )
        if row < len(offsets) - 1:
            words = np.concatenate((words, np.zeros_like(words)))
            table = np.zeros(2 * len(table), np.uint64)
            _fill_table(table, words, n_words)
    keys, places, lengths = words[:n_words, 0], words[:n_words, 2], words[:n_words, 3]
    return starts, found[: starts[-1]], keys, places.astype(np.int64), lengths.astype(np.int64)


@numba.njit(cache=True, nogil=True, inline="always")
def _slot_of(code, mask):  # type: ignore[no-untyped-def]
    mixed = code * _MIX
    return (mixed ^ (mixed >> np.uint64(32))) & mask


@numba.njit(cache=True, nogil=True)
def _fill_table(table, words, n_words):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(table) // 2 - 1)
    for word in range(n_words):
        slot = _slot_of(words[word, 1], mask)
        while table[2 * slot + 1] != 0:
            slot = (slot + np.uint64(1)) & mask
        table[2 * slot] = words[word, 1]
        table[2 * slot + 1] = word + 1


@numba.njit(cache=True, nogil=True)
def _number_words(data, offsets, letters, row, starts, found, table, words, n_words):  # type: ignore[no-untyped-def]
    """Number words from a row on, until the table is half full.

    ``table`` holds pairs of code and word number plus one; ``words`` holds key, code, first
    place and length. Returns the row that was not finished, and how many words there are.
    """
    mask = np.uint64(len(table) // 2 - 1)
    n = len(offsets) - 1
    while row < n:
        n_found = starts[row]
        i, end = offsets[row], offsets[row + 1]
        while i < end:
            if letters[data[i]] == 0:
                i += 1
                continue
            begin, code, part = i, np.uint64(0), np.uint64(0)
            while i < end:
                letter = letters[data[i]]
                if letter == 0:
                    break
                if i > begin and (i - begin) & 7 == 0:
                    code = (code ^ part) * _MIX
                    code ^= code >> np.uint64(29)
                    part = np.uint64(0)
                part = (part << np.uint64(8)) | np.uint64(letter)
                i += 1
            length = i - begin
            is_long = length > 8
            code = (code ^ part) * _MIX if is_long else part
            slot = _slot_of(code, mask)
            word = -1
            while table[2 * slot + 1] != 0:
                if table[2 * slot] == code:
                    word = np.int64(table[2 * slot + 1]) - 1
                    if not is_long and words[word, 0] != 0:
                        break
                    if is_long and words[word, 0] == 0 and words[word, 3] == np.uint64(length):
                        place = np.int64(words[word, 2])
                        k = 0
                        while k < length and letters[data[place + k]] == letters[data[begin + k]]:
                            k += 1
                        if k == length:
                            break
                    word = -1
                slot = (slot + np.uint64(1)) & mask
            if word < 0:
                if n_words == len(words):
                    return row, n_words
                word = n_words
                words[word, 0] = np.uint64(0) if is_long else part
                words[word, 1], words[word, 2] = code, np.uint64(begin)
                words[word, 3] = np.uint64(length)
                table[2 * slot], table[2 * slot + 1] = code, np.uint64(word + 1)
                n_words += 1
            found[n_found] = word
            n_found += 1
        starts[row + 1] = n_found
        row += 1
    return row, n_words


def ranked(starts: np.ndarray, found: np.ndarray, n_tokens: int) -> TokenSets:
    """Occurrences as sets of ranks by rarity."""
    cuts = np.linspace(0, len(starts) - 1, n_threads() + 1).astype(np.int64)
    with ThreadPoolExecutor() as pool:
        parts = pool.map(lambda a, b: _unique(starts[a : b + 1], found, n_tokens), cuts, cuts[1:])
        sizes, frequencies = zip(*parts, strict=True)
        frequency = sum(frequencies)
        order = np.argsort(frequency, kind="stable")
        rank = np.empty(n_tokens, np.int32)
        rank[order] = np.arange(n_tokens, dtype=np.int32)
        packed = np.zeros(len(starts), np.int64)
        np.cumsum(np.concatenate(sizes), out=packed[1:])
        tokens = np.empty(packed[-1], np.int32)
        list(
            pool.map(
                lambda a, b: _pack(starts[a : b + 1], found, packed[a : b + 1], rank, tokens),
                cuts,
                cuts[1:],
            )
        )
    return TokenSets(packed, tokens)


@numba.njit(cache=True, nogil=True, inline="always")
def _sort(part):  # type: ignore[no-untyped-def]
    """Insertion sort: sets are short, and nearly always cheaper this way."""
    if len(part) > 48:
        part.sort()
        return
    for i in range(1, len(part)):
        value, j = part[i], i - 1
        while j >= 0 and part[j] > value:
            part[j + 1] = part[j]
            j -= 1
        part[j + 1] = value


@numba.njit(cache=True, nogil=True)
def _unique(starts, found, n_tokens):  # type: ignore[no-untyped-def]
    """Sort each text's numbers in place, the different ones first; how many, how often."""
    sizes = np.zeros(len(starts) - 1, np.int64)
    frequency = np.zeros(n_tokens, np.int64)
    for row in range(len(starts) - 1):
        part = found[starts[row] : starts[row + 1]]
        _sort(part)
        kept = 0
        for i in range(len(part)):
            if kept == 0 or part[i] != part[kept - 1]:
                part[kept] = part[i]
                kept += 1
                frequency[part[i]] += 1
        sizes[row] = kept
    return sizes, frequency


@numba.njit(cache=True, nogil=True)
def _pack(starts, found, packed, rank, tokens):  # type: ignore[no-untyped-def]
    for row in range(len(starts) - 1):
        part = tokens[packed[row] : packed[row + 1]]
        for i in range(len(part)):
            part[i] = rank[found[starts[row] + i]]
        _sort(part)
