import json
import math
import time

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from catalog.records import conform
from evaluation.reference_lines import CHANCE, MAJORITY
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.runs import (
    compare,
    import_run,
    leaderboard,
    run_confusion,
    run_report,
    run_rows,
    run_scores,
    runs,
    score_runs,
)
from workspace.snapshots import Output
from workspace.workspace import Workspace

N = 240
LEAVES = [["Garden", "Pots"], ["Garden", "Tools"], ["Kitchen", "Pots"], ["Kitchen", "Knives"]]


def path_of(i):
    return LEAVES[(i * 7) % 4]


def split_of(i):
    return ("train", "test", "train", "validation")[(i // 8) % 4]


def put(workspace, step, tables):
    """What a step would have written."""
    return workspace.snapshots.write(
        step,
        Output(tables),
        fingerprint=step,
        inputs={},
        settings={},
        started_at=time.time(),
    )


def gold_frame(changes=None):
    paths = [(changes or {}).get(i, path_of(i)) for i in range(N)]
    attributes = [
        [
            {"key": "Colour", "evidences": [{"value": "red", "pid": 0, "begin": 0, "end": 3}]},
            {"key": "Size", "evidences": []},
        ]
        for _ in range(N)
    ]
    columns = {
        "record_id": [f"r{i}" for i in range(N)],
        "category_path": paths,
        "attributes": attributes,
    }
    return conform(pl.LazyFrame(columns)).collect()


def split_frame(split=split_of):
    return pl.DataFrame(
        {
            "record_id": [f"r{i}" for i in range(N)],
            "split": [split(i) for i in range(N)],
            "group_id": [i // 4 for i in range(N)],
        }
    )


@pytest.fixture
def workspace(tmp_path):
    source = tmp_path / "catalog.csv"
    lines = [f"r{i},item {i},b{i // 4},{' > '.join(path_of(i))}\n" for i in range(N)]
    source.write_text("id,title,brand,category\n" + "".join(lines))
    init_workspace(tmp_path / "ws", Declared([str(source)]))
    workspace = Workspace(tmp_path / "ws")
    way.run(workspace, "load")
    put(workspace, "curate", {"gold": gold_frame()})
    put(workspace, "split", {"split": split_frame()})
    return workspace


def test_rows():
    return [i for i in range(N) if split_of(i) == "test"]


TEST = test_rows()
test_rows.__test__ = False


def answers(share_right, seed=0):
    generator = np.random.default_rng(seed)
    right = generator.random(len(TEST)) < share_right
    return {
        f"r{i}": path_of(i) if ok else LEAVES[(LEAVES.index(path_of(i)) + 1) % 4]
        for i, ok in zip(TEST, right, strict=True)
    }


def files(folder, name, predicted, card=None, **more):
    """The two files of a run."""
    rows = [{"example_id": key, "category_path": path, **more} for key, path in predicted.items()]
    predictions, about = folder / f"{name}.jsonl", folder / f"{name}.run.json"
    predictions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    about.write_text(json.dumps({"model": f"model of {name}", "run_id": name, **(card or {})}))
    return predictions, about


def bring(workspace, name, share_right=0.8, seed=0, card=None):
    made = files(workspace.root, name, answers(share_right, seed), card, latency_ms=12.0)
    return import_run(workspace, *made)


def test_a_run_is_checked_kept_and_listed(workspace):
    made = bring(workspace, "one")
    assert made.is_new
    assert workspace.snapshot("predictions/one").counts == {"predictions": len(TEST)}
    assert made.snapshot.figures["coverage"] == 1
    assert made.snapshot.figures["costs"]["latency_ms_median"] == 12
    line = runs(workspace).row(0, named=True)
    assert (line["run"], line["model"], line["split"]) == ("one", "model of one", "test")
    assert not line["is_scored"]


def test_the_same_run_again_changes_nothing_and_another_of_its_name_is_refused(workspace):
    first = bring(workspace, "one")
    again = bring(workspace, "one")
    assert not again.is_new
    assert again.snapshot.id == first.snapshot.id
    with pytest.raises(InputError, match="run 'one' is here already"):
        bring(workspace, "one", share_right=0.5)
    other = files(workspace.root, "one", answers(0.5))
    assert import_run(workspace, *other, replace=True).is_new
    assert runs(workspace).height == 1


def test_a_prediction_for_a_train_row_is_refused(workspace):
    made = files(workspace.root, "leaky", {**answers(1), "r0": path_of(0)})
    with pytest.raises(InputError, match=r"1 row of the train split \(first: 'r0'\)"):
        import_run(workspace, *made)
    with pytest.raises(InputError, match="the run is on the train split"):
        bring(workspace, "train", card={"split": "train"})
    with pytest.raises(InputError, match=r"no split 'dev' here. Splits: test, train, validation"):
        bring(workspace, "dev", card={"split": "dev"})
    assert runs(workspace).is_empty()


def export(workspace, name, sha, examples, train=()):
    """An export as it lies on disk: a manifest, and the records of each split."""
    folder = workspace.layout.exports / name
    (folder / "records").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"dataset_sha": sha, "files": {}}))
    for split, rows in (("test", examples), ("train", [(key, "t") for key in train])):
        lines = [{"example_id": key, "example_hash": value, "title": "x"} for key, value in rows]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "records" / f"{split}.jsonl").write_text(text)


