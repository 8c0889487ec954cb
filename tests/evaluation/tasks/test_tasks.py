import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    f1_score,
    label_ranking_average_precision_score,
    ndcg_score,
    precision_score,
    recall_score,
)
from sklearn.preprocessing import MultiLabelBinarizer

from catalog.errors import InputError
from evaluation.comparing.comparison import compare_runs
from evaluation.loading import load_answers
from evaluation.scores import score_task
from evaluation.tasks import TASKS
from evaluation.tasks.labels import CHANCE, MAJORITY
from evaluation.tasks.pairs import ALWAYS_YES
from evaluation.tasks.ranking import AS_LISTED


def loaded(task, labels, answers):
    ids = [str(n) for n in range(len(answers))]
    gold = pl.DataFrame({"example_id": ids, **({} if labels is None else {"label": labels})})
    columns = {"example_id": ids, "raw_output": answers}
    run = pl.DataFrame(columns, schema_overrides={"raw_output": pl.String})
    return load_answers(task, gold, {"run": run}).answers["run"]


def values(task, labels, answers):
    answered = loaded(task, labels, answers)
    metrics = TASKS[task].metrics([answered])
    return {name: metric.statistic(answered).value for name, metric in metrics.items()}


def test_an_invalid_answer_is_no_class_of_its_own():
    labels = ["E"] * 25 + ["S"] * 25 + ["C"] * 25 + ["I"] * 25
    found = values("labels", labels, ["something else", *labels[1:]])
    assert round(found["f1_macro"], 4) == 0.9949
    counted_as_class = f1_score(labels, ["INVALID", *labels[1:]], average="macro")
    assert round(counted_as_class, 3) == 0.796
    assert found["accuracy"] == 0.99
    assert found["invalid_rate"] == 0.01


@given(st.data())
def test_macro_and_micro_f1_are_scikit_learns(data):
    labels = data.draw(st.lists(st.sampled_from("ESCI"), min_size=1, max_size=30))
    answers = data.draw(
        st.lists(st.sampled_from(sorted(set(labels))), min_size=len(labels), max_size=len(labels))
    )
    found = values("labels", labels, answers)
    expected = f1_score(labels, answers, average="macro", labels=sorted(set(labels)))
    assert found["f1_macro"] == pytest.approx(expected)
    assert found["f1_micro"] == pytest.approx(f1_score(labels, answers, average="micro"))


def test_every_gold_row_counts():
    ids = ["1", "2", "3", "4", "5"]
    gold = pl.DataFrame({"example_id": ids, "label": ["positive", "negative"] * 2 + ["positive"]})
    run = pl.DataFrame(
        {
            "example_id": ids[:4],
            "raw_output": ["Positive.", '{"label": "negative"}', None, "fine"],
            "finish_reason": [None, None, "content_filter", None],
        }
    )
    answered = load_answers("labels", gold, {"run": run}).answers["run"]
    assert answered.outcomes.to_list() == ["answered", "answered", "refused", "invalid", "missing"]
    scores = score_task("labels", answered)
    assert scores.metrics["accuracy"].value == 2 / 5
    assert scores.counts == {"negative": 2, "positive": 3}
    assert scores.confusion["n"].sum() == 5
    assert scores.categories["support"].to_list() == [2, 3]


def test_lettered_options_are_read_by_their_letter():
    labels = ["A: The product is relevant.", "B: somewhat", "C: not"]
    found = values("labels", labels, ["A", "(B) somewhat relevant", "Cannot tell"])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["invalid_rate"] == pytest.approx(1 / 3)


def test_chance_and_majority_of_labels():
    lines = TASKS["labels"].reference_lines(loaded("labels", ["E", "E", "E", "S"], ["E"] * 4))
    assert lines[CHANCE]["accuracy"] == 0.5
    assert lines[MAJORITY]["accuracy"] == 0.75
    assert lines[MAJORITY]["f1_macro"] == pytest.approx((6 / 7) / 2)  # 2*3/(3+4), and 0


def test_pairs_by_hand():
    labels = ["yes", "yes", "yes", "no", "no"]
    found = values("pairs", labels, ["Yes.", "no", "maybe", "no", "true"])
    assert found["precision"] == 1 / 2
    assert found["recall"] == 1 / 3
    assert found["f1"] == 2 / 5
    assert found["specificity"] == 1 / 2
    assert found["negative_predictive_value"] == 1 / 2
    assert found["accuracy"] == 2 / 5


def test_always_yes_on_real_pairs(shared_data):
    path = shared_data / "ecinstruct/Product_Matching_test.json"
    labels = [row["output"] for row in json.loads(path.read_text("utf-8"))]
    answered = loaded("pairs", labels, ["yes"] * len(labels))
    line = TASKS["pairs"].reference_lines(answered)[ALWAYS_YES]
    found = values("pairs", labels, ["yes"] * len(labels))
    assert line["f1"] == pytest.approx(found["f1"]) == pytest.approx(2 * 218 / (218 + 446))
    assert line["accuracy"] == pytest.approx(found["accuracy"])


