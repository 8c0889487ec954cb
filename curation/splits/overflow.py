"""A group larger than the largest split: keep it whole, break its weakest ties, or drop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numba
import numpy as np
import polars as pl

from catalog.wording import counted
from curation.splits.groups import Groups

_WEAKEST_SHOWN = 20


@dataclass(frozen=True)
class Overflow:
    """Groups after the policy.

    Attributes
    ----------
    labels
        The group of each record.
    is_dropped
        Records that the policy drops.
    edges
        All ties, with ``is_broken``.
    told
        What was too large, with the weakest near-duplicate ties that hold it.
    """

    labels: np.ndarray
    is_dropped: np.ndarray
    edges: pl.DataFrame
    told: list[dict[str, Any]]
    notes: list[str]
    n_broken: int


def resolve_overflow(
    groups: Groups, fractions: tuple[float, ...], policy: Literal["assign", "break", "drop"]
) -> Overflow:
    """Apply the policy to every group that is larger than the largest split.

    ``break`` puts a group together again from its ties, the strongest first (brand and
    identifier ties, which are never broken, then near-duplicates by falling similarity),
    and leaves out each tie that would make a part larger than the split.
    """
    n = len(groups.labels)
    cap = int(max(fractions) * n)
    sizes = np.bincount(groups.labels, minlength=groups.n_groups)
    too_large = np.flatnonzero(sizes > cap)
    edges = groups.edges.with_columns(is_broken=pl.lit(False))
    nothing = np.zeros(n, bool)
    if not len(too_large):
        return Overflow(groups.labels, nothing, edges, [], [], 0)
    told = [_told(int(g), int(sizes[g]), cap, groups) for g in too_large]
    inside = np.isin(groups.labels, too_large)
    head = (
        f"{counted(len(too_large), 'group')} of {counted(int(sizes[too_large].max()), 'row')} at most "
        f"fits no split ({counted(cap, 'row')} at most)"
    )
    if policy == "drop":
        notes = [f"{head}: dropped, as asked"]
        return Overflow(groups.labels, inside, edges, told, notes, 0)
    if policy == "assign":
        notes = [f"{head}: assigned whole, so that split is larger than asked"]
        return Overflow(groups.labels, nothing, edges, told, notes, 0)
    left, right = edges["left"].to_numpy(), edges["right"].to_numpy()
    strength = edges["similarity"].fill_null(2.0).to_numpy()
    order = np.argsort(-strength, kind="stable")
    order = order[inside[left[order]]]
    parents = np.arange(n)
    broken = np.zeros(edges.height, bool)
    _unite(order, left, right, strength, cap, parents, broken)
    roots = _roots(parents)
    labels = groups.labels.copy()
    parts, numbers = np.unique(roots[inside], return_inverse=True)
    labels[inside] = groups.n_groups + numbers
    n_broken = int(broken.sum())
    left_over = int((np.bincount(numbers) > cap).sum())
    notes = [
        f"{head}: broken into {counted(len(parts), 'part')} at {counted(n_broken, 'near-duplicate tie')}"
        + (
            f"; {counted(left_over, 'part')} held by brand alone is still too large"
            if left_over
            else ""
        )
    ]
    _, labels = np.unique(labels, return_inverse=True)
    marked = edges.with_columns(pl.Series("is_broken", broken))
    return Overflow(labels, nothing, marked, told, notes, n_broken)


def _told(group: int, size: int, cap: int, groups: Groups) -> dict[str, Any]:
    inside = groups.labels[groups.edges["left"].to_numpy()] == group
    mine = groups.edges.filter(pl.Series(inside))
    weakest = mine.filter(pl.col("kind") == "near_duplicate").sort("similarity", "left", "right")
    return {
        "group_id": group,
        "n_rows": size,
        "largest_split": cap,
        "n_edges": dict(mine.group_by("kind").len().sort("kind").iter_rows()),
        "weakest": weakest.head(_WEAKEST_SHOWN).select("left", "right", "similarity").to_dicts(),
    }


@numba.njit(cache=True, nogil=True)
def _find(parents, x):  # type: ignore[no-untyped-def]
    while parents[x] != x:
        parents[x] = parents[parents[x]]
        x = parents[x]
    return x


@numba.njit(cache=True, nogil=True)
def _unite(order, left, right, strength, cap, parents, broken):  # type: ignore[no-untyped-def]
    sizes = np.ones(len(parents), np.int64)
    for edge in order:
        a, b = _find(parents, left[edge]), _find(parents, right[edge])
        if a == b:
            continue
        if strength[edge] <= 1.0 and sizes[a] + sizes[b] > cap:
            broken[edge] = True
            continue
        parents[max(a, b)] = min(a, b)
        sizes[min(a, b)] = sizes[a] + sizes[b]


@numba.njit(cache=True, nogil=True)
def _roots(parents):  # type: ignore[no-untyped-def]
    return np.array([_find(parents, x) for x in range(len(parents))])
