"""The votes of a catalog, question by question."""

from __future__ import annotations

import math

import polars as pl
import pytest

from catalog.votes import VOTE_SCHEMA, conform_votes
from curation.agreement.agreement import (
    ANNOTATOR_SCHEMA,
    CONSENSUS_SCHEMA,
    DISAGREEMENT_SCHEMA,
    PAIR_SCHEMA,
    agree,
)
from curation.agreement.settings import AgreeSettings


def votes(*rows: tuple[str, str, str, str | None]) -> pl.LazyFrame:
    schema = ["record_id", "question", "annotator_id", "value"]
    return conform_votes(pl.LazyFrame(rows, schema=dict.fromkeys(schema, pl.String), orient="row"))


CATEGORY = [
    ("1", "category", "source", "A > B"), ("1", "category", "knn", "A > C"),
    ("1", "category", "person:Ann", "A > C"),
    ("2", "category", "source", "A > B"), ("2", "category", "knn", "A > B"),
    ("3", "category", "source", "A > B"), ("3", "category", "knn", None),
]  # fmt: skip


def test_tables_have_their_schemas_and_one_row_a_record():
    found = agree(votes(*CATEGORY), AgreeSettings())
    assert found.consensus.schema == CONSENSUS_SCHEMA
    assert found.disagreements.schema == DISAGREEMENT_SCHEMA
    assert found.annotators.schema == ANNOTATOR_SCHEMA
    assert found.pairwise.schema == PAIR_SCHEMA
    said = found.consensus.select("record_id", "value", "n_votes", "is_unanimous").rows()
    assert said == [("1", "A > C", 3, False), ("2", "A > B", 2, True), ("3", "A > B", 1, True)]
    assert found.disagreements.select("record_id", "level").rows() == [("1", 2)]
    assert "category: 1 record with one vote alone, which says nothing of agreement" in found.notes


def test_abstentions_are_counted_and_cover_nothing():
    found = agree(votes(*CATEGORY), AgreeSettings())
    table = {row["annotator_id"]: row for row in found.annotators.iter_rows(named=True)}
    assert (table["knn"]["n_votes"], table["knn"]["n_abstained"]) == (2, 1)
    assert table["knn"]["coverage"] == 2 / 3
    assert found.figures["questions"]["category"]["n_abstained"] == 1


def test_attributes_count_where_more_than_one_annotator_voted():
    found = agree(
        votes(
            *CATEGORY,
            ("1", "attribute:Colour", "source", "red"), ("1", "attribute:Colour", "gpt", "blue"),
            ("1", "attribute:Size", "source", "L"),
        ),
        AgreeSettings(),
    )  # fmt: skip
    assert list(found.figures["questions"]) == ["category", "attribute:Colour"]
    colours = found.disagreements.filter(question="attribute:Colour")
    assert colours.select("record_id", "level", "distance").rows() == [("1", None, 1.0)]
    assert "krippendorff_alpha_taxonomy" not in found.figures["questions"]["attribute:Colour"]


def test_no_votes_give_empty_tables_and_reasons():
    for given in (pl.LazyFrame(schema=VOTE_SCHEMA), votes(("1", "category", "knn", None))):
        found = agree(given, AgreeSettings())
        figures = found.figures["questions"]["category"]
        assert found.consensus.is_empty()
        assert figures["krippendorff_alpha"]["value"] is None
        assert figures["krippendorff_alpha"]["reason"] == "no item has two votes"
    assert found.annotators.select("annotator_id", "n_votes", "coverage").rows() == [
        ("knn", 0, 0.0)
    ]
    assert math.isnan(found.annotators["agreement_others"][0])


def test_who_is_left_out_has_no_say():
    found = agree(votes(*CATEGORY), AgreeSettings(leave_out=["knn", "person:Ann"]))
    assert found.annotators["annotator_id"].to_list() == ["source"]
    assert found.disagreements.is_empty()


def test_records_of_one_group_are_one_cluster():
    rows = [
        (str(n), "category", a, "A" if a == "a" or n // 10 % 2 else "B")
        for n in range(200)
        for a in "ab"
    ]
    groups = pl.DataFrame(
        {"record_id": [str(n) for n in range(200)], "group_id": [n // 10 for n in range(200)]}
    )
    naive = agree(votes(*rows), AgreeSettings()).figures["questions"]["category"]
    told = agree(votes(*rows), AgreeSettings(), groups=groups).figures["questions"]["category"]
    a, b = naive["percent_agreement"], told["percent_agreement"]
    assert a["value"] == b["value"] == 1 / 2
    assert "n_clusters" not in a
    assert b["n_clusters"] == 20
    assert b["high"] - b["low"] > 2.5 * (a["high"] - a["low"])


def test_a_record_without_a_group_is_a_group_of_its_own():
    groups = pl.DataFrame({"record_id": ["1"], "group_id": [0]})
    figures = agree(votes(*CATEGORY), AgreeSettings(), groups=groups).figures["questions"][
        "category"
    ]
    assert figures["percent_agreement"]["n_clusters"] == 2


def test_paths_are_compared_however_they_are_spaced():
    found = agree(
        votes(("1", "category", "a", "A  >  B"), ("1", "category", "b", "A > B")), AgreeSettings()
    )
    assert found.disagreements.is_empty()
    assert found.consensus["value"].to_list() == ["A > B"]


def test_agreement_rises_towards_the_root():
    rows = [
        ("1", "category", "a", "A > B"), ("1", "category", "b", "A > C"),
        ("2", "category", "a", "D > E"), ("2", "category", "b", "D > E"),
    ]  # fmt: skip
    levels = agree(votes(*rows), AgreeSettings()).figures["questions"]["category"]["levels"]
    assert [row["level"] for row in levels] == [1, 2]
    assert levels[0]["krippendorff_alpha"]["value"] == 1.0
    # A>B A>C D>E D>E: within 2; expected 16 - (1 + 1 + 4) = 10; alpha = 1 - 3 * 2 / 10.
    assert levels[1]["krippendorff_alpha"]["value"] == pytest.approx(1 - 3 * 2 / 10)


def test_progress_may_stop_the_work():
    def stop(done: int, total: int, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        agree(votes(*CATEGORY), AgreeSettings(), progress=stop)
