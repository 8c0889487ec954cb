from __future__ import annotations

import json
import random
import time
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalog.errors import InputError, StoppedError, WorkspaceError
from curation.exports.settings import ExportSettings
from workspace import way
from workspace.exports import exports, preview, zip_export
from workspace.opening import Declared, init_workspace
from workspace.progress import Progress
from workspace.snapshots import Output
from workspace.step import Context
from workspace.steps import balance, export
from workspace.workspace import Workspace

N = 60
LEAVES = [["Food", "Tea"], ["Food", "Coffee"], ["Home", "Mugs"]]
NO_EDGES = pl.DataFrame(schema=dict.fromkeys(("kind", "left_id", "right_id"), pl.String))
SPLITS = ["train"] * 8 + ["validation", "test"]


def text_of(seed: int) -> str:
    """Words that no other product shares, so that nothing is a near-duplicate."""
    letters = random.Random(seed)
    return " ".join("".join(letters.choices("abcdefghij", k=8)) for _ in range(4))


@pytest.fixture
def opened(tmp_path: Path) -> Workspace:
    """A workspace with gold and a split, each record of a brand of its own."""
    source = tmp_path / "catalog.csv"
    rows = pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(N)],
            "title": [text_of(i) for i in range(N)],
            "brand": [f"Brand {i}" for i in range(N)],
            "category": [" > ".join(LEAVES[0 if i % 10 < 8 else i % 2 + 1]) for i in range(N)],
        }
    )
    rows.write_csv(source)
    init_workspace(tmp_path / "shop", Declared([str(source)]))
    workspace = Workspace(tmp_path / "shop")
    way.run(workspace, "load")
    gold = (
        workspace.snapshot("load")
        .scan("records")
        .with_columns(
            pl.lit("source").alias("label_source"),
            pl.lit(None, pl.Float64).alias("label_score"),
            pl.lit(None, pl.String).alias("label_by"),
        )
    )
    keep(workspace, "curate", {"gold": gold})
    keep(workspace, "split", {"split": split_of(workspace), "edges": NO_EDGES})
    return workspace


