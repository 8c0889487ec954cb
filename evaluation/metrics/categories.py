"""Answers to "which category?" as codes of one tree, for one gold and any number of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.paths import joined
from catalog.taxonomy.repair import nearest_paths
from catalog.taxonomy.tree import NO_NODE, Taxonomy
from evaluation.answers.candidates import gold_ranks
from evaluation.answers.confidence import confidences
from evaluation.answers.outcomes import outcome_counts
from evaluation.answers.paths import answered_paths, read_paths
from evaluation.answers.text_models import Encodes
from evaluation.metrics.cells import summed_cells
from evaluation.metrics.class_metrics import ClassClusters, class_clusters
from evaluation.metrics.clusters import cluster_codes

GOLD_NAMES, GOLD_TEXT = "gold_names", "gold_path"
MOST_REPAIRED = 5_000
"""Distinct paths past this many are not repaired: it would take minutes."""
_BLOCK = 250_000


@dataclass(frozen=True, eq=False)
class CategoryAnswers:
    """One run's answers beside the gold.

    Attributes
    ----------
    tree
        All paths of the taxonomy, the gold and the answers; every prefix of a path is a node.
    is_in_taxonomy
        Which nodes are in the taxonomy itself, shape ``(n_nodes,)``.
    example_ids
        The keys, in the order of all arrays.
    gold, answer
        Node codes, shape ``(n,)``; an answer is `NO_NODE` where there is none.
    outcomes
        What became of each row (`evaluation.answers.outcomes`).
    is_json
        Whether the raw output is JSON: 1.0, 0.0, NaN where there is no raw output.
    clusters
        Codes of the groups of dependent rows, no gaps; None where rows are independent.
    taxonomy
        What the valid paths are; None where they are those of the gold.
    gold_ranks
        Where the gold stands in each row's ranking, from 0, -1 where it does not, ``(n,)``; None
        where no prediction has candidates.
    confidence
        In [0, 1], NaN where a row has none, ``(n,)``; None where no row has one.
    encoder
        What tells how alike two paths are in meaning; None where nothing does.
    """

    tree: Taxonomy
    is_in_taxonomy: np.ndarray
    example_ids: pl.Series
    gold: np.ndarray
    answer: np.ndarray
    outcomes: pl.Series
    is_json: np.ndarray
    clusters: np.ndarray | None
    taxonomy: Taxonomy | None = None
    gold_ranks: np.ndarray | None = None
    confidence: np.ndarray | None = None
    encoder: Encodes | None = None

    @property
    def n_rows(self) -> int:
        """Gold rows."""
        return len(self.gold)

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether each answer is the gold category, shape ``(n,)``."""
        return np.asarray(self.gold == self.answer)

    @cached_property
    def is_outside(self) -> np.ndarray:
        """Which rows are answered with a path that the taxonomy does not have, shape ``(n,)``."""
        return np.asarray((self.answer >= 0) & ~np.append(self.is_in_taxonomy, True)[self.answer])

    @cached_property
    def repaired(self) -> np.ndarray | None:
        """The answers, each one outside the taxonomy as its nearest valid path, shape ``(n,)``.

        Themselves where no valid path is near (`catalog.taxonomy.repair`). None where no taxonomy
        is given, or more than `MOST_REPAIRED` paths are outside it.
        """
        outside = np.unique(self.answer[self.is_outside])
        if self.taxonomy is None or len(outside) > MOST_REPAIRED:
            return None
        if not len(outside):
            return self.answer
        found = nearest_paths(self.taxonomy, self.texts(outside)).drop_nulls("nearest")
        repaired = np.arange(len(self.tree) + 1)
        repaired[-1] = NO_NODE
        repaired[self.tree.codes(found["path_text"])] = self.tree.codes(found["nearest"])
        return np.asarray(repaired[self.answer])

    @cached_property
    def shared(self) -> np.ndarray:
        """Levels that gold and answer share from the root down, ``(n,)``; 0 without answer."""
        blocks = [
            self.tree.lca_depth(self.gold[at : at + _BLOCK], self.answer[at : at + _BLOCK])
            for at in range(0, self.n_rows, _BLOCK)
        ]
        return np.concatenate([np.empty(0, np.int32), *blocks])

    @cached_property
    def gold_depth(self) -> np.ndarray:
        """Levels of the gold category, shape ``(n,)``."""
        return self.tree.depths[self.gold] if len(self.tree) else np.zeros(self.n_rows, np.int32)

    @cached_property
    def answer_depth(self) -> np.ndarray:
        """Levels of the answer, shape ``(n,)``; 0 without answer."""
        if not len(self.tree):
            return np.zeros(self.n_rows, np.int32)
        return np.where(self.answer >= 0, self.tree.depths[self.answer], 0)

    @cached_property
    def class_nodes(self) -> np.ndarray:
        """The classes: node codes that occur in the gold, sorted, shape ``(K,)``."""
        return np.flatnonzero(np.bincount(self.gold, minlength=len(self.tree)))

    @cached_property
    def _class_of_node(self) -> np.ndarray:
        classes = np.full(len(self.tree) + 1, -1, np.int64)
        classes[self.class_nodes] = np.arange(len(self.class_nodes))
        return classes

    @cached_property
    def gold_classes(self) -> np.ndarray:
        """The class of each gold row, numbered from 0, shape ``(n,)``."""
        return np.asarray(self._class_of_node[self.gold])

    @cached_property
    def answer_classes(self) -> np.ndarray:
        """The class of each answer; -1 where it is no class of the gold, or there is none."""
        return np.asarray(self._class_of_node[self.answer])

    @cached_property
    def node_clusters(self) -> tuple[np.ndarray, ClassClusters]:
        """The nodes that are gold or answered, and what each has in each cluster, by its place."""
        is_named = np.bincount(self.gold, minlength=len(self.tree) + 1) > 0
        is_named[self.answer] = True
        is_named[-1] = False
        places = np.where(is_named, np.cumsum(is_named) - 1, -1)
        inside = class_clusters(places[self.gold], places[self.answer], self.clusters)
        return np.flatnonzero(is_named), inside

    @cached_property
    def class_clusters(self) -> ClassClusters:
        """Right answers, gold rows and answers of each class in each cluster."""
        named, inside = self.node_clusters
        classes = self._class_of_node[named][inside.classes]
        if len(named) == len(self.class_nodes):
            return inside._replace(classes=classes)
        kept = classes >= 0
        return ClassClusters(classes[kept], inside.clusters[kept], inside.counts[:, kept])

    @cached_property
    def shared_in_cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Class and cluster of each cell that has gold rows; twice its shared nodes, nodes, rows.

        Shapes ``(m,)``, ``(m,)`` and ``(3, m)``; nodes are those of gold and answers together.
        """
        nodes = self.gold_depth + self.answer_depth
        return cells_of_shared(self.gold_classes, 2 * self.shared, nodes, self.clusters)

    @cached_property
    def likeness(self) -> np.ndarray | None:
        """The cosine of the embedded paths of gold and answer, 0 without answer and below, ``(n,)``.

        None without an encoder.
        """
        if self.encoder is None:
            return None
        answered = np.flatnonzero(self.answer >= 0)
        named, places = np.unique(
            np.stack([self.gold[answered], self.answer[answered]]), return_inverse=True
        )
        vectors = self.encoder.vectors(self.texts(named).to_list()).astype(float)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        units = np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        likeness = np.zeros(self.n_rows)
        places = places.reshape(2, -1)
        for at in range(0, len(answered), _BLOCK // 8):
            gold, answer = places[:, at : at + _BLOCK // 8]
            cosines = np.einsum("nd,nd->n", units[gold], units[answer])
            likeness[answered[at : at + _BLOCK // 8]] = np.clip(cosines, 0.0, 1.0)
        return np.where(self.is_correct, 1.0, likeness)

    @property
    def n_levels(self) -> int:
        """The deepest level of the gold."""
        return int(self.gold_depth.max(initial=0))

    @cached_property
    def outcome_counts(self) -> dict[str, int]:
        """Rows of each outcome."""
        return outcome_counts(self.outcomes)

    def is_outcome(self, name: str) -> np.ndarray:
        """Which rows had an outcome, shape ``(n,)``."""
        return (self.outcomes == name).to_numpy()

    def texts(self, codes: np.ndarray) -> pl.Series:
        """The joined path of each node; null for `NO_NODE`."""
        return path_texts(self.tree, codes)

    @cached_property
    def gold_text(self) -> pl.Series:
        """The gold category of each row, as a joined path."""
        return self.texts(self.gold)

    @cached_property
    def answer_text(self) -> pl.Series:
        """The answer of each row, as a joined path; null without one."""
        return self.texts(self.answer)


def cells_of_shared(
    gold_classes: np.ndarray, shared: np.ndarray, nodes: np.ndarray, clusters: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`CategoryAnswers.shared_in_cells` from what each row has, shape ``(n,)`` each."""
    n = len(gold_classes)
    if clusters is None:
        return gold_classes, np.arange(n), np.stack([shared, nodes, np.ones(n)])
    width = int(clusters.max(initial=0)) + 1
    keys, parts = summed_cells(gold_classes * width + clusters, (shared, nodes, np.ones(n, bool)))
    return *np.divmod(keys, width), parts


