"""Runs of a workspace by a paper's own script, beside their strict scores."""

import gzip
import json

import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.formats import FORMATS, FormatOptions
from evaluation.published.literature import AE_110K, OA_MINE, literature_lines, split_digest
from evaluation.published.twins import TwinComparison
from terminal.main import run
from tests.runs_workspace import TEST, bring, bring_attributes, import_rows, runs_workspace
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.runs import compare, import_file
from workspace.runs.published import (
    as_published,
    definitions_of,
    published_runs,
    twin_of,
    with_published,
)
from workspace.settings import change_settings
from workspace.views.results import reference_lines
from workspace.workspace import Workspace


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


EXTRACTGPT = "attributes/extractgpt"


@pytest.mark.parametrize(("name", "digest"), [("ae-110k", AE_110K[1]), ("oa-mine", OA_MINE[1])])
def test_the_published_split_in_a_workspace_has_its_lines(shared_data, tmp_path, name, digest):
    source = shared_data / EXTRACTGPT / name / "test.jsonl"
    init_workspace(tmp_path / "w", Declared([str(source)]))
    opened = Workspace(tmp_path / "w")
    way.run(opened, "load")
    gold = as_published(opened.snapshot("load").read("records"))
    assert split_digest(gold) == digest
    assert len(literature_lines("extractgpt", "attributes", gold)) == 5
    assert literature_lines("extractgpt", "attributes", gold.head(400)) == []


@pytest.fixture
def ae_110k(shared_data, tmp_path):
    """The test split of AE-110K as gold, and the stored answers of the GPT-4 ensemble as a run."""
    source = shared_data / EXTRACTGPT / "ae-110k/test.jsonl"
    init_workspace(tmp_path / "ae", Declared([str(source)]))
    change_settings(tmp_path / "ae" / "goldshelf.toml", "split", {"keep_publisher": True})
    opened = Workspace(tmp_path / "ae")
    way.run(opened, "split")
    path = next(
        (shared_data / EXTRACTGPT / "predictions").glob("*ae_110k*1_0___json_schema_ensembling*")
    )
    stored = FORMATS["extractgpt"].read(path, FormatOptions())
    answers = {}
    for gold, said in zip(stored.gold.to_dicts(), stored.predictions["parsed"], strict=True):
        told = [gold["category"], gold["input"], json.loads(gold["attributes"])]
        answers.setdefault(json.dumps(told), []).append(said)
    rows = []
    for key, line in zip(
        opened.snapshot("curate").read("gold")["record_id"],
        source.read_text("utf-8").splitlines(),
        strict=True,
    ):
        row = json.loads(line)
        forms = {name: list(values) for name, values in row["target_scores"].items()}
        said = answers[json.dumps([row["category"], row["input"], forms])].pop()
        rows.append({"example_id": key, "raw_output": said})
    import_rows(opened, "ensemble", rows, task="attributes")
    return opened


