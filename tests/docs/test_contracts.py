"""What the documentation says of files that others write is what is read."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import yaml

from curation.exports.settings import ExportSettings
from curation.llm.replies import MALFORMED, NOT_IN_LIST, NOT_IN_TAXONOMY, NOT_QUOTED
from curation.llm.requests import Outcome
from curation.llm.settings import ModelAnnotator
from evaluation.answers.contract import PREDICTION_SCHEMA, run_card
from evaluation.comparing.gates import parse_gates
from evaluation.metrics.category_metrics import category_metrics

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def _blocks(name: str, language: str) -> list[str]:
    return [body for found, body in _BLOCK.findall(_page(name)) if found == language]


def test_every_key_of_a_prediction_is_explained() -> None:
    rows = re.findall(r"^\| (`.*?) \|", _page("predictions"), re.MULTILINE)
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == set(PREDICTION_SCHEMA)


def test_the_run_card_that_is_shown_is_taken() -> None:
    (shown,) = _blocks("predictions", "json")
    card = run_card(json.loads(shown), "predictions.md")
    assert card.model == "my-model-7b-lora"
    assert card.checkpoint_step == 800


def test_the_templates_that_are_shown_are_taken() -> None:
    (shown,) = _blocks("export", "toml")
    templates = tomllib.loads(shown)["export"]["templates"]
    assert (
        ExportSettings(templates=templates).template("query_product").startswith("Query: {query}")
    )


def test_every_gate_that_is_shown_can_be_asked() -> None:
    told = re.findall(r'(?:--gate "|\| `)(\w+[<>]=?-?[\d.]+)', _page("scores"))
    assert len(told) >= 5
    assert len(parse_gates(told, category_metrics(1))) == len(told)


@pytest.mark.parametrize("name", ["splits", "scores"])
def test_the_pipelines_that_are_shown_are_yaml(name: str) -> None:
    (shown,) = _blocks(name, "yaml")
    assert "goldshelf" in json.dumps(yaml.safe_load(shown))


def test_the_language_models_that_are_shown_are_taken() -> None:
    (shown,) = _blocks("language-models", "toml")
    declared = tomllib.loads(shown)["annotators"]
    models = {name: ModelAnnotator(**section) for name, section in declared.items()}
    assert {model.provider for model in models.values()} == {"openai", "anthropic", "gemini"}


def test_every_error_of_an_answer_is_explained() -> None:
    page = _page("language-models")
    words = (MALFORMED, NOT_IN_TAXONOMY, NOT_IN_LIST, NOT_QUOTED, *get_args(Outcome))
    assert [word for word in words if f"`{word}`" not in page and word != "answered"] == []
