import math

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.comparing.comparison import compare_runs
from evaluation.comparing.gates import gate_result, parse_gates
from evaluation.comparing.leaderboard import leaderboard
from evaluation.comparing.report_data import report_data
from evaluation.comparing.verdicts import sentence_of, verdict_of
from evaluation.loading import load_answers
from evaluation.reference_lines import CHANCE, MAJORITY, reference_lines
from evaluation.scores import score_categories
from evaluation.settings import CompareSettings
from stats.estimate import Estimate


def load(right, *, brands=None, n_classes=5):
    """Runs by name, each given by which rows are right; wrong answers are of another class."""
    n = len(next(iter(right.values())))
    ids = [str(i) for i in range(n)]
    paths = [["Shop", f"c{i % n_classes}"] for i in range(n)]
    other = [["Shop", f"c{(i + 1) % n_classes}"] for i in range(n)]
    gold = pl.DataFrame({"example_id": ids, "category_path": paths})
    if brands is not None:
        gold = gold.with_columns(pl.Series("brand", brands))
    runs = {
        name: pl.DataFrame(
            {
                "example_id": ids,
                "category_path": [
                    p if ok else o for p, o, ok in zip(paths, other, hits, strict=True)
                ],
            }
        )
        for name, hits in right.items()
    }
    column = None if brands is None else "brand"
    return load_answers("classification", gold, runs, cluster_column=column).answers


def compare(right, **options):
    brands = options.pop("brands", None)
    answers = load(right, brands=brands)
    one, two = answers.values()
    return compare_runs("classification", one, two, **options)


def hits(n, *wrong):
    return [i not in wrong for i in range(n)]


def test_identical_runs_are_tied_with_p_1():
    found = compare({"a": hits(50, 1, 2), "b": hits(50, 1, 2)})
    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)
    assert (found.p_value, found.verdict, found.n_fixed, found.n_broken) == (1, "tied", 0, 0)
    assert found.sentence == ("The two are tied: the same answer on all 50 rows; accuracy 96.0 %.")


def test_seven_fixed_and_one_broken_is_mcnemars_p():
    # 7 against 1 of 8: 2 * (C(8,0) + C(8,1)) / 2^8 = 18 / 256 = .0703.
    found = compare({"a": hits(100, 0, 1, 2, 3, 4, 5, 6), "b": hits(100, 7)})
    assert found.p_value == pytest.approx(18 / 256)
    assert found.p_method == "exact McNemar test"
    assert (found.n_fixed, found.n_broken) == (7, 1)
    assert found.difference.value == pytest.approx(6 / 100)
    assert found.verdict == "too few rows to tell"


def test_the_interval_of_a_difference_is_the_paired_one():
    # d = +1 seven times, -1 once, 0 else, of 100: mean .06, variance of the mean by rows.
    found = compare({"a": hits(100, 0, 1, 2, 3, 4, 5, 6), "b": hits(100, 7)})
    moved = np.array([1] * 7 + [-1] + [0] * 92)
    error = moved.std(ddof=1) / 10
    half = 1.98421695  # Student's t at .975 with 99 degrees of freedom.
    assert found.difference.low == pytest.approx(0.06 - half * error)
    assert found.difference.high == pytest.approx(0.06 + half * error)


def test_a_better_candidate_says_so_in_one_sentence():
    brands = [f"b{i % 40}" for i in range(400)]
    generator = np.random.default_rng(0)
    before = generator.random(400) < 0.7
    after = before | (generator.random(400) < 0.3)
    found = compare({"a": before, "b": after}, brands=brands, cluster_name="brand")
    assert found.verdict == "better"
    assert found.n_clusters == 40
    assert found.p_method == "exact paired randomisation of clusters"
    told = found.sentence
    assert told.startswith("The candidate is better: accuracy ")
    assert "on 400 rows of 40 brands; " in told
    assert told.endswith(f"{found.n_fixed} rows fixed, 0 broken.")
    assert compare({"a": after, "b": before}, brands=brands).verdict == "worse"


def test_rows_of_one_brand_do_not_make_a_difference_sure():
    # Forty rows fixed, all of one brand of two: as rows p is 2 / 2^40, as brands it is 1.
    right = {"a": [False] * 40 + [True] * 40, "b": [True] * 80}
    assert compare(right).verdict == "better"
    clustered = compare(right, brands=["x"] * 40 + ["y"] * 40)
    assert clustered.p_value == 1
    assert clustered.verdict == "too few rows to tell"


def test_one_cluster_has_no_interval_and_no_verdict():
    found = compare({"a": hits(9, 0), "b": hits(9, 1, 2)}, brands=["x"] * 9)
    assert math.isnan(found.difference.low)
    assert found.difference.reason == "no interval: 1 independent group"
    assert found.verdict == "too few rows to tell"


