"""Two runs beside each other: a dot a category, above the line where the candidate is better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from charts.drawing import Axis, Drawing, legend_of, line, mark, plane_figure, upright
from charts.theme import GREEN, INK, VERMILION, cut, percent, signed

MOST_WHISKERS = 60
_HEIGHT_PX = 460
_LARGEST_PX, _SMALLEST_PX = 15, 3.5
_NOTHING = "no difference shown"
_KINDS = (
    (_NOTHING, INK, "circle-open"),
    ("perhaps worse", VERMILION, "triangle-down-open"),
    ("worse", VERMILION, "triangle-down"),
    ("perhaps better", GREEN, "triangle-up-open"),
    ("better", GREEN, "triangle-up"),
)


@dataclass(frozen=True)
class Pair:
    """A category in two runs, shares in [0, 1].

    Attributes
    ----------
    low, high
        The interval of the difference; NaN if there is none.
    mark
        ``better``, ``worse``, these with ``perhaps`` before them, or nothing: what is shown after the
        correction for many looks.
    """

    name: str
    baseline: float
    candidate: float
    low: float
    high: float
    n: int
    mark: str = ""


def paired(pairs: Sequence[Pair], *, baseline: str, candidate: str) -> Drawing:
    """A scatter of categories: across the baseline, up the candidate, area the rows.

    The whisker is the interval of the difference, seen from the baseline's value. Of many
    categories only those have one that differ; all tell it where somebody points at them.
    """
    known = [p for p in pairs if not math.isnan(p.baseline) and not math.isnan(p.candidate)]
    most = max((p.n for p in known), default=1)
    axis = _axis(known)
    body = line(0, 1, 1, 0, "reference", "7 5")
    entries: list[tuple[str, str, str]] = []
    for kind, colour, symbol in _KINDS:
        mine = [p for p in known if (p.mark or _NOTHING) == kind]
        if not mine:
            continue
        entries.insert(0, (symbol, colour, f"{kind} ({len(mine):,})"))
        has_whiskers = len(known) <= MOST_WHISKERS or kind != _NOTHING
        body += "".join(_whisker(axis, p) for p in mine if has_whiskers)
        for p in sorted(mine, key=lambda p: -p.n):
            radius = _SMALLEST_PX + (_LARGEST_PX - _SMALLEST_PX) * math.sqrt(p.n / most)
            x, y = axis.share(p.baseline), 1 - axis.share(p.candidate)
            body += mark(symbol, x, y, radius, colour, _told(p))
    ticks = [(axis.share(at), f"{100 * at:g} %") for at in axis.ticks() if 0 <= at <= 1]
    return plane_figure(
        f'<g opacity=".8">{body}</g>',
        height=_HEIGHT_PX,
        x_ticks=ticks,
        y_ticks=ticks,
        x_title=f"{cut(baseline)}: share right",
        y_title=f"{cut(candidate)}: share right",
        legend=legend_of(entries),
    )


def _axis(pairs: Sequence[Pair]) -> Axis:
    """One axis for both runs, from a little below the least to a little over the most."""
    shares = [share for p in pairs for share in (p.baseline, p.candidate)] or [0.0, 1.0]
    low, high = min(shares), max(shares)
    room = max(0.04, 0.1 * (high - low))
    return Axis(max(-0.04, low - room), min(1.04, high + room))


def _whisker(axis: Axis, pair: Pair) -> str:
    if math.isnan(pair.low):
        return ""
    ends = [max(axis.low, min(axis.high, pair.baseline + end)) for end in (pair.low, pair.high)]
    low, high = (axis.share(max(0.0, min(1.0, end))) for end in ends)
    return upright(axis.share(pair.baseline), low, high)


def _told(pair: Pair) -> list[str]:
    interval = "no interval: rows of one group"
    if not math.isnan(pair.low):
        interval = f"95 % interval {signed(100 * pair.low)} to {signed(100 * pair.high)}"
    return [
        cut(pair.name, 120),
        f"{percent(pair.candidate)} against {percent(pair.baseline)}",
        f"{signed(100 * (pair.candidate - pair.baseline))} points, {interval}",
        f"{pair.n:,} rows",
    ]
