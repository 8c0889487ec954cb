"""An identifier that many brands share is likely none: it is said, and ties nothing where asked."""

import polars as pl
import pytest

from curation.splits.certificate import find_leaks
from curation.splits.certify_settings import CertifySettings
from curation.splits.settings import SplitSettings
from curation.splits.split import split_records


@pytest.fixture
def records():
    """Forty products of as many brands; every other has no number, and the file says so in words."""
    ids = [
        [{"kind": "mpn", "value": "COL price VAL" if n % 2 else f"WH-{n:04}"}] for n in range(40)
    ]
    return pl.DataFrame(
        {
            "record_id": [f"r{n}" for n in range(40)],
            "title": [f"w{n} x{n} y{n}" for n in range(40)],
            "brand": [f"Brand {n}" for n in range(40)],
            "identifiers": ids,
        }
    )


def test_an_identifier_of_many_brands_is_said(records):
    made = split_records(records.lazy(), SplitSettings())
    assert made.figures["largest_group"] == 20
    assert made.notes[0] == (
        "identifier mpn:colpriceval ties 20 records of 20 brands: if it is none, let it tie nothing "
        "with --placeholder mpn:colpriceval"
    )


@pytest.mark.parametrize("named", ["COL price VAL", "mpn:colpriceval", "col-price-val"])
def test_a_placeholder_ties_nothing_and_is_no_leak(records, named):
    made = split_records(records.lazy(), SplitSettings(placeholders=[named]))
    assert made.figures["largest_group"] == 1
    assert made.figures["n_edges"] == {}
    assert leaks(records, placeholders=[named]).leaks is False
    assert leaks(records).shared_identifiers == 1


def leaks(records, **more):
    left, right = records.head(20), records.tail(20)
    settings = CertifySettings(text_columns=[["title"]], **more)
    ids = {"left_ids": left["record_id"], "right_ids": right["record_id"]}
    return find_leaks(left, right, settings, **ids)


def test_a_placeholder_of_one_kind_is_none_of_another(records):
    made = split_records(records.lazy(), SplitSettings(placeholders=["gtin:COL price VAL"]))
    assert made.figures["largest_group"] == 20


@pytest.mark.parametrize("value", ["N/A", "unknown", "0000000000000", "-", ""])
def test_words_for_nothing_and_zeros_tie_nothing(records, value):
    none = records.with_columns(
        identifiers=pl.lit([[{"kind": "gtin", "value": value}]]).list.get(0)
    )
    assert split_records(none.lazy(), SplitSettings()).figures["n_edges"] == {}
