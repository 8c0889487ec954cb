import csv
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InputError
from catalog.records import RECORD_SCHEMA
from curation.sources.feeds.shopify import load_shopify, shopify_field, shopify_head, sniff_shopify
from curation.sources.kinds import guess_kind
from curation.sources.settings import SourceSettings

OLD = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published",
    "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name",
    "Option3 Value", "Variant SKU", "Variant Price", "Variant Barcode", "Image Src",
    "Image Position", "Variant Image", "Google Shopping / Gender", "Google Shopping / MPN",
    "Google Shopping / Condition", "Care (product.metafields.custom.care)",
    "Color (product.metafields.shopify.color-pattern)",
    "Product rating (product.metafields.reviews.rating)", "Status",
]  # fmt: skip
NEW = [
    "Title", "URL handle", "Description", "Vendor", "Product category", "Type", "Tags",
    "Published on online store", "Status", "SKU", "Barcode", "Option1 name", "Option1 value",
    "Option1 Linked To", "Price", "Compare-at price", "Product image URL", "Image position",
    "Variant image URL", "Gift card",
]  # fmt: skip
TEE = [
    {
        "Handle": "tee", "Title": "Red Tee", "Body (HTML)": "<p>A red tee</p>", "Vendor": "Acme",
        "Product Category": "Apparel & Accessories > Clothing", "Type": "Shirts", "Tags": "a, b",
        "Option1 Name": "Color", "Option1 Value": "Red", "Option2 Name": "Size",
        "Option2 Value": "S", "Variant SKU": "T-R-S", "Variant Price": "12.00",
        "Variant Barcode": "'4006381333931", "Image Src": "https://x/1.jpg?v=1",
        "Image Position": "2", "Variant Image": "https://x/v.jpg", "Google Shopping / Gender": "unisex",
        "Google Shopping / MPN": "M1", "Google Shopping / Condition": "new",
        "Care (product.metafields.custom.care)": '["Wash cold", "Say \\"dry\\""]',
        "Color (product.metafields.shopify.color-pattern)": "red; blue",
        "Product rating (product.metafields.reviews.rating)": "4.5", "Status": "active",
    },
    {"Handle": "tee", "Option1 Value": "Blue", "Option2 Value": "S", "Variant SKU": "T-B-S",
     "Variant Price": "9.50", "Image Src": "https://x/2.jpg", "Image Position": "1"},
    {"Handle": "tee", "Image Src": "https://x/3.jpg", "Image Position": "3"},
]  # fmt: skip
MUG = {
    "Handle": "mug", "Title": "Mug", "Option1 Name": "Title", "Option1 Value": "Default Title",
    "Variant Price": "5", "Vendor": "Acme",
}  # fmt: skip


