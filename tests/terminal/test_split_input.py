"""What split, balance, export and certify refuse: one line, exit code 2, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from terminal.main import run
from tests.terminal.test_export_verbs import shop  # noqa: F401

ROWS = pl.DataFrame(
    {
        "id": range(12),
        "title": [f"w{n} x{n}" for n in range(12)],
        "brand": [f"B{n}" for n in range(12)],
        "words": ["a"] * 12,
    }
)


@pytest.fixture
def refused(capsys):
    def ask(*arguments):
        capsys.readouterr()
        assert run([str(part) for part in arguments]) == 2
        told = capsys.readouterr()
        lines = told.err.strip().splitlines()
        assert len(lines) == 1, lines
        assert told.out == ""
        return lines[0]

    return ask


@pytest.fixture
def file(tmp_path):
    ROWS.write_csv(tmp_path / "all.csv")
    return tmp_path / "all.csv"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--force", "--force is of a workspace"),
        ("--freeze", "--freeze is of a workspace"),
        ("--compare-random", "--compare-random is of a workspace"),
        ("--baseline knn", "--baseline is for --compare-random"),
        ("--fractions .5,.4", "together they must be 1."),
        ("--fractions a,b", "expected numbers such as"),
        ("--folds 12", "there are only"),
        ("--folds 1", "--folds: give two folds or more"),
        ("--seed -1", "--seed: Input should be greater than or equal to 0"),
        ("--slack 2", "--slack: Input should be less than or equal to 0.2"),
        ("--by time", "there is no column 'date'"),
        ("--by time --time-column words", "no record has a time in 'words'"),
        ("--by query", "there is no column 'query'"),
        ("--keep-publisher", "there is no column 'split_hint'"),
        ("--keep colour", "--keep: Input should be"),
        ("--placeholder x --by none --near-duplicates 0 --folds 1", "--folds: give two folds"),
        ("--id-column words", "stands 12 times in column 'words'"),
    ],
)
def test_wrong_options_of_a_file_are_one_line_and_write_nothing(refused, file, options, expected):
    out = file.parent / "out"
    assert expected in refused("split", file, "--out", out, *options.split())
    assert not out.exists()


def test_parts_never_take_the_place_of_the_file_that_is_split(refused, file, tmp_path):
    train = tmp_path / "train.csv"
    ROWS.write_csv(train)
    before = train.read_bytes()
    assert "would be written over" in refused("split", train, "--out", tmp_path)
    test = tmp_path / "test.csv"
    ROWS.head(2).write_csv(test)
    told = refused("split", file, "--frozen-test", test, "--out", tmp_path)
    assert "test.csv would be written over" in told
    assert "is a file: --out names the folder" in refused("split", file, "--out", train)
    assert (train.read_bytes(), test.read_bytes()) == (before, ROWS.head(2).write_csv().encode())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("split --out x", "--out is for a FILE"),
        ("split --group-column brand", "--group-column is for a FILE"),
        ("split --text-columns title", "--text-columns is for a FILE"),
        ("split --id-column id", "--id-column is for a FILE"),
        ("split --frozen-test x.csv", "--frozen-test is for a FILE"),
        ("split --baseline knn", "--baseline is for --compare-random"),
        ("split --compare-random --baseline svm", "--baseline svm: expected one of"),
        ("split --folds 900", "--folds 900: outside test there are only"),
        ("split --by time --time-column title", "no record has a time in 'title'"),
        ("balance --level 9", "the deepest category of train is at level 2"),
        ("balance --cap 5 --floor 9 --method cap", "the cap (5) is below the floor (9)"),
        ("export --rehearsal none.jsonl --rehearsal-licence X", "none.jsonl"),
        ("certify", "no export"),
    ],
)
def test_what_a_workspace_refuses_changes_no_setting(refused, shop, options, expected):  # noqa: F811
    assert run(["run", "split", "-w", shop]) == 0
    settings = Path(shop) / "goldshelf.toml"
    before = settings.read_text()
    assert expected in refused(*options.split(), "-w", shop)
    assert settings.read_text() == before


def test_a_certificate_is_written_onto_no_folder(refused, file, tmp_path):
    ROWS.with_columns(pl.col("brand") + "x", pl.col("title") + "y z").write_csv(
        tmp_path / "other.csv"
    )
    told = refused("check-split", file, tmp_path / "other.csv", "--html", tmp_path)
    assert "is a folder: --html names the file of the page" in told


def test_a_file_is_split_by_brand_and_title_where_nothing_is_named(file, tmp_path, capsys):
    rows = ROWS.with_columns(brand=pl.Series(["A", "A", "B", "B", "C", "C"] * 2))
    rows.write_csv(file)
    assert run(["split", str(file), "--out", str(tmp_path / "o"), "--fractions", ".5,.5"]) == 0
    assert "no columns named, so rows are tied by brand, title" in capsys.readouterr().err
    train, test = (pl.read_csv(tmp_path / "o" / f"{name}.csv") for name in ("train", "test"))
    assert not set(train["brand"]) & set(test["brand"])
    assert run(["check-split", *(str(tmp_path / "o" / f"{n}.csv") for n in ("train", "test"))]) == 0


def test_a_split_that_nothing_ties_has_to_be_asked_for(refused, file, tmp_path):
    ROWS.select("id", "words").write_csv(file)
    assert "nothing ties rows" in refused("split", file, "--out", tmp_path / "o")
    asked = ["split", str(file), "--out", str(tmp_path / "o"), "--by", "none"]
    assert run([*asked, "--near-duplicates", "0"]) == 0


def test_a_placeholder_ties_nothing_in_split_and_check(file, tmp_path):
    rows = ROWS.with_columns(
        model=pl.Series([f"m{n}" if n % 2 else "COL price VAL" for n in range(12)])
    )
    rows.write_csv(file)
    out = tmp_path / "o"
    asked = ["--group-column", "brand", "model", "--placeholder", "col price val"]
    assert run(["split", str(file), "--out", str(out), "--fractions", ".5,.5", *asked]) == 0
    files = [str(out / f"{name}.csv") for name in ("train", "test")]
    assert [pl.read_csv(each).height for each in files] == [6, 6]
    assert run(["check-split", *files, *asked]) == 0
    assert run(["check-split", *files, *asked[:3]]) == 1


def test_categories_that_are_lists_keep_their_proportion(tmp_path):
    rows = ROWS.select("id", "title", "brand", category_path=pl.lit([["A"], ["B"]]).list.get(0))
    rows = pl.concat(
        [rows, rows.with_columns(pl.col("id") + 12, pl.col("title") + "y", pl.col("brand") + "y")]
    )
    path = pl.when(pl.col("id") % 4 == 0).then(pl.lit("Rare")).otherwise(pl.lit("Usual"))
    rows.with_columns(category_path=pl.concat_list(pl.lit("All"), path)).write_ndjson(
        tmp_path / "r.jsonl"
    )
    asked = [
        "split",
        str(tmp_path / "r.jsonl"),
        "--out",
        str(tmp_path / "o"),
        "--fractions",
        ".5,.5",
    ]
    for seed in ("1", "2", "3"):
        assert run([*asked, "--seed", seed]) == 0
        train = pl.read_ndjson(tmp_path / "o" / "train.jsonl")
        assert train["category_path"].list.last().value_counts(sort=True)["count"].to_list() == [
            9,
            3,
        ]
