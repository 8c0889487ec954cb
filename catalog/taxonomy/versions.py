"""Two versions of a taxonomy side by side: what was added, removed, moved and renamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from catalog.taxonomy.tree import NO_NODE, Taxonomy
from catalog.text import folded

SAME_ID, SAME_PATH = "same id", "same path"
FOLLOWS, MOVED, RENAMED = "follows its parent", "moved", "renamed"
ADDED, REMOVED = "added", "removed"

_SAME_SHARE = 0.5
_ALIKE = 60.0
_MANY_ROUNDS = 20


@dataclass(frozen=True)
class TaxonomyDiff:
    """What became of each node of an older taxonomy in a newer one.

    Attributes
    ----------
    successors
        The code in the newer taxonomy of each older node, `NO_NODE` where it has none.
    how
        How each was found: ``same id``, ``same path``, ``follows its parent`` (the same name
        below the successor of its parent), ``moved`` (the one node of its name, elsewhere),
        ``renamed`` (an alike name at the same place); null where it was not.
    changes
        ``change, old_id, old_path, new_id, new_path, how``, only what is not the same path.
        ``change`` is ``added``, ``removed``, ``moved`` (below another parent), ``renamed``
        (another name below the same parent) or ``follows its parent`` (its path changed only
        because one above it changed).
    ids_are_shared
        Whether both versions use the same ids.
    counts
        Nodes by change, and how many kept their path (``same``).
    """

    successors: np.ndarray
    how: pl.Series
    changes: pl.DataFrame
    ids_are_shared: bool
    counts: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "ids_are_shared": self.ids_are_shared,
            "counts": self.counts,
            "changes": self.changes.to_dicts(),
        }


def compare_taxonomies(old: Taxonomy, new: Taxonomy) -> TaxonomyDiff:
    """Find the successor of each node.

    Ids decide where both versions share them, which is where at least half of the nodes of
    equal path have equal ids. Then equal paths; then equal names below the successor of the
    parent; then a name that only one node without a successor and one without a predecessor
    have; then alike names (edit similarity of 60 of 100) below the same parent.

    Examples
    --------
    >>> old = Taxonomy.from_paths([["Garden", "Pots"], ["Kitchen", "Knives"]])
    >>> new = Taxonomy.from_paths([["Garden"], ["Kitchen", "Pots"], ["Kitchen", "Knifes"]])
    >>> compare_taxonomies(old, new).changes.select("change", "old_path", "new_path").rows()
    [('moved', 'Garden > Pots', 'Kitchen > Pots'), ('renamed', 'Kitchen > Knives', 'Kitchen > Knifes')]
    """
    shared = _ids_are_shared(old, new)
    before, after = _nodes(old), _nodes(new)
    found = _Matches(len(old), len(new))
    if shared:
        found.take(_joined(before, after, ["node_id"]), SAME_ID)
    found.take(_joined(before, after, ["path_text"]), SAME_PATH)
    for _ in range(_MANY_ROUNDS):
        n_before = found.n_found
        for depth in range(1, old.max_depth + 1):
            level = before.filter(pl.col("depth") == depth)
            found.take(_below_the_same_parent(level, after, found), FOLLOWS)
        found.take(_only_of_its_name(before, after, found), MOVED)
        found.take(_alike_below_the_same_parent(before, after, found), RENAMED)
        if found.n_found == n_before:
            break
    how = pl.Series("how", found.how, dtype=pl.String)
    changes = _changes(old, new, found.successors, how)
    n_same = len(old) - changes.filter(pl.col("old_path").is_not_null()).height
    order = ("renamed", "moved", FOLLOWS, REMOVED, ADDED)
    n_of = dict(changes.group_by("change").len().iter_rows())
    counts = {"same": n_same, **{name: int(n_of.get(name, 0)) for name in order}}
    return TaxonomyDiff(found.successors, how, changes, shared, counts)


class _Matches:
    """Pairs of nodes, each node at most once; the first word counts."""

    def __init__(self, n_old: int, n_new: int) -> None:
        self.successors = np.full(n_old, NO_NODE, dtype=np.int32)
        self.predecessors = np.full(n_new, NO_NODE, dtype=np.int32)
        self.how: list[str | None] = [None] * n_old

    @property
    def n_found(self) -> int:
        return int((self.successors != NO_NODE).sum())

    def take(self, pairs: pl.DataFrame, how: str) -> None:
        """Keep pairs ``old, new``, best first, of nodes that have no partner yet."""
        for old, new in pairs.select("old", "new").iter_rows():
            if self.successors[old] == NO_NODE and self.predecessors[new] == NO_NODE:
                self.successors[old], self.predecessors[new] = new, old
                self.how[old] = how

    def open(self, before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The nodes of both sides without a partner; old ones with their parent's successor."""
        parents = before["parent"].to_numpy()
        heirs = np.where(parents == NO_NODE, NO_NODE, self.successors[parents])
        is_lost = (parents != NO_NODE) & (heirs == NO_NODE)
        old = before.with_columns(pl.Series("heir", heirs, dtype=pl.Int32)).filter(
            pl.Series(self.successors[before["code"].to_numpy()] == NO_NODE)
        )
        lost = before.filter(pl.Series(is_lost))["code"]
        old = old.with_columns(pl.col("code").is_in(lost.implode()).alias("is_lost"))
        new = after.filter(pl.Series(self.predecessors[after["code"].to_numpy()] == NO_NODE))
        return old, new


