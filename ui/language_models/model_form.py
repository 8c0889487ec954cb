"""A form to declare a model, to change what is declared of one, and to remove one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, safe
from ui.language_models import asking
from workspace.views import models as views
from workspace.views.model_settings import GROUPS, Setting, changed, settings, told
from workspace.workspace import Workspace

_NEW = "a new one"
_DECLARED, _MADE = "models.declared", "models.made"
_WIDTH_PX = 168
"""Of one setting: as many stand in a row as there is room for."""


def form(opened: Workspace) -> None:
    """Declare a model, change or remove one."""
    known = opened.settings.annotators
    made = st.session_state.pop(_MADE, None)
    if made in (_NEW, *known):
        st.session_state[_DECLARED] = made
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    chosen = left.selectbox("Declare", [_NEW, *known], key=_DECLARED)
    now = known.get(chosen)
    if now is not None and right.button(
        "Remove", icon=":material/delete:", disabled=jobs.is_running(opened)
    ):
        _ask_to_remove(opened, chosen)
    before = told(now)
    with st.form(f"models.form.{chosen}"):
        name, values = _first(chosen, before, is_new=now is None)
        with st.expander("All other settings"):
            for group in GROUPS:
                values |= _group(group, before)
        keys = ", ".join(f"`{key}` ({maker})" for maker, key in views.PROVIDERS.items())
        st.caption(
            "The key is read from the environment variable, "
            f"{keys} where none is named. It is never asked for here."
        )
        if st.form_submit_button("Declare" if now is None else "Change", icon=":material/save:"):
            _keep(opened, name, values, is_new=now is None)


def _first(chosen: str, before: dict[str, Any], *, is_new: bool) -> tuple[str, dict[str, Any]]:
    """What is asked first: the name, and what no model can do without."""
    row = st.container(horizontal=True)
    name = chosen
    if is_new:
        name = row.text_input(
            "Name", placeholder="mini", help="letters, digits, - and _", width=_WIDTH_PX
        ).strip()
    providers = list(views.PROVIDERS)
    provider = row.selectbox(
        "Provider", providers, providers.index(before["provider"] or "openai"), width=_WIDTH_PX
    )
    model = row.text_input(
        "Model", before["model"] or "", placeholder="gpt-4o-mini", width=_WIDTH_PX
    )
    server = row.text_input(
        "Server",
        before["base_url"] or "",
        placeholder="the maker's",
        help="The address of a server of your own, such as http://gpu.example:8000/v1. With "
        "openai: vLLM, SGLang, LMDeploy, Ollama and all that are compatible.",
        width=_WIDTH_PX,
    )
    questions = st.multiselect(
        "Questions",
        list(views.MODES),
        before["questions"],
        format_func=lambda mode: f"{mode}: {views.MODES[mode]}",
    )
    attributes = st.text_input(
        "Attributes",
        ", ".join(before["attributes"]),
        placeholder="those of the category",
        help="to extract, parted by commas",
    )
    instructions = st.text_area(
        "Instructions", before["instructions"], placeholder="what the team agreed on", height=80
    )
    return name, {
        "provider": provider,
        "model": model.strip(),
        "base_url": server.strip() or None,
        "questions": questions,
        "attributes": _parted(attributes),
        "instructions": instructions,
    }


def _group(group: str, before: dict[str, Any]) -> dict[str, Any]:
    """The settings of one group."""
    mine = [one for one in settings() if one.group == group]
    if not mine:
        return {}
    st.markdown(f"**{group}**")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    return {one.name: _drawn(row, one, before[one.name]) for one in mine}


def _drawn(place: Any, one: Setting, value: Any) -> Any:
    """Draw one setting by its kind; gives what stands in it."""
    key: dict[str, Any] = {"help": one.help or None, "width": _WIDTH_PX}
    if one.kind == "yes_no":
        return place.checkbox(one.label, bool(value), **key)
    if one.kind in ("whole", "number"):
        make = int if one.kind == "whole" else float
        low, high = (None if bound is None else make(bound) for bound in (one.low, one.high))
        return place.number_input(
            one.label,
            low,
            high,
            None if value is None else make(value),
            format=None if one.kind == "whole" else "%g",
            placeholder="not set",
            **key,
        )
    if one.kind == "choices":
        return place.multiselect(one.label, one.choices, value or [], **key)
    if one.kind == "choice":
        index = one.choices.index(value) if value in one.choices else None
        return place.selectbox(one.label, one.choices, index, placeholder="not set", **key)
    if one.kind == "texts":
        return _parted(place.text_input(one.label, ", ".join(value or []), **key))
    return place.text_input(one.label, value or "", placeholder="not set", **key).strip() or None


def _parted(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _keep(opened: Workspace, name: str, values: dict[str, Any], *, is_new: bool) -> None:
    if is_new and not name:
        st.error("Give it a name.")
        return
    if is_new and name in opened.settings.annotators:
        st.error(safe.markdown(f"There is a {name} already; choose it above to change it."))
        return
    now = None if is_new else opened.settings.annotators[name]
    try:
        opened.change(f"annotators.{name}", **changed(now, values))
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    _shown_anew(name)


@st.dialog("Remove a model")
def _ask_to_remove(opened: Workspace, name: str) -> None:
    st.markdown(
        f"Remove **{safe.markdown(name)}** from the settings? Its votes will no longer count. What "
        "it answered stays in the database: declared again in the same way, it is asked nothing "
        "twice and paid for nothing twice."
    )
    yes, no = st.columns(2)
    if yes.button("Remove it", type="primary", icon=":material/delete:", width="stretch"):
        try:
            opened.remove(f"annotators.{name}")
        except GoldshelfError as error:
            st.error(safe.markdown(error))
            return
        _shown_anew(_NEW)
    if no.button("Keep it", width="stretch"):
        st.rerun()


def _shown_anew(chosen: str) -> None:
    """Draw the page again with another choice; all that can be asked are chosen again."""
    st.session_state[_MADE] = chosen
    st.session_state.pop(asking.CHOSEN, None)
    st.rerun()
