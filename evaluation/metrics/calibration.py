"""Is a run as sure as it is right? Calibration error, Brier score, accuracy of the sure part.

ECE and Brier are over the rows with a confidence; an output that could not be read is wrong there.
Selective accuracy and the risk-coverage curve are over all gold rows, the surest first: a row without
a confidence comes last. Rows of one confidence are taken as if in random order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl
from scipy.special import digamma

from evaluation.metrics.cells import Cells
from evaluation.metrics.metric import Metric, RatioMetric, Statistic, Sums, ratio_statistic
from evaluation.metrics.randomisation import Tested, t_p
from stats.intervals import mean_estimate

N_BINS = 15
COVERAGES = (0.5, 0.8, 0.9)
NO_CONFIDENCE = "no prediction has a confidence (score or logprobs)"
MOST_GROUPS = 4096
"""Resamples tell apart no more places in the ranking than this, rows of neighbours sharing one."""
_CURVE_POINTS = 100

RELIABILITY_SCHEMA = pl.Schema(
    {
        "bin": pl.Int64(),
        "lowest": pl.Float64(),
        "highest": pl.Float64(),
        "n": pl.Int64(),
        "confidence": pl.Float64(),
        "accuracy": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)
RISK_SCHEMA = pl.Schema(
    {
        "coverage": pl.Float64(),
        "n": pl.Int64(),
        "threshold": pl.Float64(),
        "accuracy": pl.Float64(),
        "risk": pl.Float64(),
    }
)


class SureAnswers(Protocol):
    """Answers with a confidence each."""

    @property
    def confidence(self) -> np.ndarray | None:
        """In [0, 1], NaN where a row has none, shape ``(n,)``; None where no row has one."""

    @property
    def is_correct(self) -> np.ndarray:
        """Whether each row is right, shape ``(n,)``."""

    @property
    def clusters(self) -> np.ndarray | None:
        """Codes from 0 with no gaps, shape ``(n,)``; None where rows are independent."""


@dataclass(frozen=True)
class SureMetric:
    """A number of the confidences that is no ratio of sums; tested by its influences.

    Attributes
    ----------
    measure
        From answers that have a confidence to the value and the influences.
    values
        The metric on each of ``r`` resamples, from the sums of `sure_cells`, ``(4, G, r)``.
    is_distance
        Whether chance alone makes it larger, so that resamples lie further out than the sample by
        as much as the sample lies further out than the truth.
    """

    name: str
    definition: str
    measure: Callable[[SureAnswers], Statistic]
    values: Callable[[np.ndarray], np.ndarray]
    higher_is_better: bool = True
    is_share: bool = True
    is_distance: bool = False

    @property
    def cells(self) -> Callable[[Any], Cells]:
        """Rows, right rows, rows with a confidence and their confidences, by place in the ranking."""
        return sure_cells

    def statistic(self, answers: SureAnswers) -> Statistic:
        """The value and the influences; NaN where no row has a confidence."""
        if answers.confidence is None:
            n = len(answers.is_correct)
            return Statistic(math.nan, np.zeros(n), np.zeros(n, dtype=bool), NO_CONFIDENCE)
        return self.measure(answers)

    def test(
        self, baseline: SureAnswers, candidate: SureAnswers, *, n_draws: int, seed: int
    ) -> Tested:
        """Student's t over clusters, on the influences."""
        ours, theirs = self.statistic(candidate), self.statistic(baseline)
        return t_p(ours.value - theirs.value, ours.influence - theirs.influence, baseline.clusters)


class _Ties(NamedTuple):
    """Rows in groups of one confidence, the surest first.

    ``group`` of each row; ``confidence`` (minus infinity for none), ``sizes``, ``right`` and
    ``ends`` (rows so far) of each group.
    """

    group: np.ndarray
    confidence: np.ndarray
    sizes: np.ndarray
    right: np.ndarray
    ends: np.ndarray


def _ties(answers: SureAnswers) -> _Ties:
    told = np.full(len(answers.is_correct), np.nan)
    if answers.confidence is not None:
        told = answers.confidence
    surest = np.where(np.isnan(told), np.inf, -np.asarray(told))
    named, group, sizes = np.unique(surest, return_inverse=True, return_counts=True)
    right = np.bincount(group, answers.is_correct, len(named))
    return _Ties(group, -named, sizes, right, np.cumsum(sizes))


