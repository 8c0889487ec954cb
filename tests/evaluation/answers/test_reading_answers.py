import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InputError
from evaluation.answers.contract import conform_predictions, run_card
from evaluation.answers.json_text import is_strict_json, pairs_of
from evaluation.answers.paths import MAX_LEVELS, answered_paths, read_paths


def refuse(constant):
    raise ValueError(constant)


def strictly(text):
    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
edits = st.lists(st.tuples(st.integers(0, 60), st.sampled_from('{}[]",:0.NaInfity \n')), max_size=3)


@settings(deadline=None)
@given(json_values, edits)
def test_json_is_as_strict_as_the_standard(value, changes):
    text = json.dumps(value, ensure_ascii=False)
    for at, character in changes:
        text = text[:at] + character + text[at:]
    assert is_strict_json(pl.Series([text])).to_list() == [strictly(text)]


@pytest.mark.parametrize(
    "text",
    ['{"a": NaN}', "[Infinity]", "[-inf]", "nan", "[1,]", '{"a": 1,}', "{'a': 1}", "[1] // x", ""],
)
def test_what_only_lenient_readers_take_is_no_json(text):
    assert is_strict_json(pl.Series([text])).to_list() == [False]


def test_a_word_that_looks_like_a_constant_may_stand_in_a_text():
    assert is_strict_json(pl.Series(['{"a": "x, nan, y,]"}'])).to_list() == [True]


READINGS = [
    ('{"category_path": ["A", "B"]}', ["A", "B"], "answered"),
    ('{"category_path": "A > B", "why": "it is"}', ["A", "B"], "answered"),
    ('{"category": "A > B"}', ["A", "B"], "answered"),
    ('{"category": "A"}', ["A"], "answered"),
    ('["A", "B > C"]', ["A", "B > C"], "answered"),
    ('"A > B"', ["A", "B"], "answered"),
    ("  A > B \n", ["A", "B"], "answered"),
    ("A", ["A"], "answered"),
    ('[" A ", ""]', ["A"], "answered"),
    ("Sorry, I do not know.", None, "invalid"),
    ("The answer:\nA > B", None, "invalid"),
    ('```json\n{"category": "A > B"}\n```', None, "invalid"),
    ('{"category_path": ["A", "B"', None, "invalid"),
    ('{"category_path": ["A", 5]}', None, "invalid"),
    ('{"category_path": 5}', None, "invalid"),
    ('{"label": "A > B"}', None, "invalid"),
    ("5", None, "invalid"),
    (" > ".join("x" * (MAX_LEVELS + 1)), None, "invalid"),
    ('{"category_path": null}', None, "null"),
    ("null", None, "null"),
    ('{"category_path": []}', None, "empty"),
    ("[]", None, "empty"),
    ('""', None, "empty"),
    ("  ", None, "empty"),
    (None, None, None),
]


@pytest.mark.parametrize(("text", "path", "outcome"), READINGS)
def test_a_raw_output_is_read_strictly(text, path, outcome):
    read = read_paths(pl.Series([text], dtype=pl.String), is_raw=True, names=pl.Series(["A"]))
    assert read["path"].to_list() == [path]
    assert read["outcome"].to_list() == [outcome]


def test_a_bare_name_is_a_path_where_a_person_gave_it_and_not_where_a_model_wrote_it():
    one = pl.Series(["Garden"])
    assert read_paths(one, is_raw=False)["path"].to_list() == [["Garden"]]
    assert read_paths(one, is_raw=True)["outcome"].to_list() == ["invalid"]


def predictions(**columns):
    n = len(next(iter(columns.values())))
    frame = pl.DataFrame({"example_id": [str(i) for i in range(n)], **columns})
    return conform_predictions(frame, "predictions").with_columns(is_there=pl.lit(True))


def test_every_way_not_to_answer_is_told_apart():
    rows = predictions(
        category_path=[["A"], None, [], None, None, ["A"], ["A"]],
        raw_output=[None, None, None, "I cannot", "", None, None],
        finish_reason=[None, None, None, "stop", "stop", "content_filter", None],
        error=[None, None, None, None, None, None, "timeout"],
    )
    rows = pl.concat([rows, rows.head(1).with_columns(is_there=pl.lit(False))])
    read = answered_paths(rows).rows
    expected = ["answered", "null", "empty", "invalid", "empty", "refused", "error", "missing"]
    assert read["outcome"].to_list() == expected
    assert read["answer"].to_list() == ["A", *[None] * 7]


def test_the_given_path_counts_before_what_the_raw_output_says():
    rows = predictions(category_path=[["A"], None], raw_output=["X > Y", "X > Y"])
    assert answered_paths(rows).rows["answer"].to_list() == ["A", "X > Y"]


def test_lists_texts_and_structs_come_to_one_form():
    rows = pl.DataFrame(
        {
            "example_id": [1, 2],
            "category_path": [["A", "B"], None],
            "usage": [{"input_tokens": 3}, {"input_tokens": None}],
            "latency_ms": ["1.5", None],
        }
    )
    made = conform_predictions(rows, "rows")
    assert made["category_path"].to_list() == ['["A","B"]', None]
    assert made["usage"].to_list() == ['{"input_tokens":3}', '{"input_tokens":null}']
    assert made["latency_ms"].to_list() == [1.5, None]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ({"id": ["1"], "raw_output": ["x"]}, "no column 'example_id'. Found: id, raw_output"),
        ({"example_id": ["1"], "label": ["x"]}, "no column holds an answer"),
        ({"example_id": ["1", None], "raw_output": ["x", "y"]}, "row 2: example_id is empty"),
        ({"example_id": ["1"], "raw_output": ["x"], "latency_ms": ["fast"]}, "'latency_ms' holds"),
        ({"example_id": ["1"], "raw_output": ["x"], "repeat": ["a"]}, "not a whole number"),
    ],
)
def test_predictions_that_do_not_fit_are_refused_in_one_line(frame, told):
    with pytest.raises(InputError, match=told) as error:
        conform_predictions(pl.DataFrame(frame), "p.jsonl")
    assert str(error.value).startswith("p.jsonl")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "model: field required"),
        ({"model": "m", "modle": 1}, "'modle' is not a known key"),
        ({"model": "m", "run_id": "a/b"}, "run_id: string should match"),
        ({"model": "m", "task": "summaries"}, "task: input should be"),
        ([1], "expected one JSON object, found list"),
    ],
)
def test_a_run_card_that_does_not_fit_is_refused_in_one_line(body, told):
    with pytest.raises(InputError, match=told):
        run_card(body, "run.json")


def test_attributes_of_json_keep_nulls_lists_and_odd_keys():
    text = (
        '{"a > b": ["x", "y"], "q\\"k": 5, "none": null, "empty": [], "list": "[]", "in": {"z": 1}}'
    )
    assert pairs_of(pl.Series([text])).rows() == [
        (0, "a > b", "x"),
        (0, "a > b", "y"),
        (0, 'q"k', "5"),
        (0, "none", None),
        (0, "empty", None),
        (0, "list", "[]"),
        (0, "in", '{"z":1}'),
    ]
