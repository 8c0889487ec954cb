"""What leaks would have cost: one classifier scored on a random and on the safe split."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.duplicates.join import Told
from stats.distributions import t_quantile
from stats.estimate import Estimate
from stats.intervals import LEVEL, degrees_of_freedom, mean_estimate, standard_error


class Classifier(Protocol):
    """What is learned and asked (`curation.annotators.classifiers.TextClassifier`)."""

    def fit(
        self, texts: pl.Series, labels: pl.Series, *, progress: Told | None = None
    ) -> Classifier:
        """Learn."""

    def predict(self, texts: pl.Series, *, progress: Told | None = None) -> pl.DataFrame:
        """``value`` of each text."""


@dataclass(frozen=True)
class Inflation:
    """One baseline on two splits of the same rows.

    Attributes
    ----------
    random, safe
        Accuracy on the test rows of each split, in [0, 1], with intervals clustered by group.
    difference
        Random less safe, in [-1, 1]: what a random split flatters by. The two test sets are taken
        as independent, so the interval is on the wide side where they share groups.
    """

    random: Estimate
    safe: Estimate
    difference: Estimate
    n_train: int
    n_test: int

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "random": self.random.as_json(),
            "safe": self.safe.as_json(),
            "difference": self.difference.as_json(),
            "n_train": self.n_train,
            "n_test": self.n_test,
        }


def inflation(
    texts: pl.Series,
    labels: pl.Series,
    groups: np.ndarray,
    is_test: np.ndarray,
    make: Callable[[], Classifier],
    *,
    seed: int,
    progress: Told | None = None,
) -> Inflation:
    """Score a classifier on a split and on a random one of the same size.

    Parameters
    ----------
    texts, labels
        Of each row, shape ``(n,)``.
    groups
        The group of each row, whose rows are not independent.
    is_test
        The rows that the safe split holds out.

    Raises
    ------
    InputError
        If one side has no row.
    """
    n_test = int(is_test.sum())
    if not 0 < n_test < len(is_test):
        raise InputError(
            f"--compare-random: {n_test:,} of {len(is_test):,} rows are in test; both sides need "
            "rows with a label."
        )
    drawn = np.zeros(len(is_test), bool)
    drawn[np.random.default_rng(seed).choice(len(is_test), n_test, replace=False)] = True
    scored = [_right(texts, labels, held, make(), progress=progress) for held in (drawn, is_test)]
    random, safe = (
        mean_estimate(right, groups[held])
        for right, held in zip(scored, (drawn, is_test), strict=True)
    )
    return Inflation(
        random,
        safe,
        _difference(scored, [groups[drawn], groups[is_test]]),
        len(is_test) - n_test,
        n_test,
    )


def _right(
    texts: pl.Series,
    labels: pl.Series,
    held: np.ndarray,
    model: Classifier,
    *,
    progress: Told | None,
) -> np.ndarray:
    mask = pl.Series(held)
    learned = model.fit(texts.filter(~mask), labels.filter(~mask), progress=progress)
    answers = learned.predict(texts.filter(mask), progress=progress)["value"]
    right: np.ndarray = (answers == labels.filter(mask)).fill_null(False).to_numpy().astype(float)
    return right


def _difference(scored: list[np.ndarray], clusters: list[np.ndarray]) -> Estimate:
    """The difference of two means over two sets of rows."""
    value = float(scored[0].mean() - scored[1].mean())
    variance, freedom = 0.0, math.inf
    for right, groups in zip(scored, clusters, strict=True):
        error, _ = standard_error((right - right.mean()) / len(right), groups)
        variance += error**2
        freedom = min(freedom, degrees_of_freedom(len(right), groups))
    reach = t_quantile(0.5 + LEVEL / 2, freedom) * math.sqrt(variance)
    return Estimate(value, value - reach, value + reach, len(scored[0]) + len(scored[1]))
