import json

import polars as pl
import pytest

from catalog.errors import InputError
from catalog.records import RECORD_SCHEMA
from curation.sources.feeds.google_feed import (
    feed_field,
    feed_head,
    feed_options,
    load_feed,
    sniff_feed,
)
from curation.sources.kinds import guess_kind
from curation.sources.settings import SourceSettings

SHIRT = """<g:id>S-1</g:id>
<title>Shirt</title><g:title>Red &amp; green shirt</g:title>
<g:description><![CDATA[Soft <b>cotton</b> shirt]]></g:description>
<g:link>https://x/s-1</g:link>
<g:image_link>https://x/1.jpg?a=1,2</g:image_link>
<g:additional_image_link>https://x/2.jpg</g:additional_image_link>
<g:additional_image_link>https://x/3.jpg</g:additional_image_link>
<g:price>15.00 USD</g:price><g:sale_price>12.00 USD</g:sale_price>
<g:brand>Acme</g:brand><g:gtin>4006381333931</g:gtin><g:mpn>M1</g:mpn>
<g:google_product_category>212</g:google_product_category>
<g:product_type>Clothing &gt; Shirts</g:product_type>
<g:product_type>Sale</g:product_type>
<g:item_group_id>S</g:item_group_id>
<g:color>Red/Green</g:color><g:size>M</g:size><g:material>Cotton/Wool</g:material>
<g:availability>in_stock</g:availability><g:custom_label_0>summer</g:custom_label_0>
<g:shipping><g:country>US</g:country><g:price>5.00 USD</g:price></g:shipping>
<g:product_detail><g:section_name>General</g:section_name>
<g:attribute_name>Sleeve</g:attribute_name><g:attribute_value>Short</g:attribute_value></g:product_detail>
"""
MUG = "<g:id>M-1</g:id><g:title>Mug</g:title><g:price>3,50 EUR</g:price><g:product_type>Mugs</g:product_type>"
TABLE = (
    "id\ttitle\tlink\timage link\tadditional_image_link\tprice\tgoogle_product_category\tcolor\t"
    "product_detail\tavailability\tgtin\n"
    "S-1\tRed shirt\thttps://x\thttps://x/1.jpg\thttps://x/2.jpg,https://x/3.jpg\t15.00 USD\t"
    "Apparel & Accessories > Clothing\tRed\tGeneral:Sleeve:Short,General:Fit:Slim\tin stock\t1\n"
    "M-1\tMug\thttps://y\t\t\t3.50 EUR\t\t\t\tin stock\t\n"
)


def rss(*items):
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" '
        'xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>'
        f"<link>https://x</link>{body}</channel></rss>"
    )


def load(tmp_path, text, name="feed.xml", **options):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    loaded = load_feed(SourceSettings(paths=[str(path)], options=options), tmp_path, None)
    return loaded.records.collect(), loaded


def attributes(record):
    return {a["key"]: [e["value"] for e in a["evidences"]] for a in record["attributes"]}


def test_an_item_becomes_a_record(tmp_path):
    records, _ = load(tmp_path, rss(SHIRT))
    assert dict(records.schema) == dict(RECORD_SCHEMA)
    shirt = records.row(0, named=True)
    assert (shirt["record_id"], shirt["title"]) == ("S-1", "Red & green shirt")
    assert shirt["description"] == "Soft <b>cotton</b> shirt"
    assert (shirt["price"], shirt["currency"], shirt["brand"]) == (15.0, "USD", "Acme")
    assert shirt["image_urls"] == ["https://x/1.jpg?a=1,2", "https://x/2.jpg", "https://x/3.jpg"]
    assert shirt["identifiers"] == [
        {"kind": "gtin", "value": "4006381333931"},
        {"kind": "mpn", "value": "M1"},
        {"kind": "parent_sku", "value": "S"},
    ]


def test_colours_and_details_are_attributes_with_their_place(tmp_path):
    shirt = load(tmp_path, rss(SHIRT))[0].row(0, named=True)
    assert attributes(shirt) == {
        "color": ["Red", "Green"],
        "size": ["M"],
        "material": ["Cotton", "Wool"],
        "Sleeve": ["Short"],
    }
    red = shirt["attributes"][0]["evidences"][0]
    assert (red["pid"], red["begin"], red["end"]) == (0, 0, 3)


def test_all_that_no_field_holds_whole_stays_in_extra(tmp_path):
    extra = json.loads(load(tmp_path, rss(SHIRT))[0]["extra"][0])
    assert extra["price"] == "15.00 USD"
    assert extra["sale_price"] == "12.00 USD"
    assert extra["product_type"] == ["Clothing > Shirts", "Sale"]
    assert extra["shipping"] == {"country": "US", "price": "5.00 USD"}
    assert extra["custom_label_0"] == "summer"
    assert extra["google_product_category"] == "212"
    assert "title" not in extra


def test_the_shops_own_category_is_read_where_most_items_have_one(tmp_path):
    records, loaded = load(tmp_path, rss(SHIRT, MUG))
    assert records["category_path"].to_list() == [["Clothing", "Shirts"], ["Mugs"]]
    assert loaded.figures["category_from"] == "product_type"
    assert any("read from product_type, which 100% of the items" in n for n in loaded.notes)


