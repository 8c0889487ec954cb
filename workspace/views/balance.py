"""The balance of train as people look at it, and which categories to label next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.paths import joined, parted
from curation.balance.settings import Level
from curation.balance.shopping import (
    BENEFIT,
    BENEFIT_WORDS,
    as_sheet,
    mean_target,
    shopping_list,
)
from workspace.runs.scoring import RunInfo, list_runs
from workspace.workspace import Workspace

_TASK, _SPLIT = "classification", "test"


@dataclass(frozen=True)
class Shopping:
    """The categories to label next.

    Attributes
    ----------
    table
        `curation.balance.shopping.SHOPPING_SCHEMA`, the most useful first.
    target, target_is
        How many records a category is to have, and where that number is from.
    run
        Whose errors count; None where no run of categories is scored.
    """

    table: pl.DataFrame
    level: Level
    target: int
    target_is: str
    run: str | None

    @property
    def formula(self) -> str:
        """How the categories are ordered."""
        return f"{BENEFIT} ({BENEFIT_WORDS})"

    @property
    def sheet(self) -> pl.DataFrame:
        """The table as a CSV file holds it."""
        return as_sheet(self.table)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "level": self.level,
            "target": self.target,
            "target_is": self.target_is,
            "run": self.run,
            "formula": self.formula,
            "categories": self.table.to_dicts(),
        }


def shopping(
    workspace: Workspace, *, run: str | None = None, target: int | None = None
) -> Shopping:
    """Which categories to label next, at the level that is balanced.

    Parameters
    ----------
    run
        A scored run of categories on the test split; the newest where None.
    target
        Records of train that each category is to have; where None the floor of ``[balance]``,
        else the mean over the categories.

    Raises
    ------
    InputError
        If there is no such scored run.
    WorkspaceError
        If there is no gold or no split yet.
    """
    settings = workspace.settings.balance
    gold = workspace.snapshot("curate").scan("gold").select("record_id", path="category_path")
    split = workspace.snapshot("split").scan("split").select("record_id", "split")
    counts = (
        gold.filter(pl.col("path").list.len() > 0)
        .join(split, on="record_id", how="left")
        .with_columns(category=_cut(pl.col("path"), settings.level))
        .with_columns(joined("category"))
        .group_by("category")
        .agg(
            (pl.col("split") == "train").sum().cast(pl.Int64).alias("n_train"),
            pl.len().cast(pl.Int64).alias("n_catalog"),
        )
        .collect(engine="streaming")
    )
    wanted, target_is = _target(target, settings.floor, counts)
    chosen = _run(workspace, run)
    answers = None if chosen is None else _answers(workspace, chosen, settings.level)
    table = shopping_list(counts, wanted, answers)
    return Shopping(
        table, settings.level, wanted, target_is, None if chosen is None else chosen.name
    )


def scored_runs(workspace: Workspace) -> list[str]:
    """The runs whose errors can count, the newest first."""
    return [run.name for run in _scored(workspace)]


def evenness(workspace: Workspace) -> pl.DataFrame:
    """Gini and entropy of every level before and after."""
    return workspace.snapshot("balance").read("evenness")


def _cut(path: pl.Expr, level: Level) -> pl.Expr:
    return path if level == "leaf" else path.list.head(int(level))


def _target(given: int | None, floor: int | None, counts: pl.DataFrame) -> tuple[int, str]:
    if given is not None:
        return given, "as asked"
    if floor is not None:
        return floor, "the floor of [balance]"
    return mean_target(counts), "the mean over the categories"


def _scored(workspace: Workspace) -> list[RunInfo]:
    return [
        run
        for run in reversed(list_runs(workspace))
        if (run.task, run.split) == (_TASK, _SPLIT)
        and workspace.snapshots.current(f"scores/{run.name}") is not None
    ]


def _run(workspace: Workspace, name: str | None) -> RunInfo | None:
    scored = _scored(workspace)
    if name is None:
        return scored[0] if scored else None
    found = next((run for run in scored if run.name == name), None)
    if found is None:
        known = ", ".join(run.name for run in scored) or "none"
        raise InputError(
            f"no scored run {name!r} of categories on test. Scored here: {known}. Score it with "
            "`goldshelf score`."
        )
    return found


def _answers(workspace: Workspace, run: RunInfo, level: Level) -> pl.DataFrame:
    """``category, n_test, n_wrong`` of a run; an answer is right if it agrees down to the level."""
    rows = (
        workspace.snapshots.current(f"scores/{run.name}").scan("rows").select("gold", "prediction")  # type: ignore[union-attr]
    )
    sides = {side: _cut(parted(side), level) for side in ("gold", "prediction")}
    return (
        rows.drop_nulls("gold")
        .with_columns(**sides)
        .with_columns(is_wrong=pl.col("gold").ne_missing(pl.col("prediction")))
        .with_columns(category=joined("gold"))
        .group_by("category")
        .agg(
            pl.len().cast(pl.Int64).alias("n_test"),
            pl.col("is_wrong").sum().cast(pl.Int64).alias("n_wrong"),
        )
        .collect()
    )
