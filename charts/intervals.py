"""Values with their intervals as dots and whiskers: leaderboards, levels, differences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charts.drawing import (
    DASHES,
    Axis,
    Drawing,
    Row,
    legend_of,
    line,
    mark,
    plane_figure,
    rows_figure,
    upright,
)
from charts.theme import BLUE, GREEN, INK, SERIES, SYMBOLS, VERMILION, cut, percent
from charts.theme import signed as points

_STEP_ASIDE = 0.05
_SERIES_PX = 340
MARKS = {
    "better": ("triangle-right", GREEN),
    "perhaps better": ("triangle-right-open", GREEN),
    "worse": ("triangle-left", VERMILION),
    "perhaps worse": ("triangle-left-open", VERMILION),
    "forgotten": ("triangle-left", VERMILION),
}
_PLAIN = ("circle", BLUE)
_UNMARKED = ("circle-open", INK)


@dataclass(frozen=True)
class Dot:
    """One line of a dot plot. NaN bounds draw no whisker, a NaN value no dot."""

    name: str
    value: float
    low: float
    high: float
    n: int
    note: str = ""


def dots(
    rows: Sequence[Dot],
    *,
    lines: Mapping[str, float] | None = None,
    title: str = "",
    is_marked: bool = False,
) -> Drawing:
    """Values in [0, 1] one below the other, the first on top, with reference lines.

    Parameters
    ----------
    lines
        Values to draw as dashed lines across, by name, such as chance and majority.
    is_marked
        Whether the note of a dot is a mark (`MARKS`), which gives it form and colour.
    """
    shown = [row for row in rows if not math.isnan(row.value)]
    known = {name: value for name, value in (lines or {}).items() if not math.isnan(value)}
    ends = [end for row in shown for end in (row.value, row.low, row.high)]
    return rows_figure(
        [
            Row(
                row.name, row.value, row.low, row.high,
                *(MARKS.get(row.note, _PLAIN) if is_marked else _PLAIN),
                said=percent(row.value),
                aside="" if math.isnan(row.low) else f"{percent(row.low)} to {percent(row.high)}",
                told=_told(row),
            )
            for row in shown
        ],
        Axis.around([*ends, *known.values()], holds=0),
        tick=lambda value: f"{100 * value:g} %",
        lines={f"{cut(name)} {percent(value)}": value for name, value in known.items()},
        title=title,
    )  # fmt: skip


def differences(rows: Sequence[Dot], *, title: str = "", is_corrected: bool = False) -> Drawing:
    """Paired differences around zero: better to the right (▶), worse to the left (◀).

    Parameters
    ----------
    is_corrected
        Whether the note of a dot is its mark after the correction for many looks, and decides:
        ``better``, ``worse``, or with ``perhaps`` before it, which is drawn hollow. Else it is the
        interval that decides.
    """
    shown = [row for row in rows if not math.isnan(row.value)]
    ends = [100 * end for row in shown for end in (row.value, row.low, row.high)]
    return rows_figure(
        [
            Row(
                row.name, 100 * row.value, 100 * row.low, 100 * row.high,
                *MARKS.get(row.note if is_corrected else _side(row), _UNMARKED),
                said=points(100 * row.value),
                aside="" if math.isnan(row.low) else _between(row),
                told=_told(row, is_difference=True),
            )
            for row in shown
        ],
        Axis.around(ends, holds=0),
        tick=lambda value: points(value, 0 if value == round(value) else 1),
        zero=0,
        title=f"{title}, points" if title else "points",
    )  # fmt: skip


def series(
    named: Mapping[str, Sequence[Dot]],
    *,
    x_title: str = "",
    y_title: str = "",
    as_share: bool = True,
) -> Drawing:
    """Several series over the same steps, such as accuracy by level, told apart by symbol.

    The series stand a little beside each other, so that no whisker hides another.
    """
    steps = list(dict.fromkeys(row.name for rows in named.values() for row in rows))
    ends = [end for rows in named.values() for row in rows for end in (row.value, row.high)]
    up, across = Axis.around(ends, holds=0), Axis(-0.5, max(len(steps), 1) - 0.5)
    body, entries = "", []
    for position, (name, rows) in enumerate(named.items()):
        symbol, colour = SYMBOLS[position % len(SYMBOLS)], SERIES[position % len(SERIES)]
        dash = ("", *DASHES)[position % 4]
        aside = _STEP_ASIDE * (position - (len(named) - 1) / 2)
        places = [(across.share(steps.index(row.name) + aside), row) for row in rows]
        for (x1, a), (x2, b) in itertools.pairwise(places):
            if not math.isnan(a.value) and not math.isnan(b.value):
                y1, y2 = 1 - up.share(a.value), 1 - up.share(b.value)
                body += f'<g color="{colour}">{line(x1, y1, x2, y2, "joined", dash)}</g>'
        for x, row in places:
            if not math.isnan(row.value):
                body += upright(x, up.share(row.low), up.share(row.high))
                told = [cut(name), *_told(row)]
                body += mark(symbol, x, 1 - up.share(row.value), 5, colour, told)
        entries.append((symbol, colour, name))
    return plane_figure(
        body,
        height=_SERIES_PX,
        x_ticks=[(across.share(n), step) for n, step in enumerate(steps)],
        y_ticks=[
            (up.share(at), f"{100 * at:g} %" if as_share else f"{at:.2f}") for at in up.ticks()
        ],
        x_title=x_title,
        y_title=y_title,
        legend=legend_of(entries),
    )


def _side(row: Dot) -> str:
    return "better" if row.low > 0 else "worse" if row.high < 0 else ""


def _between(row: Dot) -> str:
    return f"{points(100 * row.low)} to {points(100 * row.high)}"


def _told(row: Dot, *, is_difference: bool = False) -> list[str]:
    value = f"{points(100 * row.value)} points" if is_difference else percent(row.value)
    interval = "no interval"
    if not math.isnan(row.low):
        between = _between(row) if is_difference else f"{percent(row.low)} to {percent(row.high)}"
        interval = f"95 % interval {between}"
    return [cut(row.name, 120), value, interval, f"{row.n:,} rows", cut(row.note, 200)]
