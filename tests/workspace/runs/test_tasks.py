"""Runs on every task that the records of a workspace ask for, not on categories alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.tasks.question_texts import texts_in
from terminal.main import run
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.reports.writing import write_report
from workspace.runs import compare, import_file, run_scores
from workspace.runs.gold import gold_of, likely_task, tasks_of
from workspace.runs.plain import scores_of
from workspace.runs.published import twin_of
from workspace.runs.scoring import load_runs, runs_named, task_of_runs
from workspace.settings import change_settings
from workspace.views.results import labels_against
from workspace.workspace import Workspace

N = 120
BERT = "goldshelf-tests/no-such-model"


def is_answerable(n: int) -> bool:
    return n % 5 > 0


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Questions of which one in five has no answer, each with two answers of people."""
    folder = tmp_path_factory.mktemp("questions")
    answered = [
        [{"answerText": f"It fits {n}."}, {"answerText": f"Yes, {n} does."}] for n in range(N)
    ]
    rows = [
        {"questionText": f"Does part {n} fit number {n * 7}?", "asin": f"B{n // 3}", "qid": n,
         "category": "Tools", "is_answerable": int(is_answerable(n)),
         "review_snippets": [f"It fits {n}."], "answers": answered[n] if is_answerable(n) else []}
        for n in range(N)
    ]  # fmt: skip
    source = folder / "train-qar.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    init_workspace(folder / "shop", Declared([str(source)]))
    opened = Workspace(folder / "shop")
    way.run(opened, "split")
    return opened


def imported(opened: Workspace, name: str, answers: dict[str, str], **card: Any) -> None:
    folder = opened.layout.root.parent
    rows = [{"example_id": key, "raw_output": text} for key, text in answers.items()]
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    (folder / f"{name}.json").write_text(json.dumps({"model": name, **card}))
    import_file(opened, path, folder / f"{name}.json", name=name, replace=True)


def test_questions_have_all_their_answers_and_whether_there_is_one(questions: Workspace) -> None:
    assert likely_task(questions, "test") == "answers"
    gold = gold_of(questions, "answers", "test")
    for row in gold.to_dicts():
        n = int(row["example_id"])
        assert row["is_answerable"] == str(int(is_answerable(n)))
        told = texts_in(row["answers"])
        assert set(told) == ({f"It fits {n}.", f"Yes, {n} does."} if is_answerable(n) else set())


def test_a_run_on_questions_is_imported_scored_and_compared_by_its_task(
    questions: Workspace,
) -> None:
    ids = gold_of(questions, "answers", "test")["example_id"].to_list()
    asked = [key for key in ids if is_answerable(int(key))]
    imported(questions, "second", {key: f"Yes, {key} does." for key in ids})
    imported(questions, "wrong", dict.fromkeys(ids, "nothing like it"))
    assert task_of_runs(questions) == "answers"
    found = run_scores(questions, "second").figures
    assert (found["token_f1"]["value"], found["token_f1"]["n"]) == (1.0, len(asked))
    assert found["hallucination_rate"]["value"] == 1.0
    assert "always null: no question answered" in found["reference_lines"]
    compared = compare(questions, "wrong", "second")
    assert (compared.metric, compared.n_fixed, compared.n_broken) == ("token_f1", len(asked), 0)
    assert twin_of(questions, "second", "amazonqa")["published"]["bleu_1"]["value"] > 0.9


def test_the_model_of_bertscore_in_the_settings_is_that_of_the_workspace(
    questions: Workspace,
) -> None:
    key = gold_of(questions, "answers", "test")["example_id"][0]
    imported(questions, "one", {key: "It fits."})
    before = run_scores(questions, "one")
    assert before.figures["bert_score"]["reason"].startswith("no model is set")
    change_settings(questions.layout.settings, "score", {"bertscore": BERT})
    opened = Workspace(questions.root)
    answers = load_runs(opened, runs_named(opened, ["one"])).answers["one"]
    assert answers.bert.name == BERT  # type: ignore[union-attr]
    told = scores_of(answers, [], "answers").metrics["bert_score"].reason
    assert run_scores(opened, "one").figures["bert_score"]["reason"] == told
    assert told is not None and ("not on this machine" in told or "not installed" in told)
    change_settings(questions.layout.settings, "score", {"bertscore": None})


