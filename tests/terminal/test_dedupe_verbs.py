"""dedupe, recluster, check-split: what is refused is one line and exit 2, and no file is lost."""

import json

import pytest

from terminal.main import run

SHOP = "id,title,brand,price\n1,red tea cup,Acme,2\n2,red tea cup,Acme,3\n3,oak shelf,Nord,9\n"
FOREIGN = "a,b\n1,2\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(SHOP)
    (tmp_path / "foreign.csv").write_text(FOREIGN)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "broken.csv").write_bytes(b"\x00\x01" * 50)
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(capsys, *arguments):
    assert run([str(each) for each in arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    [line] = told.err.strip().splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere.csv"], "nowhere.csv: no such file"),
        (["empty.csv"], "empty.csv is empty"),
        (["broken.csv"], "broken.csv is not text"),
        (["foreign.csv"], "there is no column 'title'. Columns: a, b"),
        (["shop.csv", "--text-columns", "nope"], "no column 'nope'. Columns: id, title, brand"),
        (["shop.csv", "--threshold", "0"], "threshold 0.0: expected a similarity"),
        (["shop.csv", "--threshold", "nan"], "threshold nan: expected a similarity"),
        (["shop.csv", "--margin", "1"], "--margin 1: expected 0 or more, under 1"),
        (["shop.csv", "--max-pairs", "-1"], "--max-pairs -1: expected 0 or more"),
        (["shop.csv", "--ngram", "3"], "--ngram says nothing without --unit chars"),
        (["shop.csv", "--unit", "chars", "--ngram", "9"], "--ngram 9: expected 2 to 7"),
        (["shop.csv", "--meaning-from", "0.8"], "--meaning-from says nothing without --embedding"),
        (["shop.csv", "--picture-bits", "2"], "--picture-bits says nothing without --pictures"),
        (["shop.csv", "--pictures-from", "."], "--pictures-from says nothing without --pictures"),
        (["shop.csv", "--pictures", "nope"], "there is no column 'nope'"),
        (["shop.csv", "--address", "a:1"], "--address says nothing without --engine ray"),
        (["shop.csv", "--id-column", "brand"], "id 'Acme' stands 2 times"),
        (["shop.csv", "--out", "shop.csv"], "shop.csv is read here"),
        (["shop.csv", "--out", "foreign.csv"], "foreign.csv is there, and dedupe did not write"),
        (["shop.csv", "--out", "pairs.xyz"], "write to .parquet, .csv, .tsv or .jsonl"),
        (["shop.csv", "--out", "/proc/none/pairs.csv"], "pairs.csv: cannot be written"),
    ],
)
def test_dedupe_refuses_in_one_line_and_writes_nothing(folder, capsys, arguments, expected):
    before = contents(folder)
    assert expected in refused(capsys, "dedupe", *arguments)
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["pairs.json", "pairs.clusters.csv", "pairs.ties.csv"])
def test_no_file_beside_the_pairs_is_lost(folder, capsys, name):
    (folder / name).write_text(FOREIGN)
    told = refused(capsys, "dedupe", "shop.csv", "--out", "pairs.csv")
    assert f"{name} is there, and dedupe did not write it" in told
    assert (folder / name).read_text() == FOREIGN
    assert not (folder / "pairs.csv").exists()


def test_an_earlier_result_is_written_again(folder, capsys):
    for suffix in ("csv", "tsv", "jsonl", "parquet"):
        for _ in range(2):
            assert run(["dedupe", "shop.csv", "--out", f"pairs.{suffix}"]) == 0
            assert run(["recluster", f"pairs.{suffix}", "--threshold", "1", "--out", "c.csv"]) == 0