def test_a_run_is_for_an_export_that_is_known(workspace):
    with pytest.raises(InputError, match=r"dataset_sha abc… is of no export here \(known: none\)"):
        bring(workspace, "one", card={"dataset_sha": "abc"})
    export(workspace, "sft", "abc", [(f"r{i}", "h") for i in TEST])
    assert bring(workspace, "one", card={"dataset_sha": "abc"}).snapshot.figures["export"] == "sft"
    with pytest.raises(InputError, match=r"known: abc…"):
        bring(workspace, "two", card={"dataset_sha": "abd"})


def test_a_run_that_names_no_export_is_let_in_and_says_so(workspace):
    assert "no dataset_sha" in bring(workspace, "one").snapshot.notes[0]


def test_the_hash_of_each_example_is_held_against_the_export(workspace):
    export(workspace, "sft", "abc", [(f"r{i}", f"h{i}") for i in TEST])
    rows = [
        {"example_id": f"r{i}", "example_hash": f"h{i}", "category_path": path_of(i)} for i in TEST
    ]
    paths = files(workspace.root, "one", {})
    paths[0].write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert import_run(workspace, *paths).snapshot.figures["export"] == "sft"
    rows[3]["example_hash"] = "other"
    paths[0].write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=f"example_hash of 'r{TEST[3]}' is not the exported one"):
        import_run(workspace, *paths, name="two")


def test_a_row_that_the_export_trained_on_is_refused_after_a_new_split_too(workspace):
    export(workspace, "sft", "abc", [(f"r{i}", "h") for i in TEST[1:]], train=[f"r{TEST[0]}"])
    with pytest.raises(InputError, match="train split of export sft"):
        bring(workspace, "one", card={"dataset_sha": "abc"})


def test_scores_are_of_the_split_and_clustered_by_its_groups(workspace):
    bring(workspace, "one", share_right=1.0)
    made = score_runs(workspace)[0]
    assert made.is_new
    figures = made.snapshot.figures
    assert figures["accuracy"]["value"] == 1
    assert figures["n_rows"] == len(TEST)
    assert figures["n_clusters"] == len(TEST) // 4
    assert figures["reference_lines"][CHANCE]["accuracy"] == 1 / 4
    # Four leaves in turn: every one has a quarter of the test rows.
    assert figures["reference_lines"][MAJORITY]["accuracy"] == 1 / 4
    assert figures["definitions"]["valid categories"].endswith("of taxonomy inferred 1")
    rows = run_rows(workspace, "one").collect()
    assert rows["is_correct"].all()
    assert rows["cluster"].n_unique() == len(TEST) // 4
    assert run_confusion(workspace, "one")["n"].sum() == len(TEST)


def test_scores_are_made_again_only_where_something_changed(workspace):
    bring(workspace, "one")
    first = score_runs(workspace, ["one"])[0]
    assert not score_runs(workspace, ["one"])[0].is_new
    assert score_runs(workspace, ["one"], force=True)[0].snapshot.id == first.snapshot.id
    repaired = {TEST[0]: LEAVES[0], TEST[1]: LEAVES[1]}
    put(workspace, "curate", {"gold": gold_frame(repaired)})
    again = score_runs(workspace, ["one"])[0]
    assert again.is_new
    assert again.snapshot.id != first.snapshot.id
    assert run_scores(workspace, "one").id == again.snapshot.id


