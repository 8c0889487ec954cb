"""The steps `label` and `agree` in a workspace, with people's answers beside the models'."""

from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pytest

from catalog.votes import VOTE_SCHEMA
from workspace import way
from workspace.database.tables import Response
from workspace.responses import response_votes
from workspace.settings import validated
from workspace.workspace import Workspace

CSV = """id,title,brand,category
1,red glass mug,Ada,Kitchen > Mugs
2,green leaf tea,Ada,Food > Tea
3,white glass mug,Bob,Kitchen > Mugs
4,black leaf tea,Bob,Food > Tea
5,blue glass mug,Cy,Food > Tea
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "catalog.csv").write_text(CSV)
    columns = {"record_id": "id", "title": "title", "brand": "brand", "category": ["category"]}
    source = {
        "paths": [str(tmp_path / "catalog.csv")],
        "columns": columns,
        "category_separator": ">",
    }
    body = {"source": source, "label": {"groups": {"near_duplicates": 0}}}
    return Workspace.create(tmp_path / "w", validated(body, "test"))


def answer(workspace: Workspace, record_id: str, action: str, value: str | None, who: str = "Ann"):
    with workspace.database.session() as session:
        session.add(
            Response(
                record_id=record_id, question="category", reviewer=who, action=action, value=value,
                at=datetime.datetime.now(datetime.UTC),
            )
        )  # fmt: skip


def test_label_and_agree_write_their_tables(workspace):
    made = {s.step: s for s in way.run(workspace, "agree")}
    assert list(made) == ["load", "label", "agree"]
    assert made["label"].read("votes").schema == VOTE_SCHEMA
    assert made["label"].read("folds").columns == ["record_id", "group_id", "fold"]
    assert set(made["agree"].counts) == {"consensus", "disagreements", "annotators", "pairwise"}
    assert made["agree"].counts["consensus"] == 5
    # The mug that is called tea: all who can read it differ from the source.
    first = made["agree"].read("disagreements").filter(record_id="5").row(0, named=True)
    said = {vote["annotator_id"]: vote["value"] for vote in first["votes"]}
    assert said["source"] == "Food > Tea"
    assert said["linear"] == said["lexical"] == "Kitchen > Mugs"
    assert first["level"] == 1


def test_the_same_catalog_gives_the_same_bytes(workspace):
    first = {s.step: s.manifest["tables"] for s in way.run(workspace, "agree")}
    again = {s.step: s.manifest["tables"] for s in way.run(workspace, "label", "agree", force=True)}
    assert again["label"] == first["label"]
    assert again["agree"] == first["agree"]


def test_answers_of_people_are_votes_and_make_agreement_stale(workspace):
    way.run(workspace, "agree")
    assert way.statuses(workspace)["agree"].state == "done"
    answer(workspace, "5", "choose", "Kitchen > Mugs")
    answer(workspace, "1", "accept", "Kitchen > Mugs")
    status = way.statuses(workspace)["agree"]
    assert (status.state, status.why) == ("stale", "what it reads outside changed")
    [made] = way.run(workspace, "agree")
    people = made.read("annotators").filter(annotator_id="person:Ann")
    assert people["n_votes"].to_list() == [2]
    assert way.statuses(workspace)["agree"].state == "done"


def test_to_skip_or_to_drop_is_no_vote(workspace):
    way.run(workspace, "agree")
    answer(workspace, "1", "skip", None)
    answer(workspace, "2", "drop", None)
    assert response_votes(workspace).is_empty()
    assert way.statuses(workspace)["agree"].state == "done"


def test_answers_to_records_that_are_gone_are_counted(workspace):
    answer(workspace, "nobody", "choose", "Food > Tea")
    made = way.run(workspace, "agree")[-1]
    assert "person:Ann" not in made.read("annotators")["annotator_id"].to_list()
    assert any(note.startswith("1 answer of people left out") for note in made.notes)


def test_two_people_are_two_annotators(workspace):
    answer(workspace, "1", "choose", "Food > Tea", "Ann")
    answer(workspace, "1", "choose", "Kitchen > Mugs", "Ben")
    votes = response_votes(workspace)
    assert votes["annotator_id"].to_list() == ["person:Ann", "person:Ben"]
    pairs = way.run(workspace, "agree")[-1].read("pairwise")
    both = pairs.filter(
        (pl.col("annotator_a") == "person:Ann") & (pl.col("annotator_b") == "person:Ben")
    )
    assert both.select("n_items", "percent_agreement").rows() == [(1, 0.0)]


def test_other_annotators_make_labels_stale(workspace):
    way.run(workspace, "agree")
    workspace.change("label", annotators=["source"])
    assert way.statuses(workspace)["label"].why == "settings changed"
    made = way.run(workspace, "agree")
    figures = made[-1].figures["questions"]["category"]
    assert figures["n_annotators"] == 1
    assert figures["krippendorff_alpha"]["reason"] == "no item has two votes"
