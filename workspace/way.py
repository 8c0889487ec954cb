"""The way of the data through a workspace: where each step stands, and running them.

The steps are imported only when one of these is called: they bring all computation with them.
"""

from __future__ import annotations

from workspace.progress import Progress
from workspace.runner import StepStatus, run_steps
from workspace.runner import statuses as statuses_of
from workspace.snapshots import Snapshot
from workspace.workspace import Workspace


def statuses(workspace: Workspace) -> dict[str, StepStatus]:
    """Where each step stands, in the order of the way."""
    from workspace.steps import STEPS

    return statuses_of(workspace, STEPS)


def run(
    workspace: Workspace,
    *targets: str,
    progress: Progress | None = None,
    force: bool = False,
) -> list[Snapshot]:
    """Run steps and what they need, where out of date; all steps where none is named.

    Parameters
    ----------
    force
        Run the targets themselves even where they are up to date.

    Returns
    -------
    The snapshots made, in order.

    Raises
    ------
    WorkspaceError
        If a step is unknown or another process is at work here.
    """
    from workspace.steps import STEPS

    progress = progress or Progress(workspace.layout.progress, " ".join(targets) or "run")
    return run_steps(workspace, STEPS, list(targets or STEPS), progress, force=force)
