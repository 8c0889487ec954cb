"""A model is asked for tags: of the records where no export asks, by the export where they are the target."""

from __future__ import annotations

import csv
import json
import shutil
from typing import Any

import pytest

from catalog.errors import InputError
from curation.llm.prompts import unfenced
from evaluation.tasks.item_lists import listed
from tests.workspace.models.conftest import openai
from tests.workspace.prompted.conftest import lines
from tests.workspace.test_rankings_and_tags import made, tagged  # noqa: F401
from workspace import way
from workspace.prompted.endpoints import served
from workspace.prompted.predicting import annotator_of, predict_prompted
from workspace.prompted.questions import PromptedQuestions, Prompting, asked_tasks
from workspace.runs import run_scores, score_runs
from workspace.runs.gold import gold_of
from workspace.workspace import Workspace

TAGS = Prompting(task="tags")


def ask(workspace: Workspace, prompting: Prompting = TAGS) -> Any:
    model = annotator_of(workspace, "one")
    return predict_prompted(workspace, model, prompting, budget_usd=10_000)


@pytest.fixture
def asked(tagged, tmp_path, llm_server):  # noqa: F811
    """A server, and a copy of the tagged products whose model asks it."""
    server = llm_server("openai")
    shutil.copytree(tagged.root, tmp_path / "w")
    workspace = Workspace(tmp_path / "w")
    workspace.change("annotators", one=openai(server))
    return server, workspace


def test_tags_beside_a_record_are_asked_without_an_export_and_scored(asked):
    server, workspace = asked
    rows = PromptedQuestions(workspace, TAGS).rows
    prompts = dict(rows.select("record_id", "asked").iter_rows())
    gold = dict(gold_of(workspace, "tags", "test").select("example_id", "label").iter_rows())
    said = {key: (["new"], [], ["a", "new"])[n % 3] for n, key in enumerate(prompts)}
    server.follow(answers=[(prompts[key], {"tags": tags}) for key, tags in said.items()])
    made_run = ask(workspace)
    assert made_run.name == "one-zero-shot-tags"
    figures = score_runs(workspace, [made_run.name])[0].snapshot.figures
    right = sum(len(set(said[key]) & set(listed(gold[key]))) for key in gold)
    answered = sum(map(len, said.values()))
    should = sum(len(listed(label)) for label in gold.values())
    assert figures["precision"]["value"] == pytest.approx(right / answered)
    assert figures["recall"]["value"] == pytest.approx(right / should)
    assert figures["coverage"]["value"] == 1  # an empty list is an answer
    body = server.requests()[0]["body"]
    assert list(body["response_format"]["json_schema"]["schema"]["properties"]) == ["tags"]
    system, user = (turn["content"] for turn in body["messages"])
    assert unfenced(user).keys() == {"title"}
    assert json.loads(system.split("another one may be right: ")[1])[0] == "new"
    about = made_run.run.snapshot.figures["about"]
    assert about["tags"] == "all 4 of train"
    assert about["made_of"] == "the records of the split"


def test_examples_are_tagged_records_of_train_and_the_most_frequent_tags_are_told(asked):
    server, workspace = asked
    workspace.change("annotators", one=openai(server, max_candidates=2))
    made_run = ask(workspace, Prompting(task="tags", prompt="retrieval", examples=2))
    about = made_run.run.snapshot.figures["about"]
    assert about["tags"] == "the 2 most frequent of 4 of train"
    train = dict(gold_of(workspace, "tags", "train").select("example_id", "label").iter_rows())
    for request in server.requests():
        turns = [turn["content"] for turn in request["body"]["messages"]]
        assert len(turns) == 6
        for question, answer in ((turns[1], turns[2]), (turns[3], turns[4])):
            key = "r" + unfenced(question)["title"].split()[1]
            assert json.loads(answer)["tags"] == listed(train[key])


def test_no_export_is_taken_and_no_served_checkpoint_asked_where_none_asks_for_tags(asked):
    server, workspace = asked
    with pytest.raises(InputError, match="no export asks for tags that are no target"):
        ask(workspace, Prompting(task="tags", export="openai-chat"))
    model, exact = served(server.base_url, "tuned"), Prompting(task="tags", is_exact=True)
    with pytest.raises(InputError, match="--endpoint sends exported prompts alone"):
        predict_prompted(workspace, model, exact, budget_usd=None)


@pytest.mark.parametrize("form", ["text", "json"])
def test_tags_that_are_the_target_are_asked_as_the_export_asks_them(tmp_path, llm_server, form):
    server = llm_server("openai")
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        told = csv.writer(file)
        told.writerow(["left_title", "right_title", "label"])
        for n in range(60):
            tags = json.dumps(["same kind", ("red", "blue", "green")[n % 3]])
            told.writerow([f"red mug {n}", f"{n}0 ml mug red", tags])
    workspace = made(tmp_path, tmp_path / "pairs.csv", "pairs")
    workspace.change("annotators", one=openai(server))
    workspace.change("export", target_form=form)
    way.run(workspace, "export")
    assert asked_tasks(workspace) == ["tags"]
    chats = [line["messages"] for line in lines(workspace, "test")]
    server.follow(answers=[(chat[1]["content"], chat[2]["content"]) for chat in chats])
    predict_prompted(
        workspace,
        served(server.base_url, "tuned"),
        Prompting(task="tags", is_exact=True),
        budget_usd=None,
    )
    assert run_scores(workspace, "tuned-tags").figures["f1"]["value"] == 1
    made_run = ask(workspace, Prompting(task="tags", prompt="few-shot"))
    assert run_scores(workspace, made_run.name).figures["exact_match"]["value"] == 1
    assert len(server.requests()[-1]["body"]["messages"]) == 10
    assert made_run.run.snapshot.figures["about"]["export"] == "openai-chat"
