"""Attributes are extracted by several models, and what they have in common becomes gold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workspace.models.conftest import openai
from workspace import way
from workspace.models.labelling import label_with_models
from workspace.workspace import Workspace


def said(colours: list[str] | None, sizes: list[str] | None) -> dict[str, Any]:
    """An answer: values without quotes, or none."""
    return {
        key: None if values is None else [{"value": value, "quote": None} for value in values]
        for key, values in {"colour": colours, "size": sizes}.items()
    }


ANSWERS = {
    "a": [
        ("Mugs number 0", said(["Red", "Blue"], None)),
        ("Pans number 1", said(["Red"], ["350 ml"])),
        ("Tea number 2", said(["Red"], None)),
        ("Coffee number 3", said(["Red"], None)),
    ],
    "b": [
        ("Mugs number 0", said(["red"], None)),
        ("Pans number 1", said(["Blue"], ["350ml"])),
        ("Tea number 2", said(["Red"], None)),
        ("Coffee number 3", said(["Red"], None)),
    ],
    "c": [
        ("Mugs number 0", said(["RED", "Green"], ["L"])),
        ("Pans number 1", said(["Red"], ["350 ML"])),
        ("Tea number 2", said(["Red"], None)),
        ("Coffee number 3", said(["Red"], None)),
    ],
}


@pytest.fixture
def workspace(shop: Any, llm_server: Any) -> Workspace:
    """Four products, of which three models extract two attributes."""
    servers = {name: llm_server("openai", answers=answers) for name, answers in ANSWERS.items()}
    broken = [{"kind": "malformed", "contains": "Tea number 2", "times": None}]
    servers["c"].follow(answers=ANSWERS["c"], faults=broken)
    alone = [{"kind": "malformed", "contains": "Coffee number 3", "times": None}]
    servers["b"].follow(answers=ANSWERS["b"], faults=alone)
    servers["c"].follow(answers=ANSWERS["c"], faults=[*broken, *alone])
    more = {"questions": ["extract"], "attributes": ["Colour", "Size"], "max_tokens": 256}
    made: Workspace = shop(
        4, {name: openai(server, model=name, **more) for name, server in servers.items()}
    )
    label_with_models(made, budget_usd=1000)
    return made


def consensus(workspace: Workspace, question: str) -> list[tuple[Any, ...]]:
    way.run(workspace, "agree")
    found = workspace.snapshot("agree").read("consensus").filter(question=question)
    return found.select("record_id", "value", "n_votes", "n_agree").rows()


def test_what_all_who_answered_have_in_common_is_kept_value_by_value(workspace):
    assert consensus(workspace, "attribute:Colour") == [
        ("0", "Red", 3, 3),  # Red and Blue, red, RED and Green
        ("1", None, 3, 2),  # Red, Blue, Red
        ("2", "Red", 2, 2),  # the third answered what nobody can read
        ("3", "Red", 1, 1),
    ]
    assert consensus(workspace, "attribute:Size") == [
        ("0", None, 3, 1),  # none, none, L
        ("1", "350 ML", 3, 3),  # equal values; spelled once each, so the first of them
    ]


def test_gold_has_the_values_that_enough_models_gave_and_says_so(workspace):
    way.run(workspace, "curate")
    gold = workspace.snapshot("curate").read("gold")
    found = {
        row["record_id"]: {
            one["key"]: [value["value"] for value in one["evidences"]]
            for one in row["attributes"] or [] or []
        }
        for row in gold.iter_rows(named=True)
    }
    assert found == {
        "0": {"Colour": ["Red"]},
        "1": {"Size": ["350 ML"]},
        "2": {"Colour": ["Red"]},
        "3": {},
    }
    changes = workspace.snapshot("curate").read("changes")
    assert changes.filter(reason="consensus").rows() == [
        ("0", "attribute:Colour", None, "Red", "consensus"),
        ("1", "attribute:Size", None, "350 ML", "consensus"),
        ("2", "attribute:Colour", None, "Red", "consensus"),
    ]


def test_a_majority_holds_whole_answers_on_request(workspace):
    workspace.change("agree", attributes="majority")
    assert consensus(workspace, "attribute:Colour") == [
        ("0", None, 3, 1),  # three answers, all of them others
        ("1", "Red", 3, 2),
        ("2", "Red", 2, 2),
        ("3", "Red", 1, 1),
    ]
