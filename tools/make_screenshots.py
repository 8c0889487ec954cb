"""Take the pictures of the documentation anew, from the sample workspace.

    python tools/make_screenshots.py [PAGE …]

Needs Playwright and a Chromium on the PATH. Each picture is the top of a page at one width, as
high as is worth showing, and is written with a palette to ``docs/images/PAGE.png``.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this tree's code, wherever another is installed

from workspace.progress import Progress
from workspace.sample import build_sample
from workspace.workspace import Workspace

IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
WIDTH = 1400
COLOURS = 256
PATIENCE_MS = 60_000
_DRAWN = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const main = document.querySelector('[data-testid="stMain"]');
  return app?.getAttribute('data-test-script-state') === 'notRunning'
    && main?.querySelector('h1') && !main.querySelector('[data-testid="stSkeleton"]');
}"""


@dataclass(frozen=True)
class Picture:
    """A page, what its address asks for, a button that is pressed, and how much of it is shown."""

    height: int
    query: dict[str, str] = field(default_factory=dict)
    button: str | None = None


MODELS: dict[str, dict[str, Any]] = {
    "mini": {"provider": "openai", "model": "gpt-4o-mini", "questions": ["validate", "extract"]},
    "claude": {"provider": "anthropic", "model": "claude-haiku-4-5"},
    "house": {
        "provider": "openai",
        "model": "qwen3-32b",
        "base_url": "http://gpu.example:8000/v1",
        "price": {"input_usd_per_million": 0.1, "output_usd_per_million": 0.3},
        "samples": 3,
    },
}
"""Those of docs/language-models.md; none is asked."""
PICTURES = {
    "overview": Picture(880),
    "checks": Picture(1000),
    "labels": Picture(
        1200, {"labels.tab": "Language models", "models.step": "Plan"}, button="Plan"
    ),
    "review": Picture(900, {"record": "P00025"}),
    "split": Picture(1000),
    "results": Picture(950),
    "compare": Picture(1000, {"candidate": "linear", "baseline": "knn"}),
}


def main(names: list[str]) -> None:
    """Build the sample, serve it, take the pictures that are named or all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        build_sample(shop, lambda _: contextlib.nullcontext(Progress()))
        for name, declared in MODELS.items():
            Workspace(shop).change(f"annotators.{name}", **declared)
        with served(shop) as address, browser() as page:
            for name in names or PICTURES:
                body = taken(page, address, name, PICTURES[name])
                (IMAGES / f"{name}.png").write_bytes(body)
                print(f"docs/images/{name}.png: {len(body):,} bytes")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a workbench on a folder, while it runs."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "cli", "app", "-w", str(folder), "--port", port]
    keys = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY"), "none is asked")
    environment = {**os.environ, **keys, "LOGNAME": "ana"}
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        told = server.stdout.readline() if server.stdout else ""
        if "http" not in told:
            raise RuntimeError(f"the workbench did not start: {told!r}")
        yield f"http://localhost:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(10)


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A page of a Chromium, sharp and at rest."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise RuntimeError(f"no browser on the PATH: none of {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        context = chromium.new_context(
            viewport={"width": WIDTH, "height": 1000}, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()
        chromium.close()


def taken(page: Any, address: str, name: str, picture: Picture) -> bytes:
    """A PNG of a page.

    Raises
    ------
    RuntimeError
        If the page shows an exception.
    """
    query = "&".join(f"{key}={value}" for key, value in picture.query.items())
    page.set_viewport_size({"width": WIDTH, "height": picture.height})
    page.goto(f"{address}/{'' if name == 'overview' else name}?{query}")
    page.wait_for_function(_DRAWN)
    if picture.button is not None:
        page.get_by_role("button", name=picture.button, exact=True).click()
        page.mouse.move(0, 0)
    page.wait_for_timeout(2_500)
    page.wait_for_function(_DRAWN)
    page.wait_for_timeout(500)
    wrong = page.get_by_test_id("stException").all_inner_texts()
    wrong += page.get_by_text("Component Error").all_inner_texts()
    if wrong:
        raise RuntimeError(f"{name}: {wrong[0]}")
    return with_palette(page.screenshot())


def with_palette(png: bytes) -> bytes:
    """The same picture in few colours: a third of the bytes."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    out = io.BytesIO()
    few = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
