import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from catalog.brands import brand_keys
from catalog.paths import joined

ROOT = Path(__file__).resolve().parents[2]
FILES = ("products.csv", "taxonomy.json", "planted.json", "README.md")


def test_generator_writes_the_bytes_that_are_there(sample, tmp_path):
    subprocess.run([sys.executable, ROOT / "tools" / "make_sample.py", tmp_path], check=True)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (sample.folder / name).read_bytes(), name


def test_sizes_are_as_promised(sample):
    tree = sample.workspace.taxonomy()
    leaves = tree.nodes.filter("is_leaf")
    assert 1_400 <= sample.records.height <= 1_600
    assert 58 <= leaves.height <= 66
    assert set(leaves["depth"]) == {2, 3, 4}
    assert brand_keys(sample.records["brand"]).drop_nulls().n_unique() == 120


def test_brands_stand_in_several_spellings(sample):
    spelled = (
        sample.records.with_columns(brand_keys(sample.records["brand"]).alias("key"))
        .drop_nulls("key")
        .group_by("key")
        .agg(pl.col("brand").n_unique())
    )
    assert (spelled["brand"] > 1).mean() > 0.5


def test_columns_are_guessed_right(sample):
    assert {choice.column: choice.field for choice in sample.opened.choices} == {
        "id": "record_id",
        "title": "title",
        "description": "description",
        "brand": "brand",
        "category_path": "category",
        "price": "price",
        "gtin": "identifiers.gtin",
        "colour": "attributes.Colour",
        "size": "attributes.Size",
        "material": "attributes.Material",
        "capacity": "attributes.Capacity",
    }


def test_gtins_have_valid_check_digits_and_belong_to_nobody(sample):
    gtins = (
        sample.records.select(pl.col("identifiers").list.first().struct.field("value"))
        .to_series()
        .drop_nulls()
    )
    assert len(gtins) > 500
    for gtin in gtins:
        # GS1: weights 1 and 3 in turn, the sum a multiple of 10; prefix 2 is for use inside shops.
        assert sum(int(d) * (1, 3)[n % 2] for n, d in enumerate(gtin)) % 10 == 0
        assert gtin.startswith("2")
        assert len(gtin) == 13


def test_unreadable_rows_go_to_the_quarantine(sample):
    found = sample.workspace.snapshot("load").read("quarantine")
    items = sample.planted["unreadable_row"]["items"]
    assert found.select("line", "raw").rows() == [(item["line"], item["raw"]) for item in items]


def test_every_kind_that_a_check_finds_is_planted(sample):
    checks = set(sample.wanted["check"].drop_nulls())
    # Not planted: evidences of a plain catalog are placed by the loader; every row has a
    # category; the taxonomy is given.
    assert set(sample.summary["check"]) - checks == {
        "evidence_offset_mismatch",
        "missing_category",
        "category_spelled_twice",
    }


def test_checks_find_everything_that_was_planted(sample):
    missed = sample.wanted.drop_nulls("check").join(
        sample.issues, on=["check", "record_id"], how="anti"
    )
    assert missed.select("kind", "record_id").rows() == []


def test_rows_without_a_planted_defect_have_no_issue_at_all(sample):
    false = sample.issues.join(sample.wanted, on="record_id", how="anti")
    assert false.select("check", "record_id", "message").rows() == []


def test_what_is_found_beyond_the_plan_follows_from_it(sample):
    """A wrong category has another schema; an empty or contradicted title says no value."""
    extra = sample.issues.join(
        sample.wanted.drop_nulls("check"), on=["check", "record_id"], how="anti"
    ).join(sample.wanted.select("record_id", "kind"), on="record_id")
    assert set(extra.select("check", "kind").iter_rows()) <= {
        ("attribute_not_in_schema", "wrong_category"),
        ("attribute_not_in_schema", "two_categories"),
        ("value_not_in_schema", "wrong_category"),
        ("value_not_in_schema", "two_categories"),
        ("value_not_in_text", "empty_title"),
        ("value_not_in_text", "small_category"),  # one of them has an empty title
        ("value_not_in_text", "value_against_title"),
    }
    assert extra.filter(severity="error").is_empty()


@pytest.mark.parametrize(
    "kind",
    [
        "missing_brand", "html_in_text", "markdown_in_text", "mojibake", "odd_characters",
        "value_outside_list", "value_against_title", "path_spelling", "path_typo",
        "path_wrong_parent", "exact_duplicate", "near_duplicate",
    ],
)  # fmt: skip
def test_fixes_are_the_right_answers(sample, kind):
    both = sample.wanted.filter(kind=kind).join(sample.issues, on=["check", "record_id"])
    assert both.height > 0
    assert both["fix_value"].to_list() == both["right"].to_list()


def test_small_and_dominated_categories_are_no_others_than_planted(sample):
    for check in ("small_category", "dominated_category"):
        found = sample.issues.filter(check=check)["record_id"]
        assert set(found) == set(sample.wanted.filter(check=check)["record_id"])


def test_prices_are_sane(sample):
    prices = sample.records.filter(pl.col("price") > 0)["price"]
    assert prices.min() >= 2
    assert prices.max() < 500
    assert prices.null_count() == 0


@pytest.fixture(scope="module")
def classified(sample):
    """Leaf labels beside what TF-IDF and a linear classifier say of brands not trained on."""
    tree = sample.workspace.taxonomy()
    leaves = tree.nodes.filter("is_leaf").select("path_text")
    rows = (
        sample.records.with_columns(joined("category_path").alias("path_text"))
        .join(leaves, on="path_text", how="semi", maintain_order="left")
        .with_columns(
            pl.concat_str("title", "description", separator=" ", ignore_nulls=True).alias("text")
        )
    )
    groups = brand_keys(rows["brand"]).fill_null("").to_numpy()
    said = cross_val_predict(
        make_pipeline(TfidfVectorizer(sublinear_tf=True), LinearSVC(random_state=0)),
        rows["text"].to_list(),
        rows["path_text"].to_numpy(),
        groups=groups,
        cv=GroupKFold(5),
    )
    return rows.select("record_id", "path_text").with_columns(pl.Series("said", said))


def test_text_tells_the_category_well_but_not_perfectly(classified):
    accuracy = (classified["path_text"] == classified["said"]).mean()
    assert 0.7 <= accuracy <= 0.9


def test_wrong_categories_are_plainly_wrong(sample, classified):
    wrong = classified.join(sample.wanted.filter(kind="wrong_category"), on="record_id")
    assert wrong.height == 20
    assert (wrong["said"] != wrong["path_text"]).mean() >= 0.95
    assert (wrong["said"] == wrong["right"]).mean() >= 0.75


def test_card_tells_how_many_of_each_kind(sample):
    card = (sample.folder / "README.md").read_text("utf-8")
    counts = Counter({kind: len(entry["items"]) for kind, entry in sample.planted.items()})
    for kind, count in counts.items():
        [line] = [line for line in card.splitlines() if line.startswith(f"| `{kind}` ")]
        assert line.split("|")[4].strip() == str(count)


def test_folder_holds_nothing_but_the_sample(sample):
    assert {path.name for path in sample.folder.iterdir()} == set(FILES)
    with (sample.folder / "products.csv").open(encoding="utf-8", newline="") as file:
        widths = Counter(len(row) for row in csv.reader(file))
    # All rows have 11 fields but the two that are planted.
    assert sum(count for width, count in widths.items() if width != 11) == 2
