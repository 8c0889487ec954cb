"""What was read when a run was scored is what a second reading would give, and is not read twice."""

import json

import numpy as np
import pytest

from tests.runs_workspace import TEST, path_of, runs_workspace
from workspace.runs import import_run, score_runs
from workspace.runs.scoring import list_runs, load_runs
from workspace.runs.slicing import run_slices

ODD = ["Garden > Unheard of > Deep", "not a path at all", "", "Kitchen > Pots \\> Pans"]


def put_run(workspace, folder, name, answer_of, **more):
    lines = [
        {"example_id": f"r{i}", "raw_output": answer_of(k, i), **more, "score": (k % 10) / 10}
        for k, i in enumerate(TEST)
    ]
    file, card = folder / f"{name}.jsonl", folder / f"{name}.json"
    file.write_text("\n".join(map(json.dumps, lines)))
    card.write_text(json.dumps({"run_id": name, "model": name, "split": "test"}))
    import_run(workspace, file, card)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    made = runs_workspace(folder)
    put_run(made, folder, "right", lambda k, i: " > ".join(path_of(i)))
    put_run(made, folder, "odd", lambda k, i: ODD[k % 4] if k % 3 else " > ".join(path_of(i)))
    return made


def test_kept_answers_are_those_that_are_read(workspace):
    runs = list_runs(workspace)
    read = load_runs(workspace, runs)
    score_runs(workspace)
    # Nothing is left to read but what scoring kept.
    hidden = [run.predictions.path("predictions") for run in runs]
    for path in hidden:
        path.rename(path.with_suffix(".away"))
    try:
        kept = load_runs(workspace, runs)
    finally:
        for path in hidden:
            path.with_suffix(".away").rename(path)
    assert kept.notes == read.notes
    for name, one in read.answers.items():
        again = kept.answers[name]
        assert again.tree.nodes.equals(one.tree.nodes)
        assert again.example_ids.equals(one.example_ids)
        assert again.outcomes.equals(one.outcomes)
        for what in ("gold", "answer", "is_json", "clusters", "confidence", "is_in_taxonomy"):
            np.testing.assert_array_equal(getattr(again, what), getattr(one, what), what)
    assert kept.answers["odd"].is_outside.any()


def test_the_parts_of_the_gold_are_made_once_for_all_runs_on_it(workspace):
    score_runs(workspace)
    [first] = (workspace.layout.snapshots / "slice_rows").glob("*/*/manifest.json")
    made = first.stat().st_mtime_ns
    tables = [run_slices(workspace, name).read("slices") for name in ("right", "odd")]
    assert tables[0]["part"].to_list() == tables[1]["part"].to_list()
    assert (tables[0]["value"] == 1).all() and not (tables[1]["value"] == 1).all()
    [again] = (workspace.layout.snapshots / "slice_rows").glob("*/*/manifest.json")
    assert (again, again.stat().st_mtime_ns) == (first, made)
