"""A run of several files in one zip file: only what is read is unpacked, and never too much."""

import zipfile

import pytest

from catalog.errors import InputError
from evaluation.formats.choosing import read_run
from tests import tool_files as tools
from workspace.runs.zipped import unzipped


def packed(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


@pytest.fixture
def run_files(tmp_path):
    """The files of a HELM run, by name."""
    folder = tools.helm(tmp_path / "helm").parent
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_zipped_folder_is_read_as_the_folder_is(tmp_path, run_files):
    path = packed(tmp_path / "run.zip", {f"suite/run/{name}": b for name, b in run_files.items()})
    found = read_run(unzipped(path, tmp_path / "into"))
    assert found.predictions.equals(read_run(tmp_path / "helm").predictions)


def test_no_name_in_the_archive_leads_elsewhere(tmp_path, run_files):
    told = {f"../../{name}": body for name, body in run_files.items()}
    path = packed(tmp_path / "run.zip", {**told, "../../evil.txt": b"x", "/etc/other": b"x"})
    folder = unzipped(path, tmp_path / "a" / "b" / "into")
    assert folder == tmp_path / "a" / "b" / "into" / "run"
    assert {p.name for p in folder.iterdir()} == set(run_files)
    assert {p.name for p in tmp_path.iterdir()} == {"helm", "run.zip", "a"}


def test_what_unpacks_to_too_much_is_refused(tmp_path, run_files):
    bomb = b"[" + b" " * 10_000_000
    path = packed(tmp_path / "run.zip", {**run_files, "instances.json": bomb})
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="unpacks to more than 1,000,000 bytes"):
        unzipped(path, tmp_path / "into", most_bytes=1_000_000)
    written = sum(p.stat().st_size for p in (tmp_path / "into").rglob("*") if p.is_file())
    assert written <= 1_000_000


def test_no_run_several_runs_and_a_password_are_one_line(tmp_path, run_files):
    with pytest.raises(InputError, match=r"no HELM run in it.*among its 1 file"):
        unzipped(packed(tmp_path / "none.zip", {"readme.txt": b"x"}), tmp_path / "into")
    two = {f"{at}/{name}": body for at in "ab" for name, body in run_files.items()}
    with pytest.raises(InputError, match="2 runs in it, such as a and b"):
        unzipped(packed(tmp_path / "two.zip", two), tmp_path / "into")
    path = packed(tmp_path / "locked.zip", run_files)
    body = bytearray(path.read_bytes())
    for at, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = body.find(at)
        while place >= 0:
            body[place + offset] |= 1
            place = body.find(at, place + 4)
    path.write_bytes(bytes(body))
    with pytest.raises(InputError, match="needs a password"):
        unzipped(path, tmp_path / "into")


def test_a_file_that_is_no_zip_is_one_line(tmp_path):
    path = tmp_path / "run.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(InputError, match="cannot be unpacked"):
        unzipped(path, tmp_path / "into")
    cut = packed(tmp_path / "cut.zip", {"scenario_state.json": b"[1, 2]" * 5000})
    cut.write_bytes(cut.read_bytes()[:40])
    with pytest.raises(InputError, match="cannot be unpacked"):
        unzipped(cut, tmp_path / "into")


@pytest.fixture
def parts(tmp_path):
    """The parts of a run of OpenCompass, by their place in the folder that it writes."""
    rows = {f"shop_{n}": tools.ROWS[2 * n : 2 * n + 2] for n in range(3)}
    return {
        f"out/predictions/shop-7b/{name}.json": tools.opencompass(
            tmp_path / "oc", some, name=name
        ).read_bytes()
        for name, some in rows.items()
    }


def test_the_parts_of_a_run_are_one_run_of_the_model_that_their_folder_names(tmp_path, parts):
    path = packed(tmp_path / "run.zip", {"out/configs/a.py": b"x", **parts})
    run = read_run(unzipped(path, tmp_path / "into"))
    assert run.predictions.height == 6
    assert run.about == {"model": "shop-7b", "task_name": "shop"}


def test_parts_without_a_folder_and_of_two_runs_and_unfinished_ones(tmp_path, parts):
    bare = {name.rpartition("/")[2]: body for name, body in parts.items()}
    path = packed(tmp_path / "bare.zip", bare)
    assert read_run(unzipped(path, tmp_path / "a")).about["model"] == "bare"
    path = packed(tmp_path / "up.zip", {f"../{name}": body for name, body in bare.items()})
    assert unzipped(path, tmp_path / "b") == tmp_path / "b" / "up" / "shop_0.json"
    path = packed(tmp_path / "two.zip", {**bare, "more_0.json": b"{}"})
    with pytest.raises(InputError, match="2 runs in it, such as more and shop"):
        unzipped(path, tmp_path / "c")
    path = packed(tmp_path / "cut.zip", {**bare, "tmp_shop_3.jsonl": b"{}"})
    with pytest.raises(InputError, match="the run has not ended"):
        read_run(unzipped(path, tmp_path / "d"))
