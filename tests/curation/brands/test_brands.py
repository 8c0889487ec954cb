"""Which brands are offered as one, and which fill a gap: each rule on a catalog one can read."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from curation.brands.aliases import ALIAS_SCHEMA, alias_candidates
from curation.brands.mentions import mentions
from curation.brands.missing import MISSING_SCHEMA, missing_brands
from curation.brands.settings import BrandSettings
from curation.brands.spelling import as_letters, spellings


def catalog(*rows):
    names = ["title", "brand", "gtin", "mpn", "category"]
    frame = pl.DataFrame(
        [dict(zip(names, [*row, *[None] * 5], strict=False)) for row in rows],
        schema=dict.fromkeys(names, pl.String),
    )
    kinds = [
        pl.struct(kind=pl.lit(kind), value=pl.col(kind)) for kind in ("gtin", "mpn")
    ]  # fmt: skip
    return frame.lazy().select(
        pl.int_range(pl.len()).cast(pl.String).alias("record_id"),
        "title",
        "brand",
        pl.concat_list(kinds).list.filter(pl.element().struct["value"].is_not_null()).alias("identifiers"),
        pl.concat_list("category").list.drop_nulls().alias("category_path"),
    )  # fmt: skip


def pairs(*rows, **settings):
    found = alias_candidates(catalog(*rows), BrandSettings(**settings))
    return {(a, b): kinds for a, b, kinds in found.select("brand_a", "brand_b", "kinds").rows()}


def test_a_shared_gtin_is_enough_and_a_shared_part_number_is_not():
    found = pairs(
        ("Mug", "Acme", "4006381333931"),
        ("Cup", "Zenith", "4006381333931"),
        ("Pan", "Boreal", None, "X-1000"),
        ("Pot", "Corvus", None, "x1000"),
    )
    assert found == {("acme", "zenith"): ["identifier"]}


def test_two_part_numbers_are_enough():
    numbers = ["AB-100", "AB-200"]
    rows = [(f"{brand} {n}", brand, None, n) for brand in ("Boreal", "Corvus") for n in numbers]
    assert pairs(*rows) == {("boreal", "corvus"): ["part_number"]}


def test_a_code_that_many_brands_share_says_nothing():
    rows = [("Mug", name, "4006381333931") for name in ("Acme", "Zenith", "Boreal", "Corvus")]
    assert pairs(*rows) == {}
    assert len(pairs(*rows, max_brands=4)) == 6


def test_same_titles_but_for_the_brand_need_three_or_a_name_alike():
    rest = [
        "Stonewashed linen duvet cover",
        "Oak bedside table drawer",
        "Brass reading lamp dimmable",
    ]
    apart = [(f"{brand} {text}", brand) for brand in ("Boreal", "Corvus") for text in rest]
    assert pairs(*apart) == {("boreal", "corvus"): ["title"]}
    assert pairs(*apart[:2], *apart[3:5]) == {}
    alike = [(f"{brand} {rest[0]}", brand) for brand in ("Boreal", "Boreal Home")]
    assert set(pairs(*alike)) == {("boreal", "boreal home")}


def test_titles_that_begin_with_the_other_brand():
    rows = [
        ("Hp laserjet black toner", "Hewlett-Packard"),
        ("HP ink", "Hewlett-Packard"),
        ("HP pen", "HP"),
    ]
    assert pairs(*rows) == {("hewlett packard", "hp"): ["named"]}


def test_a_common_word_is_no_brand_however_often_titles_begin_with_it():
    shops = [(f"Face mask {n}", f"Brand{'abcdefgh'[n]}") for n in range(8)]
    assert pairs(*shops, ("Clay pack", "Face"), ("Mud pack", "Face")) == {}


def test_names_alike_alone_are_not_enough_but_the_same_letters_are():
    assert pairs(("a", "Victor"), ("b", "Victory")) == {}
    assert pairs(("a", "Cooler Master"), ("b", "CoolerMaster")) == {
        ("cooler master", "coolermaster"): ["spelling"]
    }
    assert set(pairs(("a", "Ѕony"), ("b", "Sony"))) == {("sony", "ѕony")}


def test_a_rare_category_speaks_for_names_few_edits_apart():
    others = [(f"t{n}", f"other{'abcdefghijklmnopqrstuvwxyzäöü'[n]} x{n}") for n in range(29)]
    crowd = [(title, brand, None, None, "Everything") for title, brand in others]
    rows = [("Pencil", "Nataraj", None, None, "Pens"), ("Pen", "Natraj", None, None, "Pens")]
    rows += [("Peel", "Naturaj", None, None, "Everything")]
    settings = {"similarity": 0.8}
    found = pairs(*crowd * 2, *rows, **settings)
    assert ("nataraj", "natraj") not in found  # 2 of 32 brands are not rare at 5 %
    wide = [(f"v{n}", f"zeta{n}q{'abcdefghij'[n % 10]}") for n in range(30)]
    found = pairs(*crowd, *[(t, b, None, None, "Everything") for t, b in wide], *rows, **settings)
    assert found[("nataraj", "natraj")] == ["spelling", "category"]
    assert ("natraj", "naturaj") not in found


def test_spellings_of_one_key_and_generic_names_are_never_offered():
    assert pairs(("a", "Acme Inc.", "4006381333931"), ("b", "ACME", "4006381333931")) == {}
    assert pairs(("a", "Generic", "4006381333931"), ("b", "Acme", "4006381333931")) == {}


def test_examples_stand_side_by_side_in_the_order_of_the_pair():
    rows = catalog(("Cup", "Zenith", "4006381333931"), ("Mug", "Acme", "4006381333931"))
    found = alias_candidates(rows).row(0, named=True)
    assert (found["brand_a"], found["left_ids"], found["right_ids"]) == ("acme", ["1"], ["0"])


@pytest.mark.parametrize("rows", [[], [(None, None)], [("", "")], [("Mug", "Acme")]])
def test_nothing_to_find_is_an_empty_table(rows):
    assert alias_candidates(catalog(*rows)).schema == ALIAS_SCHEMA
    found = missing_brands(catalog(*rows))
    assert found.proposals.schema == MISSING_SCHEMA
    assert found.proposals.is_empty() and found.n_tried == 0 and found.precision != found.precision


def test_columns_that_are_not_there_are_no_mistake():
    found = alias_candidates(pl.LazyFrame({"brand": ["Close Up", "closeup"]}))
    assert found.select("name_a", "name_b").rows() == [("Close Up", "closeup")]


KNOWN = [(f"Acme mug no {n}", "Acme") for n in range(4)]


def test_a_gap_is_filled_by_the_name_that_begins_the_title():
    found = missing_brands(
        catalog(*KNOWN, ("ACME pot", None), ("Pot for Acme", None), ("Pot", "N/A"))
    )
    assert found.proposals.select("record_id", "brand", "where", "n_right", "n_named").rows() == [
        ("4", "Acme", "begins", 4, 4)
    ]
    assert (found.n_without, found.n_tried, found.n_right) == (3, 4, 4)


def test_a_name_that_is_a_common_word_fills_nothing():
    others = [(f"Acme-blue plate {n}", f"Other {'abc'[n]}") for n in range(3)]
    assert missing_brands(catalog(*KNOWN, *others, ("Acme pot", None))).proposals.is_empty()
    loose = BrandSettings(min_right=0.5)
    assert missing_brands(catalog(*KNOWN, *others, ("Acme pot", None)), loose).proposals.height == 1


def test_a_brand_with_few_products_fills_nothing():
    rows = catalog(*KNOWN[:2], ("Acme pot", None))
    assert missing_brands(rows).proposals.is_empty()
    assert missing_brands(rows, BrandSettings(min_products=2)).proposals.height == 1


def test_the_longest_name_wins():
    rows = [
        *KNOWN,
        *[(f"Acme Home sofa {n}", "Acme Home") for n in range(3)],
        ("Acme home chair", None),
    ]
    assert missing_brands(catalog(*rows)).proposals["brand"].to_list() == ["Acme Home"]


WORD = st.sampled_from(["sony", "canon", "bag", "for", "by", "pro", "red"])


@given(st.lists(st.lists(WORD, max_size=6).map(" ".join), max_size=6))
def test_a_mention_is_a_name_between_spaces(titles):
    names = pl.DataFrame({"code": [0, 1, 2], "key": ["sony", "canon pro", "canon"]})
    found = mentions(pl.Series(titles, dtype=pl.String), names)
    assert found.is_unique().all()
    for row, named, where in found.rows():
        padded = f" {titles[row]} "
        assert f" {names['key'][named]} " in padded
        assert (where == "begins") == padded.startswith(f" {names['key'][named]} ")


LETTERS = st.text(alphabet="abcde", min_size=5, max_size=9)


@given(st.lists(LETTERS, min_size=2, max_size=12, unique=True), st.sampled_from([0.6, 0.75, 0.8]))
def test_every_pair_of_names_close_enough_is_found(names, similarity):
    brands = pl.DataFrame(
        {"code": range(len(names)), "key": names}, schema_overrides={"code": pl.UInt32}
    )
    found = {(a, b) for a, b, _ in spellings(brands, similarity).rows()}
    expected = {
        (i, j)
        for j in range(len(names))
        for i in range(j)
        if OSA.normalized_similarity(names[i], names[j]) >= similarity
        and (names[i][0] == names[j][0] or names[i][-1] == names[j][-1])
    }
    assert found == expected


def test_letters_of_other_scripts_that_look_alike():
    assert as_letters(pl.Series(["ѕоnу", "coca cola"])).to_list() == ["sony", "cocacola"]


def test_real_catalogs(shared_data):
    folder = shared_data / "catalogs" / "electronics"
    frames = [pl.read_csv(path, infer_schema=False) for path in sorted(folder.glob("*.csv"))]
    records = pl.concat(frames, how="diagonal").lazy()
    found = alias_candidates(records)
    named = {tuple(pair) for pair in found.select("brand_a", "brand_b").rows()}
    assert {("cooler master", "coolermaster"), ("griffin", "griffin technology")} <= named
    filled = missing_brands(records)
    assert filled.n_tried > 5_000
    assert filled.precision > 0.98
