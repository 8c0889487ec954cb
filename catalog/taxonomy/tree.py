"""The tree itself: nodes as integer codes, so that every question is an array operation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.paths import joined

NO_NODE = -1

NODE_SCHEMA = pl.Schema(
    {
        "code": pl.Int32(),
        "node_id": pl.String(),
        "name": pl.String(),
        "path": pl.List(pl.String),
        "path_text": pl.String(),
        "depth": pl.Int32(),
        "parent": pl.Int32(),
        "is_leaf": pl.Boolean(),
    }
)
ATTRIBUTE_SCHEMA = pl.Schema({"code": pl.Int32(), "attribute": pl.String(), "list_id": pl.Int32()})
VALUE_SCHEMA = pl.Schema({"list_id": pl.Int32(), "value": pl.String()})


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """A tree of categories with, where the publisher has one, its attribute schema.

    Attributes
    ----------
    name, version
        As the publisher calls them.
    nodes
        One row a node in `NODE_SCHEMA`, sorted by path, so that ``code`` is the
        row number and a parent comes before its children. ``depth`` of a root is 1.
    attributes
        Which attributes a node has, and which closed list of values each one
        takes (``list_id`` null where any value is allowed).
    values
        The closed lists of values.
    """

    name: str
    version: str
    nodes: pl.DataFrame
    attributes: pl.DataFrame
    values: pl.DataFrame

    @classmethod
    def from_paths(
        cls,
        paths: Iterable[Sequence[str]],
        *,
        node_ids: Iterable[str] | None = None,
        name: str = "inferred",
        version: str = "1",
    ) -> Taxonomy:
        """Build a tree from paths; every prefix of a path is a node too.

        Parameters
        ----------
        paths
            Each from the root to a node. Repeats and empty paths are dropped.
        node_ids
            The publisher's id for each path, in the same order. A node without
            one is identified by its path.

        Examples
        --------
        >>> tree = Taxonomy.from_paths([["Garden", "Pots"], ["Garden", "Tools"]])
        >>> tree.nodes["path_text"].to_list()
        ['Garden', 'Garden > Pots', 'Garden > Tools']
        """
        rows = [list(path) for path in paths]
        ids = list(node_ids) if node_ids is not None else [None] * len(rows)
        given = pl.DataFrame(
            {"path": rows, "node_id": ids},
            schema={"path": pl.List(pl.String), "node_id": pl.String},
        )
        return cls.from_frame(given, name=name, version=version)

    @classmethod
    def from_frame(
        cls,
        given: pl.DataFrame,
        *,
        name: str,
        version: str,
        schema: pl.DataFrame | None = None,
        values: pl.DataFrame | None = None,
    ) -> Taxonomy:
        """Build a tree from a frame of ``path`` and ``node_id``, and its attribute schema.

        ``schema`` has ``path_text, attribute, list_id`` and ``values`` has ``list_id, value``.
        """
        given = given.filter(pl.col("path").list.len() > 0)
        deepest = int(given["path"].list.len().cast(pl.Int64).max() or 0)  # type: ignore[arg-type]
        prefixes = [
            given.filter(pl.col("path").list.len() > depth).select(
                pl.col("path").list.head(depth), node_id=pl.lit(None, pl.String)
            )
            for depth in range(1, deepest)
        ]
        nodes = (
            pl.concat([given.select("path", "node_id"), *prefixes])
            .with_columns(joined("path").alias("path_text"))
            .sort("path_text", pl.col("node_id").is_null(), maintain_order=True)
            .unique("path_text", keep="first", maintain_order=True)
            .sort("path")
            .with_row_index("code")
            .with_columns(
                pl.col("code").cast(pl.Int32),
                pl.col("path").list.last().alias("name"),
                pl.col("path").list.len().cast(pl.Int32).alias("depth"),
                pl.col("node_id").fill_null(pl.col("path_text")),
            )
        )
        parents = nodes.select(
            pl.col("code"),
            pl.col("path").list.head(pl.col("depth") - 1).alias("_up"),
        ).with_columns(joined("_up").alias("path_text"))
        found = parents.join(
            nodes.select("path_text", pl.col("code").alias("parent")),
            on="path_text",
            how="left",
            maintain_order="left",
        )["parent"].fill_null(NO_NODE)
        nodes = nodes.with_columns(found.cast(pl.Int32).alias("parent")).with_columns(
            (~pl.col("code").is_in(found.unique().implode())).alias("is_leaf")
        )
        attributes = pl.DataFrame(schema=ATTRIBUTE_SCHEMA)
        if schema is not None:
            attributes = (
                schema.join(nodes.select("path_text", "code"), on="path_text")
                .select(pl.col(c).cast(t) for c, t in ATTRIBUTE_SCHEMA.items())
                .unique(("code", "attribute"), keep="first", maintain_order=True)
                .sort("code", "attribute")
            )
        lists = pl.DataFrame(schema=VALUE_SCHEMA)
        if values is not None:
            lists = values.select(pl.col(c).cast(t) for c, t in VALUE_SCHEMA.items())
        columns = list(NODE_SCHEMA.names())
        return cls(name, version, nodes.select(columns), attributes, lists)

    def renamed(self, name: str) -> Taxonomy:
        """The same tree under another name."""
        return replace(self, name=name)

    def __len__(self) -> int:
        return self.nodes.height

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the tree and its schema: two taxonomies that answer alike have one."""
        digest = hashlib.sha256()
        for frame in (self.nodes.select("node_id", "path_text"), self.attributes, self.values):
            digest.update(frame.write_csv().encode())
        return digest.hexdigest()[:16]

    @property
    def max_depth(self) -> int:
        """The number of levels; 0 for an empty tree."""
        return int(self.nodes["depth"].max() or 0)  # type: ignore[arg-type]

    @cached_property
    def depths(self) -> np.ndarray:
        """Depth of each node by code, shape ``(n_nodes,)``."""
        return self.nodes["depth"].to_numpy()

    @cached_property
    def ancestors(self) -> np.ndarray:
        """Node codes from the root down, ``(n_nodes, max_depth)``; `NO_NODE` past the depth."""
        table = np.full((len(self), self.max_depth), NO_NODE, dtype=np.int32)
        parent, codes = self.nodes["parent"].to_numpy(), np.arange(len(self), dtype=np.int32)
        for depth in range(1, self.max_depth + 1):
            level = codes[self.depths == depth]
            if depth > 1:
                table[level, : depth - 1] = table[parent[level], : depth - 1]
            table[level, depth - 1] = level
        return table

    def codes(self, paths: pl.Series) -> np.ndarray:
        """The node code of each path (``list[str]`` or joined text); `NO_NODE` if unknown."""
        text = paths.rename("path")
        if text.dtype != pl.String:
            text = text.to_frame().select(joined("path")).to_series()
        found = pl.DataFrame({"path_text": text.cast(pl.String)}).join(
            self.nodes.select("path_text", "code"),
            on="path_text",
            how="left",
            maintain_order="left",
        )
        return found["code"].fill_null(NO_NODE).to_numpy()

    def at_level(self, codes: np.ndarray, level: int) -> np.ndarray:
        """The ancestor of each node at a level (1 is the root); itself where it is not so deep.

        `NO_NODE` stays `NO_NODE`.
        """
        if level < 1:
            raise InputError(f"level {level}: levels count from 1, the root.")
        if not len(self):
            return np.full(len(codes), NO_NODE, dtype=np.int32)
        column = np.minimum(level, self.depths) - 1
        up = self.ancestors[np.arange(len(self)), column]
        return np.where(codes >= 0, up[codes], NO_NODE)

    def lca_depth(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Depth of the lowest common ancestor; 0 where only the root above all is shared.

        A `NO_NODE` on either side shares nothing.
        """
        if not len(self):
            return np.zeros(len(left), dtype=np.int32)
        a, b = self.ancestors[left], self.ancestors[right]
        shared = ((a == b) & (a >= 0)).sum(axis=1)
        return np.where((left >= 0) & (right >= 0), shared, 0).astype(np.int32)

    def tree_distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Edges between two nodes, as floats; NaN where either is `NO_NODE`."""
        if not len(self):
            return np.full(len(left), np.nan)
        edges = self.depths[left] + self.depths[right] - 2 * self.lca_depth(left, right)
        return np.where((left >= 0) & (right >= 0), edges, np.nan)

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """How far apart two labels are, from 0 (equal) to 1 (nothing in common).

        One minus the overlap of the two paths, ``1 - 2 * lca / (depth + depth)``: the
        Sørensen distance of the ancestor sets, and one minus the hierarchical F1 of
        the pair (Kiritchenko et al. 2005). NaN where either is `NO_NODE`.

        Examples
        --------
        >>> tree = Taxonomy.from_paths([["A", "B"], ["A", "C"], ["D"]])
        >>> tree.distance(np.array([1, 1, 0]), np.array([1, 2, 3])).tolist()
        [0.0, 0.5, 1.0]
        """
        if not len(self):
            return np.full(len(left), np.nan)
        total = self.depths[left] + self.depths[right]
        return np.where(
            (left >= 0) & (right >= 0), 1 - 2 * self.lca_depth(left, right) / total, np.nan
        )

    def children(self, code: int = NO_NODE) -> pl.DataFrame:
        """The nodes one level below a node; the roots for `NO_NODE`."""
        return self.nodes.filter(pl.col("parent") == code)

    def schema_of(self, code: int) -> dict[str, list[str] | None]:
        """The attributes of a node, each with its closed list of values, or None for any."""
        mine = self.attributes.filter(pl.col("code") == code)
        lists = dict(
            self.values.filter(pl.col("list_id").is_in(mine["list_id"].unique().implode()))
            .group_by("list_id", maintain_order=True)
            .agg("value")
            .iter_rows()
        )
        return {key: lists.get(list_id) for key, list_id in mine.drop("code").iter_rows()}

    def path_text(self, code: int) -> str | None:
        """The joined path of a node, None for `NO_NODE`."""
        return None if code < 0 else str(self.nodes["path_text"][int(code)])
