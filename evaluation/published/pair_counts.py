"""Pairs of product and attribute in the five kinds that the public scripts count, and their sums.

======  =============  ==========
kind    gold           prediction
======  =============  ==========
NN      null           null
NV      null           a value
VN      a value        null
VC      a value        right
VW      a value        wrong
======  =============  ==========

NN enters neither precision, recall nor F1 of any of these scripts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from evaluation.metrics.cells import Cells
from evaluation.metrics.group_means import GroupCounts, group_mean, group_means
from evaluation.metrics.metric import Metric, RatioMetric, Statistic, Sums
from evaluation.metrics.randomisation import Tested, t_p

KINDS = ("NN", "NV", "VN", "VC", "VW")
NO_PAIR = "none"
"""The kind of a line that stands for a row without any pair: no count has it."""

Part = Literal["precision", "recall", "f1"]
PARTS: tuple[Part, ...] = ("precision", "recall", "f1")
_GIVEN, _SHOULD = ("NV", "VC", "VW"), ("VN", "VC", "VW")
_DEFINITIONS = {
    "precision": "VC / (NV + VC + VW)",
    "recall": "VC / (VN + VC + VW)",
    "f1": "2 P R / (P + R)",
}


@dataclass(frozen=True, eq=False)
class PairCounts:
    """The pairs of one run.

    Attributes
    ----------
    pairs
        A line for each pair: ``row`` (product), ``category``, ``key``, ``kind`` (`KINDS`, or
        `NO_PAIR`).
    n_rows
        Gold rows, pairs or not.
    """

    pairs: pl.DataFrame
    n_rows: int
    clusters: np.ndarray | None
    dropped: Mapping[str, int]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Pairs of each kind."""
        return {kind: int((self.pairs["kind"] == kind).sum()) for kind in KINDS}

    def by_row(self, *kinds: str) -> np.ndarray:
        """Pairs of some kinds by product, shape ``(n,)``."""
        chosen = self.pairs["kind"].is_in(kinds).to_numpy()
        rows = self.pairs["row"].to_numpy()[chosen]
        return np.bincount(rows, minlength=self.n_rows).astype(float)


def percent(above: float, below: float) -> float:
    """A share in per cent at two decimals, 0 over nothing, as the scripts print it."""
    return round(float(above) / float(below) * 100, 2) if below > 0 else 0.0


def rounded_f1(precision: float, recall: float) -> float:
    """F1 of rounded per cents, rounded again: the scripts' own order.

    Examples
    --------
    >>> rounded_f1(91.23, 84.27)
    87.61
    """
    both = precision + recall
    return round(2 * precision * recall / both, 2) if both > 0 else 0.0


def printed(right: float, given: float, should: float, part: Part) -> float:
    """What the script prints for one set of counts, in per cent."""
    precision, recall = percent(right, given), percent(right, should)
    return {"precision": precision, "recall": recall, "f1": rounded_f1(precision, recall)}[part]


@dataclass(frozen=True)
class RoundedMicro:
    """A micro-average as it is printed, at two decimals of a per cent; its interval unrounded."""

    name: str
    definition: str
    part: Part
    is_share: bool = True
    higher_is_better: bool = True

    @property
    def unrounded(self) -> RatioMetric[PairCounts]:
        """The ratio that is printed."""
        return RatioMetric(self.name, self.definition, self._sums, empty="no pair has a value")

    def _sums(self, answers: PairCounts) -> Sums:
        right, given, should = (answers.by_row(*kinds) for kinds in (("VC",), _GIVEN, _SHOULD))
        if self.part == "f1":
            return Sums(2 * right, given + should)
        return Sums(right, given if self.part == "precision" else should)

    def statistic(self, answers: PairCounts) -> Statistic:
        """The printed value, and how each row moves the unrounded one."""
        found = self.unrounded.statistic(answers)
        right, given, should = (
            float(answers.by_row(*kinds).sum()) for kinds in (("VC",), _GIVEN, _SHOULD)
        )
        return replace(found, value=printed(right, given, should, self.part) / 100, reason=None)

    def test(
        self, baseline: PairCounts, candidate: PairCounts, *, n_draws: int, seed: int
    ) -> Tested:
        """The randomisation test of the unrounded metric."""
        return self.unrounded.test(baseline, candidate, n_draws=n_draws, seed=seed)