def split_of(workspace: Workspace) -> pl.DataFrame:
    ids = workspace.snapshot("curate").read("gold", ["record_id"])
    names = [SPLITS[int(i[1:]) // 6] for i in ids["record_id"]]
    groups = pl.Series(range(ids.height), dtype=pl.Int64)
    fold = pl.lit(None, pl.Int64).alias("fold")
    return ids.with_columns(pl.Series("split", names), groups.alias("group_id"), fold)


def keep(
    workspace: Workspace, step: str, tables: dict[str, Any], output: Output | None = None
) -> None:
    workspace.snapshots.write(
        step,
        output or Output(tables),
        fingerprint=step,
        inputs={},
        settings=None,
        started_at=time.time(),
    )


def context_of(workspace: Workspace, progress: Progress | None = None) -> Context:
    inputs = {}
    for name in ("load", "curate", "split", "balance"):
        found = workspace.snapshots.current(name)
        if found is not None:
            inputs[name] = found
    scratch = workspace.layout.scratch / "test"
    scratch.mkdir(parents=True, exist_ok=True)
    return Context(workspace, workspace.settings, inputs, scratch, progress or Progress())


def balanced(workspace: Workspace, **settings: Any) -> Output:
    workspace.change("balance", **settings)
    output = balance.STEP.run(context_of(workspace))
    keep(workspace, "balance", {}, output)
    return output


def exported(workspace: Workspace, **settings: Any) -> tuple[Output, Path]:
    if settings:
        workspace.change("export", **settings)
    output = export.STEP.run(context_of(workspace))
    return output, workspace.layout.exports / workspace.settings.export.folder


def test_balance_touches_train_alone(opened: Workspace) -> None:
    made = balanced(opened, method="uniform")
    split = opened.snapshot("split").read("split")
    train = split.filter(split="train")
    assert set(made.tables["train"]["record_id"]) <= set(train["record_id"])
    assert made.figures["n_before"] == train.height
    _, folder = exported(opened)
    for name in ("validation", "test"):
        records = pl.read_ndjson(folder / f"records/{name}.jsonl")
        wanted = split.filter(split=name)["record_id"]
        assert sorted(records["example_id"]) == sorted(wanted)
        assert records["copy"].to_list() == [0] * len(wanted)


def test_weights_stand_beside_the_rows_and_their_formula_in_the_manifest(opened: Workspace) -> None:
    made = balanced(opened, method="uniform", by="weights")
    _, folder = exported(opened)
    train = pl.read_ndjson(folder / "records/train.jsonl").select("example_id", "copy", "weight")
    wanted = made.tables["train"].rename({"record_id": "example_id"})
    assert train.sort("example_id").rows() == wanted.sort("example_id").rows()
    assert train["weight"].n_unique() > 1
    assert train["weight"].mean() == pytest.approx(1.0)
    test = pl.read_ndjson(folder / "records/test.jsonl")
    assert test["weight"].unique().to_list() == [1.0]
    manifest = json.loads((folder / "manifest.json").read_text())
    told = manifest["balance"]["figures"]["weights"]["formula"]
    assert told.startswith("weight of a row = scale * (1) / n")


def test_near_duplicates_of_the_split_are_dropped_first(opened: Workspace) -> None:
    split = split_of(opened)
    tea = (
        opened.snapshot("curate").read("gold").filter(pl.col("category_path").list.last() == "Tea")
    )
    ids = tea.join(split.filter(split="train"), on="record_id", how="semi")["record_id"]
    same, other = ids[:-2].to_list(), ids[-2:].to_list()
    edges = pl.DataFrame({"kind": "near_duplicate", "left_id": same[0], "right_id": same[1:]})
    keep(opened, "split", {"split": split.with_columns(group_id=pl.lit(0)), "edges": edges})
    gold = opened.snapshot("curate").read("gold").with_columns(pl.lit("One").alias("brand"))
    keep(opened, "curate", {"gold": gold})
    made = balanced(opened, method="cap", cap=3)
    assert set(other) < set(made.tables["train"]["record_id"])
    assert made.figures["n_dropped_near_duplicates"] == len(same) - 1


def test_rehearsal_is_in_train_alone_and_in_the_manifest(opened: Workspace, tmp_path: Path) -> None:
    balanced(opened)
    _, folder = exported(opened)
    before = {p.name: p.read_bytes() for p in folder.glob("*.jsonl")}
    general = [{"instruction": f"Add {i} and 1.", "output": str(i + 1)} for i in range(90)]
    file = tmp_path / "general.jsonl"
    file.write_text("\n".join(map(json.dumps, general)) + "\n")
    made, folder = exported(opened, rehearsal={"file": str(file), "licence": "CC-BY-4.0"})
    after = {p.name: p.read_bytes() for p in folder.glob("*.jsonl")}
    assert after["validation.jsonl"] == before["validation.jsonl"]
    assert after["test.jsonl"] == before["test.jsonl"]
    lines = after["train.jsonl"].decode().splitlines()
    own = before["train.jsonl"].decode().splitlines()
    # 48 lines of train: 48 / 9 = 5.3 of the file make a tenth.
    assert len(lines) == len(own) + 5
    assert [line for line in lines if line in set(own)] == own
    records = pl.read_ndjson(folder / "records/train.jsonl")
    assert [lines[n - 1] for n in records["line"]] == own
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["rehearsal"]["licence"] == "CC-BY-4.0"
    assert manifest["rehearsal"]["n_rows"] == 5
    assert manifest["files"]["train.jsonl"]["n_lines"] == len(lines)
    assert manifest["certificate"]["leaks"] is False
    assert "CC-BY-4.0" in (folder / "README.md").read_text()
    assert any("5 lines of general.jsonl (CC-BY-4.0)" in note for note in made.notes)


def test_a_rehearsal_file_of_another_form_leaves_the_export_as_it_was(
    opened: Workspace, tmp_path: Path
) -> None:
    balanced(opened)
    _, folder = exported(opened)
    before = (folder / "manifest.json").read_bytes()
    file = tmp_path / "general.jsonl"
    file.write_text('{"text": "x"}\n')
    with pytest.raises(InputError, match=r"general.jsonl, line 1: expected one JSON object"):
        exported(opened, rehearsal={"file": str(file), "licence": "CC0"})
    assert (folder / "manifest.json").read_bytes() == before


def test_export_writes_files_a_manifest_and_a_certificate(opened: Workspace) -> None:
    balanced(opened, method="uniform")
    output, folder = exported(opened, format="alpaca", mask_field="title", mask_probability=0.5)
    manifest = json.loads((folder / "manifest.json").read_text())
    created_at = manifest.pop("created_at")
    assert created_at.startswith("20")
    assert manifest == json.loads(json.dumps(output.figures))
    assert manifest["format"] == "alpaca"
    assert manifest["taxonomy"]["name"] == "inferred"
    assert manifest["split"]["seed"] == opened.settings.split.seed
    assert manifest["balance"]["method"] == "uniform"
    assert manifest["certificate"]["leaks"] is False
    assert set(manifest["inputs"]) == {"load", "curate", "split", "balance"}
    lines = output.tables["lines"]
    assert lines.columns == ["example_id", "split", "copy", "example_hash"]
    assert lines.height == sum(rows["n_rows"] for rows in manifest["rows"].values())
    assert [p.name for p in opened.layout.exports.iterdir()] == ["alpaca"]


def test_the_same_export_again_is_the_same_to_the_byte_but_for_its_time(opened: Workspace) -> None:
    balanced(opened, method="sqrt")
    first, folder = exported(opened)
    files = {p.name: p.read_bytes() for p in folder.rglob("*.jsonl")}
    second, _ = exported(opened)
    assert first.figures == second.figures
    assert files == {p.name: p.read_bytes() for p in folder.rglob("*.jsonl")}


def test_a_leak_is_written_and_told(opened: Workspace) -> None:
    gold = opened.snapshot("curate").read("gold").with_columns(pl.lit("One").alias("brand"))
    keep(opened, "curate", {"gold": gold})
    balanced(opened)
    output, folder = exported(opened)
    assert output.figures["certificate"]["leaks"] is True
    assert any("leaks between the splits" in note for note in output.notes)
    assert (folder / "train.jsonl").exists()


def test_a_brand_that_was_masked_still_counts_for_the_certificate(opened: Workspace) -> None:
    gold = opened.snapshot("curate").read("gold").with_columns(pl.lit("One").alias("brand"))
    keep(opened, "curate", {"gold": gold})
    balanced(opened)
    output, _ = exported(opened, mask_field="brand", mask_probability=1.0)
    assert output.figures["certificate"]["between"]["train-test"]["shared_groups"] == 1


def test_an_export_that_is_stopped_leaves_the_older_one_whole(opened: Workspace) -> None:
    balanced(opened)
    _, folder = exported(opened)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    opened.change("export", task_prefix="[OTHER]")
    progress = Progress()
    progress.request_stop()
    with pytest.raises(StoppedError):
        export.STEP.run(context_of(opened, progress))
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert [p.name for p in opened.layout.exports.iterdir()] == [folder.name]


def test_an_export_without_an_example_is_refused_and_the_older_one_stays(opened: Workspace) -> None:
    balanced(opened)
    _, folder = exported(opened, name="mine")
    before = (folder / "manifest.json").read_bytes()
    opened.change("export", targets=["attributes"])
    with pytest.raises(InputError, match=r"no example is left .60 records left out: no attributes"):
        export.STEP.run(context_of(opened))
    assert (folder / "manifest.json").read_bytes() == before


def test_what_a_killed_process_left_is_put_back_or_taken_away(opened: Workspace) -> None:
    balanced(opened)
    _, folder = exported(opened)
    folder.rename(folder.with_name(f".{folder.name}.old"))
    half = folder.with_name(f".{folder.name}.0123.new")
    half.mkdir()
    opened.change("export", task_prefix="[OTHER]")
    progress = Progress()
    progress.request_stop()
    with pytest.raises(StoppedError):
        export.STEP.run(context_of(opened, progress))
    assert [p.name for p in opened.layout.exports.iterdir()] == [folder.name]
    assert (folder / "manifest.json").exists()


def test_allowed_categories_are_the_leaves_of_the_taxonomy(opened: Workspace) -> None:
    balanced(opened)
    _, folder = exported(opened, allowed=["category"], format="alpaca")
    line = json.loads((folder / "test.jsonl").read_text().split("\n")[0])
    told = line["instruction"].split("Allowed values of category_path: ")[1].split("\n")[0]
    assert sorted(json.loads(told)) == sorted(LEAVES)


def test_a_preview_shows_lines_and_writes_nothing(opened: Workspace) -> None:
    shown = preview(opened, ExportSettings(format="prompt-completion"), n=2)
    assert [line.split for line in shown] == ["train", "train"]
    assert [list(json.loads(line.text)) for line in shown] == [["prompt", "completion"]] * 2
    assert not opened.layout.exports.exists()


def test_a_preview_is_of_lines_that_the_export_holds(opened: Workspace) -> None:
    balanced(opened)
    _, folder = exported(opened, format="sharegpt")
    lines = set((folder / "train.jsonl").read_text().split("\n"))
    assert {line.text for line in preview(opened, n=5)} <= lines


def test_a_preview_without_gold_says_so(tmp_path: Path, opened: Workspace) -> None:
    opened.snapshots.forget("curate")
    with pytest.raises(WorkspaceError, match="no curate yet"):
        preview(opened)


def test_a_zip_holds_every_file_and_is_the_same_each_time(opened: Workspace) -> None:
    balanced(opened)
    _, folder = exported(opened, name="first")
    assert [e.folder.name for e in exports(opened)] == ["first"]
    path = zip_export(opened, "first")
    before = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert held == {f"first/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in files}
    assert zip_export(opened, "first").read_bytes() == before
    with pytest.raises(WorkspaceError, match=r"no export 'second'\. Exports here: first"):
        zip_export(opened, "second")
