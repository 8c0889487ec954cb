"""What the Review page does: every press is stored before anything is drawn again."""

from __future__ import annotations

import time

import streamlit as st

from catalog.errors import GoldshelfError
from catalog.votes import CATEGORY
from ui import reads, safe, session, tables
from workspace.review.decisions import Action, Verdict, decide, log
from workspace.review.queue import Card, QueueFilter, card, lease, queue, standing
from workspace.review.undoing import undo
from workspace.views.taxonomy import search
from workspace.workspace import Workspace

RECORD, SHOWN_AT, LEASED_AT, TOLD, VIEW = (
    "review.record", "review.shown_at", "review.leased_at", "review.told", "review.view",
)  # fmt: skip
NAMED = "record"
RENEW_S = 60
MOST_CHOICES = 9
SEARCH = "Find a category"

_focus = st.components.v2.component(
    "goldshelf_focus",
    js="""
    let shown = null;
    export default function({ data }) {
      if (shown !== null && shown !== data.record) document.activeElement?.blur();
      shown = data.record;
      const press = (event) => {
        const typing = /INPUT|TEXTAREA/.test(document.activeElement?.tagName || "");
        const field = document.querySelector(`input[aria-label="${data.label}"]`);
        if (event.key === "/" && !typing && field) { event.preventDefault(); field.focus(); }
        if (event.key === "Escape" && typing) { document.activeElement.blur(); }
      };
      document.addEventListener("keydown", press);
      return () => document.removeEventListener("keydown", press);
    }
    """,
)


def filters(opened: Workspace) -> QueueFilter:
    """What the person wants to review; kept in the address."""
    level, check, category = st.columns(3)
    nodes = [node[0] for node in reads.category_nodes(opened, opened.snapshot("load").id)]
    return QueueFilter(
        level.selectbox(
            "Votes part at level",
            range(1, opened.taxonomy().max_depth + 1),
            index=None,
            key="level",
            placeholder="any",
            bind="query-params",
        ),
        check.selectbox(
            "Check",
            reads.checks_found(opened),
            index=None,
            key="check",
            placeholder="any",
            format_func=tables.words,
            bind="query-params",
        ),
        category.selectbox(
            "Below category", nodes, index=None, key="below", placeholder="any", bind="query-params"
        ),
    )


def current(opened: Workspace, wanted: QueueFilter) -> Card | None:
    """The record to show: the one that a link names or that was undone, else the first waiting."""
    who, state = session.reviewer(), st.session_state
    view, named = (opened.root, who, wanted), st.query_params.get(NAMED)
    if state.get(VIEW) != view:
        state[VIEW], state[RECORD] = view, None
    if named is not None and named != state.get(RECORD):
        state[RECORD], state[SHOWN_AT], state[LEASED_AT] = named, time.time(), 0.0
    if state.get(RECORD) is None:
        waiting = queue(opened, who, wanted=wanted, limit=1)
        if waiting.is_empty():
            return None
        state[RECORD], state[SHOWN_AT], state[LEASED_AT] = waiting["record_id"][0], time.time(), 0.0
    try:
        shown = card(opened, state[RECORD])
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        _next()
        return None
    if time.time() - state.get(LEASED_AT, 0.0) > RENEW_S:
        lease(opened, state[RECORD], who)
        state[LEASED_AT] = time.time()
    return shown


def _next() -> None:
    st.session_state[RECORD] = None
    st.query_params.pop(NAMED, None)


def progress(opened: Workspace) -> None:
    """How far the queue is, and what the last press did."""
    counts = standing(opened)
    total = counts["waiting"] + counts["decided"]
    st.progress(
        counts["decided"] / total if total else 1.0,
        text=f"{counts['decided']:,} decided, {counts['waiting']:,} wait",
    )
    told = st.session_state.get(TOLD)
    if told:
        st.caption(told)


