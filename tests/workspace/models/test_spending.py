"""The ledger adds up to what the server billed."""

from __future__ import annotations

import pytest

from catalog.errors import InputError
from tests.workspace.models.conftest import cost_of, openai
from workspace import way
from workspace.models.labelling import label_with_models
from workspace.models.spending import ledger


def test_the_ledger_adds_up_to_the_servers_count(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "server_error", "times": 2}])
    workspace = shop(
        20, {"one": openai(server), "other": openai(server, model="n", questions=["propose"])}
    )
    label_with_models(workspace, budget_usd=1000)
    found, counts = ledger(workspace), server.counts()
    assert found.cost_usd == pytest.approx(cost_of(counts))
    by = found.by("annotator")
    assert by["annotator"].to_list() == ["one", "other"]
    assert by["n_answers"].to_list() == [20, 20]
    assert by["n_failed"].sum() == 2
    assert by["n_tokens_in"].sum() == counts["n_tokens_in"]
    assert by["most_unknown_usd"].sum() == 0
    assert found.by("question", "day").height == 1


def test_an_accepted_label_costs_the_spending_over_what_gold_kept(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(12, {"one": openai(server)})
    label_with_models(workspace, budget_usd=1000)
    assert ledger(workspace).labels["usd_per_accepted"].to_list() == [None]
    way.run(workspace, "curate")
    gold = {
        row["record_id"]: " > ".join(row["category_path"])
        for row in workspace.snapshot("curate").read("gold").iter_rows(named=True)
    }
    votes = workspace.snapshot("model_votes").read("votes").iter_rows(named=True)
    n_accepted = sum(gold.get(vote["record_id"]) == vote["value"] for vote in votes)
    [line] = ledger(workspace).labels.to_dicts()
    assert line["n_accepted"] == n_accepted > 0
    assert line["usd_per_accepted"] == pytest.approx(cost_of(server.counts()) / n_accepted)


def test_a_workspace_without_calls_has_an_empty_ledger(shop):
    found = ledger(shop(3, {}))
    assert found.spend.is_empty()
    assert found.cost_usd == 0
    with pytest.raises(InputError, match="by 'colour'"):
        found.by("colour")
