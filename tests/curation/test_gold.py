import polars as pl
import pytest

from catalog.records import conform
from catalog.taxonomy import Taxonomy
from catalog.votes import conform_votes
from curation.evidence import reseated
from curation.gold import curate
from curation.gold_settings import CurateSettings

TREE = Taxonomy.from_paths([["Home", "Mugs"], ["Home", "Pots"], ["Garden", "Tools"]])
NO_DECISIONS = pl.DataFrame(
    schema=dict.fromkeys(
        ("record_id", "question", "action", "value", "reviewer", "reason"), pl.String
    )
)
NO_ISSUES = pl.DataFrame(
    schema=dict.fromkeys(
        ("check", "severity", "record_id", "message", "fix_field", "fix_value"), pl.String
    )
)


def records(**columns):
    n = len(next(iter(columns.values())))
    base = {"record_id": [str(k) for k in range(n)], "title": [f"t{k}" for k in range(n)]}
    return conform(pl.LazyFrame({**base, **columns}))


def votes(*rows):
    frame = pl.LazyFrame(
        [(r, "category", a, v) for r, a, v in rows],
        schema={
            "record_id": pl.String,
            "question": pl.String,
            "annotator_id": pl.String,
            "value": pl.String,
        },
        orient="row",
    )
    return conform_votes(frame)


def consensus(*rows):
    return pl.LazyFrame(
        [(r, "category", v, n, s, False) for r, v, n, s in rows],
        schema={
            "record_id": pl.String,
            "question": pl.String,
            "value": pl.String,
            "n_votes": pl.Int64,
            "share": pl.Float64,
            "is_tie": pl.Boolean,
        },
        orient="row",
    )


def decided(*rows):
    return pl.DataFrame(
        [(r, "category", a, v, "ann", None) for r, a, v in rows],
        schema=NO_DECISIONS.schema,
        orient="row",
    )


def make(rows, *, issues=NO_ISSUES, said=(), agreed=(), decisions=NO_DECISIONS, **settings):
    made = curate(
        rows,
        TREE,
        issues.lazy(),
        votes(*said),
        consensus(*agreed),
        decisions,
        CurateSettings(**settings),
    )
    return made, made.gold.collect()


def test_the_label_of_the_source_stands_unless_somebody_says_otherwise():
    made, gold = make(
        records(category_path=[["Home", "Mugs"]]),
        said=[("0", "knn", "Home > Pots"), ("0", "source", "Home > Mugs")],
        agreed=[("0", "Home > Pots", 3, 1.0)],
    )
    assert gold.select("category_path", "label_source", "label_score").rows() == [
        (["Home", "Mugs"], "source", 1 / 2)
    ]
    assert made.changes.is_empty()


def test_the_consensus_counts_where_it_is_preferred_and_strong_enough():
    rows = records(category_path=[["Home", "Mugs"], ["Home", "Mugs"]])
    agreed = [("0", "Home > Pots", 3, 0.9), ("1", "Home > Pots", 3, 0.5)]
    made, gold = make(rows, agreed=agreed, prefer="consensus", min_share=0.6)
    assert gold["label_source"].to_list() == ["consensus", "source"]
    assert gold["category_path"].to_list() == [["Home", "Pots"], ["Home", "Mugs"]]
    assert made.changes.select("record_id", "before", "after").rows() == [
        ("0", "Home > Mugs", "Home > Pots")
    ]


def test_a_person_has_the_last_word():
    rows = records(category_path=[["Home", "Mugs"]] * 3)
    made, gold = make(
        rows,
        agreed=[("0", "Home > Pots", 3, 1.0)],
        prefer="consensus",
        decisions=decided(
            ("0", "choose", "Garden > Tools"), ("1", "drop", None), ("2", "accept", "Home > Mugs")
        ),
    )
    assert gold.select("record_id", "label_source", "label_by").rows() == [
        ("0", "person", "ann"),
        ("2", "person", "ann"),
    ]
    assert made.dropped.rows() == [("1", "dropped by ann", None)]


