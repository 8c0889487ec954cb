import sys
import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from catalog.text import folded, unaccented, words


def test_folded_equals_python_for_every_assigned_character():
    assigned = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")
    ]
    texts = [f"a{character}B" for character in assigned]
    assert folded(pl.Series(texts)).to_list() == [" ".join(words(text)) for text in texts]


@given(
    st.lists(
        st.text(
            alphabet=st.characters(max_codepoint=0x2FFF, categories=["L", "N", "P", "Z", "M", "S"])
        )
    )
)
def test_folded_equals_python_for_any_text(texts):
    expected = [" ".join(words(text)) for text in texts]
    assert folded(pl.Series(texts, dtype=pl.String)).to_list() == expected


def test_folded_keeps_null_and_order_where_only_some_texts_are_ascii():
    assert folded(pl.Series(["A-b", None, "É", "c"])).to_list() == ["a b", None, "é", "c"]


def test_unaccented_drops_accents_alone():
    assert unaccented(pl.Series(["crème brûlée", "plain", "naïve Øre"])).to_list() == [
        "creme brulee",
        "plain",
        "naive Øre",
    ]
