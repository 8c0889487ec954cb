"""A process kept ready for the next try: most of the time of one goes into imports."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


@dataclass
class _Ready:
    """At most one process, for all visitors."""

    is_on: bool = False
    providers: frozenset[str] = frozenset()
    process: subprocess.Popen[bytes] | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)


_READY = _Ready()


def turn_on() -> None:
    """Keep one from now on: in a server alone, which ends it when it ends."""
    _READY.is_on = True


def keep(providers: set[str]) -> None:
    """Have a process ready that can speak to these providers."""
    if not _READY.is_on or not providers:
        return
    with _READY.turn:
        held = _READY.process
        if held is not None and held.poll() is None:
            if providers <= _READY.providers:
                return
            _let_go(held)
        _READY.providers = frozenset(providers)
        _READY.process = subprocess.Popen(
            [sys.executable, "-m", "terminal.warm", *sorted(providers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
        )


def taken(arguments: list[str], log: Path) -> subprocess.Popen[bytes] | None:
    """The process that is ready, at work on a verb; None where there is none."""
    with _READY.turn:
        held, _READY.process = _READY.process, None
    if held is None or held.stdin is None or held.poll() is not None:
        return None
    log.write_bytes(b"")
    told = json.dumps({"arguments": arguments, "log": str(log.resolve())})
    try:
        held.stdin.write(told.encode() + b"\n")
        held.stdin.close()
    except OSError:  # it ended just now
        return None
    return held


def _let_go(held: subprocess.Popen[bytes]) -> None:
    if held.stdin is not None:
        held.stdin.close()
    held.terminate()
    held.wait()