@dataclass(frozen=True)
class RoundedMacro:
    """A mean over groups of pairs, each score printed at two decimals first.

    Attributes
    ----------
    groups
        The groups of each pair: one array of codes for each way that a pair is counted, each of
        shape ``(m,)``. WDC PAVE counts every pair twice.
    enlivening
        The kinds of which one must be there for a group to count.
    """

    name: str
    definition: str
    part: Part
    groups: Callable[[PairCounts], Sequence[np.ndarray]]
    enlivening: tuple[str, ...]
    is_share: bool = True
    higher_is_better: bool = True

    def _counts(self, answers: PairCounts) -> GroupCounts:
        """Right, given and due pairs of each group; the kinds that make it count."""
        groups = self.groups(answers)
        kinds = answers.pairs["kind"]
        parts = [
            np.tile(kinds.is_in(chosen).to_numpy().astype(float), len(groups))
            for chosen in (("VC",), _GIVEN, _SHOULD, self.enlivening)
        ]
        rows = np.tile(answers.pairs["row"].to_numpy(), len(groups))
        return GroupCounts(np.concatenate(groups), rows, np.stack(parts[:3]), parts[3])

    @property
    def cells(self) -> Callable[[Any], Cells]:
        """Right, given and due pairs of each group."""
        return lambda answers: self._counts(answers).cells(answers.clusters)

    def values(self, sums: np.ndarray) -> np.ndarray:
        """The unrounded mean on each resample."""
        return group_means(sums, self._scores)

    def statistic(self, answers: PairCounts) -> Statistic:
        """The printed value, and the jackknife influence of each cluster on the unrounded one."""
        counts = self._counts(answers)
        _, influence = group_mean(counts, self._scores, answers.n_rows, answers.clusters)
        codes, parts = counts.groups, [*counts.parts, counts.is_alive]
        whole = [np.bincount(codes, part) for part in parts]
        told = [
            printed(whole[0][g], whole[1][g], whole[2][g], self.part)
            for g in np.flatnonzero(whole[3])
        ]
        value = round(math.fsum(told) / len(told), 2) / 100 if told else 0.0
        return Statistic(value, influence)

    def _scores(self, counts: np.ndarray) -> np.ndarray:
        """Unrounded scores in [0, 1]; 0 over nothing."""
        right, given, should = counts
        above, below = {
            "precision": (right, given),
            "recall": (right, should),
            "f1": (2 * right, given + should),
        }[self.part]
        return np.asarray(np.divide(above, below, out=np.zeros_like(right), where=below > 0))

    def test(
        self, baseline: PairCounts, candidate: PairCounts, *, n_draws: int, seed: int
    ) -> Tested:
        """Student's t over clusters, on the influences."""
        ours, theirs = self.statistic(candidate), self.statistic(baseline)
        return t_p(ours.value - theirs.value, ours.influence - theirs.influence, baseline.clusters)


def micro_metrics() -> dict[str, Metric[PairCounts]]:
    """Precision, recall and F1 over all pairs."""
    told = "in per cent at two decimals"
    rounding = {"f1": f"of P and R {told}, rounded again", "precision": told, "recall": told}
    return {
        part: RoundedMicro(part, f"{_DEFINITIONS[part]} over all pairs, {rounding[part]}", part)
        for part in PARTS
    }


def macro_metrics(
    groups: Callable[[PairCounts], Sequence[np.ndarray]],
    enlivening: tuple[str, ...],
    over: str,
) -> dict[str, Metric[PairCounts]]:
    """Means over groups of pairs."""
    return {
        f"{part}_macro": RoundedMacro(
            f"{part}_macro",
            f"mean over {over} of {_DEFINITIONS[part]}, each rounded to two decimals of a per cent",
            part,
            groups,
            enlivening,
        )
        for part in PARTS
    }


def codes_of(*columns: pl.Series) -> np.ndarray:
    """A code for each distinct combination of some columns, shape ``(m,)``."""
    frame = pl.DataFrame([c.alias(str(n)) for n, c in enumerate(columns)])
    dense = frame.select(pl.struct(pl.all()).rank("dense")).to_series()
    return dense.cast(pl.Int64).to_numpy() - 1