def test_of_many_different_words_the_first_are_told_and_how_many_more(folder, capsys):
    shared, rest = " ".join(f"s{n}" for n in range(40)), " ".join(f"w{n}" for n in range(10))
    (folder / "long.csv").write_text(f"id,title\n1,{shared} {rest}\n2,{shared}\n")
    assert run(["dedupe", "long.csv"]) == 0
    assert "… 4 more" in " ".join(capsys.readouterr().out.split())
    assert run(["dedupe", "long.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accepted"][0]["only_left"] == rest


def test_a_file_without_any_pair_has_no_cluster_at_any_threshold(folder, capsys):
    (folder / "two.csv").write_text("id,title\n1,tea\n2,oak\n")
    for suffix in ("csv", "jsonl", "parquet"):
        run(["dedupe", "two.csv", "--out", f"none.{suffix}"])
        capsys.readouterr()
        assert run(["recluster", f"none.{suffix}", "--threshold", "0.9", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["n_clusters"] == 0


@pytest.mark.parametrize(
    ("name", "text", "arguments", "expected"),
    [
        (None, "", ["shop.csv"], "shop.json and shop.ties.csv are not beside it"),
        (None, "", ["pairs.csv", "--threshold", "0.2"], "searched down to 0.7, so 0.2 is not known"),
        (None, "", ["pairs.csv", "--threshold", "2"], "threshold 2.0: expected a similarity"),
        (None, "", ["pairs.csv", "--out", "pairs.ties.csv"], "pairs.ties.csv is read here"),
        (None, "", ["pairs.csv", "--out", "shop.csv"], "shop.csv is there, and dedupe did not"),
        ("pairs.json", "{", ["pairs.csv"], "pairs.json: not what dedupe wrote"),
        ("pairs.json", "[1]", ["pairs.csv"], "pairs.json: not what dedupe wrote"),
        ("pairs.ties.csv", FOREIGN, ["pairs.csv"], "pairs.ties.csv: not what dedupe wrote"),
        (
            "pairs.ties.csv", "left_id,right_id,similarity,kind\n1,2,much,text\n", ["pairs.csv"],
            "pairs.ties.csv: not what dedupe wrote",
        ),
    ],
)  # fmt: skip
def test_recluster_refuses_what_dedupe_did_not_write(
    folder, capsys, name, text, arguments, expected
):
    assert run(["dedupe", "shop.csv", "--out", "pairs.csv"]) == 0
    capsys.readouterr()
    if name is not None:
        (folder / name).write_text(text)
    before = contents(folder)
    asked = arguments if "--threshold" in arguments else [*arguments, "--threshold", "0.9"]
    assert expected in refused(capsys, "recluster", *asked)
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["shop.csv", "nowhere.csv"], "nowhere.csv: no such file"),
        (["shop.csv", "empty.csv"], "empty.csv is empty"),
        (["shop.csv", "foreign.csv"], "nothing to compare"),
        (["shop.csv", "shop.csv", "--near-duplicates", "0"], "expected a similarity over 0"),
        (["shop.csv", "shop.csv", "--group-column", "nope"], "Columns: id, title, brand, price"),
        (["shop.csv", "shop.csv", "--text-columns", "nope"], "Columns: id, title, brand, price"),
        (["shop.csv", "shop.csv", "--brand-aliases", "foreign.csv"], "expected two columns"),
        (["shop.csv", "shop.csv", "--html", "shop.csv"], "shop.csv: is there, and is no page"),
        (["shop.csv", "shop.csv", "--html", "."], "is a folder: --html names the file of the page"),
        (["shop.csv", "shop.csv", "--html", "/proc/none/a.html"], "a.html: cannot be written"),
    ],
)
def test_check_split_refuses_in_one_line_and_writes_nothing(folder, capsys, arguments, expected):
    before = contents(folder)
    assert expected in refused(capsys, "check-split", *arguments)
    assert contents(folder) == before


def test_a_cluster_that_does_not_answer_is_one_line(folder, capsys):
    pytest.importorskip("ray")
    asked = ["dedupe", "shop.csv", "--engine", "ray", "--address"]
    assert "no Ray cluster to join at 127.0.0.1:9" in refused(capsys, *asked, "127.0.0.1:9")
    assert "expected HOST:PORT" in refused(capsys, *asked, "nowhere")
