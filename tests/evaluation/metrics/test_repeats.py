import json
import math

import numpy as np
import polars as pl
import pytest

from evaluation.answers.joining import stacked_repeats
from evaluation.comparing.comparison import (
    compare_repeats,
    compare_runs,
    kept_comparison,
    metrics_for,
)
from evaluation.comparing.leaderboard import leaderboard
from evaluation.loading import load_answers
from evaluation.metrics.bootstrap import bootstrap_estimates
from evaluation.metrics.metric import Sums, ratio_statistic
from evaluation.metrics.repeats import mean_of, repeated_estimate, spread_of
from evaluation.scores import score_categories, with_intervals
from evaluation.settings import CompareSettings, ScoreSettings

N = 240
IDS = [str(i) for i in range(N)]
GOLD = pl.DataFrame(
    {
        "example_id": IDS,
        "category_path": [["Shop", f"c{i % 5}"] for i in range(N)],
        "brand": [f"b{i // 6}" for i in range(N)],
    }
)


def answered(share, seed):
    right = np.random.default_rng(seed).random(N) < share
    paths = [["Shop", f"c{(i + (not ok)) % 5}"] for i, ok in enumerate(right)]
    return pl.DataFrame({"example_id": IDS, "category_path": paths})


def repeated(share, seeds):
    return pl.concat(
        answered(share, seed).with_columns(repeat=pl.lit(at)) for at, seed in enumerate(seeds)
    )


def load(**runs):
    return load_answers("classification", GOLD, runs, cluster_column="brand")


def statistics(*shares):
    clusters = np.arange(N) // 6
    rows = [(np.random.default_rng(i).random(N) < share) * 1.0 for i, share in enumerate(shares)]
    return [ratio_statistic(Sums(r, np.ones(N)), clusters, reason="") for r in rows], clusters


def test_a_run_with_repeats_is_scored_by_its_mean():
    loaded = load(run=repeated(0.7, range(3)))
    repeats = loaded.repeats["run"]
    alone = [score_categories(one).metrics["accuracy"].value for one in repeats]
    scores = with_intervals(
        score_categories(repeats[0]), metrics_for("classification", repeats), repeats
    )
    assert scores.metrics["accuracy"].value == pytest.approx(np.mean(alone))
    assert scores.n_repeats == 3
    assert scores.definitions["interval"].endswith("and to other repeats than these 3")
    assert any("3 repeats" in note for note in loaded.notes["run"])


def test_repeats_that_differ_widen_the_interval():
    near, clusters = statistics(0.7, 0.7, 0.7)
    far, _ = statistics(0.5, 0.7, 0.9)
    width = [e.high - e.low for e in (repeated_estimate(r, clusters) for r in (near, far))]
    assert width[1] > 1.5 * width[0]
    spread = spread_of(mean_of(far), [far], clusters)
    assert spread.df < 4  # Three repeats leave two degrees of freedom where they are most of it.


def test_identical_repeats_are_as_one_run():
    one, clusters = statistics(0.7)
    several = one * 4
    assert repeated_estimate(several, clusters).low == pytest.approx(one[0].estimate(clusters).low)


def test_an_undefined_repeat_leaves_the_mean_undefined():
    nothing = ratio_statistic(Sums(np.zeros(N), np.zeros(N)), None, reason="no answer")
    fine = ratio_statistic(Sums(np.ones(N), np.ones(N)), None, reason="")
    found = repeated_estimate([fine, nothing], None)
    assert math.isnan(found.value)
    assert found.reason == "no answer"


def test_two_sides_of_several_runs_are_compared_by_their_means():
    loaded = load(old=repeated(0.6, range(3)), new=repeated(0.85, range(10, 13)))
    found = compare_repeats("classification", *loaded.repeats.values())
    means = [np.mean([run.is_correct.mean() for run in runs]) for runs in loaded.repeats.values()]
    assert found.difference.value == pytest.approx(means[1] - means[0])
    assert found.p_method == "t test over groups and repeats"
    assert found.verdict == "better"
    assert "3 runs against 3" in found.sentence
    assert found.notes == []
    total = found.categories.select((pl.col("difference") * pl.col("n")).sum()).item() / N
    assert total == pytest.approx(found.difference.value)
    assert found.as_json()["n_runs"] == {"baseline": 3, "candidate": 3}


