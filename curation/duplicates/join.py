"""The exact set-similarity self-join: all pairs with Jaccard at or over a threshold.

Length, prefix, position and bitmap filters over an inverted index, the rarest tokens first
(Chaudhuri et al. 2006; Bayardo et al. 2007, "AllPairs"; Xiao et al. 2008, "PPJoin"; Sandes et
al. 2020). The filters only ever drop pairs that cannot reach the threshold; what is left is
verified by counting, so that no pair is missed and none is false.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from catalog.errors import InputError
from curation.duplicates.forest import Forest, Pairs, joined_pairs
from curation.duplicates.index import Index, build_index
from curation.duplicates.probe import probe
from curation.duplicates.tokens import TokenSets, n_threads

_ROWS_AT_ONCE = 8_192
_FIRST_BUFFER = 1 << 16
_LARGEST_BUFFER = 1 << 20

Told = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Search:
    """What a join is asked.

    Attributes
    ----------
    sets
        The sets; empty ones are similar to nothing.
    threshold
        In (0, 1].
    sides
        One small number a set, shape ``(n,)``: only pairs of different sides are found, as
        for train against test. None finds all pairs.
    apart
        For each set the codes of its numbers, ascending, the kind in the high 32 bits: pairs
        whose numbers contradict each other are no pairs. None lets numbers be words.
    asked
        Whether each token is asked for, shape ``(n_tokens,)``: only pairs whose rarest common
        token is. None for all.
    """

    sets: TokenSets
    threshold: float
    sides: np.ndarray | None = None
    apart: TokenSets | None = None
    asked: np.ndarray | None = None


@dataclass(frozen=True)
class Found:
    """What a join found.

    Attributes
    ----------
    forest
        A maximum spanning forest of all pairs.
    listed
        Pairs, up to the bound.
    n_pairs
        All pairs that could be listed, weighted.
    """

    forest: Pairs
    listed: Pairs
    n_pairs: int


def check_threshold(threshold: float) -> None:
    """Refuse a threshold outside (0, 1]."""
    if not 0 < threshold <= 1:
        raise InputError(f"threshold {threshold}: expected a similarity over 0, up to 1.")


def similar_pairs(
    sets: TokenSets,
    threshold: float,
    *,
    sides: np.ndarray | None = None,
    apart: TokenSets | None = None,
    asked: np.ndarray | None = None,
    progress: Told | None = None,
) -> Iterator[Pairs]:
    """Every pair of sets whose Jaccard similarity reaches the threshold, block by block.

    Parameters
    ----------
    sets, threshold, sides, apart, asked
        As in `Search`.

    Yields
    ------
    Blocks of pairs; together every pair once.
    """
    work = _Work(Search(sets, threshold, sides, apart, asked))
    for block in work.blocks(work.listed, progress):
        yield work.named(block)


def similar_forest(
    sets: TokenSets,
    threshold: float,
    *,
    apart: TokenSets | None = None,
    progress: Told | None = None,
) -> Pairs:
    """Enough similar pairs to connect all that are connected: a maximum spanning forest.

    The components are exactly those of all pairs, also of those over any higher threshold,
    but families of variants, whose pairs grow with the square, cost no more memory than one
    edge a record.
    """
    return search(Search(sets, threshold, apart=apart), max_listed=0, progress=progress).forest


def search(
    asked: Search,
    *,
    weights: np.ndarray | None = None,
    list_from: float = 0.0,
    max_listed: int = 0,
    progress: Told | None = None,
) -> Found:
    """The forest of all similar pairs, how many there are, and the first of them.

    Parameters
    ----------
    weights
        A pair counts as the product of the weights of its sets, shape ``(n,)``; None for 1.
    list_from
        Pairs below it are in the forest alone: neither counted nor listed.
    max_listed
        How many pairs to list at most.
    """
    work = _Work(asked)
    held = np.ones(len(asked.sets), np.int64) if weights is None else weights
    ordered = held[work.index.order]
    n_pairs, n_listed, whole = 0, 0, Forest(len(work.index))
    listed: list[Pairs] = []

    def one(first: int) -> Found:
        room = max_listed - n_listed
        n, own, kept, n_kept = 0, Forest(len(work.index), work.parents.get()), [], 0
        for part in work.parts(first):
            own.add(part)
            if list_from > work.threshold:
                part = part.taken(part.similarity >= list_from)
            n += int((ordered[part.left] * ordered[part.right]).sum())
            if n_kept < room:
                kept.append(part.taken(slice(0, room - n_kept)))
                n_kept += len(kept[-1])
        forest = own.pairs()
        work.parents.put(own.parents)
        return Found(forest, joined_pairs(kept), n)

    for block in work.blocks(one, progress):
        n_pairs += block.n_pairs
        whole.add(block.forest)
        some = block.listed.taken(slice(0, max(0, max_listed - n_listed)))
        listed.append(some)
        n_listed += len(some)
    return Found(work.named(whole.pairs()), work.named(joined_pairs(listed)), n_pairs)


class _Work:
    """A search cut into blocks of sets, done by as many threads as there are cores."""

    def __init__(self, asked: Search) -> None:
        check_threshold(asked.threshold)
        self.index: Index = build_index(asked.sets, asked.threshold, asked=asked.asked)
        order = self.index.order
        self.threshold = asked.threshold
        self.sides = (
            np.empty(0, np.uint8) if asked.sides is None else asked.sides[order].astype(np.uint8)
        )
        self.apart = (
            TokenSets(np.empty(0, np.int64), np.empty(0, np.int64))
            if asked.apart is None
            else asked.apart.taken(order)
        )
        self.parents: queue.SimpleQueue[np.ndarray | None] = queue.SimpleQueue()
        for _ in range(n_threads()):
            self.parents.put(None)

    def parts(self, first: int) -> Iterator[Pairs]:
        """The pairs of one block with sets before them."""
        index, size = self.index, _FIRST_BUFFER
        last = min(len(index), first + _ROWS_AT_ONCE)
        while first < last:
            out = (np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size))
            found, reached = probe(
                first, last, index.starts, index.tokens, index.marks, index.list_starts,
                index.entries, self.threshold, self.sides, self.apart.starts, self.apart.tokens,
                *out,
            )  # fmt: skip
            if found:
                yield Pairs(*(buffer[:found].copy() for buffer in out))
            if reached < last:
                size = size * 4 if reached == first or size < _LARGEST_BUFFER else size
            first = reached

    def listed(self, first: int) -> Pairs:
        """All pairs of one block."""
        return joined_pairs(list(self.parts(first)))

    def blocks(self, work, progress: Told | None):  # type: ignore[no-untyped-def]
        """What comes of each block, in their order; few of them wait for their turn."""
        workers = n_threads()
        firsts = range(0, len(self.index), _ROWS_AT_ONCE)
        waiting: list = []  # type: ignore[type-arg]
        done = 0
        with ThreadPoolExecutor(workers) as pool:
            for first in [*firsts, *[None] * (4 * workers)]:
                if first is not None:
                    waiting.append(pool.submit(work, first))
                if waiting and (first is None or len(waiting) >= 4 * workers):
                    yield waiting.pop(0).result()
                    done += 1
                    if progress is not None:
                        progress(done, len(firsts), "comparing texts")

    def named(self, pairs: Pairs) -> Pairs:
        """Pairs by the numbers that the sets were given with."""
        a, b = self.index.order[pairs.left], self.index.order[pairs.right]
        return Pairs(np.minimum(a, b), np.maximum(a, b), pairs.similarity)
