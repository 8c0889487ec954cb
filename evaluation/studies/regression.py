"""One checkpoint over all its tasks: what was forgotten, held or gained, corrected for all tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from evaluation.answers.contract import Task
from evaluation.comparing.comparison import chosen_metric, metrics_for
from evaluation.comparing.pairing import is_identical, paired_repeats
from evaluation.comparing.verdicts import ALPHA
from evaluation.loading import Answers
from evaluation.settings import CompareSettings
from stats.corrections import holm

Against = Literal["baseline", "previous"]
FORGOTTEN, HELD, BETTER, UNKNOWN = "forgotten", "held", "better", "too few rows to tell"

REGRESSION_SCHEMA = pl.Schema(
    {
        "name": pl.String(),
        "task": pl.String(),
        "against": pl.String(),
        "metric": pl.String(),
        "n": pl.Int64(),
        "n_clusters": pl.Int64(),
        "reference": pl.Float64(),
        "candidate": pl.Float64(),
        "difference": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "p_value": pl.Float64(),
        "p_holm": pl.Float64(),
        "mark": pl.String(),
    }
)


@dataclass(frozen=True, eq=False)
class Case:
    """One task on which a candidate is held against another model.

    Attributes
    ----------
    name
        The task and its split, or what a person calls it.
    references, candidates
        Answers of one `evaluation.loading.load_answers`; several on a side are repeats.
    metric
        The task's own where it is None.
    """

    name: str
    task: Task
    against: Against
    references: Sequence[Answers]
    candidates: Sequence[Answers]
    metric: str | None = None


def regression(cases: Sequence[Case], settings: CompareSettings | None = None) -> pl.DataFrame:
    """A line for each case: `REGRESSION_SCHEMA`, forgotten ones first.

    ``mark`` is *forgotten* or *better* where Holm's p over all cases is below .05 and the interval
    excludes 0; *held* where the interval excludes a loss of more than ``margin``; else *too few
    rows to tell*. The interval is of the one case, uncorrected.
    """
    settings = settings or CompareSettings()
    lines = [_line(case, settings) for case in cases]
    corrected = holm(np.array([line["p_value"] for line in lines], dtype=float))
    marked = [
        {**line, "p_holm": p, "mark": _mark(line, p)}
        for line, p in zip(lines, corrected.tolist(), strict=True)
    ]
    order = (FORGOTTEN, UNKNOWN, HELD, BETTER)
    marked.sort(key=lambda line: order.index(line["mark"]))
    rows = [{name: line[name] for name in REGRESSION_SCHEMA} for line in marked]
    return pl.DataFrame(rows, schema=REGRESSION_SCHEMA)


def _line(case: Case, settings: CompareSettings) -> dict[str, Any]:
    metrics = metrics_for(case.task, [*case.references, *case.candidates])
    chosen = chosen_metric(case.task, metrics, case.metric)
    found = paired_repeats(chosen, case.references, case.candidates)
    alone = len(case.references) == len(case.candidates) == 1
    same = alone and is_identical(case.references[0], case.candidates[0])
    if same:
        p_value = 1.0
    elif alone:
        p_value = chosen.test(
            case.references[0], case.candidates[0], n_draws=settings.n_draws, seed=settings.seed
        ).p_value
    else:
        p_value = found.t_test.p_value
    moved = found.difference
    return {
        "name": case.name,
        "task": case.task,
        "against": case.against,
        "metric": chosen.name,
        "n": moved.n,
        "n_clusters": moved.n_clusters,
        "reference": found.baseline.value,
        "candidate": found.candidate.value,
        "difference": moved.value,
        "low": moved.low,
        "high": moved.high,
        "p_value": p_value,
        "sign": 1 if chosen.higher_is_better else -1,
        "margin": settings.margin if chosen.is_share else 0.0,
        "is_identical": same,
    }


def _mark(line: dict[str, Any], p_holm: float) -> str:
    if line["is_identical"]:
        return HELD
    low, high = line["low"], line["high"]
    if math.isnan(low) or math.isnan(high) or math.isnan(p_holm):
        return UNKNOWN
    worst, best = (low, high) if line["sign"] > 0 else (-high, -low)
    if p_holm < ALPHA and (best < 0 or worst > 0):
        return FORGOTTEN if best < 0 else BETTER
    return HELD if worst >= -line["margin"] else UNKNOWN


def regression_sentence(table: pl.DataFrame) -> str:
    """What a table of `regression` says, in one sentence.

    Examples
    --------
    >>> regression_sentence(pl.DataFrame({"name": ["tags"], "mark": ["held"]}))
    'Nothing is shown to be forgotten on 1 case: 1 held.'
    """
    marks = table["mark"].to_list()
    others = [f"{marks.count(mark):,} {mark}" for mark in (HELD, BETTER, UNKNOWN) if mark in marks]
    cases = f"{len(marks):,} case{'' if len(marks) == 1 else 's'}"
    lost = table.filter(pl.col("mark") == FORGOTTEN)
    if lost.is_empty():
        return f"Nothing is shown to be forgotten on {cases}: {', '.join(others)}."
    told = "; ".join(
        f"{row['name']} against the {row['against']} ({row['metric']} {row['difference']:+.4f}, "
        f"95 % interval {row['low']:+.4f} to {row['high']:+.4f})"
        for row in lost.iter_rows(named=True)
    )
    rest = f" Of {cases}, {', '.join(others)}." if others else ""
    return f"Forgotten: {told}.{rest}"
