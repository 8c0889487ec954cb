import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.sources.evidences import attributes_of


def placed(text, value, source=None, second=None):
    paragraphs = [{"text": text, "source": "title"}]
    if second is not None:
        paragraphs.append({"text": second, "source": "description"})
    texts = pl.DataFrame({"nr": [0], "paragraphs": [paragraphs]})
    values = pl.DataFrame(
        {"nr": [0], "key": ["k"], "value": [value], "source": [source]},
        schema_overrides={"source": pl.String, "value": pl.String},
    )
    found = attributes_of(values, texts)["attributes"][0].to_list()
    return found[0]["evidences"]


def test_a_word_of_its_own_goes_before_a_part_of_one():
    assert placed("Covered Red", "Red") == [{"value": "Red", "pid": 0, "begin": 8, "end": 11}]


def test_a_part_of_a_word_is_a_place_where_there_is_no_other():
    assert placed("Covered", "ere") == [{"value": "ere", "pid": 0, "begin": 3, "end": 6}]


def test_a_value_that_stands_nowhere_has_no_place():
    nowhere = {"pid": None, "begin": None, "end": None}
    assert placed("a value of things", "blue") == [{"value": "blue", **nowhere}]
    assert placed("blue", "blue", source="description", second="red") == [
        {"value": "blue", **nowhere}
    ]


def test_a_named_paragraph_is_the_one_looked_in():
    found = placed("blue", "blue", source="description", second="a blue")
    assert found == [{"value": "blue", "pid": 1, "begin": 2, "end": 6}]


def test_no_value_is_asked_and_there_is_none():
    assert placed("blue", None) == []


def test_signs_of_a_pattern_are_plain_text():
    assert placed("5.5 (a+b)* $", "(a+b)*") == [
        {"value": "(a+b)*", "pid": 0, "begin": 4, "end": 10}
    ]


@settings(deadline=None)
@given(st.text(max_size=12), st.text(min_size=1, max_size=4), st.text(max_size=12))
def test_what_is_placed_reads_back(before, value, after):
    text = before + value + after
    (found,) = placed(text, value)
    assert text[found["begin"] : found["end"]] == value
