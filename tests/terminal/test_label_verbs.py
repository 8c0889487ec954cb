"""The verbs `label` and `agree`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from terminal.main import run

VOTES = "item,annotator,label\n1,a,x\n1,b,x\n2,a,x\n2,b,y\n3,a,y\n3,b,y\n"
CATALOG = "id,title,brand,category\n" + "\n".join(
    f"{n},{colour} {what},{brand},{path}"
    for n, (colour, brand, (what, path)) in enumerate(
        (colour, brand, kind)
        for brand, colour in (("Ada", "red"), ("Bob", "blue"), ("Cy", "white"))
        for kind in (("glass mug", "Kitchen > Mugs"), ("leaf tea", "Food > Tea"))
    )
)


@pytest.fixture
def votes(tmp_path: Path) -> str:
    (tmp_path / "votes.csv").write_text(VOTES)
    return str(tmp_path / "votes.csv")


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (tmp_path / "catalog.csv").write_text(CATALOG)
    assert run(["init", str(tmp_path / "w"), "--source", str(tmp_path / "catalog.csv")]) == 0
    capsys.readouterr()
    return str(tmp_path / "w")


def test_agree_prints_one_json_object_of_plain_numbers(votes, capsys):
    assert (
        run(
            [
                "agree",
                votes,
                "--item",
                "item",
                "--annotator",
                "annotator",
                "--label",
                "label",
                "--json",
            ]
        )
        == 0
    )
    body = json.loads(capsys.readouterr().out)
    assert body["percent_agreement"] == pytest.approx(2 / 3)
    assert body["fleiss_kappa"] == pytest.approx(1 / 3)
    assert body["krippendorff_alpha"] == pytest.approx(1 - 5 * 2 / 18)
    assert (body["n_items"], body["n_annotators"], body["n_votes"]) == (3, 2, 6)
    [pair] = body["cohen_kappa"]
    assert pair["cohen_kappa"] == pytest.approx((2 / 3 - 4 / 9) / (1 - 4 / 9))  # P_e = 2/9 + 2/9


def test_agree_prints_tables_for_people(votes, capsys):
    assert run(["agree", votes]) == 0
    out = capsys.readouterr().out
    assert "6 votes of 2 annotators on 3 items" in out
    assert "Krippendorff's alpha, nominal" in out


@pytest.mark.parametrize(
    "arguments",
    [["--item", "nope"], ["--level", "interval"], ["--level", "odd"], ["--order", "x,y"]],
)
def test_a_mistake_is_one_line_and_exit_2(votes, capsys, arguments):
    assert run(["agree", votes, *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1


def test_a_missing_file_is_exit_2(capsys):
    assert run(["agree", "nowhere.csv"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_label_runs_the_step_and_keeps_what_was_chosen(folder, capsys):
    assert run(["label", "-w", folder, "--annotators", "source,lexical", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["ran"] == ["load", "label"]
    assert list(body["steps"]["label"]["figures"]["annotators"]) == ["source", "lexical"]
    assert 'annotators = ["source", "lexical"]' in (Path(folder) / "goldshelf.toml").read_text()
    assert run(["label", "-w", folder]) == 0
    assert "up to date" in capsys.readouterr().out


def test_an_unknown_annotator_is_exit_2_and_changes_nothing(folder, capsys):
    before = (Path(folder) / "goldshelf.toml").read_text()
    assert run(["label", "-w", folder, "--annotators", "source,oracle"]) == 2
    assert "'knn', 'linear' or 'lexical'" in capsys.readouterr().err
    assert (Path(folder) / "goldshelf.toml").read_text() == before


def test_agree_without_a_file_is_that_of_the_workspace(folder, capsys):
    assert run(["agree", "-w", folder]) == 0
    out = capsys.readouterr().out
    assert "category: " in out
    assert "alpha by taxonomy distance" in out
    assert run(["agree", "-w", folder, "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["ran"] == []
    assert {row["annotator_id"] for row in body["annotators"]} == {
        "source",
        "knn",
        "linear",
        "lexical",
    }
    assert len(body["pairwise"]) == 6
    assert body["questions"]["category"]["levels"][0]["level"] == 1
