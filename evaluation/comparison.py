"""Two runs on the same gold rows: the paired difference, its interval, its p-value, the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.attribute_metrics import attribute_metrics
from evaluation.attributes import AttributeAnswers
from evaluation.categories import CategoryAnswers, path_texts
from evaluation.category_metrics import category_metrics
from evaluation.clusters import n_clusters_of
from evaluation.contract import Task
from evaluation.gates import GateResult, gate_result, parse_gates
from evaluation.loading import Answers
from evaluation.metric import Metric, Statistic, difference_of
from evaluation.randomisation import Tested
from evaluation.settings import CompareSettings
from evaluation.slices import sliced_differences, unseen_half_width
from evaluation.verdicts import Verdict, sentence_of, verdict_of
from stats.distributions import t_quantile
from stats.estimate import Estimate, number_or_none
from stats.intervals import LEVEL, free_estimate, standard_error

POWER = 0.8
TINY = 1e-12
DEFAULT_METRIC: dict[Task, str] = {"classification": "accuracy", "attributes": "f1"}


@dataclass(frozen=True)
class Comparison:
    """What was found of a candidate against a baseline.

    Attributes
    ----------
    difference
        Candidate minus baseline, paired, with its cluster-robust interval.
    p_value, p_method
        Of no difference, by swapping whole clusters between the runs; and how.
    n_fixed, n_broken
        What only the candidate has right, and what only the baseline has: rows, or pairs of
        product and attribute.
    smallest_effect
        The difference that a test set like this would show four times in five; NaN where that
        is not known.
    metrics
        A line for each metric: ``metric, baseline, candidate, difference, low, high, n,
        higher_is_better``.
    categories
        A line for each gold category (or attribute): ``category`` and the columns of
        `evaluation.slices.sliced_differences`.
    flips
        ``example_id, attribute`` (null for categories), ``change`` (``fixed``, ``broken``),
        ``gold, baseline, candidate``, what is fixed first.
    """

    task: Task
    metric: str
    baseline: Estimate
    candidate: Estimate
    difference: Estimate
    p_value: float
    p_method: str
    n_fixed: int
    n_broken: int
    n_rows: int
    n_clusters: int | None
    smallest_effect: float
    margin: float
    verdict: Verdict
    sentence: str
    metrics: pl.DataFrame
    categories: pl.DataFrame
    flips: pl.DataFrame
    gates: list[GateResult]
    definitions: dict[str, str]
    notes: list[str]

    @property
    def is_passed(self) -> bool:
        """Whether every gate is passed."""
        return all(result.is_passed for result in self.gates)

    def as_json(self, n_flips: int = 100) -> dict[str, Any]:
        """As plain JSON, with at most ``n_flips`` fixed and as many broken rows."""
        by_change = {
            change: self.flips.filter(pl.col("change") == change).drop("change").head(n_flips)
            for change in ("fixed", "broken")
        }
        return {
            "task": self.task,
            "metric": self.metric,
            "baseline": number_or_none(self.baseline.value),
            "candidate": number_or_none(self.candidate.value),
            "baseline_estimate": self.baseline.as_json(),
            "candidate_estimate": self.candidate.as_json(),
            "difference": number_or_none(self.difference.value),
            "low": number_or_none(self.difference.low),
            "high": number_or_none(self.difference.high),
            "p_value": number_or_none(self.p_value),
            "p_method": self.p_method,
            "n_fixed": self.n_fixed,
            "n_broken": self.n_broken,
            "n_rows": self.n_rows,
            "n_clusters": self.n_clusters,
            "smallest_effect": number_or_none(self.smallest_effect),
            "margin": self.margin,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "is_passed": self.is_passed,
            "gates": [result.as_json() for result in self.gates],
            "metrics": self.metrics.to_dicts(),
            "categories": self.categories.to_dicts(),
            **{change: rows.to_dicts() for change, rows in by_change.items()},
            "definitions": self.definitions,
            "notes": self.notes,
        }


def metrics_for(task: Task, answers: Sequence[Answers]) -> Mapping[str, Metric[Any]]:
    """The metrics of a task, with a level for each of the gold."""
    if task == "attributes":
        return attribute_metrics()
    levels = [a for a in answers if isinstance(a, CategoryAnswers)]
    return category_metrics(levels[0].n_levels, levels[0].tree.max_depth)


def chosen_metric(task: Task, metrics: Mapping[str, Metric[Any]], name: str | None) -> Metric[Any]:
    """The metric that was asked for, else the task's own.

    Raises
    ------
    InputError
        If it is not known.
    """
    name = name or DEFAULT_METRIC[task]
    if name not in metrics:
        raise InputError(f"no metric {name!r} for {task}. Known: {', '.join(metrics)}.")
    return metrics[name]


@dataclass(frozen=True)
class Paired:
    """One metric of two runs on the same rows."""

    baseline: Estimate
    candidate: Estimate
    difference: Estimate
    error: float

    @property
    def smallest_effect(self) -> float:
        """The difference that would be shown with 80 % power (Miller 2024); NaN if unknown."""
        clusters = self.difference.n_clusters or self.difference.n
        if math.isnan(self.error) or clusters < 2:
            return math.nan
        if self.error <= TINY:
            return float(unseen_half_width(np.array([clusters]))[0])
        free = clusters - 1
        reach = float(t_quantile(0.5 + LEVEL / 2, free) + t_quantile(POWER, free))
        return reach * self.error


def paired(metric: Metric[Any], baseline: Answers, candidate: Answers) -> Paired:
    """One metric of two runs, and their difference with a cluster-robust interval.

    Where every cluster shows the same difference the standard error is 0 and says nothing; the
    interval is then as wide as what so few clusters may have left unseen
    (`evaluation.slices.unseen_half_width`). Identical answers differ by exactly 0.
    """
    clusters = baseline.clusters
    ours, theirs = metric.statistic(candidate), metric.statistic(baseline)
    moved = difference_of(ours, theirs)
    influence, codes = supported(moved, clusters)
    error, n_clusters = standard_error(influence, codes)
    told = None if clusters is None else n_clusters
    if math.isnan(moved.value):
        difference = Estimate.undefined(moved.reason or "the metric is undefined", moved.n)
    elif is_identical(baseline, candidate):
        difference, error = Estimate(0.0, 0.0, 0.0, moved.n, told), 0.0
    elif error <= TINY:
        half = float(unseen_half_width(np.array([n_clusters]))[0]) * moved.upper
        low, high = max(moved.lower, moved.value - half), min(moved.upper, moved.value + half)
        difference = Estimate(moved.value, low, high, moved.n, told)
    else:
        difference = free_estimate(
            moved.value, influence, codes, lower=moved.lower, upper=moved.upper
        )
    return Paired(theirs.estimate(clusters), ours.estimate(clusters), difference, error)


def supported(
    statistic: Statistic, clusters: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """The influences and clusters of the rows that a statistic rests on."""
    if statistic.support is None:
        return statistic.influence, clusters
    codes = None if clusters is None else clusters[statistic.support]
    return statistic.influence[statistic.support], codes


def is_identical(baseline: Answers, candidate: Answers) -> bool:
    """Whether two runs answer alike in every row."""
    if isinstance(baseline, CategoryAnswers) and isinstance(candidate, CategoryAnswers):
        same = bool(np.array_equal(baseline.answer, candidate.answer))
        return same and baseline.outcomes.equals(candidate.outcomes)
    if isinstance(baseline, AttributeAnswers) and isinstance(candidate, AttributeAnswers):
        same = baseline.pairs["answer"].equals(candidate.pairs["answer"])
        return same and baseline.outcomes.equals(candidate.outcomes)
    return False


def compare_runs(
    task: Task,
    baseline: Answers,
    candidate: Answers,
    *,
    metric: str | None = None,
    gates: Sequence[str] = (),
    settings: CompareSettings | None = None,
    cluster_name: str | None = None,
    notes: Sequence[str] = (),
) -> Comparison:
    """Compare two runs on the same gold rows.

    Parameters
    ----------
    baseline, candidate
        Answers of one `evaluation.loading.load_answers`, so that rows and codes are the same.
    metric
        What decides; accuracy for categories and F1 for attributes where it is None.
    gates
        ``METRIC OP NUMBER`` each (`evaluation.gates`).
    cluster_name
        What the groups of dependent rows are called, in the singular.

    Raises
    ------
    InputError
        If a metric is not known or a gate is not of the form.
    """
    settings = settings or CompareSettings()
    metrics = metrics_for(task, [baseline, candidate])
    chosen = chosen_metric(task, metrics, metric)
    wanted = parse_gates(gates, metrics)
    pairs = {name: paired(one, baseline, candidate) for name, one in metrics.items()}
    main = pairs[chosen.name]
    same = is_identical(baseline, candidate)
    tested = (
        Tested(1.0, "identical answers")
        if same
        else chosen.test(
            baseline,
            candidate,
            n_draws=settings.n_draws,
            seed=settings.seed,
        )
    )
    margin = settings.margin if chosen.is_share else 0.0
    verdict = verdict_of(
        main.difference,
        tested.p_value,
        is_identical=same,
        margin=margin,
        higher_is_better=chosen.higher_is_better,
    )
    flips = _flips(baseline, candidate)
    n_fixed = int((flips["change"] == "fixed").sum())
    effect = math.nan if same else main.smallest_effect
    sentence = sentence_of(
        verdict,
        chosen.name,
        main.baseline,
        main.candidate,
        main.difference,
        tested.p_value,
        is_share=chosen.is_share,
        is_identical=same,
        margin=margin,
        smallest_effect=effect,
        n_rows=main.difference.n,
        cluster_name=cluster_name,
        n_fixed=n_fixed,
        n_broken=flips.height - n_fixed,
        noun="row" if task == "classification" else "value",
    )
    return Comparison(
        task,
        chosen.name,
        main.baseline,
        main.candidate,
        main.difference,
        tested.p_value,
        tested.method,
        n_fixed,
        flips.height - n_fixed,
        baseline.n_rows,
        n_clusters_of(baseline.clusters),
        effect,
        margin,
        verdict,
        sentence,
        _metric_table(metrics, pairs),
        category_differences(baseline, candidate, settings.level),
        flips,
        [gate_result(gate, pairs[gate.metric].difference) for gate in wanted],
        {name: one.definition for name, one in metrics.items()},
        list(notes),
    )


def _metric_table(metrics: Mapping[str, Metric[Any]], pairs: Mapping[str, Paired]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "metric": list(pairs),
            "baseline": [p.baseline.value for p in pairs.values()],
            "candidate": [p.candidate.value for p in pairs.values()],
            "difference": [p.difference.value for p in pairs.values()],
            "low": [p.difference.low for p in pairs.values()],
            "high": [p.difference.high for p in pairs.values()],
            "n": [p.difference.n for p in pairs.values()],
            "higher_is_better": [metrics[name].higher_is_better for name in pairs],
        },
        schema_overrides={"n": pl.Int64},
    )


FLIP_SCHEMA = pl.Schema(
    {
        "example_id": pl.String(),
        "attribute": pl.String(),
        "change": pl.String(),
        "gold": pl.String(),
        "baseline": pl.String(),
        "candidate": pl.String(),
    }
)


def _flips(baseline: Answers, candidate: Answers) -> pl.DataFrame:
    """What one run has right and the other wrong, what the candidate fixed first."""
    if isinstance(baseline, AttributeAnswers) and isinstance(candidate, AttributeAnswers):
        before, after = baseline.is_right, candidate.is_right
        ids = baseline.example_ids.gather(baseline.rows)
        attribute = baseline.pairs["key"]
        gold, theirs, ours = (
            pairs.select(pl.col(name).list.join(" | ")).to_series()
            for pairs, name in (
                (baseline.pairs, "gold"),
                (baseline.pairs, "answer"),
                (candidate.pairs, "answer"),
            )
        )
    else:
        before, after = baseline.is_correct, candidate.is_correct
        ids, attribute = baseline.example_ids, pl.Series([None] * len(before), dtype=pl.String)
        gold, theirs, ours = baseline.gold_text, baseline.answer_text, candidate.answer_text
    fixed, broken = np.flatnonzero(after & ~before), np.flatnonzero(before & ~after)
    rows = np.concatenate([fixed, broken])
    return pl.DataFrame(
        {
            "example_id": ids.gather(rows),
            "attribute": attribute.gather(rows),
            "change": ["fixed"] * len(fixed) + ["broken"] * len(broken),
            "gold": gold.gather(rows),
            "baseline": theirs.gather(rows),
            "candidate": ours.gather(rows),
        },
        schema=FLIP_SCHEMA,
    )


def category_differences(
    baseline: Answers, candidate: Answers, level: int | None = None
) -> pl.DataFrame:
    """The paired difference in each gold category (or attribute), corrected for many looks.

    Parameters
    ----------
    level
        The level of the categories; whole gold paths where it is None. Rows are right where the
        whole path is.
    """
    if isinstance(baseline, CategoryAnswers) and isinstance(candidate, CategoryAnswers):
        nodes = baseline.gold
        if level is not None:
            nodes = baseline.tree.at_level(nodes, level)
        named, slices = np.unique(nodes, return_inverse=True)
        names = path_texts(baseline.tree, named)
        right = (baseline.is_correct, candidate.is_correct)
        clusters = baseline.clusters
    elif isinstance(baseline, AttributeAnswers) and isinstance(candidate, AttributeAnswers):
        names = baseline.pairs["key"].unique().sort()
        slices = baseline.pairs["key"].cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()
        right = (baseline.is_right, candidate.is_right)
        rows = baseline.rows
        clusters = rows if baseline.clusters is None else baseline.clusters[rows]
    else:
        raise InputError("runs of different tasks cannot be compared.")
    table = sliced_differences(*right, slices, len(names), clusters)
    return pl.DataFrame([names.alias("category")]).hstack(table)
