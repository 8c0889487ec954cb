"""A process is kept ready for the next try: it runs the verb as a new one would."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ui import warm


@pytest.fixture(autouse=True)
def on() -> Iterator[None]:
    # a shell that starts the tests in the background has them ignore it, and all they start
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    warm.turn_on()
    yield
    signal.signal(signal.SIGINT, before)
    held, warm._READY.process, warm._READY.is_on = warm._READY.process, None, False
    if held is not None:
        warm._let_go(held)


def test_it_runs_the_verb_and_its_words_are_in_the_log(tmp_path: Path):
    warm.keep({"openai"})
    log = tmp_path / "job.log"
    log.write_text("of the job before")
    taken = warm.taken(["label", "--try", "1", "-w", str(tmp_path / "none")], log)
    assert taken is not None
    assert taken.wait(60) == 2
    assert log.read_text().startswith(f"goldshelf: {tmp_path}/none is not a workspace")
    assert warm.taken([], log) is None  # one process runs one verb


def test_it_is_kept_until_another_provider_is_wanted(tmp_path: Path):
    warm.keep({"openai", "anthropic"})
    first = warm._READY.process
    warm.keep({"anthropic"})
    assert warm._READY.process is first
    warm.keep({"gemini"})
    assert warm._READY.process is not first
    assert first is not None
    assert first.poll() is not None


def test_it_can_be_stopped_while_it_prepares(tmp_path: Path):
    warm.keep({"openai"})
    taken = warm.taken(["label", "--try", "1", "-w", str(tmp_path)], tmp_path / "log")
    assert taken is not None
    taken.send_signal(signal.SIGINT)
    assert taken.wait(60) in (130, -signal.SIGINT)


def test_it_ends_when_nobody_can_tell_it_anything_any_more():
    warm.keep({"openai"})
    process = warm._READY.process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 0
    warm.keep({"openai"})
    assert warm._READY.process is not process


def test_there_is_none_where_none_is_wanted(tmp_path: Path):
    warm.keep(set())
    assert warm._READY.process is None
    warm._READY.is_on = False
    warm.keep({"openai"})
    assert warm.taken(["label", "--try", "1"], tmp_path / "log") is None


def test_it_answers_at_once_when_it_is_ready(tmp_path: Path):
    warm.keep({"openai", "anthropic", "gemini"})
    process = warm._READY.process
    assert process is not None
    modules = Path(f"/proc/{process.pid}/maps")
    until = time.monotonic() + 60
    while "llvmlite" not in modules.read_text() and time.monotonic() < until:
        time.sleep(0.1)
    assert "llvmlite" in modules.read_text()  # all that lasts long is loaded
