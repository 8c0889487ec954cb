import hashlib
import json

import polars as pl
import pytest

from terminal.main import run
from workspace.files.checking import check_split_files
from workspace.reports.certificate import certificate_html

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def files(tmp_path):
    train, test = tmp_path / "train.jsonl", tmp_path / "test.csv"
    pl.DataFrame(
        {
            "id": ["a", "b", HOSTILE],
            "title": ["red tea cup", "oak shelf", HOSTILE],
            "brand": ["Acme", "Nord", HOSTILE],
            "category_path": [["Home", "Cups"], ["Home", "Shelves"], ["Home", HOSTILE]],
            "unread": ["x" * 100] * 3,
        }
    ).write_ndjson(train)
    pl.DataFrame(
        {
            "id": ["d", "e"],
            "title": ["Tea cup red", HOSTILE],
            "brand": ["Bolt", HOSTILE],
            "category": ["Home > Cups", "Home > Pots"],
            "unread": ["y", "z"],
        }
    ).write_csv(test)
    return train, test


def checked(files):
    return check_split_files(*files, group_columns=[], columns=[], near_duplicates=0.8)


def test_two_files_of_other_kinds_are_certified_with_tables_and_hashes(files):
    body = checked(files).certificate.as_json()
    assert body["leaks"]
    found = body["between"]["train-test"]
    assert (found["shared_groups"], found["near_duplicate_pairs"], found["exact_pairs"]) == (
        1,
        2,
        1,
    )
    assert found["leaking_rows"] == ["d", "e"]
    rows = {facts["split"]: facts for facts in body["tables"]["splits"]}
    assert (rows["train"]["n_rows"], rows["train"]["n_categories"]) == (3, 3)
    # all: 2 cups of 5 and 1 of each other; test: half cups, half pots
    assert rows["test"]["total_variation"] == pytest.approx(0.5 * (0.1 + 0.2 + 0.2 + 0.3))
    cups = next(row for row in body["tables"]["categories"] if row["name"] == "Home > Cups")
    assert (cups["train"], cups["test"]) == (1, 1)
    assert body["files"]["test"]["sha256"] == hashlib.sha256(files[1].read_bytes()).hexdigest()


def test_the_curve_falls_and_ends_with_the_share_of_equal_texts(files):
    curve = checked(files).found.sample["nearest"]
    shares = [point["share"] for point in curve]
    assert shares == sorted(shares, reverse=True)
    assert (curve[0]["similarity"], curve[-1]["similarity"]) == (0.0, 1.0)
    assert (shares[0], shares[-1]) == (1.0, 1.0)


def test_product_text_is_escaped_and_nothing_is_loaded(files):
    page = certificate_html(checked(files).certificate.as_json(), HOSTILE)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "Something stands on both sides" in page


def test_the_gate_writes_the_page_and_json_and_fails(files, tmp_path, capsys):
    page = tmp_path / "certificate.html"
    assert run(["check-split", *map(str, files), "--html", str(page), "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert body["near_duplicate_pairs"] == 2
    assert body["tables"]["splits"][0]["n_rows"] == 3
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_a_file_is_split_by_query_and_folds_around_a_frozen_test(tmp_path, capsys):
    source, out = tmp_path / "catalog.csv", tmp_path / "out"
    rows = pl.DataFrame(
        {
            "id": [f"r{k}" for k in range(60)],
            "query": [f"query{k // 3} word{k // 3}" for k in range(60)],
        }
    )
    rows.write_csv(source)
    command = ["split", str(source), "--out", str(out), "--by", "query", "--folds", "2", "--json"]
    assert run(command) == 0
    made = json.loads(capsys.readouterr().out)
    folds = pl.read_csv(out / "folds.csv")
    test = pl.read_csv(out / "test.csv")
    assert not set(folds["id"]) & set(test["id"])
    assert folds.height + test.height == 60
    parts = [set(pl.read_csv(made["files"][f"fold {n}"])["query"]) for n in (1, 2)]
    assert not parts[0] & parts[1]

    more = pl.DataFrame({"id": ["n1", "n2"], "query": [test["query"][0], "a new query"]})
    pl.concat([rows, more]).write_csv(source)
    again = ["--frozen-test", str(out / "test.csv"), "--seed", "9"]
    (tmp_path / "again").mkdir()
    command[3] = str(tmp_path / "again")
    assert run([*command, *again]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(pl.read_csv(tmp_path / "again" / "test.csv")["id"]) == set(test["id"])
    assert pl.read_csv(tmp_path / "again" / "dropped.csv")["id"].to_list() == ["n1"]
    assert "1 new row tied to the frozen test set dropped" in told["notes"]

    rows.filter(~pl.col("id").is_in(test["id"].head(2).implode())).write_csv(source)
    assert run([*command, *again]) == 0
    told = json.loads(capsys.readouterr().out)
    lost = "2 rows of test.csv are not in catalog.csv: what ties to them is not known"
    assert lost in told["notes"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--freeze"], "--freeze is of a workspace"),
        (["--compare-random"], "--compare-random is of a workspace"),
        (["--folds", "1"], "--folds"),
        (["--keep", "weather"], "--keep"),
        (["--by", "time"], "there is no column 'date'"),
        (["--frozen-test", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_cannot_be_split_is_one_line(options, line, tmp_path, capsys):
    source = tmp_path / "catalog.csv"
    pl.DataFrame({"id": ["a", "b", "c"], "title": ["x", "y", "z"]}).write_csv(source)
    assert run(["split", str(source), "--out", str(tmp_path / "out"), *options]) == 2
    told = capsys.readouterr().err.strip()
    assert line in told
    assert not (tmp_path / "out" / "train.csv").exists()