def buttons(opened: Workspace, shown: Card) -> None:
    """Accept, choose, skip, drop, undo: each with its key.

    The buttons are this record's own: a press that comes late never falls on the next one.
    """
    record = shown.record["record_id"]
    st.markdown(f"Suggestion: **{safe.markdown(shown.suggestion or 'none')}**")
    if shown.decision is not None:
        held = shown.decision["value"] or shown.decision["action"]
        st.caption(safe.markdown(f"decided: {held} by {shown.decision['reviewer']}"))
    st.button(
        "Accept",
        type="primary",
        shortcut="A",
        key=f"review.accept.{record}",
        width="stretch",
        disabled=shown.suggestion is None,
        on_click=_decide,
        args=(opened, shown, "accept", shown.suggestion),
    )
    for number, path in enumerate(shown.choices[:MOST_CHOICES], 1):
        votes = sum(vote["value"] == path for vote in shown.votes)
        st.button(
            f"{safe.markdown(path)}  ·  {votes}",
            shortcut=str(number),
            key=f"review.choose.{number}.{record}",
            width="stretch",
            on_click=_decide,
            args=(opened, shown, "choose", path),
        )
    skip, drop, back = st.columns(3)
    skip.button(
        "Skip",
        shortcut="S",
        key=f"review.skip.{record}",
        width="stretch",
        on_click=_decide,
        args=(opened, shown, "skip", None),
    )
    drop.button(
        "Drop",
        shortcut="D",
        key=f"review.drop.{record}",
        width="stretch",
        on_click=_decide,
        args=(opened, shown, "drop", None),
        help="Leave this record out of gold",
    )
    back.button(
        "Undo", shortcut="Z", key="review.undo", width="stretch", on_click=_undo, args=(opened,)
    )


def picker(opened: Workspace, shown: Card) -> None:
    """Search the whole taxonomy as one types; press / to begin, Alt and a digit to choose."""
    text = st.text_input(
        SEARCH,
        key="review.search",
        live="200ms",
        placeholder="press / and type, Alt+1 to choose",
        type="search",
    )
    if not text:
        return
    found = search(opened, text, limit=MOST_CHOICES)
    if found.is_empty():
        st.caption("no category like that")
    for number, (path, is_leaf) in enumerate(found.select("path_text", "is_leaf").iter_rows(), 1):
        st.button(
            f"{safe.markdown(path)}{'' if is_leaf else '  ·  not a leaf'}",
            shortcut=f"Alt+{number}",
            key=f"review.found.{number}.{shown.record['record_id']}",
            width="stretch",
            on_click=_decide,
            args=(opened, shown, "choose", path),
        )


def keys(shown: Card) -> None:
    """The slash key puts the cursor into the search; the next record takes it out again."""
    _focus(data={"label": SEARCH, "record": shown.record["record_id"]}, key="review.focus")


def history(shown: Card) -> None:
    """How the record came to where it is."""
    for entry in shown.history:
        after = (entry.after or {}).get("value") or (entry.after or {}).get("action") or "–"
        st.caption(
            safe.markdown(
                f"{entry.at} {entry.reviewer}: {entry.action} → {after} {entry.reason or ''}"
            )
        )


def last_acts(opened: Workspace) -> list[dict[str, object]]:
    """The newest lines of the log."""
    return [entry.as_json() for entry in log(opened, limit=20)]


def _decide(opened: Workspace, shown: Card, action: Action, value: str | None) -> None:
    record = str(shown.record["record_id"])
    if record != st.session_state.get(RECORD):
        return
    seconds = time.time() - st.session_state.get(SHOWN_AT, time.time())
    try:
        decide(
            opened, [Verdict(record, action, value, seconds=round(seconds, 1))], session.reviewer()
        )
    except GoldshelfError as error:
        st.session_state[TOLD] = f":material/error: {safe.markdown(error)}"
        return
    title = safe.markdown(shown.record["title"] or record, 60)
    st.session_state[TOLD] = f":material/check: {action} · {title} · {safe.markdown(value or '')}"
    st.session_state["review.search"] = ""
    _next()


def _undo(opened: Workspace) -> None:
    try:
        undone = undo(opened, session.reviewer(), of="decisions")
    except GoldshelfError as error:
        st.session_state[TOLD] = f":material/error: {safe.markdown(error)}"
        return
    _next()
    if undone[-1].question == CATEGORY:
        st.session_state[RECORD] = undone[-1].record_id
    st.session_state[SHOWN_AT], st.session_state[LEASED_AT] = time.time(), 0.0
    st.session_state[TOLD] = f":material/undo: undone · {safe.markdown(undone[-1].record_id)}"
