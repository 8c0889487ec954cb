"""Every folder of the real data loads by its source, with the counts its publisher gives."""

import polars as pl
import pytest

from catalog.records import RECORD_SCHEMA
from curation.sources.kinds import guess_kind, kind_named
from curation.sources.settings import SourceSettings

EC, ES, EX = "ecinstruct", "esci", "attributes/extractgpt"
WDC, GPT = "attributes/wdc-pave", "attributes/wdc-pave-gpt/cleaned"
PAIRS = "pairs/Structured_Amazon-Google"

COUNTS = [
    # paths, kind, options, records, quarantined
    ([f"{EC}/Multiclass_Product_Classification_test.json"], "ecinstruct", {}, 2_000, 0),
    ([f"{EC}/Product_Relation_Prediction_test.json"], "ecinstruct", {}, 2_000, 0),
    ([f"{EC}/Product_Substitute_Identification_test.json"], "ecinstruct", {}, 2_000, 0),
    ([f"{EC}/Product_Matching_test.json"], "ecinstruct", {}, 446, 0),
    ([f"{EC}/query_product_ranking_labels.json"], "ecinstruct", {}, 1_000, 0),
    ([EC], "ecinstruct", {}, 3 * 2_000 + 446 + 1_000, 0),
    ([EC], "ecinstruct", {"task": "Product_Matching"}, 446 + 1_000, 0),
    ([f"{ES}/esci_us_judgments_150q.csv"], "esci", {}, 6_678, 0),
    ([f"{ES}/esci_rows_from_ecinstruct_mpc.csv"], "esci", {}, 2_000, 0),
    ([ES], "esci", {}, 6_678 + 2_000, 0),
    ([f"{EX}/ae-110k/train.jsonl"], "extractgpt", {}, 1_568, 0),
    ([f"{EX}/ae-110k/test.jsonl"], "extractgpt", {}, 524, 0),
    ([f"{EX}/ae-110k/train_0.2.jsonl"], "extractgpt", {}, 311, 0),
    # train_0.2 is a part of train: left out, and counted
    ([f"{EX}/ae-110k"], "extractgpt", {}, 1_568 + 524, 0),
    ([f"{EX}/oa-mine/train.jsonl"], "extractgpt", {}, 1_452, 0),
    ([f"{EX}/oa-mine/test.jsonl"], "extractgpt", {}, 491, 0),
    ([f"{EX}/oa-mine/train_0.2.jsonl"], "extractgpt", {}, 286, 0),
    ([f"{WDC}/final_target_scores.jsonl"], "wdc-pave", {}, 1_420, 0),
    ([f"{WDC}/final_target_scores.jsonl", f"{WDC}/descriptions.csv"], "wdc-pave", {}, 1_420, 0),
    ([f"{GPT}/cleaned_with_gold.jsonl"], "wdc-pave", {}, 1_420, 0),
    ([f"{GPT}/train.jsonl"], "wdc-pave", {}, 994, 0),
    ([f"{GPT}/val.jsonl"], "wdc-pave", {}, 142, 0),
    ([f"{GPT}/test.jsonl"], "wdc-pave", {}, 284, 0),
    ([GPT], "wdc-pave", {}, 994 + 142 + 284, 0),
    ([f"{PAIRS}/train.txt"], "pairs", {}, 6_874, 0),
    ([f"{PAIRS}/valid.txt"], "pairs", {}, 2_293, 0),
    ([f"{PAIRS}/test.txt"], "pairs", {}, 2_293, 0),
    (["pairs"], "pairs", {}, 11_460, 0),
    (["attributes/mave/mave_readme_example.jsonl"], "mave", {}, 1, 0),
    # one attribute a line: 9,256 positive and 5,802 negative lines of 1,420 offers
    ([f"{WDC}/mave_format"], "mave", {}, 1_420, 0),
    ([f"{WDC}/mave_format"], "mave", {"merge": "id"}, 9_256 + 5_802, 0),
]


def load(paths, kind, options, scratch):
    scratch.mkdir()
    settings = SourceSettings(paths=[str(p) for p in paths], kind=kind, options=options)
    return kind_named(kind).load(settings, scratch, None)


def records_of(loaded):
    records = loaded.records
    return (records if isinstance(records, pl.LazyFrame) else pl.scan_parquet(records)).collect()


