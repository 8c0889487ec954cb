import polars as pl
import pytest

from catalog.brands import brand_keys


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Nestlé S.A.", "NESTLE"),
        ("by Acme", "Acme Inc."),
        ("Visit the Acme Store", "ACME"),
        ("Mother's Recipe", "Mothers Recipe"),
        ("Black & Decker", "black and decker"),
        ("Bosch GmbH", "bosch"),
        ("  Sony ", "sony"),
    ],
)
def test_spellings_of_one_brand_have_one_key(left, right):
    keys = brand_keys(pl.Series([left, right]))
    assert keys[0] == keys[1] is not None


@pytest.mark.parametrize("name", ["Generic", "UNBRANDED", "", "  ", "N/A", "none", "No brand", "-"])
def test_generic_names_have_no_key(name):
    assert brand_keys(pl.Series([name])).to_list() == [None]


def test_a_shop_can_name_its_own_generic_brand():
    assert brand_keys(pl.Series(["BB Home", "Cello"]), generic=["bb home"]).to_list() == [
        None,
        "cello",
    ]


def test_a_brand_that_is_only_a_company_form_keeps_its_name():
    assert brand_keys(pl.Series(["Co", "The SAS"])).null_count() == 0
