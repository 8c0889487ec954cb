"""Forgetting, causes of flips, versions of the gold, experiments: what many runs tell together."""

import json

import polars as pl
import pytest

from catalog.errors import InputError, WorkspaceError
from tests.runs_workspace import TEST, bring, bring_attributes, put_gold, runs_workspace
from workspace.runs import import_run, list_runs, score_runs
from workspace.runs.cascades import cascade, cost_frontier
from workspace.runs.experiments import experiments
from workspace.runs.regression import regress, regress_suite, runs_of_model
from workspace.runs.score_history import rescored, score_versions
from workspace.views.flip_causes import flip_causes, flips_of_cause
from workspace.views.regressions import models


@pytest.fixture
def workspace(tmp_path):
    return runs_workspace(tmp_path)


def test_a_checkpoint_is_held_against_base_and_last_on_every_task(workspace):
    bring(workspace, "c0", 0.9, seed=1, model="base")
    bring_attributes(workspace, "a0", 0.95, seed=1, model="base")
    bring(workspace, "c1", 0.5, seed=2, model="tuned", checkpoint_step=100)
    bring(workspace, "c2", 0.9, seed=3, model="tuned", checkpoint_step=200)
    bring_attributes(workspace, "a2", 0.3, seed=4, model="tuned", checkpoint_step=200)
    found = regress(workspace, "tuned@200", "base", "tuned@100")
    marks = {(row["name"], row["against"]): row["mark"] for row in found.table.to_dicts()}
    assert marks == {
        ("attributes on test", "baseline"): "forgotten",
        ("classification on test", "baseline"): "too few rows to tell",
        ("classification on test", "previous"): "better",
    }
    assert not found.is_passed
    told = "attributes on test: the previous has no run, so nothing is told of it."
    assert told in found.notes
    again = regress(workspace, "tuned@200", "base", "tuned@100")
    assert again.table.equals(found.table)
    assert again.notes == found.notes
    assert models(workspace) == ["tuned@200", "tuned@100", "base"]


def test_a_model_with_several_checkpoints_has_to_be_named_whole(workspace):
    bring(workspace, "c1", model="tuned", checkpoint_step=100)
    bring(workspace, "c2", model="tuned", checkpoint_step=200)
    with pytest.raises(InputError, match=r"several checkpoints\. Name one: tuned@100, tuned@200"):
        runs_of_model(workspace, "tuned")
    with pytest.raises(InputError, match="no run of model 'other'"):
        runs_of_model(workspace, "other")


def test_a_suite_of_files_needs_no_workspace(tmp_path):
    def write(name, rows):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    ids = [str(i) for i in range(200)]
    write("gold.jsonl", [{"example_id": i, "label": "yes" if int(i) % 2 else "no"} for i in ids])
    right = [{"example_id": i, "parsed": "yes" if int(i) % 2 else "no"} for i in ids]
    write("base.jsonl", right)
    write("new.jsonl", [{"example_id": i, "parsed": "no"} for i in ids])
    (tmp_path / "suite.toml").write_text(
        '[[task]]\nname = "matching"\ntask = "pairs"\ngold = "gold.jsonl"\n'
        'baseline = "base.jsonl"\ncandidate = "new.jsonl"\n'
    )
    found = regress_suite(tmp_path / "suite.toml")
    assert found.table.select("name", "mark").rows() == [("matching", "forgotten")]
    assert found.sentence.startswith("Forgotten: matching against the baseline")
    (tmp_path / "wrong.toml").write_text('[[task]]\nname = "x"\n')
    with pytest.raises(InputError, match="task 1: task: field required"):
        regress_suite(tmp_path / "wrong.toml")


def test_flips_are_counted_by_cause_and_lead_to_their_records(workspace):
    bring(workspace, "base", 0.5, seed=1)
    bring(workspace, "new", 0.5, seed=2, wrong=lambda path: path[:1])
    found = flip_causes(workspace, "base", "new")
    assert found.select("change", "cause").rows() == [
        ("fixed", "sibling"),
        ("broken", "too coarse"),
    ]
    rows = flips_of_cause(workspace, "base", "new", change="broken", cause="too coarse")
    assert rows.height == found["n"][1]
    assert set(rows["example_id"]) <= {f"r{i}" for i in TEST}
    assert rows["title"].str.starts_with("item ").all()


def test_missing_evidence_is_told_from_the_text_of_the_product(workspace):
    bring_attributes(workspace, "base", 1.0)
    bring_attributes(workspace, "silent", 0.5, seed=3, wrong=None)
    bring_attributes(workspace, "blue", 0.5, seed=3)
    found = flip_causes(workspace, "base", "silent")
    assert found.select("change", "cause").rows() == [("broken", "missing evidence")]
    found = flip_causes(workspace, "base", "blue")
    assert found.select("change", "cause").rows() == [("broken", "other value")]


