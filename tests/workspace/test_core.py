import json
import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from catalog.errors import StoppedError, WorkspaceError
from workspace import way
from workspace.lock import locked
from workspace.opening import Declared, init_workspace
from workspace.progress import Progress, ProgressState, read_progress
from workspace.runner import run_steps, statuses
from workspace.settings import change_settings, read_settings
from workspace.snapshots import Output
from workspace.step import Step
from workspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    source = tmp_path / "catalog.csv"
    source.write_text(
        "id,title,brand,category\n"
        + "".join(f"{n},item {n},b{n % 7},A > B{n % 3}\n" for n in range(60))
    )
    init_workspace(tmp_path / "ws", Declared([str(source)]))
    return Workspace(tmp_path / "ws")


def step(name, inputs=(), run=None, decides=lambda _: None, outside=lambda _: {}, version=1):
    return Step(
        name,
        tuple(inputs),
        decides,
        run or (lambda _: Output({"t": pl.DataFrame({"x": [1, 2]})})),
        version,
        outside,
    )


def files(workspace):
    found = {}
    for path in sorted(workspace.layout.snapshots.rglob("*.parquet")):
        found[str(path.relative_to(workspace.root))] = path.read_bytes()
    return found


def test_load_makes_records_and_a_second_run_does_nothing(workspace):
    assert [s.step for s in way.run(workspace, "load")] == ["load"]
    assert workspace.snapshot("load").counts["records"] == 60
    assert way.run(workspace, "load") == []


def test_a_step_run_twice_gives_the_same_bytes(workspace):
    first = way.run(workspace, "load")[0]
    before = files(workspace)
    second = way.run(workspace, "load", force=True)[0]
    assert first.id == second.id
    assert files(workspace) == before


def test_a_changed_source_makes_its_step_stale_and_says_why(workspace, tmp_path):
    way.run(workspace, "load")
    with (tmp_path / "catalog.csv").open("a") as file:
        file.write("60,item 60,b,A > B1\n")
    status = way.statuses(workspace)["load"]
    assert (status.state, status.why) == ("stale", "what it reads outside changed")
    way.run(workspace, "load")
    assert workspace.snapshot("load").counts["records"] == 61


def test_a_source_that_is_gone_takes_nothing_away(workspace, tmp_path):
    way.run(workspace, "load")
    (tmp_path / "catalog.csv").unlink()
    assert way.statuses(workspace)["load"].state == "done"
    assert workspace.snapshot("load").counts["records"] == 60


def test_changed_settings_make_their_step_stale(workspace):
    way.run(workspace, "load")
    workspace.change("taxonomy", source="inferred")
    assert way.statuses(workspace)["load"].state == "done"
    workspace.change("source", category_separator="/")
    assert way.statuses(workspace)["load"].why == "settings changed"


def test_only_what_is_out_of_date_is_run_and_in_order(workspace):
    ran = []

    def noting(name):
        def run(context):
            ran.append(name)
            return Output({"t": pl.DataFrame({"x": [len(context.inputs)]})})

        return run

    steps = {
        s.name: s
        for s in (
            step("a", run=noting("a")),
            step("b", ["a"], noting("b")),
            step("c", run=noting("c")),
        )
    }
    run_steps(workspace, steps, ["b"], Progress())
    assert ran == ["a", "b"]
    run_steps(workspace, steps, ["b", "c"], Progress())
    assert ran == ["a", "b", "c"]
    steps["a"] = step("a", run=noting("a"), version=2)
    assert statuses(workspace, steps)["b"].why == "a is out of date"
    run_steps(workspace, steps, ["b"], Progress())
    # a gives the same content, but its fingerprint is part of its name, so b runs again
    assert ran == ["a", "b", "c", "a", "b"]


