"""What judges said of answers, as people look at it."""

from __future__ import annotations

from typing import Literal

import polars as pl

from workspace.models.judging import judgements_kept
from workspace.snapshots import Snapshot

__all__ = ["SHOWN", "Which", "judgement_rows", "judgements_kept", "told_of"]

Which = Literal["all", "differ", "irrelevant", "undecided"]
SHOWN = 200
_WHICH: dict[Which, pl.Expr] = {
    "all": pl.lit(True),
    "differ": pl.col("is_relevant") != pl.col("human"),
    "irrelevant": pl.col("is_relevant") == 0,
    "undecided": pl.col("is_relevant").is_null(),
}


def told_of(kept: Snapshot) -> str:
    """Which run was judged, by whom and when, in one line."""
    figures, at = kept.figures, str(kept.manifest["created_at"])
    return (
        f"{figures['predictions']} on {figures['gold']}, judged by {figures['judge']} "
        f"({figures['model']}), {at[:16].replace('T', ' ')}"
    )


def judgement_rows(kept: Snapshot, which: Which) -> tuple[pl.DataFrame, int]:
    """Some of the answers with what judge and people say, `SHOWN` at most; and how many there are."""
    found = kept.scan("judgements").filter(_WHICH[which])
    said = [
        pl.col(name).cast(pl.Boolean).alias(told)
        for name, told in (("is_relevant", "judge says relevant"), ("human", "people say relevant"))
    ]
    shown = found.head(SHOWN).select("example_id", "question", "answer", *said).collect()
    return shown, int(found.select(pl.len()).collect().item())
