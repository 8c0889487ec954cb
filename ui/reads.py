"""What pages read, cached by the snapshot it comes from, never by a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from workspace.views import agreement as agreement_view
from workspace.views import catalog as catalog_view
from workspace.views import labels as labels_view
from workspace.views import taxonomy as taxonomy_views
from workspace.workspace import Workspace


@st.cache_data(max_entries=64, show_spinner=False)
def table(
    _opened: Workspace, step: str, snapshot: str, name: str, limit: int | None = None
) -> pl.DataFrame:
    """A small table of a snapshot, or its first rows."""
    frame = _opened.snapshot(step).scan(name)
    return (frame if limit is None else frame.head(limit)).collect()


@st.cache_data(max_entries=16, show_spinner=False)
def category_nodes(_opened: Workspace, snapshot: str) -> list[tuple[str, str, str, int]]:
    """The categories that have records, for a treemap."""
    return catalog_view.category_nodes(_opened)


@st.cache_data(max_entries=16, show_spinner=False)
def brands(_opened: Workspace, snapshot: str) -> list[str]:
    """The brands with most records."""
    return catalog_view.brands(_opened)


@st.cache_data(max_entries=64, show_spinner=False)
def node(_opened: Workspace, snapshot: str, path: str | None) -> dict[str, Any] | None:
    """A category with what is below it; None where the taxonomy has no such category."""
    try:
        return taxonomy_views.shown(_opened, path)
    except GoldshelfError:
        return None


@st.cache_data(max_entries=8, show_spinner=False)
def repairs(_opened: Workspace, snapshot: str) -> pl.DataFrame:
    """The paths of the records that the taxonomy does not know, with the nearest it does."""
    return taxonomy_views.repairs(_opened, None)


def view(opened: Workspace, steps: tuple[str, ...], shaped: Callable[..., Any], *more: Any) -> Any:
    """A view of a workspace, cached by the snapshots of the steps that it reads."""
    found = [opened.snapshots.current(step) for step in steps]
    basis = tuple(snapshot.id for snapshot in found if snapshot is not None)
    return _view(opened, basis, f"{shaped.__module__}.{shaped.__name__}", more, shaped)


@st.cache_data(max_entries=64, show_spinner=False)
def _view(
    _opened: Workspace,
    basis: tuple[str, ...],
    name: str,
    more: tuple[Any, ...],
    _shaped: Callable[..., Any],
) -> Any:
    return _shaped(_opened, *more)


def figures(opened: Workspace, step: str) -> dict[str, Any]:
    """What a step counted; empty where it has not run."""
    snapshot = opened.snapshots.current(step)
    return snapshot.figures if snapshot is not None else {}


def checks_found(opened: Workspace) -> list[str]:
    """The checks that found something; none where they have not run."""
    snapshot = opened.snapshots.current("check")
    if snapshot is None:
        return []
    summary = table(opened, "check", snapshot.id, "summary")
    return summary.filter(summary["n_rows"] > 0)["check"].to_list()


@st.cache_data(max_entries=32, show_spinner=False)
def check_rows(_opened: Workspace, snapshot: str, check: str) -> pl.DataFrame:
    """What a check found, the lowest scores first."""
    return labels_view.check_rows(_opened, check)


@st.cache_data(max_entries=32, show_spinner=False)
def top_votes(_opened: Workspace, snapshot: str, annotator: str) -> list[tuple[str, int]]:
    """The categories that an annotator votes for most."""
    return labels_view.top_votes(_opened, annotator)


@st.cache_data(max_entries=32, show_spinner=False)
def disagreements(
    _opened: Workspace, snapshot: str, question: str, level: int | None
) -> pl.DataFrame:
    """The items on which annotators part."""
    return agreement_view.disagreements(_opened, question, level)
