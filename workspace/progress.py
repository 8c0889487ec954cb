"""What is being done, how far it is, and whether a person wants it to stop."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catalog.errors import StoppedError

_EVERY_S = 0.2


@dataclass(frozen=True)
class ProgressState:
    """One line of news: what, how far, since when."""

    pid: int
    verb: str
    started_at: float
    step: str = ""
    message: str = ""
    done: int = 0
    total: int = 0

    @property
    def share(self) -> float | None:
        """How much of the step is done, in [0, 1]; None where nobody knows."""
        return min(1.0, self.done / self.total) if self.total else None


class Progress:
    """Tells a file, and whoever listens, how far the work is.

    Parameters
    ----------
    path
        The file that a page or another terminal reads; None keeps it quiet.
    listen
        Called with each state, for a bar on a terminal.
    """

    def __init__(
        self,
        path: Path | None = None,
        verb: str = "",
        listen: Callable[[ProgressState], None] | None = None,
    ) -> None:
        self._path = path
        self._listen = listen
        self._told_at = 0.0
        self._stop = False
        self.state = ProgressState(os.getpid(), verb, time.time())

    def step(self, name: str) -> None:
        """Begin a step."""
        self._tell({"step": name, "message": "", "done": 0, "total": 0}, now=True)

    def __call__(self, done: int, total: int, message: str = "") -> None:
        """Say how far the step is; raises `StoppedError` if a person asked to stop."""
        if self._stop:
            raise StoppedError("stopped; everything that was finished is kept.")
        self._tell({"done": done, "total": total, "message": message or self.state.message})

    def request_stop(self) -> None:
        """Stop at the next chance."""
        self._stop = True

    def _tell(self, changes: dict[str, Any], *, now: bool = False) -> None:
        self.state = ProgressState(**{**asdict(self.state), **changes})
        if not now and time.monotonic() - self._told_at < _EVERY_S:
            return
        self._told_at = time.monotonic()
        if self._path is not None:
            beside = self._path.with_suffix(f".{os.getpid()}.tmp")
            beside.write_text(json.dumps(asdict(self.state)))
            beside.replace(self._path)
        if self._listen is not None:
            self._listen(self.state)

    def close(self) -> None:
        """Take the file away: nothing is being done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def read_progress(path: Path) -> ProgressState | None:
    """What a workspace is doing now; None if nothing, or if whoever did it is gone."""
    try:
        state = ProgressState(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return state if _is_alive(state.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
