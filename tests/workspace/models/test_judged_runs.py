"""A judge judges the answers of runs of a workspace; what it says is a metric like any other."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from catalog.errors import InputError
from curation.llm.prompts import unfenced
from terminal.main import run
from tests.runs_workspace import import_rows
from tests.workspace.models.conftest import openai
from workspace import way
from workspace.models.judge_questions import AnswerRuns
from workspace.models.judging import (
    collect_judge,
    hand_in_judge,
    judge_answers,
    plan_judge,
)
from workspace.models.rating import rate_run
from workspace.models.spending import ledger
from workspace.runs.scoring import compare, ranked_runs, runs_named, score_runs
from workspace.settings import change_settings, validated
from workspace.views import results
from workspace.workspace import Workspace

GOOD = {"is_relevant": True, "is_supported": True}
BAD = {"is_relevant": False, "is_supported": False}
N = 60


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """A workspace of 60 questions about 20 products, with contexts for all but every sixth."""
    folder = tmp_path_factory.mktemp("questions")
    path = folder / "train-qar.jsonl"
    rows = [
        {"questionText": f"Does part {n} fit number {n * 7}?", "asin": f"B{n // 3}", "qid": n,
         "questionType": "yesno", "review_snippets": [f"snippet {n}"] if n % 6 else [],
         "is_answerable": 1, "answers": [{"answerText": f"yes {n}", "helpful": [1, 1]}]}
        for n in range(N)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    body = {
        "source": {"paths": [str(path)], "kind": "amazonqa"},
        "split": {"fractions": [0.4, 0.1, 0.5], "near_duplicates": 0},
    }
    workspace = Workspace.create(folder / "w", validated(body, "test"))
    way.run(workspace, "split")
    return workspace


@pytest.fixture
def shop(questions, llm_server, tmp_path):
    """A copy of it with two judges behind one server, and two runs of half and of three quarters good answers."""
    import shutil

    shutil.copytree(questions.root, tmp_path / "w")
    server = llm_server("openai", answers=[("good answer", GOOD), ("bad answer", BAD)])
    workspace = Workspace(tmp_path / "w")
    for name, model in (("mini", "m"), ("maxi", "n")):
        change_settings(
            workspace.layout.settings, f"annotators.{name}", openai(server, model=model)
        )
    workspace = Workspace(tmp_path / "w")
    for name, every in (("half", 2), ("more", 4)):
        import_rows(workspace, name, said(workspace, every), task="answers")
    return server, Workspace(tmp_path / "w")


def ids_of(workspace):
    placed = workspace.snapshot("split").read("split")
    return sorted(placed.filter(split="test")["record_id"].to_list())


def said(workspace, every):
    """Every so manyth answer is bad; all others are good."""
    return [
        {"example_id": one, "raw_output": "bad answer" if n % every == 0 else "good answer"}
        for n, one in enumerate(ids_of(workspace))
    ]


def figures(workspace, name):
    return score_runs(workspace, [name])[0].snapshot.figures


def judged(workspace, *names, judge="mini", criterion="relevance", **more):
    return judge_answers(
        workspace, judge, AnswerRuns(workspace, names), criterion, budget_usd=1_000, **more
    )


def test_judged_metrics_are_undefined_with_the_reason_until_a_judge_has_judged(shop):
    server, workspace = shop
    told = figures(workspace, "half")["judged_relevance"]
    assert told["value"] is None
    assert told["reason"].startswith("no judge was asked: `goldshelf score half --judge ANNOTATOR")
    n = len(ids_of(workspace))
    [made] = judged(workspace, "half")
    n_bad = math.ceil(n / 2)
    assert made.value.value == pytest.approx((n - n_bad) / n)
    found = figures(workspace, "half")
    assert found["judged_relevance"] == made.value.as_json()
    assert "the judge is mini (m)" in found["definitions"]["judged_relevance"]
    assert "not judged by mini" in found["judged_faithfulness"]["reason"]
    assert (
        "`goldshelf score more --judge mini"
        in figures(workspace, "more")["judged_relevance"]["reason"]
    )
    assert all(set(unfenced(one["body"]["messages"][-1]["content"])) == {"question", "answer"}
               for one in server.requests())  # fmt: skip


def test_faithfulness_is_asked_with_the_contexts_and_of_rows_that_have_some(shop):
    server, workspace = shop
    [made] = judged(workspace, "half", criterion="faithfulness")
    shown = [unfenced(one["body"]["messages"][-1]["content"]) for one in server.requests()]
    assert all(one["texts"][0].startswith("snippet") for one in shown)
    assert made.value.n == len(shown) < len(ids_of(workspace))
    share = sum(one["answer"] == "good answer" for one in shown) / len(shown)
    assert figures(workspace, "half")["judged_faithfulness"]["value"] == pytest.approx(share)
    assert "judge:faithfulness" in ledger(workspace).spend["question"].to_list()


def test_runs_are_compared_and_ranked_by_what_a_judge_says(shop):
    server, workspace = shop
    judged(workspace, "half")
    one_sided = compare(workspace, "half", "more", metric="judged_relevance")
    assert one_sided.sentence.startswith("Nothing can be told: judged relevance is undefined")
    assert "not judged by mini" in one_sided.sentence
    row = one_sided.metrics.filter(metric="judged_relevance").row(0, named=True)
    assert row["baseline"] > 0 and "not judged by mini" in row["reason"]
    n = server.counts()["n_requests"]
    judged(workspace)  # both; what is the same in both runs was paid for before
    ids = ids_of(workspace)
    n_new = sum(i % 2 == 0 and i % 4 != 0 for i in range(len(ids)))
    assert server.counts()["n_requests"] == n + n_new
    found = compare(workspace, "half", "more", metric="judged_relevance")
    assert found.difference.value == pytest.approx(n_new / len(ids))
    board = ranked_runs(workspace, runs_named(workspace, ["half", "more"]), "judged_relevance")
    assert board["run"].to_list() == ["more", "half"]


def test_an_answer_that_changed_waits_to_be_judged(shop):
    _, workspace = shop
    judged(workspace, "half")
    rows = said(workspace, 2)
    rows[0]["raw_output"] = "good answer in other words"
    import_rows(workspace, "half2", rows, task="answers")
    before = results.version(workspace)
    [made] = judged(workspace, "half2")
    assert results.version(workspace) != before
    # the run of the same name with another answer
    from workspace.runs import import_run

    path = workspace.root / "half2.jsonl"
    rows[1]["raw_output"] = "another good answer"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_run(workspace, path, workspace.root / "half2.run.json", replace=True)
    told = figures(workspace, "half2")["judged_relevance"]
    assert told["value"] is None and told["reason"].startswith("1 answer not judged by mini yet")
    assert not math.isnan(made.value.value)


def test_of_two_judges_the_settings_say_whose_word_counts(shop):
    _, workspace = shop
    judged(workspace, "half")
    judged(workspace, "half", judge="maxi")
    told = figures(workspace, "half")["judged_relevance"]
    assert (
        told["reason"]
        == "maxi and mini have judged answers: `judge` in [score] says whose word counts"
    )
    change_settings(workspace.layout.settings, "score", {"judge": "maxi"})
    workspace = Workspace(workspace.root)
    assert figures(workspace, "half")["judged_relevance"]["value"] is not None
    change_settings(workspace.layout.settings, "annotators.maxi", {"samples": 3})
    workspace = Workspace(workspace.root)
    reason = figures(workspace, "half")["judged_relevance"]["reason"]
    assert reason.startswith("maxi has other settings since it judged")


def test_the_budget_holds_and_resume_goes_on(shop):
    _, workspace = shop
    of = AnswerRuns(workspace, ("half", "more"))
    [planned] = plan_judge(workspace, "mini", of).annotators
    assert planned.n_requests == 2 * len(ids_of(workspace))
    part = judge_answers(workspace, "mini", of, budget_usd=planned.cost_usd / 3)
    assert [one.stopped for one in part] == ["budget", "budget"]
    assert part[0].spent_usd <= planned.cost_usd / 3
    assert "not judged by mini yet" in figures(workspace, "more")["judged_relevance"]["reason"]
    whole = judge_answers(workspace, "mini", of, budget_usd=1_000, resume=True)
    assert [one.stopped for one in whole] == ["", ""]
    assert figures(workspace, "more")["judged_relevance"]["value"] is not None


def test_a_batch_of_runs_is_handed_in_and_collected(shop):
    _, workspace = shop
    of = AnswerRuns(workspace, ("half",))
    assert hand_in_judge(workspace, "mini", of, budget_usd=1_000).n_handed_in == len(
        ids_of(workspace)
    )
    [made] = collect_judge(workspace, "mini", of, wait=True, every_s=0.05)
    assert figures(workspace, "half")["judged_relevance"] == made.value.as_json()


def test_the_judge_is_held_against_what_people_say_of_the_run(shop, tmp_path):
    _, workspace = shop
    ids = ids_of(workspace)
    [before] = judged(workspace, "half")
    assert "nobody knows how good the judge is" in before.people.kappa.reason
    # people say of the first eight what the judge says, but for one: 7 of 8; by chance 4/8 each: 3/4
    told = {one: "yes" if n % 2 or n == 0 else "no" for n, one in enumerate(ids[:8])}
    path = tmp_path / "people.csv"
    path.write_text("example_id,human_relevance\n" + "".join(f"{k},{v}\n" for k, v in told.items()))
    rate_run(workspace, "half", path)
    [made] = judged(workspace, "half")
    assert made.people.agreement.value == 7 / 8
    assert made.people.kappa.value == pytest.approx(0.75)
    # what was said of six of these answers holds for the run that gives the same ones
    [other] = judged(workspace, "more")
    assert other.people.n_rated == 6
    for text, words in (
        ("example_id,stars\nx,5\n", "no column human_relevance or human_faithfulness"),
        (f"example_id,human_relevance\n{ids[0]},maybe\n", "Expected yes or no"),
        ("example_id,human_relevance\nother,yes\n", "no row is of the split"),
        (f"example_id,human_relevance\n{ids[0]},yes\n{ids[0]},no\n", "there twice"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            rate_run(workspace, "half", path)


def test_repeats_are_judged_each_and_their_mean_counts(shop):
    _, workspace = shop
    rows = [
        {**row, "repeat": at} for at, every in enumerate((2, 4)) for row in said(workspace, every)
    ]
    import_rows(workspace, "both", rows, task="answers")
    [made] = judged(workspace, "both")
    n = len(ids_of(workspace))
    assert made.judgements.height == 2 * n
    mean = (1 - math.ceil(n / 2) / n + 1 - math.ceil(n / 4) / n) / 2
    assert figures(workspace, "both")["judged_relevance"]["value"] == pytest.approx(mean)


def test_the_verb_judges_runs_and_refuses_what_is_no_answer(shop, tmp_path, capsys):
    _, workspace = shop
    words = ["score", "half", "--judge", "mini", "-w", str(workspace.root)]
    assert run([*words, "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["annotators"]["mini"]["n_cached"] == 0
    assert run(words) == 2
    assert "--budget-usd" in capsys.readouterr().err
    people = tmp_path / "people.jsonl"
    people.write_text(json.dumps({"id": ids_of(workspace)[0], "human_relevance": True}))
    assert run([*words, "--budget-usd", "900", "--ratings", str(people), "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["judge"]["half"]["relevance"] == body["runs"]["half"]["judged_relevance"]
    assert body["judge"]["half"]["agreement_with_people"]["value"] == 0.0
    assert run([*words, "--budget-usd", "0"]) == 0
    assert "half, judged by mini (m)" in capsys.readouterr().out
    assert run([*words, "--criterion", "beauty"]) == 2
    assert "expected relevance or faithfulness" in capsys.readouterr().err
    rows = [{"example_id": one, "raw_output": "{}"} for one in ids_of(workspace)]
    import_rows(workspace, "json", rows, task="json_validity")
    assert run(["score", "json", *words[2:], "--budget-usd", "1"]) == 2
    assert "a judge judges answers to questions" in capsys.readouterr().err


def test_a_refusal_is_left_out_and_other_rows_count(shop):
    server, workspace = shop
    server.follow(
        reset=True,
        answers=[("good answer", GOOD), ("bad answer", BAD)],
        faults=[{"kind": "refusal", "times": 2}],
    )
    [made] = judged(workspace, "half")
    n = len(ids_of(workspace))
    assert made.value.n == n - 2
    assert figures(workspace, "half")["judged_relevance"]["n"] == n - 2
    assert replace(made).notes == ["2 answers left out: the judge said neither yes nor no"]
