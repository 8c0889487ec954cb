"""score --judge: answers judged by an annotator, and the judge held against people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from catalog.errors import InputError
from terminal.batch_verbs import print_handed_in
from terminal.models_verbs import OVER_BUDGET, print_plan
from terminal.output import print_table, say, tell
from terminal.running import watched
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from workspace.models.judge_questions import AnswerFiles
    from workspace.models.judged import Judged


@dataclass(frozen=True)
class JudgeOptions:
    """What ``score`` was told of its judge."""

    judge: str | None
    plan: bool = False
    budget_usd: float | None = None
    resume: bool = False
    batch: bool = False
    collect: bool = False
    wait: bool = False

    def check(self, task: str | None, gold: Path | None, predictions: Path | None) -> None:
        """Refuse what does not go together."""
        if self.judge is not None:
            if task != "answers" or gold is None or predictions is None:
                raise InputError("--judge goes with --task answers, --gold FILE and --pred FILE.")
            return
        own = {
            "--plan": self.plan, "--budget-usd": self.budget_usd is not None,
            "--resume": self.resume, "--batch": self.batch, "--collect": self.collect,
            "--wait": self.wait,
        }  # fmt: skip
        given = [name for name, is_given in own.items() if is_given]
        if given:
            raise InputError(f"{given[0]} is said to a judge: name one with --judge ANNOTATOR.")

    @property
    def asks_no_score(self) -> bool:
        """Whether only a plan is made, or batches handed in: there is nothing to score yet."""
        return self.plan or self.batch


def answer_files(
    gold: Path, predictions: Path, key: str | None, cluster_column: str | None
) -> AnswerFiles:
    """The files that a judge is about."""
    from workspace.models.judge_questions import AnswerFiles

    return AnswerFiles(gold, predictions, key, cluster_column)


def prepare_judge(
    workspace: Workspace, files: AnswerFiles, told: JudgeOptions, as_json: bool
) -> None:
    """Plan, or hand batches in."""
    from workspace.models.judging import hand_in_judge, plan_judge

    judge = str(told.judge)
    if told.plan:
        print_plan(plan_judge(workspace, judge, files), as_json)
        return
    with watched(workspace, "score --judge --batch") as progress:
        made = hand_in_judge(
            workspace,
            judge,
            files,
            budget_usd=told.budget_usd,
            resume=told.resume,
            progress=progress,
        )
    print_handed_in(made, "score --judge", as_json)


def judged_answers(workspace: Workspace, files: AnswerFiles, told: JudgeOptions) -> Judged:
    """Ask, or collect, with a bar; see `workspace.models.judging`."""
    from workspace.models.judging import collect_judge, judge_files

    judge = str(told.judge)
    if told.collect or told.wait:
        with watched(workspace, "score --judge --collect") as progress:
            return collect_judge(workspace, judge, files, wait=told.wait, progress=progress)
    with watched(workspace, "score --judge") as progress:
        return judge_files(
            workspace,
            judge,
            files,
            budget_usd=told.budget_usd,
            resume=told.resume,
            progress=progress,
        )


def print_judge(judged: Judged) -> None:
    """What the judge says, and how far it agrees with people."""
    from workspace.models.judged import AGREEMENT, KAPPA, RELEVANCE

    told = [
        ("relevance", judged.relevance, RELEVANCE),
        ("kappa with people", judged.kappa, KAPPA),
        ("agreement with people", judged.agreement, AGREEMENT),
    ]
    rows = [
        (name, found.value, found.low, found.high, found.n, found.reason or words)
        for name, found, words in told
    ]
    columns = ["", "value", "low", "high", "rows", "what it is"]
    print_table(columns, rows, title=f"judged by {judged.judge} ({judged.model})")
    say(f"${judged.spent_usd:,.4f} spent now")


def end_at_budget(judged: Judged) -> None:
    """Leave with 1 where the budget ended the asking."""
    if judged.stopped == "budget":
        tell("goldshelf: the budget ended before every answer was judged; raise it, with --resume.")
        raise typer.Exit(OVER_BUDGET)
