"""DeepEval: cases without an answer, cases that are not in the file, traced applications."""

import json

import pytest

from catalog.errors import InputError
from evaluation.formats.choosing import read_run
from tests import harness_files
from tests import tool_files as tools


def changed(path, **more):
    body = json.loads(path.read_text())
    return tools.write_json(path, body | more)


def cases(path):
    return json.loads(path.read_text())["testCases"]


def test_keys_are_of_the_metadata_else_names(tmp_path):
    path = tools.deepeval(tmp_path)
    assert read_run(path).predictions["example_id"][0] == "P0"
    path.write_text(path.read_text().replace("record_id", "sku"))
    assert read_run(path).predictions["example_id"][0] == "test_case_0"


def test_conversations_are_counted_and_cases_needed(tmp_path):
    path = tools.deepeval(tmp_path)
    changed(path, conversationalTestCases=[{}])
    assert f"{path}: 1 row of 7 left out: conversations." in read_run(path).notes
    changed(path, testCases=[])
    with pytest.raises(InputError, match="holds no testCases"):
        read_run(path)


def test_a_case_without_an_output_is_an_error_and_an_empty_one_is_empty(tmp_path):
    # What is null is left out of the file.
    rows = tools.rows_with(P1=None, P2="")
    run = read_run(tools.deepeval(tmp_path, rows))
    assert run.predictions.select("raw_output", "error").rows()[:3] == [
        (tools.POTS, None),
        (None, "no actual output"),
        ("", None),
    ]


def test_cases_that_were_skipped_are_counted_by_the_gap_in_their_order(tmp_path):
    path = tools.deepeval(tmp_path)
    changed(path, testCases=[case for case in cases(path) if case["order"] not in (1, 4)])
    run = read_run(path)
    assert run.predictions.height == 4
    assert any("2 test cases that DeepEval skipped, not in the file" in note for note in run.notes)


def test_a_traced_run_begins_at_one_and_tells_what_failed(tmp_path):
    path = tools.deepeval(tmp_path)
    told = cases(path)[:2]
    for at, case in enumerate(told, 1):
        for name in ("completionTime", "actualOutput", "expectedOutput"):
            del case[name]
        case["order"] = at
    told[0] |= {"actualOutput": tools.POTS, "trace": harness_files.deepeval_trace(tools.POTS)}
    told[1]["trace"] = harness_files.deepeval_trace(None, "timeout")
    run = read_run(changed(path, testCases=told, hyperparameters=None))
    assert run.predictions.select("raw_output", "error", "latency_ms").rows() == [
        (tools.POTS, None, 250.0),
        (None, "timeout", 250.0),
    ]
    # Its goldens are not in the file; its model is that of the call.
    assert run.gold is None
    assert run.about["model"] == "shop-7b"
    assert run.notes == []


def test_the_latest_run_of_a_folder_is_read_too(tmp_path):
    path = tools.deepeval(tmp_path)
    latest = tools.write_json(
        tmp_path / ".deepeval" / ".latest_test_run.json",
        {"testRunData": json.loads(path.read_text())},
    )
    assert read_run(latest).predictions.equals(read_run(path).predictions)


def test_two_evaluations_in_one_file_are_told(tmp_path):
    path = tools.deepeval(tmp_path)
    changed(path, testCases=cases(path) * 2)
    with pytest.raises(InputError, match="two evaluations in one test session share a file"):
        read_run(path)


def test_a_score_that_is_nan_is_of_no_account(tmp_path):
    path = tools.deepeval(tmp_path)
    before = read_run(path).predictions
    path.write_text(path.read_text().replace("0.999", "NaN"))
    assert read_run(path).predictions.equals(before)
