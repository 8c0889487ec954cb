"""The whole way on real catalogs, as a user goes it: verbs in a process of their own."""

import html
import json
import subprocess
import sys

import polars as pl
import pytest

SOURCES = {
    "bigbasket": ["bigbasket/BigBasket_Products.csv"],
    "electronics": [
        "electronics/walmart_electronics_catalog.csv",
        "electronics/amazon_electronics_catalog.csv",
    ],
}


def goldshelf(*arguments, ok=(0,)):
    done = subprocess.run(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in ok, done.stderr
    return done


def told(*arguments, ok=(0,)):
    return json.loads(goldshelf(*arguments, "--json", ok=ok).stdout)


@pytest.fixture(scope="module", params=SOURCES)
def whole_way(request, shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "ws"
    sources = [shared_data / "catalogs" / name for name in SOURCES[request.param]]
    goldshelf("init", folder, "--source", *sources)
    goldshelf("run", "-w", folder)
    goldshelf("export", "--format", "records", "-w", folder)
    goldshelf("predict", "--with", "majority", "--with", "knn", "-w", folder)
    return request.param, folder


def test_every_row_is_a_record_or_in_the_quarantine(whole_way):
    name, folder = whole_way
    counts = told("status", "-w", folder)["steps"]["load"]["counts"]
    expected = {"bigbasket": (6_078, 1), "electronics": (1_688 + 5_247, 0)}[name]
    assert (counts["records"], counts["quarantine"]) == expected


def test_every_step_is_up_to_date_and_a_second_run_does_nothing(whole_way):
    _, folder = whole_way
    assert {s["state"] for s in told("status", "-w", folder)["steps"].values()} == {"done"}
    assert told("run", "-w", folder)["ran"] == []


@pytest.mark.parametrize("texts", [["title"], ["title", "description"]])
@pytest.mark.parametrize("held_out", ["validation", "test"])
def test_what_was_exported_does_not_leak(whole_way, texts, held_out):
    _, folder = whole_way
    export = folder / "exports" / "records"
    found = told(
        "check-split", export / "train.jsonl", export / f"{held_out}.jsonl",
        "--group-column", "brand", "--text-columns", *texts,
    )  # fmt: skip
    assert (found["shared_groups"], found["exact_pairs"], found["near_duplicate_pairs"]) == (
        0,
        0,
        0,
    )
    assert found["leaking_rows"] == []


def test_a_random_split_of_the_same_rows_leaks_and_exits_1(whole_way, tmp_path):
    _, folder = whole_way
    export = folder / "exports" / "records"
    rows = pl.concat(
        [
            pl.read_ndjson(export / f"{name}.jsonl", infer_schema_length=None).select(
                "example_id", "brand", "title", "description"
            )
            for name in ("train", "validation", "test")
        ],
        how="vertical_relaxed",
    ).sample(fraction=1.0, shuffle=True, seed=3)
    cut = rows.height * 9 // 10
    rows.head(cut).write_ndjson(tmp_path / "train.jsonl")
    rows.tail(rows.height - cut).write_ndjson(tmp_path / "test.jsonl")
    found = told(
        "check-split", tmp_path / "train.jsonl", tmp_path / "test.jsonl", "--group-column", "brand",
        "--text-columns", "title", ok=(1,),
    )  # fmt: skip
    assert found["shared_groups"] > 50
    assert found["near_duplicate_pairs"] > 0
    assert set(found["leaking_rows"]) <= set(rows.tail(rows.height - cut)["example_id"])


def test_the_split_is_as_large_as_asked(whole_way):
    _, folder = whole_way
    export = folder / "exports" / "records"
    sizes = {
        n: sum(1 for _ in (export / f"{n}.jsonl").open()) for n in ("train", "validation", "test")
    }
    total = sum(sizes.values())
    assert sizes["validation"] / total == pytest.approx(0.1, abs=0.01)
    assert sizes["test"] / total == pytest.approx(0.1, abs=0.01)


def test_the_verdict_is_the_same_in_compare_and_in_the_report(whole_way, tmp_path):
    _, folder = whole_way
    scores = told("score", "-w", folder, "knn")
    assert scores["runs"]["knn"]["accuracy"]["value"] > 0.2
    found = told("compare", "-w", folder, "--baseline", "majority", "--candidate", "knn")
    assert found["verdict"] == "better"
    assert found["low"] > 0 and found["p_value"] < 0.01
    assert found["n_fixed"] - found["n_broken"] == round(found["difference"] * found["n_rows"])
    out = tmp_path / "report.html"
    report = told(
        "report", "-w", folder, "--baseline", "majority", "--candidate", "knn", "--out", out
    )
    assert report["sentence"] == found["sentence"]
    page = out.read_text("utf-8")
    assert html.escape(found["sentence"]) in page
    assert "http://" not in page.replace("http://www.w3.org", "").split("<body>")[1]


def test_a_gate_acts_on_the_lower_bound(whole_way):
    _, folder = whole_way
    pair = ("compare", "-w", folder, "--baseline", "majority", "--candidate", "knn", "--gate")
    value = told(*pair, "accuracy>=0")
    assert value["is_passed"]
    between = (value["low"] + value["difference"]) / 2
    assert not told(*pair, f"accuracy>={between:.4f}", ok=(1,))["is_passed"]