def test_a_step_that_fails_leaves_the_old_state_whole(workspace):
    def fail(_):
        raise RuntimeError("broken")

    run_steps(workspace, {"a": step("a")}, ["a"], Progress())
    before = workspace.snapshots.current("a")
    with pytest.raises(RuntimeError):
        run_steps(workspace, {"a": step("a", run=fail)}, ["a"], Progress(), force=True)
    assert workspace.snapshots.current("a") == before
    assert not list(workspace.layout.snapshots.rglob(".*"))
    assert workspace.doing() is None


def test_a_person_can_stop_a_step(workspace):
    progress = Progress()

    def run(context):
        progress.request_stop()
        context.progress(1, 2, "half")
        return Output()

    with pytest.raises(StoppedError):
        run_steps(workspace, {"a": step("a", run=run)}, ["a"], progress)
    assert workspace.snapshots.current("a") is None


def test_a_damaged_snapshot_is_told_and_can_be_made_again(workspace):
    snapshot = way.run(workspace, "load")[0]
    snapshot.path("records").unlink()
    with pytest.raises(WorkspaceError, match="missing or damaged"):
        workspace.snapshots.current("load")


def test_whoever_comes_second_is_told_who_is_first(workspace):
    code = (
        "import sys, time\n"
        "from workspace.workspace import Workspace\nfrom workspace.lock import locked\n"
        "from workspace.progress import Progress\n"
        f"ws = Workspace({str(workspace.root)!r})\n"
        "with locked(ws.layout):\n"
        "    Progress(ws.layout.progress, 'split').step('split')\n"
        "    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(WorkspaceError, match=rf"goldshelf split \(process {holder.pid}"),
            locked(workspace.layout),
        ):
            pass
        holder.kill()
    with locked(workspace.layout):
        pass


def test_news_of_a_dead_process_is_no_news(tmp_path):
    path = tmp_path / "p.json"
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    path.write_text(json.dumps({**vars(ProgressState(gone.pid, "run", 0.0))}))
    assert read_progress(path) is None
    path.write_text(json.dumps({**vars(ProgressState(os.getpid(), "run", 0.0, done=1, total=4))}))
    assert read_progress(path).share == 1 / 4
    path.write_text("{half")
    assert read_progress(path) is None


def test_settings_that_are_wrong_are_told_in_one_line(workspace):
    path = workspace.layout.settings
    text = path.read_text()
    for addition, told in [
        ("[split]\nfractionss = 1\n", "Did you mean 'fractions'"),
        ("nonsense = 1\n", "nonsense is not a setting"),
        ("= broken", "not valid TOML"),
    ]:
        path.write_text(
            addition + text
            if "nonsense" in addition
            else text.replace("[split]\n", "").split("[split")[0] + addition
        )
        with pytest.raises(WorkspaceError, match=told) as caught:
            read_settings(path)
        assert "\n" not in str(caught.value)


def test_a_workspace_of_a_newer_version_is_refused_and_left_alone(workspace):
    path = workspace.layout.settings
    path.write_text(path.read_text().replace("format = 1", "format = 99"))
    before = path.read_bytes()
    with pytest.raises(WorkspaceError, match="written by a newer Goldshelf"):
        Workspace(workspace.root)
    assert path.read_bytes() == before


def test_a_change_of_settings_keeps_comments_and_a_wrong_one_changes_nothing(workspace):
    path = workspace.layout.settings
    path.write_text("# mine\n" + path.read_text())
    change_settings(path, "split", {"seed": 11})
    assert path.read_text().startswith("# mine\n")
    assert read_settings(path).split.seed == 11
    before = path.read_bytes()
    with pytest.raises(WorkspaceError):
        change_settings(path, "split", {"seed": "eleven"})
    assert path.read_bytes() == before


def test_a_folder_that_is_no_workspace_says_what_to_do(tmp_path):
    with pytest.raises(WorkspaceError, match="goldshelf init DIR --source FILE"):
        Workspace(tmp_path)


def test_init_does_not_overwrite_a_workspace_that_holds_data(workspace, tmp_path):
    way.run(workspace, "load")
    with pytest.raises(WorkspaceError, match="is a workspace already"):
        init_workspace(workspace.root, Declared([str(tmp_path / "catalog.csv")]))


def test_init_can_be_repeated_until_something_was_loaded(workspace, tmp_path):
    opened = init_workspace(
        workspace.root, Declared([str(tmp_path / "catalog.csv")], maps=["brand="])
    )
    assert opened.settings["source"]["columns"]["brand"] is None


def test_a_full_disk_is_one_line_and_loses_nothing(workspace):
    way.run(workspace, "load")
    before = workspace.snapshots.current("load")
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "from terminal.main import run\n"
        f"sys.exit(run(['load', '--force', '-w', {str(workspace.root)!r}]))\n"
    )
    workspace.change("source", category_separator="/")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "the disk is full" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert workspace.snapshots.current("load") == before
    assert not list(workspace.layout.snapshots.rglob(".*"))


