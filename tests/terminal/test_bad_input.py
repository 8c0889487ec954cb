"""Each kind of broken input: one clear line on stderr, exit code 2, no figures on stdout."""

import json
import pickle

import polars as pl
import pytest

from terminal.main import run
from tests.workspace.prompted.conftest import exported  # noqa: F401

ROWS = [{"example_id": str(n), "category_path": ["Shop", f"c{n % 3}"]} for n in range(12)]


def text(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


BROKEN = {
    "duplicate keys": (text([*ROWS, ROWS[0]]).encode(), r"example_id '0' stands in 2 rows"),
    "keys of another dataset": (
        text([{**row, "example_id": "x" + row["example_id"]} for row in ROWS]).encode(),
        "none of 12 rows has an example_id of",
    ),
    "an empty file": (b"", "is empty. Expected one row for each example"),
    "NaN scores": (
        text([{**row, "score": float("nan")} for row in ROWS]).encode(),
        "line 1: not JSON: NaN is no JSON value",
    ),
    "a half-written line": (text(ROWS)[:-20].encode(), "line 12: the last line is cut off"),
    "a pickle": (pickle.dumps(ROWS), "is a pickle, and opening one can run any code"),
}


@pytest.fixture
def files(tmp_path):
    (tmp_path / "gold.jsonl").write_text(text(ROWS))
    (tmp_path / "fine.jsonl").write_text(text(ROWS))
    return tmp_path


def refused(capsys, arguments):
    """The one line that is said."""
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("verb", ["score", "score its gold", "compare"])
def test_a_broken_file_is_one_line_and_exit_2(files, capsys, kind, verb):
    content, expected = BROKEN[kind]
    broken, gold, fine = (str(files / f"{name}.jsonl") for name in ("broken", "gold", "fine"))
    (files / "broken.jsonl").write_bytes(content)
    arguments = {
        "score": ["score", "--gold", gold, "--pred", broken],
        "score its gold": ["score", "--gold", broken, "--pred", fine],
        "compare": ["compare", "--gold", gold, "--baseline", fine, "--candidate", broken],
    }[verb]
    line = refused(capsys, arguments)
    assert pl.Series([line]).str.contains(expected).item(), line
    assert "broken.jsonl" in line


@pytest.mark.parametrize("verb", ["score", "compare"])
def test_scores_that_are_nan_in_a_table_are_refused_with_their_row(files, capsys, verb):
    frame = pl.DataFrame(ROWS).with_columns(score=pl.lit(float("nan")))
    frame.write_parquet(files / "nan.parquet")
    gold, fine, nan = (str(files / n) for n in ("gold.jsonl", "fine.jsonl", "nan.parquet"))
    line = refused(
        capsys,
        ["score", "--gold", gold, "--pred", nan]
        if verb == "score"
        else ["compare", "--gold", gold, "--baseline", fine, "--candidate", nan],
    )
    assert "nan.parquet, row 1: score is nan, in 12 rows no confidence" in line


@pytest.mark.parametrize("kind", ["an empty file", "a half-written line", "a pickle"])
@pytest.mark.parametrize("name", ["test.jsonl", "records/test.jsonl"])
def test_predict_refuses_an_export_that_is_broken(exported, capsys, kind, name):  # noqa: F811
    mini = {
        "provider": "openai",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "max_tokens": 64,
    }
    workspace = exported(60, {"mini": mini})
    capsys.readouterr()
    path = workspace.layout.exports / "openai-chat" / name
    content = {
        "an empty file": b"",
        "a half-written line": path.read_bytes()[:-30],
        "a pickle": pickle.dumps(ROWS),
    }[kind]
    path.write_bytes(content)
    line = refused(capsys, ["predict", "--annotator", "mini", "--plan", "-w", str(workspace.root)])
    assert "xport again" in line


def test_runs_over_different_rows_are_one_line(files, capsys):
    (files / "first.jsonl").write_text(text(ROWS[:5]))
    (files / "last.jsonl").write_text(text(ROWS[5:]))
    gold, first, last = (str(files / f"{n}.jsonl") for n in ("gold", "first", "last"))
    assert run(["compare", "--gold", gold, "--baseline", first, "--candidate", last]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.strip().splitlines()[-1] == (
        "goldshelf: the runs are over different rows: the baseline has predictions for 5 of 12 gold "
        "rows, the candidate for 7 others. Expected predictions for the same rows: predict again, or "
        "choose runs of one split."
    )


def test_rows_that_one_run_lacks_are_counted_aloud_and_wrong(files, capsys):
    (files / "first.jsonl").write_text(text(ROWS[:5]))
    gold, fine, first = (str(files / f"{n}.jsonl") for n in ("gold", "fine", "first"))
    arguments = ["compare", "--gold", gold, "--baseline", fine, "--candidate", first, "--json"]
    assert run(arguments) == 0
    told = capsys.readouterr()
    assert "7 gold rows of 12 without a prediction; they count as wrong" in told.err
    assert json.loads(told.out)["candidate"] == pytest.approx(5 / 12)
