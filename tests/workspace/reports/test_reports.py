"""One source of figures: HTML, CSV, JSON, Markdown and the page say the same."""

import csv
import html
import io
import json
import re

import pytest

from catalog.errors import InputError
from catalog.wording import words
from tests.pages.still_tables import still_tables
from workspace.reports.sections import between, p_value, points, share
from workspace.reports.writing import FORMATS, report_text, write_report
from workspace.workspace import Workspace

PAIR = {"baseline": "knn", "candidate": "linear", "gates": ["accuracy>=-0.5"]}


@pytest.fixture(scope="module")
def told(sample_workspace):
    workspace = Workspace(sample_workspace)
    return {form: report_text(workspace, form, **PAIR) for form in FORMATS}


@pytest.fixture(scope="module")
def figures(told):
    return json.loads(told["json"])


def cells(row):
    return re.findall(r"<td[^>]*>(?:<code>)?(.*?)(?:</code>)?</td>", row)


def html_rows(text):
    """The cells of the first row that begins with each name."""
    found = [cells(row) for row in re.findall(r"<tr>(.*?)</tr>", text, re.S)]
    return first_of([[html.unescape(cell) for cell in row] for row in found if row])


def markdown_rows(text):
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return first_of([[plain(cell) for cell in line] for line in lines])


def first_of(rows):
    return {row[0]: row for row in reversed(rows)}


def plain(cell):
    return re.sub(r"\\(.)", r"\1", cell.strip())


def said(row):
    """A metric as people read it."""
    return [
        words(row["metric"]),
        share(row["baseline"]),
        share(row["candidate"]),
        points(row["difference"]),
        between(points, row["low"], row["high"]),
    ]


def shares(figures):
    return [
        row
        for row in figures["metrics"]
        if row["baseline"] is not None and not row["metric"].startswith("error_")
    ]


def test_every_metric_is_the_same_in_all_four(told, figures):
    by_html, by_markdown = html_rows(told["html"]), markdown_rows(told["md"])
    by_csv = {
        (line["row"], line["figure"]): line["value"]
        for line in csv.DictReader(io.StringIO(told["csv"]))
        if line["table"] == "metrics"
    }
    assert len(shares(figures)) > 15
    for row in shares(figures):
        name = words(row["metric"])
        assert by_html[name] == said(row)
        assert by_markdown[name] == said(row)
        for figure in ("baseline", "candidate", "difference", "low", "high"):
            written = by_csv[row["metric"], figure]
            assert (float(written) if written else None) == row[figure]


def test_every_category_is_in_the_csv_and_the_most_moved_in_the_tables(told, figures):
    in_csv = {
        line["row"]
        for line in csv.DictReader(io.StringIO(told["csv"]))
        if line["table"] == "categories"
    }
    assert in_csv == {row["category"] for row in figures["categories"]}
    first = figures["categories"][0]
    for rows in (html_rows(told["html"]), markdown_rows(told["md"])):
        shown = rows[first["category"]]
        assert shown[2:5] == [
            share(first["baseline"]), share(first["candidate"]), points(first["difference"]),
        ]  # fmt: skip
        assert shown[6] == p_value(first["p_holm"])


def test_the_sentence_and_the_gates_stand_in_all_four(told, figures):
    for sentence in (figures["sentence"], *figures["gates"]):
        assert sentence in html.unescape(told["html"])
        assert sentence in plain(told["md"])
        assert sentence in told["csv"].replace('""', '"')


def test_the_page_has_the_same_figures(figures, sample_workspace, compare_page):
    shown = compare_page(sample_workspace, candidate="linear", baseline="knn")
    assert any(figures["sentence"] in plain(m.value) for m in shown.markdown)
    table = next(table for table in still_tables(shown) if "metric" in table.columns)
    on_page = {line["metric"]: line for line in table.to_dict("records")}
    for row in shares(figures):
        name, baseline, candidate, difference, interval = said(row)
        line = on_page[name]
        assert (line["baseline"], line["candidate"]) == (baseline, candidate)
        whole = difference if interval == "–" else f"{difference} ({interval})"
        assert line["difference, points"] == whole


def test_what_is_undefined_is_null_empty_and_told_apart(told, figures):
    undefined = [row["metric"] for row in figures["metrics"] if row["baseline"] is None]
    assert undefined
    for name in undefined:
        assert len(html_rows(told["html"])[words(name)]) == 2  # its definition alone
        assert words(name) in told["md"].partition("Not told by these predictions")[2]
    assert "NaN" not in told["json"] and ",nan" not in told["csv"]


def test_the_page_needs_nothing_from_outside(told):
    outside = re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", told["html"].split("<body>")[1])
    assert outside == []
    head = told["html"].split("<body>")[0]
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=", head[:4000])


def test_the_form_is_what_is_asked_or_what_the_name_ends_in(sample_workspace, tmp_path):
    workspace = Workspace(sample_workspace)
    by_name = write_report(workspace, tmp_path / "verdict.csv", baseline="knn", candidate="linear")
    assert by_name.path.read_text("utf-8").startswith("table,row,figure,value\n")
    asked = write_report(
        workspace, tmp_path / "verdict.txt", form="md", baseline="knn", candidate="linear"
    )
    assert asked.path.read_text("utf-8").startswith("# linear against knn")
    with pytest.raises(InputError, match=r"no report format 'pdf'\. Expected one of html, csv"):
        write_report(workspace, tmp_path / "x", form="pdf")
