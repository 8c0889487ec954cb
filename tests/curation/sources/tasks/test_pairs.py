import json

import pytest

from catalog.errors import InputError
from curation.sources.settings import SourceSettings
from curation.sources.tasks import pairs

LINE = "COL title VAL red mug COL manufacturer VAL acme COL price VAL 9.5 \tCOL title VAL mug red COL manufacturer VAL  COL price VAL  \t1"  # fmt: skip


def load(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    loaded = pairs.load(SourceSettings(paths=[str(path)], kind="pairs"), scratch)
    return loaded.records.collect(), loaded


def test_a_line_of_ditto_is_a_pair(tmp_path):
    records, _ = load(tmp_path, "valid.txt", LINE + "\n" + LINE[:-1] + "0\n")
    first = records.row(0, named=True)
    assert (first["task"], first["title"], first["brand"]) == ("product_pair", "red mug", "acme")
    assert (first["price"], first["target"], first["options"]) == (9.5, "1", ["0", "1"])
    right = json.loads(first["context"][0])
    assert right == {"title": "mug red", "manufacturer": None, "price": None}
    assert first["split_hint"] == "validation"


def test_lines_that_are_no_pairs_are_counted(tmp_path):
    text = f"{LINE}\nCOL title VAL alone\n\n{LINE}\n"
    records, loaded = load(tmp_path, "test.txt", text)
    assert records.height == 2
    assert loaded.quarantine["line"].to_list() == [2]


def test_the_same_pair_twice_is_two_records_with_two_ids(tmp_path):
    records, loaded = load(tmp_path, "test.txt", f"{LINE}\n{LINE}\n")
    assert records["record_id"].n_unique() == 2
    assert loaded.figures["n_duplicate_ids"] == 1


@pytest.mark.parametrize(
    "header",
    [
        "left_title,right_title,left_size,right_size,label",
        "ltable_name,rtable_name,ltable_size,rtable_size,match",
        "title_left,title_right,size_left,size_right,is_match",
        "name_1,name_2,size_1,size_2,gold",
    ],
)
def test_a_table_whose_columns_come_in_twos_is_read(tmp_path, header):
    records, _ = load(tmp_path, "pairs.csv", f"{header}\nmug,cup,L,S,1\ntea,tea,L,S,0\n")
    assert records["title"].to_list() == ["mug", "tea"]
    assert records["target"].to_list() == ["1", "0"]
    assert json.loads(records["extra"][0]) == {"size": "L"}
    assert sorted(json.loads(records["context"][0][0]).values()) == ["S", "cup"]


def test_a_table_without_a_label_names_its_columns(tmp_path):
    with pytest.raises(InputError, match=r"no label\. Columns: left_title, right_title"):
        load(tmp_path, "pairs.csv", "left_title,right_title\na,b\n")


def test_an_ordinary_catalog_is_no_table_of_pairs(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("title,image_1,image_2,price\nmug,a,b,1\n")
    assert pairs.sniff(path) == 0
