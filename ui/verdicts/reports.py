"""The report as a file to mail or to read in."""

from __future__ import annotations

from functools import partial

import streamlit as st

from workspace.reports.writing import FORMATS, report_text
from workspace.views.flips import Asked
from workspace.workspace import Workspace


def buttons(opened: Workspace, version: str, asked: Asked, gate: str) -> None:
    """A button for each form of the report; it is made when it is asked for."""
    row = st.container(horizontal=True)
    for name, form in FORMATS.items():
        row.download_button(
            f"Report ({form.label})",
            partial(_made, opened, asked, gate, name),
            file_name=f"{asked.candidate}-against-{asked.baseline}.{form.suffix}",
            mime=form.mime,
            icon=":material/download:",
            key=f"compare.report.{name}",
        )


def _made(opened: Workspace, asked: Asked, gate: str, form: str) -> bytes:
    text = report_text(
        opened,
        form,
        baseline=asked.baseline,
        candidate=asked.candidate,
        metric=asked.metric,
        gates=[gate] if gate else [],
    )
    return text.encode()
