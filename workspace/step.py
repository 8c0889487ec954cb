"""What a step is: a name, what it reads, what decides its result, and a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workspace.progress import Progress
from workspace.settings import Settings
from workspace.snapshots import Output, Snapshot
from workspace.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """What a step may use while it runs.

    Attributes
    ----------
    inputs
        The current snapshot of each step it reads.
    scratch
        A folder of its own, emptied afterwards.
    progress
        Called as ``progress(done, total, message)``; raises when a person wants a stop.
    """

    workspace: Workspace
    settings: Settings
    inputs: dict[str, Snapshot]
    scratch: Path
    progress: Progress


@dataclass(frozen=True)
class Step:
    """One step of the way of the data.

    Attributes
    ----------
    name
        Also the name of its snapshots.
    inputs
        Steps whose snapshots it reads; they come before it.
    decides
        The part of the settings that its result depends on, as plain JSON.
    outside
        Hashes of what else it depends on: files outside the workspace, the database.
    version
        Raised when the code would give another result for the same input.
    run
        Reads the context, calls the pure function, gives the output.
    what_is_gone
        What somebody took away or changed of the files that it wrote beside its snapshot, in
        a few words; empty where nothing is.
    """

    name: str
    inputs: tuple[str, ...]
    decides: Callable[[Settings], Any]
    run: Callable[[Context], Output]
    version: int = 1
    outside: Callable[[Workspace], dict[str, str]] = lambda _workspace: {}
    what_is_gone: Callable[[Workspace, Snapshot], str] = lambda _workspace, _snapshot: ""
