"""The inner loop of the join: each set asks the index for the smaller ones that are similar."""

from __future__ import annotations

import math

import numba
import numpy as np

from curation.duplicates.index import n_bits, probed_prefix


@numba.njit(cache=True, nogil=True, inline="always")
def _least_overlap(size_x, size_y, threshold):  # type: ignore[no-untyped-def]
    """The smallest overlap whose Jaccard, as a float division, reaches the threshold."""
    total = size_x + size_y
    least = max(1, math.ceil(threshold / (1.0 + threshold) * total - 1e-9))
    while least > 1 and (least - 1) / (total - least + 1) >= threshold:
        least -= 1
    while least < min(size_x, size_y) and least / (total - least) < threshold:
        least += 1
    return least


@numba.njit(cache=True, nogil=True, inline="always")
def _overlap(tokens, x, end_x, y, end_y, first, least):  # type: ignore[no-untyped-def]
    """How many tokens two ascending runs share; -1 where that is too few, or ``first`` not the first."""
    shared = 0
    while x < end_x and y < end_y:
        if shared + min(end_x - x, end_y - y) < least:
            return -1
        if tokens[x] == tokens[y]:
            if shared == 0 and x != first:
                return -1
            shared += 1
            x += 1
            y += 1
        elif tokens[x] < tokens[y]:
            x += 1
        else:
            y += 1
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


@numba.njit(cache=True, nogil=True)
def contradicts(starts, codes, x, y):  # type: ignore[no-untyped-def]
    """Whether two sorted runs of codes, a kind in the high half, each have one of a kind that the
    other lacks.
    """
    i, end_i, j, end_j = starts[x], starts[x + 1], starts[y], starts[y + 1]
    kind, left, right = np.int64(-1), False, False
    while i < end_i or j < end_j:
        if j == end_j or (i < end_i and codes[i] < codes[j]):
            code, mine, other = codes[i], True, False
            i += 1
        elif i == end_i or codes[j] < codes[i]:
            code, mine, other = codes[j], False, True
            j += 1
        else:
            i += 1
            j += 1
            continue
        if code >> 32 != kind:
            kind, left, right = code >> 32, False, False
        left, right = left or mine, right or other
        if left and right:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def jaccard(starts, tokens, left, right):  # type: ignore[no-untyped-def]
    """The Jaccard similarity of the two sets of each pair, 0 of empty ones; shape ``(n_pairs,)``."""
    found = np.zeros(len(left))
    for pair in range(len(left)):
        i, end_i = starts[left[pair]], starts[left[pair] + 1]
        j, end_j = starts[right[pair]], starts[right[pair] + 1]
        every, shared = (end_i - i) + (end_j - j), 0
        while i < end_i and j < end_j:
            if tokens[i] == tokens[j]:
                shared += 1
                i += 1
                j += 1
            elif tokens[i] < tokens[j]:
                i += 1
            else:
                j += 1
        if every:
            found[pair] = shared / (every - shared)
    return found


@numba.njit(cache=True, nogil=True)
def contradicted(starts, codes, left, right):  # type: ignore[no-untyped-def]
    """Whether the two sides of each pair contradict each other; shape ``(n_pairs,)``."""
    found = np.zeros(len(left), np.bool_)
    for pair in range(len(left)):
        found[pair] = contradicts(starts, codes, left[pair], right[pair])
    return found


@numba.njit(cache=True, nogil=True)
def probe(  # type: ignore[no-untyped-def]
    first, last, starts, tokens, marks, list_starts, entries, threshold, sides, apart_starts,
    apart, out_left, out_right, out_similarity,
):  # fmt: skip
    """Pairs of the sets ``first`` to ``last`` with smaller ones, until the buffers are full.

    A pair is found where its first common token, the rarest, is asked for: once.
    Returns how many pairs were found, and the first set that was not looked at.
    """
    found = 0
    is_sided, is_apart = len(sides) > 0, len(apart_starts) > 0
    for x in range(first, last):
        before = found
        begin_x, end_x = starts[x], starts[x + 1]
        size_x, mark = end_x - begin_x, marks[x]
        low, high = np.uint32(mark & np.uint64(0xFFFFFFFF)), np.uint32(mark >> np.uint64(32))
        smallest = math.ceil(threshold * size_x - 1e-9)
        size_y, least, most_apart = -1, 0, 0
        for i in range(probed_prefix(size_x, threshold)):
            token = tokens[begin_x + i]
            begin, end = list_starts[token], list_starts[token + 1]
            begin = _first_of_size(entries, begin, end, smallest)
            for entry in range(begin, end):
                y = entries[entry, 0]
                if y >= x:
                    break
                if entries[entry, 2] != size_y:
                    size_y = np.int64(entries[entry, 2])
                    least = _least_overlap(size_x, size_y, threshold)
                    most_apart = size_x + size_y - 2 * least
                if min(size_x - i, size_y - entries[entry, 1]) < least:
                    continue
                n_apart = n_bits(low ^ np.uint32(entries[entry, 3]))
                n_apart += n_bits(high ^ np.uint32(entries[entry, 4]))
                if n_apart > most_apart:
                    continue
                if is_sided and sides[x] == sides[y]:
                    continue
                begin_y = starts[y]
                shared = _overlap(
                    tokens, begin_x, end_x, begin_y, begin_y + size_y, begin_x + i, least
                )
                if shared < least or shared / (size_x + size_y - shared) < threshold:
                    continue
                if is_apart and contradicts(apart_starts, apart, x, y):
                    continue
                if found == len(out_left):
                    return before, x
                out_left[found] = x
                out_right[found] = y
                out_similarity[found] = shared / (size_x + size_y - shared)
                found += 1
    return found, last
