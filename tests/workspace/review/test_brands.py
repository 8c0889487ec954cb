"""What people decide of brands: kept, undone, and noticed by the steps that depend on it."""

import polars as pl
import pytest

from catalog.errors import InputError
from workspace import way
from workspace.brands import because, brands_told, look_for_brands, side_by_side, state_of_brands
from workspace.files.checking import check_split_files
from workspace.opening import Declared, init_workspace
from workspace.review.brands import (
    accepted_aliases,
    aliases_shown,
    decide_alias,
    decide_fills,
    missing_shown,
)
from workspace.review.decisions import decisions_frame, log
from workspace.review.queue import standing
from workspace.review.undoing import undo
from workspace.workspace import Workspace

PRODUCTS = ["kettle", "lantern", "sledge", "anvil", "basket", "trowel", "easel", "ladle"]


@pytest.fixture
def workspace(tmp_path):
    rows = ["id,title,brand,category"]
    for n, product in enumerate(PRODUCTS):
        rows.append(f"a{n},Acme {product} of enamel no {n},Acme,Home > {product}")
        rows.append(f"b{n},Wooden {product} handle size {n},Bo Real,Home > {product}")
        rows.append(f"c{n},Painted {product} stand kind {n},Boreal,Garden > {product}")
    rows.append("g1,Acme folding ruler,,Home > anvil")
    rows.append("g2,Acme spirit level,N/A,Home > anvil")
    rows.append("g3,Spirit level,,Home > anvil")
    (tmp_path / "catalog.csv").write_text("\n".join(rows))
    init_workspace(tmp_path / "ws", Declared([str(tmp_path / "catalog.csv")]))
    made = Workspace(tmp_path / "ws")
    made.change("split", near_duplicates=0.0)
    look_for_brands(made)
    return made


def state(workspace, step):
    return way.statuses(workspace)[step].state


def splits_of(workspace, brand):
    gold = workspace.snapshot("curate").scan("gold").select("record_id", "brand")
    held = workspace.snapshot("split").scan("split").join(gold, on="record_id").collect()
    return set(held.filter(pl.col("brand") == brand)["group_id"])


def test_what_is_proposed_is_made_once_and_told(workspace):
    assert state_of_brands(workspace) == "done"
    told = brands_told(workspace)
    assert [(p["name_a"], p["name_b"], because(p)) for p in told["aliases"]] == [
        ("Bo Real", "Boreal", "like names")
    ]
    assert [m["record_id"] for m in told["missing"]] == ["g1", "g2"]
    assert (told["n_without_brand"], told["n_tried"], told["precision"]) == (3, 8, 1.0)
    assert (told["aliases_waiting"], told["missing_waiting"]) == (1, 2)
    workspace.change("brands", min_products=20)
    assert state_of_brands(workspace) == "stale"
    look_for_brands(workspace)
    assert brands_told(workspace)["missing"] == []


def test_an_accepted_pair_ties_records_and_counts_in_the_certificate(workspace):
    way.run(workspace, "export")
    assert splits_of(workspace, "Bo Real").isdisjoint(splits_of(workspace, "Boreal"))
    curated = workspace.snapshot("curate").id
    decide_alias(workspace, "BOREAL Inc.", "bo-real", same=True, reason="a space", reviewer="ana")
    assert accepted_aliases(workspace) == [["bo real", "boreal"]]
    assert aliases_shown(workspace)["decision"].to_list() == ["same"]
    assert (state(workspace, "curate"), state(workspace, "split")) == ("done", "stale")
    way.run(workspace, "export")
    assert workspace.snapshot("curate").id == curated
    assert splits_of(workspace, "Bo Real") == splits_of(workspace, "Boreal")
    after = workspace.snapshot("export").figures["certificate"]
    assert after["settings"]["brand_aliases"] == [["bo real", "boreal"]]
    assert not any(found["shared_groups"] for found in after["between"].values())
    undo(workspace, "ana")
    assert accepted_aliases(workspace) == []
    assert (state(workspace, "split"), state(workspace, "export")) == ("stale", "stale")
    assert [entry.action for entry in log(workspace)] == ["undo", "same"]