def test_one_run_against_several_says_what_is_not_known():
    loaded = load(old=answered(0.6, 0), new=repeated(0.85, (1, 2)))
    found = compare_repeats("classification", *loaded.repeats.values())
    assert found.notes == [
        "The baseline has one run: how far its other repeats would lie is not known."
    ]


def test_a_lucky_seed_is_better_alone_and_not_shown_among_its_repeats():
    loaded = load(
        old=repeated(0.7, (0, 1, 2)),
        new=pl.concat(
            answered(share, 20 + at).with_columns(repeat=pl.lit(at))
            for at, share in enumerate((0.9, 0.6, 0.68))
        ),
    )
    old, new = loaded.repeats.values()
    assert compare_runs("classification", old[0], new[0]).verdict == "better"
    assert compare_repeats("classification", old, new).verdict == "too few rows to tell"


def test_a_leaderboard_is_of_all_repeats_and_a_lucky_seed_leads_no_longer():
    loaded = load(
        old=repeated(0.7, (0, 1, 2)),
        new=pl.concat(
            answered(share, 20 + at).with_columns(repeat=pl.lit(at))
            for at, share in enumerate((0.9, 0.6, 0.68))
        ),
    )
    alone = leaderboard("classification", loaded.answers)
    assert not alone["is_tied_with_best"].all()
    table = leaderboard("classification", loaded.answers, repeats=loaded.repeats)
    assert table["is_tied_with_best"].all()
    means = {
        name: np.mean([run.is_correct.mean() for run in runs])
        for name, runs in loaded.repeats.items()
    }
    assert dict(table.select("run", "value").iter_rows()) == pytest.approx(means)


def test_the_bootstrap_of_repeats_is_as_wide_as_groups_and_repeats_make_it():
    loaded = load(old=repeated(0.6, (0, 1, 2)), new=repeated(0.85, (3, 4, 5)))
    sides = list(loaded.repeats.values())
    ours = compare_repeats("classification", *sides)
    theirs = compare_repeats(
        "classification", *sides, settings=CompareSettings(interval="bootstrap", n_resamples=2000)
    )
    assert theirs.notes == []
    assert theirs.difference != ours.difference
    width = ours.difference.high - ours.difference.low
    assert theirs.difference.high - theirs.difference.low == pytest.approx(width, rel=0.15)


def test_scores_of_repeats_can_ask_for_the_bootstrap():
    # The seeds lie 20 points apart: rows alone would give a tenth of that.
    far = pl.concat(
        answered(share, 20 + at).with_columns(repeat=pl.lit(at))
        for at, share in enumerate((0.9, 0.6, 0.7))
    )
    runs = load(run=far).repeats["run"]
    metrics = metrics_for("classification", runs)
    settings = ScoreSettings(interval="bootstrap", n_resamples=1999)
    found = bootstrap_estimates(metrics, runs, settings)["accuracy"]
    alone = bootstrap_estimates(metrics, runs[:1], settings)["accuracy"]
    ours = repeated_estimate([metrics["accuracy"].statistic(run) for run in runs], runs[0].clusters)
    assert found.value == pytest.approx(ours.value)
    assert found.high - found.low == pytest.approx(ours.high - ours.low, rel=0.3)
    assert found.high - found.low > 2 * (alone.high - alone.low)


def test_several_files_are_repeats_of_one_run():
    files = [
        pl.DataFrame(
            {"example_id": ["a"], "repeat": [repeat]}, schema_overrides={"repeat": pl.Int64}
        )
        for repeat in (None, 3)
    ]
    assert stacked_repeats(files)["repeat"].to_list() == [0, 7]


def test_a_comparison_that_was_kept_says_the_same():
    loaded = load(old=answered(0.6, 0), new=answered(0.7, 1))
    found = compare_runs("classification", *loaded.answers.values(), gates=["accuracy>=0"])
    tables = {name: getattr(found, name) for name in ("metrics", "categories", "flips")}
    again = kept_comparison(found.as_json(), tables, found.notes)
    told = [json.dumps(one.as_json()) for one in (again, found)]  # NaN is not equal to itself.
    assert told[0] == told[1]
    assert again.difference == found.difference


def test_how_small_a_difference_could_be_shown_is_said_of_every_comparison():
    loaded = load(old=answered(0.3, 0), new=answered(0.9, 1))
    found = compare_runs("classification", *loaded.answers.values())
    assert found.verdict == "better"
    points = f"{100 * found.smallest_effect:.1f} points"
    assert points in found.effect_sentence
    assert found.as_json()["smallest_effect_sentence"] == found.effect_sentence
