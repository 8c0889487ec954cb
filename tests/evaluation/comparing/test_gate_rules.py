from xml.etree import ElementTree as Xml

import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.comparing.gate_reports import gates_markdown, junit_xml
from evaluation.comparing.gate_rules import check_gates, gate_rules, is_passed

METRICS = pl.DataFrame(
    {
        "metric": ["accuracy", "invalid_rate"],
        "baseline": [0.8, 0.0],
        "candidate": [0.81, 0.01],
        "difference": [0.01, 0.01],
        "low": [-0.004, 0.0],
        "high": [0.024, 0.03],
        "n": [900, 900],
    }
)
SLICES = pl.DataFrame(
    {
        "slice": ["brand"] * 3,
        "part": ["A|<b>", "B", "C"],
        "metric": ["accuracy"] * 3,
        "low": [-0.2, 0.01, float("nan")],
        "high": [0.1, 0.2, float("nan")],
        "n": [300, 590, 3],
    }
)


def checks(*gates):
    file = gate_rules({"gate": list(gates)}, "gates.toml")
    return check_gates(file.of("classification"), "classification", METRICS, SLICES)


def test_a_lower_bound_decides_at_least_and_an_upper_one_at_most():
    passed, failed = checks(
        {"metric": "accuracy", "at_least": -0.01},
        {"metric": "invalid_rate", "at_most": 0.02, "why": "Shops see broken pages."},
    )
    assert (passed.state, passed.bound) == ("passed", -0.004)
    assert (failed.state, failed.bound) == ("failed", 0.03)
    assert failed.sentence.endswith("is +0.0300. Shops see broken pages.")
    assert not is_passed([passed, failed])
    assert is_passed([passed])


def test_every_part_of_a_slice_has_to_hold_and_small_ones_are_skipped_aloud():
    found = checks({"metric": "accuracy", "slice": "brand", "at_least": -0.05, "min_rows": 10})
    assert [check.state for check in found] == ["failed", "passed", "skipped"]
    assert "3 rows, fewer than 10" in found[2].sentence


def test_an_undefined_bound_and_a_part_that_is_not_there_pass_no_gate():
    found = checks(
        {"metric": "accuracy", "slice": "brand", "part": "C", "at_least": -1},
        {"metric": "accuracy", "slice": "brand", "part": "Z", "at_least": -1},
    )
    assert [check.state for check in found] == ["failed", "failed"]
    assert "is undefined (3 rows)" in found[0].sentence
    assert "the gold has no such rows" in found[1].sentence


def test_gates_that_were_all_skipped_hold_nothing():
    found = checks({"metric": "accuracy", "slice": "brand", "part": "C", "at_least": 0,
                    "min_rows": 9})  # fmt: skip
    assert not is_passed(found)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "found no gate"),
        ({"gates": []}, "found gates"),
        ({"gate": [{"metric": "accuracy"}]}, "gate 1: needs at_least or at_most"),
        ({"gate": [{"metric": "a", "at_least": 0, "part": "x"}]}, "gate 1: part needs slice"),
        ({"gate": [{"metric": "a", "atleast": 0}]}, "'atleast' is not a known key"),
        ({"gate": [{"metric": "a", "at_least": "much"}]}, "gate 1: at_least: input should be"),
    ],
)
def test_a_wrong_file_is_one_line(body, told):
    with pytest.raises(InputError, match=told):
        gate_rules(body, "gates.toml")


def test_gates_of_other_tasks_alone_hold_nothing_and_are_refused():
    file = gate_rules({"gate": [{"task": "tags", "metric": "f1", "at_least": 0}]}, "gates.toml")
    with pytest.raises(InputError, match="no gate is for classification"):
        file.of("classification")
    with pytest.raises(InputError, match="gate on 'f2': no such metric"):
        checks({"metric": "f2", "at_least": 0})


def test_junit_counts_failures_and_says_why():
    found = checks({"metric": "accuracy", "slice": "brand", "at_least": -0.05, "min_rows": 10})
    suite = Xml.fromstring(junit_xml(found))[0]
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    case = suite.find("testcase/failure/..")
    assert case.get("name") == "accuracy on brand = A|<b> >= -0.05"
    assert "the lower bound of the difference is -0.2000" in case.find("failure").get("message")


def test_markdown_keeps_a_name_in_its_cell_and_tells_failures_first():
    found = checks({"metric": "accuracy", "slice": "brand", "at_least": -0.05, "min_rows": 10})
    text = gates_markdown("Too few rows to tell.", found, METRICS)
    assert "Gates: 1 failed, 1 passed, 1 skipped." in text
    lines = [line for line in text.splitlines() if line.startswith("| accuracy on")]
    assert lines[0].startswith("| accuracy on brand = A\\|&lt;b&gt; &gt;= -0.05 | **failed** |")
    assert "| accuracy | 0.8000 | 0.8100 | 0.0100 | -0.0040 | 0.0240 |" in text
