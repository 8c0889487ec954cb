import json

import polars as pl
import pytest

from catalog.records import conform
from catalog.taxonomy import Taxonomy
from curation.checks.run import run_checks
from curation.checks.settings import CheckSettings


def test_value_that_the_text_does_not_say_is_found(look):
    rows = [
        {"title": "Mug", "description": "A red one", "attributes": {"Colour": "Blue"}},
        {"title": "Mug", "description": "A RED one", "attributes": {"Colour": "red"}},
        {"title": "Covered mug", "attributes": {"Colour": "red"}},
    ]
    found = look(rows)
    assert found.rows("value_not_in_text", "record_id", "message") == [
        ("1", "'Blue' of 'Colour' does not stand in the text"),
        ("3", "'red' of 'Colour' does not stand in the text"),
    ]
    assert found.line("value_not_in_text")["n_evidences"] == 2


def test_blank_in_a_measure_and_punctuation_do_not_count(look):
    rows = [
        {"title": "Card 128GB", "attributes": {"Capacity": "128 GB"}},
        {"title": "Card 128 GB", "attributes": {"Capacity": "128GB"}},
        {"title": "Non-Stick Pan", "attributes": {"Kind": "non stick"}},
        {"title": "Pan", "attributes": {"Kind": "–"}},
    ]
    assert look(rows).rows("value_not_in_text") == []


def test_evidence_that_gives_a_place_is_judged_by_its_place(look):
    rows = [{"title": "Red mug", "attributes": {"Colour": [("Blue", 0, 0, 3)]}}]
    found = look(rows)
    assert found.rows("value_not_in_text") == []
    assert found.rows("evidence_offset_mismatch", "message") == [
        ("'Blue' of 'Colour': paragraph 0 from 0 to 3 reads 'Red'",)
    ]


def places(look, *evidences, title="Crème mug"):
    found = look(
        [{"title": title, "description": "A big mug", "attributes": {"K": list(evidences)}}]
    )
    return len(found.rows("evidence_offset_mismatch"))


def test_place_counts_characters_and_not_bytes(look):
    assert places(look, ("mug", 0, 6, 9), ("big", 1, 2, 5)) == 0


@pytest.mark.parametrize(
    "place",
    [
        (0, 5, 8),
        (2, 0, 3),
        (-1, 6, 9),
        (0, -3, 9),
        (0, 9, 6),
        (0, 6, 99),
        (None, 6, 9),
        (0, None, 9),
        (0, 6, None),
    ],
)
def test_place_that_is_wrong_or_half_is_found(look, place):
    assert places(look, ("mug", *place)) == 1


def test_evidence_without_a_place_is_not_a_wrong_place(look):
    assert places(look, ("mug", None, None, None)) == 0


def test_right_place_is_told_where_the_value_stands_in_the_paragraph(look):
    found = look([{"title": "Crème mug", "attributes": {"K": [("mug", 0, 0, 3)]}}])
    assert found.rows("evidence_offset_mismatch", "suggestion") == [
        ("It stands there from 6 to 9.",)
    ]


def test_evidences_and_records_are_counted(look):
    found = look([{"title": "mug", "attributes": {"K": [("x", 0, 0, 1), ("y", 0, 0, 1)]}}, {}])
    line = found.line("evidence_offset_mismatch")
    assert (line["n_rows"], line["n_evidences"]) == (1, 2)


def test_wdc_pave_has_exactly_twenty_evidences_that_do_not_match(shared_data):
    folder = shared_data / "attributes" / "wdc-pave" / "mave_format"
    lines = [
        json.loads(line)
        for path in sorted(folder.glob("*positives.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    assert len(lines) == 9_256
    records = conform(
        pl.LazyFrame(
            {
                "record_id": [str(n) for n in range(len(lines))],
                "title": [line["paragraphs"][0]["text"] for line in lines],
                "paragraphs": [line["paragraphs"] for line in lines],
                "attributes": [line["attributes"] for line in lines],
            }
        )
    )
    settings = CheckSettings(off=["near_duplicate", "exact_duplicate"])
    result = run_checks(records, Taxonomy.from_paths([]), settings)
    line = result.summary.filter(check="evidence_offset_mismatch").row(0, named=True)
    assert line["n_evidences"] == 20
    # The same by plain Python, as the published offsets are meant.
    wrong = [
        str(n)
        for n, line in enumerate(lines)
        for attribute in line["attributes"]
        for e in attribute["evidences"]
        if e["begin"] < 0
        or line["paragraphs"][e["pid"]]["text"][e["begin"] : e["end"]] != e["value"]
    ]
    found = result.issues.filter(check="evidence_offset_mismatch")["record_id"].to_list()
    assert found == wrong
