"""What a person gives that is unusual, and what they are told."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from catalog.errors import GoldshelfError, InputError, WorkspaceError
from workspace import way
from workspace.database.store import Database
from workspace.files.near_duplicates import Asked, dedupe_file
from workspace.files.plain_files import read_file
from workspace.opening import Declared, init_workspace
from workspace.workspace import Workspace

ROWS = "id,title,brand,category\n" + "".join(
    f"{n},Product number {n} of brand {n % 7},brand {n % 7},Home > Thing {n % 3}\n"
    for n in range(60)
)


def made(folder: Path, *paths: Path, **more) -> Workspace:
    init_workspace(folder, Declared([str(path) for path in paths], **more))
    return Workspace(folder)


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
def test_signs_of_a_pattern_in_a_file_name_are_only_a_name(tmp_path, form):
    path = tmp_path / f"**new** [1] {{a}}?.{form}"
    frame = pl.DataFrame({"id": ["1", "2"], "title": ["Oak shelf", "Pine bench"]})
    write = {
        "csv": frame.write_csv,
        "jsonl": frame.write_ndjson,
        "json": frame.write_json,
        "parquet": frame.write_parquet,
    }
    write[form](path)
    (tmp_path / f"xxnewyy 1 a!.{form}").write_text("another file that the pattern would match")
    workspace = made(tmp_path / "w", path)
    way.run(workspace, "load")
    assert workspace.snapshot("load").counts["records"] == 2


def test_a_workspace_on_a_path_that_is_a_pattern_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(ROWS)
    with pytest.raises(WorkspaceError, match=r"cannot lie on a path with \[ \]"):
        made(tmp_path / "shop [1]", path)
    assert not (tmp_path / "shop [1]").exists()


def test_files_of_one_name_in_two_folders_do_not_meet(tmp_path):
    for name, title in (("a", "Oak shelf"), ("b", "Pine bench")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "feed.csv").write_text(f"id,title\n{name},{title}\n")
    workspace = made(tmp_path / "w", tmp_path / "a" / "feed.csv", tmp_path / "b" / "feed.csv")
    way.run(workspace, "load")
    titles = workspace.snapshot("load").read("records")["title"]
    assert titles.to_list() == ["Oak shelf", "Pine bench"]


def test_a_folder_is_all_tables_in_it(tmp_path):
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "a.csv").write_text("id,title\n1,Oak shelf\n")
    (folder / "b.tsv").write_text("id\ttitle\n2\tPine bench\n")
    (folder / "README.md").write_text("Not a table.")
    workspace = made(tmp_path / "w", folder)
    way.run(workspace, "load")
    assert workspace.snapshot("load").read("records")["record_id"].to_list() == ["1", "2"]
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no table in this folder"):
        made(tmp_path / "v", tmp_path / "none")


@pytest.mark.parametrize(
    ("folder", "n_records", "n_quarantined"),
    [("catalogs/bigbasket", 6_078, 1), ("catalogs/electronics", 1_688 + 5_247, 0)],
)
def test_a_folder_of_a_real_catalog_loads_whole(
    shared_data, tmp_path, folder, n_records, n_quarantined
):
    workspace = made(tmp_path / "w", shared_data / folder)
    way.run(workspace, "load")
    counts = workspace.snapshot("load").counts
    assert (counts["records"], counts["quarantine"]) == (n_records, n_quarantined)


def test_a_map_for_a_kind_that_maps_itself_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"id": "1", "category": "c", "paragraphs": [{"text": "t", "source": "title"}], '
        '"attributes": [{"key": "k", "evidences": []}]}\n'
    )
    with pytest.raises(InputError, match="kind mave maps its own fields"):
        made(tmp_path / "w", path, maps=["title=id"])


def test_an_empty_gold_says_why_and_what_to_do(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,title\n1,Oak shelf\n2,Pine bench\n")
    workspace = made(tmp_path / "w", path)
    with pytest.raises(InputError, match=r"gold is empty.*\(no category 2\).*--map"):
        way.run(workspace, "split")


def test_near_duplicates_can_be_turned_off(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(ROWS)
    workspace = made(tmp_path / "w", path)
    way.run(workspace, "split")
    assert workspace.snapshot("split").figures["n_edges"]["near_duplicate"] > 0
    workspace.change("split", near_duplicates=0)
    way.run(workspace, "split")
    assert Workspace(tmp_path / "w").settings.split.near_duplicates == 0
    assert workspace.snapshot("split").figures["n_edges"].get("near_duplicate", 0) == 0


def test_a_column_that_only_looks_like_an_id_is_told_and_passed_over(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,title\n1,Red oak shelf\n1,Red oak shelf\n2,Pine bench\n")
    file = read_file(path)
    assert file.ids.to_list() == [0, 1, 2]
    assert "id 1 stands 2 times" in file.notes[0].replace("'", "")
    assert dedupe_file(path, ["title"], Asked(), None)["n_pairs"] == 1
    with pytest.raises(InputError, match="Ids must be unique"):
        read_file(path, id_column="id")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "not the address of a database"),
        ("postgresql+psycopg2://ann:secret@host/db", "needs the package"),
    ],
)
def test_a_database_that_cannot_be_is_one_line_without_the_password(url, told):
    with pytest.raises(GoldshelfError, match=told) as error:
        Database(url)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["mave", "esci", "amazonqa", "pairs", "shopify-export"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.jsonl.gz"])
@pytest.mark.parametrize("body", [b'a,b\n1\n"x', b"\x1f\x8b\x08\x00\x00", b"PAR1 PAR1", b"{"])
def test_a_broken_file_of_a_declared_kind_is_one_line(tmp_path, kind, name, body):
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(GoldshelfError) as error:
        way.run(made(tmp_path / "w", path, kind=kind), "load")
    assert "\n" not in str(error.value)
    assert name in str(error.value)