def test_files_of_an_export_are_checked_with_its_aliases(workspace):
    decide_alias(workspace, "Boreal", "Bo Real", same=True)
    way.run(workspace, "export")
    records = workspace.layout.exports / workspace.settings.export.folder / "records"
    asked = {"group_columns": ["brand"], "columns": [], "near_duplicates": 0.8}
    checked = check_split_files(records / "train.jsonl", records / "test.jsonl", **asked)
    assert checked.certificate.settings.brand_aliases == [["bo real", "boreal"]]
    assert "1 group of names of one brand, from the manifest of the export" in checked.notes
    elsewhere = records.parent.parent / "test.jsonl"
    elsewhere.write_bytes((records / "test.jsonl").read_bytes())
    checked = check_split_files(records / "train.jsonl", elsewhere, **asked)
    assert checked.certificate.settings.brand_aliases == []


def test_a_rejected_pair_ties_nothing_and_is_not_asked_again(workspace):
    decide_alias(workspace, "boreal", "bo real", same=False)
    assert accepted_aliases(workspace) == []
    told = brands_told(workspace)
    assert (told["aliases"][0]["decision"], told["aliases_waiting"]) == ("different", 0)


def test_a_pair_that_nobody_proposed_may_be_named(workspace):
    decide_alias(workspace, "Acme", "Boreal", same=True)
    held = aliases_shown(workspace).filter(pl.col("decision").is_not_null())
    assert held.select("brand_a", "brand_b", "points").rows() == [("acme", "boreal", None)]
    assert brands_told(workspace)["aliases_waiting"] == 1


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (("Acme", "acme GmbH"), "one brand already"),
        (("Acme", "Borea"), "Did you mean 'boreal'"),
        (("Acme", "Generic"), "tells no brand"),
    ],
)
def test_a_pair_that_cannot_be_is_refused(workspace, pair, told):
    with pytest.raises(InputError, match=told):
        decide_alias(workspace, *pair, same=True)
    assert decisions_frame(workspace).is_empty()


def test_a_filled_gap_is_the_brand_in_gold_and_in_the_split_until_it_is_undone(workspace):
    way.run(workspace, "split")
    waiting = standing(workspace) if workspace.snapshots.current("queue") else None
    entries = decide_fills(workspace, [], all_of="ACME", reviewer="ana")
    assert [entry.record_id for entry in entries] == ["g1", "g2"]
    assert len({entry.bulk_id for entry in entries}) == 1
    assert state(workspace, "curate") == "stale"
    way.run(workspace, "split")
    gold = workspace.snapshot("curate").read("gold").filter(pl.col("record_id").is_in(["g1", "g2"]))
    assert gold["brand"].to_list() == ["Acme", "Acme"]
    changes = workspace.snapshot("curate").read("changes").filter(pl.col("field") == "brand")
    assert changes.select("record_id", "before", "after", "reason").sort("record_id").rows() == [
        ("g1", None, "Acme", "decided by ana"),
        ("g2", "N/A", "Acme", "decided by ana"),
    ]
    assert len(splits_of(workspace, "Acme")) == 1
    assert missing_shown(workspace)["decision"].to_list() == ["fill", "fill"]
    if waiting is not None:
        assert standing(workspace) == waiting
    undo(workspace, "ana")
    way.run(workspace, "curate")
    gold = workspace.snapshot("curate").read("gold").filter(pl.col("record_id") == "g1")
    assert gold["brand"].to_list() == [None]


def test_a_gap_may_be_left_or_filled_otherwise(workspace):
    decide_fills(workspace, ["g1"], leave=True)
    decide_fills(workspace, ["g3"], brand="Boreal")
    assert dict(missing_shown(workspace).select("record_id", "decision").iter_rows()) == {
        "g2": None,
        "g1": "leave",
    }
    way.run(workspace, "curate")
    gold = workspace.snapshot("curate").read("gold")
    held = dict(gold.select("record_id", "brand").iter_rows())
    assert (held["g1"], held["g3"]) == (None, "Boreal")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"record_ids": ["g3"]}, "no brand is proposed for record 'g3'"),
        ({"record_ids": ["zz"], "brand": "Acme"}, "record 'zz' is not in this workspace"),
        ({"record_ids": ["g1"], "brand": "unknown"}, "tells no brand"),
        ({"record_ids": [], "all_of": "Boreal"}, "is proposed for no record"),
        ({"record_ids": []}, "name records"),
    ],
)
def test_a_fill_that_cannot_be_is_refused(workspace, asked, told):
    with pytest.raises(InputError, match=told):
        decide_fills(workspace, **asked)
    assert decisions_frame(workspace).is_empty()


def test_records_stand_side_by_side(workspace):
    shown = side_by_side(workspace, ["b0", "a1"], ["c0", "c1"])
    assert shown.select("brand", "other_brand").rows() == [
        ("Bo Real", "Boreal"),
        ("Acme", "Boreal"),
    ]
