"""People rate answers, here or in a file; what they say now is what a judge is held against."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest

from catalog.errors import InputError
from terminal.main import run
from tests.runs_workspace import import_rows
from tests.workspace.models.test_judged_runs import (  # noqa: F401
    ids_of,
    judged,
    questions,
    said,
    shop,
)
from workspace.models.rating import (
    answers_to_rate,
    rate_run,
    rating_sheet,
    say_of,
    written_ratings,
)
from workspace.review.decisions import log
from workspace.review.ratings import held_ratings
from workspace.review.undoing import undo
from workspace.runs import import_run
from workspace.views.judged import held_against_people, judgement_rows, judgements_kept
from workspace.views.rating import agreeing, standing

EVIL = '=HYPERLINK("http://a.b") **evil** <b>tag</b>'


@pytest.fixture
def runs(shop):  # noqa: F811
    """Two runs of 30 answers: every second one is bad in "half", every fourth in "more"."""
    return shop[1]


def say(workspace, words, rater, name="half", criterion="relevance"):
    """What one person says of the first answers: y, n, or s to skip."""
    for one, letter in zip(ids_of(workspace), words, strict=False):
        say_of(workspace, name, one, criterion, {"y": "yes", "n": "no", "s": "skip"}[letter], rater)


def values(workspace):
    return held_ratings(workspace).select("rater", "value").rows()


def test_answers_are_drawn_by_seed_alone_and_more_include_those_of_before(runs):
    few, many, other = (
        answers_to_rate(runs, ["half"], "relevance", n=n, seed=seed)["example_id"].to_list()
        for n, seed in ((5, 1), (12, 1), (12, 2))
    )
    assert few == many[:5]
    assert many != other
    assert len(set(many)) == 12
    assert many != sorted(many)
    before = answers_to_rate(runs, ["half"], "relevance", n=12, seed=1)
    judged(runs, "half")  # whatever the judge says, the same answers are drawn
    assert answers_to_rate(runs, ["half"], "relevance", n=12, seed=1).equals(before)
    assert set(before.columns) == {"example_id", "mark", "question", "answer", "contexts"}


def test_of_several_runs_as_many_are_drawn_of_each_and_equal_answers_are_shown_once(runs):
    rows = answers_to_rate(runs, ["half", "more"], "relevance", n=1000)
    ids = ids_of(runs)
    n_other = sum(n % 2 == 0 and n % 4 != 0 for n in range(len(ids)))
    assert rows.height == len(ids) + n_other
    assert rows.select("example_id", "answer").is_unique().all()
    with pytest.raises(InputError, match="no run 'none' here"):
        answers_to_rate(runs, ["none"], "relevance")


def test_of_each_person_the_later_word_counts_and_undo_brings_the_one_before_back(runs):
    say(runs, "y", "ann")
    say(runs, "n", "ann")
    say(runs, "y", "bob")
    assert values(runs) == [("ann", "no"), ("bob", "yes")]
    [undone] = undo(runs, "ann")
    assert (undone.before["value"], undone.after["value"]) == ("no", "yes")
    assert values(runs) == [("ann", "yes"), ("bob", "yes")]
    undo(runs, "ann", of="ratings")
    assert values(runs) == [("bob", "yes")]
    with pytest.raises(InputError, match="nothing to undo for ann"):
        undo(runs, "ann")
    with pytest.raises(InputError, match="nothing to undo for bob"):
        undo(runs, "bob", of="decisions")
    assert [line.action for line in log(runs)] == ["undo", "undo", "rate", "rate", "rate"]


def test_who_skipped_is_not_asked_again_and_has_said_nothing(runs):
    say(runs, "ysn", "ann")
    drawn = answers_to_rate(runs, ["half"], "relevance", n=1000)
    found = standing(runs, drawn, "relevance", "ann")
    assert (found.n, found.n_rated, found.n_skipped) == (drawn.height, 2, 1)
    assert found.skipped["example_id"].to_list() == [ids_of(runs)[1]]
    assert found.waiting.height == drawn.height - 3
    assert standing(runs, drawn, "relevance", "bob").waiting.height == drawn.height
    assert standing(runs, drawn, "faithfulness", "ann").n_rated == 0
    [one] = agreeing(runs, ("half",))
    assert one.people.n_rated == 2


def test_a_judge_is_held_against_what_people_say_now_and_nothing_is_asked_again(shop):  # noqa: F811
    server, workspace = shop
    judged(workspace, "half")
    [kept] = judgements_kept(workspace)
    n = server.counts()["n_requests"]
    assert "nobody knows" in held_against_people(workspace, kept).kappa.reason
    # the judge: n y n y; ann: n y y y, so 3 of 4 equal; by chance 1/2 * 1/4 + 1/2 * 3/4 = 1/2
    say(workspace, "nyyy", "ann")
    told = held_against_people(workspace, kept)
    assert told.agreement.value == 3 / 4
    assert told.kappa.value == pytest.approx((3 / 4 - 1 / 2) / (1 / 2))
    assert told.between.n == 0
    differ, n_differ = judgement_rows(workspace, kept, "differ")
    assert (n_differ, differ["example_id"][0]) == (1, ids_of(workspace)[2])
    undo(workspace, "ann")
    assert held_against_people(workspace, kept).agreement.value == 2 / 3
    assert server.counts()["n_requests"] == n
    # what people say is no part of what is kept of the judge
    assert "human" not in kept.scan("judgements").collect_schema()
    assert "kappa_with_people" not in kept.figures


def test_of_several_raters_most_count_and_an_equal_division_is_left_out_aloud(shop):  # noqa: F811
    _, workspace = shop
    judged(workspace, "half")
    [kept] = judgements_kept(workspace)
    say(workspace, "nyyn", "ann")
    say(workspace, "nyn", "bob")
    say(workspace, "yy", "cat")
    told = held_against_people(workspace, kept)
    # most say n y (divided) n, the judge n y n y: 2 of 3
    assert (told.n_rated, told.n_divided, told.raters) == (4, 1, ["ann", "bob", "cat"])
    assert told.agreement.value == pytest.approx(2 / 3)
    assert told.notes == [
        "1 answer on which people are equally divided left out of agreement with people"
    ]
    # pairs of raters: first answer 1 of 3 equal, second 3 of 3, third 0 of 1
    assert told.between.value == pytest.approx(4 / 7)
    # alpha: D_o = 2 pairs (2 * 1 / (3 - 1)) + 2 (2 * 1 / (2 - 1)); of 8 votes 5 are y and 3 n
    within = 2 * 2 * 1 / (3 - 1) + 0 + 2 * 1 * 1 / (2 - 1)
    n_yes, n_no = 1 + 3 + 1, 2 + 0 + 1
    by_chance = 2 * n_yes * n_no / (8 - 1)
    assert told.alpha.value == pytest.approx(1 - within / by_chance)


def test_what_was_said_of_an_answer_holds_for_the_run_that_gives_it_and_for_no_other(runs):
    ids = ids_of(runs)
    say(runs, "yy", "ann")  # of a bad answer, which "more" gives too, and of a good one
    assert {one.run: one.people.n_rated for one in agreeing(runs, ("half", "more"))} == {
        "half": 2,
        "more": 2,
    }
    rows = said(runs, 2)
    rows[0]["raw_output"] = "another answer"
    path = runs.root / "half.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_run(runs, path, runs.root / "half.run.json", replace=True)
    [one] = agreeing(runs, ("half",))
    assert one.people.n_rated == 1
    assert written_ratings(runs, ["half"])["example_id"].to_list() == [ids[1]]


def test_a_file_adds_to_what_was_said_here_and_wipes_nothing(runs, tmp_path):
    ids = ids_of(runs)
    say(runs, "ynn", "ann")
    path = tmp_path / "people.csv"
    path.write_text(
        "example_id,human_relevance,rater,rated_at\n"
        f"{ids[0]},no,ann,2020-01-01T00:00:00Z\n"  # before what she said here
        f"{ids[1]},yes,ann,\n"  # now: a later word
        f"{ids[2]},no,ann,\n"  # as before
        f"{ids[0]},no,,\n"  # of nobody that is named
        f"{ids[3]},,bob,\n"  # says nothing
        "other,yes,bob,\n"
    )
    read = rate_run(runs, "half", path, reviewer="dan")
    assert (len(read.taken.entries), read.taken.n_same, read.taken.n_older) == (2, 1, 1)
    assert read.notes == [
        "people.csv: 1 rating of no gold row left out",
        "people.csv: 1 rating older than what the same person said since left out",
    ]
    assert values(runs) == [
        ("ann", "yes"), ("people.csv", "no"), ("ann", "yes"), ("ann", "no"),
    ]  # fmt: skip
    assert len(undo(runs, "dan")) == 2  # the file as one
    assert values(runs) == [("ann", "yes"), ("ann", "no"), ("ann", "no")]


def test_ratings_are_written_and_come_back_as_they_were(runs, tmp_path):
    say(runs, "yns", "ann")
    say(runs, "ny", "=bob", "more")
    [*_, faithful] = answers_to_rate(runs, ["half"], "faithfulness")["example_id"]
    say_of(runs, "half", faithful, "faithfulness", "no", "ann")
    held = held_ratings(runs).filter(pl.col("value") != "skip")
    out = tmp_path / "all.csv"
    assert run(["ratings", "-w", str(runs.root), "--out", str(out)]) == 0
    assert "'=bob" in out.read_text()
    for _ in range(4):
        undo(runs, "ann")
    for _ in range(2):
        undo(runs, "=bob")
    assert held_ratings(runs).is_empty()
    notes = [rate_run(runs, name, out).notes for name in ("half", "more")]
    assert all("of runs other than" in told[0] for told in notes)
    assert held_ratings(runs).equals(held)
    assert rate_run(runs, "half", out).taken.entries == []


def test_a_sheet_is_filled_in_elsewhere_and_a_formula_stays_text(runs, tmp_path):
    rows = said(runs, 2)
    for row in rows:
        row["raw_output"] = EVIL
    import_rows(runs, "evil", rows, task="answers")
    sheet = rating_sheet(runs, "evil", "faithfulness", n=4, reviewer="ann")
    assert sheet.columns == [
        "example_id", "question", "contexts", "answer", "human_faithfulness", "rater", "answer_mark",
    ]  # fmt: skip
    assert sheet["answer"].to_list() == [f"'{EVIL}"] * 4
    path = tmp_path / "sheet.csv"
    sheet.with_columns(human_faithfulness=pl.Series(["yes", "no", "", "1"])).write_csv(path)
    assert len(rate_run(runs, "evil", path).taken.entries) == 3
    assert {who for who, _ in values(runs)} == {"ann"}
    # the answers have changed since the sheet was written
    import_rows(runs, "good", said(runs, 2), task="answers")
    read = rate_run(runs, "good", path)
    assert read.notes == ["sheet.csv: 3 ratings of answers that have changed since left out"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("example_id,stars\n{0},5\n", "no column human_relevance or human_faithfulness"),
        ("example_id,human_relevance\n{0},maybe\n", "Expected yes or no"),
        ("example_id,human_relevance\n{0},\n", "no row says yes or no"),
        ("example_id,human_relevance\nother,yes\n", "no row is of the split"),
        ("example_id,human_relevance\n{0},yes\n{0},no\n", "there twice"),
        ("example_id,human_relevance,rated_at\n{0},yes,soon\n", "Expected a time such as"),
        ("example_id,human_relevance,rater\n{0},yes," + 300 * "x" + "\n", "1 to 255 letters"),
    ],
)
def test_a_file_of_no_use_is_one_line_and_changes_nothing(runs, tmp_path, text, words):
    path = tmp_path / "people.csv"
    path.write_text(text.format(ids_of(runs)[0]))
    with pytest.raises(InputError, match=words):
        rate_run(runs, "half", path)
    assert held_ratings(runs).is_empty()


def test_the_verbs_show_rate_take_in_write_and_tell(shop, tmp_path, capsys):  # noqa: F811
    _, workspace = shop
    at = ["-w", str(workspace.root)]

    def told(*words):
        code = run([*words, *at])
        out, err = capsys.readouterr()
        return code, out, err

    code, out, _ = told("rate", "half", "--reviewer", "ann", "--json")
    waiting = json.loads(out)["waiting"]
    assert code == 0
    assert waiting["question"].startswith("Does part")
    one = waiting["example_id"]
    assert told("rate", "half", one, "--yes", "--reviewer", "ann")[:2] == (0, f"{one}: yes\n")
    assert told("rate", "half", one, "--yes", "--reviewer", "ann")[1] == f"{one}: yes, as before\n"
    assert "1 of 30 rated, 0 skipped" in told("rate", "half", "--reviewer", "ann")[1]
    assert told("rate", "half", one, "--no", "--reviewer", "bob")[0] == 0
    sheet = tmp_path / "sheet.csv"
    assert "5 answers" in told("rate", "half", "--sheet", str(sheet), "--of", "5")[1]
    judged(workspace, "half")
    code, out, err = told("ratings", "half", "--json")
    [found] = json.loads(out)["agreement"]
    assert (found["judge"], found["n_rated"], found["n_divided"]) == ("mini", 1, 1)
    assert found["agreement_between_people"]["value"] == 0.0
    assert "equally divided" in err
    code, out, _ = told("ratings")
    assert "half, relevance, judged by mini: 1 answer rated by ann, bob" in out
    assert "agreement between people" in out
    for words, refusal in (
        (("rate", "half", one), "is named with one of"),
        (("rate", "half", "--yes"), "is named with one of"),
        (("rate", "half", one, "--yes", "--no"), "is named with one of"),
        (("rate", "half", "nothing", "--yes"), "has no answer to 'nothing'"),
        (("rate", "half", "--criterion", "beauty"), "expected relevance or faithfulness"),
        (("rate", "nobody"), "no run 'nobody' here"),
    ):
        code, _, err = told(*words)
        assert code == 2
        assert refusal in err
    assert not math.isnan(
        held_against_people(workspace, judgements_kept(workspace)[0]).between.value
    )
