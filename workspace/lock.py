"""One writer at a time; whoever comes second is told who is first."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator

from filelock import FileLock, Timeout

from catalog.errors import WorkspaceError
from workspace.layout import Layout
from workspace.progress import read_progress


@contextlib.contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Hold the workspace for writing. The lock goes with the process, however it ends.

    Raises
    ------
    WorkspaceError
        If another process holds it; names it.
    """
    lock = FileLock(layout.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        state = read_progress(layout.progress)
        who = "another goldshelf"
        if state is not None:
            since = datetime.datetime.fromtimestamp(state.started_at).strftime("%H:%M:%S")
            who = f"goldshelf {state.verb} (process {state.pid}, since {since})"
        raise WorkspaceError(
            f"{layout.root}: {who} is at work here. Wait until it is done, or stop it."
        ) from error
    try:
        yield
    finally:
        lock.release()
