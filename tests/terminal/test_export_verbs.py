from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from terminal.main import run


def words(seed: int) -> str:
    letters = random.Random(seed)
    return " ".join("".join(letters.choices("abcdefghij", k=8)) for _ in range(4))


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A workspace of 60 products in two categories, each product of a brand of its own."""
    source = tmp_path / "catalog.csv"
    pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(60)],
            "title": [words(i) for i in range(60)],
            "brand": [f"Brand {i}" for i in range(60)],
            "category": ["Food > Tea" if i % 5 else "Home > Mugs" for i in range(60)],
        }
    ).write_csv(source)
    assert run(["init", str(tmp_path / "shop"), "--source", str(source)]) == 0
    capsys.readouterr()
    return str(tmp_path / "shop")


@pytest.fixture
def said(shop: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a verb with --json: its exit code and what it said."""

    def answer(verb: str, *options: str) -> tuple[int, Any]:
        code = run([verb, "-w", shop, *options, "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    return answer


def test_export_writes_certified_files_and_says_where(said, shop: str) -> None:  # type: ignore[no-untyped-def]
    code, body = said("export", "--format", "alpaca", "--name", "first")
    assert code == 0
    assert body["folder"] == str(Path(shop) / "exports" / "first")
    assert body["certificate"]["leaks"] is False
    assert sum(rows["n_rows"] for rows in body["rows"].values()) == 60
    line = (Path(body["folder"]) / "train.jsonl").read_text().split("\n")[0]
    assert list(json.loads(line)) == ["instruction", "input", "output"]


def test_export_runs_again_only_if_something_changed_or_its_files_were_touched(said) -> None:  # type: ignore[no-untyped-def]
    _, first = said("export")
    assert "export" in first["ran"]
    _, again = said("export")
    assert again["ran"] == []
    (Path(again["folder"]) / "test.jsonl").unlink()
    _, mended = said("export")
    assert mended["ran"] == ["export"]
    assert mended["dataset_sha"] == first["dataset_sha"]
    assert (Path(mended["folder"]) / "test.jsonl").exists()


def test_options_of_export_are_kept_as_settings(said, shop: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Répondez.\n", "utf-8")
    options = [
        "--system-prompt",
        f"@{prompt}",
        "--task-prefix",
        "[SORT]",
        "--fields",
        "title,brand",
    ]
    _, body = said("export", *options, "--mask-field", "title", "--mask-probability", "0.5")
    assert body["prompts"] == {
        "classification": {
            "system": "Répondez.",
            "task_prefix": "[SORT]",
            "template": "{product_json}",
        }
    }
    assert body["masked"]["probability"] == 0.5
    assert 0 < body["masked"]["n_masked"] < body["masked"]["n_maskable"]
    assert 'mask_field = "title"' in (Path(shop) / "goldshelf.toml").read_text()
    _, body = said("export", "--mask-field", "none")
    assert body["masked"] is None
    assert body["prompts"]["classification"]["task_prefix"] == "[SORT]"


def test_a_template_is_kept_as_lines_in_the_settings_and_taken_back(  # type: ignore[no-untyped-def]
    said, shop: str, tmp_path: Path
) -> None:
    file = tmp_path / "ask.txt"
    file.write_text("Which shelf?\n{title} by {brand}\n", "utf-8")
    _, body = said("export", "--template", f"classification=@{file}")
    assert body["prompts"]["classification"]["template"] == "Which shelf?\n{title} by {brand}"
    settings = (Path(shop) / "goldshelf.toml").read_text()
    assert 'classification = """Which shelf?\n{title} by {brand}"""' in settings
    line = (Path(body["folder"]) / "train.jsonl").read_text().split("\n")[0]
    assert json.loads(line)["messages"][1]["content"].startswith("[CLASSIFY]\nWhich shelf?\n")
    _, back = said("export", "--template", "classification=none")
    assert back["prompts"]["classification"]["template"] == "{product_json}"
    assert back["dataset_sha"] != body["dataset_sha"]


def test_run_writes_an_export_again_whose_files_were_taken_away(said, shop: str) -> None:  # type: ignore[no-untyped-def]
    _, first = said("export")
    _, again = said("run")
    assert "export" not in again["ran"]
    folder = Path(first["folder"])
    for take in (
        (folder / "test.jsonl").unlink,
        (folder / "manifest.json").unlink,
        lambda: (folder / "records/train.jsonl").write_text("{}\n"),
        lambda: shutil.rmtree(folder),
    ):
        take()
        _, mended = said("run")
        assert mended["ran"] == ["export"]
        for name, facts in first["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == facts["sha256"]


def test_an_export_that_leaks_exits_1_each_time_and_is_written(  # type: ignore[no-untyped-def]
    said, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_none")
    # Titles share ten words of eleven, 10 / 12 = 0.83 similar, and the split ties no texts.
    source = Path(shop).parent / "catalog.csv"
    shared = pl.lit("one two three four five six seven eight nine ten ")
    rows = pl.read_csv(source).with_columns(pl.concat_str(shared, "id").alias("title"))
    rows.write_csv(source)
    settings = Path(shop) / "goldshelf.toml"
    text = settings.read_text()
    changed = text.replace('[["title"], ["title", "description"]]', "[]")
    assert changed != text
    settings.write_text(changed)
    for options in ([], ["--to-hub", "acme/shop"]):
        code, body = said("export", *options)
        assert code == 1
        assert "on_hub" not in body
        assert body["certificate"]["leaks"] is True
        assert (Path(body["folder"]) / "train.jsonl").exists()


def test_certify_reads_the_files_again_as_they_lie_there(said, shop: str, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    _, made = said("export", "--format", "alpaca")
    page = tmp_path / "certificate.html"
    code, body = said("certify", "--html", str(page))
    assert (code, body["name"], body["sound"], body["touched"]) == (0, "alpaca", True, [])
    assert body["between"] == made["certificate"]["between"]
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert run(["certify", "alpaca", "-w", shop]) == 0
    told = capsys.readouterr().out
    assert told.endswith("nothing leaks.\n")
    assert "train-test" in told

    folder = Path(made["folder"])
    with (folder / "test.jsonl").open("a") as file:
        file.write("{}\n")
    assert run(["certify", "-w", shop]) == 1
    told = capsys.readouterr()
    assert "goldshelf: alpaca/test.jsonl is not what was exported" in told.err
    assert told.out.endswith("nothing leaks.\n")

    train = (folder / "records" / "train.jsonl").read_text().split("\n")[0]
    with (folder / "records" / "test.jsonl").open("a") as file:
        file.write(train + "\n")
    assert run(["certify", "-w", shop]) == 1
    assert capsys.readouterr().out.endswith("it leaks: do not train on it.\n")


def test_certify_without_an_export_is_one_line(said, shop: str, capsys) -> None:  # type: ignore[no-untyped-def]
    assert run(["certify", "-w", shop]) == 2
    told = "goldshelf: no export 'openai-chat'. Exports here: none. Run `goldshelf export`.\n"
    assert capsys.readouterr().err == told
    _, made = said("export", "--format", "alpaca")
    assert run(["certify", "other", "-w", shop]) == 2
    assert "no export 'other'. Exports here: alpaca." in capsys.readouterr().err
    (Path(made["folder"]) / "records" / "test.jsonl").unlink()
    assert run(["certify", "-w", shop]) == 2
    assert "records/test.jsonl is gone. Run `goldshelf export --force`." in capsys.readouterr().err


def test_balance_prints_before_and_after_and_what_is_short(said, shop: str, capsys) -> None:  # type: ignore[no-untyped-def]
    code, body = said("balance", "--method", "uniform", "--level", "1", "--floor", "900")
    assert code == 0
    at_level = [row for row in body["table"] if row["level"] == "1"]
    assert [row["category"] for row in at_level] == ["Food", "Home"]
    assert {row["category"] for row in body["shortfall"]} == {"Food", "Home"}
    assert run(["balance", "-w", shop, "--floor", "none", "--cap", "5"]) == 0
    printed = capsys.readouterr().out
    assert "uniform at level 1, by both" in printed
    assert "Gini" in printed


def test_over_and_under_choose_what_is_done(said) -> None:  # type: ignore[no-untyped-def]
    for options, by in (
        (["--over"], "over"),
        (["--under"], "under"),
        (["--over", "--under"], "both"),
    ):
        _, body = said("balance", "--method", "uniform", *options)
        assert body["settings"]["by"] == by
        assert bool(body["figures"]["n_copies"]) <= (by != "under")
        assert bool(body["figures"]["n_dropped"]) <= (by != "over")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["export", "--format", "csv"], "export.format"),
        (["export", "--name", "../up"], "export.name"),
        (["export", "--system-prompt", "@/no/such/file"], "no such file"),
        (["export", "--system-prompt", "\udcff"], "not valid utf-8 at character 1"),
        (["export", "--mask-field", "price"], "export.mask_field"),
        (["export", "--mask-probability", "2"], "export.mask_probability"),
        (["export", "--private"], "--private says how to push to the hub"),
        (["export", "--to-hub", "shop"], "--to-hub shop: expected owner/name"),
        (["export", "--to-disk", "."], "--to-disk .: there is something else"),
        (["export", "--images", "--format", "alpaca"], "openai-chat alone, not in alpaca"),
        (["export", "--template", "classification={name}"], "no placeholder {name}. known: "),
        (["export", "--template", "sorting={title}"], "no task 'sorting'"),
        (["export", "--template", "{title}"], "--template {title}: expected name=value"),
        (["balance", "--method", "cap"], "method cap needs a number"),
        (["balance", "--weights", "--over"], "--weights leaves every row as it is"),
        (["balance", "--weights", "--total", "9"], "by = weights changes none"),
        (["balance", "--level", "0"], "--level 0: expected leaf"),
        (["balance", "--cap", "few"], "--cap few: expected a whole number"),
        (["balance", "--cap", "2", "--floor", "3"], "the cap (2) is below the floor (3)"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    arguments: list[str], told: str, shop: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (Path(shop) / "goldshelf.toml").read_text()
    assert run([arguments[0], "-w", shop, *arguments[1:]]) == 2
    err = capsys.readouterr().err
    assert told in err.lower()
    assert err.count("\n") == 1
    assert (Path(shop) / "goldshelf.toml").read_text() == before


def test_the_shopping_list_is_a_table_json_and_a_file(
    said, shop: str, tmp_path: Path, capsys
) -> None:  # type: ignore[no-untyped-def]
    said("balance")
    out = tmp_path / "wanted.csv"
    code, body = said("shopping-list", "--target", "1000", "--out", str(out))
    assert code == 0
    # 48 of 60 products are tea: most of both is missing, and more of the catalog is tea.
    assert [row["category"] for row in body["categories"]] == ["Food > Tea", "Home > Mugs"]
    assert body["run"] is None
    assert body["categories"][0]["share"] == 0.8
    assert pl.read_csv(out)["category"].to_list() == ["Food > Tea", "Home > Mugs"]
    assert run(["shopping-list", "-w", shop, "--target", "1000"]) == 0
    told = capsys.readouterr().out
    assert "benefit = gap x share x error" in told
    assert "no run of categories is scored" in told
    assert run(["shopping-list", "-w", shop, "--run", "nobody"]) == 2
    assert "no scored run 'nobody' of categories on test" in capsys.readouterr().err
