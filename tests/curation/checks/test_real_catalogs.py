"""Real catalogs: what the checks find there is what plain Python finds there."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import pytest
from ftfy.badness import is_bad

from catalog.paths import joined
from catalog.taxonomy import Taxonomy
from catalog.text import words
from curation.checks.run import run_checks
from curation.checks.settings import CheckSettings
from curation.sources.columns import guess_columns
from curation.sources.files import ReadOptions, read_table
from curation.sources.products import load_products
from curation.sources.settings import SourceSettings


def checked(path, scratch):
    guess = guess_columns(read_table(path, ReadOptions(), scratch).scan())
    settings = SourceSettings(
        paths=[str(path)],
        columns=guess.columns,
        category_separator=guess.category_separator,
    )
    records = load_products(settings, scratch).records.collect()
    paths = records["category_path"].drop_nulls().unique(maintain_order=True)
    result = run_checks(records.lazy(), Taxonomy.from_paths(paths), CheckSettings())
    rows = records.with_columns(joined("category_path").alias("path")).rows(named=True)
    return SimpleNamespace(
        rows=rows,
        result=result,
        found=lambda check: result.issues.filter(check=check)["record_id"].to_list(),
    )


@pytest.fixture(scope="module")
def grocery(shared_data, tmp_path_factory):
    path = shared_data / "catalogs" / "bigbasket" / "BigBasket_Products.csv"
    return checked(path, tmp_path_factory.mktemp("grocery"))


@pytest.fixture(scope="module", params=["walmart", "amazon"])
def electronics(shared_data, tmp_path_factory, request):
    path = shared_data / "catalogs" / "electronics" / f"{request.param}_electronics_catalog.csv"
    return checked(path, tmp_path_factory.mktemp(request.param))


def texts(row):
    return [row[name] for name in ("title", "description") if row[name] is not None]


def same_text(rows):
    """Rows by the words of their title and description, in order."""
    groups = {}
    for row in rows:
        key = tuple(tuple(words(row[name] or "")) for name in ("title", "description"))
        if any(key):
            groups.setdefault(key, []).append(row)
    return groups.values()


def test_no_check_breaks_on_real_catalogs(grocery, electronics):
    for catalog in (grocery, electronics):
        skipped = catalog.result.summary["skipped"].drop_nulls()
        assert not skipped.str.starts_with("broke").any()


def test_nothing_in_real_catalogs_speaks_to_a_model_or_computes(grocery, electronics):
    for catalog in (grocery, electronics):
        for check in (
            "addresses_a_model",
            "spreadsheet_formula",
            "html_in_text",
            "markdown_in_text",
        ):
            assert catalog.found(check) == [], check


def test_broken_encoding_is_found_as_ftfy_finds_it(grocery):
    expected = [
        row["record_id"]
        for row in grocery.rows
        if any(is_bad(text) or "\ufffd" in text for text in texts(row))
    ]
    assert grocery.found("mojibake") == expected
    assert len(expected) == 38


def test_copies_are_found_as_plain_python_finds_them(grocery, electronics):
    for catalog in (grocery, electronics):
        copies, parted = set(), set()
        for group in same_text(catalog.rows):
            seen = set()
            for row in group:
                if row["path"] in seen:
                    copies.add(row["record_id"])
                seen.add(row["path"])
            if len(seen - {None}) > 1:
                parted |= {row["record_id"] for row in group if row["path"] is not None}
        assert set(catalog.found("exact_duplicate")) == copies
        assert set(catalog.found("same_text_different_category")) == parted


def test_near_duplicates_are_as_like_as_they_say(grocery):
    by_id = {row["record_id"]: row for row in grocery.rows}
    found = grocery.result.issues.filter(check="near_duplicate")
    assert found.height > 500
    for message, record_id, score in found.select("message", "record_id", "score").rows()[::10]:
        other, _, told = message.removeprefix("like ").partition(" by ")
        columns = told.partition(" (")[0].split(" and ")
        one, two = (
            {word for name in columns for word in words(by_id[i][name] or "")}
            for i in (record_id, other)
        )
        assert 1 - score == pytest.approx(len(one & two) / len(one | two))
        assert 1 - score >= 0.8


def test_prices_of_zero_are_found(shared_data, tmp_path):
    path = shared_data / "catalogs" / "electronics" / "walmart_electronics_catalog.csv"
    with path.open(encoding="utf-8", newline="") as file:
        n_zero = sum(float(row["price"] or "nan") <= 0 for row in csv.DictReader(file))
    found = checked(path, tmp_path).found("price_not_positive")
    assert len(found) == n_zero == 27


def test_spellings_of_one_category_are_found(shared_data, tmp_path):
    path = shared_data / "catalogs" / "electronics" / "amazon_electronics_catalog.csv"
    found = checked(path, tmp_path).result.issues.filter(check="category_spelled_twice")
    assert found["fix_value"].unique().to_list() == ["dvd-r discs"]
