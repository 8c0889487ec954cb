"""Turning a catalog to another version of its taxonomy, from the Catalog page."""

import pytest

from ui import jobs
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.progress import Progress
from workspace.workspace import Workspace


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "old.txt").write_text("1 - Garden\n2 - Garden > Pots\n3 - Garden > Gnomes\n")
    (tmp_path / "new.txt").write_text("1 - Garden\n2 - Garden > Planters\n")
    (tmp_path / "a.csv").write_text(
        "id,title,category\n1,Clay pot,Garden > Pots\n2,Red gnome,Garden > Gnomes\n"
    )
    folder = tmp_path / "shop"
    taxonomy = f"google:{tmp_path / 'old.txt'}"
    init_workspace(folder, Declared([str(tmp_path / "a.csv")], taxonomy=taxonomy))
    way.run(Workspace(folder), "load", progress=Progress())
    return folder


def compared(page, folder, to):
    shown = page("catalog", folder)
    shown.session_state["catalog_view"] = "Categories"
    shown.run()
    next(t for t in shown.text_input if t.label == "Taxonomy").set_value(to)
    next(b for b in shown.button if b.label == "Compare").click().run()
    return shown


def test_what_would_be_lost_is_shown_and_nothing_is_changed(page, shop):
    before = (shop / "goldshelf.toml").read_text()
    shown = compared(page, shop, f"google:{shop.parent / 'new.txt'}")
    assert not shown.exception
    told = " ".join(m.value for m in shown.markdown)
    assert "1 record of 2 would have a category that it does not know" in told
    assert (shop / "goldshelf.toml").read_text() == before


def test_turning_to_it_writes_the_settings_and_loads_again(page, shop, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", lambda _opened, arguments: started.append(arguments))
    shown = compared(page, shop, f"google:{shop.parent / 'new.txt'}")
    shown.button(key="taxonomy.turn").click().run()
    assert not shown.exception
    assert started == [["load"]]
    turned = Workspace(shop)
    assert turned.settings.taxonomy.mapping == "taxonomy-mapping-1.csv"
    way.run(turned, "load", progress=Progress())
    paths = turned.snapshot("load").scan("records").collect()["category_path"].to_list()
    assert paths == [["Garden", "Planters"], ["Garden", "Gnomes"]]


def test_a_taxonomy_that_is_not_there_is_one_red_line(page, shop):
    shown = compared(page, shop, "google:/nowhere/at/all.txt")
    assert [e.value for e in shown.error if "no such file" in e.value]
    assert not shown.exception
