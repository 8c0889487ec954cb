"""An answer of no use is asked for again as the settings say; every try is paid for once and kept."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.workspace.models.conftest import cost_of, openai
from workspace.database.tables import Call
from workspace.models.batching import hand_in
from workspace.models.collecting import collect
from workspace.models.labelling import label_with_models
from workspace.models.planning import plan
from workspace.models.trying import try_rows
from workspace.workspace import Workspace

KINDS = {"malformed": "malformed", "refusal": "refused", "truncated": "truncated",
         "filtered": "filtered"}  # fmt: skip


def outcomes(workspace: Workspace) -> dict[str, int]:
    with workspace.database.session() as session:
        query = sa.select(Call.outcome, sa.func.count()).group_by(Call.outcome)
        return dict(tuple(row) for row in session.execute(query))


def figures_of(workspace: Workspace) -> dict[str, Any]:
    snapshot = workspace.snapshots.current("model_votes")
    assert snapshot is not None
    return dict(snapshot.figures["annotators"]["one"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_of_no_use_is_asked_for_again(shop, llm_server, kind):
    server = llm_server("openai", faults=[{"kind": kind, "times": 3}])
    workspace = shop(10, {"one": openai(server, retry_on=[KINDS[kind]])})
    made = label_with_models(workspace, budget_usd=100)
    figures = made.figures["one"]
    assert (figures["n_votes"], figures[f"n_{KINDS[kind]}"]) == (10, 0)
    assert (figures["n_retried"], figures["n_retried_answered"]) == (3, 3)
    assert "one: 3 of 10 requests asked again, 3 of them then answered" in made.notes
    assert server.counts()["n_billed"] == 13
    assert sum(outcomes(workspace).values()) == 13
    votes = made.snapshot.read("votes")
    assert votes["cost_usd"].sum() == pytest.approx(cost_of(server.counts()))
    assert figures["n_tokens_in"] == server.counts()["n_tokens_in"]
    again = label_with_models(workspace, budget_usd=0)
    assert server.counts()["n_billed"] == 13
    assert again.snapshot.read("votes").drop("latency_s").equals(votes.drop("latency_s"))
    assert again.figures["one"]["n_retried"] == 3


def test_nothing_is_asked_again_unless_the_settings_say_so(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "refusal", "times": 3}])
    workspace = shop(10, {"one": openai(server, retry_on=["malformed"])})
    made = label_with_models(workspace, budget_usd=100)
    assert (made.figures["one"]["n_refused"], made.figures["one"]["n_retried"]) == (3, 0)
    assert server.counts()["n_billed"] == 10


def test_it_is_asked_as_often_as_allowed_and_the_last_answer_stands(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "malformed", "times": None}])
    workspace = shop(4, {"one": openai(server, retry_on=["malformed"], max_retries=3)})
    made = label_with_models(workspace, budget_usd=100)
    assert server.counts()["n_billed"] == 4 * (1 + 3)
    assert server.counts()["n_billed_again"] == 4 * 2  # told once that it could not be read
    assert (made.figures["one"]["n_malformed"], made.figures["one"]["n_retried"]) == (4, 4)
    assert made.figures["one"]["n_retried_answered"] == 0
    votes = made.snapshot.read("votes")
    assert votes["error"].to_list() == ["malformed"] * 4
    assert votes["raw"].null_count() == 0


def test_a_cut_answer_gets_twice_the_room(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(4, {"one": openai(server, max_tokens=16)})
    answer = {"category_path": "Kitchen > Mugs", "confidence": 0.5, "more": "x" * 100}
    server.follow(answers=[["{", answer]])  # about 40 tokens
    made = label_with_models(workspace, budget_usd=100)
    assert made.figures["one"]["n_truncated"] == 4
    workspace.change("annotators.one", retry_on=["truncated"], max_retries=2)
    made = label_with_models(workspace, budget_usd=100)
    assert made.figures["one"]["n_votes"] == 4
    limits = [call["body"]["max_tokens"] for call in server.requests()]
    assert sorted(limits) == [16] * 4 + [32] * 4 + [64] * 4


def test_the_model_is_told_that_its_answer_could_not_be_read(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "malformed", "times": 1}])
    workspace = shop(1, {"one": openai(server, retry_on=["malformed"])})
    label_with_models(workspace, budget_usd=100)
    first, second = (call["body"]["messages"] for call in server.requests())
    assert "could not be read" not in first[0]["content"]
    assert "could not be read" in second[0]["content"]
    assert first[1] == second[1]


def test_each_sample_is_asked_again_by_itself(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "refusal", "times": 5}])
    workspace = shop(10, {"one": openai(server, samples=3, retry_on=["refused"])})
    made = label_with_models(workspace, budget_usd=1000)
    assert server.counts()["n_billed"] == 35
    samples = made.snapshot.read("samples")
    assert samples.select("record_id", "sample").is_unique().all()
    assert (samples.height, samples["value"].null_count()) == (30, 0)


def test_the_attributes_rest_on_the_answer_that_counts(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "refusal", "times": 4}])
    section = openai(
        server, questions=["propose", "extract"], attributes=["Colour"], retry_on=["refused"]
    )
    made = label_with_models(shop(8, {"one": section}), budget_usd=1000)
    assert made.figures["one"]["n_retried"] == 4
    assert made.snapshot.read("votes")["value"].null_count() == 0


def test_the_plan_counts_retries_at_the_most_and_those_that_are_due(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "malformed", "times": 3}])
    workspace = shop(10, {"one": openai(server)})
    [without] = plan(workspace).annotators
    workspace.change("annotators.one", retry_on=["malformed"])
    [planned] = plan(workspace).annotators
    assert planned.cost_usd == without.cost_usd
    # The model is told so in some words more, and may answer as long once more.
    assert 2 * without.most_usd < planned.most_usd < 2.5 * without.most_usd
    workspace.change("annotators.one", retry_on=[])
    label_with_models(workspace, budget_usd=100)
    workspace.change("annotators.one", retry_on=["malformed"])
    [due] = plan(workspace).annotators
    assert (due.n_requests, due.n_cached) == (13, 10)
    label_with_models(workspace, budget_usd=100)
    [done] = plan(workspace).annotators
    assert (done.n_requests, done.n_cached, done.cost_usd) == (10, 10, 0)


def test_a_budget_holds_with_retries(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "malformed", "times": None}])
    section = openai(server, retry_on=["malformed"], max_retries=5, concurrent=2)
    made = label_with_models(shop(100, {"one": section}), budget_usd=6)
    assert made.stopped == "budget"
    assert cost_of(server.counts()) <= 6


def test_a_retry_without_an_answer_leaves_the_former_one(shop, llm_server):
    faults = [{"kind": "refusal", "times": 1}, {"kind": "server_error", "times": 1}]
    server = llm_server("openai", faults=faults)
    section = openai(server, retry_on=["refused"], max_tries=1, concurrent=1)
    made = label_with_models(shop(1, {"one": section}), budget_usd=100)
    assert made.snapshot.read("votes")["error"].to_list() == ["refused"]
    assert made.figures["one"]["n_retried"] == 0


def test_a_try_shows_each_time_of_asking(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "malformed", "times": 1}])
    workspace = shop(4, {"one": openai(server, retry_on=["malformed"])})
    first, second = try_rows(workspace, n=1)
    assert [one.request.attempt for one in (first, second)] == [0, 1]
    assert (first.votes[0].error, second.votes[0].error) == ("malformed", None)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_what_a_server_refuses_is_told(shop, llm_server, provider: str):
    server = llm_server(provider, refuses_temperature=True)
    section: dict[str, Any] = {**openai(server), "provider": provider}
    workspace = shop(6, {"one": section})
    tried = try_rows(workspace, n=2)
    assert any("temperature: left out of 2 requests" in note for note in tried[0].notes)
    made = label_with_models(workspace, budget_usd=100)
    [note] = [note for note in made.notes if "left out" in note]
    assert note.startswith("one: temperature: left out of 4 requests")


def test_categories_that_the_taxonomy_does_not_have_are_counted_and_flagged(shop, llm_server):
    nowhere = {"category_path": "Zoo > Giraffes", "confidence": 0.9}
    server = llm_server("openai", answers=[["number 1", nowhere]])
    made = label_with_models(shop(10, {"one": openai(server)}), budget_usd=100)
    figures = made.figures["one"]
    assert (figures["n_outside"], figures["n_votes"]) == (1, 9)
    assert figures["outside_share"] == 1 / 10
    assert (
        "one: 10.0% of its categories are not in the taxonomy (1 of 10); look at its prompt"
        in made.notes
    )


def test_the_share_of_repairs_is_of_categories_alone(shop, llm_server):
    wrong = {"category_path": "Food > Mugs", "confidence": 0.9}
    server = llm_server("openai", answers=[["number 0", wrong]])
    section = openai(server, questions=["propose", "extract"], attributes=["Colour", "Size"])
    made = label_with_models(shop(4, {"one": section}), budget_usd=100)
    figures = made.figures["one"]
    # The first product gets the same answer about its attributes, which is malformed there.
    assert (figures["n_repaired"], figures["n_votes"]) == (1, 4 + 2 * 3)
    assert figures["repaired_share"] == 1 / 4


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_a_retry_goes_into_the_next_batch_and_not_online_too(shop, llm_server, provider: str):
    server = llm_server(provider, answers=[["number 1", "no object at all"]])
    section = {**openai(server), "provider": provider, "retry_on": ["malformed"]}
    workspace = shop(6, {"one": section})
    hand_in(workspace, budget_usd=100)
    collect(workspace, wait=True, every_s=0.01)
    assert figures_of(workspace)["n_malformed"] == 1
    server.follow()
    again = hand_in(workspace, budget_usd=100).annotators["one"]
    assert (again.n_kept, again.n_handed_in) == (6, 1)
    made = label_with_models(workspace, budget_usd=100)
    assert made.figures["one"]["n_malformed"] == 1  # it waits in its batch
    collect(workspace, wait=True, every_s=0.01)
    last = figures_of(workspace)
    assert (last["n_votes"], last["n_malformed"], last["n_retried_answered"]) == (6, 0, 1)
    assert server.counts()["n_billed"] == 7
