"""What judges said of answers, as people look at it."""

from __future__ import annotations

from typing import Literal

import polars as pl

from catalog.criteria import Criterion
from workspace.models.judge_questions import GOLD, TASK, people_say
from workspace.models.judging import judgements_kept
from workspace.models.people import SAID_SCHEMA, WithPeople, with_human, with_people
from workspace.review.ratings import held_ratings
from workspace.runs.scoring import list_runs
from workspace.snapshots import Snapshot
from workspace.workspace import Workspace

__all__ = [
    "SHOWN", "Which", "held_against_people", "judgement_rows", "judgements_kept", "runs_to_judge",
    "told_of",
]  # fmt: skip

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


def held_against_people(workspace: Workspace, kept: Snapshot) -> WithPeople:
    """How far a judge says what people say, by what people say now; nothing is asked again."""
    criterion: Criterion = kept.figures["criterion"]
    said = kept.scan("judgements").filter(repeat=0)
    columns = ["example_id", "mark", "said", "cluster"]
    return with_people(criterion, said.select(columns).collect(), _ratings(workspace, kept))


def judgement_rows(workspace: Workspace, kept: Snapshot, which: Which) -> tuple[pl.DataFrame, int]:
    """Some of the answers with what judge and people say, `SHOWN` at most; and how many there are."""
    names = [name for name in kept.scan("judgements").collect_schema() if name != "human"]
    said = kept.read("judgements", names)
    found = with_human(said, _ratings(workspace, kept)).lazy().filter(_WHICH[which])
    told = [
        pl.col(name).cast(pl.Boolean).alias(shown)
        for name, shown in (("said", "judge says yes"), ("human", "people say yes"))
    ]
    shown = found.head(SHOWN).select("example_id", "question", "answer", *told).collect()
    return shown, int(found.select(pl.len()).collect().item())


def _ratings(workspace: Workspace, kept: Snapshot) -> pl.DataFrame:
    """What people say: of runs in the database, of files beside what the judge said."""
    if "run" in kept.figures:
        return people_say(held_ratings(workspace), kept.figures["criterion"])
    said = kept.scan("judgements").filter(repeat=0).drop_nulls("human")
    rated = said.select("example_id", "mark", rater=pl.lit(GOLD), value="human")
    return rated.collect().cast(SAID_SCHEMA)
