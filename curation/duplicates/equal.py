"""Equal sets put together first, so that a thousand copies cost as much as one."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from curation.duplicates.tokens import TokenSets


@dataclass(frozen=True)
class EqualSets:
    """Texts grouped by equal token sets.

    Attributes
    ----------
    first
        The first text of each group, ascending, shape ``(n_groups,)``.
    group
        The group of each text, shape ``(n,)``; -1 for a text without tokens.
    members, starts
        The texts of each group, one group behind the other, each ascending.
    sets
        The token set of each group.
    """

    first: np.ndarray
    group: np.ndarray
    members: np.ndarray
    starts: np.ndarray
    sets: TokenSets


def equal_sets(sets: TokenSets, also: TokenSets | None = None) -> EqualSets:
    """Group equal token sets; equality is checked token by token.

    Parameters
    ----------
    also
        Codes that must be equal too, as many sets; None for none.
    """
    filled = np.flatnonzero(sets.sizes > 0)
    starts, tokens = sets.starts, sets.tokens
    if also is not None:
        starts = sets.starts + also.starts
        tokens = _beside(sets.starts, sets.tokens, also.starts, also.tokens)
    hashes = _hashes(starts, tokens, filled)
    order = np.argsort(hashes, kind="stable")
    first_of = np.full(len(sets), -1, np.int64)
    _assign(starts, tokens, filled[order], hashes[order], first_of)
    first = np.flatnonzero(first_of == np.arange(len(sets)))
    number = np.full(len(sets) + 1, -1, np.int64)
    number[first] = np.arange(len(first))
    group = number[first_of]
    members = filled[np.argsort(group[filled], kind="stable")]
    begins = np.zeros(len(first) + 1, np.int64)
    np.cumsum(np.bincount(group[filled], minlength=len(first)), out=begins[1:])
    return EqualSets(first, group, members, begins, sets.taken(first))


@numba.njit(cache=True, nogil=True)
def _beside(starts, tokens, also_starts, also):  # type: ignore[no-untyped-def]
    out = np.empty(len(tokens) + len(also), np.int64)
    at = 0
    for row in range(len(starts) - 1):
        for i in range(starts[row], starts[row + 1]):
            out[at] = tokens[i]
            at += 1
        for i in range(also_starts[row], also_starts[row + 1]):
            out[at] = -1 - also[i]
            at += 1
    return out


@numba.njit(cache=True, nogil=True)
def _hashes(starts, tokens, rows):  # type: ignore[no-untyped-def]
    out = np.empty(len(rows), np.uint64)
    for n in range(len(rows)):
        code = np.uint64(1469598103934665603)
        for i in range(starts[rows[n]], starts[rows[n] + 1]):
            code = (code ^ np.uint64(tokens[i])) * np.uint64(0x9E3779B97F4A7C15)
            code ^= code >> np.uint64(32)
        out[n] = code
    return out


@numba.njit(cache=True, nogil=True)
def _assign(starts, tokens, rows, hashes, first_of):  # type: ignore[no-untyped-def]
    begin = 0
    for n in range(len(rows)):
        if hashes[n] != hashes[begin]:
            begin = n
        row = rows[n]
        first_of[row] = row
        for k in range(begin, n):
            other = rows[k]
            if first_of[other] != other:
                continue
            size = starts[other + 1] - starts[other]
            if size != starts[row + 1] - starts[row]:
                continue
            same = True
            for i in range(size):
                if tokens[starts[other] + i] != tokens[starts[row] + i]:
                    same = False
                    break
            if same:
                first_of[row] = other
                break
