"""Sources of queries, questions, pairs and instructions, the whole way through the steps."""

import json

import polars as pl
import pytest

from workspace import way
from workspace.files.vote_files import VoteFile, agree_file
from workspace.opening import Declared, init_workspace
from workspace.settings import change_settings
from workspace.workspace import Workspace

STEPS = ["load", "check", "label", "agree", "queue", "curate", "split", "balance", "export"]


def opened(folder, paths, **declared):
    init_workspace(folder, Declared(paths=[str(p) for p in paths], **declared))
    return Workspace(folder)


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "train-qar.jsonl"
    rows = [
        {"questionText": f"Does part {n} fit number {n * 7}?", "asin": f"B{n // 3}", "qid": n,
         "questionType": "yesno", "review_snippets": [f"snippet {n}"],
         "answers": [{"answerText": f"yes {n}", "helpful": [1, 1]}]}
        for n in range(60)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_questions_without_titles_and_categories_go_the_whole_way(tmp_path, questions):
    workspace = opened(tmp_path / "w", [questions])
    assert workspace.settings.source.kind == "amazonqa"
    made = {snapshot.step: snapshot for snapshot in way.run(workspace)}
    assert list(made) == STEPS
    assert made["curate"].counts == {"gold": 60, "changes": 0, "dropped": 0}
    assert made["check"].read("issues").filter(pl.col("severity") == "error").is_empty()


def test_questions_about_one_product_stay_together(tmp_path, questions):
    workspace = opened(tmp_path / "w", [questions])
    made = {snapshot.step: snapshot for snapshot in way.run(workspace, "split")}
    placed = (
        made["split"]
        .read("split")
        .join(made["load"].read("records").select("record_id", "identifiers"), on="record_id")
    )
    product = pl.col("identifiers").list.first().struct.field("value")
    assert placed.group_by(product).agg(pl.col("split").n_unique())["split"].unique().to_list() == [
        1
    ]


def test_no_query_crosses_a_split_and_the_publishers_split_is_honoured_on_request(tmp_path):
    n = 200
    examples = pl.DataFrame(
        {
            "example_id": range(n),
            "query": [f"query {i // 10}" for i in range(n)],
            "product_id": [f"B{i}" for i in range(n)],
            "product_title": [f"thing {i} of {i * 13} and {i * 17}" for i in range(n)],
            "esci_label": ["E", "S", "C", "I"] * (n // 4),
            "split": ["test" if i // 10 % 4 == 0 else "train" for i in range(n)],
        }
    )
    examples.write_parquet(tmp_path / "examples.parquet")
    workspace = opened(tmp_path / "w", [tmp_path / "examples.parquet"])
    made = {snapshot.step: snapshot for snapshot in way.run(workspace, "split")}
    records = made["load"].read("records").select("record_id", "query", "split_hint")
    placed = made["split"].read("split").join(records, on="record_id")
    assert placed.group_by("query").agg(pl.col("split").n_unique())["split"].max() == 1
    assert set(placed["split"]) == {"train", "validation", "test"}
    change_settings(workspace.layout.settings, "split", {"keep_publisher": True})
    kept = (
        way.run(Workspace(tmp_path / "w"), "split")[-1].read("split").join(records, on="record_id")
    )
    assert (kept["split"] == kept["split_hint"]).all()


REAL = [
    (["ecinstruct/Product_Matching_test.json"], "ecinstruct", 446),
    (["ecinstruct/Product_Relation_Prediction_test.json"], "ecinstruct", 2_000),
    (["esci/esci_us_judgments_150q.csv"], "esci", 6_678),
    (["pairs/Structured_Amazon-Google/test.txt"], "pairs", 2_293),
    (["attributes/extractgpt/oa-mine/test.jsonl"], "extractgpt", 491),
    (["attributes/wdc-pave-gpt/cleaned/val.jsonl"], "wdc-pave", 142),
]


@pytest.mark.parametrize(("paths", "kind", "n_records"), REAL, ids=[paths[0] for paths, *_ in REAL])
def test_real_data_of_every_task_goes_the_whole_way(shared_data, tmp_path, paths, kind, n_records):
    workspace = opened(tmp_path / "w", [shared_data / path for path in paths])
    assert workspace.settings.source.kind == kind
    made = {snapshot.step: snapshot for snapshot in way.run(workspace)}
    assert list(made) == STEPS
    assert made["load"].counts["records"] == n_records
    curated = made["curate"].counts
    assert curated["gold"] + curated["dropped"] == n_records
    assert curated["gold"] > 0.9 * n_records
    assert set(made["split"].read("split")["split"]) == {"train", "validation", "test"}
    assert made["export"].counts["lines"] > 0


def test_a_hub_dataset_of_another_kind_is_guessed_written_and_loaded(tmp_path):
    folder = tmp_path / "set"
    (folder / "data").mkdir(parents=True)
    rows = {"query": ["mug", "tea"], "product_title": ["a", "b"], "esci_label": ["E", "I"]}
    pl.DataFrame(rows).write_parquet(folder / "data" / "train.parquet")
    workspace = opened(tmp_path / "w", [f"hub:{folder}"])
    source = workspace.settings.source
    assert (source.kind, source.options) == ("hub", {"kind": "esci"})
    records = way.run(workspace, "load")[-1].read("records")
    assert sorted(records["query"]) == ["mug", "tea"]


def test_columns_of_a_hub_dataset_are_guessed_and_overruled(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    rows = {"name": ["Red mug", "Tea"], "maker": ["A", "B"], "dept": ["x", "y"]}
    pl.DataFrame(rows).write_csv(folder / "train.csv")
    workspace = opened(tmp_path / "w", [f"hub:{folder}"], maps=["brand=maker", "category=dept"])
    records = way.run(workspace, "load")[-1].read("records")
    assert records.select("title", "brand").rows() == [("Red mug", "A"), ("Tea", "B")]
    assert records["category_path"].to_list() == [["x"], ["y"]]


SNOW = {"item": "orig_id", "annotator": "!amt_worker_ids", "label": "response"}
GAL = {"item": "column_2", "annotator": "column_1", "label": "column_3", "has_header": False}
KRIPPENDORFF = {"item": "unit", "annotator": "rater", "label": "value"}
VOTES = [
    ("snow2008/rte.standardized.tsv", SNOW, 8_000),
    ("snow2008/temp.standardized.tsv", SNOW, 4_620),
    ("snow2008/wsd.standardized.tsv", SNOW, 1_770),
    ("get-another-label/BarzanMozafari/labels.txt", GAL, 5_000),
    ("get-another-label/CopyrightInfringement/labels.txt", GAL, 7_540 - 1_588),
    ("krippendorff/krippendorff2011_4obs12units.csv", KRIPPENDORFF, 41),
    # 26 values can be paired, one unit has a single value
    ("krippendorff/wikipedia_3coders15units.csv", KRIPPENDORFF, 27),
]


@pytest.mark.parametrize(("path", "asked", "n_votes"), VOTES, ids=[path for path, *_ in VOTES])
def test_every_file_of_real_votes_is_read_by_agree(shared_data, path, asked, n_votes):
    counts = agree_file(VoteFile(shared_data / "votes" / path, **asked)).counts
    assert counts["n_votes"] == n_votes
