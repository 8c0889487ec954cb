from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from evaluation.comparing.comparison import compare_runs
from evaluation.loading import load_answers
from evaluation.metrics.bootstrap import metric_estimates, resampled_metrics
from evaluation.metrics.calibration import MOST_GROUPS, calibration_metrics, sure_cells
from evaluation.metrics.category_metrics import category_metrics
from evaluation.metrics.class_metrics import ClassMetric, class_clusters
from evaluation.metrics.metric import RatioMetric, Sums
from evaluation.metrics.summed_metric import SummedMetric
from evaluation.published import DEFINITIONS
from evaluation.settings import CompareSettings, ScoreSettings
from evaluation.tasks import TASKS
from stats.bootstrap import cluster_weights


def made(seed=0, n=300, n_classes=7, n_clusters=30):
    generator = np.random.default_rng(seed)
    gold = generator.integers(0, n_classes, n)
    gold[:n_classes] = np.arange(n_classes)
    answer = np.where(generator.random(n) < 0.7, gold, generator.integers(-1, n_classes, n))
    clusters = np.r_[np.arange(n_clusters), generator.integers(0, n_clusters, n - n_clusters)]
    return SimpleNamespace(
        gold_classes=gold,
        answer_classes=answer,
        clusters=clusters,
        class_clusters=class_clusters(gold, answer, clusters),
    )


METRICS = {
    "accuracy": RatioMetric(
        "accuracy",
        "",
        lambda a: Sums((a.gold_classes == a.answer_classes) * 1.0, np.ones(len(a.gold_classes))),
    ),
    "macro": ClassMetric("macro", "", "f1"),
    "weighted": ClassMetric("weighted", "", "f1", True),
}


def slow(answers, weights):
    """Accuracy, macro F1 and weighted F1 of one resample, row by row."""
    gold, answer = answers.gold_classes, answers.answer_classes
    rows = [r for r in range(len(gold)) for _ in range(int(weights[answers.clusters[r]]))]
    g, a = gold[rows], answer[rows]
    scores, sizes = [], []
    for k in sorted(set(g.tolist())):
        right, below = ((g == k) & (a == k)).sum(), (g == k).sum() + (a == k).sum()
        scores.append(2 * right / below)
        sizes.append((g == k).sum())
    return [(g == a).mean(), np.mean(scores), np.average(scores, weights=sizes)]


def test_each_resample_is_what_counting_its_rows_again_gives():
    answers = made()
    found = resampled_metrics(METRICS, answers, n_resamples=20, seed=4)
    for metric, at_once in (("accuracy", None), ("macro", 64), ("weighted", 64)):
        drawn = np.concatenate(list(cluster_weights(30, 20, seed=4, at_once=at_once)))
        expected = [slow(answers, weights)[list(METRICS).index(metric)] for weights in drawn]
        assert found[metric] == pytest.approx(expected, abs=1e-6)


def sure(seed=0, n=240, n_clusters=24):
    """Answers with a confidence, some without one, many alike."""
    generator = np.random.default_rng(seed)
    confidence = np.round(generator.random(n), 2)
    confidence[generator.random(n) < 0.1] = np.nan
    right = generator.random(n) < np.nan_to_num(confidence, nan=0.3) ** 1.5
    clusters = np.r_[np.arange(n_clusters), generator.integers(0, n_clusters, n - n_clusters)]
    return SimpleNamespace(confidence=confidence, is_correct=right, clusters=clusters)


SURE = {m.name: m for m in calibration_metrics() if m.name != "brier_score"}


def test_confidences_on_a_resample_are_measured_as_on_its_rows():
    answers = sure()
    found = resampled_metrics(SURE, answers, n_resamples=12, seed=4)
    assert list(found) == list(SURE)
    drawn = np.concatenate(list(cluster_weights(24, 12, seed=4, at_once=64)))
    for at, weights in enumerate(drawn):
        rows = np.repeat(np.arange(240), weights[answers.clusters].astype(int))
        again = SimpleNamespace(
            confidence=answers.confidence[rows], is_correct=answers.is_correct[rows], clusters=None
        )
        for name, metric in SURE.items():
            assert found[name][at] == pytest.approx(metric.statistic(again).value, abs=1e-5), name


def test_thinned_places_leave_the_area_as_it_is():
    generator = np.random.default_rng(3)
    n = 3 * MOST_GROUPS
    confidence = generator.random(n)
    answers = SimpleNamespace(
        confidence=confidence, is_correct=generator.random(n) < confidence, clusters=None
    )
    cells = sure_cells(answers)
    assert cells.groups.max() < MOST_GROUPS
    sums = np.stack([np.bincount(cells.groups, part) for part in cells.parts])[:, :, None]
    for name, metric in SURE.items():
        value = metric.statistic(answers).value
        assert metric.values(sums)[0] == pytest.approx(value, abs=1e-3), name


