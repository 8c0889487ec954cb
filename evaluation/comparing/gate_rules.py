"""``gates.toml``: which bounds of the difference must hold, by task, metric and slice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.answers.contract import Task
from evaluation.comparing.gates import GateResult
from stats.estimate import number_or_none

State = Literal["passed", "failed", "skipped"]


class GateRule(BaseModel):
    """One ``[[gate]]``.

    ``at_least`` is asked of the lower bound of the difference, candidate minus baseline,
    ``at_most`` of the upper one. ``slice`` names a slice, of which every part has to hold, or with
    ``part`` that one. Parts of fewer rows than ``min_rows`` are skipped, aloud. ``why`` is said
    where it fails.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str = Field(min_length=1)
    task: Task | None = None
    slice: str | None = None
    part: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    min_rows: int = Field(default=1, ge=1)
    why: str = ""

    @model_validator(mode="after")
    def _checked(self) -> GateRule:
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most")
        if self.part is not None and self.slice is None:
            raise ValueError("part needs slice")
        return self


@dataclass(frozen=True)
class GateFile:
    """The gates of a file, and where they stand."""

    rules: tuple[GateRule, ...]
    where: str

    def of(self, task: Task) -> list[GateRule]:
        """The rules that a task has to hold.

        Raises
        ------
        InputError
            If there are none: gates that ask for nothing pass nothing.
        """
        found = [rule for rule in self.rules if rule.task in (None, task)]
        if not found:
            raise InputError(f"{self.where}: no gate is for {task}, so nothing would be held.")
        return found

    def slices(self, task: Task) -> tuple[list[str], list[str | None]]:
        """The slices that the rules of a task name, and the metrics that they ask of them."""
        rules = [rule for rule in self.of(task) if rule.slice is not None]
        names = dict.fromkeys(rule.slice for rule in rules if rule.slice is not None)
        return list(names), list(dict.fromkeys(rule.metric for rule in rules))


@dataclass(frozen=True)
class GateCheck:
    """What became of one gate, or of one part that a gate asks for.

    Attributes
    ----------
    bound
        The bound that decided; NaN where it is undefined, which passes no gate.
    """

    task: Task
    metric: str
    slice: str | None
    part: str | None
    asked: str
    bound: float
    n: int
    state: State
    sentence: str

    @property
    def name(self) -> str:
        """What is gated, in a few words."""
        where = "" if self.slice is None else f" on {self.slice}"
        return f"{self.metric}{where}{'' if self.part is None else f' = {self.part}'} {self.asked}"

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "task": self.task,
            "metric": self.metric,
            "slice": self.slice,
            "part": self.part,
            "asked": self.asked,
            "bound": number_or_none(self.bound),
            "n": self.n,
            "state": self.state,
            "sentence": self.sentence,
        }


def gate_rules(body: Mapping[str, Any], where: str) -> GateFile:
    """The rules of a parsed ``gates.toml``.

    Raises
    ------
    InputError
        If there is no ``[[gate]]``, or one is wrong; all that is wrong in one line.

    Examples
    --------
    >>> gate_rules({"gate": [{"metric": "accuracy", "at_least": -0.01}]}, "gates.toml").rules[0].at_least
    -0.01
    """
    more = sorted(set(body) - {"gate"})
    given = body.get("gate")
    if more or not isinstance(given, list) or not given:
        found = ", ".join(more) or ("no gate" if not given else "'gate' that is no list")
        raise InputError(f"{where}: expected [[gate]] tables, found {found}.")
    rules, wrong = [], []
    for at, one in enumerate(given, start=1):
        try:
            rules.append(GateRule.model_validate(one))
        except ValidationError as error:
            wrong += [f"gate {at}: {_told(e)}" for e in error.errors()]
    if wrong:
        raise InputError(f"{where}: {'; '.join(wrong)}.")
    return GateFile(tuple(rules), where)


