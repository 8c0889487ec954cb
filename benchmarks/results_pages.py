"""How long Results and Compare take to be drawn: many runs over many rows, in a real browser.

    python benchmarks/results_pages.py [--rows 200000] [--runs 10] [--folder DIR]

Makes a workspace whose test split is that large, scores and compares its runs once, as the verbs
do, and then opens the pages in Chromium: each first with an empty browser cache, and then again.
Then every view of the two pages, by a click: first where nobody ever looked, neither by this browser,
nor this server, nor in this workspace; then once more, after a look at another.
``--folder`` keeps the workspace, and takes the one that is there.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
# What Streamlit says where no server runs is no news here.
logging.getLogger("streamlit.runtime.caching.cache_data_api").setLevel(logging.ERROR)

from catalog.records import conform  # noqa: E402
from evaluation.answers.contract import PREDICTION_SCHEMA, RunCard  # noqa: E402
from ui.verdicts import comparisons, result_views  # noqa: E402
from workspace import way  # noqa: E402
from workspace.opening import Declared, init_workspace  # noqa: E402
from workspace.runs.importing import store_run  # noqa: E402
from workspace.runs.scoring import compare, score_runs  # noqa: E402
from workspace.snapshots import Output  # noqa: E402
from workspace.views import results  # noqa: E402
from workspace.workspace import Workspace  # noqa: E402

N_TRAIN = 1_000
N_CATEGORIES = 1_200
N_BRANDS = 4_000
TIMES = 5
LOOKS = 3
WINDOW = {"width": 1400, "height": 1000}
READING_MS = 1_000
DRAWN = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const main = document.querySelector('[data-testid="stMain"]');
  return app?.getAttribute('data-test-script-state') === 'notRunning'
    && main?.querySelector('h1') && !main.querySelector('[data-testid="stSkeleton"]');
}"""
SEEN = f"""([key, view]) => {{
  const drawn = {DRAWN};
  const chosen = new URLSearchParams(location.search).get(key);
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  return chosen === view && drawn() && !document.querySelector('[data-stale="true"]')
    && charts.every(chart => chart.querySelector('.main-svg'));
}}"""
SAID = """() => /leads with|candidate|tied|rows/.test(
  document.querySelector('[data-testid="stMain"] h3')?.innerText ?? '')"""


VIEWS = [
    ("results", "view", list(result_views.VIEWS["classification"])),
    ("compare", "look", list(comparisons.VIEWS)),
]
"""By page, the name of a view in the address, and the views: the first is there with the page."""


def category_paths() -> list[list[str]]:
    """A tree of four levels: 12 roots, 60 and 240 inner categories, and the leaves."""
    return [
        [f"Root {n % 12}", f"Aisle {n % 60}", f"Shelf {n % 240}", f"Kind {n}"]
        for n in range(N_CATEGORIES)
    ]


def make(folder: Path, n_rows: int, n_runs: int) -> Workspace:
    """A workspace with its runs, scored and compared."""
    draw = np.random.default_rng(0)
    n = n_rows + N_TRAIN
    weights = 1 / np.arange(1, N_CATEGORIES + 1) ** 0.7
    weights /= weights.sum()
    gold = draw.choice(N_CATEGORIES, n, p=weights)
    brands = draw.integers(0, N_BRANDS, n)
    texts = np.array([" > ".join(path) for path in category_paths()])
    ids = np.array([f"P{k:07d}" for k in range(n)])
    source = folder / "catalog.csv"
    pl.DataFrame(
        {
            "id": ids,
            "title": [f"Product {k} of kind {c}" for k, c in enumerate(gold.tolist())],
            "brand": [f"Brand {b}" for b in brands.tolist()],
            "price": np.round(np.exp(draw.normal(3, 1, n)), 2),
            "category": texts[gold],
        }
    ).write_csv(source)
    init_workspace(folder / "shop", Declared([str(source)], category_separator=" > "))
    workspace = Workspace(folder / "shop")
    way.run(workspace, "load")
    records = workspace.snapshot("load").scan("records")
    tables = {
        "curate": {"gold": conform(records).collect()},
        "split": {
            "split": pl.DataFrame(
                {
                    "record_id": ids,
                    "split": ["test"] * n_rows + ["train"] * N_TRAIN,
                    "group_id": brands,
                }
            )
        },
    }
    for step, held in tables.items():
        workspace.snapshots.write(
            step, Output(held), fingerprint="", inputs={}, settings={}, started_at=time.time()
        )
    for number in range(n_runs):
        share = 0.70 + 0.02 * number
        right = draw.random(n_rows) < share
        near = (gold[:n_rows] + 240 * draw.integers(1, 5, n_rows)) % N_CATEGORIES
        store_run(
            workspace,
            *_run(number, ids[:n_rows], texts[np.where(right, gold[:n_rows], near)], draw),
        )
    return workspace