def _nodes(tree: Taxonomy) -> pl.DataFrame:
    return tree.nodes.select(
        "code",
        "node_id",
        "path_text",
        "depth",
        "parent",
        "name",
        folded(tree.nodes["name"]).alias("plain"),
    )


def _ids_are_shared(old: Taxonomy, new: Taxonomy) -> bool:
    both = old.nodes.select("path_text", "node_id").join(
        new.nodes.select("path_text", new_id="node_id"), on="path_text"
    )
    own = [t.nodes.filter(pl.col("node_id") != pl.col("path_text")).height for t in (old, new)]
    if not all(own):
        return False
    if both.height:
        return bool((both["node_id"] == both["new_id"]).mean() >= _SAME_SHARE)  # type: ignore[operator]
    n_shared = old.nodes.join(new.nodes, on="node_id", how="semi").height
    return n_shared >= _SAME_SHARE * min(len(old), len(new))


def _joined(before: pl.DataFrame, after: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    pairs = before.join(after, on=on, suffix="_new", maintain_order="left")
    return pairs.select(old="code", new="code_new")


def _below_the_same_parent(
    level: pl.DataFrame, after: pl.DataFrame, found: _Matches
) -> pl.DataFrame:
    old, new = found.open(level, after)
    pairs = old.filter(~pl.col("is_lost")).join(
        new, left_on=["heir", "plain"], right_on=["parent", "plain"], suffix="_new"
    )
    return pairs.select(old="code", new="code_new").sort("old", "new")


def _only_of_its_name(before: pl.DataFrame, after: pl.DataFrame, found: _Matches) -> pl.DataFrame:
    old, new = (side.filter(pl.col("plain").is_unique()) for side in found.open(before, after))
    return _joined(old, new, ["plain"])


def _alike_below_the_same_parent(
    before: pl.DataFrame, after: pl.DataFrame, found: _Matches
) -> pl.DataFrame:
    old, new = found.open(before, after)
    pairs = old.filter(~pl.col("is_lost")).join(
        new, left_on="heir", right_on="parent", suffix="_new"
    )
    if pairs.is_empty():
        return pl.DataFrame(schema={"old": pl.Int32, "new": pl.Int32})
    alike = process.cpdist(
        pairs["plain"].to_list(), pairs["plain_new"].to_list(), scorer=fuzz.ratio
    )
    return (
        pairs.select(old="code", new="code_new")
        .with_columns(pl.Series("alike", alike))
        .filter(pl.col("alike") >= _ALIKE)
        .sort("alike", "old", "new", descending=[True, False, False])
    )


def _changes(old: Taxonomy, new: Taxonomy, successors: np.ndarray, how: pl.Series) -> pl.DataFrame:
    kept = old.nodes.select("code", "parent", "name", old_id="node_id", old_path="path_text")
    kept = kept.with_columns(pl.Series("new", successors), how)
    parents = kept["parent"].to_numpy()
    heirs = np.where(parents == NO_NODE, NO_NODE, successors[parents] if len(old) else NO_NODE)
    into = new.nodes.select(
        new="code", new_parent="parent", new_name="name", new_id="node_id", new_path="path_text"
    )
    pairs = kept.with_columns(pl.Series("heir", heirs, dtype=pl.Int32)).join(
        into, on="new", how="left", maintain_order="left"
    )
    change = (
        pl.when(pl.col("new_path").is_null())
        .then(pl.lit(REMOVED))
        .when(pl.col("heir") != pl.col("new_parent"))
        .then(pl.lit(MOVED))
        .when(pl.col("name") != pl.col("new_name"))
        .then(pl.lit(RENAMED))
        .otherwise(pl.lit(FOLLOWS))
    )
    columns = ["change", "old_id", "old_path", "new_id", "new_path", "how"]
    gone_or_changed = (
        pairs.with_columns(change.alias("change"))
        .filter(pl.col("old_path").ne_missing(pl.col("new_path")))
        .select(columns)
    )
    no_one = pl.lit(None, pl.String)
    added = (
        into.filter(~pl.col("new").is_in(pl.Series(successors).implode()))
        .with_columns(pl.lit(ADDED).alias("change"), old_id=no_one, old_path=no_one, how=no_one)
        .select(columns)
    )
    return pl.concat([gone_or_changed, added])
