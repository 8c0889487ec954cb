"""Run steps of a workspace from a verb: the bar, Ctrl-C, and what is printed after."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terminal.output import Bar, print_json, print_table, tell
from workspace import way
from workspace.progress import Progress
from workspace.snapshots import Snapshot
from workspace.workspace import Workspace


@contextmanager
def watched(workspace: Workspace, verb: str) -> Iterator[Progress]:
    """Progress that is drawn as a bar and stopped by the first Ctrl-C; the second kills."""
    with Bar() as bar:
        progress = Progress(workspace.layout.progress, verb, bar.show)

        def stop(*_: object) -> None:
            progress.request_stop()
            signal.signal(signal.SIGINT, signal.default_int_handler)

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield progress
        finally:
            signal.signal(signal.SIGINT, before)


def run_verb(
    folder: Path, targets: list[str], as_json: bool, *, force: bool = False
) -> list[Snapshot]:
    """Run steps where they are out of date and print what each of them did."""
    workspace = Workspace(folder)
    made = run_steps(workspace, targets, force=force)
    print_steps(workspace, targets, made, as_json)
    return made


def run_steps(workspace: Workspace, targets: list[str], *, force: bool = False) -> list[Snapshot]:
    """Run steps where they are out of date; what they have to tell goes to stderr."""
    with watched(workspace, " ".join(targets) or "run") as progress:
        made = way.run(workspace, *targets, progress=progress, force=force)
    for snapshot in made:
        for note in snapshot.notes:
            tell(f"{snapshot.step}: {note}")
    return made


def print_steps(
    workspace: Workspace, targets: list[str], made: list[Snapshot], as_json: bool
) -> None:
    """What each step did, on stdout."""
    shown = made or [workspace.snapshot(name) for name in targets]
    if as_json:
        print_json(snapshots_json(shown, made))
    elif not shown:
        tell("every step is up to date.")
    else:
        print_table(
            ["step", "snapshot", "rows", "seconds", ""],
            [
                (
                    s.step,
                    s.id,
                    _rows(s),
                    s.manifest["duration_s"],
                    "" if s in made else "up to date",
                )
                for s in shown
            ],
        )


def snapshots_json(shown: list[Snapshot], made: list[Snapshot]) -> dict[str, Any]:
    """What was run, as plain JSON."""
    return {
        "ran": [s.step for s in made],
        "steps": {
            s.step: {"snapshot": s.id, "counts": s.counts, "figures": s.figures, "notes": s.notes}
            for s in shown
        },
    }


def _rows(snapshot: Snapshot) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in snapshot.counts.items())
