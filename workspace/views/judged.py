"""What judges said of answers, as people look at it."""

from __future__ import annotations

from typing import Literal

import polars as pl

from workspace.models.judge_questions import TASK
from workspace.models.judging import judgements_kept
from workspace.runs.scoring import list_runs
from workspace.snapshots import Snapshot
from workspace.workspace import Workspace

__all__ = ["SHOWN", "Which", "judgement_rows", "judgements_kept", "runs_to_judge", "told_of"]

Which = Literal["all", "differ", "no", "undecided"]
SHOWN = 200
_WHICH: dict[Which, pl.Expr] = {
    "all": pl.lit(True),
    "differ": pl.col("said") != pl.col("human"),
    "no": pl.col("said") == 0,
    "undecided": pl.col("said").is_null(),
}


def told_of(kept: Snapshot) -> str:
    """Which run was judged, by whom and when, in one line."""
    figures, at = kept.figures, str(kept.manifest["created_at"])
    return (
        f"{figures['predictions']} on {figures['gold']}: {figures['criterion']} judged by "
        f"{figures['judge']} ({figures['model']}), {at[:16].replace('T', ' ')}"
    )


def runs_to_judge(workspace: Workspace, split: str) -> list[str]:
    """The runs on a split that answer questions."""
    return [run.name for run in list_runs(workspace) if (run.task, run.split) == (TASK, split)]


def judgement_rows(kept: Snapshot, which: Which) -> tuple[pl.DataFrame, int]:
    """Some of the answers with what judge and people say, `SHOWN` at most; and how many there are."""
    found = kept.scan("judgements").filter(_WHICH[which])
    said = [
        pl.col(name).cast(pl.Boolean).alias(told)
        for name, told in (("said", "judge says yes"), ("human", "people say yes"))
    ]
    shown = found.head(SHOWN).select("example_id", "question", "answer", *said).collect()
    return shown, int(found.select(pl.len()).collect().item())
