"""The language models of a workspace: what is declared of each, and how each answers."""

from __future__ import annotations

import math

import polars as pl
import streamlit as st

from charts.intervals import Dot, dots
from charts.matrix import matrix
from ui import drawings, links, safe, sides, tables
from ui.language_models import agreement, model_keys
from workspace.views import models as views
from workspace.workspace import Workspace


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
        _lines(declared),
        folded=("server", "questions", "votes"),
        column_config={
            "prices": st.column_config.TextColumn(
                "$/1M in, out", help="dollars for a million tokens, as published or declared"
            )
        },
    )
    names = declared["annotator"].to_list()
    model_keys.warn(opened, names)
    return names


def _lines(declared: pl.DataFrame) -> pl.DataFrame:
    """One line a model, as narrow as it can be."""
    at = pl.format("{} at {}", "provider", "server")
    prices = [
        pl.col(name).map_elements(lambda price: f"${price:,.2f}", return_dtype=pl.String)
        for name in ("usd_in", "usd_out")
    ]
    return declared.select(
        "annotator",
        "model",
        pl.when(pl.col("server") == views.THE_MAKERS)
        .then("provider")
        .otherwise(at)
        .alias("server"),
        "questions",
        "votes",
        "key",
        pl.format("{}, {}", *prices).alias("prices"),
    )


def answers(opened: Workspace, pairs: pl.DataFrame, question: str) -> None:
    """How the models answered, how far each agrees with itself, and how far with each other.

    Nothing where no model is declared.

    Parameters
    ----------
    pairs
        Agreement by pair of annotators, as the step ``agree`` keeps it.
    """
    if not opened.settings.annotators:
        return
    st.subheader("Language models")
    found = views.answer_quality(opened)
    if found.is_empty():
        st.caption("No model has voted yet.")
        links.to("labels", "Ask them")
        return
    for name in found.filter("is_flagged")["annotator"]:
        told = (
            f"{name}: more than 2 % of its categories had to be repaired, or are not in the "
            "taxonomy; look at its prompt."
        )
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
    st.caption(
        "Repaired and not in the taxonomy: of the categories that it named; all others: of its "
        "answers."
    )
    left, right = sides.sides("models")
    with left:
        _self_agreement(found)
    with right:
        _between(pairs, found["annotator"].to_list(), question)


def _self_agreement(found: pl.DataFrame) -> None:
    st.markdown("**Agreement of each model with itself**")
    again = found.filter(pl.col("self_agreement").is_not_null())
    if again.is_empty():
        st.caption("Whether a model agrees with itself is known where its `samples` are over 1.")
        return
    value = "self_agreement"
    drawings.show(
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


def _between(pairs: pl.DataFrame, models: list[str], question: str) -> None:
    st.markdown("**Agreement between the models**")
    both = pl.col("annotator_a").is_in(models) & pl.col("annotator_b").is_in(models)
    names, shares = agreement.square(pairs.filter(both), question, "percent_agreement")
    if not names:
        st.caption("Known once two models have voted on the same question.")
        return
    st.plotly_chart(
        matrix(names, names, shares), alt="Percent agreement by pair of language models"
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
