"""A model is asked what the export asks, within a budget, and its answers are a run like any other."""

from __future__ import annotations

import json
import shutil
from typing import Any

import polars as pl
import pytest

from catalog.errors import InputError, StoppedError
from curation.llm.prompted_stage import QUESTIONS
from tests.workspace.models.conftest import cost_of, openai
from tests.workspace.prompted.conftest import gold_answers, lines, records
from workspace import way
from workspace.models.labelling import label_with_models
from workspace.models.spending import ledger
from workspace.models.votes import missing_votes
from workspace.progress import Progress
from workspace.prompted.predicting import (
    annotator_of,
    collect_prompted,
    hand_in_prompted,
    plan_prompted,
    predict_prompted,
)
from workspace.prompted.questions import Prompting
from workspace.runs import compare, score_runs
from workspace.runs.predicting import predict_baseline
from workspace.workspace import Workspace

N = 120


def predict(
    workspace: Workspace, name: str = "one", budget_usd: float | None = 10_000, **more: Any
):
    prompting = Prompting(**{k: more.pop(k) for k in list(more) if k in Prompting.model_fields})
    model = annotator_of(workspace, name)
    return predict_prompted(workspace, model, prompting, budget_usd=budget_usd, **more)


def rows_of(workspace: Workspace, run: str) -> pl.DataFrame:
    return workspace.snapshot(f"predictions/{run}").read("predictions")


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_every_provider_is_asked_the_exported_text_with_examples_before_it(
    exported, llm_server, provider
):
    server = llm_server(provider)
    workspace = exported(N, {"one": {**openai(server), "provider": provider}})
    server.follow(answers=gold_answers(workspace))
    made = predict(workspace, prompt="few-shot", examples=3)
    assert made.run is not None
    assert score_runs(workspace, ["one-few-shot"])[0].snapshot.figures["accuracy"]["value"] == 1
    asked = {line["messages"][1]["content"] for line in lines(workspace, "test")}
    shown = {line["messages"][1]["content"] for line in lines(workspace, "train")}
    body = server.requests()[-1]["body"]
    if provider == "gemini":
        turns = [(t["role"], t["parts"][0]["text"]) for t in body["contents"]]
    else:
        turns = [(t["role"], t["content"]) for t in body["messages"] if t["role"] != "system"]
    roles, texts = zip(*turns, strict=True)
    assert roles == ("user", "model" if provider == "gemini" else "assistant") * 3 + ("user",)
    assert texts[-1] in asked
    assert set(texts[0:-1:2]) <= shown
    assert json.loads(texts[1])["category_path"]


def test_a_run_tells_what_made_it_and_every_answer_as_it_came(exported, llm_server):
    server = llm_server("openai", faults=[{"kind": "refusal"}, {"kind": "truncated"}])
    workspace = exported(N, {"one": openai(server)})
    made = predict(workspace)
    rows = rows_of(workspace, made.name)
    exported_rows = {r["example_id"]: r["example_hash"] for r in records(workspace, "test")}
    assert dict(rows.select("example_id", "example_hash").iter_rows()) == exported_rows
    assert rows["finish_reason"].value_counts().sort("finish_reason").rows() == [
        ("length", 1), ("refusal", 1), ("stop", rows.height - 2),
    ]  # fmt: skip
    assert rows["raw_output"].null_count() == 0
    assert rows["parsed"].count() == rows.height - 2
    assert rows["latency_ms"].min() > 0
    usage = rows["usage"].str.json_decode(
        pl.Struct({"input_tokens": pl.Int64, "output_tokens": pl.Int64, "cost_usd": pl.Float64})
    )
    assert usage.struct.field("input_tokens").sum() == server.counts()["n_tokens_in"]
    assert usage.struct.field("cost_usd").sum() == pytest.approx(cost_of(server.counts()))
    card = made.run.snapshot.figures
    assert card["model"] == "m"
    assert card["dataset_sha"] == workspace.snapshot("export").figures["dataset_sha"]
    assert card["decoding"] == {"temperature": 0.0, "max_tokens": 64, "samples": 1}
    about = card["about"]
    assert (about["annotator"], about["prompt"], about["examples"]) == ("one", "zero-shot", 0)
    assert about["gold"] == workspace.snapshot("curate").id
    assert (card["outcomes"]["refused"], card["outcomes"]["invalid"]) == (1, 1)
    [line] = ledger(workspace).by("annotator", "question").to_dicts()
    assert (line["question"], line["n_calls"]) == (QUESTIONS["classification"], rows.height)


