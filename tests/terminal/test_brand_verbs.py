"""goldshelf brands: shown, decided, refused in one line."""

import json

import pytest

from terminal.main import run


@pytest.fixture
def folder(tmp_path, capsys):
    rows = ["id,title,brand,category", "x,Acme ruler,,Home"]
    rows += [f"a{n},Acme mug no {n},Acme,Home" for n in range(4)]
    rows += ["b,Bo tray,Bo Real,Home", "c,Re tray,Boreal,Home"]
    (tmp_path / "catalog.csv").write_text("\n".join(rows))
    assert run(["init", str(tmp_path / "ws"), "--source", str(tmp_path / "catalog.csv")]) == 0
    capsys.readouterr()
    return str(tmp_path / "ws")


def told(capsys, *arguments):
    assert run(["brands", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_show_accept_fill_undo(folder, capsys):
    found = told(capsys, "-w", folder)
    assert [(p["brand_a"], p["brand_b"]) for p in found["aliases"]] == [("bo real", "boreal")]
    assert [m["record_id"] for m in found["missing"]] == ["x"]
    assert told(capsys, "accept", "Boreal", "Bo-Real", "-w", folder)["log"][0]["action"] == "same"
    assert told(capsys, "fill", "x", "-w", folder)["log"][0]["after"]["value"] == "Acme"
    assert run(["brands", "-w", folder]) == 0
    assert "same" in capsys.readouterr().out
    assert run(["undo", "-w", folder]) == 0
    capsys.readouterr()
    assert told(capsys, "-w", folder)["missing_waiting"] == 1


def test_a_mistake_is_one_line(folder, capsys):
    assert run(["brands", "accept", "Acme", "Boreal", "-w", folder]) == 2
    assert "Run `goldshelf" in capsys.readouterr().err
    run(["brands", "-w", folder])
    capsys.readouterr()
    assert run(["brands", "accept", "Acme", "Boreall", "-w", folder]) == 2
    assert "Did you mean 'boreal'?" in capsys.readouterr().err
