"""Agreement of plain files of votes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from catalog.errors import InputError
from workspace.files.vote_files import VoteFile, agree_file

ROWS = pl.DataFrame(
    {
        "item": ["1", "1", "2", "2", "3", "3", "4"],
        "annotator": ["a", "b", "a", "b", "a", "b", "a"],
        "label": ["1", "1", "1", "2", "2", "2", "3"],
    }
)


def write(path: Path, frame: pl.DataFrame = ROWS) -> Path:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".xlsx":
        frame.write_excel(path)
    elif path.suffix == ".jsonl":
        frame.write_ndjson(path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    else:
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["v.csv", "v.tsv", "v.jsonl", "v.parquet", "v.xlsx", "v.csv.gz"])
def test_any_kind_of_file_gives_the_same_numbers(tmp_path, name):
    body = agree_file(VoteFile(write(tmp_path / name))).as_json()
    assert body["percent_agreement"] == pytest.approx(2 / 3)
    # n = 6 votes, 3 for 1 and 3 for 2; within 2; expected 36 - 18 = 18; alpha = 1 - 5 * 2 / 18.
    assert body["krippendorff_alpha"] == pytest.approx(1 - 5 * 2 / 18)
    assert [body[k] for k in ("n_items", "n_paired_items", "n_annotators", "n_votes")] == [
        4,
        3,
        2,
        7,
    ]
    assert body["intervals"]["krippendorff_alpha"]["low"] < body["krippendorff_alpha"]
    json.dumps(body, allow_nan=False)


def test_undefined_is_null_with_a_reason(tmp_path):
    body = agree_file(VoteFile(write(tmp_path / "v.csv", ROWS.filter(annotator="a")))).as_json()
    for name in ("percent_agreement", "fleiss_kappa", "krippendorff_alpha"):
        assert body[name] is None
        assert body["reasons"][name] == "no item has two votes"
        assert body["intervals"][name] == {"low": None, "high": None}


def test_columns_of_any_name(tmp_path):
    path = write(
        tmp_path / "v.csv",
        ROWS.rename({"item": "unit", "annotator": "!worker id", "label": "says"}),
    )
    found = agree_file(VoteFile(path, "unit", "!worker id", "says"))
    assert found.columns == {"item": "unit", "annotator": "!worker id", "label": "says"}


def test_a_file_without_a_header(tmp_path, shared_data):
    path = tmp_path / "v.txt"
    path.write_bytes(ROWS.write_csv(include_header=False, separator="\t").encode())
    asked = VoteFile(path, "column_1", "column_2", "column_3", has_header=False)
    assert agree_file(asked).counts["n_votes"] == 7
    real = shared_data / "votes/get-another-label/CopyrightInfringement/labels.txt"
    asked = VoteFile(real, "column_2", "column_1", "column_3", has_header=False)
    counts = agree_file(asked).counts
    assert counts["n_repeated"] == 1_588
    assert counts["n_votes"] == 7_540 - 1_588


def test_blank_labels_are_no_votes_and_blank_names_are_left_out(tmp_path):
    frame = pl.DataFrame(
        {
            "item": ["1", "1", " ", "2"],
            "annotator": ["a", "b", "a", ""],
            "label": ["x", " ", "y", "z"],
        }
    )
    found = agree_file(VoteFile(write(tmp_path / "v.csv", frame)))
    assert (found.counts["n_votes"], found.counts["n_empty"], found.counts["n_incomplete"]) == (
        1,
        1,
        2,
    )
    assert "2 rows without an item or an annotator left out" in found.notes
    assert "1 row without a label: abstentions, not votes" in found.notes


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"item": "nope"},
            "there is no column 'nope'. Columns: item, annotator, label. Pass --item",
        ),
        ({"level": "interval"}, "label 'high' in row 3 is not a number"),
        ({"level": "ordinal"}, "--order low,middle,high"),
        (
            {"level": "odd"},
            "--level odd: expected one of nominal, ordinal, interval, ratio, taxonomy",
        ),
        ({"level": "ordinal", "order": ["1", "2"]}, "label 'high' in row 3 is not in --order"),
        ({"order": ["1", "2"]}, "--order goes with --level ordinal"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(tmp_path, asked, told):
    frame = pl.DataFrame(
        {"item": list("1122"), "annotator": list("abab"), "label": ["1", "2", "high", "1"]}
    )
    path = write(tmp_path / "v.csv", frame)
    with pytest.raises(InputError) as error:
        agree_file(VoteFile(path, **asked))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_ratios_need_numbers_from_zero_on(tmp_path):
    frame = ROWS.with_columns(label=pl.Series(["1", "1", "-1", "2", "2", "2", "3"]))
    with pytest.raises(InputError, match=r"label '-1' in row 3 is negative"):
        agree_file(VoteFile(write(tmp_path / "v.csv", frame), level="ratio"))


def test_an_empty_file_is_told(tmp_path):
    (tmp_path / "v.csv").write_text("")
    with pytest.raises(InputError, match="is empty"):
        agree_file(VoteFile(tmp_path / "v.csv"))


def test_numbers_are_compared_as_numbers(tmp_path):
    frame = pl.DataFrame(
        {"item": ["1", "1", "2", "2"], "annotator": list("abab"), "label": ["10", "10.0", "9", "9"]}
    )
    path = write(tmp_path / "v.csv", frame)
    assert agree_file(VoteFile(path, level="interval")).as_json()["krippendorff_alpha"] == 1.0
    assert agree_file(VoteFile(path, level="nominal")).as_json()["krippendorff_alpha"] < 1.0


def test_the_order_of_numbers_is_not_that_of_their_digits(shared_data):
    path = shared_data / "votes/krippendorff/krippendorff2011_4obs12units.csv"
    asked = {"item": "unit", "annotator": "rater", "label": "value", "level": "ordinal"}
    alone = agree_file(VoteFile(path, **asked)).as_json()["krippendorff_alpha"]
    named = agree_file(VoteFile(path, **asked, order=list("12345"))).as_json()["krippendorff_alpha"]
    assert alone == pytest.approx(named)
    assert round(alone, 3) == 0.815


def test_paths_at_the_level_of_a_taxonomy(tmp_path):
    labels = ["A > B", "A > C", "D", "D"]
    frame = pl.DataFrame({"item": list("1122"), "annotator": list("abab"), "label": labels})
    body = agree_file(VoteFile(write(tmp_path / "v.csv", frame), level="taxonomy")).as_json()
    # d(A>B, A>C) = 1/2: within 1; expected 2 * 1/2 + 4 + 4 = 9; alpha = 1 - 3 * 1 / 9.
    assert body["krippendorff_alpha"] == pytest.approx(2 / 3)
    assert body["levels"][0]["krippendorff_alpha"]["value"] == 1.0


def test_clusters_of_items_widen_the_interval(tmp_path):
    n = 100
    frame = pl.DataFrame(
        {
            "item": [i for i in range(n) for _ in "ab"],
            "annotator": ["a", "b"] * n,
            "label": [x for i in range(n) for x in ("xx" if i // 10 % 2 else "xy")],
            "brand": [f"b{i // 10}" for i in range(n) for _ in "ab"],
        }
    )
    path = write(tmp_path / "v.csv", frame)
    naive, told = (agree_file(VoteFile(path, cluster=c)).as_json() for c in (None, "brand"))
    widths = [b["intervals"]["percent_agreement"] for b in (naive, told)]
    assert told["n_clusters"] == 10
    assert widths[1]["high"] - widths[1]["low"] > 2 * (widths[0]["high"] - widths[0]["low"])


def test_an_item_in_two_clusters_is_refused(tmp_path):
    frame = ROWS.with_columns(brand=pl.Series(["p", "q", *"pppp", None]))
    with pytest.raises(InputError, match="item '1' stands in 2 clusters"):
        agree_file(VoteFile(write(tmp_path / "v.csv", frame), cluster="brand"))


def test_many_annotators_give_no_table_of_pairs(tmp_path):
    frame = pl.DataFrame(
        {"item": ["1"] * 31, "annotator": [str(n) for n in range(31)], "label": ["x"] * 31}
    )
    found = agree_file(VoteFile(write(tmp_path / "v.csv", frame)))
    assert found.pairwise.is_empty()
    assert "31 annotators, more than 30: no table of pairs" in found.notes


def test_the_consensus_is_written_where_asked(tmp_path):
    agree_file(VoteFile(write(tmp_path / "v.csv")), tmp_path / "out" / "c.csv")
    found = pl.read_csv(tmp_path / "out" / "c.csv", infer_schema=False)
    assert dict(found.select("item", "value").iter_rows()) == {
        "1": "1",
        "2": None,
        "3": "2",
        "4": "3",
    }
