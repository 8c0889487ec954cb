"""Make a workspace from a catalog file: name or drop it, look at the guess, correct it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, reading, safe, session
from workspace.opening import Declared, Preview, init_workspace, preview_source
from workspace.steps.load import HUB
from workspace.workspace import Workspace

MADE = "open.made"
ACCEPTED = ["csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "xlsx", "xml", "gz"]


def form() -> None:
    """The whole dialogue; ends in a new workspace that is loading."""
    sources = _sources()
    if not sources:
        return
    try:
        declared = Declared(sources, **reading.overruled())
        preview = _preview(_changed(sources), declared)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    st.caption(safe.markdown(f"Read as {preview.how}. Right it where it is wrong."))
    maps = reading.column_map(preview)
    name = st.text_input("Name of the workspace", Path(sources[0]).stem, key="open.name")
    if st.button("Make the workspace", type="primary", icon=":material/check:", key="open.make"):
        _make(name, declared, maps)


def _changed(sources: list[str]) -> list[int]:
    """When the sources changed, so that a guess is made anew where one did."""
    paths = [Path(source) for source in sources]
    return [path.stat().st_mtime_ns for path in paths if path.exists()]


@st.cache_data(max_entries=8, show_spinner="Reading …")
def _preview(changed: list[int], declared: Declared) -> Preview:
    return preview_source(declared)


def _sources() -> list[str]:
    typed = st.text_area(
        "Files or folders on this machine, one a line",
        key="open.path",
        height=80,
        placeholder="/data/products.csv, or hub:OWNER/NAME for a data set of the Hugging Face hub",
    )
    dropped = st.file_uploader(
        "or drop them here", type=ACCEPTED, accept_multiple_files=True, key="open.drop"
    )
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    named = [line if line.startswith(HUB) else str(Path(line).expanduser()) for line in lines]
    return named or [str(_kept(upload)) for upload in dropped or []]


def _kept(upload: Any) -> Path:
    """Where a dropped file lies: beside its equals, never over another of the same name."""
    known: dict[str, Path] = st.session_state.setdefault("open.kept", {})
    if upload.file_id not in known:
        body = upload.getbuffer()
        folder = session.home() / "uploads" / hashlib.sha256(body).hexdigest()[:8]
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / re.sub(r"[^\w.-]+", "_", upload.name)
        target.write_bytes(body)
        known[upload.file_id] = target
    return known[upload.file_id]


def choose_made() -> None:
    """Turn to the workspace that was made last, before its choice is drawn."""
    made = st.session_state.pop(MADE, None)
    if made is not None:
        st.session_state["workspace_path"] = made


def _make(name: str, declared: Declared, maps: list[str]) -> None:
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")
    if not plain:
        st.error("Give the workspace a name, of letters or digits.")
        return
    folder = session.home().parent / plain
    if not (session.home() / "goldshelf.toml").exists():
        folder = session.home() / folder.name
    try:
        made = init_workspace(folder, Declared(**{**vars(declared), "maps": maps}))
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    st.session_state["workspaces_made"] = [*st.session_state.get("workspaces_made", []), made.root]
    st.session_state[MADE] = made.root
    jobs.start(Workspace(made.root), ["run"])
    st.toast(f"Made {safe.markdown(made.root)}; it is loading.")
    st.rerun()
