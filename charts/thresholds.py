"""How clusters of near-duplicates change with the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from charts.theme import BLUE, MUTED, ORANGE, styled


def clusters_by_threshold(curve: Sequence[Mapping[str, float]], chosen: float) -> go.Figure:
    """Rows in clusters and the largest cluster over the threshold, with the one that is chosen.

    Parameters
    ----------
    curve
        ``threshold, n_clusters, n_rows_in_clusters, largest_cluster`` of each step.
    """
    at = [step["threshold"] for step in curve]
    figure = go.Figure()
    lines = [
        ("rows in clusters", "n_rows_in_clusters", BLUE, "solid"),
        ("rows of the largest cluster", "largest_cluster", ORANGE, "dash"),
    ]
    for name, key, colour, dash in lines:
        figure.add_scatter(
            x=at,
            y=[step[key] for step in curve],
            name=name,
            mode="lines",
            line={"color": colour, "dash": dash, "shape": "vh"},
            hovertemplate="from %{x:.2f}: %{y:,} " + name + "<extra></extra>",
        )
    figure.add_vline(x=chosen, line={"color": MUTED, "dash": "dot"})
    figure.update_xaxes(title="threshold")
    figure.update_yaxes(title="rows", rangemode="tozero")
    return styled(figure, height=300)
