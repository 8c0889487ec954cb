import json

import polars as pl
import pytest

from catalog.records import conform
from terminal.main import run
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.snapshots import Output
from workspace.workspace import Workspace


@pytest.fixture
def files(tmp_path):
    """Gold of 60 rows in 12 brands; a run with 40 right, another with 55 right and one silent."""
    paths = [["Garden", f"c{i % 5}"] for i in range(60)]
    gold, base, new = ([] for _ in range(3))
    for i, path in enumerate(paths):
        other = ["Garden", f"c{(i + 1) % 5}"]
        gold.append({"example_id": f"r{i}", "category_path": path, "brand": f"b{i // 5}"})
        base.append(
            {
                "example_id": f"r{i}",
                "raw_output": json.dumps({"category_path": path if i % 3 else other}),
            }
        )
        if i:
            new.append({"example_id": f"r{i}", "category_path": path if i % 15 else other})
    found = {}
    for name, rows in (("gold", gold), ("base", base), ("new", new)):
        found[name] = str(tmp_path / f"{name}.jsonl")
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return found


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_score_prints_every_metric_with_value_interval_and_count(files, capsys):
    code = run(["score", "--task", "classification", "--gold", files["gold"], "--pred",
                files["base"], "--cluster-column", "brand", "--json"])  # fmt: skip
    body = said(capsys)
    assert code == 0
    assert body["accuracy"]["value"] == pytest.approx(40 / 60)
    assert body["accuracy"]["low"] < 40 / 60 < body["accuracy"]["high"]
    assert (body["n_rows"], body["n_clusters"]) == (60, 12)
    assert body["accuracy_at_level"]["1"]["value"] == 1
    assert body["valid_json_rate"]["value"] == 1
    for name in ("precision_macro", "recall_macro", "f1_macro", "f1_weighted",
                 "hierarchical_precision", "hierarchical_recall", "hierarchical_f1", "coverage",
                 "invalid_rate", "out_of_taxonomy_rate"):  # fmt: skip
        assert set(body[name]) >= {"value", "low", "high", "n"}
        assert body["definitions"][name]


def test_score_says_aloud_what_is_missing_and_shows_a_table(files, capsys):
    assert run(["score", "--gold", files["gold"], "--pred", files["new"]]) == 0
    streams = capsys.readouterr()
    assert "1 gold row of 60 without a prediction" in streams.err
    assert "accuracy" in streams.out
    assert "missing 1" in streams.out


def test_compare_prints_the_verdict_and_leaves_with_0_where_gates_hold(files, capsys):
    code = run(["compare", "--gold", files["gold"], "--baseline", files["base"],
                "--candidate", files["new"], "--cluster-column", "brand",
                "--gate", "accuracy>=0", "--json"])  # fmt: skip
    body = said(capsys)
    assert code == 0
    assert body["verdict"] == "better"
    assert body["metric"] == "accuracy"
    assert body["baseline"] == pytest.approx(40 / 60)
    assert body["candidate"] == pytest.approx(56 / 60)
    assert body["difference"] == pytest.approx(16 / 60)
    assert (body["n_fixed"], body["n_broken"]) == (16, 0)
    assert len(body["fixed"]) == 16
    assert body["sentence"].endswith("on 60 rows of 12 brands; 16 rows fixed, 0 broken.")


def test_compare_leaves_with_1_and_names_the_gate_that_failed(files, capsys):
    code = run(["compare", "--gold", files["gold"], "--baseline", files["new"], "--candidate",
                files["base"], "--gate", "accuracy>=0", "--gate", "invalid_rate<=0.5"])  # fmt: skip
    streams = capsys.readouterr()
    assert code == 1
    assert "gate accuracy>=0 failed: the lower bound of the difference is -" in streams.err
    assert "invalid_rate" not in streams.err.split("goldshelf:")[1]
    assert streams.out.startswith("The candidate is worse: accuracy 66.7 % against 93.3 %")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["score", "--gold", "{gold}"], "needs both --gold and --pred"),
        (
            ["score", "--gold", "{gold}", "--pred", "{gold}", "--task", "summaries"],
            "--task summaries: expected",
        ),
        (["score", "--gold", "{gold}", "--pred", "none.jsonl"], "none.jsonl: no such file"),
        (
            ["score", "--gold", "{gold}", "--pred", "{new}", "--cluster-column", "shop"],
            "no column 'shop'",
        ),
        (
            [
                "compare",
                "--gold",
                "{gold}",
                "--baseline",
                "{base}",
                "--candidate",
                "{new}",
                "--gate",
                "x",
            ],
            "gate 'x'",
        ),
        (
            [
                "compare",
                "--gold",
                "{gold}",
                "--baseline",
                "{base}",
                "--candidate",
                "{new}",
                "--metric",
                "x",
            ],
            "no metric 'x'",
        ),
        (["score", "-w", "nowhere"], "is not a workspace"),
    ],
)
def test_a_mistake_is_one_line_and_2(files, arguments, told, capsys):
    assert run([word.format(**files) for word in arguments]) == 2
    streams = capsys.readouterr()
    assert told in streams.err
    assert streams.err.strip().count("\n") == 0
    assert streams.out == ""


