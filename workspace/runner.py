"""Which steps are out of date, and running them in order."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import Literal

from catalog.errors import WorkspaceError
from workspace.atomic import digest_of, full_disk_told
from workspace.lock import locked
from workspace.progress import Progress
from workspace.snapshots import Snapshot
from workspace.step import Context, Step
from workspace.workspace import Workspace

State = Literal["done", "stale", "missing"]


@dataclass(frozen=True)
class StepStatus:
    """Where a step stands.

    Attributes
    ----------
    state
        ``done``: its result is of the current input and settings; ``stale``: it has one
        of older ones; ``missing``: it has none.
    why
        What changed, where it is stale.
    """

    step: Step
    state: State
    why: str
    snapshot: Snapshot | None
    fingerprint: str


def statuses(workspace: Workspace, steps: dict[str, Step]) -> dict[str, StepStatus]:
    """Where each step stands, in the order of the steps."""
    found: dict[str, StepStatus] = {}
    for name, step in steps.items():
        snapshot = workspace.snapshots.current(name)
        basis = _basis(workspace, step, found)
        fingerprint = digest_of(basis)
        waiting = [i for i in step.inputs if found[i].state != "done"]
        if snapshot is None:
            state, why = "missing", "never run"
        elif waiting:
            state, why = "stale", f"{', '.join(waiting)} is out of date"
        elif snapshot.manifest["fingerprint"] != fingerprint:
            state, why = "stale", _what_changed(snapshot, basis)
        else:
            why = step.what_is_gone(workspace, snapshot)
            state = "stale" if why else "done"
        found[name] = StepStatus(step, state, why, snapshot, fingerprint)  # type: ignore[arg-type]
    return found


def _basis(workspace: Workspace, step: Step, before: dict[str, StepStatus]) -> dict[str, object]:
    inputs = {
        name: before[name].snapshot.id  # type: ignore[union-attr]
        for name in step.inputs
        if before[name].snapshot is not None
    }
    return {
        "step": step.name,
        "version": step.version,
        "settings": step.decides(workspace.settings),
        "inputs": inputs,
        "outside": step.outside(workspace),
    }


def _what_changed(snapshot: Snapshot, basis: dict[str, object]) -> str:
    if snapshot.manifest["settings"] != basis["settings"]:
        return "settings changed"
    if snapshot.manifest["inputs"] != basis["inputs"]:
        return "its input changed"
    return "what it reads outside changed"


def run_steps(
    workspace: Workspace,
    steps: dict[str, Step],
    targets: list[str],
    progress: Progress,
    *,
    force: bool = False,
) -> list[Snapshot]:
    """Run the targets and what they need, but only what is out of date.

    Parameters
    ----------
    targets
        Names of steps.
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
    for name in targets:
        if name not in steps:
            raise WorkspaceError(f"no step {name!r}. Steps: {', '.join(steps)}.")
    wanted = _with_needs(steps, targets)
    made: list[Snapshot] = []
    with locked(workspace.layout):
        try:
            workspace.snapshots.sweep()
            for name in wanted:
                status = statuses(workspace, steps)[name]
                if status.state == "done" and not (force and name in targets):
                    continue
                progress.step(name)
                made.append(_run_one(workspace, status, progress))
        finally:
            progress.close()
            shutil.rmtree(workspace.layout.scratch, ignore_errors=True)
    return made


def _with_needs(steps: dict[str, Step], targets: list[str]) -> list[str]:
    needed = set(targets)
    for name in reversed(list(steps)):
        if name in needed:
            needed |= set(steps[name].inputs)
    return [name for name in steps if name in needed]


def _run_one(workspace: Workspace, status: StepStatus, progress: Progress) -> Snapshot:
    step, started_at = status.step, time.time()
    inputs: dict[str, Snapshot] = {}
    for name in step.inputs:
        snapshot = workspace.snapshots.current(name)
        if snapshot is None:
            raise WorkspaceError(f"step {step.name} needs {name}, which has no result.")
        inputs[name] = snapshot
    scratch = workspace.layout.scratch / step.name
    with full_disk_told(workspace.root):
        scratch.mkdir(parents=True, exist_ok=True)
        output = step.run(Context(workspace, workspace.settings, inputs, scratch, progress))
        return workspace.snapshots.write(
            step.name,
            output,
            fingerprint=status.fingerprint,
            inputs={name: snapshot.id for name, snapshot in inputs.items()},
            settings=step.decides(workspace.settings),
            started_at=started_at,
        )
