"""Sums of small whole numbers by a key, such as a category within a group of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_BITS = 63


class Cells(NamedTuple):
    """What groups such as categories hold within clusters.

    Attributes
    ----------
    groups
        The group of each cell, a code from 0, shape ``(m,)``.
    members
        Its cluster; its row where rows are independent, shape ``(m,)``.
    parts
        What is summed, shape ``(k, m)``.
    """

    groups: np.ndarray
    members: np.ndarray
    parts: np.ndarray


def summed_cells(keys: np.ndarray, parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys, sorted, and the sum of each part over the entries of each key.

    Key and parts of an entry are packed into one number, so that one sort of plain numbers puts
    all in order. Where they do not fit 63 bits, keys are sorted by their places: slower by far.

    Parameters
    ----------
    keys
        Whole numbers from 0, shape ``(m,)``.
    parts
        Whole numbers from 0, or booleans, shape ``(m,)`` each.

    Returns
    -------
    Shapes ``(k,)`` and ``(len(parts), k)``.

    Examples
    --------
    >>> named, sums = summed_cells(np.array([7, 2, 7]), [np.array([1, 0, 1]), np.array([3, 4, 5])])
    >>> named.tolist(), sums.tolist()
    ([2, 7], [[0.0, 2.0], [4.0, 8.0]])
    """
    widths = [int(part.max(initial=0)).bit_length() for part in parts]
    if int(keys.max(initial=0)).bit_length() + sum(widths) > _BITS:
        named, home = np.unique(keys, return_inverse=True)
        return named, np.stack([np.bincount(home, part, len(named)) for part in parts])
    packed = keys.astype(np.int64)
    for part, width in zip(parts, widths, strict=True):
        packed <<= width
        packed |= part
    packed.sort()
    ordered = packed >> sum(widths)
    is_first = np.ones(len(packed), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    starts = np.flatnonzero(is_first)
    sums = np.empty((len(parts), len(starts)))
    for at in reversed(range(len(parts))):
        part = packed & ((1 << widths[at]) - 1)
        packed >>= widths[at]
        sums[at] = np.add.reduceat(part, starts) if len(starts) else 0
    return ordered[starts], sums
