"""The taxonomy as people walk through it: search, a category whole, wrong paths, other versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from catalog.wording import counted
from ui import jobs, reads, safe, tables
from workspace.migrations import Planned, migrate, plan_workspace_migration
from workspace.views.taxonomy import search
from workspace.workspace import Workspace

PATH = "taxonomy.path"
PLANNED = "taxonomy.planned"
_KINDS = {
    "wrong_parent": "right name, wrong parent",
    "spelling": "another spelling",
    "nearest": "nearest in spelling",
    "unknown": "nothing near",
}


def browser(opened: Workspace, loaded: str) -> None:
    """Search as one types, or go down from the roots; then one category with what it holds."""
    st.subheader("Taxonomy")
    left, right = st.columns([2, 3], gap="large")
    with left:
        _search(opened)
    with right:
        _node(opened, loaded)


def _search(opened: Workspace) -> None:
    text = st.text_input(
        "Find a category",
        key="taxonomy.search",
        live="200ms",
        type="search",
        placeholder="the beginnings of its words",
    )
    if not text:
        return
    found = search(opened, text)
    if found.is_empty():
        st.caption("No category is like that.")
        return
    _pick(found.select("path_text", "is_leaf"), f"taxonomy.found.{text}", "category")


def _node(opened: Workspace, loaded: str) -> None:
    path = st.session_state.get(PATH)
    node = reads.node(opened, loaded, path)
    if node is None:
        st.session_state[PATH], path = None, None
        node = reads.node(opened, loaded, None) or {}
    if path is None:
        st.markdown(
            f"**{safe.markdown(node['name'])}** {safe.markdown(node['version'])}: "
            f"{node['n_nodes']:,} categories, {node['n_leaves']:,} of them leaves"
        )
    else:
        st.markdown(f"**{safe.markdown(path)}**")
        steps = path.split(" > ")[:-1]
        st.button(
            f"Up to {safe.markdown(steps[-1])}" if steps else "Up to the roots",
            icon=":material/arrow_upward:",
            type="tertiary",
            on_click=_go,
            args=(" > ".join(steps) or None,),
            key="taxonomy.up",
        )
    _children(node, path)
    if node["attributes"]:
        _attributes(node["attributes"])


def _children(node: dict[str, Any], path: str | None) -> None:
    below = pl.DataFrame(node["children"], schema_overrides={"n_records": pl.Int64})
    if below.is_empty():
        st.caption("A leaf: there is nothing below it.")
        return
    rows = below.select(pl.col("path").alias("path_text"), "n_records", "is_leaf")
    _pick(rows, f"taxonomy.below.{path}", "below it")


def _pick(rows: pl.DataFrame, key: str, heading: str) -> None:
    """A table of categories; a click on one goes to it, once."""

    def go() -> None:
        for row in st.session_state[key].selection.rows:
            st.session_state[PATH] = rows["path_text"][row]

    tables.show(
        rows,
        key=key,
        on_select=go,
        selection_mode="single-row",
        column_config={
            "path_text": st.column_config.TextColumn(heading, width="large"),
            "is_leaf": st.column_config.Column("leaf"),
        },
    )


def _attributes(schema: dict[str, list[str] | None]) -> None:
    rows = [(k, "any" if v is None else ", ".join(v)) for k, v in schema.items()]
    tables.show(
        pl.DataFrame(rows, schema=["attribute", "values"], orient="row"),
        column_config={"values": st.column_config.TextColumn(width="large")},
    )


def _go(path: str | None) -> None:
    st.session_state[PATH] = path


def wrong_paths(opened: Workspace, loaded: str) -> None:
    """Every path of the records that is not in the taxonomy, and the nearest that is."""
    st.subheader("Paths that are not in the taxonomy")
    found = reads.repairs(opened, loaded)
    if found.is_empty():
        st.caption("Every record has a path that the taxonomy knows, or none at all.")
        return
    tables.show(
        found.with_columns(pl.col("kind").replace(_KINDS)),
        column_config={
            "path_text": st.column_config.TextColumn("path in the catalog", width="medium"),
            "nearest": st.column_config.TextColumn("nearest valid path", width="medium"),
            "score": st.column_config.NumberColumn("likeness", format="%.2f"),
            "kind": st.column_config.TextColumn("what is wrong"),
        },
    )


def another(opened: Workspace, loaded: str) -> None:
    """Another taxonomy, or another version: what the catalog would lose by it, and turning to it."""
    st.subheader("Another version")
    with st.form("taxonomy.another", border=False):
        left, right = st.columns(2)
        to = left.text_input("Taxonomy", placeholder="shopify:PATH, google:PATH or a file")
        mapping = right.text_input("Publisher's mapping, where there is one", placeholder="a file")
        nearest = st.checkbox("Also take the nearest path where nothing else is found")
        if st.form_submit_button("Compare") and to.strip():
            st.session_state[PLANNED] = (loaded, _planned(opened, to, mapping, nearest))
    since, planned = st.session_state.get(PLANNED, (None, None))
    if planned is not None and since == loaded:
        _migration(opened, planned)


def _planned(opened: Workspace, to: str, mapping: str, nearest: bool) -> Planned | None:
    file = Path(mapping.strip()).expanduser() if mapping.strip() else None
    try:
        return plan_workspace_migration(opened, to.strip(), file, takes_nearest=nearest)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return None


def _migration(opened: Workspace, planned: Planned) -> None:
    found = planned.migration
    changes = ", ".join(f"{name} {n:,}" for name, n in found.diff.counts.items() if n)
    lost = counted(found.n_lost, "record")
    st.markdown(
        safe.markdown(
            f"{planned.new.name} {planned.new.version}: categories {changes}. {lost} of "
            f"{found.n_records:,} would have a category that it does not know."
        )
    )
    if planned.n_decisions:
        told = counted(planned.n_decisions, "decision")
        st.warning(f"{told} of people name a category that changes: look at them again.")
    tables.show(
        found.table.filter((pl.col("from_path") != pl.col("to_path")) | ~pl.col("is_applied")).sort(
            "is_applied", "n_records", descending=[False, True]
        ),
        column_config={
            "from_path": st.column_config.TextColumn("old path", width="medium"),
            "to_path": st.column_config.TextColumn("new path", width="medium"),
            "how": st.column_config.TextColumn("found by"),
            "score": st.column_config.NumberColumn("likeness", format="%.2f"),
            "is_applied": st.column_config.Column("taken"),
        },
    )
    if st.button(
        "Turn to it and load again",
        icon=":material/swap_horiz:",
        key="taxonomy.turn",
        disabled=jobs.is_running(opened),
    ):
        file = migrate(opened, planned)
        del st.session_state[PLANNED]
        jobs.start(opened, ["load"])
        st.toast(safe.markdown(f"Written to {file.name}; the catalog is loading again."))
        st.rerun()
