import ast
import gzip
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InputError
from curation.sources.literals import as_json, translated

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), min_size=1, max_size=5))
def test_the_repr_of_any_dictionary_reads_back_as_the_same_value(values):
    found = as_json(pl.Series([repr(value) for value in values]))
    assert [json.loads(text) for text in found] == values


@pytest.mark.parametrize(
    "text",
    [
        "{'a': __import__('os').getcwd()}", "{'a': open('/etc/passwd')}", "[1 + 2 for x in y]",
        "{'a': 1", "{'a'}", "[b'bytes']", "plain", "", "{'a': '''b'''", "{'a': lambda: 1}",
    ],
)  # fmt: skip
def test_what_is_no_literal_of_json_values_is_nothing_and_never_run(text):
    assert as_json(pl.Series([text])).to_list() == [None]


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 'it\\'s'}", "{'a': \"it's\"}", "{'a': 'say \"x\"'}", "{'a': u'x'}", "{'a': 'b' 'c'}",
        "{'a': '''b'''}", "{'a': r'\\d'}", "{'a': 0x10}", "{'a': 1_000}", "{'a': (1, 2)}",
        "{'a': True, 'b': None}", "{'': ''}", "{'a': '\\x41\\u00e9'}",
    ],
)  # fmt: skip
def test_every_spelling_of_a_literal_has_pythons_value(text):
    (found,) = as_json(pl.Series([text]))
    value = ast.literal_eval(text)
    assert json.loads(found) == json.loads(json.dumps(value))


def test_nan_is_null_and_json_stays_as_it_is():
    found = as_json(pl.Series(['{"a": NaN, "b": [-Infinity]}', '{"a":  1}', '{"a": "NaN"}']))
    assert found.to_list() == ['{"a":null,"b":[null]}', '{"a":  1}', '{"a": "NaN"}']


def test_a_deeply_nested_line_is_broken_and_the_rest_is_read(tmp_path):
    path = tmp_path / "qa.json.gz"
    lines = ["{'a': 1}", "[" * 200_000, "", "{'a': 2", "{'a': 3}", "{'a': 4}"]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    target = tmp_path / "out.jsonl"
    bad = translated(path, target, tmp_path)
    assert bad["line"].to_list() == [2, 4]
    assert [json.loads(line)["a"] for line in target.read_text().splitlines() if line] == [1, 3, 4]


def test_a_file_that_is_mostly_broken_is_refused(tmp_path):
    path = tmp_path / "qa.json"
    path.write_text("{'a': 1}\n{'a\n{'b\n")
    with pytest.raises(InputError, match=r"line 2: .*2 of 3 lines"):
        translated(path, tmp_path / "out.jsonl", tmp_path)
