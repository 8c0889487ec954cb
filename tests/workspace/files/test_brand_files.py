"""Names of one brand in a file: tables, JSON, the manifest of an export; and what is none of them."""

import json

import pytest

from catalog.errors import InputError
from workspace.files.brand_files import manifest_aliases, read_aliases, write_aliases

GROUPS = [["Acme", "Akme"], ["HP", "Hewlett-Packard"]]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    path = tmp_path / f"aliases{suffix}"
    write_aliases(GROUPS, path)
    assert read_aliases(path) == GROUPS


def test_a_row_may_have_any_number_of_names_and_more_columns(tmp_path):
    path = tmp_path / "aliases.csv"
    path.write_text("brand,Alias 1,Alias 2,why\nAcme, Akme ,Acmee,a typo\nHP,,Hewlett,\n")
    assert read_aliases(path) == [["Acme", "Akme", "Acmee"], ["HP", "Hewlett"]]


def test_the_manifest_of_an_export_and_the_json_of_a_check_have_them(tmp_path):
    (tmp_path / "records").mkdir()
    certificate = {"settings": {"brand_aliases": GROUPS}}
    files = {"records/train.jsonl": {}, "records/test.jsonl": {}}
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"certificate": certificate, "files": files}))
    assert read_aliases(manifest) == GROUPS
    train, test, other = (tmp_path / "records" / f"{n}.jsonl" for n in ("train", "test", "other"))
    assert manifest_aliases(train, test) == GROUPS
    assert manifest_aliases(train, other) == []  # not of this export
    told = tmp_path / "check.json"
    told.write_text(json.dumps(certificate))
    assert read_aliases(told) == GROUPS


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "Acme,Akme\nHP,Hewlett\n", "The first row names the columns"),
        ("a.csv", "brand,alias\nAcme,\n", "group 1 of 1 has 'Acme' alone"),
        ("a.csv", "brand,alias\nAcme,N/A\n", "'N/A' tells no brand"),
        ("a.csv", "", "empty"),
        ("a.json", "[1, 2]", "Expected a list of lists of names"),
        ("a.json", '{"brands": []}', "Expected a list of lists of names"),
        ("a.json", '[["Acme"]]', "group 1 of 1 has 'Acme' alone"),
        ("a.json", "{", "no JSON"),
    ],
)
def test_what_is_none_is_one_line(tmp_path, name, text, expected):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=expected) as told:
        read_aliases(path)
    assert str(told.value).startswith(str(path))
    assert "\n" not in str(told.value)
    with pytest.raises(InputError):
        read_aliases(tmp_path / "nowhere.json")


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_only_aliases_are_written_over(tmp_path, suffix):
    path = tmp_path / f"aliases{suffix}"
    write_aliases([], path)
    write_aliases(GROUPS, path)
    assert read_aliases(path) == GROUPS
    manifest = json.dumps({"certificate": {"settings": {"brand_aliases": []}}})
    path.write_text(manifest if suffix == ".json" else "brand,name,price\nAcme,mug,3\n")
    before = path.read_bytes()
    with pytest.raises(InputError, match="holds no aliases"):
        write_aliases(GROUPS, path)
    assert path.read_bytes() == before
