"""The first answer names what the page will load, and Streamlit's own files come from memory as they are."""

import re

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.first_visit import FIRST, LATER, STATIC, FirstVisit, first_files


@pytest.fixture(scope="module")
def browser():
    rest = Route("/{path:path}", lambda request: PlainTextResponse("the server"))
    return TestClient(FirstVisit(Starlette(routes=[rest])))


def named(page):
    return set(re.findall(r'<link rel="(?:modulepreload|preload)"[^>]* href="\./([^"]+)"', page))


def code_of(name):
    [file] = [f for f in first_files([name]) if f"/{name}." in f and f.endswith(".js")]
    return file


def test_a_page_names_all_that_its_tables_and_choices_need(browser):
    found = browser.get("/catalog")
    assert found.headers["cache-control"] == "no-cache"
    assert set(first_files()) <= named(found.text)
    assert all((STATIC / name).is_file() for name in first_files())


@pytest.mark.parametrize("path", ["/results", "/compare?candidate=a"])
def test_a_page_that_begins_without_a_grid_loads_it_once_it_is_drawn(browser, path):
    page, _, then = browser.get(path).text.partition("const drawn")
    assert code_of("DataFrame") not in named(page)
    assert {code_of("BidiComponent"), code_of("Selectbox")} <= named(page)
    assert all(f"./{file}" in then for name in LATER for file in first_files([name]))


@pytest.mark.parametrize("name", [*FIRST, *LATER])
def test_every_part_is_one_that_this_streamlit_has(name):
    assert any(f"/{name}." in file for file in first_files([name]))


def test_a_file_is_what_it_is_on_the_disk_and_kept_for_good(browser):
    for file in first_files()[:3]:
        found = browser.get(f"/{file}")
        assert found.content == (STATIC / file).read_bytes()
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["content-type"].startswith(("text/javascript", "text/css"))


@pytest.mark.parametrize(
    "path",
    ["/_stcore/health", "/static/../index.html", "/static/js/none.js", "/media/x", "/nopage"],
)
def test_all_else_is_the_servers_own(browser, path):
    assert browser.get(path).text == "the server"
