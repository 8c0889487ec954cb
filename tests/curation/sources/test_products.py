import json

import polars as pl
import pytest

from catalog.errors import InputError
from catalog.records import RECORD_SCHEMA
from curation.sources.columns import ColumnMap, guess_columns, overruled
from curation.sources.files import ReadOptions, read_table
from curation.sources.products import load_products
from curation.sources.settings import SourceSettings


def load(tmp_path, text, separator=None, **columns):
    path = tmp_path / "a.csv"
    path.write_text(text)
    settings = SourceSettings(
        paths=[str(path)], columns=ColumnMap(**columns), category_separator=separator
    )
    loaded = load_products(settings, tmp_path)
    return loaded.records.collect(), loaded


def test_a_row_becomes_a_record_of_the_schema(tmp_path):
    text = 'sku,name,maker,cat,price,img,Colour,note\nA1, Red Mug ,Acme,Home > Mugs,"₹1,299.50","http://a/1.jpg, http://a/2.jpg",Red,hi\n'
    frame, _ = load(
        tmp_path,
        text,
        ">",
        record_id="sku",
        title="name",
        brand="maker",
        category=["cat"],
        price="price",
        image_urls="img",
        attributes={"Colour": "Colour"},
        identifiers={"sku": ["sku"]},
    )
    assert dict(frame.schema) == dict(RECORD_SCHEMA)
    record = frame.row(0, named=True)
    assert record["title"] == "Red Mug"
    assert record["category_path"] == ["Home", "Mugs"]
    assert (record["price"], record["currency"]) == (1299.5, "INR")
    assert record["image_urls"] == ["http://a/1.jpg", "http://a/2.jpg"]
    assert record["identifiers"] == [{"kind": "sku", "value": "A1"}]
    assert record["attributes"] == [
        {"key": "Colour", "evidences": [{"value": "Red", "pid": 0, "begin": 0, "end": 3}]}
    ]
    assert json.loads(record["extra"]) == {"price": "₹1,299.50", "note": "hi"}


def test_evidence_offsets_count_characters(tmp_path):
    frame, _ = load(tmp_path, "name,c\ncafé crème Red,Red\n", title="name", attributes={"C": "c"})
    (evidence,) = frame["attributes"][0][0]["evidences"]
    assert frame["title"][0][evidence["begin"] : evidence["end"]] == "Red"


def test_a_value_that_is_not_in_the_text_has_no_place(tmp_path):
    frame, _ = load(tmp_path, "name,c\nMug,Red\n", title="name", attributes={"C": "c"})
    assert frame["attributes"][0][0]["evidences"][0] == {
        "value": "Red",
        "pid": None,
        "begin": None,
        "end": None,
    }


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12", 12.0),
        ("1,299.00", 1299.0),
        ("1.299,00 €", 1299.0),
        ("12,50", 12.5),
        ("free", None),
        ("$3", 3.0),
        ("1 299", 1299.0),
    ],
)
def test_prices_are_read_in_many_spellings(tmp_path, text, price):
    frame, _ = load(tmp_path, f'name,p\nMug,"{text}"\n', title="name", price="p")
    assert frame["price"][0] == price


def test_missing_and_repeated_ids_are_made_unique_and_remembered(tmp_path):
    frame, loaded = load(tmp_path, "id,name\n7,A\n7,B\n,C\n8,D\n", record_id="id", title="name")
    assert frame["record_id"].n_unique() == 4
    assert frame["record_id"].to_list()[:2] == ["7", "7#2"]
    assert [json.loads(e) if e else None for e in frame["extra"]] == [
        None,
        {"source_id": "7"},
        {"source_id": None},
        None,
    ]
    assert (loaded.figures["n_missing_ids"], loaded.figures["n_duplicate_ids"]) == (1, 1)
    assert any("repeated id" in note for note in loaded.notes)


def test_ids_made_from_content_do_not_depend_on_the_order_of_rows(tmp_path):
    first, _ = load(tmp_path, "name,x\nA,1\nB,2\nA,1\n", title="name")
    second, _ = load(tmp_path, "name,x\nB,2\nA,1\nA,1\n", title="name")
    assert set(first["record_id"]) == set(second["record_id"])
    assert first["record_id"][0] + "-2" == first["record_id"][2]


def test_an_id_column_of_few_values_is_refused(tmp_path):
    rows = "".join(f"x,item {n}\n" for n in range(30))
    with pytest.raises(InputError, match="1 different values in 30 rows"):
        load(tmp_path, "id,name\n" + rows, record_id="id", title="name")


def test_several_category_columns_are_one_path(tmp_path):
    frame, _ = load(
        tmp_path,
        "name,a,b,c\nMug,Home,Kitchen,Mugs\nPot,Home,,\n",
        title="name",
        category=["a", "b", "c"],
    )
    assert frame["category_path"].to_list() == [["Home", "Kitchen", "Mugs"], ["Home"]]


def test_an_empty_title_column_is_refused_unless_allowed(tmp_path):
    with pytest.raises(InputError, match="is empty in all 2 rows"):
        load(tmp_path, "id,name\n1,\n2,\n", record_id="id", title="name")


def test_a_missing_title_column_names_the_columns(tmp_path):
    with pytest.raises(InputError, match="Columns: id, name"):
        load(tmp_path, "id,name\n1,A\n", title="nope", record_id="id")


def guess(path, tmp_path):
    return guess_columns(read_table(path, ReadOptions(), tmp_path).scan())


def test_the_map_of_bigbasket_is_guessed(shared_data, tmp_path):
    found = guess(shared_data / "catalogs/bigbasket/BigBasket_Products.csv", tmp_path).columns
    assert found.record_id == "index"
    assert found.title == "product"
    assert found.category == ["category", "sub_category", "type"]
    assert (found.brand, found.price, found.description) == ("brand", "sale_price", "description")


@pytest.mark.parametrize("name", ["amazon", "walmart"])
def test_the_map_of_electronics_is_guessed(shared_data, tmp_path, name):
    found = guess(
        shared_data / f"catalogs/electronics/{name}_electronics_catalog.csv", tmp_path
    ).columns
    assert (found.title, found.brand, found.category) == ("title", "brand", ["category"])
    assert found.record_id is None
    assert found.identifiers == {"mpn": ["modelno"]}


def test_a_separator_is_guessed_from_content():
    rows = pl.LazyFrame({"Product Name": ["a b", "c d"], "Category": ["A > B", "A>C"]})
    assert guess_columns(rows).category_separator == ">"


def test_every_column_is_shown_with_five_real_values():
    rows = pl.LazyFrame(
        {
            "title": [f"title {n}" for n in range(9)],
            "x": [None, "1", "2", "3", "4", "5", "6", "7", "8"],
        }
    )
    assert guess_columns(rows).samples["x"] == ["1", "2", "3", "4", "5"]


def test_a_guess_is_overruled_by_hand():
    columns = overruled(
        ColumnMap(title="a", brand="b"),
        ["title=b", "brand=", "category=a,b", "attributes.Colour=c", "identifiers.gtin=c"],
        ["a", "b", "c"],
    )
    assert columns == ColumnMap(
        title="b", category=["a", "b"], attributes={"Colour": "c"}, identifiers={"gtin": ["c"]}
    )


@pytest.mark.parametrize("text", ["nope=a", "title", "title=z", "attributes=a", "title.x=a"])
def test_a_map_that_makes_no_sense_is_refused(text):
    with pytest.raises(InputError, match=r"--map "):
        overruled(ColumnMap(), [text], ["a"])