def test_a_stored_run_scores_in_a_workspace_what_was_published(ae_110k, capsys):
    body = twin_of(ae_110k, "ensemble", "extractgpt")
    found = [round(100 * body["published"][n]["value"], 2) for n in ("precision", "recall", "f1")]
    assert found == [91.23, 84.27, 87.61]
    # Two titles have "n/a" before a value: null for the script, that value strictly.
    assert body["published"]["counts"] == {"NN": 205, "NV": 31, "VN": 126, "VC": 1050, "VW": 70}
    assert round(body["strict"]["f1"]["value"], 4) == 0.8754
    lines = {line["system"]: line["value"] for line in body["published_lines"]}
    assert lines["GPT-4-0613, 10 shots of 100 %, ensemble"] == 0.8761
    assert run(["score", "ensemble", "-w", str(ae_110k.root), "--definition", "extractgpt"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "GPT-4-0613, 10 shots of 100 %, ensemble: f1 0.8761" in said
    # A comparison reads the gold in the same way.
    same = compare(ae_110k, "ensemble", "ensemble")
    twin = with_published(ae_110k, TwinComparison(same), "ensemble", "ensemble", "extractgpt")
    main = twin.published.metrics["f1"]
    assert (round(main.baseline.value, 4), main.difference.value) == (0.8761, 0)


def test_a_value_that_a_person_changed_is_no_longer_the_sources_null():
    attribute = {"key": "Use", "evidences": [{"value": "tea", "pid": 0, "begin": 0, "end": 3}]}
    extra = json.dumps({"surface_forms": {"Use": ["n/a", "tea"]}})
    gold = pl.DataFrame(
        {"category_path": [["Mugs"]], "attributes": [[attribute]], "extra": [extra]}
    )
    assert json.loads(as_published(gold)["attributes"][0]) == {"Use": ["n/a", "tea"]}
    assert json.loads(as_published(gold, none=None)["attributes"][0]) == {"Use": [None, "tea"]}
    changed = [[{"key": "Use", "evidences": [{"value": "coffee"}]}]]
    gold = gold.with_columns(attributes=pl.Series(changed))
    assert json.loads(as_published(gold)["attributes"][0]) == {"Use": ["coffee"]}


def test_a_run_on_attributes_has_its_reference_lines(workspace, capsys):
    bring_attributes(workspace, "a", 0.5)
    # every gold value is red: null is wrong everywhere, the most frequent value right everywhere
    assert reference_lines(workspace, "a", "f1") == {"always null": 0.0, "majority": 1.0}
    assert run(["score", "a", "-w", str(workspace.root)]) == 0
    assert "always null: f1 0.0%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "n_titles", "pattern", "f1"),
    [("ae-110k", 524, "list-ae-110k*.gz", 0.8216), ("oa-mine", 488, "list-oa-mine*.gz", None)],
)
def test_a_stored_run_of_extractgpt_is_tied_to_the_records_of_its_data_by_title(
    shared_data, tmp_path, folder, n_titles, pattern, f1
):
    data = shared_data / "attributes" / "extractgpt"
    paths = [str(data / folder / name) for name in ("train.jsonl", "test.jsonl")]
    init_workspace(tmp_path / "w", Declared(paths))
    change_settings(tmp_path / "w" / "goldshelf.toml", "split", {"keep_publisher": True})
    opened = Workspace(tmp_path / "w")
    way.run(opened, "split")
    [stored] = (data / "predictions").glob(pattern)
    made = import_file(opened, stored, name="stored", shown_as=stored.name)
    told = "\n".join(made.snapshot.notes)
    assert f"its keys are its own; {n_titles} rows tied to records by title." in told
    # Three titles of OA-Mine's test split stand in its train split too, and were dropped.
    assert ("3 rows left out, the record with the title is of another split" in told) is (
        f1 is None
    )
    assert made.snapshot.figures["n_gold"] == n_titles
    if f1 is not None:
        assert twin_of(opened, "stored", "extractgpt")["published"]["f1"]["value"] == f1


def test_a_stored_run_on_titles_of_train_alone_is_refused(shared_data, tmp_path):
    data = shared_data / "attributes" / "extractgpt"
    init_workspace(tmp_path / "w", Declared([str(data / "ae-110k" / "test.jsonl")]))
    opened = Workspace(tmp_path / "w")
    split = way.run(opened, "split")[-1].read("split")
    trained = opened.snapshot("load").read("records").join(
        split.filter(pl.col("split") == "train"), on="record_id", how="semi"
    )["title"]  # fmt: skip
    [stored] = (data / "predictions").glob("list-ae-110k*.gz")
    body = json.loads(gzip.decompress(stored.read_bytes()))
    body["examples"] = [one for one in body["examples"] if one["input"] in set(trained)]
    path = tmp_path / "train.json"
    path.write_text(json.dumps(body))
    with pytest.raises(InputError, match="rows of the train split"):
        import_file(opened, path, name="stored")