def test_wrong_paths_are_repaired_only_in_the_kinds_that_are_allowed():
    rows = records(category_path=[["home", "mugs"], ["Garden", "Mugs"], ["Home", "Mugz"]])
    made, gold = make(rows)
    assert gold["category_path"].to_list() == [["Home", "Mugs"], ["Home", "Mugs"]]
    assert gold["label_source"].to_list() == ["repair", "repair"]
    assert made.dropped.rows() == [("2", "no category", "not valid: Home > Mugz")]
    _, gold = make(rows, repair=[])
    assert gold.is_empty()


def test_a_missing_category_is_filled_by_the_consensus_or_the_record_is_left_out_aloud():
    rows = records(category_path=[None, None], title=["a", "b"])
    made, gold = make(rows, agreed=[("0", "Home > Pots", 2, 1.0)])
    assert gold.select("record_id", "label_source").rows() == [("0", "consensus")]
    assert made.dropped.rows() == [("1", "no category", "none given")]
    assert made.notes[0].startswith("1 record left out of gold: no category 1")


def test_rows_of_dropping_checks_are_left_out_unless_a_person_kept_them():
    issues = pl.DataFrame(
        [("exact_duplicate", "warning", r, "copy of 0", "drop", "0") for r in ("1", "2")],
        schema=NO_ISSUES.schema,
        orient="row",
    )
    made, gold = make(
        records(category_path=[["Home", "Mugs"]] * 3),
        issues=issues,
        decisions=decided(("2", "accept", "Home > Mugs")),
    )
    assert gold["record_id"].to_list() == ["0", "2"]
    assert made.dropped.rows() == [("1", "exact_duplicate", "copy of 0")]


def test_text_fixes_are_applied_and_evidence_is_found_again():
    title = "<b>Red</b> Mug Red"
    attributes = [
        [{"key": "Colour", "evidences": [{"value": "Mug", "pid": 0, "begin": 11, "end": 14}]}]
    ]
    rows = records(
        category_path=[["Home", "Mugs"]],
        title=[title],
        paragraphs=[[{"text": title, "source": "title"}]],
        attributes=attributes,
    )
    issues = pl.DataFrame(
        [("html_in_text", "warning", "0", "html", "title", "Red Mug Red")],
        schema=NO_ISSUES.schema,
        orient="row",
    )
    made, gold = make(rows, issues=issues)
    record = gold.row(0, named=True)
    assert record["title"] == record["paragraphs"][0]["text"] == "Red Mug Red"
    (evidence,) = record["attributes"][0]["evidences"]
    assert record["title"][evidence["begin"] : evidence["end"]] == "Mug"
    assert made.changes.rows() == [("0", "title", title, "Red Mug Red", "html_in_text")]


def test_evidence_that_is_gone_from_its_text_loses_its_place_and_keeps_its_value():
    frame = records(
        title=["Pot"],
        paragraphs=[[{"text": "Mug", "source": "title"}]],
        attributes=[
            [
                {"key": "a", "evidences": [{"value": "Mug", "pid": 0, "begin": 0, "end": 3}]},
                {"key": "b", "evidences": []},
            ]
        ],
    ).collect()
    made = reseated(frame)["attributes"][0].to_list()
    assert made[0]["evidences"] == [{"value": "Mug", "pid": None, "begin": None, "end": None}]
    assert made[1] == {"key": "b", "evidences": []}


def test_order_of_records_is_kept():
    issues = pl.DataFrame(
        [("html_in_text", "warning", "1", "html", "title", "clean")],
        schema=NO_ISSUES.schema,
        orient="row",
    )
    _, gold = make(records(category_path=[["Home", "Mugs"]] * 3), issues=issues)
    assert gold["record_id"].to_list() == ["0", "1", "2"]
    assert gold["title"].to_list() == ["t0", "clean", "t2"]


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="preferr"):
        CurateSettings(preferr="source")


def test_records_of_other_tasks_need_no_category():
    rows = records(category_path=[None, None]).with_columns(
        task=pl.Series(["question_answering", "classification"])
    )
    made, gold = make(conform(rows))
    assert gold.select("record_id", "label_source").rows() == [("0", "source")]
    assert made.dropped["reason"].to_list() == ["no category"]
