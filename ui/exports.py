"""Forms and previews of the Export page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, safe, settings
from ui.choices import choice
from workspace.exports import (
    FIELDS,
    TARGETS,
    Export,
    ExportSettings,
    asked_tasks,
    known_placeholders,
    preview,
    with_template,
    zip_export,
)
from workspace.workspace import Workspace

FORMATS = ["openai-chat", "alpaca", "sharegpt", "prompt-completion", "records"]
_SEVERAL = {"first": "answers the first", "list": "answers a list"}
_TARGETS = {"text": "text as given", "json": "one JSON object"}
_WIDTH_PX = 175


def form(opened: Workspace) -> None:
    """Format, prompt and mask."""
    now = opened.settings.export
    masks = ["none", "title", "description", "brand"]
    with st.form("export.form"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        form_ = row.selectbox("Format", FORMATS, FORMATS.index(now.format), width=_WIDTH_PX)
        targets = row.multiselect(
            "The model answers",
            TARGETS,
            list(now.targets or ()),
            placeholder="by the task",
            width=_WIDTH_PX,
        )
        mask = row.selectbox(
            "Mask in train",
            masks,
            masks.index(now.mask_field or "none"),
            help="hides one field in a share of the rows, so that a model learns to do without it",
            width=_WIDTH_PX,
        )
        share = row.number_input(
            "Share masked", 0.0, 1.0, now.mask_probability, 0.01, width=_WIDTH_PX
        )
        images = st.toggle(
            "Images by their web address",
            now.images,
            help=f"in openai-chat alone, at most {now.max_images} a record; nothing is fetched",
        )
        answers = st.toggle(
            "Take the category out of titles and descriptions",
            now.mask_answers,
            help="where the answer stands in the question; the Split page shows how often",
        )
        left, middle, right = st.columns([3, 2, 1])
        file = left.text_input(
            "Rehearsal file",
            now.rehearsal.file or "",
            placeholder="/data/instructions.jsonl",
            help="general instructions, in JSON Lines, mixed into train alone, so that a model does "
            "not forget them",
        )
        licence = middle.text_input("Its licence", now.rehearsal.licence or "")
        part = right.number_input("Its share of train", 0.01, 0.99, now.rehearsal.share, 0.01)
        prefix = st.text_input("Task prefix", now.task_prefix or "", placeholder="[CLASSIFY]")
        prompt = st.text_area(
            "System prompt",
            now.system_prompt or "",
            placeholder="written by Goldshelf where left empty",
        )
        more = _more(now)
        if st.form_submit_button(
            "Export", type="primary", icon=":material/play_arrow:", disabled=jobs.is_running(opened)
        ):
            changes: dict[str, Any] = {
                "format": form_,
                "targets": targets or None,
                "mask_field": None if mask == "none" else mask,
                "mask_probability": share,
                "images": images,
                "rehearsal": {
                    **now.rehearsal.model_dump(),
                    "file": file.strip() or None,
                    "licence": licence.strip() or None,
                    "share": part,
                },
                "mask_answers": answers,
                "task_prefix": prefix or None,
                "system_prompt": prompt or None,
                **more,
            }
            settings.apply(opened, "export", changes, ["export"])


def _more(now: ExportSettings) -> dict[str, Any]:
    """What is seldom changed: the folder, what a prompt holds, how answers are written, the seed."""
    with st.expander("Folder, fields, answers and seed"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        name = row.text_input(
            "Folder below exports", now.name or "", placeholder="the format", width=_WIDTH_PX
        )
        several = choice(
            row, "An attribute of several values", _SEVERAL, now.several_values, width=_WIDTH_PX
        )
        form_ = choice(
            row, "Targets of the other tasks", _TARGETS, now.target_form, width=_WIDTH_PX
        )
        images = row.number_input("Most images", 1, 100, now.max_images, width=_WIDTH_PX)
        seed = row.number_input(
            "Seed", 0, 10**9, now.seed, key="export.seed", help="of order and mask", width=_WIDTH_PX
        )
        left, right = st.columns(2)
        fields = left.multiselect(
            "Fields of the product", FIELDS, list(now.fields), help="in this order"
        )
        allowed = right.multiselect(
            "Lists in the system prompt",
            TARGETS,
            list(now.allowed),
            help="all leaves of the taxonomy, or all names of attributes, in every line",
        )
    return {
        "name": name.strip() or None,
        "several_values": several,
        "target_form": form_,
        "max_images": images,
        "seed": seed,
        "fields": fields,
        "allowed": allowed,
    }


def examples(
    opened: Workspace, chosen: ExportSettings | None = None, task: str | None = None
) -> None:
    """Three lines as they will be written, with other settings or of one task where given."""
    try:
        lines = preview(opened, chosen, 3, task=task)
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    if not lines:
        st.info("No record of train can be asked this way.")
    for line in lines:
        with st.expander(f"{safe.markdown(line.record_id)} · {line.split}"):
            st.json(json.loads(line.text))


def templates(opened: Workspace) -> None:
    """How each task is asked: its template to edit, and three lines with it."""
    now = opened.settings.export
    try:
        tasks = asked_tasks(opened)
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    task = st.selectbox("Task", tasks, format_func=lambda name: name.replace("_", " "))
    if task is None:
        return
    text = st.text_area(
        "Template",
        now.template(task),
        key=f"export.template.{task}",
        help="what stands below the task's prefix; empty takes that of Goldshelf back",
    )
    known = ", ".join(f"`{{{name}}}`" for name in known_placeholders(task, now.targets))
    st.caption(f"Each becomes one JSON value: {known}")
    try:
        chosen = with_template(now, task, text)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    if chosen.templates != now.templates and st.button("Keep", icon=":material/save:"):
        opened.change("export", templates=chosen.templates)
        st.rerun()
    examples(opened, chosen, task)


def outside(opened: Workspace) -> None:
    """Out of the workspace: a dataset in a folder, or on the Hub."""
    busy = jobs.is_running(opened)
    disk, hub = st.columns(2)
    with disk.form("export.disk"):
        folder = st.text_input("Folder", placeholder="/data/kettles")
        st.caption("A `DatasetDict` that `datasets.load_from_disk` opens.")
        if st.form_submit_button("Save", icon=":material/save_alt:", disabled=busy) and folder:
            jobs.start(opened, ["export", f"--to-disk={opened.root / Path(folder).expanduser()}"])
            st.rerun()
    with hub.form("export.hub"):
        repo = st.text_input("On the Hub", placeholder="OWNER/NAME")
        is_private = st.toggle("Private", True)
        st.caption("The token is `HF_TOKEN` of the environment that started the workbench.")
        if st.form_submit_button("Push", icon=":material/cloud_upload:", disabled=busy) and repo:
            jobs.start(opened, ["export", f"--to-hub={repo}", *["--private"] * is_private])
            st.rerun()


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
        jobs.run_button(
            opened, ["certify", export.folder.name], label="Certify again", primary=False
        )
        with st.expander("Manifest"):
            st.json(manifest, expanded=1)
