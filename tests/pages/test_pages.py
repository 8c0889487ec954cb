"""Every page draws in every kind of workspace, and does what it is there for."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from ui import jobs, links
from workspace.review.decisions import log
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.fixture
def own(filled, tmp_path):
    """A copy of the filled workspace, to change."""
    return Path(shutil.copytree(filled, tmp_path / "own" / "shop"))


def errors(shown):
    return [error.value for error in shown.error]


def table(shown, *columns):
    """The first table that has these columns."""
    return next(d.value for d in shown.dataframe if {*columns} <= {*d.value.columns})


def ids(shown):
    return table(shown, "record_id", "title")["record_id"].to_list()


def records(folder):
    return Workspace(folder).snapshot("load").read("records")


def button(shown, label):
    return next(b for b in shown.button if b.label == label)


@pytest.mark.parametrize("workspace", ["nowhere", "initialised", "filled"])
@pytest.mark.parametrize("name", PAGES)
def test_page_draws(name, workspace, page, request):
    shown = page(name, request.getfixturevalue(workspace))
    assert [e.message for e in shown.exception] == []
    assert errors(shown) == []
    assert shown.title[0].value == links.PAGES[name][0]


@pytest.mark.parametrize("workspace", ["nowhere", "initialised", "filled"])
def test_the_whole_workbench_draws(workspace, request, monkeypatch):
    folder = request.getfixturevalue(workspace)
    monkeypatch.setenv("GOLDSHELF_WORKSPACE", str(folder))
    shown = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert [e.message for e in shown.exception] == []
    assert shown.title[0].value == "Overview"
    assert [box.label for box in shown.sidebar.selectbox] == (
        [] if workspace == "nowhere" else ["Workspace"]
    )


def test_every_page_stands_in_the_navigation_once():
    named = [name for names in links.SECTIONS.values() for name in names]
    assert sorted(named) == PAGES
    assert sorted(links.PAGES) == PAGES


@pytest.mark.parametrize("name", [p for p in PAGES if p not in ("overview", "files")])
def test_page_without_a_workspace_says_what_to_do(name, page, nowhere):
    assert "no workspace yet" in page(name, nowhere).info[0].value


@pytest.mark.parametrize("name", [p for p in PAGES if p not in ("overview", "files")])
def test_page_whose_step_has_not_run_offers_to_run_it(name, page, initialised):
    shown = page(name, initialised)
    assert "has not run" in shown.info[0].value
    assert any(b.label.startswith("Run ") for b in shown.button)


@pytest.mark.parametrize("word", ["hamper", "LAUNDRY h", "P00025"])
def test_catalog_search_finds_what_holds_every_word(word, page, filled):
    shown = page("catalog", filled)
    shown.text_input(key="search").set_value(word).run()
    text = pl.concat_str("record_id", "title", "brand", separator=" ", ignore_nulls=True)
    expected = records(filled).filter(
        *(text.str.to_lowercase().str.contains(part, literal=True) for part in word.lower().split())
    )
    assert 0 < expected.height <= 50
    assert sorted(ids(shown)) == sorted(expected["record_id"])
    assert shown.caption[0].value == f"{expected.height:,} records"


def test_catalog_filters_hold_together(page, filled):
    shown = page("catalog", filled)
    shown.selectbox(key="category").select("Home & Living > Bedding")
    shown.selectbox(key="check").select("value_not_in_schema").run()
    spoken_of = (
        Workspace(filled).snapshot("check").read("issues").filter(check="value_not_in_schema")
    )
    expected = records(filled).filter(
        pl.col("category_path").list.head(2) == ["Home & Living", "Bedding"],
        pl.col("record_id").is_in(spoken_of["record_id"].to_list()),
    )
    assert expected.height > 0
    assert sorted(ids(shown)) == sorted(expected["record_id"])


def test_catalog_pages_show_every_record_once(page, filled):
    shown = page("catalog", filled)
    shown.selectbox(key="category").select("Pets").run()
    seen = ids(shown)
    n_pages = -(
        -records(filled).filter(pl.col("category_path").list.first() == "Pets").height // 50
    )
    for number in range(2, n_pages + 1):
        shown.pagination(key="catalog.page").set_value(number).run()
        seen += ids(shown)
    expected = records(filled).filter(pl.col("category_path").list.first() == "Pets")
    assert sorted(seen) == sorted(expected["record_id"])
    assert n_pages > 1


def test_catalog_filter_that_fits_nothing_says_so(page, filled):
    shown = page("catalog", filled)
    shown.text_input(key="search").set_value("no such product anywhere").run()
    assert shown.caption[0].value == "No record is like that."
    assert ids(shown) == []


def test_checks_lists_the_rows_of_the_check_that_is_picked(page, filled):
    shown = page("checks", filled)
    listed = table(shown, "check", "told")["check"].to_list()
    picked = listed.index("missing brand")
    shown.session_state["checks.picked"] = {
        "selection": {"rows": [picked], "columns": [], "cells": []}
    }
    shown.run()
    issues = Workspace(filled).snapshot("check").read("issues").filter(check="missing_brand")
    assert shown.subheader[-1].value == "Missing brand"
    assert sorted(table(shown, "message")["record_id"]) == sorted(issues["record_id"])
    assert issues.height > 0


def test_checks_counts_are_those_of_the_step(page, filled):
    shown = page("checks", filled)
    by_severity = Workspace(filled).snapshot("check").figures["n_records_by_severity"]
    assert [m.value for m in shown.metric[1:]] == [
        f"{by_severity[s]:,}" for s in ("error", "warning", "info")
    ]


@pytest.mark.parametrize(("train", "validation"), [(60, 60), (98, 2), (50, 98)])
def test_impossible_fractions_are_one_red_line_and_change_nothing(train, validation, page, own):
    before = (own / "goldshelf.toml").read_bytes()
    shown = page("split", own)
    boxes = {box.label: box for box in shown.number_input}
    boxes["Train %"].set_value(train)
    boxes["Validation %"].set_value(validation)
    button(shown, "Split").click().run()
    assert len(errors(shown)) == 1
    assert "\n" not in errors(shown)[0]
    assert (own / "goldshelf.toml").read_bytes() == before
    assert not shown.exception


def test_split_form_keeps_what_is_chosen_in_the_settings(page, own):
    shown = page("split", own)
    box = next(box for box in shown.checkbox if box.label == "Keep the publisher's split")
    assert box.value is False
    box.check()
    next(n for n in shown.number_input if n.label == "Seed").set_value(11)
    button(shown, "Split").click().run()
    settings = Workspace(own).settings.split
    assert (settings.keep_publisher, settings.seed) == (True, 11)
    assert settings.fractions == (0.8, 0.1, 0.1)
    job = jobs._jobs()[own]
    assert job.process.wait(60) == 0


def test_accepting_is_logged_and_brings_the_next_record(page, own):
    shown = page("review", own)
    first = shown.session_state["review.record"]
    button(shown, "Accept").click().run()
    entry = log(Workspace(own))[0]
    assert (entry.record_id, entry.action) == (first, "accept")
    assert shown.session_state["review.record"] != first
    button(shown, "Undo").click().run()
    assert log(Workspace(own))[0].undoes == entry.id
    assert shown.session_state["review.record"] == first


def test_reviewer_of_the_page_is_who_stands_in_the_log(page, own):
    shown = page("review", own)
    shown.session_state["reviewer"] = "ana <b>"
    shown.run()
    button(shown, "Skip").click().run()
    assert log(Workspace(own))[0].reviewer == "ana <b>"


def test_two_reviewers_are_never_given_the_same_record(page, own):
    ana = page("review", own)
    ana.session_state["reviewer"] = "ana"
    ana.run()
    ben = page("review", own)
    ben.session_state["reviewer"] = "ben"
    ben.run()
    assert ana.session_state["review.record"] != ben.session_state["review.record"]


def test_taxonomy_search_goes_to_the_category_that_is_picked(page, filled):
    shown = page("catalog", filled)
    shown.session_state["catalog_view"] = "Categories"
    shown.run()
    shown.text_input(key="taxonomy.search").set_value("kettles").run()
    found = table(shown, "path_text", "is_leaf")["path_text"].to_list()
    assert found[0] == "Kitchen & Dining > Small Appliances > Kettles"


def test_results_sentence_follows_the_metric(page, filled):
    shown = page("results", filled)
    shown.selectbox(key="metric").select("f1_macro").run()
    assert any("F1 macro" in m.value or "f1 macro" in m.value for m in shown.markdown)


def test_compare_refuses_a_gate_it_cannot_read_in_one_line(page, filled):
    shown = page("compare", filled)
    shown.text_input(key="gate").set_value("accuracy is good").run()
    assert len(errors(shown)) == 1
    assert not shown.exception


def test_a_broken_settings_file_is_one_red_line(page, own):
    (own / "goldshelf.toml").write_text("name = [", "utf-8")
    for name in PAGES:
        shown = page(name, own)
        assert not shown.exception, name
        assert len(errors(shown)) == (name != "files"), name
