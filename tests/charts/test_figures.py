"""What a figure holds: no dot for what is undefined, no markup from a product, the first on top."""

import json
import math
import re

import pytest
from bs4 import BeautifulSoup

from charts.bars import counts, grouped
from charts.calibration import kept_part, reliability
from charts.drawing import Drawing
from charts.frontier import Priced, cascade, frontier
from charts.intervals import Dot, differences, dots, series
from charts.matrix import matrix
from charts.pairs import MOST_WHISKERS, Pair, paired
from charts.shares import divided
from charts.tree import treemap

NAN = math.nan
EVIL = "<b>x</b>"


def texts(spec, name=""):
    """Every text of a figure that is drawn; the ids of a tree are not."""
    if isinstance(spec, str) and name not in ("ids", "parents"):
        yield spec
    for key, value in spec.items() if isinstance(spec, dict) else []:
        yield from texts(value, key)
    for value in spec if isinstance(spec, list) else []:
        yield from texts(value, name)


def page(drawing):
    return BeautifulSoup(drawing.html("a figure"), "html.parser")


def rows_of(drawing):
    """Name, symbol and place of each line of a drawing, from the top."""
    return [
        (
            row.select_one(".name").text,
            row.select_one("svg svg")["data-symbol"],
            share(row.select_one("svg svg")["x"]),
        )
        for row in page(drawing).select(".row:not(.axis)")
    ]


def ticks_of(drawing):
    """What is written along the axis below, by place."""
    return {tick.text: share(tick["style"]) for tick in page(drawing).select(".tick, .under")}


def marks_of(drawing):
    """Symbol, place across and up, and size of each mark over two axes."""
    return [
        (m["data-symbol"], share(m["x"]), 1 - share(m["y"]), m.title.text.splitlines())
        for m in page(drawing).select(".area svg svg")
    ]


def whiskers_of(drawing, where=".row"):
    """From where to where each interval reaches."""
    lines = page(drawing).select(f"{where} line.whisker")
    return [
        (share(w["x1"]), share(w["x2"]))
        if w["y1"] == w["y2"]
        else (1 - share(w["y1"]), 1 - share(w["y2"]))
        for w in lines
    ]


def share(percent):
    return float(re.search(r"(-?[\d.]+)%", percent)[1]) / 100


@pytest.mark.parametrize("draw", [dots, differences])
def test_an_undefined_value_draws_no_dot_and_the_first_stands_on_top(draw):
    rows = [Dot("a", 0.5, 0.4, 0.6, 9), Dot("b", NAN, NAN, NAN, 0), Dot("c", 0.1, 0.0, 0.2, 9)]
    assert [name for name, _, _ in rows_of(draw(rows))] == ["a", "c"]


def test_a_value_stands_where_the_axis_says():
    drawn = dots([Dot("a", 0.5, 0.25, 1.0, 9), Dot("b", 0.2, 0.1, 0.4, 9)])
    ticks = ticks_of(drawn)
    full = ticks["100 %"] - ticks["0 %"]
    for (_, _, place), value in zip(rows_of(drawn), (0.5, 0.2), strict=True):
        assert place == pytest.approx(ticks["0 %"] + value * full, abs=1e-3)


def test_whiskers_reach_from_bound_to_bound_and_are_missing_where_there_are_none():
    drawn = dots([Dot("a", 0.5, 0.25, 1.0, 9), Dot("b", 0.5, NAN, NAN, 1)])
    ticks = ticks_of(drawn)
    [interval] = whiskers_of(drawn, ".row:first-child")[:1]
    assert interval == pytest.approx((0.25 * ticks["100 %"], ticks["100 %"]), abs=1e-3)
    assert whiskers_of(drawn, ".row:nth-child(2)") == []
    said = [row.text for row in page(drawn).select(".said")]
    assert said == ["50.0 %25.0 % to 100.0 %", "50.0 %"]


def test_a_reference_line_that_is_undefined_is_left_out():
    drawn = dots([Dot("a", 0.5, 0.4, 0.6, 9)], lines={"chance": 0.25, "majority": NAN})
    assert [entry.text for entry in page(drawn).select(".legend span")] == ["chance 25.0 %"]
    assert len(page(drawn).select(".row line.reference")) == 1


