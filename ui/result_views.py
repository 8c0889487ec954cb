"""What can be looked at below the leaderboard, one view at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from ui import address
from ui.result_costs import cost
from ui.result_history import experiments, forgotten
from ui.result_parts import calibration, slices
from ui.result_scores import attributes, categories, confusion, metrics, published, worst
from workspace.workspace import Workspace

VIEWS: dict[str, dict[str, Callable[[Workspace, str, str, pl.DataFrame], None]]] = {
    "classification": {
        "Metrics": metrics,
        "Categories": categories,
        "Confusion": confusion,
        "Slices": slices,
        "Calibration": calibration,
        "Cost": cost,
        "Forgotten": forgotten,
        "Experiments": experiments,
        "Errors": worst,
    },
    "attributes": {
        "Metrics": metrics,
        "Published": published,
        "Attributes": attributes,
        "Slices": slices,
        "Cost": cost,
        "Forgotten": forgotten,
        "Experiments": experiments,
        "Errors": worst,
    },
}
"""By task, what can be looked at."""


def look(task: str, *given: Any) -> None:
    """Choose a view of a task and draw it."""
    named = VIEWS[task]
    chosen = address.kept(
        st.segmented_control,
        "Look at",
        list(named),
        key="view",
        default=next(iter(named)),
        required=True,
        label_visibility="collapsed",
    )
    named[chosen](*given)
