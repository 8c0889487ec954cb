"""The server before its first visitor: pages are imported by one thread, or it does not listen."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
# Python reads it at its start: it writes down which thread asks for which of our modules, and how
# connections are taken.
WATCH = """
import gc, socket, sys, threading

accept = socket.socket.accept

def accepted(listening):
    connection, address = accept(listening)
    is_direct = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with open({answered!r}, "a") as file:
        file.write(f"{{bool(is_direct)}} {{gc.get_freeze_count() > 0}}\\n")
    return connection, address

socket.socket.accept = accepted

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("ui.", "charts.")):
            with open({told!r}, "a") as file:
                file.write(f"{{name}} {{threading.current_thread().name}}\\n")

sys.meta_path.insert(0, Watch())
"""


def modules_of(package):
    files = (ROOT / package).rglob("[!_]*.py")
    return {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}


def serving(tmp_path, port):
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "ui.serve", "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def listens(server, port):
    until = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def test_one_thread_has_imported_what_pages_need_when_the_server_listens(tmp_path):
    told = tmp_path / "told.txt"
    answered = tmp_path / "answered.txt"
    watch = WATCH.format(told=str(told), answered=str(answered))
    (tmp_path / "sitecustomize.py").write_text(watch, encoding="utf-8")
    port = free_port()
    server = serving(tmp_path, port)
    try:
        assert listens(server, port)
        asked = [line.split(" ", 1) for line in told.read_text("utf-8").splitlines()]
    finally:
        server.send_signal(signal.SIGTERM)
        _, words = server.communicate(timeout=PATIENCE_S)
    assert {thread for _, thread in asked} == {"MainThread"}
    assert {name for name, _ in asked} >= modules_of("charts") | (modules_of("ui") - {"ui.serve"})
    assert "WARNING" not in words
    # Answers leave at once, and what is imported is not looked through for garbage.
    assert set(answered.read_text("utf-8").splitlines()) == {"True True"}


def test_a_server_whose_pages_cannot_be_imported_ends_and_says_why(tmp_path):
    (tmp_path / "plotly.py").write_text("raise ImportError('plotly is torn')", encoding="utf-8")
    port = free_port()
    server = serving(tmp_path, port)
    try:
        assert not listens(server, port)
    finally:
        server.kill()
        _, words = server.communicate()
    assert server.returncode == 1
    assert "plotly is torn" in words
