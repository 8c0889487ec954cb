"""What the documentation says of verbs, settings, checks and metrics is what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "make_reference.py"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return _tool().pages()


@pytest.mark.parametrize("name", ["commands", "settings", "checks", "scores", "sources"])
def test_a_page_says_what_the_code_says(made: dict[Path, str], name: str) -> None:
    path = ROOT / "docs" / f"{name}.md"
    assert path.read_text("utf-8") == made[path], "run `make reference` and look at the difference"
