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


def test_accepted_pairs_go_to_a_file_that_split_and_check_split_take(folder, tmp_path, capsys):
    run(["brands", "-w", folder])
    run(["brands", "accept", "Boreal", "Bo Real", "-w", folder])
    aliases = str(tmp_path / "aliases.csv")
    assert run(["brands", "-w", folder, "--out", aliases]) == 0
    assert (tmp_path / "aliases.csv").read_text() == "brand,alias\nbo real,boreal\n"
    capsys.readouterr()
    rows = [f"{n},{b} {w},{b}" for n, (b, w) in enumerate([("Bo Real", "jug"), ("Boreal", "pan")])]
    for name, row in zip(("train", "test"), rows, strict=True):
        (tmp_path / f"{name}.csv").write_text(f"id,title,brand\n{row}\n")
    files = [str(tmp_path / "train.csv"), str(tmp_path / "test.csv")]
    assert run(["check-split", *files]) == 0
    capsys.readouterr()
    assert run(["check-split", *files, "--brand-aliases", aliases, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["shared_groups"] == 1
    assert found["settings"]["brand_aliases"] == [["bo real", "boreal"]]
    (tmp_path / "both.csv").write_text("\n".join(["id,title,brand", *rows, "9,Zed cup,Zed"]))
    asked = ["split", str(tmp_path / "both.csv"), "--group-column", "brand", "--json"]
    asked += ["--fractions", "0.6,0.4", "--out", str(tmp_path / "parts")]
    assert run(asked) == 0
    assert json.loads(capsys.readouterr().out)["n_groups"] == 3
    assert run([*asked, "--brand-aliases", aliases]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["n_groups"] == 2
    assert made["settings"]["brand_aliases"] == [["bo real", "boreal"]]


def test_brands_go_to_no_file_that_holds_something_else(folder, tmp_path, capsys):
    before = (tmp_path / "catalog.csv").read_bytes()
    assert run(["brands", "-w", folder, "--out", str(tmp_path / "catalog.csv")]) == 2
    assert "holds no aliases" in capsys.readouterr().err
    assert (tmp_path / "catalog.csv").read_bytes() == before
    out = str(tmp_path / "new.csv")
    assert run(["brands", "--out", out, "accept", "Boreal", "Bo Real", "-w", folder]) == 2
    assert "--out is of `goldshelf brands` alone" in capsys.readouterr().err


def test_aliases_that_would_tie_nothing_are_one_line(folder, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("brand,alias\nAcme,Akme\n")
    aliases = ["--brand-aliases", str(tmp_path / "a.csv")]
    (tmp_path / "x.csv").write_text("id,title,shop\n1,pan,A\n2,jug,B\n")
    x, out = str(tmp_path / "x.csv"), str(tmp_path / "parts")
    for asked in (
        ["split", x, "--group-column", "shop", "--out", out, *aliases],
        ["check-split", x, x, "--group-column", "shop", *aliases],
    ):
        assert run(asked) == 2
        told = capsys.readouterr()
        assert "no group column is one of brands" in told.err
        assert told.out == ""
    assert not (tmp_path / "parts").exists()
    assert run(["split", "-w", folder, *aliases]) == 2
    assert "of a workspace, decide with `goldshelf brands accept`" in capsys.readouterr().err
