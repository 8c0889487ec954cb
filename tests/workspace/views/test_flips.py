"""The rows that changed: filters, pages, and one row whole."""

import pytest

from tests.runs_workspace import TEST, bring, runs_workspace
from workspace.runs import compare
from workspace.views import flips
from workspace.views.flips import Asked, FlipFilter, flip_page

ASKED = Asked("base", "new")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = runs_workspace(tmp_path_factory.mktemp("flips"))
    bring(opened, "base", 0.2, seed=1)
    bring(opened, "new", 0.9, seed=2)
    return opened


def test_pages_hold_every_row_once_with_its_title(workspace):
    found = compare(workspace, "base", "new")
    first = flip_page(workspace, ASKED, FlipFilter("fixed"))
    assert (first.n_found, first.n_pages) == (found.n_fixed, -(-found.n_fixed // 50))
    assert first.n_pages > 1
    pages = [flip_page(workspace, ASKED, FlipFilter("fixed"), n + 1) for n in range(first.n_pages)]
    ids = [key for page in pages for key in page.rows["example_id"]]
    assert len(ids) == len(set(ids)) == found.n_fixed
    assert first.rows["title"][0] == f"item {first.rows['example_id'][0][1:]}"


def test_filters_leave_what_they_name(workspace):
    everything = flip_page(workspace, ASKED, FlipFilter("fixed"))
    garden = flip_page(workspace, ASKED, FlipFilter("fixed", category="Garden"))
    kitchen = flip_page(workspace, ASKED, FlipFilter("fixed", category="Kitchen"))
    assert garden.n_found + kitchen.n_found == everything.n_found
    assert all(gold.startswith("Garden > ") for gold in garden.rows["gold"])
    key = everything.rows["example_id"][0]
    by_word = flip_page(workspace, ASKED, FlipFilter("fixed", text=f"ITEM {key[1:]}"))
    assert key in by_word.rows["example_id"].to_list()
    assert all(key[1:] in title for title in by_word.rows["title"])
    cause = everything.rows["cause"][0]
    assert flip_page(workspace, ASKED, FlipFilter("fixed", cause=cause)).n_found > 0
    assert flip_page(workspace, ASKED, FlipFilter("fixed", cause="other")).n_found == 0


def test_categories_to_choose_from_hold_those_above_and_the_largest_first(workspace):
    named = flips.flip_categories(workspace, ASKED)
    assert set(named) >= {"Garden", "Kitchen", "Garden > Pots"}
    assert named[0] in ("Garden", "Kitchen")


def test_a_row_tells_the_answer_and_the_raw_output_of_every_run(workspace):
    key = flip_page(workspace, ASKED, FlipFilter("fixed")).rows["example_id"][0]
    told = flips.answers_of(workspace, key, ["new", "base"])
    assert told["run"].to_list() == ["new", "base"]
    assert told["right"].to_list() == [True, False]


def test_the_gold_of_a_row_has_a_history_from_the_source_on(workspace):
    history = flips.gold_history(workspace, f"r{TEST[0]}")
    assert history.steps["who"].to_list() == ["catalog", "gold"]
    assert history.steps["what"].n_unique() == 1
    assert history.log == []


def test_a_comparison_by_another_metric_is_kept_beside_the_first(workspace):
    home = workspace.layout.snapshots / "comparisons" / "base__new"
    for metric in ("accuracy", "f1_macro"):
        compare(workspace, "base", "new", metric=metric)
    kept = {path.name: path.stat().st_mtime_ns for path in home.iterdir()}
    for metric in ("accuracy", "f1_macro"):
        assert compare(workspace, "base", "new", metric=metric).metric == metric
    gated = compare(workspace, "base", "new", gates=["accuracy>=0", "coverage<-0.5"])
    assert [result.is_passed for result in gated.gates] == [True, False]
    assert not gated.is_passed and compare(workspace, "base", "new").is_passed
    assert {path.name: path.stat().st_mtime_ns for path in home.iterdir()} == kept


def test_the_history_of_an_attribute_tells_its_values(workspace):
    steps = flips.gold_history(workspace, f"r{TEST[0]}", "Colour").steps
    assert steps.filter(who="gold")["what"].to_list() == ["red"]
    other = flips.gold_history(workspace, f"r{TEST[0]}", "Size").steps
    assert other["what"].null_count() == other.height > 0
