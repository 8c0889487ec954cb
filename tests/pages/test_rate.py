"""One answer at a time, rated blind: stored with every press, undone, counted, and shown as text."""

from __future__ import annotations

import pytest

from tests.pages.conftest import EVIL
from tests.pages.test_hostile_text import MARKDOWN, drawn, live_in
from tests.runs_workspace import import_rows
from tests.workspace.models.test_judged_runs import (  # noqa: F401
    ids_of,
    judged,
    questions,
    said,
    shop,
)
from workspace.models.rating import say_of
from workspace.review.ratings import held_ratings


@pytest.fixture
def rate(page):
    """The Rate page of a workspace with a reviewer, so many answers of each run, and an address."""

    def opened(workspace, who="ann", n=60, **address):
        shown = page("rate", workspace.root)
        shown.number_input(key="n").set_value(n)
        shown.session_state["reviewer"] = who
        for name, value in address.items():
            shown.query_params[name] = value
        return fine(shown.run())

    return opened


def fine(shown):
    assert [e.message for e in shown.exception] == []
    assert [e.value for e in shown.error] == []
    return shown


def press(shown, label):
    return fine(next(b for b in shown.button if b.label == label).click().run())


def progress(shown):
    return next(one.proto.text for one in shown.get("progress"))


def text(shown):
    return "\n".join(words for _, words in drawn(shown))


def test_an_answer_is_shown_blind_and_rated_with_one_press(rate, shop):  # noqa: F811
    _, workspace = shop
    judged(workspace, "half")
    shown = rate(workspace, n=5)
    assert "Is this answer relevant to its question?" in text(shown)
    question, answer = (one.value for one in shown.text)
    assert question.startswith("Does part")
    assert answer in ("good answer", "bad answer")
    assert progress(shown).startswith("0 of ")
    # neither the gold, nor the model, nor what a judge said
    assert not any(
        word in text(shown) for word in ("model of", "judge says", "mini", "yes 1", "yes 2")
    )
    press(shown, "Yes")
    assert shown.text[0].value != question
    press(shown, "No")
    press(shown, "Skip")
    assert progress(shown).startswith("2 of ")
    assert progress(shown).endswith("rated, 1 skipped")
    held = held_ratings(workspace)
    assert sorted(held["value"]) == ["no", "skip", "yes"]
    assert set(held["rater"]) == {"ann"}
    press(shown, "Undo")
    press(shown, "Undo")
    press(shown, "Undo")
    assert held_ratings(workspace).is_empty()
    assert shown.text[0].value == question


def test_who_has_seen_all_may_look_at_the_skipped_again(rate, shop):  # noqa: F811
    _, workspace = shop
    shown = rate(workspace, run="half", n=2, criterion="faithfulness")
    assert "Do these texts support everything that this answer says?" in text(shown)
    assert any(one.value.startswith("snippet") for one in shown.text)
    press(shown, "Skip")
    press(shown, "Yes")
    assert "Done: 2 answers looked at, 1 of them rated." in [one.value for one in shown.success]
    press(shown, "Look at the 1 skipped again")
    press(shown, "No")
    assert [one.value for one in shown.success] == ["Done: 2 answers looked at, 2 of them rated."]
    assert press(shown, "Undo").success == []
    # another person begins anew, with the same answers
    assert (
        progress(rate(workspace, "bob", run="half", n=2, criterion="faithfulness"))
        == "0 of 2 rated"
    )


def test_what_people_said_is_told_and_a_file_adds_to_it(rate, shop):  # noqa: F811
    _, workspace = shop
    ids = ids_of(workspace)
    for who, words in (("ann", ("yes", "no")), ("bob", ("yes", "yes"))):
        for one, word in zip(ids, words, strict=False):
            say_of(workspace, "half", one, "relevance", word, who)
    shown = rate(workspace, run="half")
    shown.session_state["rate.people"] = True
    fine(shown.run())
    [line] = shown.dataframe[0].value.to_dict("records")
    assert (line["answers rated"], line["by whom"], line["equally divided"]) == (2, "ann, bob", 1)
    assert line["agreement between people"] == 0.5
    body = f"example_id,human_relevance\n{ids[5]},yes\n{ids[6]},no\n".encode()
    shown.file_uploader(key="rate.file").upload("people.csv", body, "text/csv")
    fine(shown.run())
    press(shown, "Take them in")
    assert [one.value for one in shown.success] == ["2 ratings taken in, 0 known before."]
    assert held_ratings(workspace).height == 6


def test_the_agreement_of_a_judge_on_results_follows_what_is_rated(page, shop):  # noqa: F811
    server, workspace = shop
    judged(workspace, "half")
    n = server.counts()["n_requests"]

    def tiles():
        shown = page("results", workspace.root)
        shown.session_state["results.judge"] = True
        return {tile.label: tile.value for tile in fine(shown.run()).metric}

    assert tiles()["Says what people say"] == "unknown"
    for one, word in zip(ids_of(workspace), ("no", "yes", "yes", "yes"), strict=False):
        say_of(workspace, "half", one, "relevance", word, "ann")
    assert tiles()["Says what people say"] == "75.0 %"
    assert server.counts()["n_requests"] == n


def test_an_answer_that_is_hostile_is_shown_as_text(rate, shop):  # noqa: F811
    _, workspace = shop
    rows = said(workspace, 2)
    for row in rows:
        row["raw_output"] = EVIL
    import_rows(workspace, "evil", rows, task="answers")
    shown = rate(workspace, EVIL, run="evil")
    assert shown.text[1].value == EVIL
    press(shown, "Yes")
    live = [(where, words) for where, words in drawn(shown) if where in MARKDOWN and live_in(words)]
    assert live == []
    assert held_ratings(workspace)["rater"].to_list() == [EVIL]


def test_where_no_run_answers_questions_the_page_says_so(page, filled):
    shown = fine(page("rate", filled))
    assert "No run here answers questions" in shown.info[0].value
