"""How far two labels are apart: one function a level of measurement.

Each gives the disagreement within each item and of each label with all votes, in closed
form where there is one, so that nothing of the size labels times labels is ever held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from catalog.taxonomy import Taxonomy
from curation.agreement.counts import LabelCounts

_PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Disagreement:
    """The disagreement ``d(c, k)`` summed as Krippendorff's alpha needs it.

    Attributes
    ----------
    within
        ``sum_ck n_uc n_uk d(c, k) / (m_u - 1)`` of each item, shape ``(n_items,)``.
    against
        ``sum_k n_k d(c, k)`` of each label, shape ``(n_labels,)``.
    observed_slope, expected_slope
        Where ``d`` itself depends on how often labels occur: how much one more vote for
        each label changes the sums of ``within`` and of ``n_c against_c`` through ``d``
        alone; None where it does not.
    """

    within: np.ndarray
    against: np.ndarray
    observed_slope: np.ndarray | None = None
    expected_slope: np.ndarray | None = None


Distance = Callable[[LabelCounts], Disagreement]
"""Takes the counts of items with at least two votes each."""


def nominal(counts: LabelCounts) -> Disagreement:
    """1 for different labels, 0 for the same."""
    sizes, margins = counts.sizes, counts.margins
    same = counts.sums(np.square(counts.counts))
    return Disagreement((np.square(sizes) - same) / (sizes - 1), margins.sum() - margins)


def interval(values: np.ndarray) -> Distance:
    """The squared difference of the labels' values; ``values`` has shape ``(n_labels,)``."""

    def measured(counts: LabelCounts) -> Disagreement:
        margins = counts.margins
        centred = values - margins @ values / margins.sum()
        return _squared(counts, centred)

    return measured


def _squared(counts: LabelCounts, x: np.ndarray) -> Disagreement:
    sizes, margins = counts.sizes, counts.margins
    sums = counts.sums(counts.counts * x[counts.labels])
    squares = counts.sums(counts.counts * np.square(x[counts.labels]))
    within = 2 * (sizes * squares - np.square(sums)) / (sizes - 1)
    against = margins.sum() * np.square(x) - 2 * x * (margins @ x) + margins @ np.square(x)
    within = np.where(np.diff(counts.starts) > 1, np.maximum(within, 0.0), 0.0)
    return Disagreement(within, against)


def ordinal(counts: LabelCounts) -> Disagreement:
    """The squared difference of mid-ranks; the order of the labels is that of their codes.

    Krippendorff's ``(sum_{g=c..k} n_g - (n_c + n_k) / 2)^2`` is the squared difference of the
    labels' mean ranks among all votes, so it is `interval` over the ranks. The ranks depend on
    the votes, which the slopes tell.
    """
    margins, sizes = counts.margins, counts.sizes
    ranks = np.cumsum(margins) - margins / 2
    ranks -= margins @ ranks / margins.sum()
    made = _squared(counts, ranks)
    x = ranks[counts.labels]
    sums = counts.sums(counts.counts * x)[counts.rows]
    steep = counts.counts * (sizes[counts.rows] * x - sums) / (sizes[counts.rows] - 1)
    observed = 4 * np.bincount(counts.labels, weights=steep, minlength=counts.n_labels)
    expected = 4 * margins * (margins.sum() * ranks - margins @ ranks)
    return Disagreement(made.within, made.against, _above(observed), _above(expected))


def _above(slope: np.ndarray) -> np.ndarray:
    """One more vote for a label lifts the ranks of all labels above it by 1, its own by 1/2."""
    return np.asarray(np.cumsum(slope[::-1])[::-1] - slope / 2)


def ratio(values: np.ndarray) -> Distance:
    """``((c - k) / (c + k))^2`` of the labels' values, 0 for two zeros.

    ``values`` are at least 0. Takes time of distinct values squared, in bounded memory.
    """

    def between(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        a, b = values[left], values[right]
        total = a + b
        shares = np.divide(a - b, total, out=np.zeros(total.shape), where=total > 0)
        return np.asarray(np.square(shares))

    def measured(counts: LabelCounts) -> Disagreement:
        margins, codes = counts.margins, np.arange(counts.n_labels)
        step = max(1, _PAIRS_AT_ONCE // max(counts.n_labels, 1))
        against = [
            between(codes[first : first + step, None], codes[None, :]) @ margins
            for first in range(0, counts.n_labels, step)
        ]
        return Disagreement(_within(counts, between), np.concatenate(against))

    return measured


def taxonomy(tree: Taxonomy, codes: np.ndarray) -> Distance:
    """`Taxonomy.distance` of the labels' nodes: 0 for the same, 1 for nothing in common.

    The distance is not squared: one minus alpha's observed disagreement is the mean
    hierarchical F1 of two votes on one item.

    Parameters
    ----------
    codes
        The node of each label, shape ``(n_labels,)``; all of them in the tree.
    """

    def between(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return tree.distance(codes[left], codes[right])

    def measured(counts: LabelCounts) -> Disagreement:
        return Disagreement(_within(counts, between), _against_tree(tree, codes, counts.margins))

    return measured


def _against_tree(tree: Taxonomy, codes: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """``sum_k n_k d(c, k)`` from the votes below each node, told apart by their depth.

    ``d(c, k) = 1 - 2 lca / (depth_c + depth_k)``, and ``lca`` counts the common ancestors: for
    each ancestor of ``c`` all votes below it add ``2 / (depth_c + depth_k)``.
    """
    deepest = tree.max_depth
    ancestors, depths = tree.ancestors[codes], tree.depths[codes]
    below = np.zeros((len(tree) + 1, deepest + 1))
    for level in range(deepest):
        np.add.at(below, (ancestors[:, level], depths), margins)
    below[-1] = 0.0
    weights = 2.0 / (depths[:, None] + np.arange(deepest + 1)[None, :])
    shared = sum((below[ancestors[:, level]] * weights).sum(axis=1) for level in range(deepest))
    return np.asarray(np.maximum(margins.sum() - shared, 0.0))


def _within(
    counts: LabelCounts, between: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """The disagreement within each item, from its pairs of different labels."""
    within = np.zeros(counts.n_items)
    for row, left, right in _pairs(counts):
        weight = 2 * counts.counts[left] * counts.counts[right]
        apart = weight * between(counts.labels[left], counts.labels[right])
        within += np.bincount(row, weights=apart, minlength=counts.n_items)
    return np.asarray(within / (counts.sizes - 1))


def _pairs(counts: LabelCounts) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Every pair of entries of one item, each once, in blocks: item, entry, later entry."""
    ends = counts.starts[1:][counts.rows]
    later = ends - np.arange(len(counts.labels)) - 1
    first = np.flatnonzero(later > 0)
    cuts = np.cumsum(later[first])
    n_blocks = int(cuts[-1] // _PAIRS_AT_ONCE) + 1 if len(cuts) else 0
    bounds = np.searchsorted(cuts, np.arange(1, n_blocks) * _PAIRS_AT_ONCE)
    rows = counts.rows
    for block in np.split(first, bounds):
        left = np.repeat(block, later[block])
        nth = np.arange(len(left)) - np.repeat(np.cumsum(later[block]) - later[block], later[block])
        yield rows[left], left, left + 1 + nth
