import json

import polars as pl
import pytest
from sklearn.metrics import f1_score

from evaluation.answers.contract import conform_predictions
from evaluation.answers.joining import join_predictions
from evaluation.loading import load_answers
from evaluation.published import definition_for, published_scores
from evaluation.published.literature import LINES, literature_lines
from evaluation.tasks import TASKS
from evaluation.tasks.ranking import RANDOM, SWAPPED_GAINS, ndcg_metric

IDEAL_ORDER = "ESCI"


def frames(labels, answers):
    ids = [str(n) for n in range(len(labels))]
    gold = pl.DataFrame({"example_id": ids, "label": labels})
    run = {"example_id": ids, "raw_output": answers}
    return gold, pl.DataFrame(run, schema_overrides={"raw_output": pl.String})


def published(name, task, labels, answers):
    gold, run = frames(labels, answers)
    rows = join_predictions(gold, conform_predictions(run, "run")).rows
    return published_scores(definition_for(name, task), rows, None)


def strict(task, labels, answers):
    gold, run = frames(labels, answers)
    answered = load_answers(task, gold, {"run": run}).answers["run"]
    metrics = TASKS[task].metrics([answered])
    return answered, {name: one.statistic(answered).value for name, one in metrics.items()}


@pytest.fixture(scope="module")
def judged(shared_data):
    path = shared_data / "ecinstruct/query_product_ranking_labels.json"
    return [json.dumps(labels) for labels in json.loads(path.read_text("utf-8"))]


def ideal(text):
    labels = json.loads(text)
    letters = "ABCD"[: len(labels)]
    return ",".join(sorted(letters, key=lambda one: IDEAL_ORDER.index(labels["ABCD".index(one)])))


def test_ecellm_drops_what_it_cannot_read():
    found = published("ecellm", "pairs", ["yes", "yes", "no", "no"], ["Yes.", " YES ", "no", "yes"])
    assert list(found.dropped.values()) == [1, 0]
    assert found.counts == {"scored": 3, "right": 2}
    # of the kept rows: 1 right yes, 1 gold yes, 2 answered yes.
    assert found.metrics["f1"].value == pytest.approx(2 / 3)
    assert found.metrics["specificity"].value == 0.5
    assert found.metrics["negative_predictive_value"].value == 1.0


def test_ecellm_takes_the_first_letter_whatever_follows():
    labels = ["B: somewhat", "A: relevant", "C", "A"]
    found = published(
        "ecellm", "labels", labels, ["Based on the title", "The answer is A", "Cannot tell", ""]
    )
    assert found.counts == {"scored": 2, "right": 2}
    assert list(found.dropped.values()) == [1, 1]


def test_ecellm_averages_over_labels_that_are_only_answered():
    labels, answers = ["A", "A", "B", "B"], ["A", "A", "B", "E"]
    found = published("ecellm", "labels", labels, answers)
    expected = f1_score(labels, answers, average="macro")
    assert found.metrics["f1_macro"].value == pytest.approx(expected)
    assert strict("labels", labels, answers)[1]["f1_macro"] == pytest.approx((1 + 2 / 3) / 2)


def test_ecellm_recommendation_takes_one_letter_alone():
    found = published("ecellm", "recommendation", ["A", "B", "T"], ["A", "B.", " T"])
    assert found.counts == {"scored": 2, "right": 2}
    assert found.metrics["hit_rate_at_1"].value == 1.0


def test_the_answer_a_alone_scores_780_by_ecellm_and_428_strictly(judged):
    answers = ["A"] * len(judged)
    assert round(published("ecellm", "ranking", judged, answers).metrics["ndcg"].value, 3) == 0.780
    assert round(strict("ranking", judged, answers)[1]["ndcg"], 3) == 0.428


def test_a_random_order_scores_about_79(judged):
    answered, _ = strict("ranking", judged, ["A"] * len(judged))
    assert TASKS["ranking"].reference_lines(answered)[RANDOM]["ndcg"] == pytest.approx(
        0.79, abs=0.01
    )


def test_ecellm_reads_a_token_by_its_first_character():
    found = published("ecellm", "ranking", ['["S", "E"]'], ["A, B"])
    assert found.counts == {"tokens read": 1}
    assert found.dropped == {"tokens that the script drops": 1}
    assert found.metrics["ndcg"].value == pytest.approx(1.0, abs=1e-4)
    # strictly: S first, E second, of E first, S second; gains 2^g - 1.
    worth = 2**0.1 - 1
    expected = (worth + 1 / 1.584962500721156) / (1 + worth / 1.584962500721156)
    assert strict("ranking", ['["S", "E"]'], ["A, B"])[1]["ndcg"] == pytest.approx(expected)


def test_the_ideal_order_is_not_ideal_by_the_swapped_gains(judged):
    answers = [ideal(text) for text in judged]
    swapped = published("esci", "ranking", judged, answers).metrics["ndcg"].value
    answered, ours = strict("ranking", judged, answers)
    linear = ndcg_metric("x", SWAPPED_GAINS, "linear").statistic(answered).value
    assert round(swapped, 3) == round(linear, 3) == 0.985
    assert ours["ndcg_linear"] == pytest.approx(1.0)
    assert ours["ndcg"] == pytest.approx(1.0)


def test_esci_takes_unjudged_items_out_before_it_counts_places():
    found = published("esci", "ranking", ['["I", "E"]'], ["Z, B, A"])
    assert found.metrics["ndcg"].value == 1.0
    assert found.dropped["ranked items that are not judged or repeated, left out (-J)"] == 1
    assert strict("ranking", ['["I", "E"]'], ["Z, B, A"])[1]["ndcg"] < 1


def test_esci_macro_and_micro_are_scikit_learns(shared_data):
    rows = pl.read_csv(shared_data / "esci/esci_rows_from_ecinstruct_mpc.csv")
    labels = rows["esci_label"].to_list()
    answers = labels[1:] + labels[:1]
    found = published("esci", "labels", labels, answers)
    assert found.metrics["f1_macro"].value == pytest.approx(
        f1_score(labels, answers, average="macro")
    )
    assert found.metrics["f1_micro"].value == pytest.approx(
        f1_score(labels, answers, average="micro")
    )
    assert found.metrics["f1_macro"].low < found.metrics["f1_macro"].value


def test_esci_substitutes_are_averaged_over_yes_and_no(shared_data):
    path = shared_data / "ecinstruct/Product_Substitute_Identification_test.json"
    labels = [row["output"] for row in json.loads(path.read_text("utf-8"))]
    answers = ["yes"] * len(labels)
    found = published("esci", "pairs", labels, answers)
    assert found.metrics["f1_macro"].value == pytest.approx(
        f1_score(labels, answers, average="macro")
    )


def test_literature_lines_need_the_same_split_and_the_same_definition(judged):
    gold, _ = frames(judged, judged)
    lines = literature_lines("ecellm", "ranking", gold)
    assert {line.system: line.value for line in lines}["eCeLLM-M"] == 0.876
    shuffled = gold.sort("label", descending=True)
    assert literature_lines("ecellm", "ranking", shuffled) == lines
    assert literature_lines("esci", "ranking", gold) == []
    assert literature_lines("ecellm", "ranking", gold.head(999)) == []
    assert all(0 < line.value < 1 for line in LINES)
