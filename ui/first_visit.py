"""What a browser loads that was never here: all of it named in the first answer, and sent from memory.

Streamlit's page asks for the code of a table, or of a choice, only once the first of them is to be
drawn: after the page itself was read, and its script has run. Named in the first answer, that code is
there by then. Its server reads each of the more than a hundred files in a thread of its own, piece by
piece, while the page's script is at work in the same process; kept in memory, a file is one answer.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit
from starlette.responses import Response

from ui import links

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(streamlit.__file__).parent / "static"
FIRST = (
    "BidiComponent", "ButtonGroup", "DataFrame", "DownloadButton", "Html", "Selectbox", "TextInput",
)  # fmt: skip
"""What stands on most pages, by Streamlit's names."""
_WITHOUT = {"/results": {"DataFrame", "DownloadButton", "TextInput"}, "/compare": {"DataFrame"}}
"""Of these, what a page does not begin with."""
LATER = ("DataFrame", "PlotlyChart")
"""What may be looked at next: fetched once a page is drawn."""
_THEN = """<script>
const drawn = () => document.querySelector('[data-testid="stMain"] h1')
  && document.querySelector('[data-test-script-state="notRunning"]');
const look = () => drawn() ? document.head.insertAdjacentHTML("beforeend", %s) : setTimeout(look, 200);
addEventListener("load", look);
</script>"""
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_FOREVER = {"Cache-Control": "public, immutable, max-age=31536000"}
_ASKED_AGAIN = {"Cache-Control": "no-cache"}


class FirstVisit:
    """Answers for the page itself and for Streamlit's own files; the server answers all else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand it on."""
        answer = _answer(scope["path"]) if scope.get("method") == "GET" else None
        await (answer or self._app)(scope, receive, send)


def _answer(path: str) -> Response | None:
    if path in _pages():
        return Response(_page(path), media_type="text/html", headers=_ASKED_AGAIN)
    file = _files().get(path)
    if file is None:
        return None
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    return Response(_held(file), media_type=kind, headers=_FOREVER)


@cache
def _pages() -> frozenset[str]:
    return frozenset(["/", *(f"/{name}" for name in links.PAGES)])


@cache
def _files() -> dict[str, Path]:
    """Streamlit's own files by their address; their names hold a hash of what is in them."""
    every = (STATIC / "static").rglob("*")
    return {f"/{file.relative_to(STATIC).as_posix()}": file for file in every if file.is_file()}


@cache
def _held(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _page(path: str) -> str:
    """Streamlit's page, with what it will load named in its head, and what it may load then."""
    first = [name for name in FIRST if name not in _WITHOUT.get(path, ())]
    told = _links(first) + _THEN % json.dumps(_links(LATER))
    return (STATIC / "index.html").read_text("utf-8").replace("</head>", f"{told}</head>", 1)


def _links(names: Iterable[str]) -> str:
    return "".join(_named(file) for file in first_files(names))


def _named(file: str) -> str:
    if file.endswith(".css"):
        return f'<link rel="preload" as="style" crossorigin href="./{file}">'
    return f'<link rel="modulepreload" crossorigin href="./{file}">'


def first_files(names: Iterable[str] = FIRST) -> list[str]:
    """The files that some elements need beyond the page itself; none where Streamlit names them otherwise."""
    parts = _manifest()
    there = _with_imports(parts, ["index.html"])
    wanted = _with_imports(parts, _keys(names))
    files = [
        file
        for key in wanted
        if key not in there
        for file in [parts[key]["file"], *parts[key].get("css", [])]
    ]
    return list(dict.fromkeys(files))


def _keys(names: Iterable[str]) -> list[str]:
    wanted = set(names)
    return [key for key, part in _manifest().items() if part.get("name") in wanted]


@cache
def _manifest() -> dict[str, dict[str, Any]]:
    """Streamlit's own list of its files, and of what each of them imports."""
    parts: dict[str, dict[str, Any]] = json.loads((STATIC / "manifest.json").read_text("utf-8"))
    return parts


def _with_imports(parts: dict[str, dict[str, Any]], keys: Iterable[str]) -> dict[str, None]:
    found: dict[str, None] = {}
    left = list(keys)
    while left:
        key = left.pop()
        if key in parts and key not in found:
            found[key] = None
            left += parts[key].get("imports", [])
    return found
