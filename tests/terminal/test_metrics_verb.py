import json

from evaluation.metrics.attribute_metrics import attribute_metrics
from terminal.main import run
from workspace.runs.plain import TASKS


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_every_task_tells_its_metrics_and_the_one_that_decides(capsys):
    assert run(["metrics", "--json"]) == 0
    found = said(capsys)["metrics"]
    assert {one["task"] for one in found} == set(TASKS)
    assert [one["task"] for one in found if one["is_main"]] == list(TASKS)
    names = [one["metric"] for one in found if one["task"] == "classification"]
    assert {"lca_f1", "top_3_accuracy", "ece", "accuracy_at_level.N"} <= set(names)
    assert "accuracy_at_level.1" not in names


def test_one_task_alone(capsys):
    assert run(["metrics", "--task", "attributes", "--json"]) == 0
    found = {one["metric"]: one["definition"] for one in said(capsys)["metrics"]}
    assert found == {name: metric.definition for name, metric in attribute_metrics().items()}


def test_a_person_gets_a_table_a_task(capsys):
    assert run(["metrics", "--task", "pairs"]) == 0
    shown = capsys.readouterr().out
    assert "pairs: f1 decides" in shown
    assert "brier_score" in shown


def test_score_tells_bins_and_curve(tmp_path, capsys):
    gold, run_file = tmp_path / "gold.jsonl", tmp_path / "run.jsonl"
    rows = [{"example_id": f"r{n}", "category_path": ["A", f"c{n % 2}"]} for n in range(20)]
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sure = [row | {"category_path": ["A", "c0"], "score": 0.75} for row in rows]
    run_file.write_text("".join(json.dumps(row) + "\n" for row in sure))
    assert run(["score", "--gold", str(gold), "--pred", str(run_file), "--json"]) == 0
    body = said(capsys)
    assert body["ece"]["value"] == 0.25
    (only,) = body["reliability"]
    assert (only["n"], only["accuracy"], only["confidence"]) == (20, 0.5, 0.75)
    assert only["low"] < 0.5 < only["high"]
    assert body["risk_coverage"][-1]["coverage"] == 1


def test_compare_names_what_is_undefined_in_both_once(tmp_path, capsys):
    rows = [{"example_id": f"r{n}", "category_path": ["A", f"c{n % 2}"]} for n in range(4)]
    files = [tmp_path / f"{name}.jsonl" for name in ("gold", "base", "new")]
    for path in files:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    gold, base, new = map(str, files)
    assert run(["compare", "--gold", gold, "--baseline", base, "--candidate", new]) == 0
    shown = capsys.readouterr().out
    (line,) = [line for line in shown.splitlines() if "top_3_accuracy" in line]
    assert line.startswith("undefined in both: ")