def test_googles_category_is_read_on_request_and_a_number_stays_one(tmp_path):
    records, _ = load(tmp_path, rss(SHIRT, MUG), category_from="google_product_category")
    assert records["category_path"].to_list() == [["212"], None]


def test_the_option_follows_from_a_taxonomy_of_google(tmp_path):
    head = pl.DataFrame({"google_product_category": ["212"]})
    assert feed_options("google:a.txt", head) == {"category_from": "google_product_category"}
    assert feed_options("inferred", head) == {}
    assert feed_options("google:a.txt", pl.DataFrame({"id": ["1"]})) == {}


def test_a_category_that_no_item_has_is_refused(tmp_path):
    with pytest.raises(InputError, match="no item has it"):
        load(tmp_path, rss(MUG), category_from="google_product_category")


def test_atom_is_read_alike(tmp_path):
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
        "<title>Shop</title><entry><g:id>1</g:id><title>Mug</title>"
        '<link href="https://x/1"/><summary>A mug</summary></entry></feed>'
    )
    mug = load(tmp_path, text)[0].row(0, named=True)
    assert (mug["record_id"], mug["title"]) == ("1", "Mug")
    assert json.loads(mug["extra"]) == {"link": "https://x/1", "summary": "A mug"}


def test_a_prefix_that_was_never_declared_is_read_all_the_same(tmp_path):
    text = rss(MUG).replace('xmlns:g="http://base.google.com/ns/1.0"', "")
    assert load(tmp_path, text)[0]["title"].to_list() == ["Mug"]


def test_a_table_gives_what_xml_gives(tmp_path):
    records, loaded = load(tmp_path, TABLE, "feed.tsv")
    shirt = records.row(0, named=True)
    assert shirt["image_urls"] == ["https://x/1.jpg", "https://x/2.jpg", "https://x/3.jpg"]
    assert shirt["category_path"] == ["Apparel & Accessories", "Clothing"]
    assert attributes(shirt) == {"color": ["Red"], "Sleeve": ["Short"], "Fit": ["Slim"]}
    assert (shirt["price"], shirt["currency"]) == (15.0, "USD")
    mug = records.row(1, named=True)
    assert (mug["image_urls"], mug["attributes"], mug["identifiers"]) == (None, None, None)
    assert json.loads(mug["extra"])["link"] == "https://y"
    assert loaded.figures["files"][0]["format"] == "csv"


def test_missing_and_repeated_ids_are_made_unique_and_counted(tmp_path):
    items = [MUG, MUG, "<g:title>Pot</g:title>"]
    records, loaded = load(tmp_path, rss(*items))
    assert records["record_id"].to_list()[:2] == ["M-1", "M-1#2"]
    assert records["record_id"].n_unique() == 3
    assert (loaded.figures["n_missing_ids"], loaded.figures["n_duplicate_ids"]) == (1, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<rss><channel><item><g:id>1</g:id>", "line 1: not well-formed XML"),
        ("<rss><channel><title>x</title></channel></rss>", "no item in this XML"),
        ("<html>not a feed", "not well-formed XML"),
        (rss("<g:id>1</g:id>"), "none of its 1 items has a title"),
        (
            '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item><title>&b;</title></item></rss>',
            "declares the entity 'a'",
        ),
        (
            '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><title>&x;</title></item></rss>',
            "declares the entity 'x'",
        ),
    ],
)
def test_bad_xml_is_one_clear_line(tmp_path, text, told):
    with pytest.raises(InputError, match=told) as caught:
        load(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_no_feed_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a Merchant Center feed"):
        load(tmp_path, "a,b\n1,2\n", "x.csv")


def test_the_kind_is_seen_in_the_content(tmp_path):
    for name, text in (("a.xml", rss(MUG)), ("feed.txt", TABLE)):
        path = tmp_path / name
        path.write_text(text)
        assert guess_kind([str(path)]).name == "google-feed"
    other = tmp_path / "sitemap.xml"
    other.write_text("<urlset><url/></urlset>")
    assert sniff_feed(other) == 0.0
    plain = tmp_path / "plain.csv"
    plain.write_text("id,title,link,price\n1,Mug,https://x,2\n")
    assert sniff_feed(plain) == 0.0


def test_the_head_shows_every_attribute_of_the_first_items(tmp_path):
    path = tmp_path / "feed.xml"
    path.write_text(rss(SHIRT, MUG))
    head = feed_head(path, SourceSettings(paths=[str(path)]))
    assert head.height == 2
    assert {"id", "title", "color", "custom_label_0", "shipping"} <= set(head.columns)
    assert feed_field("shipping") == "extra"


def test_the_head_of_a_large_feed_reads_its_beginning_alone(tmp_path):
    path = tmp_path / "feed.xml"
    path.write_text(rss(*[SHIRT] * 2_000) + "<broken")
    assert feed_head(path, SourceSettings(paths=[str(path)])).height == 200
