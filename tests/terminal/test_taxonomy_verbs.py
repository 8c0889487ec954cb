"""Feeds with category ids and a change of taxonomy, as a user goes it."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import polars as pl
import pytest

from terminal.main import run

OLD = "1 - Garden\n2 - Garden > Pots\n3 - Garden > Gnomes\n4 - Kitchen\n"
NEW = "1 - Garden\n2 - Garden > Planters\n4 - Kitchen\n"
NEWEST = "1 - Garden\n2 - Garden > Tubs\n4 - Kitchen\n"


def goldshelf(*arguments, ok=0):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    assert code == ok, err.getvalue()
    return out.getvalue(), err.getvalue()


def told(*arguments):
    return json.loads(goldshelf(*arguments, "--json")[0])


def item(number, category):
    return (
        f"<item><g:id>{number}</g:id><g:title>Thing {number}</g:title>"
        f"<g:google_product_category>{category}</g:google_product_category></item>"
    )


def labels(folder):
    return newest(folder).select("record_id", "category_path").rows()


def newest(folder):
    parts = sorted(
        folder.glob("snapshots/load/*/records.parquet"), key=lambda path: path.stat().st_mtime_ns
    )
    return pl.read_parquet(parts[-1])


@pytest.fixture
def workspace(tmp_path):
    for name, text in (("old", OLD), ("new", NEW), ("newest", NEWEST)):
        (tmp_path / f"{name}.txt").write_text(text)
    feed = tmp_path / "feed.xml"
    items = [item(1, "2"), item(2, "Garden &gt; Pots"), item(3, "3"), item(4, "99")]
    feed.write_text(
        '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
        + "".join(items)
        + "</channel></rss>"
    )
    folder = tmp_path / "ws"
    made = told("init", folder, "--source", feed, "--taxonomy", f"google:{tmp_path / 'old.txt'}")
    assert made["settings"]["source"]["kind"] == "google-feed"
    assert made["settings"]["source"]["options"] == {"category_from": "google_product_category"}
    goldshelf("load", "-w", folder)
    return folder


def test_ids_become_paths_at_load_and_unknown_ones_are_said_aloud(workspace):
    assert labels(workspace) == [
        ("1", ["Garden", "Pots"]), ("2", ["Garden", "Pots"]), ("3", ["Garden", "Gnomes"]), ("4", ["99"]),
    ]  # fmt: skip
    extra = json.loads(newest(workspace)["extra"][0])
    assert extra["category_given"] == "2"
    (manifest,) = workspace.glob("snapshots/load/*/manifest.json")
    notes = " ".join(json.loads(manifest.read_text())["notes"])
    assert "2 records with a category id got its path in google" in notes
    assert "1 record with a category that is an id, such as '99'" in notes


def test_a_dry_run_tells_what_would_be_lost_and_changes_nothing(workspace):
    before = (workspace / "goldshelf.toml").read_text()
    to = f"google:{workspace.parent / 'new.txt'}"
    found = told("taxonomy", "migrate", "--to", to, "-w", workspace, "--dry-run")
    assert (found["n_records"], found["n_lost"]) == (4, 2)
    assert {row["from_path"] for row in found["lost"]} == {"Garden > Gnomes", "99"}
    assert found["how"] == {"same id": 2}
    assert found["mapping"] is None
    assert (workspace / "goldshelf.toml").read_text() == before


def test_a_migration_is_applied_by_the_next_load_and_the_first_label_is_kept(workspace):
    to = f"google:{workspace.parent / 'new.txt'}"
    goldshelf("taxonomy", "migrate", "--to", to, "-w", workspace)
    assert told("status", "-w", workspace)["steps"]["load"]["state"] == "stale"
    goldshelf("load", "-w", workspace)
    assert labels(workspace)[:3] == [
        ("1", ["Garden", "Planters"]), ("2", ["Garden", "Planters"]), ("3", ["Garden", "Gnomes"]),
    ]  # fmt: skip
    assert json.loads(newest(workspace)["extra"][1])["category_given"] == "Garden > Pots"


def test_a_second_migration_carries_the_first_on(workspace):
    for name in ("new", "newest"):
        to = f"google:{workspace.parent / name}.txt"
        goldshelf("taxonomy", "migrate", "--to", to, "-w", workspace)
        goldshelf("load", "-w", workspace)
    assert labels(workspace)[:2] == [("1", ["Garden", "Tubs"]), ("2", ["Garden", "Tubs"])]
    assert len(list(workspace.glob("taxonomy-mapping-*.csv"))) == 2


def test_a_mapping_of_the_publisher_leads_from_one_taxonomy_to_another(workspace):
    other = workspace.parent / "own.txt"
    other.write_text("Outdoors > Containers\nOutdoors > Figures\n")
    mapping = workspace.parent / "mapping.txt"
    mapping.write_text(
        "# → {base}\n→ Garden > Pots\n⇒ Outdoors > Containers\n\n→ Garden > Gnomes\n⇒ Outdoors > Figures\n"
    )
    found = told("taxonomy", "migrate", "--to", other, "--mapping", mapping, "-w", workspace)
    assert found["how"] == {"mapping": 3}
    assert found["n_lost"] == 1
    goldshelf("load", "-w", workspace)
    assert [path for _, path in labels(workspace)][:3] == [
        ["Outdoors", "Containers"], ["Outdoors", "Containers"], ["Outdoors", "Figures"],
    ]  # fmt: skip


def test_two_versions_side_by_side(workspace):
    old, new = (f"google:{workspace.parent / n}.txt" for n in ("old", "new"))
    found = told("taxonomy", "diff", old, new)
    assert found["counts"] == {
        "same": 2, "renamed": 1, "moved": 0, "follows its parent": 0, "removed": 1, "added": 0,
    }  # fmt: skip
    assert "Garden > Planters" in " ".join(goldshelf("taxonomy", "diff", old, new)[0].split())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["diff", "inferred", "{d}/new.txt"], "made from the records"),
        (["diff", "google:{d}/nope.txt", "{d}/new.txt"], "no such file"),
        (["migrate", "--to", "{d}/nope.txt", "-w", "{d}/ws"], "no such file"),
        (
            ["migrate", "--to", "google:{d}/new.txt", "--mapping", "{d}/other.csv", "-w", "{d}/ws"],
            "none of its 1 new categories",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exits_with_2(workspace, arguments, line):
    (workspace.parent / "other.csv").write_text("old,new\nA,B\n")
    _, error = goldshelf("taxonomy", *(a.format(d=workspace.parent) for a in arguments), ok=2)
    assert line in " ".join(error.split())


def test_ids_without_a_taxonomy_are_said_aloud_and_stay(tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("id,title,category\n1,Clay pot,212\n2,Red pot,Pots\n")
    goldshelf("init", tmp_path / "ws", "--source", table)
    goldshelf("load", "-w", tmp_path / "ws")
    (manifest,) = (tmp_path / "ws").glob("snapshots/load/*/manifest.json")
    (note,) = json.loads(manifest.read_text())["notes"]
    assert note.startswith("1 record with a category that is an id, such as '212': pass --taxonomy")
    assert labels(tmp_path / "ws") == [("1", ["212"]), ("2", ["Pots"])]