def wait_for(path, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if path():
            return True
        time.sleep(0.005)
    return False


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1])
def test_a_killed_load_is_finished_by_the_next_run_with_the_same_result(tmp_path, delay):
    source = tmp_path / "big.csv"
    lines = [f"{n},item number {n} of many words,b{n % 900},A > B{n % 40}" for n in range(200_000)]
    source.write_text("id,title,brand,category\n" + "\n".join(lines) + "\n")
    for name in ("killed", "whole"):
        init_workspace(tmp_path / name, Declared([str(source)]))
    whole = Workspace(tmp_path / "whole")
    expected = way.run(whole, "load")[0]
    killed = Workspace(tmp_path / "killed")
    command = [sys.executable, "-m", "cli", "load", "-w", str(killed.root)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        assert wait_for(killed.layout.progress.exists)
        time.sleep(delay)
        running.send_signal(signal.SIGKILL)
    way.run(killed, "load")
    assert killed.snapshot("load").manifest["tables"] == expected.manifest["tables"]
    assert not list(killed.layout.snapshots.rglob(".*"))


def test_two_runs_at_once_do_not_disturb_each_other(workspace):
    command = [sys.executable, "-m", "cli", "load", "--force", "-w", str(workspace.root)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ends = [(process, *process.communicate()) for process in running]
    codes = sorted(process.returncode for process, _, _ in ends)
    assert codes[0] == 0
    assert set(codes) <= {0, 2}
    for process, _, told in ends:
        if process.returncode == 2:
            assert "is at work here" in told
    assert workspace.snapshot("load").counts["records"] == 60


@pytest.mark.parametrize("delay", [0.0, 0.3, 1.0])
def test_a_killed_split_is_finished_by_the_next_run_with_the_same_result(tmp_path, delay):
    source = tmp_path / "big.csv"
    lines = [
        f"{n},model {n % 5_000} of part {n} in colour {n % 17},b{n % 4_000},A > B{n % 40}"
        for n in range(60_000)
    ]
    source.write_text("id,title,brand,category\n" + "\n".join(lines) + "\n")
    for name in ("killed", "whole"):
        init_workspace(tmp_path / name, Declared([str(source)]))
        made = Workspace(tmp_path / name)
        made.change("check", off=["near_duplicate"])
        made.change("label", annotators=["source"])
        way.run(made, "curate")
    whole, killed = Workspace(tmp_path / "whole"), Workspace(tmp_path / "killed")
    expected = way.run(whole, "split")[0]
    command = [sys.executable, "-m", "cli", "split", "-w", str(killed.root)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        assert wait_for(killed.layout.progress.exists)
        time.sleep(delay)
        running.send_signal(signal.SIGKILL)
    way.run(killed, "split")
    assert killed.snapshot("split").manifest["tables"] == expected.manifest["tables"]
    assert not list(killed.layout.snapshots.rglob(".*"))
