"""Near-duplicates of a column of texts: every pair on request, the clusters always."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.duplicates.equal import EqualSets, equal_sets
from curation.duplicates.forest import Pairs
from curation.duplicates.join import Told, similar_forest, similar_pairs
from curation.duplicates.tokens import word_sets

MAX_PAIRS = 100_000_000

PAIR_SCHEMA = pl.Schema({"left": pl.Int64(), "right": pl.Int64(), "similarity": pl.Float64()})


@dataclass(frozen=True)
class Duplicates:
    """Near-duplicates among texts.

    Attributes
    ----------
    pairs
        ``left, right, similarity`` of every pair, as row numbers, ``left < right``, sorted.
    clusters
        The connected component of each text, numbered from 0 by its first text; shape ``(n,)``.
    threshold
        The similarity that was asked for.
    """

    pairs: pl.DataFrame
    clusters: np.ndarray
    threshold: float

    @property
    def n_clusters(self) -> int:
        """Clusters of two texts or more."""
        return int((np.bincount(self.clusters) > 1).sum()) if len(self.clusters) else 0


def find_duplicates(
    texts: pl.Series,
    threshold: float,
    *,
    max_pairs: int = MAX_PAIRS,
    progress: Told | None = None,
) -> Duplicates:
    """Every pair of texts whose word sets have a Jaccard similarity at or over a threshold.

    Parameters
    ----------
    texts
        One text a row; a null or wordless one is similar to nothing.
    threshold
        In (0, 1].
    max_pairs
        Refuse to list more; families of variants have pairs that grow with the square.

    Raises
    ------
    InputError
        If there are more pairs than ``max_pairs``.

    Examples
    --------
    >>> found = find_duplicates(pl.Series(["red tea cup", "Red tea-cup!", "mug"]), 0.8)
    >>> found.pairs.rows(), found.clusters.tolist()
    ([(0, 1, 1.0)], [0, 0, 1])
    """
    equal = equal_sets(word_sets(texts))
    sizes = np.diff(equal.starts)
    n_pairs = int((sizes * (sizes - 1) // 2).sum())
    _refuse_too_many(n_pairs, max_pairs, threshold)
    blocks: list[Pairs] = []
    for block in similar_pairs(equal.sets, threshold, progress=progress):
        n_pairs += int((sizes[block.left] * sizes[block.right]).sum())
        _refuse_too_many(n_pairs, max_pairs, threshold)
        blocks.append(block)
    found = _joined(blocks)
    pairs = _expanded(equal, found).sort("left", "right")
    clusters = _components(len(texts), equal, found)
    return Duplicates(pairs, clusters, threshold)


def _refuse_too_many(n_pairs: int, max_pairs: int, threshold: float) -> None:
    if n_pairs > max_pairs:
        raise InputError(
            f"more than {max_pairs:,} pairs reach {threshold}: families of variants have pairs "
            "that grow with the square. Raise the threshold or --max-pairs, or ask for the "
            "clusters alone."
        )


def duplicate_edges(
    texts: pl.Series, threshold: float, *, progress: Told | None = None
) -> pl.DataFrame:
    """Pairs that connect all texts that near-duplicates connect, at most one a text.

    The same components as `find_duplicates`, without listing every pair.

    Returns
    -------
    ``left, right, similarity``, sorted.
    """
    equal = equal_sets(word_sets(texts))
    found = similar_forest(equal.sets, threshold, progress=progress)
    first = equal.first[equal.group[equal.members]]
    copies = equal.members != first
    edges = pl.DataFrame(
        {
            "left": np.concatenate([equal.first[found.left], first[copies]]),
            "right": np.concatenate([equal.first[found.right], equal.members[copies]]),
            "similarity": np.concatenate([found.similarity, np.ones(int(copies.sum()))]),
        },
        schema=PAIR_SCHEMA,
    )
    return edges.sort("left", "right")


def pairs_between(
    left: pl.Series, right: pl.Series, threshold: float, *, progress: Told | None = None
) -> pl.DataFrame:
    """Every pair of a left and a right text whose similarity reaches a threshold.

    Returns
    -------
    ``left, right, similarity``, row numbers in their own series, sorted.
    """
    sets = word_sets(pl.concat([left, right]))
    sides = np.repeat(np.array([0, 1], np.uint8), [len(left), len(right)])
    found = _joined(list(similar_pairs(sets, threshold, sides=sides, progress=progress)))
    return pl.DataFrame(
        {"left": found.left, "right": found.right - len(left), "similarity": found.similarity},
        schema=PAIR_SCHEMA,
    ).sort("left", "right")


def _joined(blocks: list[Pairs]) -> Pairs:
    empty = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    blocks = [empty, *blocks]
    return Pairs(
        np.concatenate([b.left for b in blocks]),
        np.concatenate([b.right for b in blocks]),
        np.concatenate([b.similarity for b in blocks]),
    )


def _expanded(equal: EqualSets, found: Pairs) -> pl.DataFrame:
    """Pairs of groups as pairs of texts, with the pairs inside each group."""
    sizes = np.diff(equal.starts)
    many = np.flatnonzero(sizes > 1)
    groups_a = np.concatenate([found.left, many])
    groups_b = np.concatenate([found.right, many])
    similarity = np.concatenate([found.similarity, np.ones(len(many))])
    counts = sizes[groups_a] * sizes[groups_b]
    pair = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    width = sizes[groups_b][pair]
    a = equal.members[equal.starts[groups_a[pair]] + nth // np.maximum(width, 1)]
    b = equal.members[equal.starts[groups_b[pair]] + nth % np.maximum(width, 1)]
    kept = (groups_a[pair] != groups_b[pair]) | (a < b)
    a, b, pair = a[kept], b[kept], pair[kept]
    return pl.DataFrame(
        {"left": np.minimum(a, b), "right": np.maximum(a, b), "similarity": similarity[pair]},
        schema=PAIR_SCHEMA,
    )


def _components(n: int, equal: EqualSets, found: Pairs) -> np.ndarray:
    first = equal.first[equal.group[equal.members]]
    return component_labels(
        n,
        np.concatenate([equal.first[found.left], first]),
        np.concatenate([equal.first[found.right], equal.members]),
    )


def component_labels(n: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The connected component of each of ``n`` nodes, numbered from 0 by its first node."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    _, first = np.unique(labels, return_index=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[labels] if n else np.empty(0, np.int64)
