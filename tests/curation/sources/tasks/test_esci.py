import json

import polars as pl
import pytest

from catalog.errors import InputError
from curation.sources.settings import SourceSettings
from curation.sources.tasks import esci

EXAMPLES = pl.DataFrame(
    {
        "example_id": [0, 1, 2, 3],
        "query": ["mug", "mug", "taza", "tea"],
        "query_id": [10, 10, 11, 12],
        "product_id": ["B1", "B2", "B1", "B9"],
        "product_locale": ["us", "us", "es", "us"],
        "esci_label": ["E", "S", "C", "I"],
        "small_version": [1, 1, 0, 0],
        "large_version": [1, 1, 1, 1],
        "split": ["train", "train", "test", "test"],
    }
)
PRODUCTS = pl.DataFrame(
    {
        "product_id": ["B1", "B1", "B2"],
        "product_title": ["Red mug", "Taza roja", "Blue mug"],
        "product_description": ["Big", None, ""],
        "product_bullet_point": ["Holds tea", None, None],
        "product_brand": ["Acme", "Acme", None],
        "product_color": ["Red", None, "Blue"],
        "product_locale": ["us", "es", "us"],
    }
)


def load(tmp_path, examples=EXAMPLES, products=PRODUCTS, **options):
    folder = tmp_path / "esci"
    folder.mkdir()
    if examples is not None:
        examples.write_parquet(folder / "shopping_queries_dataset_examples.parquet")
    if products is not None:
        products.write_parquet(folder / "shopping_queries_dataset_products.parquet")
    settings = SourceSettings(paths=[str(folder)], kind="esci", options=options)
    loaded = esci.load(settings, tmp_path)
    return loaded.records.collect(), loaded


def test_an_example_has_the_product_of_its_locale(tmp_path):
    records, loaded = load(tmp_path)
    assert records["record_id"].to_list() == ["0", "1", "2", "3"]
    assert records["title"].to_list() == ["Red mug", "Blue mug", "Taza roja", None]
    first = records.row(0, named=True)
    assert (first["task"], first["query"], first["brand"]) == ("query_product", "mug", "Acme")
    assert (first["target"], first["options"]) == ("E", ["E", "S", "C", "I"])
    assert first["identifiers"] == [{"kind": "asin", "value": "B1"}]
    assert [p["source"] for p in first["paragraphs"]] == ["title", "description", "bullet_point"]
    assert records["split_hint"].to_list() == ["train", "train", "test", "test"]
    assert json.loads(first["extra"])["query_id"] == 10
    assert loaded.notes == [
        "1 example without a product: the products do not have its id and locale"
    ]


def test_a_blank_text_is_no_text(tmp_path):
    records, _ = load(tmp_path)
    assert records["description"].to_list() == ["Big", None, None, None]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({}, ["0", "1", "2", "3"]),
        ({"version": "small"}, ["0", "1"]),
        ({"version": "large"}, ["0", "1", "2", "3"]),
        ({"locale": "ES"}, ["2"]),
        ({"version": "small", "locale": "us"}, ["0", "1"]),
    ],
)
def test_version_and_locale_choose_examples(tmp_path, options, ids):
    records, loaded = load(tmp_path, **options)
    assert records["record_id"].to_list() == ids
    left_out = [note for note in loaded.notes if "left out, as asked" in note]
    assert bool(left_out) == (len(ids) < 4)


def test_a_locale_that_no_example_has_names_those_there(tmp_path):
    with pytest.raises(InputError, match="Locales there: es, us"):
        load(tmp_path, locale="jp")


def test_examples_and_products_of_other_datasets_are_refused(tmp_path):
    strangers = PRODUCTS.with_columns(pl.col("product_id") + "-other")
    with pytest.raises(InputError, match="do not belong together: 0 of 4 examples") as caught:
        load(tmp_path, products=strangers)
    assert "\n" not in str(caught.value)


def test_products_alone_ask_for_the_examples(tmp_path):
    with pytest.raises(InputError, match="no column 'esci_label'"):
        load(tmp_path, examples=None)


def test_examples_alone_are_records_without_titles(tmp_path):
    records, _ = load(tmp_path, products=None)
    assert records["title"].null_count() == 4
    assert records["identifiers"].null_count() == 0


def test_an_unknown_label_and_a_missing_query_go_to_the_quarantine(tmp_path):
    examples = EXAMPLES.with_columns(
        esci_label=pl.Series(["E", "X", None, "I"]), query=pl.Series(["mug", "mug", "taza", " "])
    )
    records, loaded = load(tmp_path, examples=examples)
    assert records["record_id"].to_list() == ["0"]
    assert loaded.quarantine["file"].str.ends_with("_examples.parquet").all()
    assert loaded.quarantine.select("line", "reason").rows() == [
        (2, "the label is 'X', expected E, S, C or I"),
        (3, "the label is empty, expected E, S, C or I"),
        (4, "no query"),
    ]


def test_a_product_that_is_there_twice_counts_once(tmp_path):
    again = PRODUCTS.head(1).with_columns(product_title=pl.lit("Another title"))
    records, _ = load(tmp_path, products=pl.concat([PRODUCTS, again]))
    assert records.height == 4
    assert records["title"][0] == "Red mug"


def test_a_table_that_is_joined_already_keeps_its_words_for_labels(tmp_path):
    joined = EXAMPLES.head(2).with_columns(
        esci_label=pl.Series(["Exact", "Irrelevant"]), product_title=pl.Series(["a", "b"])
    )
    records, _ = load(tmp_path, examples=joined, products=None)
    assert records["title"].to_list() == ["a", "b"]
    assert records["target"].to_list() == ["Exact", "Irrelevant"]
    assert records["options"][0].to_list() == ["Exact", "Substitute", "Complement", "Irrelevant"]


def test_the_order_of_the_files_does_not_matter(tmp_path):
    paths = [tmp_path / "p.parquet", tmp_path / "e.parquet"]
    PRODUCTS.write_parquet(paths[0])
    EXAMPLES.write_parquet(paths[1])
    found = []
    for n, order in enumerate((paths, paths[::-1])):
        scratch = tmp_path / str(n)
        scratch.mkdir()
        settings = SourceSettings(paths=[str(p) for p in order], kind="esci")
        found.append(esci.load(settings, scratch).records.collect())
    assert found[0].equals(found[1])
