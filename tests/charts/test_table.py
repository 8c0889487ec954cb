"""A table as HTML: what stands in it is text, and nothing else."""

from html.parser import HTMLParser

from charts.table import Head, table


class Seen(HTMLParser):
    """The names of all elements, and the text of each cell."""

    def __init__(self):
        super().__init__()
        self.elements, self.cells = set(), []

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_data(self, data):
        self.cells[-1] += data


def seen(made):
    reader = Seen()
    reader.feed(made.html('a "table" <of> things'))
    return reader


def test_hostile_text_stays_text():
    evil = "<img src=x onerror=alert(1)> & \"quoted\" 'too' </td></table><script>"
    found = seen(table([Head(evil, told=evil), Head("n", is_number=True)], [[evil, "1"]]))
    assert found.elements == {"div", "table", "thead", "tbody", "tr", "th", "td"}
    assert found.cells == [evil, "n", evil, "1"]


def test_a_text_that_is_far_too_long_is_cut_and_lines_are_one():
    long = seen(table([Head("text")], [["word " * 1_000], ["two\nlines"]])).cells
    assert len(long[1]) == 500
    assert long[1].endswith("…")
    assert long[2] == "two lines"


def test_no_rows_are_a_head_alone():
    assert seen(table([Head("a"), Head("b")], [])).cells == ["a", "b"]
