"""The Export page: a template is tried on three lines before it is kept."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ui import jobs
from workspace.exports import exports
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
KEY = "export.template.classification"


@pytest.fixture
def own(filled, tmp_path):
    """A copy of the filled workspace, to change."""
    return Path(shutil.copytree(filled, tmp_path / "own" / "shop"))


def previews(shown):
    return [json.loads(each.value)["messages"][1]["content"] for each in shown.json[:3]]


def test_a_template_is_shown_on_three_lines_and_kept_by_its_button(page, own):
    shown = page("export", own)
    assert shown.text_area(key=KEY).value == "{product_json}"
    assert all(text.startswith('[CLASSIFY]\n{"title": ') for text in previews(shown))
    shown.text_area(key=KEY).set_value("Which shelf is for {title}?").run()
    assert all(text.startswith('[CLASSIFY]\nWhich shelf is for "') for text in previews(shown))
    assert Workspace(own).settings.export.templates == {}
    next(b for b in shown.button if b.label == "Keep").click().run()
    assert Workspace(own).settings.export.templates == {
        "classification": "Which shelf is for {title}?"
    }
    assert "Keep" not in [b.label for b in shown.button]
    assert [e.message for e in shown.exception] == []


def field(shown, kind, label):
    return next(each for each in getattr(shown, kind) if each.label == label)


def test_every_option_of_the_verb_is_in_the_form(page, own):
    shown = page("export", own)
    before = Workspace(own).layout.settings.read_bytes()
    field(shown, "multiselect", "Fields of the product").set_value([])
    field(shown, "text_input", "Folder below exports").set_value("../out")
    next(b for b in shown.button if b.label == "Export").click().run()
    [error] = shown.error
    assert "name" in error.value
    assert "letters" in error.value
    assert Workspace(own).layout.settings.read_bytes() == before
    drawn = {
        each.label
        for kind in ("selectbox", "number_input", "multiselect")
        for each in getattr(shown, kind)
    }
    assert {"An attribute of several values", "Targets of the other tasks", "Most images", "Seed",
            "Lists in the system prompt"} <= drawn  # fmt: skip
    assert "Certify again" in [b.label for b in shown.button]


def test_a_template_that_tells_the_answer_is_refused(page, own):
    shown = page("export", own)
    shown.text_area(key=KEY).set_value("{title} is {category_path}").run()
    [error] = shown.error
    assert "no placeholder" in error.value
    assert "Keep" not in [b.label for b in shown.button]
    assert [e.message for e in shown.exception] == []


def test_an_export_is_certified_again_and_what_was_touched_is_said(page, own):
    [made] = exports(Workspace(own))
    name = made.folder.name
    for touch, code, told in (
        (None, 0, None),
        ("records/test.jsonl", 1, f"{name}/records/test.jsonl is not what was exported"),
    ):
        if touch:
            with (made.folder / touch).open("a") as file:
                file.write("\n")
        shown = page("export", own)
        next(b for b in shown.button if b.label == "Certify again").click().run()
        job = jobs._jobs()[own]
        assert job.verb == f"certify {name}"
        assert job.process.wait(60) == code
        around = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
        assert [e.message for e in around.exception] == []
        warned = [w.value.replace("\\", "") for w in around.warning]
        assert [told in line for line in warned] == ([True] if told else [])
        done = [t.value.replace("\\", "") for t in around.toast]
        assert done == ([] if told else [f"certify {name}: done"])
