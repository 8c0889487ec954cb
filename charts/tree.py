"""The categories as a map: area is rows, a click goes deeper."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from charts.theme import INK, label, signed, styled

_TINTS = ["#cfe3f3", "#fbe3b8", "#c9ebdf", "#f3d6e4", "#dcecf8", "#f9d9c7", "#e7e7e7", "#f6f3c4"]


_ALL = "All categories"
_BELOW, _LEVEL, _ABOVE = "#e8955c", "#f3f4f6", "#6fb0da"


def treemap(
    nodes: Sequence[tuple[str, str, str, int]],
    *,
    differences: Sequence[float] | None = None,
    whole: str = _ALL,
) -> go.Figure:
    """A treemap of category nodes.

    Parameters
    ----------
    nodes
        ``id, parent id, name, rows`` of each node; the rows of a node hold those below it.
    differences
        A difference in [-1, 1] for each node to colour by, blue above 0 and orange below; NaN is
        grey. Without, nodes are tinted to be told apart.
    whole
        What all nodes together are called, where they have differences.
    """
    if differences is not None:
        nodes, differences = _rooted(nodes, differences, whole)
    known = None if differences is None else [0.0 if d != d else 100 * d for d in differences]
    told = ["" if d != d else f"{signed(100 * d)} points" for d in differences or []]
    figure = go.Figure(
        go.Treemap(
            ids=[node[0] for node in nodes],
            parents=[node[1] for node in nodes],
            labels=[label(node[2], 40) for node in nodes],
            text=told or None,
            customdata=[label(node[0], 120) for node in nodes],
            values=[node[3] for node in nodes],
            branchvalues="total",
            maxdepth=2 if known is None else 3,
            textinfo="label+value" if known is None else "label+text",
            hovertemplate="<b>%{customdata}</b><br>"
            + ("" if known is None else "%{text}<br>")
            + "%{value:,} rows<br>%{percentParent:.1%} of its parent<extra></extra>",
            marker={"line": {"color": "white", "width": 2}, "cornerradius": 3},
            tiling={"pad": 2},
            textfont={"color": INK},
        )
    )
    if known is not None:
        figure.update_traces(marker=_shades(known))
    figure.update_layout(treemapcolorway=_TINTS)
    styled(figure, height=460)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})


def _rooted(
    nodes: Sequence[tuple[str, str, str, int]], differences: Sequence[float], whole: str
) -> tuple[list[tuple[str, str, str, int]], list[float]]:
    """The same below one node for all: plotly draws it dark where it has no colour of its own."""
    tops = [(n[3], d) for n, d in zip(nodes, differences, strict=True) if not n[1]]
    total = sum(n for n, _ in tops)
    overall = sum(n * d for n, d in tops) / total if total else math.nan
    below = [(name, parent or _ALL, told, n) for name, parent, told, n in nodes]
    return [(_ALL, "", whole, total), *below], [overall, *differences]


def _shades(points: list[float]) -> dict[str, object]:
    """Colours around 0, as far on both sides as nine in ten of the nodes reach."""
    sizes = sorted(abs(p) for p in points if p)
    most = max(1.0, sizes[int(0.9 * (len(sizes) - 1))]) if sizes else 1.0
    ticks = [-most, -most / 2, 0.0, most / 2, most]
    return {
        "colors": points,
        "colorscale": [[0, _BELOW], [0.5, _LEVEL], [1, _ABOVE]],
        "cmin": -most,
        "cmid": 0,
        "cmax": most,
        "showscale": True,
        "colorbar": {
            "title": "points",
            "tickvals": ticks,
            "ticktext": [signed(tick, 0 if most >= 10 else 1) for tick in ticks],
            "thickness": 12,
            "len": 0.9,
        },
    }