def test_a_difference_that_every_row_shows_is_not_certain():
    # 8 of 8 fixed: the standard error is 0. The share fixed may be as low as .025 ** (1/8) = .63,
    # and all others broken: .63 - .37.
    found = compare({"a": [False] * 8, "b": [True] * 8})
    assert found.difference.low == pytest.approx(2 * 0.025 ** (1 / 8) - 1)
    assert found.difference.high == 1
    assert found.p_value == pytest.approx(2 / 2**8)
    assert found.verdict == "better"


def test_the_smallest_effect_falls_with_the_root_of_the_rows():
    wrong = {"a": [i % 10 != 0 for i in range(200)], "b": [i % 10 != 1 for i in range(200)]}
    many = {name: values * 16 for name, values in wrong.items()}
    small, large = compare(wrong), compare(many)
    assert small.verdict == "too few rows to tell"
    assert f"{100 * small.smallest_effect:.1f} points or more, four times in five" in small.sentence
    assert large.smallest_effect == pytest.approx(small.smallest_effect / 4, rel=0.02)


@pytest.mark.parametrize(
    ("low", "high", "p_value", "verdict"),
    [
        (0.02, 0.05, 0.001, "better"),
        (-0.05, -0.02, 0.001, "worse"),
        (-0.009, 0.008, 0.9, "tied"),
        (0.001, 0.009, 0.01, "better"),
        (-0.02, 0.03, 0.6, "too few rows to tell"),
        (0.001, 0.03, 0.07, "too few rows to tell"),
        (-0.001, 0.03, 0.04, "too few rows to tell"),
        (math.nan, math.nan, 0.01, "too few rows to tell"),
    ],
)
def test_the_verdict_needs_the_interval_and_the_p(low, high, p_value, verdict):
    found = Estimate((low + high) / 2, low, high, n=100)
    assert verdict_of(found, p_value, is_identical=False, margin=0.01) == verdict


def test_a_metric_of_which_less_is_better_turns_the_verdict():
    found = Estimate(-0.05, -0.07, -0.03, n=100)
    told = {
        way: verdict_of(found, 0.001, is_identical=False, margin=0.01, higher_is_better=way)
        for way in (True, False)
    }
    assert told == {True: "worse", False: "better"}


def test_the_sentence_says_verdict_difference_interval_and_what_changed():
    told = sentence_of(
        "better",
        "accuracy",
        Estimate(0.791, 0.76, 0.82, 1204),
        Estimate(0.842, 0.81, 0.87, 1204),
        Estimate(0.051, 0.029, 0.073, 1204, n_clusters=187),
        0.00043,
        is_share=True,
        is_identical=False,
        margin=0.01,
        smallest_effect=0.03,
        n_rows=1204,
        cluster_name="brand",
        n_fixed=92,
        n_broken=31,
    )
    assert told == (
        "The candidate is better: accuracy 84.2 % against 79.1 %, +5.1 points (95 % interval "
        "+2.9 to +7.3, p = .0004) on 1,204 rows of 187 brands; 92 rows fixed, 31 broken."
    )


def test_gates_hold_the_unfavourable_bound():
    shown = Estimate(0.02, -0.01, 0.05, n=100)
    held = {
        text: gate_result(gate, shown).is_passed
        for text, gate in [
            (t, parse_gates([t], ["f1"])[0])
            for t in ("f1>=0", "f1 >= -0.01", "f1>-0.01", "f1<=0.05", "f1<0.05", "f1<=0.04")
        ]
    }
    assert held == {
        "f1>=0": False, "f1 >= -0.01": True, "f1>-0.01": False,
        "f1<=0.05": True, "f1<0.05": False, "f1<=0.04": False,
    }  # fmt: skip
    unknown = Estimate.undefined("no rows")
    assert not gate_result(parse_gates(["f1>=-1"], ["f1"])[0], unknown).is_passed


@pytest.mark.parametrize(
    "text", ["accuracy", "accuracy=>0", "accuracy>=", ">=0", "accuracy>=1.2.3"]
)
def test_a_gate_that_is_none_is_refused(text):
    with pytest.raises(InputError, match="gate"):
        parse_gates([text], ["accuracy"])


def test_gates_of_a_comparison_decide_whether_it_is_passed():
    right = {"a": hits(200, *range(40)), "b": hits(200, *range(10))}
    found = compare(right, gates=["accuracy>=0.05", "invalid_rate<=0.05", "f1_macro>=0.5"])
    assert [gate.is_passed for gate in found.gates] == [True, True, False]
    assert not found.is_passed
    with pytest.raises(InputError, match="no metric 'acc'"):
        compare(right, gates=["acc>=0"])
    with pytest.raises(InputError, match="no metric 'acc' for classification"):
        compare(right, metric="acc")


