"""One product whole: its text, votes and issues, whatever stands in it shown as it is."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from catalog.paths import join_path
from ui import safe, tables
from workspace.review.queue import Card

MOST_GIVEN = 10


def show(card: Card, *, with_votes: bool = True) -> None:
    """The product, then what is said of it."""
    record = card.record
    named = record["title"] or record["question"] or record["query"]
    st.subheader(safe.markdown(named or "(no title)"))
    facts = [
        f"id {safe.markdown(record['record_id'])}",
        f"brand **{safe.markdown(record['brand'] or '–')}**",
        _price(record),
        f"{'source' if record['target'] else 'catalog'} says **{safe.markdown(_told(record))}**",
    ]
    st.markdown(" · ".join(fact for fact in facts if fact))
    images(record)
    if record["description"]:
        st.text(record["description"])
    _asked(record)
    _attributes(record)
    for issue in card.issues:
        check = safe.markdown(tables.words(issue["check"]))
        st.caption(f":material/flag: **{check}**: {safe.markdown(issue['message'])}")
    if with_votes:
        votes(card)
    extra = json.loads(record["extra"]) if record["extra"] else {}
    if extra:
        with st.expander("Other columns of the source"):
            st.json(extra, expanded=True)


def _told(record: dict[str, Any]) -> str:
    """The answer of the source: that of the record's task, else its category."""
    return record["target"] or join_path(record["category_path"]) or "nothing"


def _asked(record: dict[str, Any]) -> None:
    """What a record of another task asks: query, question, what else is given, and the options."""
    for name in ("query", "question"):
        if record[name]:
            st.markdown(f"**{name.capitalize()}**")
            st.text(record[name])
    given = record["context"] or []
    if given:
        st.markdown("**Given**")
        for text in given[:MOST_GIVEN]:
            st.text(text)
        if len(given) > MOST_GIVEN:
            st.caption(f"and {len(given) - MOST_GIVEN:,} more")
    if record["options"]:
        st.caption(safe.markdown(f"Options: {', '.join(record['options'][:MOST_GIVEN])}"))


def _price(record: dict[str, Any]) -> str:
    if record["price"] is None:
        return ""
    return safe.markdown(f"{record['currency'] or ''} {record['price']:,.2f}".strip())


def images(record: dict[str, Any]) -> None:
    """Pictures by their web address, loaded by the browser and only when in sight."""
    links = [safe.link(url) for url in record["image_urls"] or []]
    shown = [
        f'<img src="{safe.markup(url)}" loading="lazy" referrerpolicy="no-referrer" alt="" '
        'style="height:110px;margin-right:8px;border-radius:4px">'
        for url in links
        if url
    ]
    if shown:
        st.html("".join(shown[:6]))


def _attributes(record: dict[str, Any]) -> None:
    rows = [
        (a["key"], e["value"], "in the text" if e["begin"] is not None else "not in the text")
        for a in record["attributes"] or []
        for e in a["evidences"] or [{"value": "(asked, and there is none)", "begin": None}]
    ]
    if rows:
        tables.show(pl.DataFrame(rows, schema=["attribute", "value", "evidence"], orient="row"))


def votes(card: Card) -> None:
    """Who says what, and at which level of the path they part from the suggestion."""
    rows = [
        {
            "who": vote["annotator_id"],
            "what": vote["value"] or "(abstains)",
            "score": vote["score"],
            "parts at": "agrees"
            if vote["parts_at"] is None and vote["value"]
            else vote["parts_at"] and f"level {vote['parts_at']}",
        }
        for vote in card.votes
    ]
    if rows:
        tables.show(
            pl.DataFrame(rows, schema_overrides={"score": pl.Float64, "parts at": pl.String}),
            column_config={"score": st.column_config.NumberColumn(format="%.2f")},
        )
