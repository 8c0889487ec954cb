"""The verbs: each in its file, which alone is imported where it is called."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from terminal.main import VERBS, app_of, run

ROOT = Path(__file__).resolve().parents[2]


def verbs_of(app: typer.Typer) -> set[str]:
    group: Any = typer.main.get_command(app)
    return set(group.commands)


@pytest.mark.parametrize("name", VERBS)
def test_each_file_has_the_verbs_that_are_listed(name: str):
    app = typer.Typer()
    app.callback()(lambda: None)
    importlib.import_module(f"terminal.{name}").register(app)
    assert verbs_of(app) == set(VERBS[name])
    for verb in VERBS[name]:
        assert verbs_of(app_of(verb)) == set(VERBS[name])


def test_no_file_of_verbs_is_left_out():
    files = {path.stem for path in (ROOT / "terminal").glob("*.py")}
    registers = {
        name for name in files if "def register(" in (ROOT / "terminal" / f"{name}.py").read_text()
    }
    assert registers == set(VERBS)


def test_without_a_verb_or_with_an_unknown_one_all_are_there(capfd: pytest.CaptureFixture[str]):
    everything = {verb for verbs in VERBS.values() for verb in verbs}
    assert verbs_of(app_of()) == verbs_of(app_of("labell")) == everything
    assert run(["labell"]) == 2
    assert "'labell'" in capfd.readouterr().err
    assert run(["--help"]) == 0
    shown = capfd.readouterr().out
    assert all(f"  {verb} " in shown for verb in everything)


@pytest.mark.parametrize("file", ["label_verbs", "models_verbs"])
def test_labelling_begins_without_what_it_does_not_need(file: str):
    told = f"import sys, terminal.main, terminal.{file}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "workspace.workspace" in loaded
    assert not loaded & {"numba", "scipy", "jinja2", "terminal.split_verbs", "streamlit"}
