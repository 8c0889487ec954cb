"""Agreement as tiles, a square and a series: shaping of plain figures for drawing."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import streamlit as st

from charts.intervals import Dot

_TILES = (
    (
        "krippendorff_alpha",
        "Krippendorff's alpha",
        "1 is perfect, 0 is what chance gives; every label as far from every other",
    ),
    (
        "krippendorff_alpha_taxonomy",
        "Alpha with taxonomy distance",
        "labels that share a part of their path are nearer",
    ),
    ("fleiss_kappa", "Fleiss' kappa", "chance-corrected agreement of any number of annotators"),
    (
        "percent_agreement",
        "Percent agreement",
        "share of pairs of votes that are equal; not corrected for chance",
    ),
)


def tiles(facts: dict[str, Any]) -> None:
    """The coefficients with their intervals."""
    row = st.container(horizontal=True)
    for key, label, told in _TILES:
        column = row.container(width="content")
        found = facts.get(key)
        if found is None or found["value"] is None:
            column.metric(label, "undefined", help=(found or {}).get("reason", told))
            continue
        interval = "no interval"
        if found["low"] is not None:
            interval = f"95 %: {found['low']:.3f} to {found['high']:.3f}"
        column.metric(label, f"{found['value']:.3f}", help=told)
        column.caption(f"{interval} · {found['n']:,} items")


def question(names: list[str]) -> str:
    """Which question is looked at; where there is one alone, nobody is asked."""
    if len(names) == 1:
        return names[0]
    first = "category" if "category" in names else names[0]
    chosen: str = st.selectbox("Question", names, names.index(first), key="agreement.question")
    return chosen


def by_level(facts: dict[str, Any]) -> dict[str, list[Dot]]:
    """Alpha and percent agreement at each level."""
    return {
        label: [_dot(str(line["level"]), line[key]) for line in facts["levels"]]
        for key, label, _ in (_TILES[0], _TILES[3])
    }


def _dot(name: str, estimate: dict[str, Any]) -> Dot:
    value, low, high = (
        math.nan if estimate[k] is None else estimate[k] for k in ("value", "low", "high")
    )
    return Dot(name, value, low, high, estimate["n"])


def square(pairs: pl.DataFrame, question: str, column: str) -> tuple[list[str], list[list[float]]]:
    """A symmetric square of a number by pair; the diagonal is empty."""
    mine = pairs.filter(pl.col("question") == question)
    names = sorted({*mine["annotator_a"], *mine["annotator_b"]})
    held = {(a, b): v for a, b, v in mine.select("annotator_a", "annotator_b", column).iter_rows()}
    return names, [[_number(held.get((a, b), held.get((b, a)))) for b in names] for a in names]


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def annotators(frame: pl.DataFrame, question: str) -> pl.DataFrame:
    """One line an annotator: coverage, overlaps, conflicts, agreement with the consensus."""
    share = pl.col("coverage", "overlaps", "conflicts", "agreement_others", "agreement_consensus")
    return frame.filter(pl.col("question") == question).select(
        "annotator_id", "n_votes", "n_abstained", share
    )


def levels(facts: dict[str, Any]) -> list[int]:
    """The levels there are."""
    return [line["level"] for line in facts.get("levels", [])]
