"""Runs of a workspace by a paper's own script, beside their strict scores."""

import json

import pytest

from catalog.errors import InputError
from terminal.main import run
from tests.runs_workspace import TEST, bring, bring_attributes, import_rows, runs_workspace
from workspace.runs.published import definitions_of, published_runs, twin_of
from workspace.views.results import reference_lines


@pytest.fixture
def workspace(tmp_path):
    return runs_workspace(tmp_path)


def test_a_list_of_right_values_is_right_strictly_and_wrong_for_the_script(workspace):
    # the first half answers "red", the other ["red"], which the script takes for one wrong value
    rows = [
        {"example_id": f"r{i}", "attributes": {"Colour": "red" if n < len(TEST) / 2 else ["red"]}}
        for n, i in enumerate(TEST)
    ]
    import_rows(workspace, "listed", rows, task="attributes")
    body = twin_of(workspace, "listed", "extractgpt")
    assert body["strict"]["f1"]["value"] == 1.0
    assert body["published"]["f1"]["value"] == 0.5
    assert body["published"]["main"] == "f1"
    assert "precision VC" in body["published"]["words"]
    assert body["published_lines"] == []


def test_a_published_score_is_kept_until_the_run_changes(workspace):
    bring_attributes(workspace, "a")
    assert published_runs(workspace, ["a"], "mave")[0].is_new
    assert not published_runs(workspace, ["a"], "mave")[0].is_new
    assert published_runs(workspace, ["a"], "wdc-pave")[0].is_new


def test_a_definition_of_another_task_is_refused(workspace):
    bring(workspace, "paths")
    with pytest.raises(InputError, match="is of attributes, not of classification"):
        published_runs(workspace, ["paths"], "mave")
    assert definitions_of("classification") == {}


def test_score_and_compare_of_a_workspace_take_a_definition(workspace, capsys):
    bring_attributes(workspace, "good", 0.9)
    bring_attributes(workspace, "bad", 0.6)
    at = ["-w", str(workspace.root), "--definition", "extractgpt"]
    assert run(["score", "good", "bad", *at, "--json"]) == 0
    body = json.loads(capsys.readouterr().out)["runs"]
    strict, published = (body["good"][of]["f1"]["value"] for of in ("strict", "published"))
    assert published == pytest.approx(strict, abs=1e-4)
    assert run(["score", *at]) == 0
    assert "good: published definition extractgpt" in capsys.readouterr().out
    assert run(["compare", "--baseline", "bad", "--candidate", "good", *at, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["published"]["difference"] == pytest.approx(found["difference"], abs=1e-4)


def test_the_published_split_in_a_workspace_has_its_lines(shared_data, tmp_path):
    from evaluation.published.literature import OA_MINE, literature_lines, split_digest
    from workspace.opening import Declared, init_workspace
    from workspace.runs.published import _as_published
    from workspace.workspace import Workspace

    source = shared_data / "attributes/extractgpt/oa-mine/test.jsonl"
    init_workspace(tmp_path / "oa", Declared([str(source)]))
    opened = Workspace(tmp_path / "oa")
    opened.run("load")
    gold = _as_published(opened.snapshot("load").read("records"))
    assert split_digest(gold) == OA_MINE[1]
    assert len(literature_lines("extractgpt", "attributes", gold)) == 5
    assert literature_lines("extractgpt", "attributes", gold.head(400)) == []


def test_a_run_on_attributes_has_its_reference_lines(workspace, capsys):
    bring_attributes(workspace, "a", 0.5)
    # every gold value is red: null is wrong everywhere, the most frequent value right everywhere
    assert reference_lines(workspace, "a", "f1") == {"always null": 0.0, "majority": 1.0}
    assert run(["score", "a", "-w", str(workspace.root)]) == 0
    assert "always null: f1 0.0%" in capsys.readouterr().out
