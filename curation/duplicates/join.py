"""The exact set-similarity self-join: all pairs with Jaccard at or over a threshold.

Length, prefix and position filters over an inverted index, the rarest tokens first
(Chaudhuri et al. 2006; Bayardo et al. 2007, "AllPairs"; Xiao et al. 2008, "PPJoin").
The filters only ever drop pairs that cannot reach the threshold; what is left is
verified by counting, so that no pair is missed and none is false.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np

from catalog.errors import InputError
from curation.duplicates.tokens import TokenSets, n_threads

_ROWS_AT_ONCE = 8_192
_FIRST_BUFFER = 1 << 16
_NO_FOREST = np.empty(0, np.int32)

Told = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Pairs:
    """Pairs of positions with their similarity; ``left < right``, sorted."""

    left: np.ndarray
    right: np.ndarray
    similarity: np.ndarray

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True)
class _Index:
    """Sets by rising size, and for each token the sets that hold it in their prefix."""

    order: np.ndarray
    starts: np.ndarray
    tokens: np.ndarray
    list_starts: np.ndarray
    entries: np.ndarray
    sides: np.ndarray


def check_threshold(threshold: float) -> None:
    """Refuse a threshold outside (0, 1]."""
    if not 0 < threshold <= 1:
        raise InputError(f"threshold {threshold}: expected a similarity over 0, up to 1.")


def similar_pairs(
    sets: TokenSets,
    threshold: float,
    *,
    sides: np.ndarray | None = None,
    progress: Told | None = None,
) -> Iterator[Pairs]:
    """Every pair of sets whose Jaccard similarity reaches the threshold, block by block.

    Parameters
    ----------
    sets
        The sets; empty ones are similar to nothing.
    threshold
        In (0, 1].
    sides
        One small number a set, shape ``(n,)``: only pairs of different sides are found, as
        for train against test. None finds all pairs.

    Yields
    ------
    Blocks of pairs; together every pair once.
    """
    check_threshold(threshold)
    index = _build(sets, threshold, sides)
    for left, right, similarity in _blocks(index, threshold, progress):
        a, b = index.order[left], index.order[right]
        yield Pairs(np.minimum(a, b), np.maximum(a, b), similarity)


def similar_forest(sets: TokenSets, threshold: float, *, progress: Told | None = None) -> Pairs:
    """Enough similar pairs to connect all that are connected: a spanning forest.

    The components are exactly those of all pairs, but families of variants, whose pairs
    grow with the square, cost no more than one edge a record.
    """
    check_threshold(threshold)
    index = _build(sets, threshold, None)
    left, right, similarity = _forest(index, threshold, progress)
    a, b = index.order[left], index.order[right]
    return Pairs(np.minimum(a, b), np.maximum(a, b), similarity)


def _build(sets: TokenSets, threshold: float, sides: np.ndarray | None) -> _Index:
    sizes = sets.sizes
    order = np.argsort(sizes, kind="stable")
    order = order[np.searchsorted(sizes[order], 1) :]
    starts = np.zeros(len(order) + 1, np.int64)
    np.cumsum(sizes[order], out=starts[1:])
    tokens = _reordered(sets.starts, sets.tokens, order, starts)
    n_tokens = int(sets.tokens.max()) + 1 if len(sets.tokens) else 0
    list_starts, entries = _inverted(starts, tokens, n_tokens, threshold)
    marks = np.zeros(0, np.uint8) if sides is None else sides[order].astype(np.uint8)
    return _Index(order, starts, tokens, list_starts, entries, marks)


@numba.njit(cache=True, nogil=True)
def _reordered(starts, tokens, order, new_starts):  # type: ignore[no-untyped-def]
    out = np.empty(new_starts[-1], np.int32)
    for i in range(len(order)):
        begin = starts[order[i]]
        out[new_starts[i] : new_starts[i + 1]] = tokens[begin : starts[order[i] + 1]]
    return out


@numba.njit(cache=True, nogil=True, inline="always")
def _indexed_prefix(size, threshold):  # type: ignore[no-untyped-def]
    """How many tokens of a set must be indexed, where only larger sets will ask."""
    return size - int(math.ceil(2.0 * threshold / (1.0 + threshold) * size - 1e-9)) + 1


@numba.njit(cache=True, nogil=True, inline="always")
def _probed_prefix(size, threshold):  # type: ignore[no-untyped-def]
    """How many tokens of a set must be asked for, to meet every set it may be similar to."""
    return size - int(math.ceil(threshold * size - 1e-9)) + 1


@numba.njit(cache=True, nogil=True)
def _inverted(starts, tokens, n_tokens, threshold):  # type: ignore[no-untyped-def]
    """For each token the sets that index it, by rising size: ``set, place, size`` an entry."""
    n = len(starts) - 1
    list_starts = np.zeros(n_tokens + 1, np.int64)
    for x in range(n):
        for i in range(_indexed_prefix(starts[x + 1] - starts[x], threshold)):
            list_starts[tokens[starts[x] + i] + 1] += 1
    for token in range(n_tokens):
        list_starts[token + 1] += list_starts[token]
    fill = list_starts[:-1].copy()
    entries = np.empty((list_starts[-1], 3), np.int32)
    for x in range(n):
        size = starts[x + 1] - starts[x]
        for i in range(_indexed_prefix(size, threshold)):
            token = tokens[starts[x] + i]
            entries[fill[token], 0] = x
            entries[fill[token], 1] = i
            entries[fill[token], 2] = size
            fill[token] += 1
    return list_starts, entries


@numba.njit(cache=True, nogil=True, inline="always")
def _least_overlap(size_x, size_y, threshold):  # type: ignore[no-untyped-def]
    """The smallest overlap whose Jaccard, as a float division, reaches the threshold."""
    total = size_x + size_y
    least = max(1, int(math.ceil(threshold / (1.0 + threshold) * total - 1e-9)))
    while least > 1 and (least - 1) / (total - least + 1) >= threshold:
        least -= 1
    while least < min(size_x, size_y) and least / (total - least) < threshold:
        least += 1
    return least


@numba.njit(cache=True, nogil=True, inline="always")
def _overlap(tokens, i, end_i, j, end_j, least):  # type: ignore[no-untyped-def]
    """How many tokens two ascending runs share; less than ``least`` as soon as that is sure."""
    shared = 0
    while i < end_i and j < end_j:
        if shared + min(end_i - i, end_j - j) < least:
            return -1
        if tokens[i] == tokens[j]:
            shared += 1
            i += 1
            j += 1
        elif tokens[i] < tokens[j]:
            i += 1
        else:
            j += 1
    return shared


@numba.njit(cache=True, nogil=True, inline="always")
def _first_of_size(entries, begin, end, smallest):  # type: ignore[no-untyped-def]
    """The first entry of a list, which is by rising size, that is large enough."""
    while begin < end:
        middle = (begin + end) >> 1
        if entries[middle, 2] < smallest:
            begin = middle + 1
        else:
            end = middle
    return begin


@numba.njit(cache=True, nogil=True, inline="always")
def _root(parents, x):  # type: ignore[no-untyped-def]
    while parents[x] != x:
        parents[x] = parents[parents[x]]
        x = parents[x]
    return x


@numba.njit(cache=True, nogil=True)
def _probe(  # type: ignore[no-untyped-def]
    first, last, starts, tokens, list_starts, entries, sides, threshold, seen, parents,
    out_left, out_right, out_similarity,
):  # fmt: skip
    """Pairs of the sets ``first`` to ``last`` with smaller ones, until the buffers are full.

    Where ``parents`` is not empty, only pairs that connect what it does not connect yet.
    Returns how many pairs were found and the first set that was not looked at.
    """
    found = 0
    one_sided, forest = len(sides) > 0, len(parents) > 0
    root_x = 0
    for x in range(first, last):
        before = found
        begin_x, end_x = starts[x], starts[x + 1]
        size_x = end_x - begin_x
        smallest = int(math.ceil(threshold * size_x - 1e-9))
        if forest:
            root_x = _root(parents, x)
        size_y, least = -1, 0
        for i in range(_probed_prefix(size_x, threshold)):
            token = tokens[begin_x + i]
            begin, end = list_starts[token], list_starts[token + 1]
            begin = _first_of_size(entries, begin, end, smallest)
            for entry in range(begin, end):
                y = entries[entry, 0]
                if y >= x:
                    break
                if entries[entry, 2] != size_y:
                    size_y = entries[entry, 2]
                    least = _least_overlap(size_x, size_y, threshold)
                j = entries[entry, 1]
                if min(size_x - i, size_y - j) < least or seen[y] == x + 1:
                    continue
                seen[y] = x + 1
                if one_sided and sides[x] == sides[y]:
                    continue
                if forest and _root(parents, y) == root_x:
                    continue
                begin_y = starts[y]
                shared = _overlap(tokens, begin_x + i, end_x, begin_y + j, begin_y + size_y, least)
                if shared < least or shared / (size_x + size_y - shared) < threshold:
                    continue
                if found == len(out_left):
                    return before, x
                out_left[found] = x
                out_right[found] = y
                out_similarity[found] = shared / (size_x + size_y - shared)
                found += 1
                if forest:
                    root_y = _root(parents, y)
                    parents[max(root_x, root_y)] = min(root_x, root_y)
                    root_x = min(root_x, root_y)
    return found, last


def _blocks(
    index: _Index, threshold: float, progress: Told | None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    n = len(index.order)
    workers = n_threads()
    seens: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
    for _ in range(workers):
        seens.put(np.zeros(n, np.int32))

    def work(first: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        seen, blocks, size = seens.get(), [], _FIRST_BUFFER
        last = min(n, first + _ROWS_AT_ONCE)
        while first < last:
            buffers = (np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size))
            found, reached = _probe(
                first, last, index.starts, index.tokens, index.list_starts, index.entries,
                index.sides, threshold, seen, _NO_FOREST, *buffers,
            )  # fmt: skip
            if reached < last:
                seen[:] = 0
                size *= 4
            if found:
                blocks.append(tuple(buffer[:found].copy() for buffer in buffers))
            first = reached
        seens.put(seen)
        return blocks  # type: ignore[return-value]

    with ThreadPoolExecutor(workers) as pool:
        firsts = list(range(0, n, _ROWS_AT_ONCE))
        for done, blocks in enumerate(_in_order(pool, work, firsts, 4 * workers), 1):
            yield from blocks
            if progress is not None:
                progress(done, len(firsts), "comparing texts")


def _in_order(pool, work, firsts, ahead):  # type: ignore[no-untyped-def]
    """The results of the work in order, never more than ``ahead`` of them waiting."""
    waiting = []
    for first in firsts:
        waiting.append(pool.submit(work, first))
        if len(waiting) >= ahead:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


def _forest(
    index: _Index, threshold: float, progress: Told | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(index.order)
    seen = np.zeros(n, np.int32)
    parents = np.arange(n, dtype=np.int32)
    buffers = (np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n))
    found = 0
    for first in range(0, n, _ROWS_AT_ONCE):
        last = min(n, first + _ROWS_AT_ONCE)
        more, _ = _probe(
            first, last, index.starts, index.tokens, index.list_starts, index.entries,
            index.sides, threshold, seen, parents, *(b[found:] for b in buffers),
        )  # fmt: skip
        found += more
        if progress is not None:
            progress(last, n, "comparing texts")
    return tuple(buffer[:found].copy() for buffer in buffers)  # type: ignore[return-value]