def test_differences_are_marked_by_where_zero_lies():
    rows = [
        Dot("better", 0.2, 0.1, 0.3, 9), Dot("worse", -0.2, -0.3, -0.1, 9),
        Dot("tied", 0.1, -0.1, 0.3, 9), Dot("unknown", 0.1, NAN, NAN, 1),
    ]  # fmt: skip
    marks = [symbol for _, symbol, _ in rows_of(differences(rows))]
    assert marks == ["triangle-right", "triangle-left", "circle-open", "circle-open"]


def test_a_gap_in_a_series_is_a_gap():
    steps = [Dot("1", 0.9, 0.8, 1.0, 9), Dot("2", NAN, NAN, NAN, 0), Dot("3", 0.8, 0.7, 0.9, 9)]
    drawn = series({"run": steps})
    assert [told[:2] for *_, told in marks_of(drawn)] == [["run", "1"], ["run", "3"]]
    assert page(drawn).select("line.joined") == []
    assert len(page(series({"run": steps[:1] + steps[2:]})).select("line.joined")) == 1


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
        treemap([(EVIL, "", EVIL, 3)], differences=[0.1]),
        paired([Pair(EVIL, 0.5, 0.6, NAN, NAN, 9)], baseline=EVIL, candidate=EVIL),
        frontier([Priced(EVIL, 0.5, 0.4, 0.6, 1.0, False)], cost_title="dollars"),
        cascade([(1.0, Dot("", 0.5, 0.4, 0.6, 9, note=EVIL))], cost_title="dollars"),
        divided([EVIL], {EVIL: [1]}),
    ],
    ids=[
        "dots",
        "differences",
        "series",
        "counts",
        "grouped",
        "matrix",
        "treemap",
        "treemap of differences",
        "paired",
        "frontier",
        "cascade",
        "divided",
    ],
)
def test_names_from_a_catalog_are_never_markup(figure):
    if isinstance(figure, Drawing):
        shown = page(figure)
        assert shown.b is None and EVIL in shown.text
        return
    shown = list(texts(json.loads(figure.to_json())))
    assert not [text for text in shown if EVIL in text]
    assert [text for text in shown if "&lt;b&gt;x" in text]


def test_a_name_cannot_leave_its_attribute():
    drawn = dots([Dot('"><script>', 0.5, 0.4, 0.6, 9)]).html('" onload="x')
    found = BeautifulSoup(drawn, "html.parser")
    assert found.script is None and found.figure["aria-label"] == '" onload="x'
    assert found.select_one(".row")["title"].startswith('"><script>')


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


def pair(name, baseline, candidate, low=NAN, high=NAN, n=9, mark=""):
    return Pair(name, baseline, candidate, low, high, n, mark)


def test_a_category_stands_at_its_values_and_is_marked_by_what_is_shown_after_correction():
    figure = paired(
        [
            pair("a", 0.2, 0.6, 0.1, 0.7, mark="better"),
            pair("b", 0.9, 0.5, -0.6, -0.2),
            pair("c", NAN, 0.5),
        ],
        baseline="old",
        candidate="new",
    )
    # b's own interval excludes 0, but no mark is left of it after the correction; c is undefined.
    names = [entry.text for entry in page(figure).select(".legend span")]
    assert names == ["better (1)", "no difference shown (1)"]
    drawn = {told[0]: (symbol, x, y) for symbol, x, y, told in marks_of(figure)}
    across = ticks_of(figure)
    per = (across["80 %"] - across["20 %"]) / 0.6
    assert drawn.keys() == {"a", "b"}
    assert drawn["a"][0] == "triangle-up" and drawn["b"][0] == "circle-open"
    assert drawn["b"][1] - drawn["a"][1] == pytest.approx((0.9 - 0.2) * per, abs=1e-3)
    assert drawn["b"][2] - drawn["a"][2] == pytest.approx((0.5 - 0.6) * per, abs=1e-3)


def test_the_area_of_a_category_is_its_rows_and_whiskers_stay_inside_the_shares():
    figure = paired(
        [pair("few", 0.5, 0.5, -0.1, 0.1, n=1), pair("many", 0.4, 0.9, -1.0, 1.0, n=100)],
        baseline="old",
        candidate="new",
    )
    radius = {m.title.text.split("\n")[0]: float(m.circle["r"])
              for m in page(figure).select(".area svg svg")}  # fmt: skip
    assert radius["few"] < radius["many"]
    across = ticks_of(figure)
    per = (across["80 %"] - across["40 %"]) / 0.4
    reach = max(abs(b - a) for a, b in whiskers_of(figure, ".area"))
    # From .4 down to 0 and up to 1, of which the axis shows .35 to .95.
    assert reach <= 0.61 * per


