def test_empty_title_is_found(look):
    assert look([{"title": None}, {"title": "tea"}]).rows("empty_title") == ["1"]


def test_empty_category_is_found_where_others_have_one(look):
    rows = [{"category": "A > B"}, {}, {"category": "A > C"}]
    assert look(rows).rows("missing_category") == ["2"]


def test_price_of_zero_or_less_is_found_and_a_missing_one_is_not(look):
    rows = [{"price": 0.0}, {"price": -2.5}, {"price": 0.01}, {"price": None}]
    assert look(rows).rows("price_not_positive") == ["1", "2"]


def test_empty_and_generic_brands_are_told_apart(look):
    rows = [{"brand": "Acme"}, {"brand": None}, {"brand": "N/A"}, {"brand": "Generic Electric"}]
    assert look(rows).rows("missing_brand", "record_id", "message") == [
        ("2", "the brand is empty"),
        ("3", "'N/A' names no brand"),
    ]


def test_the_shops_own_name_tells_no_brand_where_the_settings_say_so(look):
    rows = [{"brand": "MyShop"}, {"brand": "Acme"}]
    assert look(rows).rows("missing_brand") == []
    assert look(rows, generic_brands=["my shop", "MyShop"]).rows("missing_brand") == ["1"]


ACME = [{"title": f"Acme Tools hammer {n}", "brand": "Acme Tools Inc."} for n in range(3)]


def test_brand_is_proposed_where_three_titles_of_it_begin_alike(look):
    rows = [*ACME, {"title": "ACME TOOLS saw", "brand": None}, {"title": "Acme saw", "brand": None}]
    assert look(rows).rows("missing_brand", "record_id", "fix_field", "fix_value") == [
        ("4", "brand", "Acme Tools Inc."),
        ("5", None, None),
    ]


def test_brand_is_not_proposed_from_two_titles(look):
    rows = [*ACME[:2], {"title": "Acme Tools saw", "brand": None}]
    assert look(rows).rows("missing_brand", "fix_value") == [(None,)]


def test_brand_is_not_proposed_where_other_brands_begin_so_too(look):
    # "Fresh" begins 3 titles of brand Fresh and 1 of another: 3/4 < 9/10.
    fresh = [{"title": f"Fresh milk {n}", "brand": "Fresh"} for n in range(3)]
    rows = [
        *fresh,
        {"title": "Fresh basil", "brand": "Garden"},
        {"title": "Fresh dill", "brand": None},
    ]
    assert look(rows).rows("missing_brand", "fix_value") == [(None,)]
