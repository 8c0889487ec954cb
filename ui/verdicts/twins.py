"""Strict scores with a paper's own script beside them: each number with its definition."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import streamlit as st

from charts.intervals import Dot, dots
from charts.theme import percent
from ui import drawings, safe, tables
from ui.verdicts.result_tables import INTERVAL, PERCENT, between
from ui.verdicts.result_tables import percent as as_percent


def choice(place: Any, known: dict[str, str], key: str, **more: Any) -> str | None:
    """Which paper's script counts too; ``known`` has the words of each."""
    chosen = place.selectbox(
        "Beside it, as published by",
        list(known),
        index=None,
        placeholder="nobody: the strict scores alone",
        key=key,
        format_func=lambda name: f"{name}: {known[name]}",
        **more,
    )
    return None if chosen is None else str(chosen)


def scores(body: dict[str, Any]) -> None:
    """One run, strictly and as published.

    Parameters
    ----------
    body
        ``strict``, ``published``, ``published_lines`` and ``definitions`` of
        `evaluation.published.twins.TwinScores.as_json`.
    """
    strict, published = body["strict"], body["published"]
    left, right = st.columns(2, border=True)
    _headline(left, "Strict", strict)
    _headline(right, f"Published by {published['definition']}", published)
    right.caption(safe.markdown(f"Script: {published['source']}"))
    lines(body)
    tables.show(_side_by_side(body), column_config=_COLUMNS)
    _particulars(published)


def board(bodies: dict[str, dict[str, Any]]) -> None:
    """Several runs, strictly and as published, in the order given."""
    rows = [
        {"run": run, **_told(body["strict"], "strict"), **_told(body["published"], "published")}
        for run, body in bodies.items()
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    tables.show(
        frame.select(
            "run",
            *(
                column
                for of in ("strict", "published")
                for column in (
                    as_percent(of),
                    between(f"{of}_low", f"{of}_high").alias(f"{of}: {INTERVAL}"),
                )
            ),
        ),
        column_config=dict.fromkeys(("strict", "published"), PERCENT),
    )


def differences(body: dict[str, Any]) -> None:
    """Two runs, strictly and as published (`evaluation.published.twins.TwinComparison.as_json`)."""
    strict, published = body["strict"], body["published"]
    st.subheader(safe.markdown(f"Strict, and as published by {published['definition']}"))
    rows = [
        {
            "definition": side["definition"],
            "metric": side["metric"],
            "what it is": side["words"],
            **{end: _number(side[end]) for end in ("baseline", "candidate")},
            "difference, points": _points(side),
            "p": _number(side["p_value"]),
        }
        for side in (strict, published)
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    tables.show(
        frame.with_columns(as_percent("baseline"), as_percent("candidate")),
        column_config={
            **dict.fromkeys(("baseline", "candidate"), PERCENT),
            "p": st.column_config.NumberColumn("p", format="%.4f"),
            "what it is": st.column_config.TextColumn(width="large"),
        },
    )
    _particulars(published)


def lines(body: dict[str, Any]) -> None:
    """The literature beside the published number, where split and definition are the same."""
    found = body["published_lines"]
    if not found:
        st.caption(
            "No number of the literature is drawn: none is known of this very split by this "
            "definition."
        )
        return
    published = body["published"]
    mine = published[published["main"]]
    rows = [
        Dot(
            "this run",
            _number(mine["value"]),
            _number(mine["low"]),
            _number(mine["high"]),
            mine["n"],
        ),
        *(Dot(line["system"], line["value"], math.nan, math.nan, 0) for line in found),
    ]
    title = f"{tables.words(published['main'])}, as published by {published['definition']}"
    drawings.show(
        dots(sorted(rows, key=lambda dot: -dot.value), title=title),
        alt="This run among published numbers",
    )
    first = found[0]
    st.caption(safe.markdown(f"{first['dataset']}. Numbers: {first['source']}."))


def _headline(place: Any, whose: str, body: dict[str, Any]) -> None:
    found = body[body["main"]]
    value = _number(found["value"])
    told = "undefined" if math.isnan(value) else percent(value)
    place.metric(safe.markdown(f"{whose}: {tables.words(body['main'])}"), told)
    if found["low"] is not None:
        interval = f"95 % interval {percent(found['low'])} to {percent(found['high'])}"
        place.caption(f"{interval}, {found['n']:,} rows")
    elif found.get("reason"):
        place.caption(safe.markdown(found["reason"]))
    place.caption(safe.markdown(body["words"]))


def _side_by_side(body: dict[str, Any]) -> pl.DataFrame:
    """A line for each metric and definition, the same metric of both below each other."""
    strict, published = body["strict"], body["published"]
    told = {"strict": body["definitions"], "published": published["definitions"]}
    names = [*_metrics(published), *(n for n in _metrics(strict) if n not in _metrics(published))]
    rows = []
    for name in names:
        for whose, side in (("published", published), ("strict", strict)):
            if name in _metrics(side):
                found = side[name]
                rows.append(
                    {
                        "metric": tables.words(name),
                        "by": side["definition"],
                        **{end: _number(found[end]) for end in ("value", "low", "high")},
                        "n_rows": found["n"],
                        "what it is": found.get("reason") or told[whose].get(name, ""),
                    }
                )
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.select(
        "metric", "by", as_percent("value"), between("low", "high").alias(INTERVAL), "n_rows",
        "what it is",
    )  # fmt: skip


_COLUMNS = {"value": PERCENT, "what it is": st.column_config.TextColumn(width="large")}


def _metrics(body: dict[str, Any]) -> list[str]:
    return [k for k, v in body.items() if isinstance(v, dict) and "value" in v]


def _particulars(published: dict[str, Any]) -> None:
    with st.expander(safe.markdown(f"What the script of {published['definition']} does")):
        for quirk in published["quirks"]:
            st.markdown(f"- {safe.markdown(quirk)}")
        counted = [
            *published.get("counts", {}).items(),
            *((what, n) for what, n in published.get("dropped", {}).items() if n),
        ]
        if counted:
            told = ", ".join(f"{what} {n:,}" for what, n in counted)
            st.caption(safe.markdown(f"It counts: {told}."))


def _told(body: dict[str, Any], name: str) -> dict[str, float]:
    found = body[body["main"]]
    return {
        name: _number(found["value"]),
        f"{name}_low": _number(found["low"]),
        f"{name}_high": _number(found["high"]),
    }


def _points(side: dict[str, Any]) -> str:
    value, low, high = (_number(side[end]) for end in ("difference", "low", "high"))
    if math.isnan(value):
        return "undefined"
    told = f"{100 * value:+.1f}"
    interval = "" if math.isnan(low) else f" ({100 * low:+.1f} to {100 * high:+.1f})"
    return (told + interval).replace("-", "−")


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
