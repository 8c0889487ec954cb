"""`label` with language models and `ledger`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from terminal.main import run

CATALOG = "id,title,brand,category\n" + "\n".join(
    f"{n},{what} {n},Brand {n % 3},{path}"
    for n, (what, path) in enumerate([("glass mug", "Kitchen > Mugs"), ("tea", "Food > Tea")] * 6)
)


@pytest.fixture
def server(llm_server: Any) -> Any:
    return llm_server("openai")


@pytest.fixture
def folder(tmp_path: Path, server: Any, capsys: pytest.CaptureFixture[str]) -> str:
    (tmp_path / "catalog.csv").write_text(CATALOG)
    assert run(["init", str(tmp_path / "w"), "--source", str(tmp_path / "catalog.csv")]) == 0
    settings = tmp_path / "w" / "goldshelf.toml"
    settings.write_text(
        settings.read_text().replace("[annotators]\n", "")
        + f"""
[annotators.mini]
provider = "openai"
model = "m"
base_url = "{server.base_url}"
max_tokens = 64

[annotators.mini.price]
input_usd_per_million = 1000
output_usd_per_million = 4000
"""
    )
    capsys.readouterr()
    return str(tmp_path / "w")


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_plan_try_run_and_ledger(folder, server, capsys):
    planned = said(capsys, "label", "-w", folder, "--plan")["annotators"]["mini"]
    assert (planned["n_rows"], planned["n_cached"]) == (12, 0)
    assert server.counts()["n_requests"] == 0
    tried = said(capsys, "label", "-w", folder, "--try", "2", "--annotators", "mini")["tried"]
    assert len(tried) == server.counts()["n_billed"] == 2
    made = said(capsys, "label", "-w", folder, "--budget-usd", "50")
    assert made["stopped"] is None
    assert made["annotators"]["mini"]["n_votes"] == 12
    spent = said(capsys, "ledger", "-w", folder, "--by", "annotator")
    assert spent["by"][0]["n_answers"] == server.counts()["n_billed"] == 12
    status = said(capsys, "status", "-w", folder)
    assert status["missing_votes"] == {}


def test_tables_are_printed_for_a_person(folder, capsys):
    assert run(["label", "-w", folder, "--plan"]) == 0
    assert "nothing was sent" in capsys.readouterr().out
    assert run(["label", "-w", folder, "--try", "1"]) == 0
    shown = capsys.readouterr().out
    assert ">>> answered" in shown
    assert "tokens in" in shown
    assert run(["label", "-w", folder, "--budget-usd", "50"]) == 0
    assert "spent now" in capsys.readouterr().out
    assert run(["ledger", "-w", folder]) == 0
    assert "in all" in capsys.readouterr().out


def test_a_run_that_the_budget_stopped_exits_with_1(folder, capsys):
    made = said(capsys, "label", "-w", folder, "--budget-usd", "2", code=1)
    assert made["stopped"] == "budget"
    assert made["spent_usd"] <= 2
    assert run(["status", "-w", folder]) == 0
    assert "votes of mini are missing" in capsys.readouterr().out


def test_models_are_not_asked_without_a_budget(folder, server, capsys):
    assert run(["label", "-w", folder, "--annotators", "mini"]) == 2
    assert "--budget-usd 5" in capsys.readouterr().err
    assert run(["label", "-w", folder]) == 0
    assert run(["run", "agree", "-w", folder]) == 0
    assert server.counts()["n_requests"] == 0


def test_models_and_the_others_are_not_mixed_in_one_run(folder, capsys):
    words = ["label", "-w", folder, "--annotators", "mini,knn", "--budget-usd", "1"]
    assert run(words) == 2
    assert "knn needs no key and is no model: name models alone" in capsys.readouterr().err
    assert run(["label", "-w", folder, "--annotators", "maxi", "--plan"]) == 2
    assert "no annotator 'maxi'. Models declared: mini." in capsys.readouterr().err


def test_a_misspelt_setting_of_a_model_names_the_right_one(folder, capsys):
    settings = Path(folder) / "goldshelf.toml"
    settings.write_text(settings.read_text().replace("max_tokens", "max_token"))
    assert run(["status", "-w", folder]) == 2
    told = capsys.readouterr().err
    assert "annotators.mini.max_token is not a setting. Did you mean 'max_tokens'?" in told


def test_a_model_cannot_take_the_name_of_another_annotator(folder, capsys):
    settings = Path(folder) / "goldshelf.toml"
    settings.write_text(settings.read_text().replace("annotators.mini", "annotators.knn"))
    assert run(["status", "-w", folder]) == 2
    assert "'knn' is an annotator that needs no key" in capsys.readouterr().err


def test_a_missing_key_is_one_line_that_names_the_variable(folder, capsys, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    settings = Path(folder) / "goldshelf.toml"
    lines = settings.read_text().splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith("base_url")))
    assert run(["label", "-w", folder, "--budget-usd", "1"]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert "annotators.mini" in line
    assert "OPENAI_API_KEY" in line


def test_batches_are_handed_in_and_collected(folder, server, capsys):
    assert run(["label", "-w", folder, "--batch"]) == 2
    assert "--budget-usd 5" in capsys.readouterr().err
    made = said(capsys, "label", "-w", folder, "--batch", "--budget-usd", "50")
    assert (made["n_handed_in"], made["stopped"]) == (12, None)
    assert run(["status", "-w", folder]) == 0
    assert "12 requests in batches" in capsys.readouterr().out
    found = said(capsys, "label", "-w", folder, "--collect")
    assert (found["n_at_work"], found["cost_usd"]) == (1, 0)
    found = said(capsys, "label", "-w", folder, "--collect", "--wait")
    assert [one["n_answers"] for one in found["batches"]] == [12]
    assert found["annotators"]["mini"]["n_votes"] == 12
    assert server.counts()["n_requests"] == 0
    assert run(["label", "-w", folder, "--collect"]) == 0
    assert "no batch is to be collected" in capsys.readouterr().out
    assert run(["label", "-w", folder, "--give-up", "b_7"]) == 2
    assert "no batch 'b_7' is to be collected" in capsys.readouterr().err


def test_batches_that_the_budget_stopped_exit_with_1(folder, server, capsys):
    assert run(["label", "-w", folder, "--batch", "--budget-usd", "4"]) == 1
    shown = capsys.readouterr()
    assert "stopped before the budget could be passed" in shown.err
    assert "handed in, at most $" in shown.out
    assert server.counts()["n_batches"] == 1
    assert run(["label", "-w", folder, "--collect", "--wait"]) == 0
    assert "for these answers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({"key": "sk-right"}, "mini was not asked further: openai m at 127.0.0.1: the key in "),
        (
            {"models": ["gpt"]},
            "mini was not asked further: openai m at 127.0.0.1: the model m does ",
        ),
    ],
)
def test_a_model_that_is_refused_ends_with_2_and_says_why_last(
    folder, server, capsys, monkeypatch, script, told
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-1234567890")
    server.follow(**script)
    for more in ([], ["--batch"]):
        if more and "models" in script:
            continue  # a batch is refused row by row for that
        assert run(["label", "-w", folder, "--budget-usd", "50", *more]) == 2
        shown = capsys.readouterr()
        line = shown.err.strip().splitlines()[-1]
        assert line.startswith(
            f"goldshelf: {told}".replace("asked", "handed in" if more else "asked")
        )
        assert shown.err.count("not accepted") + shown.err.count("does not exist") == 1
        assert "sk-wrong" not in shown.out + shown.err
    assert run(["label", "-w", folder, "--budget-usd", "50", "--json"]) == 2
    assert "mini" in json.loads(capsys.readouterr().out)["annotators"]


def test_a_model_that_answers_nothing_ends_with_2_and_the_reason(folder, server, capsys):
    settings = Path(folder) / "goldshelf.toml"
    gone = settings.read_text().replace(server.base_url, "http://127.0.0.1:9/v1")
    settings.write_text(gone.replace("max_tokens = 64", "max_tokens = 64\nmax_tries = 1"))
    assert run(["label", "-w", folder, "--budget-usd", "50"]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    told = "goldshelf: mini answered none of 12 requests: openai m at 127.0.0.1: no connection"
    assert line.startswith(told)


def test_a_request_without_an_answer_says_why(folder, server, capsys):
    server.follow(faults=[{"kind": "server_error", "message": "out of memory", "contains": "mug 4",
                           "times": None}])  # fmt: skip
    settings = Path(folder) / "goldshelf.toml"
    settings.write_text(settings.read_text().replace("max_tokens = 64", "max_tries = 1"))
    assert run(["label", "-w", folder, "--budget-usd", "100"]) == 0
    told = "mini: 1 request without an answer, the last: openai m at 127.0.0.1: out of memory"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('base_url = "gpu:8000/v1"', "base_url: expected an address such as http://gpu.example"),
        ('base_url = "https://"', "base_url: expected an address such as http://gpu.example"),
        ('base_url = "http://[::1/v1"', "base_url: expected an address such as http://gpu.example"),
        (
            'base_url = "https://me:sk-secret-1@gpu/v1"',
            "base_url: the address holds a user, a pass",
        ),
        (
            'base_url = "https://gpu/v1?key=sk-secret-1"',
            "base_url: the address holds a user, a pass",
        ),
        ('key_variable = "sk-secret-1"', "key_variable: expected the name of an environment var"),
        ('key_variable = "AIzaSySecret"', "key_variable: expected the name of an environment var"),
        ("questions = []", "questions: list should have at least 1 item"),
        (
            'questions = ["label"]',
            "questions.0: input should be 'propose', 'validate' or 'extract'",
        ),
        ('provider = "mistral"', "provider: input should be 'openai', 'anthropic' or 'gemini'"),
        ("temperature = 3", "temperature: input should be less than or equal to 2"),
        ('api_key = "sk-secret-1"', "api_key is not a setting. Known: provider, model"),
        ("price = 3", "price: expected a table of settings"),
    ],
)
def test_a_wrong_setting_of_a_model_is_one_line_without_a_key(folder, capsys, line, told):
    settings = Path(folder) / "goldshelf.toml"
    text, _, _ = settings.read_text().partition("[annotators.mini.price]")
    text = "\n".join(row for row in text.splitlines() if not row.startswith(line.split(" ")[0]))
    settings.write_text(text.replace("[annotators.mini]", f"[annotators.mini]\n{line}"))
    assert run(["label", "-w", folder, "--plan"]) == 2
    [shown] = capsys.readouterr().err.strip().splitlines()
    assert f"goldshelf.toml: annotators.mini.{told}" in shown
    assert "secret" not in shown.lower()
    assert not shown.endswith("..")


def test_a_settings_file_that_is_no_toml_names_the_line(folder, capsys):
    settings = Path(folder) / "goldshelf.toml"
    settings.write_text(settings.read_text() + "[annotators.other\n")
    assert run(["label", "-w", folder, "--plan"]) == 2
    [shown] = capsys.readouterr().err.strip().splitlines()
    assert "goldshelf.toml: not valid TOML: Expected ']'" in shown
    assert "at line" in shown
