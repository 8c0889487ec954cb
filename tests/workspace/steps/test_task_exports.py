"""Records of tasks other than classification, from a published file to the lines for training."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from curation.exports.settings import ExportSettings
from workspace.exports import (
    asked_tasks,
    certify_export,
    make_export,
    preview,
    with_template,
)
from workspace.opening import Declared, init_workspace
from workspace.workspace import Workspace


@pytest.fixture(scope="module")
def pairs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The test set of ECInstruct's product matching, exported."""
    source = shared_data / "ecinstruct" / "Product_Matching_test.json"
    folder = tmp_path_factory.mktemp("pairs") / "shop"
    init_workspace(folder, Declared([str(source)], kind="ecinstruct"))
    opened = Workspace(folder)
    make_export(opened)
    return opened


def lines(opened: Workspace) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each line of the export with the record beside it."""
    folder = opened.layout.exports / "openai-chat"
    found = []
    for split in ("train", "validation", "test"):
        texts = (folder / f"{split}.jsonl", folder / f"records/{split}.jsonl")
        parts = [[json.loads(t) for t in p.read_text("utf-8").split("\n")[:-1]] for p in texts]
        found += list(zip(*parts, strict=True))
    return found


def test_published_answers_go_out_as_they_are(pairs: Workspace, shared_data: Path) -> None:
    source = shared_data / "ecinstruct" / "Product_Matching_test.json"
    published = Counter(row["output"] for row in json.loads(source.read_text("utf-8")))
    answers = Counter(line["messages"][-1]["content"] for line, _ in lines(pairs))
    assert set(answers) == {"yes", "no"}
    n_dropped = pairs.snapshot("curate").figures["n_dropped"]
    assert sum(answers.values()) == sum(published.values()) - n_dropped
    assert not answers - published


def test_every_line_asks_what_its_record_holds(pairs: Workspace) -> None:
    for line, record in lines(pairs):
        asked = line["messages"][1]["content"].split("\n")
        assert asked[0] == "[MATCH]"
        parts = {name: value for name, _, value in (text.partition(": ") for text in asked[1:])}
        assert record["task"] == "product_pair"
        assert json.loads(parts["Product 1"])["title"] == record["title"]
        assert json.loads(parts["Options"]) == record["options"]
        assert line["messages"][2]["content"] == record["target"]


def test_the_export_is_certified_from_its_files(pairs: Workspace) -> None:
    assert certify_export(pairs).is_sound


def test_a_preview_is_of_one_task_and_a_template_that_is_not_kept(pairs: Workspace) -> None:
    assert asked_tasks(pairs) == ["product_pair"]
    chosen = with_template(ExportSettings(), "product_pair", "{title}?")
    shown = preview(pairs, chosen, 2, task="product_pair")
    asked = [json.loads(line.text)["messages"][1]["content"] for line in shown]
    assert len(asked) == 2
    assert all(text.startswith('[MATCH]\n"') and text.endswith('"?') for text in asked)
    assert preview(pairs, chosen, 2, task="sentiment") == []
    assert pairs.settings.export.templates == {}
