from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from evaluation.metrics.class_metrics import ClassMetric, class_clusters, class_counts
from evaluation.metrics.metric import RatioMetric, Sums

METRICS = [
    ClassMetric("precision", "", "precision"),
    ClassMetric("recall", "", "recall"),
    ClassMetric("f1", "", "f1"),
    ClassMetric("weighted", "", "f1", is_weighted=True),
]


class Answers(SimpleNamespace):
    """Gold classes without gaps; answers as classes of the gold, else -1."""

    def __init__(self, gold, answer, clusters=None):
        named, gold_classes = np.unique(gold, return_inverse=True)
        codes = {name: code for code, name in enumerate(named)}
        answer_classes = np.array([codes.get(name, -1) for name in answer])
        super().__init__(
            gold=np.array(gold),
            answer=np.array(answer),
            gold_classes=gold_classes,
            answer_classes=answer_classes,
            clusters=None if clusters is None else np.unique(clusters, return_inverse=True)[1],
        )

    @property
    def class_clusters(self):
        return class_clusters(self.gold_classes, self.answer_classes, self.clusters)


def drawn(seed, n=60, n_classes=15, n_clusters=12):
    generator = np.random.default_rng(seed)
    clusters = generator.integers(0, n_clusters, n)
    gold = generator.integers(0, n_classes, n)
    answers = [
        np.where(generator.random(n) < q, gold, generator.integers(0, n_classes + 2, n))
        for q in (0.5, 0.7)
    ]
    return gold, answers, clusters


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
@pytest.mark.parametrize("by_cluster", [True, False])
def test_the_influence_of_a_cluster_is_what_leaving_it_out_changes(metric, by_cluster):
    gold, (answer, _), clusters = drawn(1)
    codes = clusters if by_cluster else np.arange(len(gold))
    names = np.unique(codes)
    without = np.array(
        [metric.value(class_counts(Answers(gold[codes != c], answer[codes != c]))) for c in names]
    )
    expected = (without.mean() - without) * (len(names) - 1) / len(names)
    statistic = metric.statistic(Answers(gold, answer, clusters if by_cluster else None))
    sums = [statistic.influence[codes == c].sum() for c in names]
    assert sums == pytest.approx(expected)
    assert statistic.value == pytest.approx(metric.value(class_counts(Answers(gold, answer))))


def test_classes_of_one_row_do_not_make_the_interval_vanish():
    # Forty classes of one row: a first-order influence would be 0 for every row.
    gold = np.arange(40)
    answer = np.where(gold < 30, gold, -1)
    found = ClassMetric("recall", "", "recall").statistic(Answers(gold, answer)).estimate(None)
    # Here recall of each class is 0 or 1: the interval is that of a share of 30 / 40 (.59 to .87).
    assert (found.low, found.high) == (
        pytest.approx(0.587, abs=0.01),
        pytest.approx(0.865, abs=0.01),
    )


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_the_drawn_p_is_close_to_the_p_over_all_swaps(metric):
    gold, (baseline, candidate), clusters = drawn(2, n_clusters=9)
    one, two = Answers(gold, baseline, clusters), Answers(gold, candidate, clusters)
    observed = metric.value(class_counts(two)) - metric.value(class_counts(one))
    differences = []
    for swap in product([False, True], repeat=9):
        swapped = np.array(swap)[clusters]
        ours, theirs = (
            np.where(swapped, baseline, candidate),
            np.where(swapped, candidate, baseline),
        )
        differences.append(
            metric.value(class_counts(Answers(gold, ours)))
            - metric.value(class_counts(Answers(gold, theirs)))
        )
    exact = np.mean(np.abs(differences) >= abs(observed) - 1e-12)
    tested = metric.test(one, two, n_draws=10_000, seed=0)
    assert tested.p_value == pytest.approx(exact, abs=0.02)
    assert tested.method == "paired randomisation of clusters, 10,000 draws"
    assert metric.test(two, one, n_draws=10_000, seed=0).p_value == pytest.approx(exact, abs=0.02)


def test_a_ratio_is_tested_by_swapping_the_sums_of_clusters():
    generator = np.random.default_rng(3)
    clusters = np.repeat(np.arange(8), 5)
    runs = [
        SimpleNamespace(
            n=generator.integers(0, 3, 40).astype(float), d=np.full(40, 2.0), clusters=clusters
        )
        for _ in range(2)
    ]
    runs[1].d = generator.integers(1, 3, 40).astype(float)
    metric = RatioMetric("ratio", "", lambda run: Sums(run.n, run.d))
    observed = runs[1].n.sum() / runs[1].d.sum() - runs[0].n.sum() / runs[0].d.sum()
    differences = []
    for swap in product([False, True], repeat=8):
        swapped = np.array(swap)[clusters]
        n1, n2 = np.where(swapped, runs[0].n, runs[1].n), np.where(swapped, runs[1].n, runs[0].n)
        d1, d2 = np.where(swapped, runs[0].d, runs[1].d), np.where(swapped, runs[1].d, runs[0].d)
        differences.append(n1.sum() / d1.sum() - n2.sum() / d2.sum())
    exact = np.mean(np.abs(differences) >= abs(observed) - 1e-12)
    assert metric.test(*runs, n_draws=10_000, seed=1).p_value == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_the_same_answers_cannot_differ(metric):
    gold, (answer, _), clusters = drawn(6)
    one = Answers(gold, answer, clusters)
    assert metric.test(one, one, n_draws=999, seed=0).p_value == 1


def test_too_much_work_is_done_by_a_t_test_that_says_so(monkeypatch):
    gold, (baseline, candidate), clusters = drawn(7)
    monkeypatch.setattr("evaluation.metrics.randomisation.WORK", 1000)
    tested = METRICS[2].test(
        Answers(gold, baseline, clusters), Answers(gold, candidate, clusters), n_draws=9999, seed=0
    )
    assert tested.method == "cluster-robust t test"
    assert 0 < tested.p_value < 1


def clustered_draw(generator, n_clusters=80, n_classes=150):
    """Brands of 1 to 11 rows in three categories each, each brand with a quality of its own."""
    sizes = generator.integers(1, 12, n_clusters)
    clusters = np.repeat(np.arange(n_clusters), sizes)
    homes = generator.integers(0, n_classes, (n_clusters, 3))
    gold = homes[clusters, generator.integers(0, 3, len(clusters))]
    quality = generator.beta(0.35, 0.15, n_clusters)[clusters]
    hit = generator.random(len(clusters)) < quality
    return gold, np.where(hit, gold, generator.integers(0, n_classes, len(clusters))), clusters


def accuracy(answers):
    right = answers.gold == answers.answer
    return Sums(right.astype(float), np.ones(len(right)))


@pytest.mark.parametrize("name", ["accuracy", "f1"])
def test_intervals_cover_what_they_promise_on_clustered_rows_and_naive_ones_do_not(name):
    metric = RatioMetric("accuracy", "", accuracy) if name == "accuracy" else METRICS[2]
    generator = np.random.default_rng(11)
    robust, naive = [], []
    for _ in range(600):
        gold, answer, clusters = clustered_draw(generator)
        robust.append(metric.statistic(Answers(gold, answer, clusters)).estimate(clusters))
        naive.append(metric.statistic(Answers(gold, answer)).estimate(None))
    truth = np.mean([estimate.value for estimate in robust])

    def covered(estimates):
        return np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])

    assert 0.93 <= covered(robust) <= 0.97
    assert covered(naive) < 0.85
