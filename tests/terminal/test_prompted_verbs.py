"""`predict` with models, as a user runs it: the whole way, killed, stopped, in batches."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from terminal.main import run
from tests.workspace.models.conftest import openai
from tests.workspace.prompted.conftest import exported, gold_answers  # noqa: F401
from tests.workspace.prompted.ranked import (  # noqa: F401
    gold_rankings,
    judged_queries,
    prompts,
    ranked,
)

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--annotator", "one", "--prompt", "few-shot")


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def verb(folder: str, *more: str) -> subprocess.Popen[str]:
    """``predict`` in a process of its own."""
    words = [sys.executable, "cli.py", "predict", "-w", folder, "--json", *FEW, *more]
    return subprocess.Popen(
        words, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_until(server: Any, n_billed: int) -> None:
    for _ in range(1200):
        if server.counts()["n_billed"] >= n_billed:
            return
        time.sleep(0.05)
    raise AssertionError(f"the server billed {server.counts()}")


def test_from_an_export_to_a_verdict(exported, llm_server, capsys):  # noqa: F811
    server = llm_server("openai")
    workspace = exported(120, {"one": openai(server)})
    server.follow(answers=gold_answers(workspace))
    folder = str(workspace.root)
    planned = said(capsys, "predict", "-w", folder, *FEW, "--plan")["annotators"]["one"]
    assert (planned["n_requests"], server.counts()["n_requests"]) == (36, 0)
    assert run(["predict", "-w", folder, *FEW]) == 2
    assert "asking one costs money" in capsys.readouterr().err
    stopped = said(capsys, "predict", "-w", folder, *FEW, "--budget-usd", "6", code=1)
    assert (stopped["stopped"], stopped["run"]) == ("budget", None)
    made = said(capsys, "predict", "-w", folder, *FEW, "--budget-usd", "1000", "--resume")
    assert made["run"]["coverage"] == 1
    assert server.counts()["n_billed"] == 36
    said(capsys, "predict", "-w", folder, "--with", "knn")
    assert '"accuracy"' in json.dumps(said(capsys, "score", "one-few-shot", "-w", folder))
    found = said(
        capsys, "compare", "-w", folder, "--baseline", "knn", "--candidate", "one-few-shot"
    )
    assert found["n_broken"] == 0


def test_rankings_are_asked_scored_and_compared_without_an_export(ranked, capsys):  # noqa: F811
    server, workspace = ranked
    folder, n = str(workspace.root), len(prompts(workspace))
    words = ("predict", "-w", folder, "--annotator", "one", "--task", "ranking")
    spending = ("--budget-usd", "1000")
    server.follow(answers=[("", {"ranking": ["1", "2", "3", "4"]})])
    assert said(capsys, *words, *spending, "--name", "as-shown")["run"]["coverage"] == 1
    server.follow(batch_polls=0, answers=gold_rankings(workspace))
    few = (*words, "--prompt", "few-shot")
    assert said(capsys, *few, *spending, "--batch")["n_handed_in"] == n
    assert said(capsys, *few, "--collect")["run"]["coverage"] == 1
    told = ("--baseline", "as-shown", "--candidate", "one-few-shot-ranking")
    found = said(capsys, "compare", "-w", folder, *told)
    assert (found["verdict"], found["n_broken"]) == ("better", 0)
    endpoint = ("--endpoint", server.base_url, "--model", "m", "--task", "ranking")
    assert run(["predict", "-w", folder, *endpoint]) == 2
    assert "no export asks for rankings" in capsys.readouterr().err


def test_batches_are_handed_in_and_collected(exported, llm_server, capsys):  # noqa: F811
    server = llm_server("openai", batch_polls=0)
    folder = str(exported(120, {"one": openai(server)}).root)
    handed = said(capsys, "predict", "-w", folder, *FEW, "--batch", "--budget-usd", "1000")
    assert handed["n_handed_in"] == 36
    made = said(capsys, "predict", "-w", folder, *FEW, "--collect")
    assert made["run"]["n_rows"] == 36
    assert server.counts()["n_batches"] == 1


def test_killed_nothing_is_billed_twice_but_what_was_in_flight(exported, llm_server):  # noqa: F811
    server = llm_server("openai", latency_s=0.1)
    workspace = exported(400, {"one": openai(server, concurrent=4)})
    running = verb(str(workspace.root), "--budget-usd", "10000")
    wait_until(server, 30)
    running.kill()
    running.communicate()
    time.sleep(0.3)
    told, errors = verb(str(workspace.root), "--budget-usd", "10000").communicate()
    counts = server.counts()
    assert counts["n_billed_again"] <= 4
    assert counts["n_billed"] <= 120 + 4
    made = json.loads(told)
    assert made["run"]["n_rows"] == 120
    assert made["n_cached"] >= 26
    assert "of an ended process were in flight and may have cost up to $" in errors


def test_an_interrupt_keeps_what_was_answered(exported, llm_server):  # noqa: F811
    server = llm_server("openai", latency_s=0.2)
    workspace = exported(400, {"one": openai(server, concurrent=4)})
    running = verb(str(workspace.root), "--budget-usd", "10000")
    wait_until(server, 12)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    n_billed = server.counts()["n_billed"]
    assert f"stopped; {n_billed} of 120 answers are here and in the cache" in told
    server.follow(latency_s=0.0)
    told, _ = verb(str(workspace.root), "--budget-usd", "10000", "--resume").communicate()
    assert json.loads(told)["n_cached"] == n_billed
    assert server.counts()["n_billed_again"] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "nobody is to predict: name --with knn, --annotator NAME or --endpoint URL"),
        (("--with", "knn", "--annotator", "one"), "leave all but one of them out"),
        (("--annotator", "two"), "no annotator 'two'. Models declared: one"),
        (("--annotator", "one", "--model", "m"), "--model goes with --endpoint"),
        (("--annotator", "one", "--prompt", "many-shot"), "--prompt many-shot: input should be"),
        (("--annotator", "one", "--examples", "0"), "--examples 0: input should be greater"),
        (("--endpoint", "http://x/v1"), "name the model that is served there with --model"),
        (("--endpoint", "http://x/v1", "--model", "m", "--prompt", "few-shot"), "nothing else"),
        (("--endpoint", "http://x/v1", "--model", "m", "--batch"), "asks one by one"),
        (("--with", "knn", "--task", "attributes"), "answer classification alone"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    exported,  # noqa: F811
    capsys,
    words,
    told,
):
    section = {"provider": "openai", "model": "m", "price": None}
    folder = str(exported(40, {"one": section}).root)
    assert run(["predict", "-w", folder, *words]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
