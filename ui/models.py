"""The language models of a workspace: what is declared of each, and a form to declare one."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.intervals import Dot, dots
from ui import links, safe, tables
from workspace.views import models as views
from workspace.workspace import Workspace

_NEW = "a new one"
_DECLARED, _MADE = "models.declared", "models.made"


def table(opened: Workspace) -> list[str]:
    """The models that are declared; gives their names. Where there is none, it says what to do."""
    declared = views.declared(opened)
    if declared.is_empty():
        st.info(
            "No language model is declared yet. Declare one below; nothing is asked and nothing is "
            "spent before you run it."
        )
        return []
    tables.show(
        declared,
        column_config={
            "usd_in": st.column_config.NumberColumn("$ / 1M in", format="$%.2f"),
            "usd_out": st.column_config.NumberColumn("$ / 1M out", format="$%.2f"),
            "key_variable": st.column_config.TextColumn("key is in"),
            "key": st.column_config.TextColumn("key is set"),
        },
    )
    names = declared["annotator"].to_list()
    unset = views.keys_missing(opened, names)
    if unset:
        told = ", ".join(f"**{safe.markdown(name)}**" for name in unset)
        st.warning(
            f"Set {told} in the environment that the workbench is started in, and start it again. "
            "Keys are never typed here, nor kept in any file."
        )
    return names


def form(opened: Workspace) -> None:
    """Declare a model, or change what is declared of one."""
    known = opened.settings.annotators
    made = st.session_state.pop(_MADE, None)
    if made in known:
        st.session_state[_DECLARED] = made
    chosen = st.selectbox("Declare", [_NEW, *known], key=_DECLARED)
    now = known.get(chosen)
    told: dict[str, Any] = {} if now is None else now.model_dump()
    with st.form(f"models.form.{chosen}"):
        a, b, c, d = st.columns(4)
        name = chosen
        if now is None:
            name = a.text_input("Name", placeholder="mini", help="letters, digits, - and _").strip()
        providers = list(views.PROVIDERS)
        provider = b.selectbox(
            "Provider", providers, providers.index(told.get("provider", "openai"))
        )
        model = c.text_input("Model", told.get("model", ""), placeholder="gpt-4o-mini")
        server = d.text_input(
            "Server",
            told.get("base_url") or "",
            placeholder="the maker's",
            help="The address of a server of your own, such as http://gpu.example:8000/v1. With "
            "openai: vLLM, SGLang, LMDeploy, Ollama and all that are compatible.",
        )
        changes = {"provider": provider, "model": model.strip(), "base_url": server.strip() or None}
        changes |= _asked(told) | _limits(told)
        keys = ", ".join(f"`{key}` ({maker})" for maker, key in views.PROVIDERS.items())
        st.caption(
            "The key is read from the environment variable, "
            f"{keys} where none is named. It is never asked for here."
        )
        if st.form_submit_button("Declare" if now is None else "Change", icon=":material/save:"):
            _keep(opened, name, changes, is_new=now is None)


def _asked(told: dict[str, Any]) -> dict[str, Any]:
    """What is asked, and how."""
    left, middle, right = st.columns([2, 2, 1])
    questions = left.multiselect(
        "Questions",
        list(views.MODES),
        told.get("questions", ["propose"]),
        format_func=lambda mode: f"{mode}: {views.MODES[mode]}",
    )
    attributes = middle.text_input(
        "Attributes",
        ", ".join(told.get("attributes", [])),
        placeholder="those of the category, parted by commas",
    )
    temperature = right.number_input("Temperature", 0.0, 2.0, told.get("temperature") or 0.0, 0.1)
    instructions = st.text_area(
        "Instructions",
        told.get("instructions", ""),
        placeholder="what the team agreed on",
        height=80,
    )
    return {
        "questions": questions,
        "attributes": [part.strip() for part in attributes.split(",") if part.strip()],
        "temperature": temperature,
        "instructions": instructions,
    }


def _limits(told: dict[str, Any]) -> dict[str, Any]:
    """How often, how fast, with which key and at which price."""
    price = told.get("price") or {}
    with st.expander("Key, price, samples, limits"):
        a, b, c, d = st.columns(4)
        key = a.text_input(
            "Environment variable of the key",
            told.get("key_variable") or "",
            placeholder="the maker's",
        )
        cost_in = b.number_input(
            "$ per million tokens in", 0.0, value=price.get("input_usd_per_million"), format="%.4f",
            placeholder="published",
        )  # fmt: skip
        cost_out = c.number_input(
            "$ per million tokens out", 0.0, value=price.get("output_usd_per_million"),
            format="%.4f", placeholder="published",
        )  # fmt: skip
        tokens = d.number_input(
            "Tokens of an answer at most", 16, value=told.get("max_tokens", 1024)
        )
        samples = a.number_input(
            "Ask each question",
            1,
            20,
            told.get("samples", 1),
            help="times; over 1 measures self-agreement",
        )
        examples = b.number_input(
            "Examples shown", 0, 20, told.get("examples", 0), help="decisions that people made"
        )
        images = c.checkbox("Show pictures", told.get("images", False))
        concurrent = d.number_input("Requests at a time", 1, 1000, told.get("concurrent", 8))
        requests = a.number_input(
            "Requests a minute", 1, value=told.get("requests_per_minute"), placeholder="no limit"
        )
        tokens_a_minute = b.number_input(
            "Tokens a minute", 1, value=told.get("tokens_per_minute"), placeholder="no limit"
        )
    has_price = cost_in is not None or cost_out is not None
    own = {"input_usd_per_million": cost_in, "output_usd_per_million": cost_out}
    return {
        "key_variable": key.strip() or None,
        "price": own if has_price else None,
        "max_tokens": tokens,
        "samples": samples,
        "examples": examples,
        "images": images,
        "concurrent": concurrent,
        "requests_per_minute": requests,
        "tokens_per_minute": tokens_a_minute,
    }


def _keep(opened: Workspace, name: str, changes: dict[str, Any], *, is_new: bool) -> None:
    if is_new and not name:
        st.error("Give it a name.")
        return
    if is_new and name in opened.settings.annotators:
        st.error(safe.markdown(f"There is a {name} already; choose it above to change it."))
        return
    try:
        opened.change(f"annotators.{name}", **changes)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    st.session_state[_MADE] = name
    st.rerun()


def answers(opened: Workspace) -> None:
    """How the models answered, and how far each agrees with itself; nothing where there is none."""
    if not opened.settings.annotators:
        return
    st.subheader("Language models")
    found = views.answer_quality(opened)
    if found.is_empty():
        st.caption("No model has voted yet.")
        links.to("labels", "Ask them")
        return
    for name in found.filter("is_flagged")["annotator"]:
        told = f"{name}: more than 2 % of its votes had to be repaired; look at its prompt."
        st.warning(safe.markdown(told))
    tables.show(
        found.drop(
            "is_flagged",
            "self_agreement",
            "self_agreement_low",
            "self_agreement_high",
            "n_asked_again",
        )
    )
    again = found.filter(pl.col("self_agreement").is_not_null())
    if again.is_empty():
        st.caption("Whether a model agrees with itself is known where its `samples` are over 1.")
        return
    st.markdown("**Agreement of each model with itself**")
    value = "self_agreement"
    st.plotly_chart(
        dots(
            [
                Dot(
                    r["annotator"],
                    r[value],
                    _or_nan(r[f"{value}_low"]),
                    _or_nan(r[f"{value}_high"]),
                    r["n_asked_again"],
                )
                for r in again.to_dicts()
            ],
            title="share of equal answers to the same question",
        ),
        alt="Agreement of each model with itself",
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
