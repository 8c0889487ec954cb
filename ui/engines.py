"""Where long work is done: this machine, or a Ray cluster by its address."""

from __future__ import annotations

import streamlit as st

from workspace.models.engines import Engine, has_ray

_TOLD: dict[Engine, str] = {"local": "this machine", "ray": "a Ray cluster"}


def choice(label: str) -> tuple[Engine, str | None]:
    """The engine and the address of its cluster, None for the usual one; a choice only with Ray."""
    if not has_ray():
        return "local", None
    row = st.container(horizontal=True)
    engine = row.selectbox(label, list(_TOLD), format_func=_TOLD.__getitem__, width=240)
    address = row.text_input(
        "Address of the cluster", placeholder="RAY_ADDRESS, else a Ray of its own", width=300
    )
    if engine == "local" and address.strip():
        st.warning(f"{label} this machine, so the address of a cluster is not used.")
    return engine, (address.strip() or None) if engine == "ray" else None
