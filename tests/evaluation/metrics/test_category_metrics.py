import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from evaluation.loading import load_answers
from evaluation.metrics.category_metrics import category_metrics
from evaluation.scores import score_categories


def answers_of(gold, answers, *, brands=None, taxonomy=None, **columns):
    ids = [str(i) for i in range(len(gold))]
    rows = {"example_id": ids, "category_path": gold}
    if brands is not None:
        rows["brand"] = brands
    given = pl.DataFrame(
        {"example_id": ids, "category_path": answers, **columns},
        schema_overrides={"category_path": pl.List(pl.String)},
    )
    loaded = load_answers(
        "classification",
        pl.DataFrame(rows),
        {"run": given},
        taxonomy=taxonomy,
        cluster_column=None if brands is None else "brand",
    )
    return loaded.answers["run"]


def values_of(gold, answers, **more):
    scores = score_categories(answers_of(gold, answers, **more))
    return {name: estimate.value for name, estimate in scores.metrics.items()}


GOLD = [["E", "Audio"], ["E", "Audio"], ["E", "Video"], ["H", "Pots", "Clay"]]
ANSWERS = [["E", "Audio"], ["E", "Video"], None, ["H", "Pots", "Steel"]]


def test_metrics_by_hand():
    found = values_of(GOLD, ANSWERS)
    assert found["accuracy"] == 1 / 4
    # level 1: rows 1, 2 and 4 of 4; level 2: rows 1 and 4 of 4; level 3: the one row, wrong.
    assert found["accuracy_at_level.1"] == 3 / 4
    assert found["accuracy_at_level.2"] == 2 / 4
    assert found["accuracy_at_level.3"] == 0
    # shared nodes 2 + 1 + 0 + 2 = 5, answered 2 + 2 + 0 + 3 = 7, gold 2 + 2 + 2 + 3 = 9.
    assert found["hierarchical_precision"] == 5 / 7
    assert found["hierarchical_recall"] == 5 / 9
    assert found["hierarchical_f1"] == 10 / 16
    # Audio: 1 right, 2 gold, 1 answered: P 1, R 1/2, F1 2/3. Video: 0. Clay: 0.
    assert found["precision_macro"] == pytest.approx(1 / 3)
    assert found["recall_macro"] == pytest.approx(1 / 6)
    assert found["f1_macro"] == pytest.approx(2 / 9)
    assert found["f1_weighted"] == pytest.approx(2 / 4 * 2 / 3)
    assert found["coverage"] == 3 / 4
    assert found["out_of_taxonomy_rate"] == 1 / 4  # Steel is in no gold row.
    # Two wrong answers: Video for Audio is 2 edges, 1 level up; Steel for Clay the same.
    assert found["error_distance"] == 2
    assert found["error_height"] == 1


def test_one_leaf_name_under_two_parents_shares_nothing():
    found = values_of([["Garden", "Pots"]], [["Kitchen", "Pots"]])
    assert found["hierarchical_f1"] == 0
    assert found["accuracy_at_level.2"] == 0


def test_an_answer_that_stops_at_the_parent_is_precise_and_not_complete():
    # One of two gold nodes, both answered ones right: P 1, R 1/2, F1 2/3.
    found = values_of([["A", "B"]], [["A"]])
    assert found["hierarchical_precision"] == 1
    assert found["hierarchical_recall"] == 1 / 2
    assert found["hierarchical_f1"] == pytest.approx(2 / 3)
    assert found["accuracy"] == 0


def test_an_abstention_adds_nothing_and_never_raises():
    # Row 1 right, row 2 silent: shared 2, answered 2, gold 4.
    found = values_of([["A", "B"], ["A", "C"]], [["A", "B"], None])
    assert found["hierarchical_precision"] == 1
    assert found["hierarchical_recall"] == 1 / 2
    assert found["hierarchical_f1"] == pytest.approx(2 / 3)


