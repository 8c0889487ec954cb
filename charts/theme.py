"""One look for every figure: quiet, readable without colour, exact figures on hover."""

from __future__ import annotations

import html
from collections.abc import Sequence

import plotly.graph_objects as go

INK, MUTED, GRID = "#1f2933", "#7b8794", "#e4e7eb"
# Okabe and Ito (2008): colours that people with colour blindness tell apart.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442",
)  # fmt: skip
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")
PATTERNS = ("", "/", ".", "x", "-", "+")
ROW_PX = 32


def styled(figure: go.Figure, *, rows: int | None = None, height: int | None = None) -> go.Figure:
    """Give a figure the common look; ``rows`` sets the height of a list of rows."""
    if rows is not None:
        height = max(170, 110 + ROW_PX * rows)
    figure.update_layout(
        template="none",
        font={"family": "Source Sans Pro, Helvetica, Arial, sans-serif", "size": 13, "color": INK},
        margin={"l": 10, "r": 20, "t": 30, "b": 40},
        height=height or 380,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"bgcolor": "white", "font": {"color": INK}},
    )
    axis = {"gridcolor": GRID, "zerolinecolor": MUTED, "linecolor": GRID, "automargin": True}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def label(text: object, limit: int = 60) -> str:
    """Product text as a figure may hold it: no markup, cut where too long, its end kept.

    Examples
    --------
    >>> label("<b>'s"), label("Garden / Pots", 6)
    ("&lt;b&gt;'s", '… Pots')
    """
    return html.escape(cut(text, limit), quote=False)


def cut(text: object, limit: int = 60) -> str:
    """Text on one line, its end kept where it is too long; not escaped.

    Examples
    --------
    >>> cut(" Garden / Pots", 6)
    '… Pots'
    """
    plain = " ".join(str(text if text is not None else "").split())
    return plain if len(plain) <= limit else "…" + plain[-(limit - 1) :]


def listed(names: Sequence[str], limit: int = 60) -> dict[str, object]:
    """An axis on which names stand at 0, 1, 2 …: equal names and numbers stay what they are."""
    return {
        "type": "linear",
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": [label(name, limit) for name in names],
        "range": [-0.6, max(len(names), 1) - 0.4],
        "zeroline": False,
        "showgrid": False,
    }


def percent(value: float) -> str:
    """A share as people read it.

    Examples
    --------
    >>> percent(0.84321), percent(float("nan"))
    ('84.3 %', 'undefined')
    """
    return "undefined" if value != value else f"{100 * value:.1f} %"


def signed(value: float, digits: int = 1) -> str:
    """A difference as people read it, with a minus sign that is one.

    Examples
    --------
    >>> signed(3.94), signed(-0.61), signed(-0.01), signed(float("nan"))
    ('+3.9', '−0.6', '0.0', 'undefined')
    """
    if value != value:
        return "undefined"
    rounded = round(value, digits) + 0.0
    told = f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}"
    return told.replace("-", "−")


def usd(value: float) -> str:
    """Dollars as people read them: cents, and more digits of what is less than a dollar.

    Examples
    --------
    >>> usd(1234.5), usd(0.0312), usd(0.0), usd(float("nan"))
    ('$1,234.50', '$0.0312', '$0.00', 'unknown')
    """
    if value != value:
        return "unknown"
    digits = 2 if value >= 1 or value == 0 else 4 if value >= 0.01 else 6
    return f"${value:,.{digits}f}"
