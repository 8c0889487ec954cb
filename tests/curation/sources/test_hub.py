import json

import polars as pl
import pytest

import datasets
from catalog.errors import InputError
from curation.sources.columns import ColumnMap
from curation.sources.kinds import guess_kind, kind_named
from curation.sources.settings import SourceSettings

ROWS = {"train": [("1", "Red mug"), ("2", "Blue mug")], "test": [("3", "Tea")]}


def load(tmp_path, path, columns=None, **options):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    settings = SourceSettings(
        paths=[str(path)],
        kind="hub",
        columns=columns or ColumnMap(record_id="id", title="name", split_hint="split"),
        options=options,
    )
    loaded = kind_named("hub").load(settings, scratch, None)
    return loaded.records.collect(), loaded


def write(folder, form):
    (folder / "data").mkdir(parents=True)
    for split, rows in ROWS.items():
        frame = pl.DataFrame(rows, schema=["id", "name"], orient="row")
        path = folder / "data" / f"{split}.{form}"
        {"parquet": frame.write_parquet, "csv": frame.write_csv, "jsonl": frame.write_ndjson}[form](
            path
        )
    return folder


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("prefix", ["hub:", ""])
def test_a_local_folder_in_a_layout_of_datasets_is_read(tmp_path, form, prefix):
    folder = write(tmp_path / "set", form)
    records, loaded = load(tmp_path, f"{prefix}{folder}")
    assert sorted(records.select("record_id", "title", "split_hint").rows()) == [
        ("1", "Red mug", "train"), ("2", "Blue mug", "train"), ("3", "Tea", "test"),
    ]  # fmt: skip
    assert loaded.figures["kind"] == "catalog"


def test_split_and_limit_choose_rows(tmp_path):
    folder = write(tmp_path / "set", "parquet")
    columns = ColumnMap(record_id="id", title="name")
    records, _ = load(tmp_path, f"hub:{folder}", columns, split="train", limit=1)
    assert records.select("record_id", "split_hint").rows() == [("1", None)]


def test_a_split_or_config_that_is_not_there_is_named(tmp_path):
    folder = write(tmp_path / "set", "parquet")
    with pytest.raises(InputError, match=r"no split 'dev'\. Splits: train, test"):
        load(tmp_path, f"hub:{folder}", split="dev")
    (tmp_path / "again").mkdir()
    with pytest.raises(InputError, match="'de' not found") as caught:
        load(tmp_path / "again", f"hub:{folder}", config="de")
    assert "\n" not in str(caught.value)


def test_what_save_to_disk_wrote_reads_back_with_labels_by_name(tmp_path):
    features = datasets.Features(
        {"id": datasets.Value("string"), "name": datasets.Value("string"),
         "kind": datasets.ClassLabel(names=["cup", "drink"])}
    )  # fmt: skip
    rows = {"id": ["1", "2"], "name": ["Mug", "Tea"], "kind": [0, 1]}
    whole = datasets.DatasetDict({"train": datasets.Dataset.from_dict(rows, features=features)})
    whole.save_to_disk(str(tmp_path / "saved"))
    columns = ColumnMap(record_id="id", title="name", category=["kind"])
    records, _ = load(tmp_path, tmp_path / "saved", columns)
    assert records["category_path"].to_list() == [["cup"], ["drink"]]
    assert guess_kind([str(tmp_path / "saved")]).name == "hub"


def test_the_kind_of_the_rows_is_found_by_their_columns(tmp_path):
    folder = tmp_path / "ECInstruct"
    folder.mkdir()
    body = json.dumps({"question": "big?", "document": ["yes"]})
    rows = [
        {"task": "Answerability_Prediction", "setting": setting, "split": "val",
         "instruction": "i", "input": body, "options": None, "output": "yes"}
        for setting in ("IND_Diverse_Instruction", "OOD_Single_Instruction")
    ]  # fmt: skip
    (folder / "dataset.json").write_text(json.dumps(rows))
    records, loaded = load(tmp_path, f"hub:{folder}", setting="OOD_Single_Instruction")
    assert loaded.figures["kind"] == "ecinstruct"
    assert records.select("question", "target", "split_hint").rows() == [("big?", "yes", "val")]
    assert str(tmp_path / "scratch") not in json.dumps(loaded.figures)


def test_options_that_no_kind_has_are_refused(tmp_path):
    folder = write(tmp_path / "set", "parquet")
    with pytest.raises(InputError, match="--option sepal"):
        load(tmp_path, f"hub:{folder}", sepal="1")


def test_a_hub_out_of_reach_is_one_clear_line(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "https://nowhere.invalid")
    with pytest.raises(InputError, match=r"nowhere\.invalid cannot be reached") as caught:
        load(tmp_path, "hub:NingLab/ECInstruct")
    assert "\n" not in str(caught.value)


def test_a_name_of_the_hub_is_of_the_kind_hub():
    assert guess_kind(["hub:NingLab/ECInstruct"]).name == "hub"
