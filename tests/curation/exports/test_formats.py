from __future__ import annotations

import json
from typing import Any

import pytest

FIXED = {"system_prompt": "Sort.", "task_prefix": "[CLASSIFY]"}
PRODUCT = r"{\"title\": \"Kettle 1.7 L \\\"Eco\\\"\", \"brand\": \"Hervé\", "
PRODUCT += r"\"description\": \"Steel.\\nQuiet & safe\"}"
ANSWER = r"{\"category_path\": [\"Kitchen\", \"Kettles\"]}"

LINES = {
    "openai-chat": '{"messages": [{"role": "system", "content": "Sort."}, {"role": "user", '
    rf'"content": "[CLASSIFY]\n{PRODUCT}"}}, '
    f'{{"role": "assistant", "content": "{ANSWER}"}}]}}',
    "sharegpt": '{"conversations": [{"from": "system", "value": "Sort."}, {"from": "human", '
    rf'"value": "[CLASSIFY]\n{PRODUCT}"}}, '
    f'{{"from": "gpt", "value": "{ANSWER}"}}]}}',
    "alpaca": rf'{{"instruction": "Sort.\n[CLASSIFY]", "input": "{PRODUCT}", '
    f'"output": "{ANSWER}"}}',
    "prompt-completion": rf'{{"prompt": "Sort.\n\n[CLASSIFY]\n{PRODUCT}\n", '
    f'"completion": "{ANSWER}"}}',
    "records": '{"example_id": "k1", "split": "train", "group_id": 0, '
    '"task": "classification", '
    r'"title": "Kettle 1.7 L \"Eco\"", "description": "Steel.\nQuiet & safe", "brand": "Hervé", '
    '"identifiers": [{"kind": "sku", "value": "K-1"}], "category_path": ["Kitchen", "Kettles"], '
    '"attributes": {"Colour": null, "Volume": "1.7 L"}, "query": null, '
    '"question": null, "instruction": null, "context": null, "options": null, "target": null, '
    '"label_source": "source", '
    '"label_score": 0.5, "copy": 0, "weight": 1.0, "masked": null}',
}


@pytest.mark.parametrize("form", LINES)
def test_a_line_of_each_format_is_this(form: str, kettle, write) -> None:  # type: ignore[no-untyped-def]
    made = write(kettle, ["train"], format=form, **FIXED)
    assert made.lines("train.jsonl") == [LINES[form]]


@pytest.mark.parametrize("form", [f for f in LINES if f != "records"])
def test_a_line_is_what_pythons_json_would_write(form: str, kettle, write) -> None:  # type: ignore[no-untyped-def]
    [line] = write(kettle, ["train"], format=form).lines("train.jsonl")
    assert line == json.dumps(json.loads(line), ensure_ascii=False)


@pytest.mark.parametrize("form", ["openai-chat", "sharegpt"])
def test_an_empty_system_prompt_has_no_turn(form: str, kettle, write) -> None:  # type: ignore[no-untyped-def]
    made = write(kettle, ["train"], format=form, system_prompt="", task_prefix="")
    [turns] = json.loads(made.lines("train.jsonl")[0]).values()
    assert [turn.get("role", turn.get("from")) for turn in turns] in (
        ["user", "assistant"],
        ["human", "gpt"],
    )
    asked: dict[str, Any] = json.loads(next(iter(list(turns[0].values())[1:])))
    assert asked["title"] == 'Kettle 1.7 L "Eco"'


def test_the_answer_holds_attributes_with_null_for_none(kettle, write) -> None:  # type: ignore[no-untyped-def]
    made = write(kettle, ["train"], format="alpaca", targets=["category", "attributes"])
    answer = json.loads(made.lines("train.jsonl")[0])["output"]
    assert answer == (
        '{"category_path": ["Kitchen", "Kettles"], '
        '"attributes": {"Colour": null, "Volume": "1.7 L"}}'
    )
    assert made.plan.n_several_values == 1


def test_a_repeated_attribute_counts_once_with_its_value(gold, write) -> None:  # type: ignore[no-untyped-def]
    rows = gold(
        [
            {
                "record_id": "1",
                "title": "Mug",
                "category_path": ["A"],
                "attributes": [("Size", []), ("Size", ["L"]), ("Art", ["x"])],
            }
        ]
    )
    made = write(rows, ["train"], targets=["attributes"], format="alpaca")
    line = json.loads(made.lines("train.jsonl")[0])
    assert line["output"] == '{"attributes": {"Art": "x", "Size": "L"}}'


def test_the_record_beside_a_line_tells_its_hash_and_number(kettle, write) -> None:  # type: ignore[no-untyped-def]
    made = write(kettle, ["test"], format="alpaca")
    record = json.loads(made.lines("records/test.jsonl")[0])
    assert list(record) == [
        *("example_id", "example_hash", "split", "group_id", "task", "title", "description"),
        *("brand", "identifiers", "category_path", "attributes", "query", "question", "options"),
        *("target", "label_source", "label_score", "copy", "weight", "masked", "line"),
    ]
    assert (record["example_id"], record["split"], record["copy"], record["line"]) == (
        "k1",
        "test",
        0,
        1,
    )
