from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.exports.bundle import BLOCK
from curation.exports.columns import features_of, line_columns, record_columns
from curation.exports.manifest import dataset_sha, manifest_of, notes_of, without_nan
from curation.exports.settings import ExportSettings

THREE = [
    {"record_id": "a", "title": "Tea", "brand": "X", "category_path": ["Food", "Tea"]},
    {"record_id": "b", "title": "Mug", "brand": "Y", "category_path": ["Home", "Mugs"]},
    {"record_id": "c", "title": "Pot", "brand": "Z", "category_path": ["Home", "Pots"]},
]
SPLITS = ["train", "validation", "test"]


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_hashes_and_counts_are_those_of_the_files(gold, write) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(THREE), SPLITS, copies={"a": 3})
    names = {str(p.relative_to(made.folder)) for p in made.folder.rglob("*.jsonl")}
    assert names == set(made.bundle.files)
    for name, facts in made.bundle.files.items():
        body = (made.folder / name).read_bytes()
        assert facts == {
            "sha256": sha256(body),
            "n_lines": body.count(b"\n"),
            "bytes": len(body),
        }
    assert made.bundle.files["train.jsonl"]["n_lines"] == 3


def test_each_record_names_the_line_that_it_belongs_to(gold, write) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(THREE), SPLITS, copies={"a": 2}, mask_field="title", mask_probability=0.5)
    seen = []
    for split in SPLITS:
        lines = made.lines(f"{split}.jsonl")
        for record in map(json.loads, made.lines(f"records/{split}.jsonl")):
            line = lines[record["line"] - 1]
            assert record["example_hash"] == sha256(line.encode())
            assert record["split"] == split
            seen.append((record["example_id"], split, record["copy"], record["example_hash"]))
    assert sorted(made.bundle.lines.rows()) == sorted(seen)


def test_a_masked_field_is_hidden_from_the_model_and_kept_in_the_record(gold, write) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(THREE), SPLITS, format="alpaca", mask_field="title", mask_probability=1)
    [line], [record] = made.lines("train.jsonl"), made.lines("records/train.jsonl")
    assert json.loads(json.loads(line)["input"])["title"] is None
    assert json.loads(record)["title"] == "Tea"
    assert json.loads(record)["masked"] == "title"
    [line] = made.lines("test.jsonl")
    assert json.loads(json.loads(line)["input"])["title"] == "Pot"


def test_records_as_the_format_hide_the_masked_field_too(gold, write) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(THREE), SPLITS, format="records", mask_field="brand", mask_probability=1)
    [line], [record] = made.lines("train.jsonl"), made.lines("records/train.jsonl")
    assert (json.loads(line)["brand"], json.loads(record)["brand"]) == (None, "X")
    assert json.loads(record)["example_hash"] == sha256(line.encode())


def test_a_split_without_rows_has_no_file(gold, write) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(THREE), ["train", "train", "test"])
    assert sorted(p.name for p in made.folder.glob("*.jsonl")) == ["test.jsonl", "train.jsonl"]


def test_rows_of_several_blocks_stay_in_the_order_of_the_plan(gold, write) -> None:  # type: ignore[no-untyped-def]
    n = BLOCK + 7
    rows = gold([{"record_id": "a", "title": "Tea", "category_path": ["Food"]}])
    many = rows.drop("record_id").join(
        pl.DataFrame({"record_id": [f"r{i}" for i in range(n)]}), how="cross"
    )
    made = write(many.select(rows.columns), ["train"] * n, format="alpaca")
    records = pl.read_ndjson(made.folder / "records/train.jsonl", infer_schema_length=10)
    assert records["line"].to_list() == list(range(1, n + 1))
    assert records["example_id"].equals(made.plan.rows["record_id"].rename("example_id"))
    assert made.bundle.files["train.jsonl"]["n_lines"] == n


def test_the_same_gold_in_another_order_gives_the_same_bytes(gold, write) -> None:  # type: ignore[no-untyped-def]
    chosen: dict[str, Any] = {"mask_field": "title", "mask_probability": 0.5}
    one = write(gold(THREE), ["train", "train", "test"], **chosen)
    rows = gold([THREE[2], THREE[0], THREE[1]])
    other = write(rows, ["test", "train", "train"], **chosen)
    files = {name: f["sha256"] for name, f in one.bundle.files.items() if "records" not in name}
    assert files == {n: f["sha256"] for n, f in other.bundle.files.items() if "records" not in n}


def test_the_dataset_hash_changes_with_content_and_format_and_not_with_the_name(
    gold, write
) -> None:  # type: ignore[no-untyped-def]
    def sha(rows: list[dict[str, Any]], **settings: Any) -> str:
        made = write(gold(rows), SPLITS, **settings)
        return dataset_sha(made.bundle, ExportSettings(**settings))

    first = sha(THREE)
    assert first == sha(THREE)
    assert first == sha(THREE, name="other")
    changed = [{**THREE[0], "brand": "W"}, *THREE[1:]]
    others = {sha(changed), sha(THREE, format="alpaca"), sha(THREE, seed=8), first}
    assert len(others) == 4


