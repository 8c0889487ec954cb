"""The README says what happens: its commands are run, its output compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_command_of_the_tour_prints_what_the_readme_shows(
    at_work: Path, shows: Callable[[str], list[object]]
) -> None:
    assert len(shows(README)) >= 8
    assert (at_work / "verdict.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_commands_to_begin_with_are_in_the_makefile() -> None:
    named = set(re.findall(r"`make (\w+)`", README))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert {"app", "test"} <= named <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))


def test_the_python_that_is_asked_for_is_the_python_that_is_needed() -> None:
    asked = re.search(r"Python (3\.\d+) or newer", README)
    needed = re.search(r'requires-python = ">=(3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert asked is not None
    assert needed is not None
    assert asked[1] == needed[1]
