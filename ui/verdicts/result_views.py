"""What can be looked at below the leaderboard, one view at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from ui import address
from ui.verdicts.result_costs import cost
from ui.verdicts.result_history import experiments, forgotten
from ui.verdicts.result_parts import calibration, slices
from ui.verdicts.result_scores import (
    attributes,
    categories,
    confusion,
    labels,
    metrics,
    published,
    tags,
    worst,
)
from workspace.workspace import Workspace

View = Callable[[Workspace, str, str, pl.DataFrame], None]
_ALWAYS: dict[str, View] = {
    "Cost": cost,
    "Forgotten": forgotten,
    "Experiments": experiments,
    "Errors": worst,
}
_SURE: dict[str, View] = {"Slices": slices, "Calibration": calibration, **_ALWAYS}
_LABELS: dict[str, View] = {"Metrics": metrics, "Published": published, "Labels": labels, **_SURE}
VIEWS: dict[str, dict[str, View]] = {
    "classification": {
        "Metrics": metrics,
        "Categories": categories,
        "Confusion": confusion,
        **_SURE,
    },
    "attributes": {
        "Metrics": metrics,
        "Published": published,
        "Attributes": attributes,
        "Slices": slices,
        **_ALWAYS,
    },
    "labels": _LABELS,
    "pairs": _LABELS,
    "answers": {"Metrics": metrics, "Published": published, **_SURE},
    "recommendation": {"Metrics": metrics, "Published": published, **_SURE},
    "ranking": {"Metrics": metrics, "Published": published, "Slices": slices, **_ALWAYS},
    "tags": {"Metrics": metrics, "Tags": tags, "Slices": slices, **_ALWAYS},
    "json_validity": {"Metrics": metrics, **_ALWAYS},
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