def write(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    return path


def load(tmp_path, rows, header=OLD, **options):
    path = write(tmp_path / "products_export.csv", header, rows)
    settings_ = SourceSettings(paths=[str(path)], kind="shopify-export", options=options)
    loaded = load_shopify(settings_, tmp_path)
    return pl.read_parquet(loaded.records), loaded


def values(record, key):
    (found,) = [a for a in record["attributes"] if a["key"] == key]
    return [e["value"] for e in found["evidences"]]


def test_rows_of_one_handle_are_one_product(tmp_path):
    records, loaded = load(tmp_path, [*TEE, MUG])
    assert dict(records.schema) == dict(RECORD_SCHEMA)
    assert records["record_id"].to_list() == ["tee", "mug"]
    tee = records.row(0, named=True)
    assert (tee["title"], tee["brand"], tee["description"]) == (
        "Red Tee",
        "Acme",
        "<p>A red tee</p>",
    )
    assert tee["category_path"] == ["Apparel & Accessories", "Clothing"]
    assert loaded.figures["n_rows"] == 4 and loaded.figures["n_products"] == 2
    assert any("4 rows folded into 2 products" in note for note in loaded.notes)


def test_the_price_is_the_lowest_and_all_are_in_extra(tmp_path):
    records, _ = load(tmp_path, TEE)
    assert records["price"].to_list() == [9.5]
    rows = json.loads(records["extra"][0])["rows"]
    assert [row["Variant Price"] for row in rows] == ["12.00", "9.50", None]
    assert [row["Variant SKU"] for row in rows] == ["T-R-S", "T-B-S", None]


def test_what_is_the_same_in_every_row_stands_once_in_extra(tmp_path):
    records, _ = load(tmp_path, TEE)
    extra = json.loads(records["extra"][0])
    assert extra["Tags"] == "a, b"
    assert extra["Status"] == "active"
    assert extra["Product rating (product.metafields.reviews.rating)"] == "4.5"
    assert "Title" not in extra and "Vendor" not in extra


def test_images_are_in_the_order_of_their_positions_and_kept_whole(tmp_path):
    records, _ = load(tmp_path, TEE)
    assert records["image_urls"][0].to_list() == [
        "https://x/2.jpg", "https://x/1.jpg?v=1", "https://x/3.jpg", "https://x/v.jpg",
    ]  # fmt: skip


def test_option_names_given_once_hold_for_all_rows_and_values_are_evidences(tmp_path):
    tee = load(tmp_path, TEE)[0].row(0, named=True)
    color = next(a for a in tee["attributes"] if a["key"] == "Color")["evidences"]
    # the option's two values, then the metafield's "red; blue"
    assert [e["value"] for e in color] == ["Red", "Blue", "red", "blue"]
    assert (color[0]["pid"], color[0]["begin"], color[0]["end"]) == (0, 0, 3)
    assert color[1]["pid"] is None
    # "red" stands in the body: <p>A red tee</p>, paragraph 1, characters 5 to 8
    assert (color[2]["pid"], color[2]["begin"], color[2]["end"]) == (1, 5, 8)
    assert values(tee, "Size") == ["S"]
    assert values(tee, "Gender") == ["unisex"]


def test_a_metafield_of_a_json_list_gives_each_value(tmp_path):
    tee = load(tmp_path, TEE)[0].row(0, named=True)
    assert values(tee, "Care") == ["Wash cold", 'Say "dry"']


def test_default_title_is_no_attribute(tmp_path):
    assert load(tmp_path, [MUG])[0]["attributes"].to_list() == [None]


def test_skus_and_barcodes_of_all_variants_identify_the_product(tmp_path):
    found = load(tmp_path, TEE)[0]["identifiers"][0].to_list()
    assert found == [
        {"kind": "sku", "value": "T-R-S"},
        {"kind": "sku", "value": "T-B-S"},
        {"kind": "gtin", "value": "4006381333931"},
        {"kind": "mpn", "value": "M1"},
    ]


def test_the_newer_header_is_read_alike(tmp_path):
    rows = [
        {"Title": "Red Tee", "URL handle": "tee", "Description": "x", "Vendor": "Acme",
         "Product category": "gid://shopify/TaxonomyCategory/aa-1", "SKU": "A", "Barcode": "1",
         "Option1 name": "Color", "Option1 value": "Red", "Price": "3",
         "Product image URL": "https://x/1.jpg"},
        {"URL handle": "tee", "SKU": "B", "Option1 value": "Blue", "Price": "2"},
    ]  # fmt: skip
    tee = load(tmp_path, rows, NEW)[0].row(0, named=True)
    assert (tee["record_id"], tee["price"], tee["brand"]) == ("tee", 2.0, "Acme")
    assert tee["category_path"] == ["gid://shopify/TaxonomyCategory/aa-1"]
    assert values(tee, "Color") == ["Red", "Blue"]


def test_categories_come_from_the_first_filled_column_and_it_is_said(tmp_path):
    rows = [{**MUG, "Type": "Mugs"}]
    records, loaded = load(tmp_path, rows)
    assert records["category_path"].to_list() == [["Mugs"]]
    assert "categories are read from the column 'Type'" in loaded.notes


def test_the_category_column_can_be_chosen(tmp_path):
    assert load(tmp_path, TEE, category_from="type")[0]["category_path"].to_list() == [["Shirts"]]
    with pytest.raises(InputError, match="category_from=google: that column is not there"):
        load(tmp_path, TEE, category_from="google")


def test_a_row_without_handle_belongs_to_the_handle_of_its_title(tmp_path):
    records, _ = load(
        tmp_path, [{"Title": "Big Mug", "Vendor": "A"}, {"Handle": "big-mug", "Variant Price": "4"}]
    )
    assert records.select("record_id", "title", "price").rows() == [("big-mug", "Big Mug", 4.0)]


def test_a_row_without_handle_and_title_is_quarantined(tmp_path):
    records, loaded = load(tmp_path, [MUG, {"Variant Price": "4"}])
    assert records.height == 1
    assert loaded.quarantine["reason"].to_list() == ["row 2 has neither a handle nor a title"]
    assert "4" in loaded.quarantine["raw"][0]


def test_two_titles_of_one_handle_keep_the_first_and_are_counted(tmp_path):
    records, loaded = load(tmp_path, [MUG, {**MUG, "Title": "Cup"}])
    assert records["title"].to_list() == ["Mug"]
    assert loaded.figures["n_conflicting_titles"] == 1
    assert [r["Title"] for r in json.loads(records["extra"][0])["rows"]] == ["Mug", "Cup"]


def test_the_kind_is_seen_in_the_header(tmp_path):
    path = write(tmp_path / "a.csv", OLD, [MUG])
    assert sniff_shopify(path) > 0.5
    assert guess_kind([str(path)]).name == "shopify-export"
    assert sniff_shopify(write(tmp_path / "b.csv", NEW, [])) > 0.5
    other = tmp_path / "c.csv"
    other.write_text("id,title,price\n1,Mug,2\n")
    assert sniff_shopify(other) == 0.0
    assert sniff_shopify(tmp_path / "nothing.csv") == 0.0


def test_a_table_of_another_kind_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match="not a Shopify product export") as caught:
        load(tmp_path, [{"id": "1", "name": "x"}], ["id", "name"])
    assert "\n" not in str(caught.value)


def test_each_column_says_what_becomes_of_it(tmp_path):
    told = {column: shopify_field(column) for column in OLD}
    assert told["Option1 Value"] == "attributes"
    assert told["Google Shopping / Gender"] == "attributes.Gender"
    assert told["Care (product.metafields.custom.care)"] == "attributes.Care"
    assert told["Product rating (product.metafields.reviews.rating)"] == "extra"
    path = write(tmp_path / "a.csv", OLD, [MUG])
    assert shopify_head(path, SourceSettings(paths=[str(path)])).columns == OLD


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.sampled_from(["S", "M", ""])),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_every_handle_is_one_product_with_all_its_values(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("fold")
    given_rows = [
        {
            "Handle": h,
            "Title": h * 3,
            "Option1 Name": "Size",
            "Option1 Value": s,
            "Variant Price": p,
        }
        for h, p, s in rows
    ]
    records, _ = load(folder, given_rows)
    assert records["record_id"].to_list() == list(dict.fromkeys(h for h, _, _ in rows))
    for record in records.iter_rows(named=True):
        mine = [(p, s) for h, p, s in rows if h == record["record_id"]]
        assert record["price"] == min(p for p, _ in mine)
        sizes = list(dict.fromkeys(s for _, s in mine if s))
        found = [e["value"] for a in record["attributes"] or [] for e in a["evidences"]]
        assert found == sizes