def path_texts(tree: Taxonomy, codes: np.ndarray) -> pl.Series:
    """The joined path of each node code; null for `NO_NODE`."""
    rows = pl.Series(np.where(codes >= 0, codes, 0).astype(np.uint32))
    if not len(tree):
        return pl.Series("path_text", [None] * len(codes), dtype=pl.String)
    texts = tree.nodes["path_text"].gather(rows)
    return texts.zip_with(pl.Series(codes >= 0), pl.Series([None], dtype=pl.String))


def category_gold(frame: pl.DataFrame, where: str) -> tuple[pl.DataFrame, list[str]]:
    """Gold rows with ``gold_names`` and ``gold_path`` (joined); rows without a category are left
    out, aloud.

    Parameters
    ----------
    frame
        ``example_id``, ``category_path`` (list, joined text or JSON list) and any other columns.

    Raises
    ------
    InputError
        If a column is missing, a key is null, or no row has a category.
    """
    for column in ("example_id", "category_path"):
        if column not in frame.columns:
            raise InputError(
                f"{where}: no column {column!r}. Found: {', '.join(frame.columns)}. Gold rows need "
                "example_id and category_path."
            )
    ids = frame["example_id"].cast(pl.String)
    if ids.null_count():
        raise InputError(f"{where}: example_id is empty in {ids.null_count():,} rows.")
    given = frame["category_path"]
    if not isinstance(given.dtype, pl.List):
        given = read_paths(given.cast(pl.String), is_raw=False)["path"]
    gold = (
        frame.with_columns(ids.alias("example_id"), given.alias(GOLD_NAMES))
        .with_columns(joined(GOLD_NAMES).alias(GOLD_TEXT))
        .drop("category_path")
    )
    kept = gold.filter(pl.col(GOLD_NAMES).list.len() > 0)
    if kept.is_empty():
        raise InputError(f"{where}: no row has a category_path. Is this the gold file?")
    n_left = gold.height - kept.height
    notes = [f"{where}: {n_left:,} rows without a category cannot be scored."] if n_left else []
    return kept, notes


