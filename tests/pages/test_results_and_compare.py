"""Results and Compare: every view draws, what is chosen stands in the address."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.still_tables import still_tables
from tests.runs_workspace import bring, bring_attributes, runs_workspace
from ui.verdicts import comparisons, result_views

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A workspace with three runs of categories and two of attributes, with confidence and cost."""
    workspace = runs_workspace(tmp_path_factory.mktemp("judged"))
    for seed, (name, share) in enumerate({"low": 0.4, "middle": 0.7, "top": 0.9}.items()):
        bring(workspace, name, share, seed=seed, more={"usage": {"cost_usd": 0.001 * (seed + 1)}})
    bring_attributes(workspace, "plain", 0.5)
    bring_attributes(workspace, "tuned", 0.9)
    return workspace.root


@pytest.fixture
def ask(monkeypatch):
    """A page on a workspace, opened with an address."""

    def opened(name, folder, **query):
        monkeypatch.setenv("GOLDSHELF_WORKSPACE", str(folder))
        shown = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60)
        for key, value in query.items():
            shown.query_params[key] = value
        return shown.run()

    return opened


def is_fine(shown):
    assert [e.message for e in shown.exception] == []
    assert [e.value for e in shown.error] == []
    return shown


def address(shown):
    values = shown.query_params.items()
    return {key: value if isinstance(value, str) else value[-1] for key, value in values}


@pytest.mark.parametrize("workspace", ["filled", "judged"])
@pytest.mark.parametrize("view", result_views.VIEWS["classification"])
def test_every_view_of_categories_draws(view, workspace, ask, request):
    folder = request.getfixturevalue(workspace)
    shown = is_fine(ask("results", folder, view=view))
    assert any("leads with accuracy" in m.value for m in shown.markdown)
    assert address(shown)["view"] == view


@pytest.mark.parametrize("view", result_views.VIEWS["attributes"])
def test_every_view_of_attributes_draws(view, ask, judged):
    shown = is_fine(ask("results", judged, task="attributes", view=view))
    assert any("tuned leads with" in m.value for m in shown.markdown)


@pytest.mark.parametrize("look", comparisons.VIEWS)
@pytest.mark.parametrize("task", ["classification", "attributes"])
def test_every_view_of_a_comparison_draws(look, task, ask, judged):
    is_fine(ask("compare", judged, task=task, look=look))


def test_a_link_holds_all_that_is_chosen_even_what_is_the_default(ask, judged):
    shown = is_fine(ask("compare", judged))
    assert address(shown) == {
        "task": "classification",
        "metric": "accuracy",
        "candidate": "top",
        "baseline": "middle",
        "look": "Categories",
    }


def test_a_link_opens_what_it_says_though_the_default_is_another(ask, judged):
    wanted = {
        "baseline": "top",
        "candidate": "low",
        "metric": "f1_macro",
        "gate": "accuracy>=0",
        "look": "Rows",
        "change": "broken",
        "below": "Garden",
        "words": "item 1",
    }
    shown = ask("compare", judged, **wanted)
    assert not shown.exception
    assert address(shown) == {"task": "classification", **wanted}
    assert any(m.value.startswith("### ") and "macro" in m.value for m in shown.markdown)
    assert "gate accuracy" in shown.error[0].value.replace("\\", "")
    table = shown.dataframe[-1].value
    assert all("item 1" in title for title in table["title"])
    assert all(gold.startswith("Garden") for gold in table["gold"])


def test_a_run_that_is_gone_is_said_aloud(ask, judged):
    shown = is_fine(ask("compare", judged, baseline="gone", candidate="top"))
    assert [w.value for w in shown.warning] == [
        "The address asks for baseline gone, which is not here."
    ]
    assert address(shown)["baseline"] == "middle"


def test_a_choice_moves_the_address(ask, judged):
    shown = is_fine(ask("results", judged))
    shown.selectbox(key="metric").select("coverage").run()
    assert address(is_fine(shown))["metric"] == "coverage"
    assert any("leads with coverage" in m.value for m in shown.markdown)


def test_a_candidate_is_never_its_own_baseline(ask, judged):
    shown = is_fine(ask("compare", judged, candidate="top", baseline="middle"))
    shown.selectbox(key="candidate").select("middle").run()
    assert not shown.warning
    assert address(is_fine(shown))["baseline"] == "top"


def test_tables_have_one_minus_sign_and_no_raw_names(ask, judged):
    for name, query in (("results", {}), ("compare", {"look": "Categories"})):
        shown = is_fine(ask(name, judged, **query))
        tables = [*(frame.value for frame in shown.dataframe), *still_tables(shown)]
        assert len(tables) > 1
        for table in tables:
            text = table.astype(str).to_csv()
            assert not any(f"{sign}-{n}" in text for sign in " (," for n in range(10)), text
            assert not [column for column in table.columns if column.startswith("is_")]


def test_a_run_without_confidence_says_what_to_do(ask, filled):
    shown = is_fine(ask("results", filled, view="Calibration"))
    assert any("import them again" in info.value for info in shown.info)


def test_one_row_is_shown_whole(ask, judged):
    st.cache_data.clear()
    shown = ask("compare", judged, look="Rows")
    shown.session_state["compare.fixed"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    is_fine(shown.run())
    key = shown.dataframe[0].value["example_id"][0]
    answers = next(d.value for d in shown.dataframe if "raw output" in d.value.columns)
    assert set(answers["run"]) == {"top", "middle", "low"}
    history = next(d.value for d in shown.dataframe if "why" in d.value.columns)
    assert history["who"].to_list()[-1] == "gold"
    assert any(key in m.value for m in shown.markdown)
