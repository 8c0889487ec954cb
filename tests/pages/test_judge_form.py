"""Answers are judged from the Results page, by the verb that it starts."""

import json

import pytest

from tests.workspace.models.conftest import openai
from tests.workspace.prompted.conftest import exported  # noqa: F401
from ui import jobs
from workspace.models.judging import judgements_kept

VERDICTS = [("good answer", {"is_relevant": True}), ("bad answer", {"is_relevant": False})]
N = 8


@pytest.fixture
def asked(exported, llm_server):  # noqa: F811
    """A server, and a workspace whose judge asks it."""
    server = llm_server("openai", answers=VERDICTS)
    return server, exported(80, {"one": openai(server)})


def opened(page, workspace):
    shown = page("results", workspace.root)
    shown.session_state["results.judge"] = True
    return drawn(shown.run())


def drawn(shown):
    assert [e.message for e in shown.exception] == []
    return shown


def named(widgets, label):
    return next(w for w in widgets if w.label == label)


def drop(shown, key, name, rows):
    body = "".join(json.dumps(row) + "\n" for row in rows)
    shown.file_uploader(key=key).upload(name, body.encode(), "application/json")


def give_files(shown, human):
    gold = [
        {"id": f"q{n}", "question": f"Is <b>{n}</b> of steel?", "answer": "steel", **human(n)}
        for n in range(N)
    ]
    said = [
        {"id": f"q{n}", "raw_output": "good answer" if n % 2 == 0 else "bad answer"}
        for n in range(N)
    ]
    drop(shown, "judge.gold", "gold.jsonl", gold)
    drop(shown, "judge.predictions", "said.jsonl", said)
    return drawn(shown.run())


def test_answers_are_planned_judged_and_held_against_people(page, asked):
    server, workspace = asked
    # of 8 answers the judge calls the 4 even ones relevant; people all but one of these, and no odd
    shown = give_files(
        opened(page, workspace), lambda n: {"human_relevance": "yes" if n in (2, 4, 6) else "no"}
    )
    shown.number_input(key="judge.budget").set_value(500.0)
    drawn(shown.button(key="judge.plan").click().run())
    assert any(f"{N} requests, 0 of them in the cache" in i.value for i in shown.info)
    assert server.requests() == []
    drawn(named(shown.button, "Judge").click().run())
    job = jobs._jobs()[workspace.root]
    assert job.verb == "score --judge one --criterion relevance --budget-usd 500.00"
    assert job.process.wait(120) == 0, (workspace.root / jobs.LOG).read_text()

    shown = opened(page, workspace)
    tiles = {tile.label: tile.value for tile in shown.metric}
    assert tiles["Relevant answers"] == "50.0 %"
    # equal on 7 of 8; by chance 4/8 * 3/8 + 4/8 * 5/8 = 1/2; (7/8 - 1/2) / (1/2) = 3/4
    assert tiles["Agreement with people (kappa)"] == "0.75"
    assert tiles["Says what people say"] == "87.5 %"
    [kept] = judgements_kept(workspace)
    assert kept.read("judgements").height == N
    named(shown.segmented_control, "Show").set_value("differ")
    drawn(shown.run())
    [rows] = [one.value for one in shown.dataframe if "judge says yes" in one.value.columns]
    assert rows["example_id"].to_list() == ["q0"]


def test_without_people_nobody_knows_how_good_the_judge_is(page, asked):
    _, workspace = asked
    shown = give_files(opened(page, workspace), lambda n: {})
    shown.number_input(key="judge.budget").set_value(500.0)
    drawn(named(shown.button, "Judge").click().run())
    assert jobs._jobs()[workspace.root].process.wait(120) == 0
    shown = opened(page, workspace)
    assert {tile.label: tile.value for tile in shown.metric}["Says what people say"] == "unknown"
    assert any("nobody knows how good the judge is" in c.value for c in shown.caption)


def test_gold_without_questions_is_one_red_line_with_the_name_of_the_file(page, asked):
    _, workspace = asked
    shown = opened(page, workspace)
    drop(shown, "judge.gold", "gold.jsonl", [{"id": "q1", "answer": "steel"}])
    drop(shown, "judge.predictions", "said.jsonl", [{"id": "q1", "raw_output": "good answer"}])
    drawn(shown.run())
    drawn(shown.button(key="judge.plan").click().run())
    [told] = [error.value for error in shown.error]
    assert told.startswith("gold\\.jsonl\\: no column")
