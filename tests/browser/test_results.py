"""A stakeholder reads one sentence, and looks at what it rests on."""

import html
import re

import pytest

MARK = re.compile(r"^[▲▼=?] ")
SIBLINGS = "Gold against answers among siblings"


def percent(value):
    return f"{100 * value:.1f} %"


def names(square):
    """The gold categories of a square."""
    return {*square.locator(".ytick").all_text_contents()} - {""}


def test_results_say_what_the_verbs_say(visitor, workbench, goldshelf):
    visitor.visit("results")
    told = visitor.sees(re.compile("leads with"))
    figures = goldshelf("score", "-w", workbench[0])["runs"]
    runs = [run["run"] for run in goldshelf("runs", "-w", workbench[0])["runs"]]
    assert sorted(figures) == sorted(runs)
    best = max(figures, key=lambda run: figures[run]["accuracy"]["value"])
    found = figures[best]["accuracy"]
    assert told.startswith(
        f"{best} leads with accuracy {percent(found['value'])} (95 % interval "
        f"{percent(found['low'])} to {percent(found['high'])}) on {found['n']} rows"
    )

    board = visitor.chart("Leaderboard with intervals")
    board.locator(".row svg[data-symbol]").first.wait_for()
    assert board.locator(".row svg[data-symbol]").count() == len(runs)
    for value in (run["accuracy"]["value"] for run in figures.values()):
        assert percent(value) in board.inner_text()


def test_a_click_on_a_cell_shows_its_rows_and_the_way_deeper(visitor):
    square = visitor.visit("results", view="Confusion").chart(SIBLINGS)
    square.locator(".heatmap-label").first.wait_for()
    roots = names(square)
    assert "Kitchen & Dining" in roots
    square.locator(".scatterlayer .point").first.click(force=True)
    visitor.sees(re.compile(r"^Gold Kitchen & Dining, answer Kitchen & Dining"))
    visitor.main.get_by_role("button", name="Look inside Kitchen & Dining").click()
    visitor.page.wait_for_url(re.compile("below=Kitchen"))
    square.get_by_text("Cookware").first.wait_for()
    square.get_by_text("Home & Living").first.wait_for(state="detached")
    assert not names(square) & roots
    assert visitor.exceptions() == []


def test_the_first_page_is_found_by_its_name_too(visitor):
    visitor.visit("overview")
    assert visitor.main.get_by_role("heading", level=1).inner_text() == "Overview"
    assert visitor.page.get_by_text("Page not found").count() == 0


@pytest.fixture
def verdict(workbench, goldshelf):
    told = goldshelf(
        "compare", "-w", workbench[0], "--baseline", "knn", "--candidate", "linear", "--rows", 500
    )
    return told["sentence"]


def test_compare_says_what_the_verb_says(visitor, verdict):
    visitor.visit("compare", candidate="linear", baseline="knn")
    assert MARK.sub("", visitor.sees(re.compile("rows of|rows;"))) == verdict


def test_a_shared_link_shows_another_visitor_the_same(visitor, someone):
    visitor.visit("compare", candidate="knn", baseline="majority", look="Rows")
    visitor.main.get_by_role("radio", name=re.compile("^broken")).click()
    visitor.page.wait_for_url(re.compile("change=broken"))
    visitor.wait()
    told = visitor.sees(re.compile("rows fixed"))
    address = visitor.page.url
    for part in ("candidate=knn", "baseline=majority", "metric=accuracy", "look=Rows"):
        assert part in address
    other = someone()
    other.page.goto(address)
    other.wait()
    assert other.sees(re.compile("rows fixed")) == told
    assert other.main.get_by_role("radio", name=re.compile("^broken")).is_checked()
    assert other.page.url == address


def test_a_row_that_flipped_opens_whole(visitor):
    visitor.visit("compare", candidate="linear", baseline="knn", look="Rows")
    visitor.main.get_by_test_id("stDataFrame").last.click(position={"x": 18, "y": 52})
    visitor.sees(re.compile(r"^id P\d+"))
    visitor.sees("What the runs answered")
    visitor.sees("How the gold came to be")
    visitor.sees("Is the gold wrong? Review it")
    assert visitor.exceptions() == []


def test_the_report_downloads_and_holds_the_sentence(visitor, verdict):
    visitor.visit("compare", candidate="linear", baseline="knn")
    with visitor.page.expect_download() as coming:
        visitor.main.get_by_role("button", name="Report (HTML)").click()
    body = coming.value.path().read_text("utf-8")
    assert coming.value.suggested_filename == "linear-against-knn.html"
    assert verdict in html.unescape(body)