def test_pairs_where_no_gold_row_is_yes_have_no_recall():
    found = values("pairs", ["no", "no"], ["no", "yes"])
    assert math.isnan(found["recall"])
    assert found["specificity"] == 0.5


def test_pairs_refuse_other_labels():
    with pytest.raises(InputError, match="neither yes nor no"):
        loaded("pairs", ["yes", "perhaps"], ["yes", "no"])


@given(st.data())
def test_linear_ndcg_is_scikit_learns(data):
    gains = {"E": 1.0, "S": 0.1, "C": 0.01, "I": 0.0}
    labels = data.draw(st.lists(st.sampled_from("ESCI"), min_size=2, max_size=8))
    if not any(gains[one] for one in labels):
        labels[0] = "E"
    letters = "ABCDEFGH"[: len(labels)]
    order = data.draw(st.permutations(letters))
    found = values("ranking", [json.dumps(labels)], [",".join(order)])
    scores = [-order.index(letter) for letter in letters]
    expected = ndcg_score([[gains[one] for one in labels]], [scores])
    assert found["ndcg_linear"] == pytest.approx(expected)


def test_unranked_items_bring_nothing_or_come_last_at_their_worst():
    found = values("ranking", ['{"p": "E", "q": "I", "r": "S"}'], ["p"])
    worth, second, third = 2**0.1 - 1, math.log2(3), 2.0
    ideal = 1 + worth / second
    assert found["ndcg"] == pytest.approx(1 / ideal)
    assert found["ndcg_appended"] == pytest.approx((1 + worth / third) / ideal)


def test_a_repeated_or_unknown_item_takes_a_place():
    once = values("ranking", ['["I", "E"]'], ["A, B"])["ndcg"]
    assert values("ranking", ['["I", "E"]'], ["Z, B"])["ndcg"] == pytest.approx(once)
    assert values("ranking", ['["I", "E"]'], ["A, A, B"])["ndcg"] == pytest.approx(1 / 2)


def test_recall_and_reciprocal_rank_of_retrieved_contexts():
    labels = ['{"c1": 1, "c2": 0, "c3": 1}', '{"c1": 0, "c2": 1}', '{"c1": 0}']
    found = values("ranking", labels, ['["c2", "c1"]', "c1", "c1"])
    assert found["recall_at.1"] == 0.0
    assert found["recall_at.5"] == pytest.approx((1 / 2 + 0) / 2)
    assert found["mrr"] == pytest.approx((1 / 2 + 0) / 2)


def test_the_order_as_listed_is_a_line(shared_data):
    path = shared_data / "esci/esci_us_judgments_150q.csv"
    judged = (
        pl.read_csv(path).group_by("query", maintain_order=True).agg("product_id", "esci_label")
    )
    items = [dict(zip(p, e, strict=True)) for _, p, e in judged.iter_rows()]
    labels = [json.dumps(one) for one in items]
    answered = loaded("ranking", labels, [json.dumps(list(one)) for one in items])
    line = TASKS["ranking"].reference_lines(answered)[AS_LISTED]
    metrics = TASKS["ranking"].metrics([answered])
    assert len(labels) == 150
    assert line["ndcg"] == pytest.approx(metrics["ndcg"].statistic(answered).value)


def test_recommendation_counts_hits_and_reciprocal_ranks():
    found = values("recommendation", ["A", "B", "C", "D"], ["A", "A, B", "E", None])
    assert found["hit_rate_at_1"] == 1 / 4
    assert found["mrr"] == (1 + 1 / 2) / 4


def test_tags_micro_and_macro_by_hand():
    labels = ['["red", "sale"]', '["red"]', '["blue"]']
    found = values("tags", labels, ["Red, new", '["red"]', "[]"])
    assert found["precision"] == 2 / 3
    assert found["recall"] == 2 / 4
    assert found["f1"] == 4 / 7
    assert found["recall_macro"] == 1 / 3  # red 1, sale 0, blue 0
    assert found["exact_match"] == 1 / 3


def test_json_validity_needs_no_gold_but_keys():
    found = values("json_validity", None, ['{"a": 1}', "[1]", '```json\n{"a": 1}\n```', "no", None])
    assert found["valid_json_rate"] == 2 / 5
    assert found["json_object_rate"] == 1 / 5
    assert found["fenced_json_rate"] == 1 / 5


