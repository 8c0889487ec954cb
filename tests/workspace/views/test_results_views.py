"""What the Results page is told: siblings, levels, the rows of a cell, attributes."""

import polars as pl
import pytest

from tests.runs_workspace import TEST, bring, bring_attributes, path_of, runs_workspace
from workspace.views import results


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = runs_workspace(tmp_path_factory.mktemp("views"))
    bring(opened, "base", 0.6, seed=1)
    bring(opened, "new", 0.9, seed=2)
    bring_attributes(opened, "attr", 0.75)
    return opened


def n_wrong(workspace, run):
    board = results.board(workspace)
    share = dict(zip(board["run"], board["value"], strict=True))[run]
    return round((1 - share) * len(TEST))


def test_runs_stand_by_task_with_categories_first(workspace):
    assert results.runs_by_task(workspace) == {
        "classification": ["base", "new"],
        "attributes": ["attr"],
    }
    assert results.board(workspace, task="attributes")["run"].to_list() == ["attr"]


def test_siblings_count_every_gold_row_and_know_which_can_be_opened(workspace):
    roots = results.siblings(workspace, "base", None)
    assert set(roots.names) == {"Garden", "Kitchen"} and all(roots.is_inner)
    assert sum(map(sum, roots.square)) == len(TEST)
    # Wrong answers are siblings, so that no root is taken for another.
    assert [roots.square[n][1 - n] for n in (0, 1)] == [0, 0]
    garden = results.siblings(workspace, "base", "Garden")
    assert set(garden.paths) == {"Garden > Pots", "Garden > Tools"} and not any(garden.is_inner)
    assert sum(map(sum, garden.square)) == sum(path_of(i)[0] == "Garden" for i in TEST)


def test_wrong_answers_part_where_their_level_says(workspace):
    assert results.parted_levels(workspace, "base") == [("level 2", n_wrong(workspace, "base"))]


def test_the_rows_of_a_cell_are_those_that_were_counted(workspace):
    garden = results.siblings(workspace, "base", "Garden")
    for row, gold in enumerate(garden.paths):
        for column, answer in enumerate(garden.paths):
            rows = results.rows_between(workspace, "base", gold, answer)
            assert rows.height == garden.square[row][column]
            assert set(rows["gold"]) <= {gold} and set(rows["prediction"]) <= {answer}
        elsewhere = results.rows_between(workspace, "base", gold, None, garden.paths)
        assert elsewhere.height == garden.square[row][-1]
    assert results.rows_between(workspace, "base", "Garden", "Garden")["title"].null_count() == 0


def test_attributes_tell_what_became_of_every_product_asked(workspace):
    table = results.attribute_kinds(workspace, "attr").row(0, named=True)
    assert table["category"] == "Colour"
    assert table["n_pairs"] == table["VC"] + table["VW"] == len(TEST)
    # No gold is null, so that nothing can be invented: undefined, not 0.
    assert table["hallucination_rate"] is None


def test_metrics_that_can_decide_are_those_that_were_measured(workspace):
    assert {"accuracy", "f1_macro"} <= set(results.metrics_of(workspace, "base"))
    assert "f1" in results.metrics_of(workspace, "attr")


def test_the_sentence_says_who_leads_and_who_cannot_be_told_apart(workspace):
    told = results.sentence(results.board(workspace), "accuracy")
    assert told.startswith("new leads with accuracy ")
    assert told.endswith("every other run is shown to be worse.")


def test_the_sentence_says_where_the_best_run_is_not_shown_to_beat_what_needs_no_model():
    board = pl.DataFrame({"run": ["a"], "value": [0.6], "low": [0.45], "high": [0.7], "n": [40],
                          "is_tied_with_best": [True]})  # fmt: skip
    lines = {"chance": 0.1, "always yes": 0.5}
    told = results.sentence(board, "f1", "validation", lines)
    assert told.startswith(
        "a leads with F1 60.0 % (95 % interval 45.0 % to 70.0 %) on 40 rows of split validation, "
        "and is not shown to beat 'always yes' (50.0 %);"
    )
    assert "not shown" not in results.sentence(board, "f1", "test", {"chance": 0.1})
