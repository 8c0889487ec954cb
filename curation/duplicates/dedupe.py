"""Near-duplicates of a column of texts: the clusters always, every pair up to a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import polars as pl

from curation.duplicates.equal import EqualSets, equal_sets
from curation.duplicates.forest import Forest, Pairs, joined_pairs
from curation.duplicates.grams import gram_sets
from curation.duplicates.join import Found, Search, Told, check_threshold, search, similar_pairs
from curation.duplicates.numbers import number_codes
from curation.duplicates.tokens import TokenSets, word_sets

MAX_PAIRS = 10_000_000

PAIR_SCHEMA = pl.Schema({"left": pl.Int64(), "right": pl.Int64(), "similarity": pl.Float64()})


@dataclass(frozen=True)
class Likeness:
    """How two texts are compared.

    Attributes
    ----------
    unit
        Sets of ``words``, or of ``chars``: character n-grams of ``ngram`` characters.
    different_numbers
        ``break``: texts whose quantities or model numbers contradict each other are no pair,
        however similar; ``show``: they are.
    """

    unit: Literal["words", "chars"] = "words"
    ngram: int = 5
    different_numbers: Literal["show", "break"] = "show"

    def sets(self, texts: pl.Series) -> TokenSets:
        """The token set of each text."""
        return word_sets(texts) if self.unit == "words" else gram_sets(texts, self.ngram)

    def apart(self, texts: pl.Series) -> TokenSets | None:
        """The numbers by which texts may contradict each other."""
        return number_codes(texts) if self.different_numbers == "break" else None


WORDS = Likeness()


class Searched(Protocol):
    """A join, as `search` does it."""

    def __call__(
        self,
        asked: Search,
        /,
        *,
        weights: np.ndarray,
        list_from: float,
        max_listed: int,
        progress: Told | None,
    ) -> Found:
        """The forest of all similar pairs, how many there are, and the first of them."""


@dataclass(frozen=True)
class Duplicates:
    """Near-duplicates among texts.

    Attributes
    ----------
    pairs
        ``left, right, similarity`` of the listed pairs, as row numbers, ``left < right``,
        sorted: every pair, or where there are more than the bound, some of them and all that
        it takes to connect each cluster.
    n_pairs
        Pairs that there are.
    forest
        A maximum spanning forest of all pairs that reach ``searched_from``, the most similar
        first, in the form of ``pairs``: the clusters at any threshold from there on.
    clusters
        The connected component of each text, numbered from 0 by its first text; shape ``(n,)``.
    threshold
        The similarity that was asked for.
    searched_from
        The similarity down to which was searched, to show what was nearly a pair.
    """

    pairs: pl.DataFrame
    n_pairs: int
    forest: pl.DataFrame
    clusters: np.ndarray
    threshold: float
    searched_from: float

    @property
    def n_clusters(self) -> int:
        """Clusters of two texts or more."""
        return int((np.bincount(self.clusters) > 1).sum()) if len(self.clusters) else 0

    @property
    def is_cut(self) -> bool:
        """Whether there are more pairs than are listed."""
        return self.pairs.height < self.n_pairs


def find_duplicates(
    texts: pl.Series,
    threshold: float,
    *,
    likeness: Likeness = WORDS,
    margin: float = 0.0,
    max_pairs: int = MAX_PAIRS,
    searched: Searched = search,
    progress: Told | None = None,
) -> Duplicates:
    """Every pair of texts whose sets have a Jaccard similarity at or over a threshold.

    Parameters
    ----------
    texts
        One text a row; a null or wordless one is similar to nothing.
    threshold
        In (0, 1].
    margin
        How far under the threshold to look for what is nearly a pair.
    max_pairs
        About how many pairs to list; clusters are whole whatever it is.
    searched
        What does the join: `search` on this machine, or another that gives the same.

    Examples
    --------
    >>> found = find_duplicates(pl.Series(["red tea cup", "Red tea-cup!", "mug"]), 0.8)
    >>> found.pairs.rows(), found.clusters.tolist()
    ([(0, 1, 1.0)], [0, 0, 1])
    """
    check_threshold(threshold)
    lowest = max(0.05, round(threshold - margin, 12)) if margin else threshold
    apart = likeness.apart(texts)
    equal = equal_sets(likeness.sets(texts), apart)
    asked = Search(equal.sets, lowest, apart=_of_groups(apart, equal))
    sizes = np.diff(equal.starts)
    found = searched(
        asked, weights=sizes, list_from=threshold, max_listed=max_pairs, progress=progress
    )
    inside = int((sizes * (sizes - 1) // 2).sum())
    forest = _expanded_forest(equal, found.forest)
    pairs = _expanded(equal, found.listed, max_pairs)
    n_pairs = found.n_pairs + inside
    if pairs.height < n_pairs:
        tied = forest.filter(pl.col("similarity") >= threshold)
        pairs = pl.concat([pairs, tied]).unique(("left", "right"))
    return Duplicates(
        pairs.sort("left", "right"),
        n_pairs,
        forest,
        clusters_at(len(texts), forest, threshold),
        threshold,
        lowest,
    )


def united(found: list[Duplicates]) -> Duplicates:
    """Near-duplicates by any of several texts of the same rows: the most similar counts.

    Where pairs are cut, ``n_pairs`` counts a pair once a text.
    """
    if len(found) == 1:
        return found[0]
    n, first = len(found[0].clusters), found[0]
    whole = Forest(n)
    for one in found:
        whole.add(_as_pairs(one.forest))
    forest = _as_frame(whole.pairs())
    pairs = (
        pl.concat([one.pairs for one in found])
        .group_by("left", "right")
        .agg(pl.col("similarity").max())
        .sort("left", "right")
    )
    is_cut = any(one.is_cut for one in found)
    return Duplicates(
        pairs,
        sum(one.n_pairs for one in found) if is_cut else pairs.height,
        forest,
        clusters_at(n, forest, first.threshold),
        first.threshold,
        first.searched_from,
    )


def duplicate_edges(
    texts: pl.Series,
    threshold: float,
    *,
    likeness: Likeness = WORDS,
    progress: Told | None = None,
) -> pl.DataFrame:
    """Pairs that connect all texts that near-duplicates connect, at most one a text.

    A maximum spanning forest: its components at this or any higher threshold are those of all
    pairs, without listing every pair.

    Returns
    -------
    ``left, right, similarity``, sorted.
    """
    check_threshold(threshold)
    apart = likeness.apart(texts)
    equal = equal_sets(likeness.sets(texts), apart)
    asked = Search(equal.sets, threshold, apart=_of_groups(apart, equal))
    found = search(asked, progress=progress)
    return _expanded_forest(equal, found.forest).sort("left", "right")


def pairs_between(
    left: pl.Series,
    right: pl.Series,
    threshold: float,
    *,
    likeness: Likeness = WORDS,
    progress: Told | None = None,
) -> pl.DataFrame:
    """Every pair of a left and a right text whose similarity reaches a threshold.

    Returns
    -------
    ``left, right, similarity``, row numbers in their own series, sorted.
    """
    both = pl.concat([left, right])
    sides = np.repeat(np.array([0, 1], np.uint8), [len(left), len(right)])
    blocks = similar_pairs(
        likeness.sets(both), threshold, sides=sides, apart=likeness.apart(both), progress=progress
    )
    found = joined_pairs(list(blocks))
    return pl.DataFrame(
        {"left": found.left, "right": found.right - len(left), "similarity": found.similarity},
        schema=PAIR_SCHEMA,
    ).sort("left", "right")


def clusters_at(n: int, forest: pl.DataFrame, threshold: float) -> np.ndarray:
    """The clusters of ``n`` texts at a threshold, from a maximum spanning forest of pairs.

    Nothing is compared again. The threshold must not be under the one that the forest was
    made with.

    Returns
    -------
    As `Duplicates.clusters`.
    """
    tied = forest.filter(pl.col("similarity") >= threshold)
    return component_labels(n, tied["left"].to_numpy(), tied["right"].to_numpy())


def _of_groups(apart: TokenSets | None, equal: EqualSets) -> TokenSets | None:
    return None if apart is None else apart.taken(equal.first)


def _as_pairs(frame: pl.DataFrame) -> Pairs:
    return Pairs(*(frame[name].to_numpy() for name in PAIR_SCHEMA))


def _as_frame(pairs: Pairs) -> pl.DataFrame:
    return pl.DataFrame(
        {"left": pairs.left, "right": pairs.right, "similarity": pairs.similarity},
        schema=PAIR_SCHEMA,
    )


def _expanded_forest(equal: EqualSets, found: Pairs) -> pl.DataFrame:
    """The forest of groups as one of texts: each copy is tied to the first of its group."""
    first = equal.first[equal.group[equal.members]]
    copies = equal.members != first
    copied = Pairs(first[copies], equal.members[copies], np.ones(int(copies.sum())))
    return _as_frame(
        joined_pairs(
            [copied, Pairs(equal.first[found.left], equal.first[found.right], found.similarity)]
        )
    )


def _expanded(equal: EqualSets, found: Pairs, max_pairs: int) -> pl.DataFrame:
    """Pairs of groups as pairs of texts, with the pairs inside each group; the first of them."""
    sizes = np.diff(equal.starts)
    many = np.flatnonzero(sizes > 1)
    groups_a = np.concatenate([found.left, many])
    groups_b = np.concatenate([found.right, many])
    similarity = np.concatenate([found.similarity, np.ones(len(many))])
    counts = sizes[groups_a] * sizes[groups_b]
    room = int(np.searchsorted(np.cumsum(counts), 2 * max_pairs, side="right"))
    groups_a, groups_b, counts = groups_a[:room], groups_b[:room], counts[:room]
    pair = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    width = sizes[groups_b][pair]
    a = equal.members[equal.starts[groups_a[pair]] + nth // np.maximum(width, 1)]
    b = equal.members[equal.starts[groups_b[pair]] + nth % np.maximum(width, 1)]
    kept = np.flatnonzero((groups_a[pair] != groups_b[pair]) | (a < b))[:max_pairs]
    a, b, pair = a[kept], b[kept], pair[kept]
    return _as_frame(Pairs(np.minimum(a, b), np.maximum(a, b), similarity[pair]))


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
