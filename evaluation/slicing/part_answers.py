"""The rows of one part of a slice, as the metrics that are no ratio of sums read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from evaluation.metrics.categories import cells_of_shared
from evaluation.metrics.class_metrics import ClassClusters, class_clusters


@dataclass(frozen=True, eq=False)
class PartAnswers:
    """Some rows of a run's answers, scored as if there were no others.

    Classes are those that occur in the gold of the part; an answer that is none of them is no
    class. What a task does not have (a confidence, a tree, tags) is not there to be asked for.

    Attributes
    ----------
    whole
        The answers to all rows.
    rows
        The rows of the part, sorted, shape ``(n,)``.
    """

    whole: Any
    rows: np.ndarray

    @property
    def n_rows(self) -> int:
        """Rows of the part."""
        return len(self.rows)

    @cached_property
    def clusters(self) -> np.ndarray | None:
        """Codes of the groups that have a row in the part, no gaps."""
        if self.whole.clusters is None:
            return None
        return np.unique(self.whole.clusters[self.rows], return_inverse=True)[1]

    @cached_property
    def confidence(self) -> np.ndarray | None:
        """The confidences; None where no row of the part has one."""
        if self.whole.confidence is None:
            return None
        told = self.whole.confidence[self.rows]
        return None if np.isnan(told).all() else told

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether each row is right."""
        return np.asarray(self.whole.is_correct[self.rows])

    @cached_property
    def _classes(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.whole.gold_classes[self.rows], return_inverse=True)

    @property
    def gold_classes(self) -> np.ndarray:
        """The classes of the part's gold, from 0."""
        return self._classes[1]

    @cached_property
    def answer_classes(self) -> np.ndarray:
        """The classes of the answers; -1 where they are no gold class of the part."""
        named, answers = self._classes[0], self.whole.answer_classes[self.rows]
        places = np.minimum(np.searchsorted(named, answers), len(named) - 1)
        return np.where(named[places] == answers, places, -1)

    @cached_property
    def class_clusters(self) -> ClassClusters:
        """Right answers, gold rows and answers of each class in each cluster."""
        return class_clusters(self.gold_classes, self.answer_classes, self.clusters)

    @cached_property
    def shared_in_cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `CategoryAnswers.shared_in_cells`, of the part."""
        one, rows = self.whole, self.rows
        nodes = one.gold_depth[rows] + one.answer_depth[rows]
        return cells_of_shared(self.gold_classes, 2 * one.shared[rows], nodes, self.clusters)

    @cached_property
    def tags(self) -> pl.DataFrame:
        """As `TagAnswers.tags`, of the part."""
        places = pl.DataFrame({"row": self.rows, "place": np.arange(len(self.rows))}).cast(pl.Int64)
        found: pl.DataFrame = self.whole.tags.join(
            places, on="row", how="inner", maintain_order="left"
        )
        return found.drop("row").rename({"place": "row"})


def part_rows(codes: np.ndarray, n_parts: int) -> Iterator[np.ndarray]:
    """The rows of each part in turn; rows of no part (-1) are in none.

    Examples
    --------
    >>> [rows.tolist() for rows in part_rows(np.array([1, 0, -1, 1]), 2)]
    [[1], [0, 3]]
    """
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(n_parts + 1))
    for start, end in pairwise(ends):
        yield order[start:end]