def test_the_macro_of_hierarchical_f1_is_resampled_as_its_rows_give_it():
    answers = runs(120)["a"]
    metric = category_metrics(answers.n_levels)["hierarchical_f1_macro"]
    found = resampled_metrics({"m": metric}, answers, n_resamples=8, seed=2)["m"]
    drawn = np.concatenate(list(cluster_weights(15, 8, seed=2, at_once=64)))
    for at, weights in enumerate(drawn):
        rows = np.repeat(np.arange(120), weights[answers.clusters].astype(int))
        again = replace(
            answers, gold=answers.gold[rows], answer=answers.answer[rows], clusters=None
        )
        assert found[at] == pytest.approx(metric.statistic(again).value, abs=1e-6)


def test_the_interval_of_ece_takes_back_what_chance_adds():
    generator = np.random.default_rng(0)
    confidence = generator.random(600)
    answers = SimpleNamespace(
        confidence=confidence, is_correct=generator.random(600) < confidence,
        clusters=np.arange(600) // 4,
    )  # fmt: skip
    settings = ScoreSettings(interval="bootstrap", n_resamples=999)
    found = metric_estimates({"ece": SURE["ece"]}, answers, settings)["ece"]
    ours = metric_estimates({"ece": SURE["ece"]}, answers)["ece"]
    # The truth is 0: these rows are calibrated, and .057 is what 15 bins of 40 rows add.
    assert found.value > 0.05
    assert found.low < 0.01 < ours.low
    assert found.high < ours.high


def test_every_metric_of_every_task_has_a_bootstrap():
    answers = runs()["a"]
    metrics = category_metrics(answers.n_levels, answers.tree.max_depth)
    assert set(resampled_metrics(metrics, answers, n_resamples=10)) == set(metrics)
    for task, kind in TASKS.items():
        if task != "answers":
            frame = pl.DataFrame({"example_id": ["1"], **GOLDS[task]})
            loaded = load_answers(
                task, frame, {"r": pl.DataFrame({"example_id": ["1"], "raw_output": ["A"]})}
            )
            run = loaded.answers["r"]
            wanted = kind.metrics([run])
            assert set(resampled_metrics(wanted, run, n_resamples=5)) == set(wanted), task
    for definition in DEFINITIONS.values():
        for metric in definition.metrics.values():
            plain = getattr(metric, "unrounded", metric)
            assert isinstance(plain, RatioMetric | SummedMetric) or hasattr(plain, "cells")


GOLDS = {
    "labels": {"label": ["E"]},
    "pairs": {"label": ["yes"]},
    "ranking": {"label": ['["E", "S"]']},
    "recommendation": {"label": ["A"]},
    "tags": {"label": ['["red"]']},
    "json_validity": {},
}


def test_a_difference_of_two_runs_on_the_same_resamples_is_paired():
    one, other = made(), made()
    other.answer_classes = np.where(np.arange(300) % 50 == 0, -1, other.answer_classes)
    other.class_clusters = class_clusters(other.gold_classes, other.answer_classes, other.clusters)
    moved = [resampled_metrics(METRICS, run, n_resamples=999, seed=1) for run in (one, other)]
    alone = moved[0]["accuracy"].std()
    assert (moved[0]["accuracy"] - moved[1]["accuracy"]).std() < alone / 2


def runs(n=400):
    generator = np.random.default_rng(7)
    ids = [str(i) for i in range(n)]
    paths = [["Shop", f"c{i % 6}"] for i in range(n)]
    gold = pl.DataFrame(
        {"example_id": ids, "category_path": paths, "brand": [f"b{i // 8}" for i in range(n)]}
    )
    given = {
        name: gold.with_columns(
            category_path=pl.Series(
                [p if ok else ["Shop", "c0"] for p, ok in zip(paths, hits, strict=True)]
            )
        ).drop("brand")
        for name, hits in (
            ("a", generator.random(n) < 0.7),
            ("b", generator.random(n) < 0.8),
        )
    }
    return load_answers("classification", gold, given, cluster_column="brand").answers


def test_both_kinds_of_interval_agree_where_groups_are_many_and_alike():
    answers = runs()["a"]
    metrics = category_metrics(answers.n_levels, answers.tree.max_depth)
    ours = metric_estimates(metrics, answers)
    theirs = metric_estimates(metrics, answers, ScoreSettings(interval="bootstrap"))
    for name in ("accuracy", "f1_macro", "recall_macro"):
        assert theirs[name].value == ours[name].value
        width = ours[name].high - ours[name].low
        assert theirs[name].high - theirs[name].low == pytest.approx(width, rel=0.25)
        assert theirs[name] != ours[name]


def test_a_comparison_can_ask_for_the_bootstrap():
    one, two = runs().values()
    ours = compare_runs("classification", one, two)
    theirs = compare_runs(
        "classification", one, two, settings=CompareSettings(interval="bootstrap", n_resamples=2000)
    )
    assert theirs.difference.value == ours.difference.value
    assert theirs.difference.low == pytest.approx(ours.difference.low, abs=0.01)
    assert theirs.difference.low != ours.difference.low
    assert theirs.p_value == ours.p_value