def test_all_silent_is_undefined_where_it_divides_by_nothing_and_zero_elsewhere():
    scores = score_categories(answers_of([["A"], ["B"]], [None, None]))
    precision = scores.metrics["hierarchical_precision"]
    assert math.isnan(precision.value)
    assert precision.reason == "no row is answered"
    assert scores.metrics["hierarchical_f1"].value == 0
    assert scores.metrics["f1_macro"].value == 0
    assert scores.metrics["error_distance"].reason == "no answer is wrong"


def test_an_invalid_answer_is_wrong_but_no_class_of_its_own():
    # 100 rows, two classes of 50, one invalid. F1 of the one is 1, of the other
    # 2 * 49 / (50 + 49) = 98/99; their mean is .9949, not the .796 of a third class.
    gold = [["A"]] * 50 + [["B"]] * 50
    found = values_of(gold, [["A"]] * 50 + [["B"]] * 49 + [["INVALID"]])
    assert found["f1_macro"] == pytest.approx((1 + 98 / 99) / 2)
    assert round(found["f1_macro"], 4) == 0.9949
    raw = ["x"] * 99 + ["I do not know"]
    found = values_of(gold, [["A"]] * 50 + [["B"]] * 49 + [None], raw_output=raw)
    assert round(found["f1_macro"], 4) == 0.9949
    assert found["invalid_rate"] == 1 / 100


def test_valid_paths_are_those_of_the_taxonomy_where_one_is_given():
    tree = Taxonomy.from_paths([["A", "B"], ["A", "C"], ["D"]], name="mine")
    answers = answers_of([["A", "B"]] * 3, [["A", "C"], ["D"], ["Z"]], taxonomy=tree)
    scores = score_categories(answers)
    assert scores.metrics["out_of_taxonomy_rate"].value == pytest.approx(1 / 3)
    assert scores.definitions["valid categories"] == "the 4 categories of taxonomy mine 1"


def test_without_a_taxonomy_the_definitions_say_that_the_gold_decides():
    scores = score_categories(answers_of([["A", "B"]], [["A", "B"]]))
    assert "the 2 categories of the gold rows" in scores.definitions["valid categories"]


def test_names_that_hold_the_separator_stay_whole():
    found = values_of([["A", "B>C"], ["A", "B > C"]], [["A", "B>C"], ["A", "B", "C"]])
    assert found["accuracy"] == 1 / 2
    assert found["accuracy_at_level.2"] == 1 / 2


def test_paths_may_be_lists_joined_texts_or_json():
    for gold in (["A > B", "C"], [["A", "B"], ["C"]], ['["A", "B"]', '["C"]']):
        assert values_of(gold, [["A", "B"], ["C"]])["accuracy"] == 1


def test_gold_rows_without_a_category_are_left_out_aloud():
    gold = pl.DataFrame({"example_id": ["1", "2"], "category_path": [["A"], None]})
    loaded = load_answers("classification", gold, {"run": gold}, gold_name="gold.jsonl")
    assert loaded.answers["run"].n_rows == 1
    assert loaded.notes["run"][0].startswith("gold.jsonl: 1 rows without a category")
    with pytest.raises(InputError, match="no row has a category_path"):
        load_answers("classification", gold.tail(1), {"run": gold})


def test_gold_columns_named_as_prediction_columns_do_no_harm():
    gold = pl.DataFrame(
        {"example_id": ["1"], "category_path": [["A"]], "error": ["x"], "raw_output": ["y"]}
    )
    answers = pl.DataFrame({"example_id": ["1"], "category_path": [["A"]]})
    read = load_answers("classification", gold, {"run": answers}).answers["run"]
    assert read.outcomes.to_list() == ["answered"]


labels = st.integers(0, 6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=40))
def test_flat_metrics_are_scikit_learns(pairs):
    gold, answers = ([f"c{pair[side]}" for pair in pairs] for side in (0, 1))
    found = values_of([[g] for g in gold], [[a] for a in answers])
    kept = sorted(set(gold))
    for name, score, average in (
        ("precision_macro", precision_score, "macro"),
        ("recall_macro", recall_score, "macro"),
        ("f1_macro", f1_score, "macro"),
        ("f1_weighted", f1_score, "weighted"),
    ):
        expected = score(gold, answers, labels=kept, average=average, zero_division=0)
        assert found[name] == pytest.approx(expected), name


paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)


def prefixes(path):
    return {tuple(path[:n]) for n in range(1, len(path) + 1)}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(paths, st.none() | paths), min_size=1, max_size=25))
def test_hierarchical_metrics_are_those_of_sets_of_prefixes(pairs):
    gold, answers = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = values_of(gold, answers)
    alpha, beta = [prefixes(a or []) for a in answers], [prefixes(g) for g in gold]
    shared = sum(len(a & b) for a, b in zip(alpha, beta, strict=True))
    n_alpha, n_beta = sum(map(len, alpha)), sum(map(len, beta))
    if n_alpha:
        assert found["hierarchical_precision"] == pytest.approx(shared / n_alpha)
    else:
        assert math.isnan(found["hierarchical_precision"])
    assert found["hierarchical_recall"] == pytest.approx(shared / n_beta)
    assert found["hierarchical_f1"] == pytest.approx(2 * shared / (n_alpha + n_beta))
    assert found["accuracy"] == pytest.approx(np.mean([a == g for g, a in pairs]))
    for level in range(1, max(map(len, gold)) + 1):
        asked = [(g, a) for g, a in pairs if len(g) >= level]
        right = [(a or [])[:level] == g[:level] for g, a in asked]
        assert found[f"accuracy_at_level.{level}"] == pytest.approx(np.mean(right))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(paths, st.none() | paths, st.integers(0, 4)), min_size=1, max_size=25))
def test_influences_sum_to_zero_and_order_does_not_matter(rows):
    gold, answers, brands = (list(column) for column in zip(*rows, strict=True))
    one = answers_of(gold, answers, brands=brands)
    turned = answers_of(gold[::-1], answers[::-1], brands=brands[::-1])
    for name, metric in category_metrics(one.n_levels, one.tree.max_depth).items():
        statistic = metric.statistic(one)
        assert statistic.influence.sum() == pytest.approx(0, abs=1e-9), name
        here, there = (
            statistic.estimate(one.clusters),
            metric.statistic(turned).estimate(turned.clusters),
        )
        for end in ("value", "low", "high"):
            assert getattr(here, end) == pytest.approx(getattr(there, end), nan_ok=True), name


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(paths, st.none() | paths), min_size=1, max_size=25))
def test_what_errors_cost_is_that_of_a_slow_definition(pairs):
    found = values_of([g for g, _ in pairs], [a for _, a in pairs])
    shared = {(tuple(g), tuple(a)): len(prefixes(g) & prefixes(a)) for g, a in pairs if a}
    wrong = [(g, a, shared[tuple(g), tuple(a)]) for g, a in pairs if a and a != g]
    if wrong:
        edges = [len(g) + len(a) - 2 * both for g, a, both in wrong]
        assert found["error_distance"] == pytest.approx(np.mean(edges))
        assert found["error_height"] == pytest.approx(np.mean([len(g) - s for g, _, s in wrong]))
    alike = [2 * shared[tuple(g), tuple(a)] / (len(g) + len(a)) for g, a in pairs if a]
    assert found["semantic_f1"] == pytest.approx(2 * sum(alike) / (len(alike) + len(pairs)))
    assert found["coverage"] == pytest.approx(len(alike) / len(pairs))


def test_few_errors_that_are_alike_leave_their_distance_in_doubt():
    gold = [["A", "B", f"C{n % 4}"] for n in range(20)]
    answers = [list(path) for path in gold]
    answers[0] = ["A", "B", "other"]
    one = score_categories(answers_of(gold, answers)).metrics["error_distance"]
    assert (one.value, math.isnan(one.low)) == (2.0, True)
    assert one.reason == "no interval: 1 independent group"
    answers[5] = ["A", "B", "other"]
    two = score_categories(answers_of(gold, answers)).metrics["error_distance"]
    assert two.low < 1 < 2 == two.value < 4 < two.high
