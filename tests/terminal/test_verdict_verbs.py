"""Slices, gates, regress, experiments, drift, frontier and cascade from the command line."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from terminal.main import run
from tests.runs_workspace import bring, runs_workspace


def said(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def ae110k(shared_data):
    """A published run by the end of its name."""
    runs = shared_data / "attributes" / "extractgpt" / "predictions"
    return lambda words: str(next(runs.glob(f"schema_ae_110k_gpt_4_0613{words}*.gz")))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    workspace = runs_workspace(tmp_path_factory.mktemp("verdicts"))
    bring(workspace, "small", 0.6, seed=1, model="small", about={"size": 1})
    bring(workspace, "large", 0.95, seed=2, more={"usage": {"cost_usd": 0.02}}, model="large",
          about={"size": 7})  # fmt: skip
    return str(workspace.root)


def test_public_runs_are_compared_by_attribute_and_category(ae110k, capsys, tmp_path):
    gates = tmp_path / "gates.toml"
    gates.write_text(
        '[[gate]]\nmetric = "f1"\nslice = "attribute"\npart = "Model Number"\nat_least = 0\n'
        '[[gate]]\nmetric = "f1"\nslice = "category.1"\nat_least = -0.05\nmin_rows = 90\n'
        '[[gate]]\nmetric = "precision"\nat_least = 0\nwhy = "Wrong values are worse than none."\n'
    )
    code = run(["compare", "--baseline", ae110k("_shots_10_SemanticSimilarity_0_2"),
                "--candidate", ae110k("_10_SemanticSimilarity_1_0"), "--format", "extractgpt",
                "--cluster-column", "example_id", "--slice", "attribute", "--gates", str(gates),
                "--junit", str(tmp_path / "junit.xml"), "--markdown", str(tmp_path / "pr.md"),
                "--json"])  # fmt: skip
    streams = capsys.readouterr()
    body = json.loads(streams.out)
    by_attribute = {
        row["part"]: row for row in body["slices"] if row["slice"] == "attribute"
        and row["metric"] == "f1"
    }  # fmt: skip
    assert by_attribute["Model Number"]["mark"] == "better"
    assert sum(row["n"] for row in by_attribute.values()) < body["n_rows"] * 5
    states = {check["asked"] + (check["part"] or ""): check["state"]
              for check in body["gate_checks"]}  # fmt: skip
    assert states[">= 0Model Number"] == "passed"
    assert states[">= -0.05Shirts"] == "passed"
    assert states[">= 0"] == "failed"
    assert code == 1
    assert not body["is_passed"]
    assert "gate precision >= 0 failed" in streams.err
    assert Xml.parse(tmp_path / "junit.xml").getroot().get("failures") == "1"
    assert "Wrong values are worse than none." in (tmp_path / "pr.md").read_text("utf-8")


def test_files_are_scored_by_values_seen_in_train_by_masked_field_and_by_a_column_of_theirs(
    tmp_path, capsys
):
    def write(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    colours = ["red", "blue", "teal"]
    rows = [
        {"id": str(i), "attributes": {"Colour": colours[i % 3]}, "shop": f"s{i % 2}",
         "masked": "title" if i % 4 == 0 else None} for i in range(60)
    ]  # fmt: skip
    gold = write("gold.jsonl", rows)
    train = write("train.jsonl", [{"id": "t", "attributes": {"Colour": ["red", "blue"]}}])
    answers = [{"id": row["id"], "attributes": {"Colour": "red"}} for row in rows]
    code = run(["score", "--task", "attributes", "--gold", gold, "--pred",
                write("run.jsonl", answers), "--train", train, "--slice", "attribute_values",
                "--slice", "masked", "--slice", "shop", "--json"])  # fmt: skip
    found = {(row["slice"], row["part"]): row for row in said(capsys)["slices"]}
    assert code == 0
    assert found["attribute_values", "seen in train"]["value"] == pytest.approx(0.5)
    assert found["attribute_values", "not in train"]["value"] == 0
    assert found["masked", "title"]["n"] == 15
    assert found["masked", "nothing masked"]["n"] == 45
    assert found["shop", "s1"]["n"] == 30


def test_a_run_of_the_workspace_is_scored_by_slice(shop, capsys):
    assert run(["score", "large", "-w", shop, "--slice", "price", "--json"]) == 0
    slices = said(capsys)["runs"]["large"]["slices"]
    assert slices[0]["part"] == "lowest quarter"
    assert run(["compare", "-w", shop, "--baseline", "small", "--candidate", "large",
                "--slice", "brand_size", "--slice", "distribution"]) == 0  # fmt: skip
    out = capsys.readouterr().out
    assert "accuracy by slice; p corrected for all 3 parts" in out
    assert "uniform" in out


def test_a_gate_of_one_line_is_in_the_reports_too(shop, capsys, tmp_path):
    code = run(["compare", "-w", shop, "--baseline", "large", "--candidate", "small",
                "--gate", "accuracy>=0", "--junit", str(tmp_path / "j.xml"),
                "--markdown", str(tmp_path / "m.md")])  # fmt: skip
    capsys.readouterr()
    assert code == 1
    assert Xml.parse(tmp_path / "j.xml").getroot().get("failures") == "1"
    assert "Gates: 1 failed." in (tmp_path / "m.md").read_text("utf-8")


def test_regress_leaves_with_1_where_something_was_forgotten(shop, capsys):
    arguments = ["regress", "-w", shop, "--baseline", "large", "--candidate", "small"]
    assert run([*arguments, "--json"]) == 1
    body = said(capsys)
    assert body["cases"][0]["mark"] == "forgotten"
    assert run(["regress", "-w", shop, "--baseline", "small", "--candidate", "large"]) == 0
    assert "1 better" in capsys.readouterr().out
    assert run(["regress", "-w", shop, "--baseline", "small"]) == 2
    assert "needs --candidate and --baseline" in capsys.readouterr().err


def test_experiments_frontier_cascade_causes_and_rescored_are_printed(shop, capsys):
    assert run(["experiments", "-w", shop, "--by", "size", "--json"]) == 0
    body = said(capsys)
    assert [group["group"] for group in body["groups"]] == ["1", "7"]
    assert body["groups"][1]["mark"] == "better"
    assert run(["frontier", "-w", shop, "--json"]) == 0
    assert [row["is_dominated"] for row in said(capsys)["runs"]] == [False, False]
    assert run(["cascade", "-w", shop, "--small", "small", "--large", "large", "--json"]) == 0
    curve = said(capsys)["curve"]
    assert curve[0]["cost_usd_per_1000"] == pytest.approx(1)
    assert curve[-1]["cost_usd_per_1000"] == pytest.approx(21)
    assert run(["causes", "-w", shop, "--baseline", "small", "--candidate", "large"]) == 0
    assert "sibling" in capsys.readouterr().out
    assert run(["rescored", "-w", shop, "--json"]) == 0
    assert [row["before"] for row in said(capsys)["runs"]] == [None, None]


def test_drift_reads_files_and_tells_each_week(tmp_path, capsys):
    rows = [
        {"id": str(i), "category": "A > b" if i % 10 < (9 if i < 700 else 2) else "A > c",
         "at": f"2026-01-{5 + i // 50:02d}T08:00:00Z"}
        for i in range(1050)
    ]  # fmt: skip
    path, audits = tmp_path / "live.jsonl", tmp_path / "audits.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = [{"id": row["id"], "category": "A > b"} for row in rows[::5]]
    audits.write_text("".join(json.dumps(row) + "\n" for row in told))
    arguments = [
        "drift",
        "--predictions",
        str(path),
        "--time-column",
        "at",
        "--audits",
        str(audits),
    ]
    assert run([*arguments, "--json"]) == 0
    body = said(capsys)
    assert [week["mark"] for week in body["labels"]] == ["", "drifted"]
    assert [week["week"] for week in body["agreement"]] == [
        "2026-01-05",
        "2026-01-12",
        "2026-01-19",
    ]
    assert body["moved"][0]["label"] in ("A > b", "A > c")
    assert run([*arguments, "--level", "1", "--json"]) == 0
    assert [week["total_variation"] for week in said(capsys)["labels"]] == [0, 0]
    assert run(["drift", "--predictions", str(path), "--time-column", "when"]) == 2
    assert "no column 'when'" in capsys.readouterr().err


def test_train_is_for_slices_of_files(shop, capsys):
    assert run(["score", "large", "-w", shop, "--train", "t.jsonl"]) == 2
    assert "--train is for slices" in capsys.readouterr().err
    train = str(Path(shop) / "small.jsonl")
    assert run(["score", "large", "-w", shop, "--slice", "price", "--train", train]) == 2
    assert "a workspace knows its train split" in capsys.readouterr().err