def test_flips_are_the_rows_that_changed_sides():
    found = compare({"a": hits(6, 0, 1), "b": hits(6, 1, 5)})
    assert found.flips.select("example_id", "change", "gold", "baseline", "candidate").rows() == [
        ("0", "fixed", "Shop > c0", "Shop > c1", "Shop > c0"),
        ("5", "broken", "Shop > c0", "Shop > c0", "Shop > c1"),
    ]


def test_the_category_table_can_be_of_any_level():
    right = {"a": hits(20, 0, 1), "b": hits(20)}
    leaves = compare(right).categories
    roots = compare(right, settings=CompareSettings(level=1)).categories
    assert leaves["n"].to_list() == [4] * 5
    assert roots.select("category", "n").rows() == [("Shop", 20)]
    assert roots["difference"][0] == pytest.approx(2 / 20)


def test_every_metric_is_compared_and_the_chosen_one_tested():
    found = compare({"a": hits(60, 1, 2, 3), "b": hits(60, 4)}, metric="f1_macro")
    assert "paired randomisation" in found.p_method
    table = {row["metric"]: row for row in found.metrics.iter_rows(named=True)}
    assert table["accuracy"]["difference"] == pytest.approx(2 / 60)
    assert table["f1_macro"]["difference"] == pytest.approx(found.difference.value)
    assert math.isnan(table["valid_json_rate"]["difference"])
    assert not table["invalid_rate"]["higher_is_better"]


def test_swapping_the_runs_turns_the_sign_and_keeps_the_p():
    right = {"a": hits(60, 1, 2, 3), "b": hits(60, 4)}
    for metric in ("accuracy", "f1_macro", "hierarchical_f1"):
        one = compare(right, metric=metric)
        other = compare(dict(reversed(right.items())), metric=metric)
        assert one.difference.low == pytest.approx(-other.difference.high)
        assert one.p_value == pytest.approx(other.p_value)
        assert (one.n_fixed, one.n_broken) == (other.n_broken, other.n_fixed)


def test_runs_that_cannot_be_told_apart_share_a_rank():
    generator = np.random.default_rng(1)
    best = generator.random(500) < 0.9
    near = best.copy()
    near[:2] = ~near[:2]
    poor = generator.random(500) < 0.5
    table = leaderboard(
        "classification", load({"poor": poor, "near": near, "best": best, "same": best})
    )
    assert dict(table.select("run", "rank").iter_rows()) == {
        "best": 1,
        "same": 1,
        "near": 1,
        "poor": 4,
    }
    assert table["run"][-1] == "poor"
    assert table["value"].to_list() == sorted(table["value"], reverse=True)
    last = table.row(-1, named=True)
    assert last["difference_high"] < 0
    assert last["p_holm"] < 0.001


def test_a_leaderboard_of_no_runs_is_empty():
    assert leaderboard("classification", {}).is_empty()


def test_chance_and_majority_are_what_a_guess_would_score():
    gold = pl.DataFrame(
        {
            "example_id": list("12345"),
            "category_path": [["A", "x"], ["A", "y"], ["A", "y"], ["B", "z"], ["B"]],
        }
    )
    answers = load_answers("classification", gold, {"run": gold}).answers["run"]
    lines = reference_lines(answers, "A > y")
    # Four classes (A > x, A > y, B > z, B): a guess is right once in 4. Level 1: 2 of 4 for every
    # row. Level 2: 1 of 4 for every row that has one.
    assert lines[CHANCE] == {
        "accuracy": 1 / 4, "accuracy_at_level.1": 1 / 2, "accuracy_at_level.2": 1 / 4,
    }  # fmt: skip
    assert lines[MAJORITY]["accuracy"] == 2 / 5
    # F1 of A > y: 2 * 2 / (2 + 5) = 4/7, of the three others 0.
    assert lines[MAJORITY]["f1_macro"] == pytest.approx(4 / 7 / 4)
    assert set(reference_lines(answers)) == {CHANCE}


def test_a_report_holds_the_answer_and_what_it_rests_on():
    answers = load({"base": hits(40, 0, 1, 2), "new": hits(40, 3)})
    found = compare_runs("classification", answers["base"], answers["new"])
    scores = [score_categories(run) for run in answers.values()]
    report = report_data(found, tuple(scores), names=("base", "new"), hashes={"gold": "abc"})
    assert report.sentence == found.sentence
    assert report.levels["level"].to_list() == [1, 2]
    assert report.outcomes.filter(outcome="answered").row(0) == ("answered", 40, 40)
    assert (report.fixed.height, report.broken.height) == (3, 1)
    assert report.hashes == {"gold": "abc"}
    assert report.as_json()["metrics"][0]["metric"] == "accuracy"
