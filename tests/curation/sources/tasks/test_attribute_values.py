"""ExtractGPT and WDC PAVE: values of attributes, their places, and what is not there."""

import json

import pytest

from catalog.errors import InputError
from curation.sources.settings import SourceSettings
from curation.sources.tasks import extractgpt, wdc_pave

MUG = {
    "input": "Acme Mug 0.3l",
    "category": "Mugs",
    "target_scores": {
        "Brand": {"Acme": 1},
        "Size": {"0.3l": 1, "300ml": 1},
        "Colour": {"n/a": 1},
        'a "b"': {'say "x"': 1},
    },
}
OFFER = {
    "id": 7,
    "cluster_id": 1.0,
    "category": "Mugs",
    "input_title": "Dell mug",
    "input_description": "A mug of Dell and HP",
    "target_scores": {
        "Maker": {"Dell": {"pid": [0, 1], "score": 1}, "HP": {"pid": [1], "score": 1}},
        "Ports": {"n/a": 1},
    },
}


def load(module, tmp_path, files, order=None):
    for name, rows in files.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    paths = [str(tmp_path / name) for name in order or files]
    loaded = module.load(SourceSettings(paths=paths, kind="x"), scratch)
    return loaded.records.collect(), loaded


def test_values_stand_where_they_are_and_none_is_an_empty_list(tmp_path):
    records, loaded = load(extractgpt, tmp_path, {"test.jsonl": [MUG]})
    found = records.row(0, named=True)
    assert (found["task"], found["title"], found["split_hint"]) == (
        "attribute_extraction",
        "Acme Mug 0.3l",
        "test",
    )
    nowhere = {"pid": None, "begin": None, "end": None}
    assert found["attributes"] == [
        {"key": "Brand", "evidences": [{"value": "Acme", "pid": 0, "begin": 0, "end": 4}]},
        {
            "key": "Size",
            "evidences": [
                {"value": "0.3l", "pid": 0, "begin": 9, "end": 13},
                {"value": "300ml", **nowhere},
            ],
        },
        {"key": "Colour", "evidences": []},
        {"key": 'a "b"', "evidences": [{"value": 'say "x"', **nowhere}]},
    ]
    assert loaded.figures["n_evidences"] == 4
    assert loaded.figures["n_evidences_placed"] == 2


def test_a_row_that_an_earlier_file_has_is_left_out_and_counted(tmp_path):
    other = {**MUG, "input": "Another mug"}
    files = {"train.jsonl": [MUG, other, other], "train_0.2.jsonl": [other], "test.jsonl": [MUG]}
    records, loaded = load(extractgpt, tmp_path, files)
    assert records["title"].to_list() == ["Acme Mug 0.3l", "Another mug", "Another mug"]
    assert loaded.figures["n_repeated"] == 2
    assert records["record_id"].n_unique() == 3
    assert "2 rows left out: an earlier file has the same" in loaded.notes


def test_a_value_of_two_paragraphs_has_a_place_in_each(tmp_path):
    records, _ = load(wdc_pave, tmp_path, {"offers.jsonl": [OFFER]})
    assert records["record_id"].to_list() == ["7"]
    assert records["attributes"][0].to_list() == [
        {
            "key": "Maker",
            "evidences": [
                {"value": "Dell", "pid": 0, "begin": 0, "end": 4},
                {"value": "Dell", "pid": 1, "begin": 9, "end": 13},
                {"value": "HP", "pid": 1, "begin": 18, "end": 20},
            ],
        },
        {"key": "Ports", "evidences": []},
    ]
    assert json.loads(records["extra"][0]) == {"cluster_id": 1.0}


def test_canonical_values_are_read_where_they_are_the_gold(tmp_path):
    row = {k: v for k, v in OFFER.items() if k != "target_scores"}
    gold = {"Maker": "Dell", "Ports": None, "Size": "30 l", "Inks": ["red", "blue"], "Lids": []}
    records, _ = load(wdc_pave, tmp_path, {"val.jsonl": [{**row, "gold_json": gold}]})
    values = {a["key"]: [e["value"] for e in a["evidences"]] for a in records["attributes"][0]}
    one = {"Maker": ["Dell"], "Ports": [], "Size": ["30 l"]}
    assert values == {**one, "Inks": ["red", "blue"], "Lids": []}
    assert records["split_hint"].to_list() == ["validation"]


def test_what_the_attributes_mean_is_the_instruction(tmp_path):
    (tmp_path / "descriptions.csv").write_text(
        "Category;Attribute;Human_Description\nMugs;Maker;Who makes it.\nMugs;Ports;How many.\nCups;X;Y\n"
    )
    order = ["offers.jsonl", "descriptions.csv"]
    records, _ = load(wdc_pave, tmp_path, {"offers.jsonl": [OFFER]}, order)
    assert records["instruction"].to_list() == ["Maker: Who makes it.\nPorts: How many."]


def test_descriptions_alone_ask_for_the_offers(tmp_path):
    (tmp_path / "d.csv").write_text("Category;Attribute;Human_Description\nMugs;Maker;Who.\n")
    with pytest.raises(InputError, match="Give the offers too"):
        load(wdc_pave, tmp_path, {}, ["d.csv"])


def test_a_missing_file_and_a_folder_without_fitting_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load(extractgpt, tmp_path, {}, ["nope.jsonl"])
    (tmp_path / "scratch").rmdir()
    with pytest.raises(InputError, match="no file in this folder looks like ExtractGPT"):
        load(extractgpt, tmp_path, {}, ["."])


def test_forms_of_which_one_is_none_are_kept_in_their_order_beside_the_values(tmp_path):
    mixed = {"Use": {"n/a": 1, "tea": 1}, "Size": {"0.3l": 1, "n/a": 1}, "Colour": {"n/a": 1}}
    rows = [MUG, {**MUG, "target_scores": mixed, "shop": "s"}]
    records, _ = load(extractgpt, tmp_path, {"test.jsonl": rows})
    values = {
        a["key"]: [e["value"] for e in a["evidences"]] for a in records["attributes"][1].to_list()
    }
    assert values == {"Use": ["tea"], "Size": ["0.3l"], "Colour": []}
    assert records["extra"][0] is None
    assert json.loads(records["extra"][1]) == {
        "shop": "s",
        "surface_forms": {"Use": ["n/a", "tea"], "Size": ["0.3l", "n/a"]},
    }


def test_a_value_of_two_paragraphs_is_one_form(tmp_path):
    maker = {**OFFER["target_scores"]["Maker"], "n/a": {"pid": [0], "score": 1}}
    rows = [{**OFFER, "target_scores": {"Maker": maker}}]
    records, _ = load(wdc_pave, tmp_path, {"a.jsonl": rows})
    forms = json.loads(records["extra"][0])["surface_forms"]
    assert forms == {"Maker": ["Dell", "HP", "n/a"]}
