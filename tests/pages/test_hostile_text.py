"""Product text is shown as it stands: never as Markdown, HTML, a formula or a picture of one."""

import json
import re
from pathlib import Path

import pytest

from ui import safe

PAGES = sorted(p.stem for p in (Path(__file__).resolve().parents[2] / "pages").glob("*.py"))
LIVE = ["**evil", "<b>tag", "$x$", ":red[", "](http", "`c`", "&amp;", "_i_"]
# The keys by which a treemap hangs together.
NEVER_DRAWN = ("ids", "parents")
# What Streamlit renders as Markdown; the rest it draws as plain text.
MARKDOWN = {
    "Alert.body", "Button.help", "Button.label", "ButtonGroup.label", "ButtonGroup.options.content",
    "Checkbox.label", "DownloadButton.label", "Expandable.label", "FileUploader.label",
    "Heading.body", "Markdown.body", "Metric.help", "Metric.label", "PageLink.label",
    "Progress.text", "Selectbox.help", "Selectbox.label", "Tab.label", "TextInput.label",
    "Toast.body", "Toast.text",
}  # fmt: skip


def strings(message, where):
    for field, value in message.ListFields():
        for one in value if field.is_repeated else [value]:
            if isinstance(one, str):
                yield f"{where}.{field.name}", one
            elif hasattr(one, "ListFields"):
                yield from strings(one, f"{where}.{field.name}")


def drawn(shown):
    """Every text of a page with the kind of element it stands in."""
    for node in shown._tree:
        proto = getattr(node, "proto", None)
        if hasattr(proto, "ListFields"):
            yield from strings(proto, type(proto).__name__.removesuffix("Proto"))


def texts_of(spec):
    if isinstance(spec, dict):
        for name, value in spec.items():
            if name not in NEVER_DRAWN:
                yield from texts_of(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from texts_of(value)
    elif isinstance(spec, str):
        yield spec


def live_in(text):
    """The marks of a Markdown text that would be rendered: those without a backslash."""
    plain = re.sub(r"\\[^\w\s]", "\0", text)
    return [mark for mark in LIVE if mark in plain]


def test_a_mark_that_is_live_is_found(evil):
    assert live_in(evil) == LIVE
    assert live_in(safe.markdown(evil)) == []


def check(shown):
    assert not shown.exception
    for where, text in drawn(shown):
        if where in MARKDOWN:
            assert not live_in(text), (where, text)
        if where == "Html.body":
            assert "<b>" not in text, text
        if where == "PlotlyChart.spec":
            for one in texts_of(json.loads(text)):
                assert "<b>tag" not in one, one


@pytest.mark.parametrize("name", PAGES)
def test_no_page_renders_what_stands_in_the_catalog(name, page, hostile):
    check(page(name, hostile))


@pytest.mark.parametrize("view", ["Categories", "Quarantine"])
def test_no_part_of_the_catalog_renders_it(view, page, hostile):
    shown = page("catalog", hostile)
    shown.session_state["catalog_view"] = view
    check(shown.run())


def test_a_record_and_a_node_are_shown_as_they_stand(page, hostile, evil):
    shown = page("catalog", hostile)
    shown.session_state["catalog.rows"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    check(shown.run())
    title = shown.dataframe[0].value["title"][0]
    assert safe.markdown(title) in [heading.value for heading in shown.subheader]
    assert evil in "".join(text.value for text in shown.text)

    shown.session_state["catalog_view"] = "Categories"
    shown.session_state["taxonomy.path"] = f"B {evil}"
    check(shown.run())
    assert f"**{safe.markdown(f'B {evil}')}**" in [text.value for text in shown.markdown]


def test_a_row_of_a_comparison_is_shown_as_it_stands(page, hostile):
    shown = page("compare", hostile)
    for change in ("fixed", "broken"):
        shown.session_state[f"compare.{change}"] = {
            "selection": {"rows": [0], "columns": [], "cells": []}
        }
    check(shown.run())


def test_what_was_decided_and_searched_is_shown_as_it_stands(page, hostile):
    shown = page("review", hostile)
    shown.text_input(key="review.search").set_value("leaf").run()
    check(shown)
    found = next(b for b in shown.button if (b.key or "").startswith("review.found.1."))
    check(found.click().run())
    assert any("choose" in caption.value for caption in shown.caption)


def test_a_formula_is_text(page, hostile):
    shown = page("catalog", hostile)
    shown.text_input(key="search").set_value("=1+1").run()
    assert set(shown.dataframe[0].value["title"]) >= {"=1+1"}