def test_of_many_categories_only_those_that_differ_have_whiskers():
    many = [pair(f"c{n}", 0.5, 0.5, -0.1, 0.1) for n in range(MOST_WHISKERS)]
    moved = pair("moved", 0.1, 0.9, 0.5, 0.9, mark="better")
    assert len(whiskers_of(paired([*many, moved], baseline="a", candidate="b"), ".area")) == 1
    assert len(whiskers_of(paired(many, baseline="a", candidate="b"), ".area")) == len(many)


def test_the_frontier_joins_the_runs_that_no_other_beats_and_costs_are_logarithmic():
    runs = [
        Priced("cheap", 0.6, 0.5, 0.7, 0.1, False),
        Priced("beaten", 0.7, 0.6, 0.8, 5.0, True),
        Priced("good", 0.8, 0.7, 0.9, 2.0, False),
        Priced("free", 0.9, 0.8, 1.0, 0.0, False),
    ]
    figure = frontier(runs, cost_title="dollars")
    assert list(figure.data[0].x) == [0.1, 2.0]
    assert {text.strip() for text in figure.data[1].text} == {"cheap", "beaten", "good"}
    assert figure.layout.xaxis.type == "log"


def test_parts_of_a_bar_add_up_to_the_whole_and_tell_their_counts():
    figure = divided(["a", "b"], {"right": [3, 0], "wrong": [1, 0], "never": [0, 0]})
    assert [trace.name for trace in figure.data] == ["right", "wrong"]
    assert [trace.x[0] for trace in figure.data] == [0.75, 0.25]
    assert [trace.x[1] for trace in figure.data] == [0.0, 0.0]
    assert "3 of 4 rows" in figure.data[0].hovertext[0]


def test_a_map_of_differences_has_one_node_above_all_that_holds_their_mean():
    nodes = [("Home", "", "Home", 30), ("Pets", "", "Pets", 10)]
    figure = treemap(nodes, differences=[0.1, -0.1])
    drawn = figure.data[0]
    # (30 x 10 - 10 x 10) points / 40 rows = 5 points.
    assert list(drawn.marker.colors) == pytest.approx([5, 10, -10])
    assert list(drawn.text) == ["+5.0 points", "+10.0 points", "−10.0 points"]
    assert drawn.values[0] == 40 and set(drawn.parents) == {"", drawn.ids[0]}


def test_a_cell_that_can_be_clicked_knows_its_row_and_column_and_a_count_of_nothing_is_empty():
    figure = matrix(["a", "b"], ["a", "b", "c"], [[2, 0, 1], [0, 3, 0]], as_count=True,
                    can_be_clicked=True)  # fmt: skip
    assert list(figure.data[0].text[0]) == ["2", "", "1"]
    points = figure.data[1]
    places = {
        (y, x): tuple(data)
        for x, y, data in zip(points.x, points.y, points.customdata, strict=True)
    }
    assert len(places) == 6 and all(place == data for place, data in places.items())


def test_after_a_correction_the_mark_decides_and_perhaps_is_hollow():
    rows = [Dot("a", 0.2, 0.1, 0.3, 9, ""), Dot("b", 0.2, 0.1, 0.3, 9, "perhaps better")]
    marks = [symbol for _, symbol, _ in rows_of(differences(rows, is_corrected=True))]
    assert marks == ["circle-open", "triangle-right-open"]


def test_a_model_that_is_as_right_as_sure_lies_on_the_line():
    figure = reliability(
        [(0.25, Dot("1", 0.25, 0.2, 0.3, 40)), (0.75, Dot("2", 0.75, 0.7, 0.8, 40))]
    )
    assert list(figure.data[0].x) == list(figure.data[0].y) == [0.25, 0.75]
    line = figure.layout.shapes[0]
    assert (line.x0, line.y0, line.x1, line.y1) == (0, 0, 1, 1)


def test_what_is_kept_tells_its_threshold_where_it_is_known():
    figure = kept_part([(0.5, 0.9, 0.8), (1.0, 0.7, None)])
    assert "confidence of 0.800 or more" in figure.data[0].hovertext[0]
    assert "confidence" not in figure.data[0].hovertext[1]
