"""app, sample: start the workbench, and build a workspace to look at."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import InputError
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, say, tell
from terminal.running import watched
from workspace.sample import SAMPLE, build_sample
from workspace.workspace import Workspace

_ROOT = Path(__file__).resolve().parents[1]
_WAIT_S = 180


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command("app")(app_verb)
    app.command("sample")(sample_verb)


def app_verb(
    workspace: WorkspaceDir = HERE,
    port: Annotated[int, typer.Option(help="Where it listens.")] = 8501,
    address: Annotated[str, typer.Option(help="localhost keeps it to this machine.")] = "localhost",
) -> int:
    """Start the workbench in the browser and print its address."""
    environment = {**os.environ, "GOLDSHELF_WORKSPACE": str(workspace.resolve())}
    command = [
        sys.executable, "-m", "ui.serve", "--server.port", str(port), "--server.address", address,
    ]  # fmt: skip
    with subprocess.Popen(command, env=environment, cwd=_ROOT, stdout=subprocess.DEVNULL) as server:
        try:
            if not _is_up(server, f"http://{address}:{port}/_stcore/health"):
                raise InputError(
                    f"the workbench did not start on port {port}; the reason stands above. "
                    "Where the port is taken, pass --port N."
                )
            say(f"Goldshelf is at http://{address}:{port}  (Ctrl-C stops it)")
            return server.wait()
        except KeyboardInterrupt:
            server.terminate()
            return 0


def _is_up(server: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return server.poll() is None
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def sample_verb(
    folder: Annotated[Path, typer.Argument(help="Where the workspace goes.")] = Path(
        "sample-workspace"
    ),
    as_json: Json = False,
) -> None:
    """Build a workspace from the sample catalog by running every step on it; keeps one that is there."""
    if not (folder / "goldshelf.toml").exists():
        tell(
            f"building a workspace from {SAMPLE.name} in {folder}: the whole way, about a minute …"
        )
    opened = build_sample(folder, _watched)
    if as_json:
        print_json({"workspace": str(opened.root)})
    else:
        say(f"the sample workspace is in {opened.root}")


def _watched(opened: Workspace):  # type: ignore[no-untyped-def]
    return watched(opened, "sample")
