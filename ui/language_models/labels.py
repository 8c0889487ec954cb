"""The annotators of a workspace, as the Labels page shows them."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.intervals import Dot, dots
from ui import drawings, jobs, reads, safe, tables
from workspace.views.labels import ANNOTATORS
from workspace.workspace import Workspace


def known() -> list[str]:
    """Every annotator that there is."""
    return list(ANNOTATORS)


def chosen(opened: Workspace) -> list[str]:
    """Those that the settings name."""
    return list(opened.settings.label.annotators)


def told(name: str) -> str:
    """An annotator with what it does."""
    return f"{name}: {ANNOTATORS[name]}"


def run(opened: Workspace, names: list[str]) -> None:
    """Keep the choice in the settings and label."""
    try:
        opened.change("label", annotators=names)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    jobs.start(opened, ["run", "label", "agree", "queue"])
    st.rerun()


def votes(figures: dict[str, Any]) -> None:
    """Votes, coverage and mean score of each annotator, and why it did not vote."""
    frame = pl.DataFrame(
        [
            {
                "annotator": name,
                "votes": facts["n_votes"],
                "abstained": facts["n_abstained"],
                "coverage": facts["coverage"],
                "mean score": facts["mean_score"],
            }
            for name, facts in figures["annotators"].items()
        ],
        schema_overrides={"mean score": pl.Float64},
    )
    tables.show(
        frame,
        column_config={"mean score": st.column_config.NumberColumn(format="%.2f")},
    )
    for name, facts in figures["annotators"].items():
        if facts["abstained"]:
            why = "; ".join(f"{why} ({n:,})" for why, n in facts["abstained"].items())
            st.caption(safe.markdown(f"{name} abstained: {why}"))


def consensus(opened: Workspace) -> None:
    """How far each annotator agrees with the consensus, where there is one."""
    snapshot = opened.snapshots.current("agree")
    if snapshot is None:
        return
    agreed = reads.table(opened, "agree", snapshot.id, "annotators")
    st.subheader("Agreement with the consensus")
    drawings.show(
        dots(with_consensus(agreed), title="share of records"),
        alt="Agreement with the consensus by annotator",
    )


def with_consensus(agreed: pl.DataFrame) -> list[Dot]:
    """How far each annotator agrees with the consensus on the category, the nearest first."""
    rows = agreed.filter(pl.col("question") == "category").sort(
        "agreement_consensus", descending=True, nulls_last=True
    )
    value = "agreement_consensus"
    return [
        Dot(r["annotator_id"], r[value], r[f"{value}_low"], r[f"{value}_high"], r["n_votes"])
        for r in rows.to_dicts()
    ]
