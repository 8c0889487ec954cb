"""How sure a run is, and how right: what the Results page draws of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from evaluation.metrics.calibration import NO_CONFIDENCE, RELIABILITY_SCHEMA, RISK_SCHEMA
from workspace.runs.views import run_scores
from workspace.workspace import Workspace

NUMBERS = ("ece", "brier_score", "aurc", "accuracy_at_coverage_80")


@dataclass(frozen=True)
class CalibrationView:
    """Confidence against accuracy, and accuracy against the part that is kept.

    Attributes
    ----------
    reliability
        `evaluation.metrics.calibration.RELIABILITY_SCHEMA`, a line for each bin.
    risk_coverage
        `evaluation.metrics.calibration.RISK_SCHEMA`, a line for each cut.
    numbers
        `NUMBERS` by name, as the scores tell them.
    reason
        Why there is nothing to draw; None where there is.
    """

    reliability: pl.DataFrame
    risk_coverage: pl.DataFrame
    numbers: dict[str, dict[str, Any]]
    reason: str | None


def calibration(workspace: Workspace, run: str) -> CalibrationView:
    """The calibration of a run, scored now where its scores are stale."""
    snapshot = run_scores(workspace, run)
    numbers = {name: snapshot.figures[name] for name in NUMBERS if name in snapshot.figures}
    if not numbers:
        empty = pl.DataFrame(schema=RELIABILITY_SCHEMA), pl.DataFrame(schema=RISK_SCHEMA)
        return CalibrationView(
            *empty, {}, f"a run on {snapshot.figures['task']} has no confidences"
        )
    reliability = snapshot.read("reliability")
    return CalibrationView(
        reliability,
        snapshot.read("risk_coverage"),
        numbers,
        NO_CONFIDENCE if reliability.is_empty() else None,
    )
