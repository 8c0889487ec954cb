"""What a published definition is: a paper's own script, named, sourced, its quirks told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from evaluation.answers.contract import Task
from evaluation.metrics.bootstrap import bootstrap_estimates
from evaluation.metrics.metric import Metric
from evaluation.settings import ScoreSettings
from stats.estimate import Estimate


@dataclass(frozen=True)
class Source:
    """Where the script lies that a definition reproduces."""

    repository: str
    file: str
    commit: str

    def __str__(self) -> str:
        return f"{self.repository}, {self.file} @ {self.commit}"


class PublishedAnswers(Protocol):
    """A run as a script reads it.

    ``counts`` are what the script counts; ``dropped`` are rows, or tokens, that it leaves out or
    lets pass, each by its reason, zero where there were none.
    """

    @property
    def clusters(self) -> np.ndarray | None:
        """Codes of the groups of dependent rows; None where they are independent."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What the script counts, by name."""

    @property
    def dropped(self) -> Mapping[str, int]:
        """What the script leaves out, by reason."""


@dataclass(frozen=True)
class Definition:
    """One script's way to score one task.

    Attributes
    ----------
    words
        The definition in a sentence or two; it stands beside each number.
    quirks
        What a reader would not expect; each is reproduced.
    read
        From gold rows with their predictions (`evaluation.answers.joining`, the gold's answer under
        `GOLD`) and the codes of their clusters to what the script counts.
    metrics
        By name, ours for what the script counts; shares in [0, 1], also where it prints per cent.
    main
        The metric that papers quote.
    """

    name: str
    task: Task
    source: Source
    words: str
    quirks: tuple[str, ...]
    read: Callable[[pl.DataFrame, np.ndarray | None], PublishedAnswers]
    metrics: Mapping[str, Metric[Any]]
    main: str

    def as_json(self) -> dict[str, Any]:
        """The definition as plain JSON."""
        return {
            "definition": self.name,
            "source": str(self.source),
            "words": self.words,
            "quirks": list(self.quirks),
        }


@dataclass(frozen=True)
class PublishedScores:
    """One run by one published definition.

    Attributes
    ----------
    metrics
        As the script prints them, rounding included; the intervals are of the unrounded metric.
    counts, dropped
        What the script counts, and what it leaves out by reason.
    """

    definition: Definition
    metrics: Mapping[str, Estimate]
    counts: Mapping[str, int]
    dropped: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON, the definition first."""
        return {
            **self.definition.as_json(),
            **{name: estimate.as_json() for name, estimate in self.metrics.items()},
            "counts": dict(self.counts),
            "dropped": dict(self.dropped),
            "definitions": {
                name: metric.definition for name, metric in self.definition.metrics.items()
            },
        }


def published_scores(
    definition: Definition,
    rows: pl.DataFrame,
    clusters: np.ndarray | None,
    settings: ScoreSettings | None = None,
) -> PublishedScores:
    """Score one run as a paper's script does.

    Parameters
    ----------
    rows
        Gold rows with their predictions (`evaluation.answers.joining.join_predictions`).
    clusters
        Codes of the groups of dependent rows; None where they are independent.
    settings
        Where intervals come from.
    """
    answers = definition.read(rows, clusters)
    if settings is not None and settings.interval == "bootstrap":
        estimates = bootstrap_estimates(definition.metrics, [answers], settings)
    else:
        estimates = {
            name: metric.statistic(answers).estimate(answers.clusters)
            for name, metric in definition.metrics.items()
        }
    return PublishedScores(
        definition,
        estimates,
        answers.counts,
        answers.dropped,
    )
