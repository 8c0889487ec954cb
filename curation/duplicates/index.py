"""The inverted index of a set-similarity join: for each token the sets with it in their prefix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numba.extending import intrinsic

from curation.duplicates.tokens import TokenSets

N_FIELDS = 5
SET, PLACE, SIZE, LOW, HIGH = range(N_FIELDS)


@dataclass(frozen=True)
class Index:
    """Sets by rising size, and for each token the sets that hold it in their prefix.

    Attributes
    ----------
    order
        The number of each set as it was given; empty sets are left out.
    starts, tokens
        The sets in that order, as in `TokenSets`.
    marks
        64 bits a set, shape ``(n,)``: each token turns one over. As many bits as two sets
        differ by at least, their tokens differ by (Sandes et al. 2020, "bitmap filter").
    list_starts, entries
        Where the list of each token begins; an entry is its set, the token's place in it, its
        size, and the two halves of its mark.
    """

    order: np.ndarray
    starts: np.ndarray
    tokens: np.ndarray
    marks: np.ndarray
    list_starts: np.ndarray
    entries: np.ndarray

    def __len__(self) -> int:
        return len(self.order)


def build_index(sets: TokenSets, threshold: float, *, asked: np.ndarray | None = None) -> Index:
    """Index the prefixes of sets for a join at a threshold.

    Parameters
    ----------
    asked
        Whether each token is indexed, shape ``(n_tokens,)``; None for all.
    """
    sizes = sets.sizes
    order = np.argsort(sizes, kind="stable")
    order = order[np.searchsorted(sizes[order], 1) :]
    starts = np.zeros(len(order) + 1, np.int64)
    np.cumsum(sizes[order], out=starts[1:])
    tokens, marks = _reordered(sets.starts, sets.tokens, order, starts)
    n_tokens = int(sets.tokens.max()) + 1 if len(sets.tokens) else 0
    is_asked = np.ones(n_tokens, np.bool_) if asked is None else asked
    list_starts, entries = _inverted(starts, tokens, marks, is_asked, threshold)
    return Index(order, starts, tokens, marks, list_starts, entries)


@intrinsic
def n_bits(context, number):  # type: ignore[no-untyped-def]
    """How many bits of an unsigned number are set."""

    def compiled(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.ctpop(args[0])

    return number(number), compiled


@numba.njit(cache=True, nogil=True)
def _reordered(starts, tokens, order, new_starts):  # type: ignore[no-untyped-def]
    out = np.empty(new_starts[-1], np.int32)
    marks = np.zeros(len(order), np.uint64)
    for x in range(len(order)):
        at, mark = new_starts[x], np.uint64(0)
        for i in range(starts[order[x]], starts[order[x] + 1]):
            out[at] = tokens[i]
            at += 1
            mixed = np.uint64(tokens[i]) * np.uint64(0x9E3779B97F4A7C15)
            mark ^= np.uint64(1) << (mixed >> np.uint64(58))
        marks[x] = mark
    return out, marks


@numba.njit(cache=True, nogil=True, inline="always")
def indexed_prefix(size, threshold):  # type: ignore[no-untyped-def]
    """How many tokens of a set must be indexed, where only larger sets will ask."""
    return size - math.ceil(2.0 * threshold / (1.0 + threshold) * size - 1e-9) + 1


@numba.njit(cache=True, nogil=True, inline="always")
def probed_prefix(size, threshold):  # type: ignore[no-untyped-def]
    """How many tokens of a set must be asked for, to meet every set it may be similar to."""
    return size - math.ceil(threshold * size - 1e-9) + 1


@numba.njit(cache=True, nogil=True)
def _inverted(starts, tokens, marks, is_asked, threshold):  # type: ignore[no-untyped-def]
    n = len(starts) - 1
    list_starts = np.zeros(len(is_asked) + 1, np.int64)
    for x in range(n):
        for i in range(indexed_prefix(starts[x + 1] - starts[x], threshold)):
            token = tokens[starts[x] + i]
            if is_asked[token]:
                list_starts[token + 1] += 1
    for token in range(len(is_asked)):
        list_starts[token + 1] += list_starts[token]
    fill = list_starts[:-1].copy()
    entries = np.empty((list_starts[-1], 5), np.int32)
    for x in range(n):
        size = starts[x + 1] - starts[x]
        low = np.int32(np.uint32(marks[x] & np.uint64(0xFFFFFFFF)))
        high = np.int32(np.uint32(marks[x] >> np.uint64(32)))
        for i in range(indexed_prefix(size, threshold)):
            token = tokens[starts[x] + i]
            if not is_asked[token]:
                continue
            entry = entries[fill[token]]
            entry[0], entry[1], entry[2], entry[3], entry[4] = x, i, size, low, high
            fill[token] += 1
    return list_starts, entries