def _told(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{place!r} is not a known key ({', '.join(GateRule.model_fields)})"
    said = error["msg"].removeprefix("Value error, ").lower()
    return f"{place}: {said}" if place else said


def check_gates(
    rules: Sequence[GateRule], task: Task, metrics: pl.DataFrame, slices: pl.DataFrame
) -> list[GateCheck]:
    """Hold rules against the differences of a comparison.

    Parameters
    ----------
    rules
        Those of the task (`GateFile.of`).
    metrics
        ``metric, low, high, n``, a line for each metric of the task.
    slices
        `evaluation.slicing.tables.DIFFERENCE_SCHEMA` with the metrics and slices of the rules.

    Raises
    ------
    InputError
        If a metric is not known.

    Examples
    --------
    >>> rule = GateRule(metric="accuracy", at_least=-0.01)
    >>> found = pl.DataFrame({"metric": ["accuracy"], "low": [-0.02], "high": [0.1], "n": [50]})
    >>> check_gates([rule], "classification", found, pl.DataFrame())[0].sentence
    'gate accuracy >= -0.01 failed: the lower bound of the difference is -0.0200.'
    """
    known = metrics["metric"].to_list()
    checks = []
    for rule in rules:
        if rule.metric not in known:
            raise InputError(f"gate on {rule.metric!r}: no such metric. Known: {', '.join(known)}.")
        if rule.slice is None:
            lines = metrics.filter(pl.col("metric") == rule.metric).to_dicts()
        else:
            lines = slices.filter(
                (pl.col("metric") == rule.metric) & (pl.col("slice") == rule.slice)
            ).to_dicts()
            if rule.part is not None:
                lines = [line for line in lines if line["part"] == rule.part]
            lines = lines or [{"part": rule.part, "low": math.nan, "high": math.nan, "n": 0}]
        for line in lines:
            checks += _checks(rule, task, line)
    return checks


def _checks(rule: GateRule, task: Task, line: Mapping[str, Any]) -> list[GateCheck]:
    found = []
    for limit, bound, sign in (
        (rule.at_least, line["low"], ">="),
        (rule.at_most, line["high"], "<="),
    ):
        if limit is None:
            continue
        value = math.nan if bound is None else float(bound)
        holds = value >= limit if sign == ">=" else value <= limit
        is_small = rule.slice is not None and 0 < line["n"] < rule.min_rows
        state: State = "skipped" if is_small else "passed" if holds else "failed"
        part = line.get("part")
        check = GateCheck(
            task, rule.metric, rule.slice, part, f"{sign} {limit:g}", value, line["n"], state, ""
        )
        found.append(_with_sentence(check, rule))
    return found


def _with_sentence(check: GateCheck, rule: GateRule) -> GateCheck:
    which = "lower" if check.asked.startswith(">") else "upper"
    if check.state == "skipped":
        told = f"{counted(check.n, 'row')}, fewer than {rule.min_rows:,}"
    elif check.n == 0 and check.slice is not None:
        told = "the gold has no such rows"
    elif math.isnan(check.bound):
        told = f"the {which} bound of the difference is undefined ({counted(check.n, 'row')})"
    else:
        told = f"the {which} bound of the difference is {check.bound:+.4f}"
    why = f" {rule.why}" if rule.why and check.state == "failed" else ""
    sentence = f"gate {check.name} {check.state}: {told}.{why}"
    return GateCheck(**{**check.__dict__, "sentence": sentence})


def line_check(task: Task, result: GateResult, n: int) -> GateCheck:
    """What became of a gate of one line, ``METRIC OP NUMBER``, as that of a rule."""
    gate = result.gate
    state: State = "passed" if result.is_passed else "failed"
    asked = f"{gate.sign} {gate.limit:g}"
    return GateCheck(task, gate.metric, None, None, asked, result.bound, n, state, result.sentence)


def is_passed(checks: Sequence[GateCheck]) -> bool:
    """Whether no gate failed, and at least one was held."""
    states = {check.state for check in checks}
    return "failed" not in states and "passed" in states
