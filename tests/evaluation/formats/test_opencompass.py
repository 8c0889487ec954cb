"""OpenCompass: parts of one run, rows asked several times, and runs that have not ended."""

import json

import pytest

from catalog.errors import InputError
from evaluation.formats import FormatOptions
from evaluation.formats.choosing import read_run
from tests import harness_files
from tests import tool_files as tools


def test_stated_keys_are_taken_else_the_numbers_of_the_rows(tmp_path):
    path = tools.opencompass(tmp_path)
    assert read_run(path).predictions["example_id"].to_list() == list("012345")
    run = read_run(path, options=FormatOptions(keys=tools.keys(tmp_path)))
    assert run.predictions["example_id"].to_list() == [row["id"] for row in tools.ROWS]
    assert run.gold["label"].to_list() == [row["gold"] for row in tools.ROWS]


def test_rows_are_ordered_by_number_and_none_is_missed(tmp_path):
    rows = [row | {"id": f"{row['id']}{again}"} for again in "ab" for row in tools.ROWS]
    path = tools.opencompass(tmp_path, rows)
    body = json.loads(path.read_text())
    backwards = {"0": body["0"]} | {key: body[key] for key in reversed(body)}
    tools.write_json(path, backwards)
    assert read_run(path).predictions["example_id"].to_list() == [str(n) for n in range(12)]
    tools.write_json(path, {key: row for key, row in body.items() if key != "3"})
    with pytest.raises(InputError, match="row 3 is missing: the run has not ended"):
        read_run(path)


def parts(folder, sizes=(2, 2, 2)):
    """One run in files that are each numbered from 0, as its partitioners split it."""
    made, begin = [], 0
    for number, size in enumerate(sizes):
        rows = tools.ROWS[begin : begin + size]
        made.append(tools.opencompass(folder, rows, name=f"shop_{number}"))
        begin += size
    return made


def test_the_parts_of_a_run_are_read_together_whichever_is_given(tmp_path):
    made = parts(tmp_path)
    whole = read_run(tools.opencompass(tmp_path / "whole"))
    for path in made:
        run = read_run(path)
        assert run.predictions.equals(whole.predictions)
        assert run.gold.equals(whole.gold)
        assert run.about == whole.about
        assert run.notes[0] == (
            f"{path}: a part of the run shop, read with the others: shop_0.json, shop_1.json, "
            "shop_2.json."
        )
    run = read_run(made[1], options=FormatOptions(keys=tools.keys(tmp_path)))
    assert run.predictions["example_id"].to_list() == [row["id"] for row in tools.ROWS]


def test_many_parts_are_in_the_order_of_their_numbers(tmp_path):
    rows = [row | {"id": f"{row['id']}{again}"} for again in "ab" for row in tools.ROWS]
    for number, row in enumerate(rows):
        path = tools.opencompass(tmp_path, [row], name=f"shop_{number}")
    said = read_run(path).predictions["raw_output"].to_list()
    assert said == [row["said"] for row in rows]


def test_a_part_that_is_missing_is_told(tmp_path):
    made = parts(tmp_path)
    made[1].unlink()
    with pytest.raises(
        InputError, match=r"a part of the run shop, and shop_1\.json is not beside it"
    ):
        read_run(made[2])


def test_a_part_that_is_still_being_written_is_told(tmp_path):
    made = parts(tmp_path)
    rows = harness_files.opencompass_rows(tools.ROWS[:1])
    lines = [{"idx": key, **row} for key, row in rows.items()]
    kept = tools.write_lines(made[0].with_name("tmp_shop_3.jsonl"), lines)
    with pytest.raises(InputError, match=r"shop_3\.json is not beside it: the run has not ended"):
        read_run(made[0])
    with pytest.raises(
        InputError, match="what OpenCompass keeps on its way: the run has not ended"
    ):
        read_run(kept)


