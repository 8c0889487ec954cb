"""The taxonomy as people walk through it: search, one category whole, wrong paths righted."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from ui import reads, safe, tables
from workspace.taxonomy_views import search
from workspace.workspace import Workspace

PATH = "taxonomy.path"
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
