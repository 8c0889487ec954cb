"""Files that somebody drops for a single question: kept while the browser is open, no longer."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from catalog.errors import GoldshelfError
from ui import safe
from workspace.files.plain_files import columns_of
from workspace.progress import Progress, ProgressState
from workspace.runs.zipped import unzipped

ACCEPTED = ["csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "xlsx", "gz"]
ZIP = "zip"
"""A run that is a folder, such as HELM's."""
FOLDER, KEPT = "files.folder", "files.kept"
_PREFIX = "goldshelf-"
_OURS = re.compile(rf"{re.escape(tempfile.gettempdir())}/{_PREFIX}\w+/\w+/")

Result = TypeVar("Result")


def folder(name: str) -> Path:
    """A folder for one browser alone; it goes when the browser leaves."""
    held: Any = st.session_state.setdefault(FOLDER, tempfile.TemporaryDirectory(prefix=_PREFIX))
    made = Path(held.name) / name
    made.mkdir(exist_ok=True)
    return made


def dropped(
    label: str, key: str, *, place: Any = st, types: list[str] = ACCEPTED, is_run: bool = True
) -> Path | None:
    """Where a dropped file lies; None while there is none.

    Of a zip file it is the run that it holds, where ``is_run``.
    """
    upload = place.file_uploader(label, type=types, key=key)
    if upload is None:
        return None
    known: dict[str, Path] = st.session_state.setdefault(KEPT, {})
    if upload.file_id not in known:
        beside = folder(re.sub(r"\W+", "_", f"{key}_{upload.file_id}"))
        target = beside / re.sub(r"[^\w.-]+", "_", upload.name)
        target.write_bytes(upload.getbuffer())
        if is_run and target.suffix.lower() == f".{ZIP}":
            try:
                target = unzipped(target, beside)
            except GoldshelfError as error:
                refuse(error)
                return None
        known[upload.file_id] = target
    return known[upload.file_id]


def columns(*paths: Path) -> list[str] | None:
    """The columns that all files have; None, and one red line, where one cannot be read."""
    try:
        found = [_columns(str(path), path.stat().st_mtime_ns) for path in paths]
    except GoldshelfError as error:
        refuse(error)
        return None
    return [name for name in found[0] if all(name in others for others in found[1:])]


@st.cache_data(max_entries=64, show_spinner="Reading …")
def _columns(path: str, changed: int) -> list[str]:
    return columns_of(Path(path))


def usual(names: list[str], *wanted: str) -> list[str]:
    """Those of the wanted columns that there are.

    Examples
    --------
    >>> usual(["id", "title"], "title", "description")
    ['title']
    """
    return [name for name in wanted if name in names]


def outcome(
    verb: str, basis: tuple[Path | None, ...], is_asked: bool, found: Callable[[Progress], Result]
) -> Result | None:
    """Run when asked, with a bar and a button to stop; what came of it stays while the files are the same."""
    key = f"files.answer.{verb}"
    if st.session_state.get(_stop_key(verb)):
        st.warning("Stopped; nothing of it is kept.")
    if is_asked:
        st.session_state.pop(key, None)
        try:
            with st.spinner("At work …"), _news(verb) as news:
                st.session_state[key] = (basis, found(news))
        except GoldshelfError as error:
            refuse(error)
    kept = st.session_state.get(key)
    return kept[1] if kept is not None and kept[0] == basis else None


@contextmanager
def _news(verb: str) -> Iterator[Progress]:
    """How far it is, with a button: any click draws the page anew, and so ends what is at work."""
    place = st.container(horizontal=True, vertical_alignment="center")
    bar = place.empty()

    def show(state: ProgressState) -> None:
        bar.progress(state.share or 0.0, text=safe.markdown(state.message))

    with place:
        stop = st.empty()
    stop.button("Stop", icon=":material/stop:", key=_stop_key(verb))
    try:
        yield Progress(listen=show)
    finally:
        bar.empty()
        stop.empty()


def _stop_key(verb: str) -> str:
    return f"files.stop.{verb}"


def as_dropped(text: object) -> str:
    """A line in which a dropped file has its own name and not that of our folder.

    Examples
    --------
    >>> as_dropped(f"{tempfile.gettempdir()}/goldshelf-ab1_/files_gold_7/gold.csv is empty.")
    'gold.csv is empty.'
    """
    return _OURS.sub("", str(text))


def refuse(error: GoldshelfError) -> None:
    """One red line, in which a file has its own name."""
    st.error(safe.markdown(as_dropped(error)))


def notes(lines: list[str]) -> None:
    """What was skipped or guessed, said aloud."""
    for line in lines:
        st.caption(safe.markdown(as_dropped(line)))


def tiles(told: dict[str, str]) -> None:
    """Figures side by side, as many in a line as have room."""
    with st.container(horizontal=True, gap="medium"):
        for label, value in told.items():
            st.metric(label, value, width="content")


def download(label: str, path: Path, name: str, *, place: Any = st) -> None:
    """A file to take away; taking it draws nothing again."""
    place.download_button(
        label,
        path.read_bytes,
        file_name=name,
        icon=":material/download:",
        key=f"files.download.{name}",
        on_click="ignore",
    )
