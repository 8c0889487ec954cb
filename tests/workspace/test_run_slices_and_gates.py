from xml.etree import ElementTree as Xml

import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.slicing.tables import SCORE_SCHEMA
from tests.runs_workspace import TEST, bring, runs_workspace
from workspace.runs.gates import (
    gated_comparison,
    read_gates,
    slice_request,
    write_gate_reports,
)
from workspace.runs.slicing import compared_slices, run_slices
from workspace.views.slices import differing_slices, marked_slices, slices_of


@pytest.fixture
def workspace(tmp_path):
    made = runs_workspace(tmp_path)
    bring(made, "base", 0.6, seed=1)
    bring(made, "new", 0.95, seed=2)
    return made


def gates(folder, text):
    path = folder / "gates.toml"
    path.write_text(text)
    return read_gates(path)


def test_all_slices_of_a_run_are_made_from_its_gold_and_its_train_split(workspace):
    found = slices_of(workspace, "new")
    by_slice = dict(found.group_by("slice").agg(pl.col("n").sum()).iter_rows())
    whole = ("brand", "brand_size", "price", "missing_fields", "category.2", "category_frequency")
    assert {name: by_slice[name] for name in whole} == dict.fromkeys(whole, len(TEST))
    frequent = found.filter(slice="category_frequency")
    assert frequent["part"].to_list() == ["10 to 99"]
    assert found.filter(slice="brand_size")["part"].to_list() == ["2 to 9"]
    notes = workspace.snapshots.current("slices/new").notes
    assert "slice masked left out: the gold rows have no masked." in notes


def test_slices_hold_the_metric_that_is_looked_at_and_say_why_a_part_has_none(workspace):
    macro = marked_slices(workspace, "new", "base", "f1_macro")
    assert macro["metric"].unique().to_list() == ["f1_macro"]
    small = macro.filter(pl.col("n") < 10)
    assert small.height
    assert small["value"].is_nan().all()
    assert small["reason"].null_count() == 0
    assert macro.filter(slice="distribution", part="natural")["difference"].is_finite().all()
    assert slices_of(workspace, "new", "f1_macro").equals(macro.select(SCORE_SCHEMA.names()))


def test_slices_are_kept_until_what_was_asked_changes(workspace):
    run_slices(workspace, "new", ["price"])
    first = workspace.snapshots.current("slices/new").id
    run_slices(workspace, "new", ["price"])
    assert workspace.snapshots.current("slices/new").id == first
    run_slices(workspace, "new", ["price"], "hierarchical_f1")
    assert workspace.snapshots.current("slices/new").id != first


def test_differences_by_slice_hold_the_marks_of_all_parts(workspace):
    found = differing_slices(workspace, "base", "new")
    assert found.filter(slice="distribution")["mark"].to_list() == ["better", "better"]
    assert set(found.filter(slice="brand")["mark"]) <= {"", "better", "perhaps better"}
    two = compared_slices(workspace, "base", "new", ["price"], [None, "accuracy"]).read("slices")
    assert two["metric"].unique().to_list() == ["accuracy"]
    assert two.height == 4


def test_a_gate_on_a_slice_makes_the_slice_and_decides(workspace, tmp_path):
    held = gates(
        tmp_path,
        '[[gate]]\nmetric = "accuracy"\nslice = "price"\nat_least = 0.9\nwhy = "Too dear."\n'
        '[[gate]]\ntask = "classification"\nmetric = "hierarchical_f1"\nat_least = 0\n',
    )
    found = gated_comparison(workspace, "base", "new", gate_file=held)
    states = [check.state for check in found.gate_checks]
    assert states == ["failed"] * 4 + ["passed"]
    assert not found.is_passed
    junit, markdown = tmp_path / "junit.xml", tmp_path / "verdict.md"
    write_gate_reports(found, junit=junit, markdown=markdown)
    assert Xml.parse(junit).getroot().get("failures") == "4"
    assert "Too dear." in markdown.read_text("utf-8")
    assert found.strict.sentence in markdown.read_text("utf-8")


def test_slices_that_are_asked_for_stand_beside_those_of_gates(workspace, tmp_path):
    held = gates(tmp_path, '[[gate]]\nmetric = "accuracy"\nslice = "price"\nat_least = -1\n')
    asked = slice_request(["category.1"])
    found = gated_comparison(workspace, "base", "new", slices=asked, gate_file=held)
    assert set(found.slices["slice"]) == {"category.1", "price"}
    assert found.is_passed
    assert {"slices", "gate_checks"} <= set(found.as_json())


def test_a_file_of_gates_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_gates(tmp_path / "none.toml")
    with pytest.raises(InputError, match="not TOML"):
        gates(tmp_path, "[[gate]\n")
