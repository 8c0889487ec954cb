"""Do 95 % intervals cover 95 %, and does the paired test hold its level? Simulated, ours and naive.

    python benchmarks/interval_coverage.py [--runs 1000] [--seed 0]

Rows come in groups (brands): a group has its own share of right answers and its own categories. The
truth is what all simulated test sets together show. Naive intervals take rows as independent.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scipy.special import ndtri

from evaluation.metrics.bootstrap import resampled_estimate, resampled_metrics
from evaluation.metrics.class_metrics import ClassClusters, ClassMetric, class_clusters
from evaluation.metrics.metric import Metric, RatioMetric, Statistic, Sums, ratio_statistic
from evaluation.metrics.randomisation import exact_p
from evaluation.metrics.repeats import repeated_estimate
from stats.distributions import t_two_sided
from stats.intervals import degrees_of_freedom, mean_estimate, standard_error

N_CLASSES, FAMILY = 20, 4
RESAMPLES = 999
SHARE_RIGHT, GROUP_SD, TASTE_SD, LUCK_SD = 0.75, 0.3, 0.2, 0.6


@dataclass(frozen=True, eq=False)
class Drawn:
    """One simulated test set with the answers of one run."""

    gold_classes: np.ndarray
    answer_classes: np.ndarray
    clusters: np.ndarray | None

    @cached_property
    def class_clusters(self) -> ClassClusters:
        return class_clusters(self.gold_classes, self.answer_classes, self.clusters)

    @property
    def right(self) -> np.ndarray:
        return (self.gold_classes == self.answer_classes).astype(float)

    @property
    def answered(self) -> np.ndarray:
        return (self.answer_classes >= 0).astype(float)

    @property
    def shared(self) -> np.ndarray:
        """Levels that gold and answer share in a tree of two levels."""
        same_parent = self.gold_classes // FAMILY == self.answer_classes // FAMILY
        return (same_parent & (self.answer_classes >= 0)) + self.right


METRICS: dict[str, Metric[Drawn]] = {
    "accuracy": RatioMetric("accuracy", "", lambda d: Sums(d.right, np.ones(len(d.right)))),
    "micro-F1": RatioMetric("micro-F1", "", lambda d: Sums(2 * d.right, 1 + d.answered)),
    "hierarchical F1": RatioMetric(
        "hierarchical F1", "", lambda d: Sums(2.0 * d.shared, 2.0 + 2 * d.answered)
    ),
    "macro-F1": ClassMetric("macro-F1", "", "f1"),
}


def zipf_sizes(n_groups: int, n_rows: int, head: float = 0.15) -> np.ndarray:
    """Sizes of groups: one of ``head`` of the rows, the rest falling as a power of their rank."""
    tail = 1 / np.arange(1, n_groups) ** 0.8
    shares = np.r_[head, tail / tail.sum() * (1 - head)]
    return np.maximum(1, np.round(shares * n_rows)).astype(int)


KINDS = {
    "60 groups of 20": np.full(60, 20),
    "200 groups, Zipf, head of 15 %": zipf_sizes(200, 3000),
    "40 groups, Zipf, head of 15 %": zipf_sizes(40, 1500),
    "10 groups of 60": np.full(10, 60),
}


def drawn(
    sizes: np.ndarray, generator: np.random.Generator, mean: float = 0.75, weight: float = 4.0
) -> Drawn:
    """A test set: groups of these sizes, their shares right Beta with this mean and weight."""
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    rates = generator.beta(weight * mean, weight * (1 - mean), len(sizes))
    home = generator.integers(0, N_CLASSES, (len(sizes), 3))
    n = len(clusters)
    gold = np.where(
        generator.random(n) < 0.5,
        home[clusters, generator.integers(0, 3, n)],
        generator.integers(0, N_CLASSES, n),
    )
    sibling = gold // FAMILY * FAMILY + (gold + 1) % FAMILY
    answer = np.where(generator.random(n) < 0.6, sibling, generator.integers(0, N_CLASSES, n))
    answer = np.where(generator.random(n) < 0.1, -1, answer)
    answer = np.where(generator.random(n) < rates[clusters], gold, answer)
    return Drawn(gold, answer, clusters)


def truths(sets: list[Drawn]) -> dict[str, float]:
    """Each metric on all test sets put together."""
    whole = Drawn(
        np.concatenate([one.gold_classes for one in sets]),
        np.concatenate([one.answer_classes for one in sets]),
        np.repeat(np.arange(len(sets)), [len(one.right) for one in sets]),
    )
    return {name: metric.statistic(whole).value for name, metric in METRICS.items()}


def coverage(
    sizes: np.ndarray, n_runs: int, seed: int, *, with_bootstrap: bool = True
) -> dict[str, dict[str, float]]:
    """For each metric, the share of intervals that hold the truth: naive, ours, bootstrap."""
    generator = np.random.default_rng(seed)
    sets = [drawn(sizes, generator) for _ in range(n_runs)]
    truth = truths(sets)
    held = {name: {"naive": 0, "influence": 0, "bootstrap": 0} for name in METRICS}
    for at, one in enumerate(sets):
        alone = replace(one, clusters=None)
        if with_bootstrap:
            resampled = resampled_metrics(METRICS, one, n_resamples=RESAMPLES, seed=at)
        for name, metric in METRICS.items():
            found = metric.statistic(one)
            ours = found.estimate(one.clusters)
            estimates = {"naive": metric.statistic(alone).estimate(None), "influence": ours}
            if with_bootstrap:
                estimates["bootstrap"] = resampled_estimate(
                    ours, resampled[name], found, found.spread(one.clusters)
                )
            for way, estimate in estimates.items():
                held[name][way] += estimate.low <= truth[name] <= estimate.high
    return {name: {way: n / n_runs for way, n in ways.items()} for name, ways in held.items()}


def pair(
    sizes: np.ndarray, generator: np.random.Generator, effect: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two runs' right answers on the same rows; the second is better by ``effect`` in the mean.

    A row is as hard as its group and itself make it, for both runs; each run has its own luck with
    the row and its own taste for the group. Of the rows that one run has wrong, the other has about
    four in ten right.
    """
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    n = len(clusters)
    hard = generator.normal(0, GROUP_SD, len(sizes))[clusters] + generator.normal(0, 1, n)
    taste = generator.normal(0, TASTE_SD, (2, len(sizes)))[:, clusters]
    luck = generator.normal(0, LUCK_SD, (2, n))
    spread = math.sqrt(GROUP_SD**2 + 1 + TASTE_SD**2 + LUCK_SD**2)
    bars = [spread * ndtri(share) for share in (SHARE_RIGHT, SHARE_RIGHT + effect)]
    before, after = (hard + taste[run] + luck[run] < bars[run] for run in (0, 1))
    return before.astype(float), after.astype(float), clusters


