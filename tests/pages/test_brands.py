"""Brands on the Split page: proposals, evidence side by side, and what the buttons keep."""

import shutil

import pytest

from workspace.brands import look_for_brands
from workspace.opening import Declared, init_workspace
from workspace.review.brands import accepted_aliases, aliases_shown
from workspace.review.decisions import log
from workspace.workspace import Workspace


@pytest.fixture
def shop(filled, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(filled, folder)
    return folder


def button(app, key):
    return next(b for b in app.button if b.key == key)


def test_before_anybody_looked_there_is_a_button(shop, page):
    app = page("split", shop)
    assert not app.exception
    assert "Look for brands" in [b.label for b in app.button]


def test_a_pair_is_accepted_and_taken_back(tmp_path, page):
    rows = ["id,title,brand,category"]
    rows += [f"{b}{n},Tray {b} no {n},{b},Home" for b in ("Bo Real", "Boreal") for n in range(3)]
    (tmp_path / "catalog.csv").write_text("\n".join(rows))
    shop = tmp_path / "shop"
    init_workspace(shop, Declared([str(tmp_path / "catalog.csv")]))
    opened = Workspace(shop)
    look_for_brands(opened)
    pairs = aliases_shown(opened)
    app = page("split", shop)
    assert not app.exception
    app.text_input(key="brands.why_pair").set_value("a space").run()
    button(app, "brands.True").click().run()
    assert not app.exception
    assert log(opened, limit=1)[0].reason == "a space"
    first = pairs.row(0, named=True)
    assert accepted_aliases(opened) == [[first["brand_a"], first["brand_b"]]]
    button(app, "brands.undo").click().run()
    assert accepted_aliases(opened) == []
    assert [entry.action for entry in log(opened, limit=2)] == ["undo", "same"]


def test_a_gap_is_filled_with_another_brand_than_the_proposed_one(tmp_path, page):
    rows = ["id,title,brand,category"]
    rows += [f"{n},Boreal tray no {n},Boreal,Home" for n in range(12)]
    rows += [f"o{n},Austral pot no {n},Austral,Home" for n in range(6)]
    rows += ["gap,Boreal tray of another,,Home"]
    (tmp_path / "catalog.csv").write_text("\n".join(rows))
    shop = tmp_path / "shop"
    init_workspace(shop, Declared([str(tmp_path / "catalog.csv")]))
    opened = Workspace(shop)
    look_for_brands(opened)
    app = page("split", shop)
    app.text_input(key="brands.other").set_value("Austral").run()
    app.text_input(key="brands.why_gap").set_value("on the picture").run()
    assert button(app, "brands.fill").label == "This is Austral"
    button(app, "brands.fill").click().run()
    assert not app.exception
    [entry] = log(opened, limit=1)
    assert (entry.record_id, entry.action, entry.reason) == ("gap", "fill", "on the picture")
    assert entry.after["value"] == "Austral"


def test_hostile_names_are_shown_as_they_are(hostile, page, tmp_path):
    folder = tmp_path / "hostile"
    shutil.copytree(hostile, folder)
    look_for_brands(Workspace(folder))
    assert not page("split", folder).exception
