import json
import math

import polars as pl
import pytest

from evaluation.loading import load_answers
from evaluation.published import definition_for, published_scores
from terminal.main import run

GOLD = [
    {"qid": 1, "answers": [{"answerText": "abc"}, {"answerText": "AB"}], "is_answerable": 1},
    {"qid": 2, "answers": ["xy"], "is_answerable": 1},
    {"qid": 3, "answers": [], "is_answerable": 0},
    {"qid": 4, "answers": ["not predicted"], "is_answerable": 1},
]
SAID = [(1, "ab d"), (2, "xy"), (3, "no answer"), (4, None)]


def scored():
    ids = [str(row["qid"]) for row in GOLD]
    gold = pl.DataFrame(
        {
            "example_id": ids,
            "answers": [json.dumps(row["answers"]) for row in GOLD],
            "is_answerable": [row["is_answerable"] for row in GOLD],
        }
    )
    rows = pl.DataFrame({"example_id": ids, "raw_output": [text for _, text in SAID]})
    read = load_answers("answers", gold, {"run": rows}, keep_rows=True)
    return published_scores(definition_for("amazonqa", "answers"), read.rows["run"], None)


def test_bleu_is_of_characters_and_summed_over_the_questions_that_are_predicted():
    found = {name: one.value for name, one in scored().metrics.items()}
    # "ab d" has the characters a, b, d: 2 of 3 in a reference, and 1 of 2 pairs; "xy" 2 of 2, 1 of 1
    assert found["bleu_1"] == pytest.approx(4 / 5)
    assert found["bleu_2"] == pytest.approx(math.sqrt(4 / 5 * 2 / 3))
    assert found["bleu_3"] == pytest.approx(0, abs=1e-4)  # no common trigram, but 1e-15 of one


def test_rouge_l_takes_the_best_precision_and_the_best_recall_apart():
    # tokens a, b, "", d against a, b, c and a, b: precision 2/4, recall 2/2
    first = (1 + 1.2**2) * 0.5 * 1 / (1 + 1.2**2 * 0.5)
    assert scored().metrics["rouge_l"].value == pytest.approx((first + 1) / 2)


def test_questions_that_vanish_are_counted():
    found = scored()
    assert found.counts == {"questions scored": 2}
    assert sorted(found.dropped.values()) == [0, 1, 1]


def test_files_in_amazonqas_own_form_are_scored_both_ways(tmp_path, capsys):
    gold, pred = tmp_path / "gold.jsonl", tmp_path / "pred.jsonl"
    gold.write_text("".join(json.dumps(row) + "\n" for row in GOLD))
    rows = [{"qid": n, "raw_output": text} for n, text in SAID if text is not None]
    pred.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["--gold", str(gold), "--key", "qid", "--definition", "amazonqa", "--json"]
    assert run(["score", "--task", "answers", "--pred", str(pred), *words]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["n_rows"] == 4
    assert body["outcomes"]["missing"] == 1
    assert body["token_f1"]["n"] == 3  # the question that is not answered stays, and counts 0
    assert body["published"]["rouge_l"]["n"] == 2
    assert body["published"]["main"] == "rouge_l"
    assert "commented out" in " ".join(body["published"]["quirks"])
    assert "nrefs:var|case:mixed|eff:no|tok:13a" in body["definitions"]["bleu"]


def test_two_files_of_answers_are_compared_and_sliced(tmp_path, capsys):
    names = {}
    ids = [f"q{n}" for n in range(30)]
    golds = [
        {"id": i, "answer": f"steel number {i}", "brand": f"b{n // 3}"} for n, i in enumerate(ids)
    ]
    sides = {
        "gold": golds,
        "a": [{"id": i, "raw_output": "plastic"} for i in ids],
        "b": [{"id": i, "raw_output": f"steel number {i}"} for i in ids],
    }
    for name, rows in sides.items():
        names[name] = str(tmp_path / f"{name}.jsonl")
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code = run(["compare", "--task", "answers", "--gold", names["gold"], "--baseline", names["a"],
                "--candidate", names["b"], "--cluster-column", "brand", "--slice", "brand",
                "--gate", "rouge_l>=0.3", "--json"])  # fmt: skip
    body = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (body["metric"], body["verdict"], body["n_fixed"]) == ("token_f1", "better", 30)
    assert body["n_clusters"] == 10
    assert len(body["slices"]) >= 10