def _run(number: int, ids: np.ndarray, answers: np.ndarray, draw: np.random.Generator):
    usage = f'{{"input_tokens": 300, "output_tokens": 20, "cost_usd": {0.0001 * 2**number:.6f}}}'
    rows = pl.DataFrame(
        {
            "example_id": ids,
            "raw_output": answers,
            "category_path": answers,
            "usage": [usage] * len(ids),
            "latency_ms": draw.gamma(4, 50, len(ids)),
            "score": draw.beta(5, 2, len(ids)),
        }
    )
    missing = [
        pl.lit(None, t).alias(c) for c, t in PREDICTION_SCHEMA.items() if c not in rows.columns
    ]
    card = RunCard(run_id=f"run-{number:02d}", model=f"model {number}", split="test")
    return rows.with_columns(missing).select(PREDICTION_SCHEMA.names()), card


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a workbench on a folder, while it runs."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-m", "cli", "app", "-w", str(folder), "--port", port],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        server.stdout.readline()
        yield f"http://localhost:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(10)


def timed(page, address: str, is_said: bool) -> tuple[float, float]:
    """Seconds until the sentence stands, and until the page is drawn whole."""
    page.goto("about:blank")
    begun = time.perf_counter()
    page.goto(address)
    if is_said:
        page.wait_for_function(SAID, polling=20)
    said = time.perf_counter() - begun
    page.wait_for_function(DRAWN, polling=20)
    return said, time.perf_counter() - begun


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A workspace like another, on the same disk: what is kept in it from now on goes with it."""
    whole, copy = folder / "shop", folder / "copy" / "shop"
    shutil.copytree(
        whole / "snapshots", copy / "snapshots", copy_function=os.link, dirs_exist_ok=True
    )
    shutil.copytree(
        whole,
        copy,
        ignore=lambda at, _: {"snapshots"} if at == str(whole) else (),
        dirs_exist_ok=True,
    )
    try:
        yield copy
    finally:
        shutil.rmtree(copy.parent)


def looked_at(page, key: str, view: str) -> float:
    """Seconds from the click on a view until it is drawn whole."""
    button = page.get_by_role("radio", name=view, exact=True)
    begun = time.perf_counter()
    button.evaluate("button => button.click()")
    page.wait_for_function(SEEN, arg=[key, view], polling=20)
    return time.perf_counter() - begun


def looks(browser, folder: Path, path: str, key: str, shown: str, view: str) -> list[float]:
    """Seconds of the first look at a view that anybody takes, and of the second.

    Parameters
    ----------
    shown
        The view that is there with the page.
    """
    with (
        copied(folder) as shop,
        served(shop) as address,
        browser.new_context(viewport=WINDOW) as visitor,
    ):
        timed(browser.new_page(), f"{address}/files", is_said=False)
        page = visitor.new_page()
        timed(page, f"{address}/{path}", is_said=True)
        page.wait_for_timeout(READING_MS)
        found = [looked_at(page, key, view)]
        looked_at(page, key, shown)
        return [*found, looked_at(page, key, view)]


def main() -> None:
    """Make the workspace where it is not there, and time the pages."""
    from playwright.sync_api import sync_playwright

    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--rows", type=int, default=200_000)
    reader.add_argument("--runs", type=int, default=10)
    reader.add_argument("--folder", type=Path)
    reader.add_argument("--views", action=argparse.BooleanOptionalAction, default=True)
    given = reader.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "shop" / "goldshelf.toml").exists():
        begun = time.perf_counter()
        make(folder, given.rows, given.runs)
        print(f"made: {time.perf_counter() - begun:.1f} s", flush=True)
    workspace = Workspace(folder / "shop")
    begun = time.perf_counter()
    score_runs(workspace)
    print(f"scored, or as kept: {time.perf_counter() - begun:.1f} s", flush=True)
    begun = time.perf_counter()
    best = results.board(workspace, "accuracy")["run"].to_list()
    print(f"leaderboard, or as kept: {time.perf_counter() - begun:.1f} s", flush=True)
    begun = time.perf_counter()
    compare(workspace, best[1], best[0], metric="accuracy")
    print(f"comparison, or as kept: {time.perf_counter() - begun:.1f} s", flush=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
    pages = {
        "split": "split",
        "results": "results",
        "compare": f"compare?candidate={best[0]}&baseline={best[1]}",
    }
    with served(folder / "shop") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        timed(browser.new_page(), f"{address}/files", is_said=False)
        for name, path in pages.items():
            first, again = [], []
            for _ in range(TIMES):
                with browser.new_context(viewport=WINDOW) as visitor:
                    page = visitor.new_page()
                    first.append(timed(page, f"{address}/{path}", name != "split"))
                    again.append(timed(page, f"{address}/{path}", name != "split"))
            told = ", ".join(
                f"{what} {statistics.median(f[n] for f in first):.2f} s at first, "
                f"{statistics.median(f[n] for f in again):.2f} s again"
                for n, what in enumerate(("the sentence after", "drawn whole after"))
            )
            print(f"{name}: {told}", flush=True)
        for name, key, (shown, *others) in VIEWS if given.views else ():
            for view in others:
                found = [
                    looks(browser, folder, pages[name], key, shown, view) for _ in range(LOOKS)
                ]
                at_first, again = (statistics.median(look[n] for look in found) for n in (0, 1))
                print(f"{name}, {view}: {at_first:.2f} s at first, {again:.2f} s again", flush=True)
        browser.close()
    if given.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
