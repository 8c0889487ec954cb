"""Start the server on ``app.py``, with its own navigation in force from the first request on.

Streamlit takes every script of a folder ``pages`` for a page of its own until the app has once
declared its navigation: whoever opens a page's address first would see that page alone.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import pkgutil
import sys
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager
from streamlit.starlette import App

import charts
import ui
from ui import sending, warm
from ui.first_visit import FirstVisit

APP = Path(__file__).resolve().parents[1] / "app.py"
LATER = ("pandas",)
"""What Streamlit imports only with the first table that it draws."""
# Nobody edits the program while it serves: watching every file of it only costs time.
QUIET = {"server.fileWatcherType": "none", "browser.gatherUsageStats": False}


def import_pages() -> None:
    """What the pages need, before anybody can ask for a page.

    One thread imports it all. Two that import the same modules at once, as this one and a first
    visitor's would, are given modules that are half made or that failed for the other: the page
    would say that a name cannot be imported, and not why. What cannot be imported ends the
    server here, with its reason.
    """
    # Its only word is that no server runs yet.
    logging.getLogger("streamlit.runtime.caching.cache_data_api").setLevel(logging.ERROR)
    for package in (charts, ui):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name != "ui.serve":
                importlib.import_module(module.name)
    for name in LATER:
        importlib.import_module(name)


def main(arguments: list[str]) -> None:
    """Serve; ``--server.port`` and ``--server.address`` are those of ``streamlit run``."""
    reader = argparse.ArgumentParser(prog="ui.serve")
    reader.add_argument("--server.port", type=int)
    reader.add_argument("--server.address")
    given = vars(reader.parse_args(arguments))
    PagesManager.uses_pages_directory = False
    sys.argv = [str(APP)]
    import_pages()
    # Streamlit looks for garbage after each run of a page: what is imported stays, and is none.
    gc.collect()
    gc.freeze()
    warm.turn_on()
    sending.turn_on()
    App(APP, middleware=[Middleware(FirstVisit)]).run(config=QUIET | given)


if __name__ == "__main__":
    main(sys.argv[1:])