def paired_tests(sizes: np.ndarray, n_runs: int, seed: int, effect: float) -> dict[str, float]:
    """How often p < .05: rows as independent, groups swapped, groups without pairing.

    Without an effect both are drawn alike, so that neither is better.
    """
    generator = np.random.default_rng(seed)
    found = {"paired, by row": 0, "paired, by group": 0, "unpaired, by group": 0}
    for _ in range(n_runs):
        before, after, clusters = pair(sizes, generator, effect)
        moved = after - before
        unpaired = math.hypot(
            *(standard_error((x - x.mean()) / len(x), clusters)[0] for x in (before, after))
        )
        df = degrees_of_freedom(len(moved), clusters)
        p_values = {
            "paired, by row": exact_p(moved, None, n_draws=999, seed=0).p_value,
            "paired, by group": exact_p(moved, clusters, n_draws=999, seed=0).p_value,
            "unpaired, by group": t_two_sided(moved.mean() / unpaired, df),
        }
        for name, p_value in p_values.items():
            found[name] += p_value < 0.05
    return {name: n / n_runs for name, n in found.items()}


def small_slices(n: int) -> tuple[float, float]:
    """The mean and least coverage of the interval of a share of ``n`` rows, exactly, p in .05-.95."""
    hits = np.arange(n + 1)
    ends = [mean_estimate(np.r_[np.ones(k), np.zeros(n - k)]) for k in hits]
    low, high = np.array([e.low for e in ends]), np.array([e.high for e in ends])
    logs = np.array(
        [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in hits]
    )
    covered = []
    for p in np.linspace(0.05, 0.95, 181):
        chances = np.exp(logs + hits * math.log(p) + (n - hits) * math.log(1 - p))
        covered.append(chances[(low <= p) & (p <= high)].sum())
    return float(np.mean(covered)), float(np.min(covered))


def repeated(n_seeds: int, n_runs: int, seed: int, seed_sd: float = 0.02) -> tuple[float, float]:
    """Coverage of a checkpoint's accuracy over all seeds: of one run's interval, and of several."""
    generator = np.random.default_rng(seed)
    sizes, truth = np.full(60, 20), 0.75
    clusters = np.repeat(np.arange(60), sizes)
    alone = together = 0
    for _ in range(n_runs):
        rates = generator.beta(6.0, 2.0, 60)[clusters]
        runs: list[Statistic] = []
        for _ in range(n_seeds):
            right = generator.random(len(clusters)) < rates + generator.normal(0, seed_sd)
            sums = Sums(right.astype(float), np.ones(len(right)))
            runs.append(ratio_statistic(sums, clusters, reason=""))
        one, several = runs[0].estimate(clusters), repeated_estimate(runs, clusters)
        alone += one.low <= truth <= one.high
        together += several.low <= truth <= several.high
    return alone / n_runs, together / n_runs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"coverage of 95 % intervals, {options.runs:,} simulated test sets")
    for kind, sizes in KINDS.items():
        for metric, ways in coverage(sizes, options.runs, options.seed).items():
            told = ", ".join(f"{way} {share:.1%}" for way, share in ways.items())
            print(f"{kind}: {metric}: {told}")
    for effect in (0.0, 0.03):
        what = "level (no difference)" if effect == 0 else "power (3 points)"
        for kind, sizes in KINDS.items():
            found = paired_tests(sizes, options.runs, options.seed, effect)
            print(f"{what}, {kind}: " + ", ".join(f"{k} {v:.1%}" for k, v in found.items()))
    for n in (5, 10, 20, 50):
        mean, least = small_slices(n)
        print(
            f"a slice of {n} independent rows: coverage {mean:.1%} in the mean, least {least:.1%}"
        )
    for n_seeds in (3, 5):
        alone, together = repeated(n_seeds, options.runs, options.seed, 0.05)
        print(f"{n_seeds} seeds: interval of one run {alone:.1%}, of all {together:.1%}")


if __name__ == "__main__":
    main()
