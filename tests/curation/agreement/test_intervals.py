"""Intervals against a jackknife, a bootstrap, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import t as student

from curation.agreement.cohen import cohen_kappa
from curation.agreement.counts import LabelCounts, label_counts
from curation.agreement.distances import interval, nominal, ordinal, ratio, taxonomy
from curation.agreement.fleiss import fleiss_kappa
from curation.agreement.krippendorff import krippendorff_alpha
from curation.agreement.levels import voted_paths
from curation.agreement.percent import percent_agreement
from curation.agreement.votes import votes_of

N_ITEMS, N_LABELS = 150, 4
PATHS = voted_paths(pl.Series(["A > B", "A > C", "D > E", "D > F"]))
VALUES = np.array([1.0, 2.0, 4.0, 5.0])
COEFFICIENTS = {
    "percent": percent_agreement,
    "fleiss": fleiss_kappa,
    "nominal": lambda c, g=None: krippendorff_alpha(c, nominal, g),
    "ordinal": lambda c, g=None: krippendorff_alpha(c, ordinal, g),
    "interval": lambda c, g=None: krippendorff_alpha(c, interval(VALUES), g),
    "ratio": lambda c, g=None: krippendorff_alpha(c, ratio(VALUES), g),
    "taxonomy": lambda c, g=None: krippendorff_alpha(c, taxonomy(PATHS.tree, PATHS.codes), g),
}


def drawn(seed: int, n_items: int = N_ITEMS, n_clusters: int | None = None, hit: float = 0.7):
    """One to four votes an item; the truth is one for each cluster where there are any."""
    rng = np.random.default_rng(seed)
    group = np.arange(n_items) if n_clusters is None else rng.integers(0, n_clusters, n_items)
    truth = rng.integers(0, N_LABELS, n_items if n_clusters is None else n_clusters)[group]
    ease = rng.beta(2 * hit, 2 * (1 - hit), group.max() + 1)[group]
    is_hit = rng.random((n_items, 4)) < ease[:, None]
    labels = np.where(is_hit, truth[:, None], rng.integers(0, N_LABELS, (n_items, 4)))
    kept = rng.random((n_items, 4)) < 0.8
    kept[:, 0] = True
    item, annotator = np.nonzero(kept)
    return item, annotator, labels[item, annotator], group


def table(item: np.ndarray, annotator: np.ndarray, label: np.ndarray) -> LabelCounts:
    frame = pl.DataFrame({"item": item, "annotator": annotator, "label": label})
    return label_counts(votes_of(frame, label_order=[str(n) for n in range(N_LABELS)]))


def subset(counts: LabelCounts, items: np.ndarray) -> LabelCounts:
    """Items as given, repeats included."""
    sizes = np.diff(counts.starts)[items]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    entry = np.repeat(counts.starts[items] - starts[:-1], sizes) + np.arange(starts[-1])
    return LabelCounts(starts, counts.labels[entry], counts.counts[entry], counts.n_labels)


def error_of(found, n: int) -> float:
    return (found.high - found.low) / 2 / student.ppf(0.975, n - 1)


def free(name: str):
    """Percent agreement has Wilson's interval; its error is read off its centre."""
    return name != "percent"


@pytest.mark.parametrize("name", [n for n in COEFFICIENTS if free(n)])
def test_the_error_is_that_of_a_jackknife_over_items(name):
    f, counts = COEFFICIENTS[name], table(*drawn(1)[:3])
    every = np.arange(N_ITEMS)
    left_out = np.array([f(subset(counts, np.delete(every, i))).value for i in every])
    jackknife = np.sqrt((N_ITEMS - 1) / N_ITEMS * np.square(left_out - left_out.mean()).sum())
    rows = N_ITEMS if name == "fleiss" else int((counts.sizes >= 2).sum())
    assert error_of(f(counts), rows) == pytest.approx(jackknife, rel=0.03)


@pytest.mark.parametrize("name", [n for n in COEFFICIENTS if free(n)])
def test_the_error_is_that_of_a_jackknife_over_clusters(name):
    f = COEFFICIENTS[name]
    item, annotator, label, group = drawn(2, n_clusters=50)
    counts = table(item, annotator, label)
    held = [g for g in range(50) if (counts.sizes[group == g] >= 2).any()]
    left_out = np.array([f(subset(counts, np.flatnonzero(group != g))).value for g in held])
    n = len(held)
    jackknife = np.sqrt((n - 1) / n * np.square(left_out - left_out.mean()).sum())
    assert error_of(f(counts, group), n) == pytest.approx(jackknife, rel=0.06)


@pytest.mark.parametrize("name", [n for n in COEFFICIENTS if free(n)])
def test_the_error_is_that_of_a_bootstrap(name):
    f, counts = COEFFICIENTS[name], table(*drawn(3)[:3])
    rng = np.random.default_rng(0)
    draws = [f(subset(counts, rng.integers(0, N_ITEMS, N_ITEMS))).value for _ in range(600)]
    assert error_of(f(counts), N_ITEMS) == pytest.approx(np.std(draws), rel=0.12)


def test_cohens_error_is_that_of_a_jackknife():
    rng = np.random.default_rng(4)
    left = rng.integers(0, 3, 120)
    right = np.where(rng.random(120) < 0.6, left, rng.integers(0, 3, 120))
    keep = ~np.eye(120, dtype=bool)
    left_out = np.array([cohen_kappa(left[k], right[k], 3).value for k in keep])
    jackknife = np.sqrt(119 / 120 * np.square(left_out - left_out.mean()).sum())
    assert error_of(cohen_kappa(left, right, 3), 120) == pytest.approx(jackknife, rel=0.02)


@pytest.mark.parametrize("name", ["percent", "fleiss", "nominal", "ordinal", "taxonomy"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(name):
    f = COEFFICIENTS[name]
    truth = f(table(*drawn(99, n_items=200_000)[:3])).value
    found = [f(table(*drawn(seed, n_items=100)[:3])) for seed in range(300)]
    held = np.mean([e.low <= truth <= e.high for e in found])
    assert 0.91 <= held <= 0.985  # 95 % give or take three standard errors of 300 draws


def test_intervals_that_know_the_clusters_hold_the_truth_where_naive_ones_do_not():
    truth = np.mean(
        [
            krippendorff_alpha(table(*drawn(seed, 20_000, 2_000, hit=0.6)[:3])).value
            for seed in range(5)
        ]
    )
    held = np.zeros(2)
    for seed in range(200):
        item, annotator, label, group = drawn(seed, n_items=600, n_clusters=60, hit=0.6)
        counts = table(item, annotator, label)
        for n, groups in enumerate((None, group)):
            found = krippendorff_alpha(counts, nominal, groups)
            held[n] += found.low <= truth <= found.high
    naive, clustered = held / 200
    assert naive < 0.8
    assert clustered > 0.89
