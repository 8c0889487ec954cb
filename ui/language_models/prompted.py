"""Runs of models that are asked here: prompted ones, and checkpoints that a server has loaded."""

from __future__ import annotations

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, links, safe
from ui.language_models import model_keys, plans
from workspace.models.labelling import require_prices
from workspace.prompted.endpoints import KEY_VARIABLE, served
from workspace.prompted.predicting import annotator_of, plan_prompted
from workspace.prompted.questions import (
    PromptedTask,
    Prompting,
    PromptKind,
    asked_tasks,
    is_made,
)
from workspace.runs.versions import known_exports
from workspace.workspace import Workspace

_KINDS: dict[PromptKind, str] = {
    "zero-shot": "no example",
    "few-shot": "the same few examples of train",
    "retrieval": "the most similar examples of train",
}
_WITHOUT_EXPORT = "none: the records of the split"
_AS_EXPORTED = "The same text goes out that a checkpoint is trained on."
_BY_RECORDS: dict[PromptedTask, str] = {
    "ranking": "One question goes out for each query, with its products in an order of chance.",
    "tags": "What is known of each product goes out, and the tags that train has.",
}
_TEMPLATES = ("the format's own", "chat", "completion", "alpaca")


def ask_models(opened: Workspace) -> None:
    """Ask a model about the test split, and keep its answers as a run."""
    exports = [export.folder.name for export in known_exports(opened)]
    tasks = asked_tasks(opened)
    made = [task for task in tasks if is_made(opened, task)]
    exported = [task for task in tasks if task not in made] if exports else []
    if not exports:
        rest = " Without one they are asked for what stands below." if made else ""
        st.caption(f"Models are asked what an export asks, and there is none yet.{rest}")
        links.to("export", "Export")
    if not exported and not made:
        return
    prompted, endpoint = st.tabs(["Prompt a language model", "A served checkpoint"])
    with prompted:
        _prompted(opened, exports, exported, made)
    with endpoint:
        if exported:
            _endpoint(opened, exports, exported)
        else:
            st.caption("A served checkpoint is sent the prompts of an export, and none asks this.")


def _prompted(
    opened: Workspace,
    exports: list[str],
    exported: list[PromptedTask],
    made: list[PromptedTask],
) -> None:
    names = list(opened.settings.annotators)
    if not names:
        st.caption("No language model is declared yet.")
        links.to("labels", "Declare one")
        return
    first, second, third = st.columns([2, 3, 1])
    name = first.selectbox("Model", names, key="prompted.model")
    kind = second.selectbox(
        "Examples before each question",
        list(_KINDS),
        key="prompted.kind",
        format_func=lambda one: f"{one}: {_KINDS[one]}",
    )
    n = third.number_input(
        "How many", 1, 100, 4, key="prompted.examples", disabled=kind == "zero-shot"
    )
    first, second, third = st.columns([2, 3, 1])
    task = first.selectbox("Asked for", [*exported, *made], key="prompted.task")
    export = None
    if task in made:
        second.selectbox("As asked by the export", [_WITHOUT_EXPORT], disabled=True)
    else:
        export = second.selectbox("As asked by the export", exports, key="prompted.export")
    budget = third.number_input("Budget in $", 0.0, value=5.0, step=1.0, format="%.2f")
    resume = st.checkbox(
        "Count what the last run spent",
        key="prompted.resume",
        help="The budget is then that of both together.",
    )
    prompting = Prompting(prompt=kind, examples=int(n), task=task, export=export)
    told = ["--annotator", name, "--prompt", kind, "--task", task]
    told += [] if export is None else ["--export", export]
    told += [] if kind == "zero-shot" else ["--examples", str(n)]
    row = st.container(horizontal=True)
    busy = jobs.is_running(opened)
    spending = ["--budget-usd", f"{budget:.2f}", *(["--resume"] if resume else [])]
    if row.button("Plan", icon=":material/calculate:", key="prompted.plan", help="Sends nothing."):
        _plan(opened, name, prompting)
    if row.button("Ask", type="primary", icon=":material/play_arrow:", disabled=busy):
        _start(opened, name, budget, [*told, *spending])
    if row.button("Hand in as a batch", icon=":material/outbox:", disabled=busy):
        _start(opened, name, budget, [*told, *spending, "--batch"])
    if row.button("Collect the batch", icon=":material/inbox:", disabled=busy):
        _start(opened, name, None, [*told, "--collect"])
    st.caption(
        f"{_BY_RECORDS[task] if task in made else _AS_EXPORTED} The budget is never passed, an "
        "answer is paid for once, and the run is kept once every row was asked."
    )


def _plan(opened: Workspace, name: str, prompting: Prompting) -> None:
    try:
        made = plan_prompted(opened, annotator_of(opened, name), prompting)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    st.info(safe.markdown(plans.sentence(made)))


def _start(opened: Workspace, name: str, budget: float | None, told: list[str]) -> None:
    try:
        require_prices({name: opened.settings.annotators[name]}, budget)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    if model_keys.are_there(opened, [name]):
        jobs.start(opened, ["predict", *told])
        st.rerun()


def _endpoint(opened: Workspace, exports: list[str], exported: list[PromptedTask]) -> None:
    with st.form("endpoint"):
        first, second, third = st.columns(3)
        url = first.text_input("Address", placeholder="http://localhost:8000/v1").strip()
        model = second.text_input("Model, by its name there").strip()
        weights = third.text_input(
            "Its weights",
            placeholder="step-800",
            help="Where the same name had other weights before: they are asked anew.",
        ).strip()
        first, second, third, fourth = st.columns(4)
        template = first.selectbox("Template", _TEMPLATES)
        task = second.selectbox("Asked for", exported)
        export = third.selectbox("As asked by the export", exports)
        variable = fourth.text_input("Key is in the variable", placeholder=KEY_VARIABLE).strip()
        is_asked = st.form_submit_button(
            "Ask the checkpoint", icon=":material/play_arrow:", disabled=jobs.is_running(opened)
        )
    st.caption(
        "vLLM, SGLang, Ollama or any server like them. It is sent the exported prompt and nothing "
        "else; keys come from the environment."
    )
    if not is_asked:
        return
    try:
        served(url, model)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    told = ["--endpoint", url, "--model", model, "--export", export, "--task", task]
    told += ["--template", template] if template != _TEMPLATES[0] else []
    told += ["--key-variable", variable] if variable else []
    told += ["--checkpoint", weights] if weights else []
    jobs.start(opened, ["predict", *told])
    st.rerun()
