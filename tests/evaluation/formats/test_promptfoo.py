import json

import pytest

from catalog.errors import InputError
from evaluation.formats import FormatOptions
from evaluation.formats.choosing import read_run
from tests import tool_files as tools


def test_versions_2_and_3_give_the_same_run(tmp_path):
    three = read_run(tools.promptfoo(tmp_path))
    two = read_run(tools.promptfoo(tmp_path, version=2))
    assert three.predictions.equals(two.predictions)
    table = read_run(tools.promptfoo(tmp_path, version=2, has_table_alone=True))
    columns = ["example_id", "raw_output", "error"]
    assert table.predictions.select(columns).equals(three.predictions.select(columns))
    assert table.gold["label"].equals(three.gold["label"])


def test_one_prompt_is_one_run_and_which_is_said(tmp_path):
    path = tools.promptfoo(tmp_path)
    run = read_run(path)
    assert run.predictions.height == 6
    assert "prompt 0 of 2 (0: shop-7b: prompt 0; 1: shop-7b: prompt 1)" in run.notes[0]
    for asked in ("1", "prompt 1"):
        other = read_run(path, options=FormatOptions(filter=asked))
        assert other.predictions["raw_output"].to_list() == [tools.POTS] * 6
    with pytest.raises(InputError, match="2 prompts of the name 'shop-7b'"):
        read_run(path, options=FormatOptions(filter="shop-7b"))
    with pytest.raises(InputError, match="0 prompts of the name 'gpt'"):
        read_run(path, options=FormatOptions(filter="gpt"))


def test_a_failed_call_is_an_error_and_a_failed_assertion_an_answer(tmp_path):
    path = tools.promptfoo(tmp_path, failed=("P3",))
    run = read_run(path)
    assert run.predictions["error"].to_list() == [None] * 3 + ["Error: timeout"] + [None] * 2
    assert run.predictions["raw_output"][2] == tools.TOOLS
    assert f"{path}: 1 call failed (failureReason 2)." in run.notes


def test_gold_is_a_variable_else_the_assertion_of_equality(tmp_path):
    path = tools.promptfoo(tmp_path)
    body = path.read_text()
    assert read_run(path).gold["label"][0] == tools.POTS
    path.write_text(body.replace('"brand": "b0"', '"label": "Home > Pots"'))
    assert read_run(path).gold["label"].to_list()[:3] == ["Home > Pots"] * 2 + [tools.POTS]
    path.write_text(body.replace(f'"value": "{tools.POTS}"', '"value": "{{ brand }}"'))
    assert read_run(path).gold["label"][0] == "b0"
    path.write_text(body.replace('"type": "equals"', '"type": "llm-rubric"'))
    assert read_run(path).gold is None


def test_an_output_that_was_parsed_is_written_as_json(tmp_path):
    path = tools.promptfoo(tmp_path)
    body = json.loads(path.read_text())
    body["results"]["results"][0]["response"]["output"] = {"category": tools.POTS}
    path.write_text(json.dumps(body))
    assert read_run(path).predictions["raw_output"][0] == '{"category": "Garden > Pots"}'


def test_an_unknown_version_and_an_empty_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="results of version 9, expected 2 or 3"):
        read_run(tools.promptfoo(tmp_path, version=9))
    with pytest.raises(InputError, match="holds no results"):
        read_run(tools.promptfoo(tmp_path, rows=[]))


def test_tests_that_were_asked_several_times_are_repeats(tmp_path):
    # promptfoo eval --repeat 2 gives each asking a number of its own; the variables are the same.
    path = tools.promptfoo(tmp_path, [row for row in tools.ROWS for _ in range(2)])
    run = read_run(path)
    assert run.predictions["repeat"].to_list() == [0, 1] * 6
    assert run.gold["example_id"].to_list() == [row["id"] for row in tools.ROWS]
    path = tools.promptfoo(tmp_path, [*tools.ROWS, tools.ROWS[0]])
    with pytest.raises(InputError, match="key 'P0' stands at result 1 already"):
        read_run(path)
