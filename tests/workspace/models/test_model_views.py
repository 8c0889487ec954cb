"""What people see of models: what is declared of each, and how well each answered."""

from __future__ import annotations

from typing import get_args

import pytest

from catalog.errors import WorkspaceError
from curation.llm.settings import Mode
from tests.workspace.models.conftest import openai
from workspace.models.labelling import label_with_models
from workspace.models.votes import model_votes
from workspace.views import models as views
from workspace.workspace import Workspace

OWN = {"provider": "openai", "model": "m", "base_url": "http://gpu:8000/v1"}
PUBLIC = {"provider": "openai", "model": "gpt-4o-mini"}


def test_every_question_is_told_in_words():
    assert set(views.MODES) == set(get_args(Mode))


def test_declared_models_have_the_published_price_or_their_own_or_none(shop):
    own = {**OWN, "price": {"input_usd_per_million": 2.0, "output_usd_per_million": 8.0}}
    found = views.declared(shop(4, {"public": PUBLIC, "own": own, "nobody": OWN}))
    assert found["annotator"].to_list() == ["public", "own", "nobody"]
    prices = found.select("usd_in", "usd_out").rows()
    assert prices[0] == (pytest.approx(0.15), pytest.approx(0.6))
    assert prices[1:] == [(2.0, 8.0), (None, None)]


def test_no_secret_is_part_of_what_is_declared(shop, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    told = views.declared(shop(4, {"own": OWN, "public": PUBLIC})).write_csv()
    assert "http://gpu:8000/v1" in told
    assert "sk-secret" not in told


def test_a_key_is_set_or_not_or_not_needed(shop, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("TEAM_KEY", "sk-secret")
    team = {**PUBLIC, "key_variable": "TEAM_KEY"}
    workspace = shop(4, {"public": PUBLIC, "team": team, "own": OWN})
    assert views.declared(workspace)["key"].to_list() == [
        "OPENAI_API_KEY not set", "TEAM_KEY set", "not needed",
    ]  # fmt: skip
    assert views.keys_missing(workspace, ["public", "team", "own"]) == ["OPENAI_API_KEY"]
    assert views.keys_missing(workspace, ["team", "own"]) == []


def test_votes_are_missing_until_a_model_was_asked(shop, llm_server):
    workspace = shop(4, {"one": openai(llm_server("openai"))})
    assert views.declared(workspace)["votes"].to_list() == ["never asked"]
    label_with_models(workspace, budget_usd=None)
    assert views.declared(workspace)["votes"].to_list() == [views.UP_TO_DATE]
    workspace.change("annotators.one", temperature=0.5)
    assert views.declared(workspace)["votes"].to_list() == ["its settings have changed since"]


def test_shares_are_of_answers_and_what_was_not_asked_twice_has_no_self_agreement(shop, llm_server):
    server = llm_server(
        "openai",
        faults=[{"kind": "refusal", "times": 2}, {"kind": "malformed", "times": 1}],
    )
    workspace = shop(8, {"one": openai(server), "never": openai(server, model="other")})
    label_with_models(workspace, ["one"], budget_usd=None)
    [line] = views.answer_quality(workspace).to_dicts()
    assert (line["annotator"], line["n_answers"]) == ("one", 8)
    assert (line["refused_share"], line["malformed_share"], line["failed_share"]) == (
        2 / 8,
        1 / 8,
        0,
    )
    assert line["self_agreement"] is None


def test_shares_of_nothing_are_null(shop, llm_server):
    workspace = shop(4, {"one": openai(llm_server("openai"))})
    label_with_models(workspace, budget_usd=0)
    [line] = views.answer_quality(workspace).to_dicts()
    assert line["n_answers"] == 0
    assert (line["refused_share"], line["repaired_share"]) == (None, None)
    assert line["is_flagged"] is False


def test_changing_one_model_leaves_comments_and_the_others_in_the_file(shop):
    workspace = shop(4, {"one": {**OWN, "samples": 3}})
    path = workspace.layout.settings
    path.write_text(path.read_text("utf-8").replace('model = "m"', 'model = "m" # why'))
    workspace = Workspace(workspace.root)
    workspace.change("annotators.two", **PUBLIC, price=None)
    workspace.change(
        "annotators.one",
        samples=None,
        price={"input_usd_per_million": 1.0, "output_usd_per_million": 2.0},
    )
    workspace.change("annotators.one", concurrent=3)
    again = Workspace(workspace.root).settings.annotators
    assert again == workspace.settings.annotators
    assert (again["one"].samples, again["one"].concurrent) == (1, 3)
    assert again["one"].price is not None
    assert again["two"].model == "gpt-4o-mini"
    assert "# why" in path.read_text("utf-8")


def test_a_model_that_is_removed_leaves_the_others_and_what_it_answered(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(4, {"one": openai(server), "two": openai(server, temperature=0.5)})
    label_with_models(workspace, budget_usd=None)
    path = workspace.layout.settings
    path.write_text(path.read_text("utf-8").replace("temperature = 0.5", "temperature = 0.5 # why"))
    workspace.remove("annotators.one")
    assert (
        list(Workspace(workspace.root).settings.annotators)
        == ["two"]
        == list(workspace.settings.annotators)
    )
    assert "# why" in path.read_text("utf-8")
    assert model_votes(workspace).collect()["annotator_id"].unique().to_list() == ["two"]
    workspace.change("annotators.again", **openai(server))
    label_with_models(workspace, ["again"], budget_usd=None)
    assert server.counts()["n_billed"] == 8


def test_a_section_that_is_not_there_cannot_be_removed(shop):
    workspace = shop(4, {"one": OWN})
    before = workspace.layout.settings.read_bytes()
    with pytest.raises(WorkspaceError, match=r"no section \[annotators\.two\]"):
        workspace.remove("annotators.two")
    assert workspace.layout.settings.read_bytes() == before
    workspace.remove("annotators.one")
    assert Workspace(workspace.root).settings.annotators == {}
