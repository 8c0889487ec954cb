"""Models are asked about pairs, labels and questions as an export asks them, by any provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import InputError
from tests.workspace.prompted.conftest import lines, records
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.prompted.endpoints import served
from workspace.prompted.predicting import annotator_of, predict_prompted
from workspace.prompted.questions import Prompting, asked_tasks
from workspace.runs import run_scores
from workspace.settings import change_settings
from workspace.workspace import Workspace

N = 60


@pytest.fixture
def pairs(tmp_path: Path) -> Any:
    """Makes a workspace of pairs of mugs with an export; every third is a match."""

    def make(**export: Any) -> Workspace:
        rows = [f"red mug {n},{n}0 ml mug red,{int(n % 3 == 0)}" for n in range(N)]
        source = tmp_path / "pairs.csv"
        source.write_text("\n".join(["left_title,right_title,label", *rows]))
        folder = tmp_path / "shop"
        init_workspace(folder, Declared([str(source)], kind="pairs"))
        change_settings(folder / "goldshelf.toml", "split", {"near_duplicates": 0})
        change_settings(folder / "goldshelf.toml", "export", export)
        opened = Workspace(folder)
        way.run(opened, "export")
        return opened

    return make


def answered(server: Any, opened: Workspace) -> None:
    chats = [line["messages"] for line in lines(opened, "test")]
    server.follow(answers=[(chat[1]["content"], chat[2]["content"]) for chat in chats])


def test_a_served_checkpoint_is_asked_about_pairs_and_answers_in_text(pairs, llm_server) -> None:
    opened, server = pairs(), llm_server("openai")
    answered(server, opened)
    assert asked_tasks(opened) == ["pairs", "labels"]
    model = served(server.base_url, "tuned")
    asked = Prompting(task="pairs", is_exact=True)
    predict_prompted(opened, model, asked, budget_usd=None)
    found = run_scores(opened, "tuned-pairs").figures
    assert (found["f1"]["value"], found["coverage"]["value"]) == (1.0, 1.0)


def test_examples_of_pairs_are_rows_of_train_and_of_both_labels(pairs, llm_server) -> None:
    opened, server = pairs(), llm_server("openai")
    answered(server, opened)
    body = {"provider": "openai", "model": "gpt-mini", "base_url": server.base_url,
            "price": {"input_usd_per_million": 1.0, "output_usd_per_million": 1.0}}  # fmt: skip
    change_settings(opened.layout.settings, "annotators.mini", body)
    opened = Workspace(opened.root)
    asked = Prompting(prompt="few-shot", examples=2, task="pairs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OPENAI_API_KEY", "sk-test")
        made = predict_prompted(opened, annotator_of(opened, "mini"), asked, budget_usd=1.0)
    shown = {record["example_id"]: record["target"] for record in records(opened, "train")}
    named = made.run.snapshot.figures["about"]["shown"]
    assert sorted(shown[key] for key in named) == ["0", "1"]
    sent = server.requests()[0]["body"]
    assert "response_format" not in sent
    assert run_scores(opened, made.name).figures["accuracy"]["value"] == 1.0


def test_an_export_that_asks_for_json_is_answered_by_a_schema(pairs, llm_server) -> None:
    opened, server = pairs(target_form="json"), llm_server("openai")
    answered(server, opened)
    model = served(server.base_url, "plain")
    made = predict_prompted(opened, model, Prompting(task="labels"), budget_usd=None)
    sent = server.requests()[0]["body"]["response_format"]["json_schema"]["schema"]
    assert list(sent["properties"]) == ["answer"]
    assert json.loads(lines(opened, "test")[0]["messages"][-1]["content"]).keys() == {"answer"}
    assert run_scores(opened, made.name).figures["accuracy"]["value"] == 1.0


def test_what_the_records_do_not_hold_is_refused(pairs, llm_server) -> None:
    model = served(llm_server("openai").base_url, "plain")
    with pytest.raises(InputError, match=r"no gold for answers\. Tasks with gold there: pairs"):
        predict_prompted(pairs(), model, Prompting(task="answers"), budget_usd=None)
