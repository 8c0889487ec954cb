"""Forms and previews of the Export page."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, safe, settings
from workspace.exports import Export, preview, zip_export
from workspace.workspace import Workspace

FORMATS = ["openai-chat", "alpaca", "sharegpt", "prompt-completion", "records"]


def form(opened: Workspace) -> None:
    """Format, prompt and mask."""
    now = opened.settings.export
    masks = ["none", "title", "description", "brand"]
    with st.form("export.form"):
        a, b, c, d = st.columns(4)
        form_ = a.selectbox("Format", FORMATS, FORMATS.index(now.format))
        targets = b.multiselect("The model answers", ["category", "attributes"], list(now.targets))
        mask = c.selectbox(
            "Mask in train",
            masks,
            masks.index(now.mask_field or "none"),
            help="hides one field in a share of the rows, so that a model learns to do without it",
        )
        share = d.number_input("Share masked", 0.0, 1.0, now.mask_probability, 0.01)
        prefix = st.text_input("Task prefix", now.task_prefix or "", placeholder="[CLASSIFY]")
        prompt = st.text_area(
            "System prompt",
            now.system_prompt or "",
            placeholder="written by Goldshelf where left empty",
        )
        if st.form_submit_button(
            "Export", type="primary", icon=":material/play_arrow:", disabled=jobs.is_running(opened)
        ):
            changes: dict[str, Any] = {
                "format": form_,
                "targets": targets,
                "mask_field": None if mask == "none" else mask,
                "mask_probability": share,
                "task_prefix": prefix or None,
                "system_prompt": prompt or None,
            }
            settings.apply(opened, "export", changes, ["export"])


def examples(opened: Workspace) -> None:
    """Three lines as they will be written."""
    try:
        lines = preview(opened, n=3)
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    for line in lines:
        with st.expander(f"{safe.markdown(line.record_id)} · {line.split}"):
            st.json(json.loads(line.text))


def bundle(opened: Workspace, export: Export) -> None:
    """One export: what it holds, its certificate, its download."""
    manifest = export.manifest
    with st.container(border=True):
        st.subheader(safe.markdown(manifest["name"]))
        if export.leaks:
            st.error("It leaks: do not train on it.", icon=":material/gpp_bad:")
        else:
            st.success("Certified: nothing leaks.", icon=":material/verified_user:")
        rows = manifest["rows"]
        for tile, (name, facts) in zip(st.columns(max(1, len(rows))), rows.items(), strict=False):
            tile.metric(name, f"{facts['n_rows']:,} lines", help=f"{facts['n_groups']:,} groups")
        st.caption(f"dataset {manifest['dataset_sha'][:16]} · {safe.markdown(export.folder)}")
        st.download_button(
            "Download (zip)",
            lambda: zip_export(opened, export.folder.name).read_bytes(),
            file_name=f"{export.folder.name}.zip",
            key=f"export.zip.{export.folder.name}",
            icon=":material/download:",
        )
        with st.expander("Manifest"):
            st.json(manifest, expanded=1)
