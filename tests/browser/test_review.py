"""A domain expert at the keyboard: a decision a second, none lost, none made twice."""

import re

import pytest

ID = re.compile(r"^id P\d+")


def record(visitor):
    return re.search(r"P\d+", visitor.sees(ID)).group()


def press(visitor, key, before):
    """Press, and wait for another record."""
    visitor.page.keyboard.press(key)
    visitor.main.get_by_text(re.compile(rf"^id {before} ")).wait_for(state="detached")
    return visitor.wait()


def find_a_category(visitor, words):
    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type(words, delay=15)
    visitor.main.get_by_role("button", name=re.compile("Alt")).first.wait_for()
    visitor.wait()


@pytest.fixture
def at_review(visitor):
    return visitor.visit("review")


def test_ten_decisions_by_keyboard_an_undo_and_a_reload(at_review, workbench, goldshelf):
    done = []
    for key, action in [
        ("a", "accept"), ("1", "choose"), ("s", "skip"), ("d", "drop"), ("/", "choose"),
        ("a", "accept"), ("1", "choose"), ("a", "accept"), ("d", "drop"), ("a", "accept"),
    ]:  # fmt: skip
        now = record(at_review)
        if key == "/":
            find_a_category(at_review, "kettles")
            press(at_review, "Alt+1", now)
        else:
            press(at_review, key, now)
        done.append((now, action))
    at_review.page.keyboard.press("z")
    at_review.sees(re.compile(rf"^id {done[-1][0]} "))
    told = at_review.wait().sees(re.compile(r"\d decided, \d+ wait"))

    log = goldshelf("log", "-w", workbench[0])["log"][::-1]
    assert [(entry["record_id"], entry["action"]) for entry in log] == [
        *done,
        (done[-1][0], "undo"),
    ]
    assert log[4]["after"]["value"] == "Kitchen & Dining > Small Appliances > Kettles"
    assert log[10]["undoes"] == log[9]["id"]
    # Ten acts, of which one decides nothing (skip) and one was undone.
    assert told.startswith("8 decided")

    assert at_review.reload().sees(re.compile(r"\d decided, \d+ wait")) == told
    assert record(at_review) not in [name for name, action in done[:-1] if action != "skip"]
    assert at_review.exceptions() == []


def test_second_reviewer_does_not_get_what_the_first_has_open(someone, workbench, goldshelf):
    first = someone().visit("review")
    mine = record(first)
    second = someone().visit("review")
    name = second.page.get_by_role("textbox", name="Reviewer")
    name.fill("ben")
    name.press("Enter")
    second.main.get_by_text(re.compile(rf"^id {mine} ")).wait_for(state="detached")
    theirs = record(second.wait())
    assert theirs != mine
    second.page.get_by_test_id("stMain").locator("h1").click()
    press(second, "s", theirs)
    entry = goldshelf("log", "-w", workbench[0])["log"][0]
    assert (entry["record_id"], entry["reviewer"], entry["action"]) == (theirs, "ben", "skip")
    assert record(first.reload()) == mine
