"""The workbench as people meet it: a server of its own, and a real Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The first is Chromium without windows of its own: a new profile in a third of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
REQUIRED = "GOLDSHELF_REQUIRE_BROWSER"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 120_000
POLLING_MS = 50  # and not with each frame: without a graphics card frames are what costs most
_IDLE = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const main = document.querySelector('[data-testid="stMain"]');
  return app?.getAttribute('data-test-script-state') === 'notRunning'
    && main?.querySelector('h1, [data-testid="stException"]')
    && !main.querySelector('[data-testid="stSkeleton"]');
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A Chromium; skipped where there is none, unless it is asked for.

    It ends with the module: while it is there, an event loop runs in this thread, and nothing
    else of the process could start one.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        told = f"no browser found: none of {', '.join(BROWSERS)} is on the PATH"
        if os.environ.get(REQUIRED):
            pytest.fail(f"{told}, and {REQUIRED} is set")
        pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a workbench on a folder, while it runs."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "cli", "app", "-w", str(folder), "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        told = server.stdout.readline()
        address = re.search(r"http://\S+", told)
        assert address, f"the workbench said {told!r}"
        yield address.group()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.fixture(scope="session")
def serving() -> Any:
    """`served`, for modules with a workspace of their own."""
    return served


def new_profile(browser: Any) -> Any:
    """A browser that was never here: nothing in its cache."""
    profile = browser.new_context(
        viewport={"width": 1400, "height": 1000}, accept_downloads=True, reduced_motion="reduce"
    )
    profile.set_default_timeout(PATIENCE_MS)
    return profile


class Visitor:
    """A person at a browser."""

    def __init__(self, profile: Any, address: str) -> None:
        self.address = address
        self.page = profile.new_page()
        self.main = self.page.get_by_test_id("stMain")

    def visit(self, name: str = "", **query: str) -> Visitor:
        """Open a page by its address."""
        told = "&".join(f"{key}={value}" for key, value in query.items())
        self.page.goto(f"{self.address}/{name}" + (f"?{told}" if told else ""))
        return self.wait()

    def wait(self) -> Visitor:
        """Until the page is drawn whole."""
        self.page.wait_for_function(_IDLE, polling=POLLING_MS)
        if self.exceptions():
            assert self.main.locator("h1").count(), self.exceptions()
        self.main.locator("h1").first.wait_for()
        return self

    def reload(self) -> Visitor:
        """Load the page again, as a new session."""
        self.page.reload()
        return self.wait()

    def sees(self, text: str | re.Pattern[str]) -> str:
        """The text of the first element of the page that holds it, once it is there."""
        found = self.main.get_by_text(text).first
        found.wait_for()
        return str(found.inner_text())

    def shows_whole(self, text: str) -> bool:
        """Whether a text is shown and nothing of it is cut."""
        found = self.main.get_by_text(text, exact=True).first
        found.wait_for()
        return bool(
            found.evaluate(
                "e => { for (; e; e = e.parentElement) {"
                " if (getComputedStyle(e).overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1)"
                " return false; if (e.dataset.testid === 'stMain') break; } return true; }"
            )
        )

    def chart(self, alt: str) -> Any:
        """A figure by what it tells those who cannot see it."""
        kinds = ('[data-testid="stPlotlyChart"]', "figure")
        return self.main.locator(", ".join(f'{kind}[aria-label="{alt}"]' for kind in kinds))

    def exceptions(self) -> list[str]:
        """What went wrong on the page."""
        return list(self.page.get_by_test_id("stException").all_inner_texts())


@pytest.fixture(scope="session")
def workbench(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The folder of a copy of the sample workspace, and the address where it is shown."""
    folder = Path(shutil.copytree(sample_workspace, tmp_path_factory.mktemp("served") / "shop"))
    with served(folder) as address:
        yield folder, address


@pytest.fixture(scope="module")
def profile(chromium: Any) -> Iterator[Any]:
    """A browser that has been here before, from the second test of a module on."""
    made = new_profile(chromium)
    yield made
    made.close()


@pytest.fixture
def visitor(profile: Any, workbench: tuple[Path, str]) -> Iterator[Visitor]:
    """One visitor to the workbench."""
    visitor = Visitor(profile, workbench[1])
    yield visitor
    visitor.page.close()


@pytest.fixture
def someone(chromium: Any, workbench: tuple[Path, str]) -> Iterator[Callable[[], Visitor]]:
    """New visitors to the workbench, each in a browser of their own."""
    here: list[Any] = []

    def come() -> Visitor:
        here.append(new_profile(chromium))
        return Visitor(here[-1], workbench[1])

    yield come
    for one in here:
        one.close()


@pytest.fixture
def serve_for(profile: Any) -> Any:
    """A workbench on any folder, with one visitor in it."""

    @contextmanager
    def at(folder: Path) -> Iterator[Visitor]:
        with served(folder) as address:
            visitor = Visitor(profile, address)
            yield visitor
            visitor.page.close()

    return at


@pytest.fixture
def goldshelf() -> Callable[..., Any]:
    """What a verb prints with ``--json``."""

    def said(*arguments: object) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *map(str, arguments), "--json"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    return said
