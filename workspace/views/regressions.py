"""What a checkpoint forgot, as people look at it."""

from __future__ import annotations

from workspace.runs.regression import Regression, regress
from workspace.runs.scoring import list_runs
from workspace.workspace import Workspace


def models(workspace: Workspace) -> list[str]:
    """The models that have runs, each checkpoint apart as ``MODEL@STEP``, the newest first."""
    steps: dict[str, set[int | None]] = {}
    for run in reversed(list_runs(workspace)):
        steps.setdefault(run.model, set()).add(run.about.get("checkpoint_step"))
    return [
        model if len(of) == 1 or step is None else f"{model}@{step}"
        for model, of in steps.items()
        for step in sorted(of, key=lambda step: -1 if step is None else step, reverse=True)
    ]


def forgotten(
    workspace: Workspace, candidate: str, baseline: str, previous: str | None = None
) -> Regression:
    """A line for each task and split (`evaluation.studies.regression.REGRESSION_SCHEMA`), and a sentence."""
    return regress(workspace, candidate, baseline, previous)
