"""What a stakeholder's report shows, as plain data: no drawing, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from evaluation.answers.contract import Task
from evaluation.comparing.comparison import Comparison
from evaluation.comparing.verdicts import Verdict

N_EXAMPLES = 20


@dataclass(frozen=True)
class ReportData:
    """One page: is the candidate better than the baseline, by how much, how sure, at what cost?

    Attributes
    ----------
    sentence, verdict
        The answer.
    is_passed, gates
        Whether it may be released, and the sentence of each gate.
    leaderboard
        All runs on the same gold (`evaluation.comparing.leaderboard.LEADERBOARD_SCHEMA`).
    metrics
        Every metric of both runs with the paired difference.
    categories
        The paired difference in each category, largest first.
    levels
        ``level, baseline, candidate`` accuracy at each level; empty for attributes.
    outcomes
        ``outcome, baseline, candidate`` rows.
    fixed, broken
        Examples, at most `N_EXAMPLES` each.
    costs
        By run, whatever its predictions told: latency, tokens, money; NaN where unknown.
    reference_lines
        By line, a value by metric.
    definitions
        What each number means.
    hashes
        What the numbers rest on: gold, split, taxonomy, predictions, export.
    notes
        What was left out or counted as wrong.
    """

    task: Task
    baseline: str
    candidate: str
    metric: str
    sentence: str
    verdict: Verdict
    is_passed: bool
    gates: list[str]
    n_rows: int
    n_clusters: int | None
    leaderboard: pl.DataFrame
    metrics: pl.DataFrame
    categories: pl.DataFrame
    levels: pl.DataFrame
    outcomes: pl.DataFrame
    fixed: pl.DataFrame
    broken: pl.DataFrame
    costs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    reference_lines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """As plain JSON; frames become lists of rows."""
        return {
            name: value.to_dicts() if isinstance(value, pl.DataFrame) else value
            for name, value in vars(self).items()
        }


class Scored(Protocol):
    """What a report takes of `evaluation.scores.Scores`."""

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Rows of each outcome."""

    @property
    def definitions(self) -> Mapping[str, str]:
        """What each metric means."""


@dataclass(frozen=True)
class KeptScores:
    """The same of scores that were kept."""

    outcomes: Mapping[str, int]
    definitions: Mapping[str, str]


def report_data(
    comparison: Comparison,
    scores: tuple[Scored, Scored],
    *,
    names: tuple[str, str] = ("baseline", "candidate"),
    leaderboard: pl.DataFrame | None = None,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    reference_lines: Mapping[str, Mapping[str, float]] | None = None,
    hashes: Mapping[str, str] | None = None,
) -> ReportData:
    """Put together what a report shows.

    Parameters
    ----------
    comparison
        Candidate against baseline.
    scores
        Of baseline and candidate.
    names
        What the two are called.
    """
    flips = comparison.flips
    by_change = {
        change: flips.filter(pl.col("change") == change).drop("change").head(N_EXAMPLES)
        for change in ("fixed", "broken")
    }
    largest = comparison.categories.sort(
        pl.col("difference").abs() * pl.col("n"), descending=True, maintain_order=True
    )
    return ReportData(
        task=comparison.task,
        baseline=names[0],
        candidate=names[1],
        metric=comparison.metric,
        sentence=comparison.sentence,
        verdict=comparison.verdict,
        is_passed=comparison.is_passed,
        gates=[gate.sentence for gate in comparison.gates],
        n_rows=comparison.n_rows,
        n_clusters=comparison.n_clusters,
        leaderboard=pl.DataFrame() if leaderboard is None else leaderboard,
        metrics=comparison.metrics,
        categories=largest,
        levels=_levels(comparison.metrics),
        outcomes=_outcomes(*scores),
        fixed=by_change["fixed"],
        broken=by_change["broken"],
        costs=costs or {},
        reference_lines=reference_lines or {},
        definitions=dict(scores[1].definitions),
        hashes=hashes or {},
        notes=comparison.notes,
    )


def _levels(metrics: pl.DataFrame) -> pl.DataFrame:
    level = pl.col("metric").str.extract(r"^accuracy_at_level\.(\d+)$").cast(pl.Int64)
    return (
        metrics.select(
            level.alias("level"), "baseline", "candidate", "difference", "low", "high", "n"
        )
        .drop_nulls("level")
        .sort("level")
    )


def _outcomes(baseline: Scored, candidate: Scored) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "outcome": list(baseline.outcomes),
            "baseline": list(baseline.outcomes.values()),
            "candidate": [candidate.outcomes[name] for name in baseline.outcomes],
        }
    )
