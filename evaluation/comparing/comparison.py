"""Two runs on the same gold rows: the paired difference, its interval, its p-value, the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.answers.contract import Task
from evaluation.comparing.gates import GateResult, gate_result, parse_gates
from evaluation.comparing.pairing import Paired, is_identical, paired_repeats, resampled_pairs
from evaluation.comparing.verdicts import Verdict, effect_words, sentence_of, verdict_of
from evaluation.loading import Answers
from evaluation.metrics.attribute_metrics import attribute_metrics
from evaluation.metrics.attributes import AttributeAnswers
from evaluation.metrics.categories import CategoryAnswers, path_texts
from evaluation.metrics.category_metrics import category_metrics
from evaluation.metrics.clusters import n_clusters_of
from evaluation.metrics.metric import Metric
from evaluation.metrics.randomisation import Tested
from evaluation.metrics.slices import sliced_differences
from evaluation.settings import CompareSettings
from evaluation.tasks import TASKS, RowAnswers
from stats.estimate import Estimate, number_or_none

DEFAULT_METRIC: dict[Task, str] = {
    "classification": "accuracy",
    "attributes": "f1",
    **{kind.name: kind.main for kind in TASKS.values()},
}


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
        The difference that a test set like this would show four times in five (80 % power at the
        5 % level, given the variance between groups); NaN where that is not known.
    n_runs
        Repeats of the baseline and of the candidate; the values are means over them.
    effect_sentence
        ``smallest_effect`` in words; empty where it is not known.
    metrics
        A line for each metric: ``metric, baseline, candidate, difference, low, high, n,
        higher_is_better``, and ``reason`` where the difference or its interval is undefined.
    categories
        A line for each gold category (or attribute): ``category`` and the columns of
        `evaluation.metrics.slices.sliced_differences`.
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
    n_runs: tuple[int, int] = (1, 1)
    effect_sentence: str = ""

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
            "difference_estimate": self.difference.as_json(),
            "low": number_or_none(self.difference.low),
            "high": number_or_none(self.difference.high),
            "p_value": number_or_none(self.p_value),
            "p_method": self.p_method,
            "n_fixed": self.n_fixed,
            "n_broken": self.n_broken,
            "n_rows": self.n_rows,
            "n_clusters": self.n_clusters,
            "smallest_effect": number_or_none(self.smallest_effect),
            "smallest_effect_sentence": self.effect_sentence,
            "n_runs": {"baseline": self.n_runs[0], "candidate": self.n_runs[1]},
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


def kept_comparison(
    body: Mapping[str, Any], tables: Mapping[str, pl.DataFrame], notes: Sequence[str]
) -> Comparison:
    """A comparison from what `Comparison.as_json` told and its tables.

    Parameters
    ----------
    tables
        ``metrics``, ``categories`` and ``flips``.
    """
    estimates = [
        Estimate.from_json(body[f"{part}_estimate"])
        for part in ("baseline", "candidate", "difference")
    ]
    p_value, effect = (
        math.nan if body[name] is None else body[name] for name in ("p_value", "smallest_effect")
    )
    gates = [
        GateResult(
            parse_gates([one["gate"]], body["definitions"])[0],
            math.nan if one["bound"] is None else one["bound"],
            one["passed"],
        )
        for one in body["gates"]
    ]
    return Comparison(
        task=body["task"],
        metric=body["metric"],
        baseline=estimates[0],
        candidate=estimates[1],
        difference=estimates[2],
        p_value=p_value,
        p_method=body["p_method"],
        smallest_effect=effect,
        **{
            name: body[name]
            for name in (
                "n_fixed",
                "n_broken",
                "n_rows",
                "n_clusters",
                "margin",
                "verdict",
                "sentence",
            )
        },
        metrics=tables["metrics"],
        categories=tables["categories"],
        flips=tables["flips"],
        gates=gates,
        definitions=body["definitions"],
        notes=list(notes),
        n_runs=(body["n_runs"]["baseline"], body["n_runs"]["candidate"]),
        effect_sentence=body["smallest_effect_sentence"],
    )


def gated(comparison: Comparison, gates: Sequence[str]) -> Comparison:
    """The same comparison with gates held against its differences.

    Raises
    ------
    InputError
        If a gate is not of the form, or its metric is not known.
    """
    found = {
        row["metric"]: Estimate(row["difference"], row["low"], row["high"], row["n"])
        for row in comparison.metrics.to_dicts()
    }
    asked = parse_gates(gates, found)
    return replace(comparison, gates=[gate_result(gate, found[gate.metric]) for gate in asked])


def metrics_for(task: Task, answers: Sequence[Answers]) -> Mapping[str, Metric[Any]]:
    """The metrics of a task, with a level for each of the gold."""
    if task == "attributes":
        return attribute_metrics()
    if task in TASKS:
        return TASKS[task].metrics(answers)
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


def compare_runs(
    task: Task,
    baseline: Answers,
    candidate: Answers,
    **options: Any,
) -> Comparison:
    """Compare two runs on the same gold rows; for the options see `compare_repeats`."""
    return compare_repeats(task, [baseline], [candidate], **options)


def compare_repeats(
    task: Task,
    baselines: Sequence[Answers],
    candidates: Sequence[Answers],
    *,
    metric: str | None = None,
    gates: Sequence[str] = (),
    settings: CompareSettings | None = None,
    cluster_name: str | None = None,
    notes: Sequence[str] = (),
) -> Comparison:
    """Compare two sides on the same gold rows, each of one run or of several repeats.

    The value of a side is the mean over its runs. Where a side has several, the interval and the
    p-value (a t test then) allow for other repeats too, and a row is right where most runs have it
    right.

    Parameters
    ----------
    baselines, candidates
        Answers of one `evaluation.loading.load_answers`, so that rows and codes are the same.
    metric
        What decides; accuracy for categories and F1 for attributes where it is None.
    gates
        ``METRIC OP NUMBER`` each (`evaluation.comparing.gates`).
    cluster_name
        What the groups of dependent rows are called, in the singular.

    Raises
    ------
    InputError
        If a metric is not known, a gate is not of the form, or no row has a prediction of both.
    """
    settings = settings or CompareSettings()
    baseline, candidate = baselines[0], candidates[0]
    _same_rows(baseline, candidate)
    n_runs = (len(baselines), len(candidates))
    metrics = metrics_for(task, [*baselines, *candidates])
    chosen = chosen_metric(task, metrics, metric)
    wanted = parse_gates(gates, metrics)
    pairs = {name: paired_repeats(one, baselines, candidates) for name, one in metrics.items()}
    if settings.interval == "bootstrap":
        pairs = resampled_pairs(pairs, metrics, baselines, candidates, settings)
    main = pairs[chosen.name]
    same = n_runs == (1, 1) and is_identical(baseline, candidate)
    if same:
        tested = Tested(1.0, "identical answers")
    elif n_runs == (1, 1):
        tested = chosen.test(baseline, candidate, n_draws=settings.n_draws, seed=settings.seed)
    else:
        tested = main.t_test
    margin = settings.margin if chosen.is_share else 0.0
    verdict = verdict_of(
        main.difference,
        tested.p_value,
        is_identical=same,
        margin=margin,
        higher_is_better=chosen.higher_is_better,
    )
    flips = _flips(baselines, candidates)
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
        n_runs=n_runs,
        cluster_name=cluster_name,
        n_fixed=n_fixed,
        n_broken=flips.height - n_fixed,
        noun="value" if task == "attributes" else "row",
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
        category_differences(
            baseline, candidate, settings.level, (_right(baselines), _right(candidates)), n_runs
        ),
        flips,
        [gate_result(gate, pairs[gate.metric].difference) for gate in wanted],
        {name: one.definition for name, one in metrics.items()},
        [*notes, *_repeat_notes(n_runs)],
        n_runs,
        effect_words(effect, is_share=chosen.is_share),
    )


def _same_rows(baseline: Answers, candidate: Answers) -> None:
    """Refuse two runs over different rows: each would lose where the other alone was asked."""
    before, after = ((run.outcomes != "missing").to_numpy() for run in (baseline, candidate))
    if before.any() and after.any() and not (before & after).any():
        raise InputError(
            f"the runs are over different rows: the baseline has predictions for {before.sum():,} of "
            f"{len(before):,} gold rows, the candidate for {after.sum():,} others. Expected "
            "predictions for the same rows: predict again, or choose runs of one split."
        )


def _repeat_notes(n_runs: tuple[int, int]) -> list[str]:
    if max(n_runs) == 1 or min(n_runs) > 1:
        return []
    side = "baseline" if n_runs[0] == 1 else "candidate"
    return [f"The {side} has one run: how far its other repeats would lie is not known."]


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
            "reason": [p.difference.reason for p in pairs.values()],
        },
        schema_overrides={"n": pl.Int64, "reason": pl.String},
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


def _right(runs: Sequence[Answers]) -> np.ndarray:
    """The share of the runs that have each row (or each asked pair) right."""
    shares = [run.is_right if isinstance(run, AttributeAnswers) else run.is_correct for run in runs]
    return np.asarray(shares[0] if len(runs) == 1 else np.mean(shares, axis=0))


def _flips(baselines: Sequence[Answers], candidates: Sequence[Answers]) -> pl.DataFrame:
    """What most runs of one side have right and of the other not, what is fixed first.

    The answers told are those of the first run of each side.
    """
    baseline, candidate = baselines[0], candidates[0]
    before, after = _right(baselines) > 0.5, _right(candidates) > 0.5
    if isinstance(baseline, AttributeAnswers) and isinstance(candidate, AttributeAnswers):
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
    baseline: Answers,
    candidate: Answers,
    level: int | None = None,
    right: tuple[np.ndarray, np.ndarray] | None = None,
    n_runs: tuple[int, int] = (1, 1),
) -> pl.DataFrame:
    """The paired difference in each gold category (or attribute), corrected for many looks.

    Parameters
    ----------
    level
        The level of the categories; whole gold paths where it is None. Rows are right where the
        whole path is.
    right
        The share of each side's runs that have a row (or pair) right; from the two runs where None.
    n_runs
        How many runs the shares are of.
    """
    right = right or (_right([baseline]), _right([candidate]))
    if isinstance(baseline, CategoryAnswers) and isinstance(candidate, CategoryAnswers):
        nodes = baseline.gold
        if level is not None:
            nodes = baseline.tree.at_level(nodes, level)
        named, slices = np.unique(nodes, return_inverse=True)
        names = path_texts(baseline.tree, named)
        clusters = baseline.clusters
    elif isinstance(baseline, AttributeAnswers) and isinstance(candidate, AttributeAnswers):
        names = baseline.pairs["key"].unique().sort()
        slices = baseline.pairs["key"].cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()
        rows = baseline.rows
        clusters = rows if baseline.clusters is None else baseline.clusters[rows]
    elif isinstance(baseline, RowAnswers) and isinstance(candidate, RowAnswers):
        names, slices = baseline.slices
        clusters = baseline.clusters
    else:
        raise InputError("runs of different tasks cannot be compared.")
    table = sliced_differences(*right, slices, len(names), clusters, n_runs=n_runs)
    return pl.DataFrame([names.alias("category")]).hstack(table)
