"""ECInstruct's lists of texts, whose order has to be stated."""

import pytest

from catalog.errors import InputError
from evaluation.formats import FormatOptions
from evaluation.formats.choosing import read_run
from tests import tool_files as tools


def test_a_list_of_answers_needs_a_stated_order_of_as_many_keys(tmp_path):
    path = tools.ecinstruct(tmp_path)
    with pytest.raises(InputError, match=r"in an order that it does not state. Pass --keys"):
        read_run(path)
    few = tools.keys(tmp_path, tools.ROWS[:5])
    with pytest.raises(InputError, match="5 keys for 6 answers"):
        read_run(path, options=FormatOptions(keys=few))
    twice = tools.keys(tmp_path, [*tools.ROWS[:5], tools.ROWS[0]])
    with pytest.raises(InputError, match="row 6: key 'P0' stands at row 1 already"):
        read_run(path, options=FormatOptions(keys=twice))
    with pytest.raises(InputError, match="no such file"):
        read_run(path, options=FormatOptions(keys=tmp_path / "none"))


def test_keys_may_stand_beside_their_gold(tmp_path):
    path = tools.ecinstruct(tmp_path)
    rows = [{"id": row["id"], "label": row["gold"]} for row in tools.ROWS]
    for keys in (
        tools.write_lines(tmp_path / "keys.jsonl", rows),
        tools.write_json(tmp_path / "keys.json", rows),
    ):
        run = read_run(path, options=FormatOptions(keys=keys))
        assert run.gold["label"].to_list() == [row["gold"] for row in tools.ROWS]
        assert f"{path}: answers are tied to {keys} by their place in the list." in run.notes


def test_the_test_file_of_ecinstruct_states_the_order_by_place(tmp_path):
    keys = tools.write_json(
        tmp_path / "test.json",
        [{"instruction": "?", "input": "…", "output": row["gold"]} for row in tools.ROWS],
    )
    run = read_run(tools.ecinstruct(tmp_path), options=FormatOptions(keys=keys))
    assert run.predictions["example_id"].to_list() == list("012345")
    assert run.gold["label"].to_list() == [row["gold"] for row in tools.ROWS]


def test_an_answer_that_is_no_text_is_told_with_its_place(tmp_path):
    path = tools.write_json(tmp_path / "shop.json", ["a", {"b": 1}])
    with pytest.raises(InputError, match="element 2: expected a text, found dict"):
        read_run(path, options=FormatOptions(keys=tools.keys(tmp_path, tools.ROWS[:2])))
