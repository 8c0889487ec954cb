"""The categories as a map: area is rows, a click goes deeper."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from charts.theme import INK, label, styled

_TINTS = ["#cfe3f3", "#fbe3b8", "#c9ebdf", "#f3d6e4", "#dcecf8", "#f9d9c7", "#e7e7e7", "#f6f3c4"]


def treemap(
    nodes: Sequence[tuple[str, str, str, int]], *, shades: Sequence[float] | None = None
) -> go.Figure:
    """A treemap of category nodes.

    Parameters
    ----------
    nodes
        ``id, parent id, name, rows`` of each node; the rows of a node hold those below it.
    shades
        A number a node to colour by, such as a difference; none shades by rows.
    """
    figure = go.Figure(
        go.Treemap(
            ids=[node[0] for node in nodes],
            parents=[node[1] for node in nodes],
            labels=[label(node[2], 40) for node in nodes],
            customdata=[label(node[0], 120) for node in nodes],
            values=[node[3] for node in nodes],
            branchvalues="total",
            maxdepth=2,
            textinfo="label+value",
            hovertemplate="<b>%{customdata}</b><br>%{value:,} rows<br>%{percentParent:.1%} of its parent<extra></extra>",
            marker={
                "colors": list(shades) if shades is not None else None,
                "colorscale": "RdBu" if shades is not None else None,
                "cmid": 0 if shades is not None else None,
                "line": {"color": "white", "width": 2},
                "cornerradius": 3,
            },
            tiling={"pad": 2},
            textfont={"color": INK},
        )
    )
    figure.update_layout(treemapcolorway=_TINTS)
    styled(figure, height=460)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})
