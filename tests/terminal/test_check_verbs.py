import json

import pytest

from terminal.main import run

CSV = """id,title,brand,category,colour
1,<b>Red</b> mug,Acme,Home > Kitchen,Red
2,Blue mug,,Home > Kitchen,Red
3,Green mug,Acme,home > kitchen,Green
4,Green mug,Acme,Home > Kitchen,Green
"""
TREE = {"nodes": [{"path": ["Home"], "attributes": {"Colour": ["Red", "Blue", "Green"]}},
                  {"path": ["Home", "Kitchen"]}]}  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop.csv").write_text(CSV, "utf-8")
    (tmp_path / "tree.json").write_text(json.dumps(TREE), "utf-8")
    folder = tmp_path / "w"
    code = run(
        ["init", str(folder), "--source", str(tmp_path / "shop.csv"), "--taxonomy",
         str(tmp_path / "tree.json"), "--map", "attributes.Colour=colour"]
    )  # fmt: skip
    assert code == 0
    return folder


@pytest.fixture
def said(capfd, shop):
    def call(*arguments):
        capfd.readouterr()
        code = run(["check", "-w", str(shop), *arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_json_has_every_check_and_evidences_where_it_speaks_of_them(said):
    code, out, _ = said("--json")
    body = json.loads(out)
    lines = {line["check"]: line for line in body["checks"]}
    assert code == 0
    assert body["n_records"] == 4
    assert lines["html_in_text"]["n_rows"] == 1
    assert "n_evidences" not in lines["html_in_text"]
    assert lines["evidence_offset_mismatch"]["n_evidences"] == 0
    assert lines["category_spelled_twice"]["n_rows"] is None
    assert lines["category_spelled_twice"]["skipped"]
    assert "rows" not in body


def test_rows_of_one_check_are_shown_with_their_fix(said):
    code, out, _ = said("--check", "conflicting_values", "--json")
    body = json.loads(out)
    assert code == 0
    assert body["n_issues"] == 1
    [row] = body["rows"]
    assert (row["record_id"], row["fix_field"], row["fix_value"]) == (
        "2",
        "attribute:Colour",
        "Blue",
    )


def test_limit_is_kept_even_at_0(said):
    _, out, _ = said("--check", "small_category", "--limit", "2", "--json")
    body = json.loads(out)
    # Three records with the valid path: fewer than five.
    assert (len(body["rows"]), body["n_issues"]) == (2, 3)
    _, out, _ = said("--check", "small_category", "--limit", "0", "--json")
    assert json.loads(out)["rows"] == []


def test_summary_is_a_table_and_news_go_to_stderr(said):
    code, out, err = said()
    assert code == 0
    assert "path_not_in_taxonomy" in out
    assert "not run: category_spelled_twice" in out
    assert "4 records have" in err or "records of 4" in err


def test_unknown_check_is_the_users_mistake_in_one_line(said):
    code, out, err = said("--check", "mojibak")
    assert code == 2
    assert out == ""
    assert err.strip() == "goldshelf: there is no check 'mojibak'. Did you mean 'mojibake'?"


def test_checks_are_run_again_only_where_something_changed(said, shop):
    first = json.loads(said("--json")[1])["snapshot"]
    _, _, err = said("--json")
    assert err == ""
    settings = shop / "goldshelf.toml"
    text = settings.read_text("utf-8").replace("smallest_category = 5", "smallest_category = 2")
    settings.write_text(text, "utf-8")
    body = json.loads(said("--json")[1])
    assert body["snapshot"] != first
    assert {line["check"]: line["n_rows"] for line in body["checks"]}["small_category"] == 0


def test_same_bytes_at_every_run(said, shop):
    first = json.loads(said("--json")[1])["snapshot"]
    assert json.loads(said("--force", "--json")[1])["snapshot"] == first
