"""Twin scores: strict is the headline, published stands beside it, each with its definition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import polars as pl

from evaluation.comparing.comparison import DEFAULT_METRIC, Comparison
from evaluation.comparing.gate_rules import GateCheck, is_passed
from evaluation.comparing.pairing import Paired, paired, resampled_pairs
from evaluation.loading import Answers
from evaluation.metrics.randomisation import Tested
from evaluation.published.definition import Definition, PublishedScores
from evaluation.published.literature import Line
from evaluation.scores import Scores
from evaluation.settings import CompareSettings
from stats.estimate import Estimate, number_or_none

STRICT = (
    "every gold row counts; an output that is invalid, refused, failed or missing is wrong; nothing "
    "is rounded"
)


@dataclass(frozen=True)
class TwinScores:
    """One run, scored strictly and by a published definition.

    Attributes
    ----------
    published
        None where no definition was asked for.
    literature
        Published numbers of the same split by the same definition; most often none.
    costs
        Latency, tokens and money (`evaluation.metrics.costs.run_costs`).
    about
        What the file says of itself.
    slices
        `evaluation.slicing.tables.SCORE_SCHEMA`; empty where no slice was asked for.
    """

    strict: Scores
    published: PublishedScores | None = None
    literature: list[Line] = field(default_factory=list)
    costs: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    slices: pl.DataFrame = field(default_factory=pl.DataFrame)

    def as_json(self) -> dict[str, Any]:
        """The strict scores as those of any file, then both definitions side by side."""
        body = self.strict.as_json()
        if self.published is not None:
            body["strict"] = {
                "definition": "strict",
                "words": STRICT,
                "main": DEFAULT_METRIC[self.strict.task],
                **self.strict.metrics_json(),
            }
            body["published"] = {
                "main": self.published.definition.main,
                **self.published.as_json(),
            }
            body["published_lines"] = [line.as_json() for line in self.literature]
        if self.costs:
            body["costs"] = {name: number_or_none(v) for name, v in self.costs.items()}
        if self.about:
            body["about"] = dict(self.about)
        if self.slices.width:
            body["slices"] = self.slices.to_dicts()
        return body


@dataclass(frozen=True)
class PublishedComparison:
    """Two runs by one published definition, paired on the same rows.

    Attributes
    ----------
    metrics
        Both values as the script prints them; the difference is of the printed values, its
        interval and the p-value are of the unrounded metric.
    tested
        Of no difference in the definition's main metric.
    """

    definition: Definition
    metrics: Mapping[str, Paired]
    tested: Tested

    def as_json(self) -> dict[str, Any]:
        """As plain JSON, the definition first."""
        main = self.metrics[self.definition.main]
        return {
            **self.definition.as_json(),
            "metric": self.definition.main,
            "baseline": number_or_none(main.baseline.value),
            "candidate": number_or_none(main.candidate.value),
            "difference": number_or_none(main.difference.value),
            "low": number_or_none(main.difference.low),
            "high": number_or_none(main.difference.high),
            "p_value": number_or_none(self.tested.p_value),
            "p_method": self.tested.method,
            "metrics": {
                name: {
                    "baseline": one.baseline.as_json(),
                    "candidate": one.candidate.as_json(),
                    "difference": one.difference.as_json(),
                }
                for name, one in self.metrics.items()
            },
            "definitions": {name: one.definition for name, one in self.definition.metrics.items()},
        }


@dataclass(frozen=True)
class TwinComparison:
    """Two runs, compared strictly and by a published definition, with what each took.

    ``slices`` is `evaluation.slicing.tables.DIFFERENCE_SCHEMA`, empty where no slice was asked for;
    ``gate_checks`` what became of the gates of a file (`evaluation.comparing.gate_rules`).
    """

    strict: Comparison
    published: PublishedComparison | None = None
    costs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    slices: pl.DataFrame = field(default_factory=pl.DataFrame)
    gate_checks: tuple[GateCheck, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Whether every gate is passed, those of a file too."""
        return self.strict.is_passed and (not self.gate_checks or is_passed(self.gate_checks))

    def as_json(self, n_flips: int = 100) -> dict[str, Any]:
        """The strict comparison as that of any two files, then both definitions side by side."""
        body = self.strict.as_json(n_flips)
        if self.published is not None:
            told = ("metric", "baseline", "candidate", "difference", "low", "high", "p_value")
            body["strict"] = {
                "definition": "strict",
                "words": STRICT,
                **{name: body[name] for name in told},
            }
            body["published"] = self.published.as_json()
        if self.costs:
            body["costs"] = {
                run: {name: number_or_none(v) for name, v in costs.items()}
                for run, costs in self.costs.items()
            }
        if self.slices.width:
            body["slices"] = self.slices.to_dicts()
        if self.gate_checks:
            body["gate_checks"] = [check.as_json() for check in self.gate_checks]
            body["is_passed"] = self.is_passed
        return body


def published_comparison(
    definition: Definition,
    baseline: pl.DataFrame,
    candidate: pl.DataFrame,
    clusters: np.ndarray | None,
    *,
    is_identical: bool,
    settings: CompareSettings,
) -> PublishedComparison:
    """Compare two runs as a paper's script scores them.

    Parameters
    ----------
    baseline, candidate
        The same gold rows with the predictions of each.
    is_identical
        Whether both answer alike in every row: their difference is then exactly 0.
    """
    before, after = (definition.read(rows, clusters) for rows in (baseline, candidate))
    metrics = {
        name: paired(metric, cast(Answers, before), cast(Answers, after))
        for name, metric in definition.metrics.items()
    }
    if settings.interval == "bootstrap" and not is_identical:
        metrics = resampled_pairs(metrics, definition.metrics, [before], [after], settings)
    if is_identical:
        metrics = {name: _same(one) for name, one in metrics.items()}
        return PublishedComparison(definition, metrics, Tested(1.0, "identical answers"))
    tested = definition.metrics[definition.main].test(
        before, after, n_draws=settings.n_draws, seed=settings.seed
    )
    return PublishedComparison(definition, metrics, tested)


def _same(one: Paired) -> Paired:
    if math.isnan(one.difference.value):
        return one
    nothing = Estimate(0.0, 0.0, 0.0, one.difference.n, one.difference.n_clusters)
    return replace(one, difference=nothing, error=0.0)