def test_what_no_record_asks_for_is_refused_and_says_what_there_is(questions: Workspace) -> None:
    with pytest.raises(InputError, match=r"no gold for pairs\. Tasks with gold there: .*answers"):
        gold_of(questions, "pairs", "test")
    with pytest.raises(InputError, match=r"no gold for tags\. Tasks with gold there: .*ranking"):
        gold_of(questions, "tags", "test")


@pytest.fixture(scope="module")
def pairs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """ECInstruct's product matching, with a run that is right and one that always says yes."""
    folder = tmp_path_factory.mktemp("pairs") / "shop"
    source = shared_data / "ecinstruct" / "Product_Matching_test.json"
    init_workspace(folder, Declared([str(source)]))
    opened = Workspace(folder)
    way.run(opened, "split")
    gold = gold_of(opened, "pairs", "test")
    imported(opened, "right", dict(gold.select("example_id", "label").iter_rows()))
    imported(opened, "yes", dict.fromkeys(gold["example_id"].to_list(), "Yes."))
    return opened


def test_pairs_are_yes_or_no_and_labels_too(pairs: Workspace) -> None:
    assert tasks_of(pairs, "test") == ["pairs", "labels"]
    gold = gold_of(pairs, "pairs", "test")
    assert set(gold["label"]) == {"yes", "no"}
    n_yes = gold.filter(pl.col("label") == "yes").height
    found = run_scores(pairs, "yes").figures
    assert found["f1"]["value"] == pytest.approx(2 * n_yes / (n_yes + gold.height))
    assert found["reference_lines"]["always yes"]["f1"] == pytest.approx(found["f1"]["value"])
    assert run_scores(pairs, "right").figures["f1"]["value"] == 1.0
    # eCeLLM's script drops "Yes." with its full stop, and so every row.
    assert twin_of(pairs, "yes", "ecellm")["published"]["counts"]["right"] == 0


def test_gold_against_answers_of_labels(pairs: Workspace) -> None:
    found = labels_against(pairs, "yes")
    n_yes = gold_of(pairs, "pairs", "test").filter(pl.col("label") == "yes").height
    n = gold_of(pairs, "pairs", "test").height
    assert (found.names, found.square) == (["no", "yes"], [[0, n - n_yes, 0], [0, n_yes, 0]])


def test_the_verbs_of_runs_take_the_task_that_the_runs_are_on(
    pairs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["-w", str(pairs.root)]
    assert run(["experiments", "--by", "model", *where]) == 0
    assert "f1 by model" in capsys.readouterr().out
    assert run(["frontier", "--task", "attributes", *where]) == 2
    told = capsys.readouterr().err
    assert "no runs on attributes of split test. Runs there are on pairs." in told
    assert run(["causes", "--baseline", "yes", "--candidate", "right", *where]) == 0
    assert "other answer" in capsys.readouterr().out
    written = write_report(pairs, pairs.root / "report.html", baseline="yes", candidate="right")
    assert "always yes" in written.path.read_text("utf-8")


def test_a_run_can_say_its_task_in_the_terminal(
    pairs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pairs.layout.root.parent / "yes.jsonl"
    card = path.with_suffix(".json")
    asked = ["import-run", str(path), str(card), "-w", str(pairs.root), "--name", "as-labels"]
    assert run([*asked, "--task", "labels"]) == 0
    assert run_scores(pairs, "as-labels").figures["task"] == "labels"
    assert run([*asked, "--task", "lables"]) == 2
    assert "--task lables: expected classification" in capsys.readouterr().err
