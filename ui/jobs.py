"""Long work in a process of its own: it shows progress, can be stopped, outlives a reload."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ui import files, safe, tables, warm
from workspace.workspace import Workspace

LOG = ".job.log"
STOPPED = (130, -signal.SIGINT)
_ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Job:
    """A verb that was started from a page."""

    process: subprocess.Popen[bytes]
    verb: str


@st.cache_resource
def _jobs() -> dict[Path, Job]:
    return {}


def start(opened: Workspace, arguments: list[str], *, told: str | None = None) -> None:
    """Run a verb over a workspace, as a terminal would; ``told`` is what people are shown of it."""
    words, log = [*arguments, "-w", str(opened.root.resolve())], opened.root / LOG
    is_try = arguments[:2] == ["label", "--try"]
    process = (warm.taken(words, log) if is_try else None) or _started(words, log)
    _jobs()[opened.root] = Job(process, told or " ".join(arguments))


def _started(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *words],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            cwd=_ROOT,
        )


def is_running(opened: Workspace) -> bool:
    """Whether something is at work here, started by any page or terminal."""
    job = _jobs().get(opened.root)
    return (job is not None and job.process.poll() is None) or opened.doing() is not None


def stop(opened: Workspace) -> None:
    """Ask what is at work to stop; what it has finished is kept."""
    job, state = _jobs().get(opened.root), opened.doing()
    if job is not None and job.process.poll() is None:
        job.process.send_signal(signal.SIGINT)
    elif state is not None:
        os.kill(state.pid, signal.SIGINT)


def run_button(
    opened: Workspace, arguments: list[str], *, label: str, primary: bool = True
) -> None:
    """A button that runs steps; where something is at work already, it says so."""
    verb = arguments if arguments[:1] and arguments[0] in _VERBS else ["run", *arguments]
    busy = is_running(opened)
    if st.button(
        label,
        key=f"job.{' '.join(verb)}.{label}",
        type="primary" if primary else "secondary",
        disabled=busy,
        help="Something is at work here already." if busy else f"goldshelf {' '.join(verb)}",
        icon=":material/play_arrow:",
    ):
        start(opened, verb)
        st.rerun()


_VERBS = {
    "load",
    "check",
    "label",
    "agree",
    "brands",
    "split",
    "balance",
    "export",
    "certify",
    "predict",
    "score",
    "run",
}


def panel(opened: Workspace) -> None:
    """What is being done, with a stop button; then how it ended."""
    job = _jobs().get(opened.root)
    if is_running(opened):
        _live(opened)
    elif job is not None:
        _ended(opened, job)


@st.fragment(run_every=0.5)
def _live(opened: Workspace) -> None:
    if not is_running(opened):
        st.rerun()
    state = opened.doing()
    job = _jobs().get(opened.root)
    verb = state.verb if state else job.verb if job else ""
    text = f"{verb}: {tables.words(state.step)} {state.message}" if state else f"{verb}: starting"
    bar, button = st.columns([5, 1], vertical_alignment="center")
    bar.progress((state.share if state else 0.0) or 0.0, text=safe.markdown(text))
    if button.button("Stop", icon=":material/stop:", key="job.stop"):
        stop(opened)


def _ended(opened: Workspace, job: Job) -> None:
    """How it ended: good news passes, what went wrong stays until somebody puts it away."""
    code = job.process.poll()
    if code == 0:
        st.toast(f"{safe.markdown(job.verb)}: done", icon=":material/check:")
        _jobs().pop(opened.root, None)
        return
    line, button = st.columns([7, 1], vertical_alignment="center")
    if code in STOPPED:
        line.warning("Stopped; everything that was finished is kept.")
    elif code == 1:
        line.warning(
            safe.markdown(files.as_dropped(_last_lines(opened.root / LOG))),
            icon=":material/gpp_bad:",
        )
    else:
        line.error(safe.markdown(files.as_dropped(_last_lines(opened.root / LOG))))
    if button.button("Dismiss", type="tertiary", key="job.dismiss"):
        _jobs().pop(opened.root, None)
        st.rerun()


def _last_lines(path: Path) -> str:
    lines = path.read_text("utf-8", "replace").strip().splitlines() if path.exists() else []
    told = [line for line in lines if line.startswith("goldshelf:")]
    return (told or lines or ["It ended without a word."])[-1].removeprefix("goldshelf: ")