def test_when_gold_changes_every_run_is_scored_again_and_both_versions_are_shown(workspace):
    bring(workspace, "base", 1.0)
    bring(workspace, "new", 0.5, seed=2)
    before = rescored(workspace)
    assert before["before"].is_null().all()
    changed = {i: ["Kitchen", "Pots"] for i in TEST[:30]}
    put_gold(workspace, changed)
    after = rescored(workspace)
    assert after["before"].to_list() == before["now"].to_list()
    assert (after["gold_before"] != after["gold_now"]).all()
    assert after.filter(run="base")["now"].item() < 1
    assert after["change"].to_list() == pytest.approx((after["now"] - after["before"]).to_list())
    versions = score_versions(workspace, "base")
    assert versions["is_current"].to_list() == [False, True]
    assert versions["value"][0] == 1


def export(workspace, name, sha, n_rows, people):
    """An export as it lies on disk, as far as experiments read it."""
    folder = workspace.layout.exports / name
    folder.mkdir(parents=True)
    train = {"n_rows": n_rows, "by_label_source": {"source": n_rows - people, "person": people}}
    body = {"dataset_sha": sha, "files": {}, "rows": {"train": train}}
    (folder / "manifest.json").write_text(json.dumps(body))


def test_runs_are_grouped_by_what_their_training_manifest_says(workspace):
    export(workspace, "small", "a" * 64, 100, 0)
    export(workspace, "large", "b" * 64, 900, 450)
    for seed in range(3):
        bring(workspace, f"s{seed}", 0.6, seed=seed, training_sha="a" * 64, model="m",
              decoding={"seed": seed})  # fmt: skip
        bring(workspace, f"l{seed}", 0.9, seed=9 + seed, training_sha="b" * 64, model="m",
              decoding={"seed": seed})  # fmt: skip
    bring(workspace, "other", 0.7, model="m")
    found = experiments(workspace, "training_rows")
    groups = found.table.to_dicts()
    assert [g["group"] for g in groups] == ["100", "900"]
    assert [g["runs"] for g in groups] == [["s0", "s1", "s2"], ["l0", "l1", "l2"]]
    assert groups[0]["difference"] is None
    assert groups[1]["mark"] == "better"
    assert groups[1]["difference_low"] > 0.1
    assert set(groups[1]["also_differs"]) == {
        "training",
        "audited",
        "audited_share",
        "label_sources",
    }
    assert groups[1]["mixes"] == []
    assert found.notes == ["other left out: its training_rows is not known."]
    by_quality = experiments(workspace, "audited_share").table
    assert by_quality["group"].to_list() == ["0.0", "0.5"]
    by_seed = experiments(workspace, "seed").table
    assert by_seed["mark"].to_list() == ["", "", ""]
    assert "training" in by_seed["mixes"][0]


def test_a_fact_that_no_run_has_is_refused_with_those_that_are_known(workspace):
    bring(workspace, "one", about={"model_size": "7B"})
    with pytest.raises(InputError, match=r"--by prompt: no run tells it. Known .*model_size"):
        experiments(workspace, "prompt")
    assert experiments(workspace, "model_size").table["group"].to_list() == ["7B"]


def test_costs_make_a_frontier_and_a_cascade(workspace):
    bring(workspace, "small", 0.6, seed=1)
    bring(workspace, "large", 0.95, seed=2, more={"usage": {"cost_usd": 0.02}})
    bring(workspace, "dear", 0.4, seed=3, more={"usage": {"cost_usd": 0.01}})
    found = cost_frontier(workspace)
    assert dict(found.select("run", "dominated_by").iter_rows()) == {
        "small": None, "dear": "small", "large": None,
    }  # fmt: skip
    assert found["cost_usd_per_1000"].to_list() == pytest.approx([1, 10, 20])
    with pytest.raises(InputError, match="--by tokens: expected money or latency"):
        cost_frontier(workspace, by="tokens")
    curve = cascade(workspace, "small", "large")
    board = dict(found.select("run", "value").iter_rows())
    assert curve["value"][0] == pytest.approx(board["small"])
    assert curve["value"][-1] == pytest.approx(board["large"])
    assert curve.select(pl.col("cost_usd_per_1000").is_sorted()).item()


def test_damaged_predictions_are_brought_in_again_and_damaged_scores_made_again(workspace):
    bring(workspace, "one")
    made = score_runs(workspace, ["one"])[0].snapshot
    (made.folder / "rows.parquet").unlink()
    again = score_runs(workspace, ["one"])[0].snapshot
    assert (again.id, again.read("rows").height) == (made.id, len(TEST))
    [held] = list_runs(workspace)
    (held.predictions.folder / "predictions.parquet").unlink()
    with pytest.raises(WorkspaceError, match=r"import-run FILE --name one --replace"):
        list_runs(workspace)
    import_run(
        workspace,
        workspace.root / "one.jsonl",
        workspace.root / "one.run.json",
        name="one",
        replace=True,
    )
    assert [run.name for run in list_runs(workspace)] == ["one"]