@pytest.mark.parametrize(
    ("paths", "kind", "options", "n_records", "n_quarantined"),
    COUNTS,
    ids=[f"{kind}-{paths[-1].rsplit('/')[-1]}-{n}" for n, (paths, kind, *_) in enumerate(COUNTS)],
)
def test_a_folder_of_real_data_has_the_published_number_of_records(
    shared_data, tmp_path, paths, kind, options, n_records, n_quarantined
):
    there = [shared_data / path for path in paths]
    loaded = load(there, kind, options, tmp_path / "scratch")
    records = records_of(loaded)
    assert (records.height, loaded.quarantine.height) == (n_records, n_quarantined)
    assert dict(records.schema) == dict(RECORD_SCHEMA)
    assert records["record_id"].n_unique() == n_records
    assert records["record_id"].null_count() == records["task"].null_count() == 0


KINDS_OF_PATHS = sorted({(paths[0], kind) for paths, kind, *_ in COUNTS})
CATALOGS = [
    "catalogs/bigbasket/BigBasket_Products.csv",
    "catalogs/electronics/amazon_electronics_catalog.csv",
    "catalogs/electronics/walmart_electronics_catalog.csv",
]


@pytest.mark.parametrize(
    ("path", "kind"), KINDS_OF_PATHS + [(path, "catalog") for path in CATALOGS]
)
def test_the_kind_of_a_real_file_is_guessed_from_its_content(shared_data, path, kind):
    assert guess_kind([str(shared_data / path)]).name == kind


@pytest.mark.parametrize(("path", "kind"), [p for p in KINDS_OF_PATHS if "." in p[0][-6:]])
def test_the_name_of_a_file_does_not_decide_its_kind(shared_data, tmp_path, path, kind):
    copy = tmp_path / "things"
    copy.write_bytes((shared_data / path).read_bytes())
    guessed = guess_kind([str(copy)]).name
    # ECInstruct's single files name their task in their name alone
    assert guessed == ("catalog" if kind == "ecinstruct" and "labels" not in path else kind)


def test_what_models_answered_is_no_source_of_records(shared_data):
    for folder in ("attributes/extractgpt/predictions", "attributes/wdc-pave-gpt/predictions"):
        for path in sorted((shared_data / folder).iterdir()):
            assert guess_kind([str(path)]).name == "catalog"


def test_labels_of_the_real_judgments_are_as_published(shared_data, tmp_path):
    path = shared_data / ES / "esci_us_judgments_150q.csv"
    loaded = load([path], "esci", {}, tmp_path / "s")
    assert loaded.figures["by_label"] == {"C": 305, "E": 3_389, "I": 1_086, "S": 1_898}
    assert loaded.figures["n_queries"] == 150


def test_options_fused_into_the_input_are_parted_in_every_real_row(shared_data, tmp_path):
    path = shared_data / EC / "Multiclass_Product_Classification_test.json"
    records = records_of(load([path], "ecinstruct", {}, tmp_path / "s"))
    assert records["options"].list.len().unique().to_list() == [4]
    assert records.select(pl.col("target").is_in(pl.col("options")).all()).item()
    letters = records["target"].str.head(1).value_counts().sort("target").rows()
    assert letters == [("A", 1_024), ("B", 739), ("C", 77), ("D", 160)]
    assert records.select(pl.col("query", "title").is_not_null().all()).row(0) == (True, True)


def test_pairs_have_the_published_share_of_matches(shared_data, tmp_path):
    loaded = load([shared_data / PAIRS], "pairs", {}, tmp_path / "s")
    # Amazon-Google (Magellan): 11,460 pairs, 1,167 of them match
    assert loaded.figures["by_label"] == {"0": 11_460 - 1_167, "1": 1_167}


def test_attribute_pairs_of_the_test_sets_are_as_published(shared_data, tmp_path):
    for name, n_attributes in (("ae-110k", 1_482), ("oa-mine", 2_451)):
        loaded = load([shared_data / EX / name / "test.jsonl"], "extractgpt", {}, tmp_path / name)
        assert loaded.figures["n_attributes"] == n_attributes


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{EX}/oa-mine/train.jsonl", "extractgpt"),
        (f"{WDC}/final_target_scores.jsonl", "wdc-pave"),
        (f"{GPT}/train.jsonl", "wdc-pave"),
    ],
)
def test_every_placed_value_reads_back_from_its_text(shared_data, tmp_path, path, kind):
    records = records_of(load([shared_data / path], kind, {}, tmp_path / "s"))
    n_placed = 0
    for paragraphs, attributes in records.select("paragraphs", "attributes").iter_rows():
        for evidence in (e for a in attributes for e in a["evidences"]):
            if evidence["pid"] is not None:
                text = paragraphs[evidence["pid"]]["text"]
                assert text[evidence["begin"] : evidence["end"]] == evidence["value"]
                n_placed += 1
    assert n_placed > 1_000
