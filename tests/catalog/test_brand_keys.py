"""What holds of brand keys for every text."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.brands import brand_keys, one_key_each

NAMES = st.text(max_size=30)


def key(name, **options):
    return brand_keys(pl.Series([name], dtype=pl.String), **options)[0]


@given(NAMES)
def test_a_key_is_the_words_of_its_name_or_fewer(name):
    found = key(name)
    assert found is None or (found == found.strip() and "  " not in found)


@given(
    st.lists(st.sampled_from(["Acme", "Store", "by", "Tea", "GmbH", "Nestlé", "Inc."]), min_size=1)
)
def test_the_key_of_a_key_is_itself_once_nothing_more_can_be_left_out(parts):
    found = key(" ".join(parts))
    while found != (again := key(found)):
        assert len(again) < len(found)
        found = again


@given(st.text(alphabet="abcdefghij ", max_size=20).filter(str.strip))
def test_case_accents_and_punctuation_do_not_count(name):
    accented = unicodedata.normalize("NFC", name.replace("a", "a\u0301"))
    assert key(name) == key(name.upper()) == key(accented) == key(f"  {name.replace(' ', ' - ')}! ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＳＯＮＹ", "sony"),
        ("Soﬁa", "sofia"),
        ("STRASSE", "Straße"),
        ("No\u00a0Name\u2122", "noname\u2122"),
    ],
)
def test_compatible_forms_are_folded(one, other):
    assert key(one).replace(" ", "") == key(other).replace(" ", "")


@pytest.mark.parametrize(
    ("one", "other"), [("Ѕony", "Sony"), ("Αcme", "Acme"), ("Łoreal", "Loreal")]
)
def test_look_alikes_of_other_scripts_are_told_apart(one, other):
    assert key(one) != key(other)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=8))
def test_aliases_are_closed_over_chains_and_do_not_depend_on_order(groups):
    told = one_key_each(groups)
    assert told == one_key_each([group[::-1] for group in groups[::-1]])
    for group in groups:
        assert len({told[name] for name in group}) == 1
    assert all(told[to] == to and to <= name for name, to in told.items())


def test_aliased_names_have_one_key_and_generic_names_still_none():
    keys = brand_keys(
        pl.Series(["HP Inc.", "Hewlett-Packard", "Generic", "Dell"]),
        aliases=[["hp", "hewlett packard"], ["generic", "Dell"]],
    )
    assert keys.to_list() == ["hewlett packard", "hewlett packard", None, "dell"]
