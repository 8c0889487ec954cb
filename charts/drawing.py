"""Figures as HTML and SVG: any browser shows them, at any width, with no library to load.

Places are shares of the area that is drawn in, so that text keeps its size where a figure is
narrow. All text is escaped here: names come from catalogs.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from charts.theme import label

STYLE = """
.gs-figure { container-type: inline-size; margin: 0 0 1rem; font-size: 13px; line-height: 1.3; color: inherit; }
.gs-figure svg { overflow: visible; display: block; }
.gs-figure line { stroke: currentColor; }
.gs-figure .grid { opacity: .13; }
.gs-figure .zero { opacity: .8; }
.gs-figure .whisker, .gs-figure .reference { opacity: .55; stroke-width: 1.5; }
.gs-figure .reference { stroke-width: 2; }
.gs-figure .legend { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin-bottom: .4rem; }
.gs-figure .legend span { display: inline-flex; align-items: center; gap: .4rem; }
.gs-figure .rows { display: grid; grid-template-columns: fit-content(40%) 1fr max-content; }
.gs-figure .row { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; }
.gs-figure .row:hover { background: rgba(0, 114, 178, .07); }
.gs-figure .axis:hover { background: none; }
.gs-figure .name { align-self: center; text-align: right; padding-right: 1rem; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.gs-figure .said { align-self: center; padding-left: 1rem; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.gs-figure .said small, .gs-figure .title { opacity: .7; font-size: 12px; }
.gs-figure .said small { margin-left: .5rem; }
.gs-figure .ticks { position: relative; height: 1.5rem; }
.gs-figure .tick { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.gs-figure .title { text-align: center; }
.gs-figure .plane { position: relative; }
.gs-figure .area { position: absolute; inset: 10px 16px 58px 76px; }
.gs-figure .under { position: absolute; top: calc(100% + 6px); transform: translateX(-50%);
  max-width: 9rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.gs-figure .beside { position: absolute; right: calc(100% + 8px); transform: translateY(50%);
  white-space: nowrap; }
.gs-figure .below { position: absolute; bottom: 0; left: 76px; right: 16px; }
.gs-figure .aside { position: absolute; left: 0; top: 10px; bottom: 58px; writing-mode: vertical-rl;
  transform: rotate(180deg); }
@container (max-width: 34rem) { .gs-figure .said small { display: none; } }
@media print { .gs-figure { break-inside: avoid; } }
"""
"""How figures look, once a page."""

_R3 = math.sqrt(3) / 2
_POINTS = {
    "diamond": [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)],
    "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "triangle-up": [(0, -1.15), (1.15 * _R3, 0.6), (-1.15 * _R3, 0.6)],
    "triangle-down": [(0, 1.15), (1.15 * _R3, -0.6), (-1.15 * _R3, -0.6)],
    "triangle-right": [(1.15, 0), (-0.6, 1.15 * _R3), (-0.6, -1.15 * _R3)],
    "triangle-left": [(-1.15, 0), (0.6, 1.15 * _R3), (0.6, -1.15 * _R3)],
    "cross": [
        (-0.35, -1), (0.35, -1), (0.35, -0.35), (1, -0.35), (1, 0.35), (0.35, 0.35),
        (0.35, 1), (-0.35, 1), (-0.35, 0.35), (-1, 0.35), (-1, -0.35), (-0.35, -0.35),
    ],
    "star": [
        (r * math.sin(k * math.pi / 5), -r * math.cos(k * math.pi / 5))
        for k, r in enumerate([1.2, 0.5] * 5)
    ],
}  # fmt: skip
DASHES = ("7 5", "2 4", "7 4 2 4")


@dataclass(frozen=True)
class Drawing:
    """A figure; ``body`` is HTML that holds no text but what was escaped."""

    body: str

    def html(self, alt: str) -> str:
        """The figure for a page that has `STYLE`; ``alt`` tells it to who cannot see it."""
        told = html.escape(alt)
        return f'<figure class="gs-figure" role="group" aria-label="{told}">{self.body}</figure>'


@dataclass(frozen=True)
class Axis:
    """What lies between two values, as shares of what is drawn in."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float], *, holds: float, room: float = 0.03) -> Axis:
        """An axis with room for values, and for one more; NaN counts for nothing."""
        known = [holds, *(value for value in values if not math.isnan(value))]
        low, high = min(known), max(known)
        wide = room * (high - low or 1.0)
        return cls(low - wide * (low < holds), high + wide)

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values on the axis.

        Examples
        --------
        >>> Axis(0.0, 0.93).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8]
        """
        raw = (self.high - self.low) / most
        size = 10.0 ** math.floor(math.log10(raw))
        step = next(size * n for n in (1, 2, 2.5, 5, 10) if size * n >= raw * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(n * step, 12) for n in range(first, last + 1)]


@dataclass(frozen=True)
class Row:
    """One line of a figure of rows.

    Attributes
    ----------
    said, aside
        What stands behind it, and smaller behind that.
    told
        What is told where somebody points at it, line by line.
    """

    name: str
    value: float
    low: float
    high: float
    symbol: str
    colour: str
    said: str = ""
    aside: str = ""
    told: Sequence[str] = ()


def rows_figure(
    rows: Sequence[Row],
    axis: Axis,
    *,
    tick: Callable[[float], str],
    lines: Mapping[str, float] | None = None,
    zero: float | None = None,
    title: str = "",
) -> Drawing:
    """Values with whiskers, one below the other, on one axis.

    Parameters
    ----------
    tick
        How a value of the axis is written.
    lines
        Values drawn as dashed lines across, by what the legend says of them.
    zero
        A value drawn as a plain line across.
    """
    ticks = axis.ticks()
    across = "".join(line(axis.share(at), 0, axis.share(at), 1, "grid") for at in ticks)
    if zero is not None:
        across += line(axis.share(zero), 0, axis.share(zero), 1, "zero")
    known = list((lines or {}).items())
    for n, (_, at) in enumerate(known):
        across += line(axis.share(at), 0, axis.share(at), 1, "reference", DASHES[n % len(DASHES)])
    parts = [_legend(known)] if known else []
    parts.append('<div class="rows">')
    for row in rows:
        x = axis.share(row.value)
        cell = across + whisker(axis, row.value, row.low, row.high)
        cell += mark(row.symbol, x, 0.5, 5.5, row.colour)
        aside = f"<small>{label(row.aside)}</small>" if row.aside else ""
        parts.append(
            f'<div class="row" title="{_told(row.told)}"><div class="name">{label(row.name)}</div>'
            f'<svg width="100%" height="32">{cell}</svg>'
            f'<div class="said">{label(row.said)}{aside}</div></div>'
        )
    written = "".join(
        f'<span class="tick" style="left:{_at(axis.share(at))}">{label(tick(at))}</span>'
        for at in ticks
    )
    below = f'<div class="title">{label(title, 120)}</div>' if title else ""
    parts.append(
        f'<div class="row axis"><div></div><div><div class="ticks">{written}</div>{below}</div>'
        "<div></div></div></div>"
    )
    return Drawing("".join(parts))


def plane_figure(
    body: str,
    *,
    height: int,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    x_title: str = "",
    y_title: str = "",
    legend: str = "",
) -> Drawing:
    """What is drawn over two axes.

    Parameters
    ----------
    body
        SVG whose places are shares of the area, from its upper left corner.
    x_ticks, y_ticks
        Shares from the left and from below, and what is written there.
    """
    grid = "".join(line(0, 1 - y, 1, 1 - y, "grid") for y, _ in y_ticks)
    grid += "".join(line(x, 0, x, 1, "grid") for x, _ in x_ticks)
    written = "".join(
        f'<span class="under" style="left:{_at(x)}">{label(told, 24)}</span>' for x, told in x_ticks
    )
    written += "".join(
        f'<span class="beside" style="bottom:{_at(y)}">{label(told)}</span>' for y, told in y_ticks
    )
    return Drawing(
        f'{legend}<div class="plane" style="height:{height}px">'
        f'<div class="title aside">{label(y_title)}</div>'
        f'<div class="area"><svg width="100%" height="100%">{grid}{body}</svg>{written}</div>'
        f'<div class="title below">{label(x_title)}</div></div>'
    )


def legend_of(entries: Sequence[tuple[str, str, str]]) -> str:
    """A legend of marks: symbol, colour and name of each."""
    return (
        '<div class="legend">'
        + "".join(
            f'<span><svg width="14" height="14">{mark(symbol, 0.5, 0.5, 5, colour)}</svg>'
            f"{label(name)}</span>"
            for symbol, colour, name in entries
        )
        + "</div>"
    )


def _legend(lines: Sequence[tuple[str, float]]) -> str:
    return (
        '<div class="legend">'
        + "".join(
            f'<span><svg width="30" height="4">'
            f"{line(0, 0.5, 1, 0.5, 'reference', DASHES[n % len(DASHES)])}</svg>{label(name)}</span>"
            for n, (name, _) in enumerate(lines)
        )
        + "</div>"
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str, dash: str = "") -> str:
    """A line between two places, as shares of the area."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line class="{kind}" x1="{_at(x1)}" y1="{_at(y1)}" x2="{_at(x2)}" y2="{_at(y2)}"{dashed}/>'


def whisker(axis: Axis, value: float, low: float, high: float) -> str:
    """An interval across the middle of a row; nothing where there is none."""
    if math.isnan(value) or math.isnan(low) or math.isnan(high):
        return ""
    a, b = axis.share(low), axis.share(high)
    ends = "".join(line(x, 0.36, x, 0.64, "whisker") for x in (a, b))
    return line(a, 0.5, b, 0.5, "whisker") + ends


def upright(x: float, low: float, high: float) -> str:
    """An interval that stands upright at ``x``: shares of the area, from below."""
    return "" if math.isnan(low) or math.isnan(high) else line(x, 1 - high, x, 1 - low, "whisker")


def mark(
    symbol: str, x: float, y: float, radius: float, colour: str, told: Sequence[str] = ()
) -> str:
    """A mark at a place; ``-open`` behind its name draws its outline alone."""
    shape = symbol.removesuffix("-open")
    fill = colour if shape == symbol else "none"
    look = f'fill="{fill}" stroke="{colour}" stroke-width="1.6"'
    if shape == "circle":
        drawn = f'<circle r="{radius:.1f}" {look}/>'
    else:
        points = " ".join(f"{radius * a:.1f},{radius * b:.1f}" for a, b in _POINTS[shape])
        drawn = f'<polygon points="{points}" {look}/>'
    title = f"<title>{_told(told)}</title>" if told else ""
    return f'<svg x="{_at(x)}" y="{_at(y)}" data-symbol="{symbol}">{drawn}{title}</svg>'


def _told(lines: Sequence[str]) -> str:
    return "&#10;".join(html.escape(line) for line in lines if line)


def _at(share: float) -> str:
    return f"{100 * share:.2f}%"
