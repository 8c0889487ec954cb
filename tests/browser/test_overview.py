"""From a file somebody drops to a workspace; work that takes long, and can be stopped."""

import csv
import random
import re
import time

import pytest

from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.workspace import Workspace

N_LARGE = 30_000
N_DROPPED = 60
# The grid draws on a canvas: nothing in the page tells when it has taken a key.
SETTLE_MS = 700


@pytest.fixture
def large(tmp_path):
    """A workspace whose steps take long enough to be stopped."""
    draw = random.Random(7)
    words = [f"word{n}" for n in range(4000)]
    source = tmp_path / "large.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "title", "brand", "description", "category"])
        for n in range(N_LARGE):
            kind = n % 60
            text = [f"kind{kind}", *draw.choices(words, k=20)]
            rows.writerow(
                [
                    n,
                    " ".join(text[:6]),
                    f"Brand {n % 900}",
                    " ".join(text),
                    f"Root {kind % 6} > Leaf {kind}",
                ]
            )
    folder = tmp_path / "home" / "large"
    init_workspace(folder, Declared([str(source)], category_separator=" > "))
    return folder


def catalog():
    """A small catalog; nobody would guess who made the products."""
    kinds = {"kettle": "Kitchen > Kettles", "pan": "Kitchen > Pans", "chair": "Home > Chairs"}
    yield "sku;name;made_by;category"
    for n in range(N_DROPPED):
        kind = list(kinds)[n % 3]
        yield f"{n};{kind} model{n} tone{n} cut{n};Maker {n // 3};{kinds[kind]}"


@pytest.fixture
def nowhere(tmp_path):
    folder = tmp_path / "home" / "empty"
    folder.mkdir(parents=True)
    return folder


def drop(visitor, name, body):
    visitor.main.locator('[data-testid="stFileUploader"] input[type="file"]').set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": body}
    )


def test_a_long_run_shows_progress_and_can_be_stopped(large, serve_for):
    opened = Workspace(large)
    with serve_for(large) as visitor:
        visitor.visit()
        visitor.main.get_by_role("button", name="Run", exact=True).click()
        visitor.main.get_by_text(re.compile("^run: (check|label)")).first.wait_for()
        assert visitor.main.get_by_role("progressbar").count() >= 1
        visitor.main.get_by_role("button", name="Stop").click()
        visitor.sees("Stopped; everything that was finished is kept.")
        visitor.main.get_by_role("button", name="Dismiss").click()
        visitor.main.get_by_text("Stopped; everything").wait_for(state="detached")
        assert visitor.exceptions() == []
    assert opened.doing() is None
    states = {step: status.state for step, status in way.statuses(Workspace(large)).items()}
    assert states["load"] == "done"
    assert states["export"] == "missing"
    assert opened.snapshot("load").read("records").height == N_LARGE
    assert not [p for p in (large / "snapshots").rglob("*") if p.name.startswith((".tmp", "tmp"))]


def test_a_dropped_catalog_becomes_a_workspace_with_one_column_righted(nowhere, serve_for):
    with serve_for(nowhere) as visitor:
        visitor.visit()
        drop(visitor, "shop.csv", "\n".join(catalog()).encode())
        visitor.sees(re.compile("^Read as csv"))
        visitor.wait()
        grid = visitor.main.get_by_test_id("stDataFrame").first
        # The third row of the map, "made_by": its second column says what it becomes.
        grid.dblclick(position={"x": 120, "y": 17 + 35 * 3})
        visitor.page.wait_for_timeout(SETTLE_MS)
        visitor.page.keyboard.type("brand", delay=30)
        visitor.page.wait_for_timeout(SETTLE_MS)
        visitor.page.keyboard.press("Enter")
        visitor.page.wait_for_timeout(SETTLE_MS)
        visitor.wait()
        visitor.main.get_by_role("button", name="Make the workspace").click()
        visitor.page.get_by_text("run: done").wait_for()
        visitor.visit("catalog")
        visitor.sees(f"{N_DROPPED} records")
        assert visitor.exceptions() == []
    made = Workspace(nowhere / "shop")
    records = made.snapshot("load").read("records")
    assert records["title"][0] == "kettle model0 tone0 cut0"
    assert records["brand"].to_list() == [f"Maker {n // 3}" for n in range(N_DROPPED)]


@pytest.mark.parametrize(
    ("name", "body"),
    [("broken.xlsx", b"this is no spreadsheet"), ("empty.csv", b""), ("b.parquet", b"PAR1")],
)
def test_a_broken_file_is_one_red_line(name, body, visitor):
    visitor.visit()
    visitor.main.get_by_text("Another catalog: make a new workspace").click()
    time.sleep(0.3)
    drop(visitor, name, body)
    alert = visitor.main.get_by_test_id("stAlertContentError")
    alert.first.wait_for()
    assert alert.count() == 1
    assert name in alert.inner_text()
    assert visitor.exceptions() == []
