"""An engineer splits again, and sees the proof."""

import re
import shutil

import pytest

from workspace.workspace import Workspace


@pytest.fixture(scope="module")
def workbench(sample_workspace, serving, tmp_path_factory):
    """A workspace of our own: no other walk minds that it is split again."""
    folder = tmp_path_factory.mktemp("split") / "shop"
    shutil.copytree(sample_workspace, folder)
    with serving(folder) as address:
        yield folder, address


def number(visitor, label, value):
    box = visitor.main.get_by_role("spinbutton", name=label)
    box.fill(str(value))
    box.press("Tab")


def test_the_form_splits_again_and_the_certificate_is_shown(visitor, workbench):
    opened = Workspace(workbench[0])
    before = opened.snapshot("export").id
    visitor.visit("split")
    visitor.sees("Nothing leaks between the exported files.")
    number(visitor, "Train %", 70)
    number(visitor, "Validation %", 15)
    visitor.main.get_by_role("button", name="Split", exact=True).click()
    visitor.page.get_by_text("run split balance export: done").wait_for()
    visitor.wait()
    visitor.sees("Nothing leaks between the exported files.")

    assert opened.snapshot("export").id != before
    assert Workspace(workbench[0]).settings.split.fractions == (0.7, 0.15, 0.15)
    sizes = opened.snapshot("split").figures["splits"]
    assert abs(sizes["train"]["share"] - 0.7) < 0.02
    rows = visitor.main.get_by_test_id("stMetric").filter(has_text="Rows of train")
    assert f"{sizes['train']['n_rows']:,}" in rows.inner_text()
    assert visitor.exceptions() == []


def test_impossible_shares_are_one_red_line(visitor, workbench):
    before = (workbench[0] / "goldshelf.toml").read_bytes()
    visitor.visit("split")
    number(visitor, "Train %", 80)
    number(visitor, "Validation %", 60)
    visitor.main.get_by_role("button", name="Split", exact=True).click()
    visitor.sees(re.compile("fractions"))
    assert visitor.main.get_by_test_id("stAlertContentError").count() == 1
    assert (workbench[0] / "goldshelf.toml").read_bytes() == before