def sure_cells(answers: SureAnswers) -> Cells:
    """Rows, right rows, rows with a confidence, and their confidences, summed by place.

    Places are the distinct confidences, the surest first, those without one last; more than
    `MOST_GROUPS` are thinned out to as many of like mass.
    """
    ties = _ties(answers)
    place, n = ties.group, len(ties.group)
    known = ~np.isinf(ties.confidence)[place]
    if len(ties.sizes) > MOST_GROUPS:
        thinned = (ties.ends - ties.sizes) * MOST_GROUPS // n
        thinned[np.isinf(ties.confidence)] = MOST_GROUPS
        place = thinned[place]
    told = np.zeros(n) if answers.confidence is None else np.nan_to_num(answers.confidence)
    members = np.arange(n) if answers.clusters is None else answers.clusters
    right = answers.is_correct.astype(float)
    return Cells(place, members, np.stack([np.ones(n), right, known, np.where(known, told, 0.0)]))


def _drawn_calibration(sums: np.ndarray) -> np.ndarray:
    rows, right, known, confidence = (part[::-1] for part in sums)
    is_known = known > 0
    sizes = np.where(is_known, rows, 0.0)
    gaps = np.where(is_known, confidence - right, 0.0)
    total = sizes.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        bins = np.floor((np.cumsum(sizes, axis=0) - sizes) * N_BINS / total + 1e-9)
        off = [np.abs(np.where(bins == at, gaps, 0.0).sum(axis=0)) for at in range(N_BINS)]
        return np.asarray(np.sum(off, axis=0) / total)


