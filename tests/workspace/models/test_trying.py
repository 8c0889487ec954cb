"""A try shows what is asked and answered, and its answers are kept."""

from __future__ import annotations

import pytest

from tests.workspace.models.conftest import PATHS, cost_of, openai
from workspace.models.labelling import label_with_models
from workspace.models.trying import try_rows


def test_a_try_shows_prompts_answers_and_votes(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(20, {"one": openai(server)})
    tried = try_rows(workspace, n=5)
    assert len({one.record_id for one in tried}) == len(tried) == 5
    sent = [body["body"]["messages"] for body in server.requests()]
    for one in tried:
        assert any(one.request.prompt == messages[-1]["content"] for messages in sent)
        assert one.votes[0].value in PATHS
        assert one.votes[0].value.split(" > ")[-1] in one.reply.text
    assert sum(one.cost_usd for one in tried) == pytest.approx(cost_of(server.counts()))


def test_what_was_tried_is_not_paid_for_again(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(20, {"one": openai(server)})
    try_rows(workspace, n=5)
    assert all(one.is_cached for one in try_rows(workspace, n=5))
    label_with_models(workspace, budget_usd=100)
    assert server.counts()["n_billed"] == 20


def test_a_rejected_request_says_why(shop, llm_server):
    server = llm_server("openai", models=["another"])
    [tried] = try_rows(shop(4, {"one": openai(server)}), n=1)
    assert tried.reply is None
    assert "m" in tried.error
    assert "\n" not in tried.error
