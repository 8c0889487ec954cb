"""Keys of models: whether they are in the environment, never what they hold."""

from __future__ import annotations

import streamlit as st

from ui import safe
from workspace.views import models as views
from workspace.workspace import Workspace


def are_there(opened: Workspace, names: list[str]) -> bool:
    """Whether these models can be asked; where a key is missing, it says which and what to do."""
    unset = views.keys_missing(opened, names)
    if unset:
        st.error(f"{_told(unset)} Or leave out the models that need it.")
    return not unset


def warn(opened: Workspace, names: list[str]) -> None:
    """Say which keys are missing, if any."""
    unset = views.keys_missing(opened, names)
    if unset:
        st.warning(_told(unset), icon=":material/key_off:")


def _told(unset: list[str]) -> str:
    named = ", ".join(f"**{safe.markdown(name)}**" for name in unset)
    return (
        f"Not set: {named}. Set it in the environment that the workbench is started in, and start "
        "it again; keys are never typed here, nor kept in any file."
    )
