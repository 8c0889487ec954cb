"""A plan says what a run would take, and sends nothing."""

from __future__ import annotations

import pytest

from tests.workspace.models.conftest import cost_of, openai
from workspace.models.labelling import label_with_models
from workspace.models.planning import plan


def test_a_plan_sends_nothing_and_counts_the_cache(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(40, {"one": openai(server)})
    [before] = plan(workspace).annotators
    assert server.counts()["n_requests"] == 0
    assert (before.n_rows, before.n_requests, before.n_cached) == (40, 40, 0)
    label_with_models(workspace, budget_usd=100)
    [after] = plan(workspace).annotators
    assert (after.n_requests, after.n_cached, after.cost_usd) == (40, 40, 0)


def test_what_was_seen_of_a_model_makes_the_plan_exact(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(60, {"one": openai(server), "other": openai(server, instructions="Be brief.")})
    label_with_models(workspace, ["one"], budget_usd=1000)
    server.follow(reset=True)
    [planned] = plan(workspace, ["other"]).annotators
    label_with_models(workspace, ["other"], budget_usd=1000)
    counts = server.counts()
    assert planned.n_tokens_in == pytest.approx(counts["n_tokens_in"], rel=0.05)
    assert planned.n_tokens_out == pytest.approx(counts["n_tokens_out"], rel=0.05)
    assert planned.cost_usd == pytest.approx(cost_of(counts), rel=0.05)
    assert planned.most_usd > cost_of(counts)


def test_the_second_stage_is_estimated(shop, llm_server):
    section = openai(llm_server("openai"), questions=["propose", "extract"], attributes=["Colour"])
    made = plan(shop(10, {"one": section}))
    [planned] = made.annotators
    assert planned.n_requests == 20
    assert planned.n_estimated == 10
    assert any("10 requests will rest on answers" in note for note in made.notes)


def test_the_time_is_that_of_the_tightest_limit(shop, llm_server):
    section = openai(llm_server("openai"), concurrent=100, requests_per_minute=60)
    [planned] = plan(shop(30, {"one": section})).annotators
    assert planned.duration_s == 30  # one a second


def test_a_model_without_a_price_has_no_cost(shop, llm_server):
    workspace = shop(3, {"one": {**openai(llm_server("openai")), "price": None}})
    made = plan(workspace)
    assert made.cost_usd is None
    assert made.annotators[0].most_usd is None
    assert any("no price is known for 'm'" in note for note in made.notes)


def test_the_makers_own_models_have_a_batch_price(shop):
    workspace = shop(3, {"one": {"provider": "openai", "model": "gpt-4o-mini"}})
    [planned] = plan(workspace).annotators
    assert planned.batch_usd == pytest.approx(planned.cost_usd / 2)
