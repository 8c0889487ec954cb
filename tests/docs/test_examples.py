"""The scripts of the documentation run, and what they write is taken."""

from __future__ import annotations

import ast
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from workspace.runs import import_run
from workspace.workspace import Workspace

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_python_that_needs_nothing_of_ours(path: Path) -> None:
    ours = {"catalog", "stats", "charts", "curation", "evaluation", "workspace", "ui", "terminal"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.split(".")[0] for name in names} & ours


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("predict_example", EXAMPLES / "predict.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_the_script_writes_is_taken_whole(
    script: ModuleType, built_sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shutil.copytree(built_sample, tmp_path / "shop")
    export = shop / "exports" / "openai-chat"
    gold = [json.loads(line) for line in (export / "test.jsonl").open(encoding="utf-8")]

    def knows_every_second_answer(model, adapter, chats, max_tokens):  # type: ignore[no-untyped-def]
        assert model == "a-model"
        for n, (chat, line) in enumerate(zip(chats, gold, strict=True)):
            assert [turn["role"] for turn in chat] == ["system", "user"]
            answer = line["messages"][-1]["content"] if n % 2 == 0 else "I do not know"
            yield answer, "stop", 100, 20

    monkeypatch.setitem(script.ENGINES, "vllm", knows_every_second_answer)
    words = ["predict.py", str(export), "a-model", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", words)
    script.main()
    made = import_run(
        Workspace(shop), tmp_path / "out" / "predictions.jsonl", tmp_path / "out" / "run.json"
    )
    outcomes = made.snapshot.figures["outcomes"]
    n = len(gold)
    assert (outcomes["answered"], outcomes["invalid"]) == (n - n // 2, n // 2)
    assert made.snapshot.figures["export"] == "openai-chat"
    assert made.snapshot.figures["costs"]["n_tokens_in"] == 100 * n