CASES = {
    "labels": (["E", "S", "E", "I", "E", "S"], ["E", "E", "E", "I", "?", "S"]),
    "pairs": (["yes", "no", "yes", "no", "no", "yes"], ["yes", "yes", "no", "no", "no", "yes"]),
    "ranking": (['["E", "I"]', '["S", "E"]'] * 3, ["A,B", "A,B", "B", "B,A", "A", "B,A"]),
    "recommendation": (["A", "B"] * 3, ["A", "A", "A", "B", "A,B", "B"]),
    "tags": (['["a", "b"]', '["b"]'] * 3, ["a", "b", "a,b", "c", "a", "b"]),
    "answers": (["red", "a steel mug", "[]"] * 2, ["red", "steel mug", "null", "x", "{", "y"]),
    "json_validity": (None, ["{}", "x", "{}", "[]", "{", "{}"]),
}


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_scored_and_compared(task):
    labels, answers = CASES[task]
    ids = [str(n) for n in range(6)]
    gold = pl.DataFrame({"example_id": ids, **({} if labels is None else {"label": labels})})
    gold = gold.with_columns(pl.Series("brand", list("xxyyzz")))
    runs = {
        name: pl.DataFrame({"example_id": ids, "raw_output": said})
        for name, said in (("a", answers), ("b", answers[1:] + answers[:1]))
    }
    read = load_answers(task, gold, runs, cluster_column="brand").answers
    scores = score_task(task, read["a"])
    assert sum(scores.outcomes.values()) == scores.n_rows == 6
    assert scores.n_clusters == 3
    assert set(scores.metrics) <= set(scores.definitions)
    assert json.dumps(scores.as_json())
    found = compare_runs(task, read["a"], read["b"])
    assert found.metric == TASKS[task].main
    assert found.verdict == "too few rows to tell"
    assert json.dumps(found.as_json())
    same = compare_runs(task, read["a"], read["a"])
    assert (same.verdict, same.difference.value) == ("tied", 0.0)


@pytest.mark.parametrize("task", TASKS)
def test_influences_sum_to_zero(task):
    labels, answers = CASES[task]
    answered = loaded(task, labels, answers)
    for metric in TASKS[task].metrics([answered]).values():
        statistic = metric.statistic(answered)
        assert np.sum(statistic.influence) == pytest.approx(0, abs=1e-12), metric.name


def test_gold_without_a_label_is_one_clear_line():
    gold = pl.DataFrame({"example_id": ["1"], "category": ["A"]})
    run = pl.DataFrame({"example_id": ["1"], "raw_output": ["E"]})
    with pytest.raises(InputError, match="no column 'label'"):
        load_answers("labels", gold, {"run": run})


def test_a_judgement_that_is_none_is_named():
    with pytest.raises(InputError, match="gold row 1, item 'A': judgement 'X'"):
        loaded("ranking", ['["X"]'], ["A"])


@given(st.lists(st.tuples(st.booleans(), st.none() | st.booleans()), min_size=1, max_size=30))
def test_pair_metrics_are_scikit_learns(rows):
    gold, answers = ([{True: "yes", False: "no"}.get(r[side]) for r in rows] for side in (0, 1))
    found = values("pairs", gold, answers)
    told = [answer or "none" for answer in answers]
    for name, score, label in (
        ("precision", precision_score, "yes"),
        ("recall", recall_score, "yes"),
        ("f1", f1_score, "yes"),
        ("specificity", recall_score, "no"),
        ("negative_predictive_value", precision_score, "no"),
    ):
        expected = score(gold, told, labels=[label], average="micro", zero_division=math.nan)
        assert found[name] == pytest.approx(expected, nan_ok=True), name


tags = st.lists(st.sampled_from(["red", "sale", "new", "xl"]), unique=True, max_size=4)


@given(st.lists(st.tuples(tags.filter(bool), tags), min_size=1, max_size=20))
def test_tag_metrics_are_scikit_learns(rows):
    gold, answers = ([row[side] for row in rows] for side in (0, 1))
    found = values("tags", [json.dumps(one) for one in gold], [json.dumps(one) for one in answers])
    boxes = MultiLabelBinarizer(classes=["new", "red", "sale", "xl"])
    truth, told = boxes.fit_transform(gold), boxes.transform(answers)
    of_gold = np.flatnonzero(truth.sum(axis=0))
    for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        micro = score(truth, told, average="micro", zero_division=math.nan)
        macro = score(truth, told, average="macro", labels=of_gold, zero_division=0)
        assert found[name] == pytest.approx(micro, nan_ok=True), name
        assert found[f"{name}_macro"] == pytest.approx(macro), name
    assert found["exact_match"] == pytest.approx((truth == told).all(axis=1).mean())


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.permutations("ABCD")), min_size=1, max_size=20)
)
def test_reciprocal_ranks_of_recommendations_are_scikit_learns(rows):
    gold, orders = [row[0] for row in rows], [list(row[1]) for row in rows]
    found = values("recommendation", gold, [", ".join(order) for order in orders])
    truth = [[item == one for item in "ABCD"] for one in gold]
    scores = [[-order.index(item) for item in "ABCD"] for order in orders]
    assert found["mrr"] == pytest.approx(label_ranking_average_precision_score(truth, scores))
    assert found["hit_rate_at_1"] == np.mean([o[0] == g for o, g in zip(orders, gold, strict=True)])
