"""What the Review page does: every press is stored before anything is drawn again."""

from __future__ import annotations

import time

import streamlit as st

from catalog.errors import GoldshelfError
from ui import safe, session
from workspace.review.decisions import Action, Verdict, decide, log, undo
from workspace.review.queue import Card, QueueFilter, card, lease, queue, standing
from workspace.taxonomy_views import search
from workspace.workspace import Workspace

RECORD, SHOWN_AT, TOLD = "review.record", "review.shown_at", "review.told"
MOST_CHOICES = 9
SEARCH = "Find a category"

_focus = st.components.v2.component(
    "goldshelf_focus",
    js="""
    export default function({ data }) {
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


def filters() -> QueueFilter:
    """What the person wants to review; kept in the address."""
    level, check, category = st.columns(3)
    return QueueFilter(
        level.selectbox(
            "Votes part at level",
            range(1, 9),
            index=None,
            key="level",
            placeholder="any",
            bind="query-params",
        ),
        check.text_input("Check", key="check", placeholder="any", bind="query-params") or None,
        category.text_input("Below category", key="below", placeholder="any", bind="query-params")
        or None,
    )


def current(opened: Workspace, wanted: QueueFilter) -> Card | None:
    """The record to show: the one chosen or undone, else the first of the queue."""
    who = session.reviewer()
    record = st.session_state.get(RECORD)
    if record is None:
        waiting = queue(opened, who, wanted=wanted, limit=1)
        if waiting.is_empty():
            return None
        record = waiting["record_id"][0]
        st.session_state[RECORD] = record
        st.session_state[SHOWN_AT] = time.time()
        lease(opened, record, who)
    return card(opened, record)


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
    """Accept, choose, skip, drop, undo: each with its key."""
    st.markdown(f"Suggestion: **{safe.markdown(shown.suggestion or 'none')}**")
    if shown.decision is not None:
        st.caption(
            f"decided: {safe.markdown(shown.decision['value'] or shown.decision['action'])} by {safe.markdown(shown.decision['reviewer'])}"
        )
    st.button(
        "Accept",
        type="primary",
        shortcut="A",
        key="review.accept",
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
            key=f"review.choose.{number}",
            width="stretch",
            on_click=_decide,
            args=(opened, shown, "choose", path),
        )
    skip, drop, back = st.columns(3)
    skip.button(
        "Skip",
        shortcut="S",
        key="review.skip",
        width="stretch",
        on_click=_decide,
        args=(opened, shown, "skip", None),
    )
    drop.button(
        "Drop",
        shortcut="D",
        key="review.drop",
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
            key=f"review.found.{number}",
            width="stretch",
            on_click=_decide,
            args=(opened, shown, "choose", path),
        )


def keys() -> None:
    """The slash key puts the cursor into the search."""
    _focus(data={"label": SEARCH}, key="review.focus")


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
    st.session_state[RECORD] = None
    st.session_state["review.search"] = ""


def _undo(opened: Workspace) -> None:
    try:
        undone = undo(opened, session.reviewer())
    except GoldshelfError as error:
        st.session_state[TOLD] = f":material/error: {safe.markdown(error)}"
        return
    st.session_state[RECORD] = undone[-1].record_id
    st.session_state[SHOWN_AT] = time.time()
    st.session_state[TOLD] = f":material/undo: undone · {safe.markdown(undone[-1].record_id)}"
