"""Make a workspace from a catalog file: name or drop it, look at the guess, correct it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, safe, session
from workspace.opening import Declared, Preview, init_workspace, preview_source
from workspace.workspace import Workspace

FIELDS = (
    "extra", "record_id", "title", "description", "brand", "price", "currency", "image_urls",
    "split_hint", "category",
)  # fmt: skip
LISTED = ("category", "image_urls")
"""Fields that several columns may be, in their order."""
MADE = "open.made"
ACCEPTED = ["csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "xlsx", "xml", "gz"]


def form() -> None:
    """The whole dialogue; ends in a new workspace that is loading."""
    files = _files()
    if not files:
        return
    left, right = st.columns(2)
    taxonomy = left.text_input(
        "Taxonomy",
        "inferred",
        key="open.taxonomy",
        help="shopify:PATH, google:PATH, a file, or inferred",
    )
    separator = right.text_input("Category separator", key="open.separator", placeholder="guessed")
    declared = Declared(
        [str(path) for path in files], taxonomy=taxonomy, category_separator=separator or None
    )
    try:
        preview = _preview([path.stat().st_mtime_ns for path in files if path.exists()], declared)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    st.caption(safe.markdown(f"Read as {preview.how}. Right the map where it is wrong."))
    maps = _corrected(preview)
    name = st.text_input("Name of the workspace", files[0].stem, key="open.name")
    if st.button("Make the workspace", type="primary", icon=":material/check:", key="open.make"):
        _make(name, declared, maps)


@st.cache_data(max_entries=8, show_spinner="Reading …")
def _preview(changed: list[int], declared: Declared) -> Preview:
    return preview_source(declared)


def _files() -> list[Path]:
    typed = st.text_input(
        "Catalog file on this machine", key="open.path", placeholder="/data/products.csv"
    )
    dropped = st.file_uploader(
        "or drop it here", type=ACCEPTED, accept_multiple_files=True, key="open.drop"
    )
    if typed.strip():
        return [Path(typed.strip()).expanduser()]
    return [_kept(upload) for upload in dropped or []]


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


def _corrected(preview: Preview) -> list[str]:
    """The map as a table to edit; gives ``--map`` texts."""
    rows = pl.DataFrame(
        {
            "column": [c.column for c in preview.choices],
            "becomes": [re.sub(r" level \d+$", "", c.field) for c in preview.choices],
            "because": [c.reason for c in preview.choices],
            "five values": [" · ".join(c.samples) for c in preview.choices],
        }
    )
    attributes = [f"attributes.{c.column}" for c in preview.choices]
    others = sorted({c.field for c in preview.choices if "." in c.field})
    edited = st.data_editor(
        rows,
        hide_index=True,
        disabled=["column", "because", "five values"],
        column_config={
            "becomes": st.column_config.SelectboxColumn(options=[*FIELDS, *others, *attributes])
        },
        key="open.map",
    )
    maps: list[str] = []
    levels: list[str] = []
    images: list[str] = []
    for column, before, after in zip(
        rows["column"], rows["becomes"], edited["becomes"], strict=True
    ):
        if after in LISTED:
            (levels if after == "category" else images).append(column)
        if after == before:
            continue
        if "." in before or (before in FIELDS and before not in ("extra", *LISTED)):
            maps.append(f"{before}=")
        if after not in ("extra", *LISTED):
            maps.append(f"{after}={column}")
    return [*maps, f"category={','.join(levels)}", f"image_urls={','.join(images)}"]


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
