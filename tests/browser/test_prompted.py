"""Models asked from the Results page: prompted, served, and as a judge of answers."""

import json
import re

import pytest

from tests.workspace.models.conftest import openai
from tests.workspace.prompted.conftest import exported, gold_answers, lines  # noqa: F401
from workspace.runs import runs

VERDICTS = [("good answer", {"is_relevant": True}), ("bad answer", {"is_relevant": False})]
N_JUDGED = 8


@pytest.fixture
def asked(exported, llm_server):  # noqa: F811
    """A server, and a workspace whose model asks it."""
    server = llm_server("openai")
    workspace = exported(80, {"one": openai(server)})
    server.follow(answers=gold_answers(workspace))
    return server, workspace


def choose(visitor, label, option):
    visitor.main.get_by_role("combobox", name=re.compile(label)).last.click()
    visitor.page.get_by_role("option", name=re.compile(option)).click()
    visitor.wait()


def fill(visitor, label, value, role="textbox"):
    box = visitor.main.get_by_role(role, name=label, exact=True).first
    box.fill(value)
    box.press("Tab")
    visitor.wait()


def press(visitor, name):
    visitor.main.get_by_role("button", name=name, exact=True).click()


def test_a_model_is_planned_prompted_and_stands_on_the_leaderboard(asked, serve_for):
    server, workspace = asked
    n_rows = len(lines(workspace, "test"))
    with serve_for(workspace.root) as visitor:
        visitor.visit("results")
        visitor.sees("There are no runs yet")
        choose(visitor, "Examples before each question", "^few-shot")
        fill(visitor, "How many", "2", "spinbutton")
        fill(visitor, "Budget in $", "500", "spinbutton")
        press(visitor, "Plan")
        visitor.sees(re.compile(rf"{n_rows} requests, 0 of them in the cache: about \$"))
        assert server.counts()["n_requests"] == 0
        press(visitor, "Ask")
        assert visitor.sees(re.compile("leads with")).startswith(
            "one-few-shot leads with accuracy 100.0 %"
        )
        assert visitor.exceptions() == []
    assert server.counts()["n_billed"] == n_rows
    chats = [one["body"]["messages"] for one in server.requests()]
    # instructions, two examples of question and answer, the question
    assert {len(chat) for chat in chats} == {1 + 2 * 2 + 1}


def test_a_served_checkpoint_is_asked_and_stop_leaves_no_run(asked, serve_for):
    server, workspace = asked
    server.follow(answers=gold_answers(workspace), latency_s=1.0)
    with serve_for(workspace.root) as visitor:
        visitor.visit("results")
        visitor.main.get_by_role("tab", name="A served checkpoint").click()
        fill(visitor, "Address", server.base_url)
        fill(visitor, "Model, by its name there", "tuned")
        press(visitor, "Ask the checkpoint")
        visitor.main.get_by_text(re.compile(r"^predict: tuned")).wait_for()
        visitor.main.get_by_role("button", name="Stop").click()
        visitor.sees("Stopped; everything that was finished is kept.")
        assert runs(workspace).is_empty()
        server.follow(answers=gold_answers(workspace))
        visitor.reload()
        visitor.main.get_by_role("tab", name="A served checkpoint").click()
        fill(visitor, "Address", server.base_url)
        fill(visitor, "Model, by its name there", "tuned")
        press(visitor, "Ask the checkpoint")
        visitor.sees(re.compile("^tuned leads with"))
        assert visitor.exceptions() == []
    assert server.counts()["n_billed_again"] == 0


def test_answers_are_judged_and_the_judge_is_held_against_people(asked, serve_for, tmp_path):
    server, workspace = asked
    server.follow(answers=VERDICTS)
    gold = [
        {"id": f"q{n}", "question": f"Is {n} of steel?", "answer": "steel", "human_relevance": "no"}
        for n in range(N_JUDGED)
    ]
    said = [
        {"id": f"q{n}", "raw_output": "good answer" if n % 4 == 0 else "bad answer"}
        for n in range(N_JUDGED)
    ]
    for name, rows in (("gold", gold), ("said", said)):
        body = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(body)
    with serve_for(workspace.root) as visitor:
        visitor.visit("results")
        visitor.main.get_by_text("Answers to questions, judged by a model").click()
        visitor.sees("it sees neither the gold nor what people said")
        for label, name in (
            ("Gold, with the questions", "gold"),
            ("Predictions: the answers", "said"),
        ):
            box = visitor.main.get_by_test_id("stFileUploader").filter(has_text=label)
            box.locator("input[type=file]").set_input_files(tmp_path / f"{name}.jsonl")
            box.get_by_text(f"{name}.jsonl").wait_for()
            visitor.wait()
        visitor.main.get_by_role("button", name="Judge", exact=True).click()
        # the judge calls 2 of 8 relevant, people none: equal on 6 of 8
        for label, value in (("Relevant answers", "25.0 %"), ("Says what people say", "75.0 %")):
            tile = visitor.main.get_by_test_id("stMetric").filter(has_text=label)
            tile.filter(has_text=value).wait_for()
        assert visitor.exceptions() == []
