import gzip

import polars as pl
import pytest

from catalog.errors import InputError
from curation.sources.files import ReadOptions, read_table


def read(path, scratch, **options):
    return read_table(path, ReadOptions(**options), scratch)


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t"), ("a.txt", "|")]
)
def test_the_delimiter_is_guessed(tmp_path, scratch, name, delimiter):
    path = tmp_path / name
    path.write_text(
        "\n".join(
            delimiter.join(row) for row in [["id", "title"], ["1", "Tea, red; x"], ["2", "Cup"]]
        ).replace("Tea, red; x", '"Tea, red; x"')
    )
    table = read(path, scratch)
    assert table.facts["delimiter"] == delimiter
    assert table.scan().collect().rows() == [("1", "Tea, red; x"), ("2", "Cup")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_the_encoding_is_guessed(tmp_path, scratch, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("id,title\n1,Café crème brûlée\n2,Thé à la menthe\n3,Pâté\n".encode(encoding))
    assert read(path, scratch).scan().collect()["title"].to_list() == [
        "Café crème brûlée",
        "Thé à la menthe",
        "Pâté",
    ]


def test_rows_that_cannot_be_read_go_to_the_quarantine_with_line_and_reason(tmp_path, scratch):
    path = tmp_path / "a.csv"
    lines = ["id,title,price"] + [f"{n},item {n},1" for n in range(2, 12)]
    lines[3] = '4,"two\nlines",1'
    lines[6] = "7,too,many,fields"
    lines[8] = "9,too few"
    path.write_text("\n".join(lines) + "\n")
    table = read(path, scratch)
    # the record on two lines moves what is behind it by one: 7 stands on line 8, 9 on line 10
    assert table.quarantine.select("line", "raw").rows() == [
        (8, "7,too,many,fields"),
        (10, "9,too few"),
    ]
    assert "Expected Number of Columns: 3 Found: 4" in table.quarantine["reason"][0]
    assert table.facts["n_rows"] == 8


def test_a_few_broken_bytes_quarantine_their_lines_alone(tmp_path, scratch):
    path = tmp_path / "a.csv"
    rows = [b"id,title"] + [b"%d,item" % n for n in range(300)]
    rows[200] = b"199,caf\xe9"
    path.write_bytes(b"\n".join(rows))
    table = read(path, scratch)
    assert table.facts["encoding"] == "utf-8"
    assert table.quarantine.select("line", "raw").rows() == [(201, "199,caf\\xe9")]


def test_json_lines_that_are_not_objects_go_to_the_quarantine(tmp_path, scratch):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "n": {"x": 1}}\n\n{"id": 2\n[1]\n{"id": "c", "z": [1]}\n{"id": 4}\n')
    table = read(path, scratch)
    assert table.quarantine["line"].to_list() == [3, 4]
    assert "expected a json object, found list" in table.quarantine["reason"][1]
    assert table.facts["n_rows"] == 3


def test_gzip_json_parquet_and_spreadsheets_are_read(tmp_path, scratch):
    frame = pl.DataFrame({"id": ["1", "2"], "title": ["Tea", "Cup"]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_excel(tmp_path / "a.xlsx")
    frame.write_json(tmp_path / "a.json")
    (tmp_path / "b.json").write_text(
        '{"products": [{"id": "1", "title": "Tea"}, {"id": "2", "title": "Cup"}]}'
    )
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(frame.write_csv().encode()))
    for name in ("a.parquet", "a.xlsx", "a.json", "b.json", "a.csv.gz"):
        assert read(tmp_path / name, scratch).scan().collect()["title"].to_list() == [
            "Tea",
            "Cup",
        ], name


@pytest.mark.parametrize(
    ("name", "content", "options", "told"),
    [
        ("empty.csv", b"", {}, "is empty"),
        ("spaces.csv", b"  \n\n", {}, "is empty"),
        ("head.csv", b"id,title\n", {}, "has a header and no rows"),
        ("semi.csv", b"id;title\n1;Tea\n2;Cup\n", {"delimiter": ","}, "pass --delimiter ';'"),
        ("a.csv", b"id,title\n1,Tea\n", {"encoding": "nope"}, "encoding 'nope' is not known"),
        ("a.csv", b"id,title\n1,Tea\n", {"format": "xml"}, "format 'xml' is not known"),
        ("a.parquet", b"not parquet at all", {}, "not a Parquet file"),
        ("a.xlsx", b"not a sheet", {}, "not a readable spreadsheet"),
        ("a.json", b"{broken", {}, "not JSON"),
        ("a.csv", b"id\x00\x01,x\n", {}, "is not text"),
        ("a.jsonl", b"one\ntwo\n", {}, "2 of 2 rows cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    tmp_path, scratch, name, content, options, told
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path, scratch, **options)
    assert told in str(caught.value)
    assert name in str(caught.value) or "known" in told
    assert "\n" not in str(caught.value)


def test_a_truncated_gzip_is_refused_with_its_place(tmp_path, scratch):
    path = tmp_path / "a.csv.gz"
    packed = gzip.compress(b"id,title\n" + b"".join(b"%d,some title\n" % n for n in range(90_000)))
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="ends early"):
        read(path, scratch)


def test_missing_files_and_folders_are_refused(tmp_path, scratch):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "nope.csv", scratch)
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path, scratch)


def test_bigbasket_has_one_row_of_twelve_fields(shared_data, scratch):
    table = read(shared_data / "catalogs/bigbasket/BigBasket_Products.csv", scratch)
    assert table.facts["n_rows"] == 6_078
    (row,) = table.quarantine.rows(named=True)
    assert row["line"] == 8
    assert row["raw"].startswith("6,Germ - Removal Multipurpose Wipes")
    assert row["raw"].endswith(",,8.jpg")
    assert "Found: 12" in row["reason"]
