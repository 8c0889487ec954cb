"""Gold is corrected after predictions came in: runs are scored again on the same rows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.errors import InputError
from terminal.main import run
from workspace import way
from workspace.frozen_test import freezing, frozen_ids
from workspace.opening import Declared, init_workspace
from workspace.review.decisions import Verdict, decide
from workspace.runs.predicting import predict_baseline
from workspace.runs.score_history import rescored
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
N = 240
LEAVES = ["Garden > Pots", "Garden > Tools", "Kitchen > Pans", "Kitchen > Knives"]


@pytest.fixture
def workspace(tmp_path):
    lines = [f"r{i},thing {i} of its own,b{i // 3},{LEAVES[(i * 7) % 4]}\n" for i in range(N)]
    (tmp_path / "catalog.csv").write_text("id,title,brand,category\n" + "".join(lines))
    init_workspace(tmp_path / "ws", Declared([str(tmp_path / "catalog.csv")]))
    opened = Workspace(tmp_path / "ws")
    way.run(opened, "split")
    return opened


def places(workspace):
    return dict(workspace.snapshot("split").read("split", ["record_id", "split"]).iter_rows())


def correct(workspace, record_id, category):
    decide(workspace, [Verdict(record_id, "choose", category)], "ana")
    way.run(workspace, "split")


def test_a_decision_moves_no_record_and_both_versions_are_shown(workspace):
    way.run(workspace, "balance")
    predict_baseline(workspace, "majority")
    before = places(workspace)
    first = rescored(workspace)
    assert first["change"].to_list() == [None]
    test = [record_id for record_id, split in before.items() if split == "test"]
    wrong = next(r for r in test if LEAVES[(int(r[1:]) * 7) % 4] != "Garden > Pots")
    correct(workspace, wrong, "Garden > Pots")
    assert places(workspace) == before
    [line] = rescored(workspace).to_dicts()
    assert line["before"] == first["now"][0]
    assert line["gold_before"] != line["gold_now"]


def test_a_record_that_is_left_out_moves_no_other(workspace):
    before = places(workspace)
    gone = next(record_id for record_id, split in before.items() if split == "train")
    decide(workspace, [Verdict(gone, "drop")], "ana")
    way.run(workspace, "split")
    assert places(workspace) == {k: v for k, v in before.items() if k != gone}


def test_another_seed_draws_anew(workspace):
    before = places(workspace)
    workspace.change("split", seed=8)
    way.run(workspace, "split")
    assert places(workspace) != before


def test_a_test_set_that_was_let_go_stays_until_the_settings_change(workspace):
    before = places(workspace)
    with freezing(workspace, freeze=True):
        way.run(workspace, "split")
    assert places(workspace) == before
    with freezing(workspace, freeze=False) as told:
        way.run(workspace, "split")
    assert places(workspace) == before
    assert "another seed draws them anew" in told


def test_what_could_not_be_split_is_not_frozen(workspace):
    settings = workspace.layout.settings.read_bytes()
    asked = ["split", "--freeze", "--by", "time", "-w", str(workspace.root)]
    assert run(asked) == 2
    assert frozen_ids(workspace) is None
    assert workspace.layout.settings.read_bytes() == settings
    with freezing(workspace, freeze=True):
        way.run(workspace, "split")
    held = frozen_ids(workspace)
    assert run([*asked, "--force"]) == 2
    assert frozen_ids(workspace).equals(held)


def test_whoever_reads_only_the_first_lines_undoes_nothing(workspace):
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", "cli", "split", "--freeze", "-w", str(workspace.root)],
        cwd=ROOT, stdout=writes, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writes)
    assert done.returncode == 141
    assert done.stderr.endswith("test: frozen, 24 records stay there\n")
    assert frozen_ids(workspace) is not None


def test_a_frozen_test_set_stays_when_new_records_come(workspace):
    before = places(workspace)
    with freezing(workspace, freeze=True):
        way.run(workspace, "split")
    [source] = workspace.settings.source.paths
    with Path(source).open("a") as file:  # every new record ties several of the brands of before
        file.writelines(
            f"n{i},thing {i} of its own,b{N // 3 - 1 - i // 3},{LEAVES[i % 4]}\n" for i in range(N)
        )
    way.run(workspace, "split")
    now = places(workspace)
    assert {r for r, split in before.items() if split == "test"} == {
        r for r, split in now.items() if split == "test" and r.startswith("r")
    }


def test_frozen_rows_that_the_catalog_lost_are_said(workspace):
    with freezing(workspace, freeze=True):
        way.run(workspace, "split")
    frozen = frozen_ids(workspace).to_list()
    [source] = workspace.settings.source.paths
    for lost, told in (
        (frozen[:1], "1 row of the frozen test set is no longer in gold: what ties to it"),
        (frozen[:3], "3 rows of the frozen test set are no longer in gold: what ties to them"),
    ):
        lines = Path(source).read_text().splitlines(keepends=True)
        kept = [line for line in lines if line.split(",")[0] not in lost]
        Path(source).write_text("".join(kept))
        way.run(workspace, "split")
        assert f"{told} is not known" in workspace.snapshot("split").notes
    in_test = {r for r, split in places(workspace).items() if split == "test"}
    assert in_test == set(frozen[3:])
    lines = Path(source).read_text().splitlines(keepends=True)
    Path(source).write_text("".join(line for line in lines if line.split(",")[0] not in frozen))
    with pytest.raises(InputError, match="gold has none of the 24 rows of the frozen test set"):
        way.run(workspace, "split")
