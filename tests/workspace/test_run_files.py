import gzip
import json
import pickle

import polars as pl
import pytest

from catalog.errors import InputError
from workspace.runs.plain import (
    cluster_word,
    compare_settings,
    twin_compare_files,
    twin_score_files,
)
from workspace.runs.reading import read_card, read_gold, read_predictions

LINES = [
    {"example_id": 1, "category_path": ["A", "B"]},
    {"example_id": "2", "category_path": "A > B", "usage": {"cost_usd": 0.1}},
    {"example_id": "3", "category_path": None, "raw_output": "é\u2028\u0085x"},
]
TEXT = "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES)
EXPECTED = [("1", '["A","B"]', None), ("2", "A > B", None), ("3", None, "é\u2028\u0085x")]


def write(folder, name, body):
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path


def read(path):
    return read_predictions(path).select("example_id", "category_path", "raw_output").rows()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("p.jsonl", TEXT),
        ("p.jsonl", TEXT + "\n\n"),
        ("p.jsonl", TEXT.replace("\n", "\r\n")),
        ("p.ndjson", b"\xef\xbb\xbf" + TEXT.encode()),
        ("p.jsonl.gz", gzip.compress(TEXT.encode())),
        ("p.json", "[" + TEXT.replace("\n", ",") + "]"),
        ("p[1].jsonl", TEXT),
    ],
)
def test_json_of_any_dress_reads_alike(tmp_path, name, body):
    assert read(write(tmp_path, name, body)) == EXPECTED


def test_csv_and_parquet_hold_paths_as_texts_or_lists(tmp_path):
    csv = write(tmp_path, "p.csv", 'record_id,category\n1,A > B\n2,"[""A"",""B""]"\n')
    assert read_predictions(csv).rows() == [("1", "A > B"), ("2", '["A","B"]')]
    parquet = tmp_path / "p.parquet"
    pl.DataFrame({"id": [1], "category_path": [["A", "B"]]}).write_parquet(parquet)
    assert read_predictions(parquet).rows() == [(1, ["A", "B"])]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "is empty"),
        ("\n  \n", "is empty"),
        (TEXT[:-6], r"line 3: the last line is cut off"),
        (
            TEXT + '\n{"example_id": 4, "latency_ms": NaN}',
            r"line 4: not JSON: NaN is no JSON value",
        ),
        (TEXT + '\n{"example_id": 4,}', r"line 4: not JSON"),
        ('"x"\n' + TEXT, r"line 1: expected one JSON object a line, found"),
        (TEXT.replace("example_id", "key"), r"no column 'example_id'. Found: key, category_path"),
        (pickle.dumps([1]), "is a pickle"),
        (b"\x00\x01\x02 binary", "is not text"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_in_one_line(tmp_path, body, told):
    path = write(tmp_path, "p.jsonl", body)
    with pytest.raises(InputError, match=told) as error:
        read_predictions(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_predictions(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="is a folder"):
        read_predictions(tmp_path)


def test_a_row_of_a_csv_that_cannot_be_read_is_not_skipped(tmp_path):
    path = write(tmp_path, "p.csv", "example_id,category_path\n1,A\n2,B\n3,C\n4,D,E\n")
    with pytest.raises(InputError, match="line 5"):
        read_predictions(path)


def test_the_cluster_column_may_have_any_name(tmp_path):
    path = write(
        tmp_path, "g.jsonl", json.dumps({"example_id": 1, "category": "A", "a/b ~'\"": "x"})
    )
    rows = read_gold(path, cluster_column="a/b ~'\"")
    assert rows["a/b ~'\""].to_list() == ["x"]
    with pytest.raises(InputError, match="no column 'brand' to cluster by"):
        read_gold(path, cluster_column="brand")


def test_a_run_card_is_read_strictly(tmp_path):
    good = write(tmp_path, "run.json", json.dumps({"model": "m", "decoding": {"temperature": 0}}))
    assert read_card(good).decoding == {"temperature": 0}
    for body, told in (
        ("", "not JSON"),
        ('{"model": "m"', "not JSON"),
        ('{"model": NaN}', "NaN"),
        ("[]", "one JSON object"),
        ('{"modl": 1}', "'modl' is not"),
    ):
        with pytest.raises(InputError, match=told):
            read_card(write(tmp_path, "bad.json", body))
    with pytest.raises(InputError, match="cannot be read"):
        read_card(tmp_path / "none.json")


def test_files_of_different_kinds_are_scored_together(tmp_path):
    gold = tmp_path / "gold.parquet"
    pl.DataFrame(
        {
            "example_id": [1, 2, 3],
            "category_path": [["A", "B"], ["A", "C"], ["D"]],
            "brand": ["x", "x", "y"],
        }
    ).write_parquet(gold)
    run = write(tmp_path, "p.csv", "example_id,category_path\n3,D\n1,A > B\n2,A > B\n")
    taxonomy = write(tmp_path, "tree.txt", "A > B\nA > C\nD\n")
    scores = twin_score_files(
        "classification", gold, run, taxonomy=str(taxonomy), cluster_column="brand"
    ).strict
    assert scores.metrics["accuracy"].value == pytest.approx(2 / 3)
    assert scores.n_clusters == 2
    other = write(tmp_path, "q.csv", "example_id,category_path\n1,A > B\n2,A > C\n3,D\n")
    found = twin_compare_files("classification", gold, run, other, cluster_column="brand").strict
    assert (found.n_fixed, found.n_broken) == (1, 0)
    with pytest.raises(InputError, match="--margin 2"):
        compare_settings(margin=2)
    with pytest.raises(InputError, match="--level 0"):
        compare_settings(level=0)


@pytest.mark.parametrize(
    ("column", "word"),
    [("Brand", "brand"), ("product_id", "product"), ("group_id", "group"), (None, None)],
)
def test_a_sentence_calls_the_groups_by_their_name(column, word):
    assert cluster_word(column) == word
