"""What a figure holds: no dot for what is undefined, no markup from a product, the first on top."""

import json
import math

import numpy as np
import pytest

from charts.bars import counts, grouped
from charts.intervals import Dot, differences, dots, series
from charts.matrix import matrix
from charts.tree import treemap

NAN = math.nan
EVIL = "<b>x</b>"


def ticks(axis):
    return dict(zip(axis.tickvals, axis.ticktext, strict=True))


@pytest.mark.parametrize("draw", [dots, differences])
def test_an_undefined_value_draws_no_dot_and_the_first_stands_on_top(draw):
    rows = [Dot("a", 0.5, 0.4, 0.6, 9), Dot("b", NAN, NAN, NAN, 0), Dot("c", 0.1, 0.0, 0.2, 9)]
    figure = draw(rows)
    names = ticks(figure.layout.yaxis)
    assert [names[y] for y in figure.data[0].y] == ["c", "a"]
    assert max(names, key=names.get) == 0 and names[1] == "a"


def test_whiskers_reach_from_the_value_to_its_bounds_and_are_missing_where_there_are_none():
    figure = dots([Dot("a", 0.5, 0.25, 1.0, 9), Dot("b", 0.5, NAN, NAN, 1)])
    up, down = figure.data[0].error_x.array, figure.data[0].error_x.arrayminus
    # From the bottom: b has none; a goes up by 1 - 0.5 and down by 0.5 - 0.25.
    np.testing.assert_array_equal(up, [NAN, 0.5])
    np.testing.assert_array_equal(down, [NAN, 0.25])


def test_a_reference_line_that_is_undefined_is_left_out():
    figure = dots([Dot("a", 0.5, 0.4, 0.6, 9)], lines={"chance": 0.25, "majority": NAN})
    assert [trace.name for trace in figure.data[1:]] == ["chance 25.0 %"]


def test_differences_are_marked_by_where_zero_lies():
    rows = [
        Dot("better", 0.2, 0.1, 0.3, 9), Dot("worse", -0.2, -0.3, -0.1, 9),
        Dot("tied", 0.1, -0.1, 0.3, 9), Dot("unknown", 0.1, NAN, NAN, 1),
    ]  # fmt: skip
    marks = differences(rows).data[0].marker.symbol
    assert list(marks)[::-1] == ["triangle-right", "triangle-left", "circle-open", "circle-open"]


def test_a_gap_in_a_series_is_a_gap():
    figure = series({"run": [Dot("1", 0.9, 0.8, 1.0, 9), Dot("2", NAN, NAN, NAN, 0)]})
    assert list(figure.data[0].y) == [0.9, None]


def test_undefined_cells_of_a_square_are_empty():
    figure = matrix(["a", "b"], ["a", "b"], [[NAN, 0.5], [0.5, NAN]])
    assert [list(line) for line in figure.data[0].text] == [["", "0.50"], ["0.50", ""]]
    assert figure.data[0].z[0][0] is None


@pytest.mark.parametrize(
    "figure",
    [
        dots([Dot(EVIL, 0.5, 0.4, 0.6, 9, note=EVIL)], lines={EVIL: 0.1}),
        differences([Dot(EVIL, 0.5, 0.4, 0.6, 9)]),
        series({EVIL: [Dot(EVIL, 0.5, 0.4, 0.6, 9)]}),
        counts([(EVIL, 3)], kinds=[EVIL]),
        grouped([EVIL], {EVIL: [3]}),
        matrix([EVIL], [EVIL], [[1.0]]),
        treemap([("1", "", EVIL, 3)]),
    ],
    ids=["dots", "differences", "series", "counts", "grouped", "matrix", "treemap"],
)
def test_names_from_a_catalog_are_never_markup(figure):
    spec = figure.to_json()
    assert EVIL not in spec.replace("\\u003c", "<").replace("\\u003e", ">")
    assert "&lt;b&gt;x" in spec.replace("\\u0026", "&")


def test_equal_names_stay_two_bars_and_long_ones_keep_their_end():
    figure = counts([("A > " + "x" * 80 + " > Pots", 2), ("same", 1), ("same", 1)])
    assert list(figure.data[0].y) == [0, 1, 2]
    assert figure.layout.yaxis.ticktext[0].endswith("&gt; Pots")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_dollars_are_told_to_the_cent_and_smaller_where_they_are_small():
    figure = counts([("a", 1234.5), ("b", 0.0312)], title="dollars", as_usd=True)
    assert list(figure.data[0].text) == ["$1,234.50", "$0.0312"]
    assert figure.layout.xaxis.tickformat.startswith("$")


def test_what_has_no_price_has_no_bar():
    figure = grouped(["a", "b"], {"batch": [math.nan, 2.0]}, as_usd=True)
    assert json.loads(figure.to_json())["data"][0]["x"] == [None, 2.0]
    assert figure.data[0].hovertext[0] == "a<br>batch: unknown"
