"""Values with their intervals as plotly draws them: error bars, and lines of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from charts.theme import BLUE, MUTED


class Bounded(Protocol):
    """A value with its interval."""

    @property
    def value(self) -> float:
        """The value itself."""

    @property
    def low(self) -> float:
        """Its lower bound."""

    @property
    def high(self) -> float:
        """Its upper bound."""


def path(
    places: Sequence[float], dots: Sequence[Bounded], told: Sequence[str], *, size: int
) -> go.Scatter:
    """Values with whiskers, joined by a line in their order; ``told`` is said on hover."""
    return go.Scatter(
        x=places,
        y=[dot.value for dot in dots],
        error_y=whiskers(dots),
        mode="lines+markers",
        marker={"size": size, "color": BLUE},
        line={"color": BLUE},
        hovertext=told,
        hoverinfo="text",
    )


def whiskers(rows: Sequence[Bounded]) -> dict[str, object]:
    """The intervals of values as plotly's error bars."""
    # Arrays and not lists: in a list NaN becomes null, which plotly draws as a whisker of length 0.
    return {
        "type": "data",
        "symmetric": False,
        "array": np.array([row.high - row.value for row in rows], dtype=float),
        "arrayminus": np.array([row.value - row.low for row in rows], dtype=float),
        "color": MUTED,
        "thickness": 1.5,
    }