def _drawn_area(sums: np.ndarray) -> np.ndarray:
    rows, right = sums[0].astype(float), sums[1]
    ends = np.cumsum(rows, axis=0)
    total = ends[-1]
    # The risks at all coverages that a place takes part in: k (H_n - H_k + 1), summed to k.
    reach = ends * (digamma(total + 1) - digamma(ends + 1) + 1)
    shares = np.diff(reach, axis=0, prepend=0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.where(rows > 0, shares / rows, 0.0)
        return np.asarray(((rows - right) * weights).sum(axis=0) / total)


def _drawn_accuracy_at(coverage: float) -> Callable[[np.ndarray], np.ndarray]:
    def values(sums: np.ndarray) -> np.ndarray:
        rows, right = sums[0].astype(float), sums[1]
        ends = np.cumsum(rows, axis=0)
        kept = np.maximum(1, np.ceil(coverage * ends[-1] - 1e-9))
        with np.errstate(invalid="ignore", divide="ignore"):
            inside = np.where(rows > 0, (kept - ends + rows) / rows, 0.0)
        return np.asarray((np.clip(inside, 0, 1) * right).sum(axis=0) / kept)

    return values


def equal_mass_bins(confidence: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """The bin of each confidence, from 0, equally many in each; equal confidences share a bin.

    Examples
    --------
    >>> equal_mass_bins(np.array([0.9, 0.1, 0.5, 0.5]), 2).tolist()
    [1, 0, 0, 0]
    """
    _, group, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    starts = np.cumsum(sizes) - sizes
    bins = np.unique(starts * n_bins // max(len(confidence), 1), return_inverse=True)[1]
    return np.asarray(bins[group])


def _brier(answers: SureAnswers) -> Sums:
    n = len(answers.is_correct)
    if answers.confidence is None:
        return Sums(np.zeros(n), np.zeros(n))
    known = ~np.isnan(answers.confidence)
    errors = np.square(answers.confidence - answers.is_correct)
    return Sums(np.where(known, errors, 0.0), known.astype(float))


def _calibration_error(answers: SureAnswers) -> Statistic:
    confidence = np.asarray(answers.confidence)
    known = ~np.isnan(confidence)
    gaps = confidence[known] - answers.is_correct[known]
    bins = equal_mass_bins(confidence[known])
    signs = np.sign(np.bincount(bins, gaps))[bins]
    parts = np.zeros(len(known))
    parts[known] = signs * gaps
    return ratio_statistic(Sums(parts, known.astype(float)), answers.clusters, reason=NO_CONFIDENCE)


def _area_under_risk(answers: SureAnswers) -> Statistic:
    """The mean risk over all coverages 1/n, 2/n, ..., 1, and its influence function."""
    ties = _ties(answers)
    n = len(ties.group)
    harmonic = np.cumsum(1 / np.arange(1, n + 1))
    weights = harmonic[-1] - np.concatenate([[0.0], harmonic[:-1]])
    weights = np.add.reduceat(weights, ties.ends - ties.sizes) / ties.sizes
    wrong = ties.sizes - ties.right
    value = float(wrong @ weights) / n
    covered = ties.ends / n
    below = np.cumsum((wrong / covered)[::-1])[::-1] / n
    moves = weights[ties.group] * ~answers.is_correct - below[ties.group]
    return Statistic(value, (moves - moves.mean()) / n)


def _accuracy_at(coverage: float) -> Callable[[SureAnswers], Statistic]:
    def measure(answers: SureAnswers) -> Statistic:
        ties = _ties(answers)
        n = len(ties.group)
        kept = max(1, math.ceil(coverage * n - 1e-9))
        inside = np.clip((kept - (ties.ends - ties.sizes)) / ties.sizes, 0.0, 1.0)
        value = float(inside @ ties.right) / kept
        moves = inside[ties.group] * (answers.is_correct - _accuracy_near(ties, kept))
        return Statistic(value, (moves - moves.mean()) / kept)

    return measure


def _accuracy_near(ties: _Ties, place: int) -> float:
    """The accuracy of the rows about a place in the ranking: what a shift of the cut takes in."""
    n = len(ties.group)
    reach = math.ceil(math.sqrt(n))
    expected = np.repeat(ties.right / ties.sizes, ties.sizes)
    return float(expected[max(0, place - reach) : place + reach].mean())


def calibration_metrics() -> list[Metric[SureAnswers]]:
    """Calibration error, Brier score, area under the risk-coverage curve, selective accuracy."""
    over = "over the rows with a confidence (score, else logprobs)"
    return [
        SureMetric(
            "ece",
            f"expected calibration error (ECE) {over}: mean of |accuracy - mean confidence| over "
            f"{N_BINS} bins of equal mass, ties in one bin, weighted by rows; too high by chance "
            "where rows are few",
            _calibration_error,
            _drawn_calibration,
            higher_is_better=False,
            is_distance=True,
        ),
        RatioMetric(
            "brier_score",
            f"mean of (confidence - right)^2 of the answer {over}, right 1 or 0",
            _brier,
            empty=NO_CONFIDENCE,
            higher_is_better=False,
        ),
        SureMetric(
            "aurc",
            "area under the risk-coverage curve: mean share of wrong rows among the k surest of all "
            "gold rows, over all k; rows without a confidence come last",
            _area_under_risk,
            _drawn_area,
            higher_is_better=False,
        ),
        *(
            SureMetric(
                f"accuracy_at_coverage_{round(100 * coverage)}",
                f"selective accuracy: share right among the surest {round(100 * coverage)} % of all "
                "gold rows; rows without a confidence come last",
                _accuracy_at(coverage),
                _drawn_accuracy_at(coverage),
            )
            for coverage in COVERAGES
        ),
    ]


def calibration_tables(answers: SureAnswers) -> dict[str, pl.DataFrame]:
    """What a page draws: ``reliability`` and ``risk_coverage``; empty without a confidence."""
    return {"reliability": reliability_table(answers), "risk_coverage": risk_coverage(answers)}


def reliability_table(answers: SureAnswers) -> pl.DataFrame:
    """Confidence against accuracy in each bin of `calibration_metrics`: `RELIABILITY_SCHEMA`.

    ``low`` and ``high`` are Wilson's interval of the accuracy, clusters allowed for. Empty where
    no row has a confidence.
    """
    if answers.confidence is None:
        return pl.DataFrame(schema=RELIABILITY_SCHEMA)
    known = np.flatnonzero(~np.isnan(answers.confidence))
    confidence, right = answers.confidence[known], answers.is_correct[known].astype(float)
    bins = equal_mass_bins(confidence)
    rows = []
    for at in range(int(bins.max()) + 1):
        inside = np.flatnonzero(bins == at)
        clusters = None if answers.clusters is None else answers.clusters[known[inside]]
        accuracy = mean_estimate(right[inside], clusters)
        held = confidence[inside]
        rows.append(
            (
                at + 1,
                held.min(),
                held.max(),
                len(inside),
                held.mean(),
                accuracy.value,
                accuracy.low,
                accuracy.high,
            )
        )
    return pl.DataFrame(rows, schema=RELIABILITY_SCHEMA, orient="row")


def risk_coverage(answers: SureAnswers) -> pl.DataFrame:
    """Accuracy and risk of the surest part, at most 100 points: `RISK_SCHEMA`.

    ``threshold`` is the least confidence that is taken, null where rows without one are. Cuts never
    part rows of one confidence. Empty where no row has a confidence.
    """
    if answers.confidence is None:
        return pl.DataFrame(schema=RISK_SCHEMA)
    ties = _ties(answers)
    n = len(ties.group)
    wanted = np.arange(1, _CURVE_POINTS + 1) / _CURVE_POINTS * n
    cuts = np.unique(np.searchsorted(ties.ends, wanted - 1e-9))
    accuracy = np.cumsum(ties.right)[cuts] / ties.ends[cuts]
    threshold = pl.Series(ties.confidence[cuts])
    return pl.DataFrame(
        {
            "coverage": ties.ends[cuts] / n,
            "n": ties.ends[cuts],
            "threshold": threshold.set(threshold.is_infinite(), None),
            "accuracy": accuracy,
            "risk": 1 - accuracy,
        },
        schema=RISK_SCHEMA,
    )