def test_a_name_that_ends_in_a_number_is_no_part_by_itself(tmp_path):
    path = tools.opencompass(tmp_path, name="shop_7")
    assert read_run(path).about["task_name"] == "shop_7"
    # OpenCompass reads DATASET.json where it is there.
    path = parts(tmp_path / "b")[0]
    tools.opencompass(tmp_path / "b")
    assert read_run(path).predictions.height == 2


def test_a_data_set_that_was_asked_twice_is_repeats(tmp_path):
    # n = 2: the file holds the six rows, and the six rows once more.
    again = [row | {"said": tools.POTS} for row in tools.ROWS]
    path = tools.opencompass(tmp_path, [*tools.ROWS, *again])
    run = read_run(path)
    assert f"{path}: 6 rows asked 2 times: repeats." in run.notes
    assert run.gold.height == 6
    second = run.predictions.filter(repeat=1)
    assert second["example_id"].to_list() == list("012345")
    assert second["raw_output"].to_list() == [tools.POTS] * 6
    keyed = read_run(path, options=FormatOptions(keys=tools.keys(tmp_path)))
    assert keyed.predictions.filter(repeat=0)["example_id"].to_list() == [
        r["id"] for r in tools.ROWS
    ]


def test_keys_for_every_row_are_taken_though_the_prompts_repeat(tmp_path):
    path = tools.opencompass(tmp_path, tools.ROWS * 2)
    keys = tmp_path / "keys.txt"
    keys.write_text("".join(f"K{n}\n" for n in range(12)))
    run = read_run(path, options=FormatOptions(keys=keys))
    assert run.predictions["example_id"].to_list() == [f"K{n}" for n in range(12)]
    assert run.predictions["repeat"].null_count() == 12
    keys.write_text("".join(f"K{n}\n" for n in range(4)))
    with pytest.raises(InputError, match="4 keys for 12 answers"):
        read_run(path, options=FormatOptions(keys=keys))


def test_several_texts_for_a_row_are_repeats(tmp_path):
    rows = [row | {"said": [row["said"], "x"]} for row in tools.ROWS[:2]]
    run = read_run(tools.opencompass(tmp_path, rows))
    assert run.predictions.select("example_id", "raw_output", "repeat").rows() == [
        ("0", tools.POTS, 0), ("0", "x", 1), ("1", tools.TOOLS, 0), ("1", "x", 1)
    ]  # fmt: skip


def test_labels_by_perplexity_are_answers(tmp_path):
    run = read_run(harness_files.opencompass_ppl(tmp_path, tools.ROWS))
    assert run.predictions["raw_output"].to_list() == [row["said"] for row in tools.ROWS]


def test_the_likeliest_of_the_probabilities_is_the_answer(tmp_path):
    row = {"testing input": "?", "prompt": "?", "choices": ["A", "B"], "prediction": [0.2, 0.8],
           "pred_label": 1, "gold": "B"}  # fmt: skip
    run = read_run(tools.write_json(tmp_path / "shop.json", {"0": row}))
    assert run.predictions.select("parsed", "repeat").rows() == [('"B"', None)]


def test_a_gold_that_is_empty_is_not_in_the_file_and_its_row_has_none(tmp_path):
    path = tools.opencompass(tmp_path)
    body = json.loads(path.read_text())
    del body["1"]["gold"]
    run = read_run(tools.write_json(path, body))
    assert run.gold["label"].to_list()[:3] == [tools.POTS, None, tools.POTS]
    assert read_run(tools.opencompass(tmp_path, has_gold=False)).gold is None


def test_conversations_of_several_rounds_are_refused(tmp_path):
    row = {"gold": ["a", "b"], "prediction": ["a", "b"], "origin_prompt": [[{"role": "HUMAN"}]] * 2}
    path = tools.write_json(tmp_path / "shop.json", {"0": row})
    with pytest.raises(InputError, match="row '0': a conversation of several rounds"):
        read_run(path)