def test_the_manifest_counts_what_is_in_and_what_is_not(gold, write) -> None:  # type: ignore[no-untyped-def]
    rows = [*THREE, {"record_id": "d", "title": "?", "category_path": None}]
    made = write(gold(rows), [*SPLITS, "train"], copies={"a": 2, "d": 1}, mask_field="title")
    chosen = ExportSettings(mask_field="title")
    manifest = manifest_of(made.plan, made.bundle, chosen, {}, certificate={"x": float("nan")})
    assert manifest["rows"]["train"] == {
        "n_rows": 2,
        "n_records": 1,
        "n_groups": 1,
        "by_task": {"classification": 2},
        "by_category": {"Food > Tea": 2},
        "by_label_source": {"source": 1},
    }
    assert manifest["left_out"] == {"n_records": 1, "reasons": {"no category": 1}}
    assert manifest["label_sources"] == {"source": 3}
    assert manifest["masked"]["n_maskable"] == 2
    assert manifest["certificate"] == {"x": None}
    json.dumps(manifest, allow_nan=False)
    assert notes_of(made.plan, chosen)[0] == "1 record left out: no category"


def test_an_export_of_nothing_has_no_files_and_says_why(gold, write) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(THREE), [None, None, None])
    assert made.bundle.files == {}
    assert made.bundle.lines.is_empty()
    assert notes_of(made.plan, ExportSettings()) == ["3 records left out: in no split"]


def test_a_real_catalog_reads_back_as_it_is(shared_data: Path, gold, write) -> None:  # type: ignore[no-untyped-def]
    source = shared_data / "catalogs" / "bigbasket" / "BigBasket_Products.csv"
    rows = pl.read_csv(source, infer_schema=False, truncate_ragged_lines=True).select(
        pl.int_range(pl.len()).cast(pl.String).alias("record_id"),
        pl.col("product").alias("title"),
        "brand",
        "description",
        pl.concat_list("category", "sub_category").alias("category_path"),
    )
    wanted = {row["record_id"]: row for row in rows.to_dicts()}
    full = gold(rows.head(1).to_dicts()).clear()
    frame = pl.concat([full, rows], how="diagonal_relaxed").with_columns(
        pl.lit("source").alias("label_source")
    )
    made = write(frame, ["test"] * rows.height, format="alpaca")
    lines, records = made.lines("test.jsonl"), made.lines("records/test.jsonl")
    assert len(lines) == len(records) == rows.height
    for line, record in zip(map(json.loads, lines), map(json.loads, records), strict=True):
        row = wanted[record["example_id"]]
        product = {key: row[key] for key in ("title", "brand", "description")}
        assert json.loads(line["input"]) == product
        assert {key: record[key] for key in product} == product
        assert json.loads(line["output"]) == {"category_path": row["category_path"]}


def test_nan_becomes_null_at_any_depth() -> None:
    body = {"a": [float("nan"), {"b": (float("inf"), 1.5)}]}
    assert without_nan(body) == {"a": [None, {"b": [None, 1.5]}]}


VARIED: list[dict[str, Any]] = [
    {**THREE[0], "title": 'a "b"\n\u2028 <|im_end|>', "attributes": [("Size", ["L"])]},
    {**THREE[1], "identifiers": [{"kind": "sku", "value": "1"}]},
    {**THREE[2], "attributes": [("Colour", [])]},
]


@pytest.fixture
def load_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Hugging Face's own reader, without a network and with its cache in a temporary folder."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    def load(folder: Path, **more: Any) -> Any:
        files = {split: str(folder / f"{split}.jsonl") for split in SPLITS}
        return load_dataset("json", data_files=files, cache_dir=str(tmp_path / "cache"), **more)

    return load


@pytest.mark.parametrize("form", ["openai-chat", "alpaca", "sharegpt", "prompt-completion"])
def test_hugging_face_datasets_load_it_offline(form: str, gold, write, load_offline) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(VARIED), SPLITS, format=form, targets=["category", "attributes"])
    loaded = load_offline(made.folder)
    for split in SPLITS:
        assert loaded[split].to_list() == [json.loads(made.lines(f"{split}.jsonl")[0])]


def test_hugging_face_datasets_load_records_by_the_columns_of_the_card(
    gold, write, load_offline
) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(VARIED), SPLITS, format="records")
    features = features_of(line_columns(ExportSettings(format="records")))
    loaded = load_offline(made.folder, features=features)
    for split in SPLITS:
        assert loaded[split].to_list() == [json.loads(made.lines(f"{split}.jsonl")[0])]


def test_the_records_beside_a_main_file_have_the_columns_of_the_card(gold, write) -> None:  # type: ignore[no-untyped-def]
    made = write(gold(VARIED), SPLITS)
    [record] = map(json.loads, made.lines("records/train.jsonl"))
    assert list(record) == [column["name"] for column in record_columns()]


def test_a_template_changes_the_dataset_hash_and_the_hash_of_the_prompts(gold, write) -> None:  # type: ignore[no-untyped-def]
    shas = set()
    for template in ("{product_json}", "{title}", "Sort {title}"):
        chosen = {"templates": {"classification": template}}
        made = write(gold(THREE), SPLITS, **chosen)
        manifest = manifest_of(made.plan, made.bundle, ExportSettings(**chosen), {})
        assert manifest["prompts"]["classification"]["template"] == template
        shas |= {manifest["prompts_sha"], manifest["dataset_sha"]}
    assert len(shas) == 6
