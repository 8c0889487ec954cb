"""The maximum spanning forest of weighted edges that arrive in any number of parts.

Kruskal's algorithm (1956) over what is held so far and the new edges, again and again: the
forest of a part and of the rest has the forest of all in it, so no edge that counts is lost.
Its components at any threshold are those of all edges at that threshold, and the weakest edge
of a cluster in it is as strong as any way to hold that cluster together can be.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field

import numba
import numpy as np

_HELD = 1 << 21
_NUMBER_BITS = 23
_STEPS = 1 << 40


@dataclass(frozen=True)
class Pairs:
    """Pairs of positions with their similarity; ``left < right``."""

    left: np.ndarray
    right: np.ndarray
    similarity: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def taken(self, which: np.ndarray | slice) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.left[which], self.right[which], self.similarity[which])


def joined_pairs(parts: list[Pairs]) -> Pairs:
    """Pairs one behind the other."""
    empty = Pairs(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0))
    parts = [part for part in parts if len(part)] or [empty]
    if len(parts) == 1:
        return parts[0]
    return Pairs(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.similarity for part in parts]),
    )


@dataclass
class Forest:
    """A forest that grows; the same parts in the same order give the same forest.

    Parameters
    ----------
    n
        How many nodes there are.
    given
        The ``parents`` of another forest of as many nodes that is done, to save making them.

    Examples
    --------
    >>> forest = Forest(3)
    >>> forest.add(Pairs(np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([0.8, 0.9, 1.0])))
    >>> forest.pairs().similarity.tolist()
    [1.0, 0.9]
    """

    n: int
    given: InitVar[np.ndarray | None] = None
    parents: np.ndarray = field(init=False)
    _parts: list[Pairs] = field(default_factory=list)
    _held: int = 0

    def __post_init__(self, given: np.ndarray | None) -> None:
        self.parents = np.arange(self.n, dtype=np.int32) if given is None else given

    def add(self, pairs: Pairs) -> None:
        """Take more edges."""
        for first in range(0, len(pairs), _HELD):
            part = pairs.taken(slice(first, first + _HELD))
            self._parts.append(part)
            self._held += len(part)
            if self._held > 2 * _HELD:
                self._reduce()

    def pairs(self) -> Pairs:
        """The forest so far, the most similar first."""
        self._reduce()
        return self._parts[0]

    def _reduce(self) -> None:
        pairs = joined_pairs(self._parts)
        order = strongest_first(pairs.similarity)
        kept = _spanning(order, pairs.left, pairs.right, self.parents)
        self._parts = [pairs.taken(kept)]
        self._held = 0


def strongest_first(similarity: np.ndarray) -> np.ndarray:
    """Positions by falling similarity, equal ones in order; the same on every machine.

    Similarities are told apart to 2 ** -40: enough for Jaccard of sets of up to half a million.
    """
    if len(similarity) >> _NUMBER_BITS:
        return np.argsort(-similarity, kind="stable")
    keys = ((1.0 - similarity) * _STEPS).astype(np.uint64) << np.uint64(_NUMBER_BITS)
    keys |= np.arange(len(similarity), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64((1 << _NUMBER_BITS) - 1)).astype(np.int64)


@numba.njit(cache=True, nogil=True, inline="always")
def _root(parents, x):  # type: ignore[no-untyped-def]
    while parents[x] != x:
        parents[x] = parents[parents[x]]
        x = parents[x]
    return x


@numba.njit(cache=True, nogil=True)
def _spanning(order, left, right, parents):  # type: ignore[no-untyped-def]
    """The edges that connect what stronger ones do not; ``parents`` is left as it was."""
    kept = np.empty(min(len(order), len(parents)), np.int64)
    n_kept = 0
    for edge in order:
        a, b = _root(parents, left[edge]), _root(parents, right[edge])
        if a != b:
            parents[max(a, b)] = min(a, b)
            kept[n_kept] = edge
            n_kept += 1
    for i in range(n_kept):
        parents[left[kept[i]]] = left[kept[i]]
        parents[right[kept[i]]] = right[kept[i]]
    return kept[:n_kept].copy()