def test_a_run_whose_rows_went_to_train_since_is_not_scored(workspace):
    bring(workspace, "one")
    moved = split_frame(lambda i: "train" if i in TEST[:4] else split_of(i))
    put(workspace, "split", {"split": moved})
    with pytest.raises(InputError, match="of the train split"):
        score_runs(workspace, ["one"])


def test_runs_are_compared_and_the_comparison_is_kept(workspace):
    bring(workspace, "base", 0.5, seed=1)
    bring(workspace, "new", 1.0)
    found = compare(workspace, "base", "new", gates=["accuracy>=0"])
    assert found.verdict == "better"
    assert found.is_passed
    assert "rows of 16 groups" in found.sentence
    kept = workspace.snapshot("comparisons/base__new")
    assert kept.figures["sentence"] == found.sentence
    assert kept.figures["runs"] == ["base", "new"]
    assert kept.counts["flips"] == found.n_fixed + found.n_broken
    assert kept.read("metrics").height == found.metrics.height


def test_runs_of_two_splits_are_not_compared(workspace):
    bring(workspace, "one")
    validation = {f"r{i}": path_of(i) for i in range(N) if split_of(i) == "validation"}
    import_run(workspace, *files(workspace.root, "val", validation, {"split": "validation"}))
    with pytest.raises(InputError, match="only runs on the same rows"):
        compare(workspace, "one", "val")
    with pytest.raises(InputError, match=r"no run 'nun' here. Runs: one, val"):
        compare(workspace, "one", "nun")


def test_a_leaderboard_and_a_report_come_from_the_runs(workspace):
    bring(workspace, "base", 0.4, seed=2)
    bring(workspace, "new", 1.0)
    table = leaderboard(workspace)
    assert table.select("rank", "run").rows() == [(1, "new"), (2, "base")]
    assert leaderboard(workspace, split="validation").is_empty()
    report = run_report(workspace, "base", "new")
    assert report.verdict == "better"
    assert report.sentence.startswith("The candidate is better: accuracy 100.0 % against ")
    assert report.leaderboard.equals(table)
    assert report.costs["new"]["latency_ms_median"] == 12
    assert set(report.hashes) >= {"curate", "split", "taxonomy", "predictions/new"}
    assert CHANCE in report.reference_lines


def test_attribute_runs_go_the_same_way(workspace):
    rows = {f"r{i}": None for i in TEST}
    predictions, card = files(workspace.root, "attr", rows, {"task": "attributes"})
    predictions.write_text(
        "".join(
            json.dumps(
                {"example_id": key, "raw_output": '{"attributes": {"Colour": "Red", "Size": null}}'}
            )
            + "\n"
            for key in rows
        )
    )
    import_run(workspace, predictions, card)
    figures = run_scores(workspace, "attr").figures
    assert figures["f1"]["value"] == 0
    assert figures["f1_normalised"]["value"] == 1
    assert figures["counts"] == {
        "NN": len(TEST), "NV": 0, "NX": 0, "VN": 0, "VC": 0, "VW": len(TEST), "unasked": 0,
    }  # fmt: skip


def test_a_run_takes_its_name_from_card_rows_or_file(workspace):
    predictions, card = files(workspace.root, "my run (2)", answers(1), {"run_id": None})
    assert import_run(workspace, predictions, card).name == "my-run-2"
    predictions, card = files(workspace.root, "x", answers(1), {"run_id": None}, run_id="named")
    assert import_run(workspace, predictions, card).name == "named"
    predictions, card = files(workspace.root, "y", answers(1), {"run_id": "other"}, run_id="named")
    with pytest.raises(InputError, match=r"run_id is 'named' here and 'other' in the run card"):
        import_run(workspace, predictions, card)
    with pytest.raises(InputError, match="run name 'a/b'"):
        import_run(workspace, *files(workspace.root, "z", answers(1)), name="a/b")


def test_silent_rows_count_as_wrong(workspace):
    half = dict(list(answers(1).items())[::2])
    import_run(workspace, *files(workspace.root, "half", half))
    figures = run_scores(workspace, "half").figures
    assert figures["accuracy"]["value"] == pytest.approx(1 / 2)
    assert figures["outcomes"]["missing"] == len(TEST) - len(half)
    assert not math.isnan(figures["accuracy"]["low"])
