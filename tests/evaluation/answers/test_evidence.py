import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.answers.evidence import SPAN_SCHEMA, span_scores
from evaluation.loading import load_answers
from evaluation.scores import score_attributes


def placed(value, begin, end, pid=0):
    return {"value": value, "pid": pid, "begin": begin, "end": end}


def rows(attributes, **more):
    ids = [str(n) for n in range(len(attributes))]
    texts = [None if one is None else json.dumps(one) for one in attributes]
    return pl.DataFrame({"example_id": ids, "attributes": texts, **more})


def scores_of(gold, run, **more):
    return score_attributes(
        load_answers("attributes", rows(gold, **more), {"run": rows(run)}).answers["run"]
    )


GOLD = [
    {
        "Colour": [placed("red", 3, 6), placed("red", 10, 13, pid=1)],
        "Size": [placed("5 cm", 8, 12)],
    },
    {"Colour": [placed("blue", 0, 4)], "Brand": None},
]


def test_values_with_their_place_are_values():
    run = [{"Colour": placed("red", 3, 6), "Size": "5 cm"}, {"Colour": ["blue"], "Brand": None}]
    found = scores_of(GOLD, run)
    assert found.counts["VC"] == 3
    assert found.metrics["f1"].value == 1
    # One of three pairs with gold spans has its span answered.
    assert found.metrics["span_exact_match"].value == pytest.approx(1 / 3)
    assert found.metrics["span_exact_match"].n == 2  # rows


def test_an_object_that_says_more_than_a_place_stays_whole():
    gold = [{"Length": {"value": 5, "unit": "cm"}}, {"Length": {"value": "5"}}]
    run = [{"Length": {"value": 5, "unit": "inch"}}, {"Length": "5"}]
    assert scores_of(gold, run).counts["VC"] == 1
    assert scores_of(gold, gold).counts["VC"] == 2


def test_any_occurrence_in_the_gold_will_do_and_each_answered_span_has_to_be_one():
    one = [{"Colour": [placed("red", 10, 13, pid=1)]}, {"Colour": [placed("blue", 0, 4)]}]
    found = scores_of(GOLD, one).metrics
    assert found["span_exact_match"].value == pytest.approx(2 / 3)
    both = [{"Colour": [placed("red", 3, 6), placed("red", 20, 23)]}, {}]
    found = scores_of(GOLD, both).metrics
    assert found["span_exact_match"].value == 0
    assert found["span_overlap_f1"].value == pytest.approx(1 / 2 / 3)  # (1 + 0) / 2 of 3 pairs


def test_overlap_is_counted_in_characters_of_the_same_paragraph():
    run = [{"Colour": placed("dark red", 1, 6), "Size": placed("5", 8, 9, pid=1)}, {}]
    found = scores_of(GOLD, run).metrics
    # Three shared characters of 5 and 3: F1 6/8; another paragraph shares none; none answered.
    assert found["span_overlap_f1"].value == pytest.approx(6 / 8 / 3)


def test_without_spans_on_either_side_there_is_no_number():
    for gold, run in (
        (GOLD, [{"Colour": "red"}, {}]),
        ([{"Colour": "red"}], [{"Colour": placed("red", 0, 3)}]),
    ):
        found = scores_of(gold, run).metrics["span_exact_match"]
        assert math.isnan(found.value)
        assert found.reason == "no gold pair, or no answer, has an evidence span"


@pytest.mark.parametrize("wrong", [(6, 3), (-1, 3), ("0", 3), (True, 3), (None, None), (0.5, 3)])
def test_a_place_that_is_none_is_no_span(wrong):
    run = [{"Colour": placed("red", *wrong), "Size": placed("5 cm", 8, 12)}, {}]
    found = scores_of(GOLD, run).metrics
    assert found["span_exact_match"].value == pytest.approx(1 / 3)
    assert found["recall"].value == pytest.approx(2 / 3)


spans = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=4
)


@given(spans, spans)
def test_span_scores_are_those_of_sets_of_characters(gold, answers):
    def frame(held):
        told = sorted({(0, "k", pid, begin, begin + size) for pid, begin, size in held})
        return pl.DataFrame(told, schema=SPAN_SCHEMA, orient="row")

    def characters(span):
        return {(span[2], place) for place in range(span[3], span[4])}

    one, other = frame(gold), frame(answers)
    best = []
    for answer in other.rows():
        mine = characters(answer)
        overlaps = [
            2 * len(mine & characters(g)) / (len(mine) + len(characters(g))) for g in one.rows()
        ]
        best.append(max(overlaps))
    (found,) = span_scores(one, other).rows()
    assert found[3] == pytest.approx(sum(best) / len(best))
    assert found[2] == set(other.rows()).issubset(one.rows())


def test_mave_is_gold_and_answer_as_it_is_written(shared_data):
    path = shared_data / "attributes/mave/mave_readme_example.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    gold = [line["attributes"] for line in lines]
    more = {"category": [line["category"] for line in lines]}
    same = scores_of(gold, gold, **more)
    n_pairs = sum(len(attributes) for attributes in gold)
    assert same.counts["VC"] == n_pairs
    assert same.metrics["span_exact_match"].value == same.metrics["span_overlap_f1"].value == 1
    # Every span moved by one character: no longer exact, and less than wholly shared.
    moved = json.loads(json.dumps(gold))
    for attributes in moved:
        for attribute in attributes:
            for one in attribute["evidences"]:
                one["begin"], one["end"] = one["begin"] + 1, one["end"] + 1
    shifted = scores_of(gold, moved, **more)
    assert shifted.metrics["span_exact_match"].value == 0
    assert 0.5 < shifted.metrics["span_overlap_f1"].value < 1
    assert shifted.counts["VC"] == n_pairs


def test_records_of_the_workspace_keep_their_spans():
    attributes = [[{"key": "Colour", "evidences": [placed("red", 3, 6)]}]]
    gold = pl.DataFrame({"example_id": ["0"], "attributes": attributes})
    run = rows([{"Colour": placed("red", 3, 6)}])
    found = score_attributes(load_answers("attributes", gold, {"run": run}).answers["run"])
    assert found.metrics["span_exact_match"].value == 1


def test_the_table_by_attribute_and_category_adds_up():
    gold = [{"Colour": "red"}, {"Colour": "blue", "Size": None}, {"Size": "5"}, {"Size": "6"}]
    run = [{"Colour": "red"}, {"Colour": "green", "Size": "5"}, {}, {"Size": "6"}]
    paths = [["A", "B"], ["A", "B"], ["C"], None]
    found = scores_of(gold, run, category_path=paths)
    table = found.tables["attribute_categories"]
    told = {row[:2]: row[2:] for row in table.select(
        "category", "attribute", "NN", "NV", "VN", "VC", "VW", "f1").rows()}  # fmt: skip
    assert told["A > B", "Colour"] == (0, 0, 0, 1, 1, 1 / 2)
    assert told["A > B", "Size"][:5] == (0, 1, 0, 0, 0)
    assert told["C", "Size"] == (0, 0, 1, 0, 0, 0)
    assert told[None, "Size"] == (0, 0, 0, 1, 0, 1)
    kinds = ["NN", "NV", "NX", "VN", "VC", "VW"]
    assert table.select(kinds).sum().row(0) == tuple(found.counts[kind] for kind in kinds)
    assert scores_of(gold, run).tables["attribute_categories"].is_empty()