def test_the_same_is_asked_once_and_another_prompt_is_another_question(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(N, {"one": openai(server)})
    first = predict(workspace, prompt="few-shot")
    n = server.counts()["n_billed"]
    again = predict(workspace, prompt="few-shot", budget_usd=0)
    assert server.counts()["n_billed"] == n
    assert (again.n_cached, again.spent_usd) == (n, 0)
    assert not again.run.is_new
    assert again.run.snapshot.id == first.run.snapshot.id
    other = predict(workspace, prompt="retrieval")
    assert server.counts()["n_billed"] == 2 * n
    sha = {made.run.snapshot.figures["prompt_sha"] for made in (first, other)}
    assert len(sha) == 2


def test_retrieval_shows_other_examples_to_other_rows_and_never_the_own_group(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(N, {"one": openai(server)})
    predict(workspace, prompt="retrieval", examples=2)
    train = {line["messages"][1]["content"] for line in lines(workspace, "train")}
    shown = set()
    for request in server.requests():
        turns = [t["content"] for t in request["body"]["messages"][1:]]
        assert len(turns) == 5
        assert set(turns[0:-1:2]) <= train
        shown.add(tuple(turns[0:-1:2]))
    assert len(shown) > 10


@pytest.mark.parametrize("budget_usd", [0.0, 6.0])
def test_the_budget_is_kept_by_the_servers_count_and_no_half_run_is_listed(
    exported, llm_server, budget_usd
):
    server = llm_server("openai", latency_s=0.01)
    workspace = exported(N, {"one": openai(server)})
    made = predict(workspace, budget_usd=budget_usd)
    assert made.stopped == "budget"
    assert made.run is None
    assert cost_of(server.counts()) == pytest.approx(made.spent_usd)
    assert made.spent_usd <= budget_usd
    assert workspace.snapshots.current("predictions/one-zero-shot") is None
    assert any("run one-zero-shot is kept once all are" in note for note in made.notes)
    n_billed = server.counts()["n_billed"]
    made = predict(workspace, budget_usd=10_000)
    assert made.run is not None
    assert made.n_cached == n_billed
    assert server.counts()["n_billed"] == made.n_requests
    assert server.counts()["n_billed_again"] == 0


def test_resume_shares_the_budget_of_the_last_run(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(N, {"one": openai(server)})
    predict(workspace, budget_usd=4)
    made = predict(workspace, budget_usd=7, resume=True)
    assert made.stopped == "budget"
    assert 4 < cost_of(server.counts()) <= 7


def test_a_person_stops_it_and_answers_are_kept(exported, llm_server):
    server = llm_server("openai", latency_s=0.05)
    workspace = exported(N, {"one": openai(server, concurrent=2)})
    progress = Progress(None, "predict", lambda state: state.done >= 4 and progress.request_stop())
    with pytest.raises(StoppedError, match=r"stopped; \d+ of 36 answers are here"):
        predict(workspace, progress=progress)
    n_billed = server.counts()["n_billed"]
    assert 4 <= n_billed < 36
    assert predict(workspace).n_cached == n_billed
    assert server.counts()["n_billed_again"] == 0


def test_a_plan_sends_nothing_and_says_what_it_would_take(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(N, {"one": openai(server)})
    prompting = Prompting(prompt="few-shot")
    [line] = plan_prompted(workspace, annotator_of(workspace, "one"), prompting).annotators
    assert server.counts()["n_requests"] == 0
    assert (line.n_rows, line.n_requests, line.n_cached) == (36, 36, 0)
    made = predict(workspace, prompt="few-shot")
    assert made.spent_usd <= line.most_usd
    [again] = plan_prompted(workspace, annotator_of(workspace, "one"), prompting).annotators
    assert (again.n_cached, again.cost_usd) == (36, 0)


def test_several_samples_are_repeats_of_one_run(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(N, {"one": openai(server, samples=2, temperature=0.7)})
    made = predict(workspace)
    rows = rows_of(workspace, made.name)
    assert rows.height == server.counts()["n_billed"] == 72
    assert rows["repeat"].value_counts().sort("repeat").rows() == [(0, 36), (1, 36)]


def test_a_request_that_failed_is_an_error_row_and_asked_again_by_the_next(exported, llm_server):
    server = llm_server("openai", faults=[{"kind": "server_error"}])
    workspace = exported(N, {"one": openai(server, max_tries=1)})
    made = predict(workspace)
    assert made.n_failed == 1
    rows = rows_of(workspace, made.name)
    assert rows["error"].count() == 1
    assert made.run.snapshot.figures["outcomes"]["error"] == 1
    made = predict(workspace)
    assert (made.n_failed, server.counts()["n_billed"]) == (0, 36)
    assert rows_of(workspace, made.name)["error"].count() == 0


def test_a_model_that_answers_nothing_makes_no_run(exported, llm_server, monkeypatch):
    monkeypatch.setenv("LEAKED_KEY", "sk-very-secret-1234567890")
    server = llm_server("openai", faults=[{"kind": "leak", "times": None}])
    workspace = exported(N, {"one": openai(server, key_variable="LEAKED_KEY")})
    with pytest.raises(InputError, match="one was not asked further") as told:
        predict(workspace)
    assert "very-secret" not in str(told.value)
    # A refusal of each prompt: a server that is down is asked ever more rarely, for a minute.
    long = {"kind": "status", "status": 413, "message": "too long", "times": None}
    server.follow(faults=[long])
    with pytest.raises(InputError, match="one answered none of 36 requests: failed: too long"):
        predict(workspace)
    assert workspace.snapshots.current("predictions/one-zero-shot") is None
    for file in workspace.root.rglob("*"):
        assert not file.is_file() or b"very-secret" not in file.read_bytes(), file


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_batches_of_predictions_are_no_votes(exported, llm_server, provider):
    server = llm_server(provider, batch_polls=0)
    workspace = exported(N, {"one": {**openai(server), "provider": provider}})
    server.follow(batch_polls=0, answers=gold_answers(workspace))
    model, prompting = annotator_of(workspace, "one"), Prompting(prompt="few-shot")
    handed = hand_in_prompted(workspace, model, prompting, budget_usd=10_000)
    assert handed.n_handed_in == 36
    [line] = plan_prompted(workspace, model, prompting).annotators
    assert (line.n_requests, line.n_waiting) == (36, 36)
    assert missing_votes(workspace) == {"one": "never asked"}
    waiting = predict(workspace, prompt="few-shot", budget_usd=0)
    assert (waiting.n_waiting, waiting.run) == (36, None)
    made = collect_prompted(workspace, model, prompting)
    assert made.run is not None
    assert (made.n_cached, made.spent_usd) == (36, 0)
    assert [one.n_answers for one in made.batches] == [36]
    rows = rows_of(workspace, made.name)
    assert rows["latency_ms"].null_count() == 36
    assert made.run.snapshot.figures["outcomes"]["answered"] == 36
    assert missing_votes(workspace) == {"one": "never asked"}
    label_with_models(workspace, budget_usd=10_000)
    assert ledger(workspace).by("question")["question"].to_list() == [
        "category",
        "predict:category",
    ]


def test_a_prompted_run_is_compared_with_a_baseline(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(N, {"one": openai(server)})
    server.follow(answers=gold_answers(workspace))
    predict_baseline(workspace, "majority")
    predict(workspace, prompt="few-shot")
    found = compare(workspace, "majority", "one-few-shot")
    assert found.verdict == "better"
    assert found.n_broken == 0


def test_what_cannot_be_asked_is_refused_before_anything_is_spent(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(N, {"one": openai(server)})
    with pytest.raises(InputError, match="not judged on the train split"):
        predict(workspace, split="train")
    with pytest.raises(InputError, match="no export 'other' here"):
        predict(workspace, export="other")
    with pytest.raises(InputError, match=r"asks for the attributes|no gold for attributes"):
        predict(workspace, task="attributes")
    predict_baseline(workspace, "majority")
    with pytest.raises(InputError, match="run 'majority' is here already and was not made by one"):
        predict_prompted(
            workspace, annotator_of(workspace, "one"), Prompting(), budget_usd=1, name="majority"
        )
    assert server.counts()["n_requests"] == 0


def test_attributes_of_the_sample_are_asked_by_their_keys(sample_workspace, tmp_path, llm_server):
    server = llm_server("openai")
    folder = tmp_path / "shop"
    shutil.copytree(sample_workspace, folder)
    workspace = Workspace(folder)
    workspace.change("annotators", one=openai(server, max_tokens=256))
    workspace.change("export", targets=["attributes"], name="attributes")
    way.run(workspace, "export")
    chats = [line["messages"] for line in lines(workspace, "test", "attributes")]
    server.follow(answers=[(chat[1]["content"], chat[2]["content"]) for chat in chats])
    made = predict(workspace, task="attributes", prompt="few-shot", budget_usd=100_000)
    assert made.name == "one-few-shot-attributes"
    body = server.requests()[-1]["body"]
    asked = json.loads(body["messages"][-1]["content"].split("\n")[-1])["attributes"]
    schema = body["response_format"]["json_schema"]["schema"]["properties"]["attributes"]
    assert schema["required"] == sorted(asked)
    assert "category_path" not in body["messages"][0]["content"]
    figures = score_runs(workspace, [made.name])[0].snapshot.figures
    assert figures["outcomes"]["answered"] == figures["n_rows"] == len(chats)
