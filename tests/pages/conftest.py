"""Pages without a browser: run as Streamlit runs them, in workspaces of every kind."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.progress import Progress
from workspace.runs.predicting import predict_baseline
from workspace.sample import SAMPLE
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
EVIL = "**evil** <b>tag</b> $x$ :red[r] [l](http://a.b) `c` _i_ #1 &amp;"
FORMULA = "=1+1"
_HOSTILE_ROWS = 90

Opened = Callable[[str, Path], AppTest]


@pytest.fixture(scope="session", autouse=True)
def _packages_read_once() -> Iterator[None]:
    """A server reads what is installed once; Streamlit's test of a page would for every page."""
    with pytest.MonkeyPatch.context() as patch:
        found = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found)
        yield


@pytest.fixture(autouse=True)
def _fresh_caches():
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def page(monkeypatch) -> Opened:
    """A page on a workspace, run once."""

    def opened(name: str, folder: Path) -> AppTest:
        monkeypatch.setenv("GOLDSHELF_WORKSPACE", str(folder))
        return AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60).run()

    return opened


@pytest.fixture
def evil() -> str:
    """Text that tries to be bold, HTML, a formula, a colour, a link, code and a heading."""
    return EVIL


@pytest.fixture(scope="session")
def nowhere(tmp_path_factory) -> Path:
    """A folder with no workspace in it, nor beside it."""
    folder = tmp_path_factory.mktemp("nothing") / "empty"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def initialised(tmp_path_factory) -> Path:
    """A workspace in which nothing has run."""
    folder = tmp_path_factory.mktemp("initialised") / "shop"
    taxonomy = str(SAMPLE / "taxonomy.json")
    init_workspace(folder, Declared([str(SAMPLE / "products.csv")], taxonomy=taxonomy))
    return folder


@pytest.fixture(scope="session")
def filled(sample_workspace) -> Path:
    """The sample workspace, everything run."""
    return sample_workspace


@pytest.fixture(scope="session")
def hostile(tmp_path_factory) -> Path:
    """A workspace whose every text, and whose file, tries to be more than text."""
    base = tmp_path_factory.mktemp("hostile")
    source = base / "_i_ <b>tag<b> $x$ `c`.csv"
    roots = [f"A {EVIL}", f"B {EVIL}", FORMULA]
    with source.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "title", "brand", "description", "category", "colour"])
        for n in range(_HOSTILE_ROWS):
            kind, own = roots[n % 3], " ".join(f"word{n}{letter}" for letter in "abcdefgh")
            rows.writerow(
                [
                    f"<i>{n}</i>",
                    f"{EVIL} {['kettle', 'pan', 'mug'][n % 3]} {own}" if n > 2 else FORMULA,
                    f"{EVIL} {n // 6}",
                    f"{EVIL} {['steel', 'iron', 'clay'][n % 3]} {own}",
                    f"{kind} > {['leaf', 'other'][n % 2]} {EVIL}",
                    f"{EVIL} red",
                ]
            )
    folder = base / "shop"
    init_workspace(folder, Declared([str(source)], category_separator=" > "))
    opened = Workspace(folder)
    way.run(opened, progress=Progress())
    for baseline in ("majority", "knn"):
        predict_baseline(opened, baseline, progress=Progress())
    return folder