def test_two_real_models_on_the_same_offers(shared_data, tmp_path, capsys):
    folder = shared_data / "attributes" / "wdc-pave-gpt"
    gold = [json.loads(line) for line in (folder / "cleaned" / "val.jsonl").open()]
    (tmp_path / "gold.jsonl").write_text(
        "\n".join(json.dumps({"id": r["id"], "attributes": r["gold_json"]}) for r in gold)
    )
    for path in (folder / "predictions").glob("*.jsonl"):
        rows = [json.loads(line) for line in path.open()]
        name = "nano" if "nano" in path.name else "full"
        (tmp_path / f"{name}.jsonl").write_text(
            "\n".join(json.dumps({"id": r["id"], "raw_output": r["raw_output"]}) for r in rows)
        )
    gold, nano, full = (str(tmp_path / f"{name}.jsonl") for name in ("gold", "nano", "full"))
    assert run(["compare", "--task", "attributes", "--gold", gold, "--baseline", nano,
                "--candidate", full, "--json"]) == 0  # fmt: skip
    body = said(capsys)
    assert body["n_rows"] == 142
    table = {row["metric"]: row for row in body["metrics"]}
    assert table["coverage"]["baseline"] == table["coverage"]["candidate"] == 1
    assert table["f1_normalised"]["baseline"] > table["f1"]["baseline"]


@pytest.fixture
def workspace(tmp_path):
    """Gold and split as their steps would have written them: 60 rows of test, one of train."""
    paths = [["Garden", f"c{i % 5}"] for i in range(61)]
    source = tmp_path / "catalog.csv"
    lines = [f"r{i},item {i},{' > '.join(path)}\n" for i, path in enumerate(paths)]
    source.write_text("id,title,category\n" + "".join(lines))
    init_workspace(tmp_path / "ws", Declared([str(source)]))
    workspace = Workspace(tmp_path / "ws")
    way.run(workspace, "load")
    ids = [f"r{i}" for i in range(61)]
    gold = conform(pl.LazyFrame({"record_id": ids, "category_path": paths})).collect()
    split = pl.DataFrame(
        {
            "record_id": ids,
            "split": ["test"] * 60 + ["train"],
            "group_id": [i // 5 for i in range(61)],
        }
    )
    for step, table, frame in (("curate", "gold", gold), ("split", "split", split)):
        workspace.snapshots.write(
            step, Output({table: frame}), fingerprint="", inputs={}, settings={}, started_at=0.0
        )
    return str(workspace.root)


def test_runs_go_through_a_workspace(files, workspace, tmp_path, capsys):
    for name in ("base", "new"):
        card = tmp_path / f"{name}.json"
        card.write_text(json.dumps({"model": f"model {name}", "run_id": name}))
        assert run(["import-run", files[name], str(card), "-w", workspace, "--json"]) == 0
        assert said(capsys)["run"] == name
    assert run(["runs", "-w", workspace, "--json"]) == 0
    assert [line["run"] for line in said(capsys)["runs"]] == ["base", "new"]
    assert run(["score", "-w", workspace, "--json"]) == 0
    first = said(capsys)
    assert first["ran"] == ["base", "new"]
    assert first["runs"]["base"]["accuracy"]["value"] == pytest.approx(40 / 60)
    assert first["runs"]["new"]["n_clusters"] == 12
    assert run(["score", "base", "-w", workspace, "--json"]) == 0
    assert said(capsys)["ran"] == []
    assert run(["score", "-w", workspace]) == 0
    assert (
        "chance: one of the gold categories, drawn evenly: accuracy 20.0%"
        in capsys.readouterr().out
    )
    pair = ["--baseline", "new", "--candidate", "base", "-w", workspace]
    assert run(["compare", *pair, "--gate", "accuracy>=0"]) == 1
    assert capsys.readouterr().out.startswith("The candidate is worse")
    assert run(["compare", *pair]) == 0
    assert run(["compare", *pair, "--candidate", "none"]) == 2
