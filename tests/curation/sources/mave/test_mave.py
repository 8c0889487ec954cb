"""MAVE's files: lines into products, labels into text, and what is wrong with either."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from catalog.errors import InputError
from catalog.records import RECORD_SCHEMA
from catalog.taxonomy import Taxonomy
from curation.checks.run import run_checks
from curation.checks.settings import CheckSettings
from curation.sources.kinds import guess_kind
from curation.sources.mave.load import load_mave
from curation.sources.settings import SourceSettings


def line(name="A1", text="Red oak shelf", key="Material", value="oak", begin=4, **more):
    evidences = (
        [{"value": value, "pid": 0, "begin": begin, "end": begin + len(value)}] if value else []
    )
    return {
        "id": name,
        "category": "Shelves",
        "paragraphs": [{"text": text, "source": "title"}],
        "attributes": [{"key": key, "evidences": evidences}],
        **more,
    }


def write(path: Path, *lines: object) -> Path:
    told = [text if isinstance(text, str) else json.dumps(text) for text in lines]
    path.write_text("\n".join(told) + "\n", "utf-8")
    return path


def load(tmp_path: Path, *paths: Path, **options):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    settings = SourceSettings(paths=[str(p) for p in paths], kind="mave", options=options)
    result = load_mave(settings, scratch)
    records = result.records
    frame = (pl.scan_parquet(records) if isinstance(records, Path) else records).collect()
    assert frame.schema == RECORD_SCHEMA
    return frame, result


def attributes(frame: pl.DataFrame, row: int = 0) -> dict[str, list[str]]:
    return {
        a["key"]: [e["value"] for e in a["evidences"]] for a in frame["attributes"].to_list()[row]
    }


def test_paragraphs_become_title_description_and_brand(tmp_path):
    paragraphs = [
        {"text": "Red oak shelf", "source": "title"},
        {"text": "Made to last.", "source": "description"},
        {"text": "Two boards.", "source": "description"},
        {"text": "Nordhaus", "source": "brand"},
    ]
    frame, result = load(tmp_path, write(tmp_path / "train.jsonl", line(paragraphs=paragraphs)))
    row = frame.row(0, named=True)
    assert (row["title"], row["brand"]) == ("Red oak shelf", "Nordhaus")
    assert row["description"] == "Made to last. Two boards."
    assert row["paragraphs"] == paragraphs
    assert (row["category_path"], row["split_hint"]) == (["Shelves"], "train")
    assert row["task"] == "attribute_extraction"
    assert result.quarantine.is_empty()


def test_lines_of_one_product_are_merged_and_an_empty_answer_stays(tmp_path):
    positives = write(
        tmp_path / "positives.jsonl",
        line(),
        line("B2", "Pine bench", value="Pine", begin=0),
        line(key="Colour", value="Red", begin=0),
        line(),
    )
    negatives = write(
        tmp_path / "negatives.jsonl", line(key="Size", value=""), line(key="Colour", value="")
    )
    frame, result = load(tmp_path, positives, negatives)
    assert frame["record_id"].to_list() == ["A1", "B2"]
    assert attributes(frame) == {"Material": ["oak"], "Colour": ["Red"], "Size": []}
    assert attributes(frame, 1) == {"Material": ["Pine"]}
    facts = result.figures
    # 6 lines, 2 products; Material, Colour, Size and Material; 3 evidences, of them none of Size
    assert (facts["n_lines"], facts["n_merged_lines"]) == (6, 4)
    assert (facts["n_attributes"], facts["n_evidences"], facts["n_negatives"]) == (4, 3, 1)
    assert any("6 lines became 2 records" in note for note in result.notes)


def test_one_id_with_two_texts_is_two_products(tmp_path):
    two_keys = [line()["attributes"][0], line(key="Colour", value="Red", begin=0)["attributes"][0]]
    path = write(
        tmp_path / "a.jsonl",
        line(attributes=two_keys),
        line(text="Red elm shelf", value="elm", attributes=two_keys),
    )
    frame, result = load(tmp_path, path)
    assert frame["record_id"].to_list() == ["A1", "A1#2"]
    assert result.figures["n_numbered_ids"] == 1


def test_lines_with_an_id_each_are_merged_by_their_text(tmp_path):
    path = write(
        tmp_path / "a.jsonl",
        line("1"),
        line("2", key="Colour", value="Red", begin=0),
        line("3", "Pine bench", value="Pine", begin=0),
    )
    frame, result = load(tmp_path, path)
    assert frame["record_id"].to_list() == ["1", "3"]
    assert attributes(frame) == {"Material": ["oak"], "Colour": ["Red"]}
    assert json.loads(frame["extra"][0]) == {"line_ids": ["1", "2"]}
    assert result.figures["merged_by"] == "content"


def test_merging_by_id_can_be_asked_for(tmp_path):
    path = write(tmp_path / "a.jsonl", line("1"), line("2", key="Colour", value="Red", begin=0))
    frame, _ = load(tmp_path, path, merge="id")
    assert frame["record_id"].to_list() == ["1", "2"]


def test_lines_that_are_not_whole_go_to_the_quarantine_with_their_number(tmp_path):
    first = write(
        tmp_path / "a.jsonl", line("1"), "", '{"id": "2", "category', line("3"), line("6")
    )
    second = write(
        tmp_path / "b.jsonl",
        line("4", attributes="none"),
        "[1]",
        {"id": "5", "attributes": []},
        line(None),
        *(line(f"c{n}", f"Shelf {n}") for n in range(4)),
    )
    frame, result = load(tmp_path, first, second, merge="id")
    assert frame["record_id"].to_list() == ["1", "3", "6", "c0", "c1", "c2", "c3"]
    rows = [(Path(f).name, n, why) for f, n, why, _ in result.quarantine.rows()]
    assert [(f, n) for f, n, _ in rows] == [
        ("a.jsonl", 3), ("b.jsonl", 1), ("b.jsonl", 2), ("b.jsonl", 3), ("b.jsonl", 4),
    ]  # fmt: skip
    assert [why.split(":")[0] for _, _, why in rows] == [
        "invalid JSON",
        "attributes are not a list of {key, evidences}",
        "expected a JSON object, found list",
        "no paragraphs",
        "no id",
    ]
    assert result.quarantine["raw"][0] == '{"id": "2", "category'
    assert any("5 lines could not be read" in note and "line 3" in note for note in result.notes)


def test_bytes_that_are_no_utf8_are_kept_aside(tmp_path):
    path = tmp_path / "a.jsonl"
    good = [json.dumps(line(str(n), f"Shelf {n}")).encode() for n in range(3)]
    path.write_bytes(good[0] + b'\n{"id": "\xff"}\n' + b"\r\n".join(good[1:]))
    frame, result = load(tmp_path, path)
    assert frame.height == 3
    assert result.quarantine["line"].to_list() == [2]
    assert "\\xff" in result.quarantine["raw"][0]


def test_a_byte_order_mark_does_not_cost_the_first_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(line()) + "\n", "utf-8-sig")
    assert load(tmp_path, path)[0]["record_id"].to_list() == ["A1"]


def test_gzip_is_read_and_a_cut_one_refused(tmp_path):
    lines = [json.dumps(line(str(n), f"Shelf {n} {n * 7919}")) for n in range(2000)]
    packed = gzip.compress("\n".join(lines).encode())
    whole, cut = tmp_path / "whole.jsonl.gz", tmp_path / "cut.jsonl.gz"
    whole.write_bytes(packed)
    cut.write_bytes(packed[: len(packed) // 2])
    frame, _ = load(tmp_path, whole)
    assert frame.height == 2000
    (tmp_path / "again").mkdir()
    with pytest.raises(InputError, match=r"cut\.jsonl\.gz: not readable as JSON Lines") as told:
        load(tmp_path / "again", cut)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([""], "found empty"),
        (["title,brand"], "found not JSON Lines"),
        ([{"name": "a", "price": 3}], "found an object of name, price"),
        ([line(), "{", "{", "{"], "line 2: invalid JSON"),
    ],
)
def test_a_file_of_another_form_is_refused_in_one_line(tmp_path, lines, told):
    path = write(tmp_path / "a.jsonl", *lines)
    with pytest.raises(InputError, match=told) as error:
        load(tmp_path, path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_kind_is_guessed_from_the_first_line(tmp_path):
    mave = write(tmp_path / "a.jsonl", line())
    other = write(tmp_path / "b.jsonl", {"id": "1", "title": "x", "attributes": {"a": "b"}})
    assert guess_kind([str(mave)]).name == "mave"
    assert guess_kind([str(other)]).name == "catalog"


def test_evidences_past_their_paragraph_are_found_by_the_check(tmp_path):
    def evidence(pid, begin, end):
        return {"value": "oak", "pid": pid, "begin": begin, "end": end}

    wrong = [evidence(0, 4, 7), evidence(0, 40, 43), evidence(3, 4, 7), evidence(0, -1, 2)]
    path = write(tmp_path / "a.jsonl", line(attributes=[{"key": "M", "evidences": wrong}]))
    frame, _ = load(tmp_path, path)
    found = run_checks(frame.lazy(), Taxonomy.from_paths([["Shelves"]]), CheckSettings())
    summary = {row["check"]: row for row in found.summary.to_dicts()}
    assert summary["evidence_offset_mismatch"]["n_evidences"] == 3


def product(asin="A1", title="Red oak shelf", **more):
    return {"asin": asin, "title": title, "description": [], "feature": [], **more}


def label(name="A1", value="oak", begin=4, pid=0):
    evidence = {"value": value, "pid": pid, "begin": begin, "end": begin + len(value)}
    return {
        "id": name,
        "category": "Shelves",
        "attributes": [{"key": "Material", "evidences": [evidence]}],
    }


def test_labels_find_their_text_in_the_metadata(tmp_path):
    labels = write(
        tmp_path / "labels.jsonl", label(), label("B2", "Pine", 0, 1), label("C3"), label("D4")
    )
    metadata = write(
        tmp_path / "meta.json",
        product("X9"),
        product("B2", "Bench", description="Pine &amp; <b>steel</b>", price="$5", brand="Nordhaus"),
        product("A1", "Red  oak\tshelf <br>"),
        product("A1", "Another title"),
        product("C3", "Shelf"),
        product("D4", ""),
    )
    frame, result = load(tmp_path, labels, metadata)
    assert frame["record_id"].to_list() == ["A1", "B2", "C3"]
    assert frame["title"].to_list() == ["Red oak shelf", "Bench", "Shelf"]
    assert frame["paragraphs"].to_list()[1] == [
        {"text": "Bench", "source": "title"},
        {"text": "Pine & steel", "source": "description"},
        {"text": "$5", "source": "price"},
        {"text": "Nordhaus", "source": "brand"},
    ]
    # of the evidences of A1, B2 and C3 the last does not stand in "Shelf"
    assert (result.figures["n_evidences_matching"], result.figures["n_evidences_placed"]) == (2, 3)
    assert any("2 of 3 evidences (66.67%)" in note for note in result.notes)
    assert result.quarantine["reason"].to_list() == [
        "its product is not in the metadata, or has no title there"
    ]
    assert json.loads(result.quarantine["raw"][0])["id"] == "D4"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain  words\n here", "plain words here"),
        ("a &lt;b&gt; c", "a <b> c"),
        ("<style>p {}</style><script>x()</script>", None),
        ("<a href='x'>shop</a>", "shop"),
        ("see <!-- x --> it", "see it"),
        ("&lt;a href='x'&gt;", None),
        ("javascript:void(0)", None),
        ("margin: li: 5", None),
        (" ".join([".a #b 3px"] * 8), None),
        (" ".join([".a #b 3px"] * 6), " ".join([".a #b 3px"] * 6)),
        ("well-made-to-last " * 21 + "word " * 60, ("well-made-to-last " * 21 + "word " * 60)[:-1]),
    ],
)
def test_text_is_cleaned_by_the_published_rules(tmp_path, text, kept):
    labels = write(tmp_path / "labels.jsonl", label())
    metadata = write(tmp_path / "meta.json", product(feature=[text]))
    frame, _ = load(tmp_path, labels, metadata)
    features = [p["text"] for p in frame["paragraphs"].to_list()[0] if p["source"] == "feature"]
    assert features == ([] if kept is None else [kept])


def test_a_title_of_script_is_no_title(tmp_path):
    labels = write(tmp_path / "labels.jsonl", label(), label("B2"))
    metadata = write(
        tmp_path / "meta.json", product(), product("B2", "var d = new Date().getTime()")
    )
    frame, _ = load(tmp_path, labels, metadata)
    assert frame["record_id"].to_list() == ["A1"]


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    labels = write(tmp_path / "labels.jsonl", label())
    strange = write(tmp_path / "meta.json", product("Z1"), product("Z2"))
    with pytest.raises(InputError, match="do not belong together: of 1 product with labels 0"):
        load(tmp_path, labels, strange)
    for paths, told in (
        ([labels], "Give the Amazon metadata"),
        ([strange], "Give MAVE's labels"),
        ([write(tmp_path / "full.jsonl", line()), strange], "Give either products, or labels"),
    ):
        folder = tmp_path / told.replace(" ", "")[:20]
        folder.mkdir()
        with pytest.raises(InputError, match=told):
            load(folder, *paths)


def test_the_published_example_loads_and_its_offsets_match(tmp_path, shared_data):
    frame, result = load(tmp_path, shared_data / "attributes/mave/mave_readme_example.jsonl")
    assert attributes(frame) == {
        "Core Material": ["Bronze Acoustic"],
        "Winding Material": ["Phosphor Bronze"],
        "Gauge": ["Light", "Light Gauge"],
    }
    assert result.quarantine.is_empty()


def test_wdc_pave_keeps_all_its_evidences_and_its_twenty_mismatches(tmp_path, shared_data):
    folder = shared_data / "attributes/wdc-pave/mave_format"
    frame, result = load(tmp_path, folder)
    facts = result.figures
    assert (facts["n_lines"], frame.height) == (15_058, 1_420)
    assert facts["n_evidences"] == 9_256
    assert frame["record_id"].n_unique() == 1_420
    paths = frame["category_path"].unique().to_list()
    found = run_checks(frame.lazy(), Taxonomy.from_paths(paths), CheckSettings())
    wrong = found.issues.filter(pl.col("check") == "evidence_offset_mismatch")
    summary = {row["check"]: row for row in found.summary.to_dicts()}
    assert summary["evidence_offset_mismatch"]["n_evidences"] == 20
    assert wrong["message"].str.contains("from -1").sum() == wrong.height
