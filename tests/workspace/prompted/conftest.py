"""A small shop with an export, whose test rows models are asked about over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workspace.models.conftest import PATHS
from workspace import way
from workspace.settings import validated
from workspace.workspace import Workspace

KINDS = {path: path.split(" > ")[1] for path in PATHS}
WORDS = ("amber", "birch", "cobalt", "dune", "ember", "fjord", "grove", "harbor", "iris", "juniper")


def title_of(n: int) -> str:
    """The title of the n-th product: its words are its own, but for the kind."""
    told = " ".join(WORDS[int(digit)] for digit in f"{n:04d}")
    return f"{KINDS[PATHS[n % 4]]} {told}"


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., Workspace]:
    """Makes a workspace of ``n_rows`` with an export and these ``[annotators]``."""

    def make(n_rows: int, annotators: dict[str, dict[str, Any]], **sections: Any) -> Workspace:
        rows = [f"{n},{title_of(n)},Brand {n},{PATHS[n % 4]},Red" for n in range(n_rows)]
        catalog = tmp_path / "catalog.csv"
        catalog.write_text("\n".join(["id,title,brand,category,Colour", *rows]))
        source = {
            "paths": [str(catalog)],
            "columns": {
                "record_id": "id", "title": "title", "brand": "brand", "category": ["category"],
            },
            "category_separator": ">",
        }  # fmt: skip
        body: dict[str, Any] = {
            "source": source,
            "label": {"annotators": ["source"], "groups": {"near_duplicates": 0}},
            "split": {"fractions": [0.6, 0.1, 0.3], "near_duplicates": 0},
            "annotators": annotators,
            **sections,
        }
        workspace = Workspace.create(tmp_path / "shop", validated(body, "test"))
        way.run(workspace, "export")
        return workspace

    return make


def lines(workspace: Workspace, split: str, name: str = "openai-chat") -> list[dict[str, Any]]:
    """The lines of an export's main file."""
    path = workspace.layout.exports / name / f"{split}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def records(workspace: Workspace, split: str, name: str = "openai-chat") -> list[dict[str, Any]]:
    """The lines of an export's records."""
    return lines(workspace, f"records/{split}", name)


def gold_answers(workspace: Workspace, every: int = 1) -> list[tuple[str, str]]:
    """What a server is told to answer: gold for each n-th test row, by what the row is asked."""
    chats = [line["messages"] for line in lines(workspace, "test")][::every]
    return [(chat[-2]["content"], chat[-1]["content"]) for chat in chats]