def category_answers(
    joined_rows: Sequence[pl.DataFrame],
    taxonomy: Taxonomy | None,
    cluster_column: str | None = None,
) -> list[CategoryAnswers]:
    """The answers of several runs on the same gold rows, on one tree.

    Parameters
    ----------
    joined_rows
        For each run, gold rows with their predictions (`joining.join_predictions` over
        `category_gold`), all in the same order.
    taxonomy
        What the valid paths are; None where they are those of the gold.
    cluster_column
        The gold column whose equal values are dependent rows; a row without a value stands
        alone. None where all rows are independent.
    """
    gold = joined_rows[0]
    gold_paths = gold.select(pl.col(GOLD_TEXT).alias("path_text"), pl.col(GOLD_NAMES).alias("path"))
    gold_paths = gold_paths.unique("path_text", maintain_order=True)
    told = taxonomy
    if taxonomy is None:
        given = gold_paths.select("path", node_id=pl.lit(None, pl.String))
        taxonomy = Taxonomy.from_frame(given, name="gold", version="1")
    names = taxonomy.nodes["path_text"]
    read = [answered_paths(rows, names) for rows in joined_rows]
    tree = with_paths(taxonomy, pl.concat([gold_paths, *(r.paths for r in read)]))
    is_in_taxonomy = tree.nodes["path_text"].is_in(names.implode()).to_numpy()
    gold_codes = tree.codes(gold[GOLD_TEXT])
    clusters = cluster_codes(gold, cluster_column)
    return [
        CategoryAnswers(
            tree,
            is_in_taxonomy,
            gold["example_id"],
            gold_codes,
            tree.codes(found.rows["answer"]),
            found.rows["outcome"],
            found.rows["is_json"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
            clusters,
            told,
            gold_ranks(rows, gold[GOLD_TEXT], found.rows["answer"]),
            confidences(rows),
        )
        for rows, found in zip(joined_rows, read, strict=True)
    ]


def with_paths(taxonomy: Taxonomy, paths: pl.DataFrame) -> Taxonomy:
    """The taxonomy and more paths as one tree; itself where it has them all."""
    unknown = paths.filter(~pl.col("path_text").is_in(taxonomy.nodes["path_text"].implode()))
    if unknown.is_empty():
        return taxonomy
    more = unknown.select("path", node_id=pl.lit(None, pl.String))
    given = pl.concat([taxonomy.nodes.select("path", "node_id"), more])
    return Taxonomy.from_frame(given, name=taxonomy.name, version=taxonomy.version)
