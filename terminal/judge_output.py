"""score --judge: answers judged by an annotator, and the judge held against people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from catalog.criteria import CRITERIA, Criterion
from catalog.errors import InputError
from terminal.batch_verbs import print_handed_in
from terminal.models_verbs import OVER_BUDGET, print_plan
from terminal.output import print_table, say, tell
from terminal.running import watched
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from workspace.models.judge_questions import Judgeable
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
    criterion: str | None = None
    ratings: Path | None = None

    def check(self, task: str | None, gold: Path | None, predictions: Path | None) -> None:
        """Refuse what does not go together."""
        if self.judge is not None:
            of_files = gold is not None or predictions is not None
            if of_files and (task != "answers" or gold is None or predictions is None):
                raise InputError(
                    "--judge goes with --task answers, --gold FILE and --pred FILE, or with runs of "
                    "a workspace alone."
                )
            if not of_files and task not in (None, "answers"):
                raise InputError(f"--judge judges answers to questions, and --task is {task}.")
            if of_files and self.ratings is not None:
                raise InputError(
                    "--ratings is for a run of a workspace; a gold file has them in its own columns."
                )
            self.asked_criterion()
            return
        own = {
            "--plan": self.plan, "--budget-usd": self.budget_usd is not None,
            "--resume": self.resume, "--batch": self.batch, "--collect": self.collect,
            "--wait": self.wait, "--criterion": self.criterion is not None,
            "--ratings": self.ratings is not None,
        }  # fmt: skip
        given = [name for name, is_given in own.items() if is_given]
        if given:
            raise InputError(f"{given[0]} is said to a judge: name one with --judge ANNOTATOR.")

    def asked_criterion(self) -> Criterion:
        """By what answers are judged; relevance where nobody says.

        Raises
        ------
        InputError
            If it is none.
        """
        told = self.criterion or CRITERIA[0]
        if told not in CRITERIA:
            raise InputError(f"--criterion {told}: expected {' or '.join(CRITERIA)}.")
        return told

    @property
    def asks_no_score(self) -> bool:
        """Whether only a plan is made, or batches handed in: there is nothing to score yet."""
        return self.plan or self.batch


def answer_files(
    gold: Path, predictions: Path, key: str | None, cluster_column: str | None
) -> Judgeable:
    """The files that a judge is about."""
    from workspace.models.judge_questions import AnswerFiles

    return AnswerFiles(gold, predictions, key, cluster_column)


def answer_runs(
    workspace: Workspace, names: Sequence[str], told: JudgeOptions, key: str | None
) -> Judgeable:
    """The runs that a judge is about, with what people say of one of them kept before."""
    from workspace.models.judge_questions import AnswerRuns
    from workspace.models.rating import rate_run

    if told.ratings is not None:
        if len(names) != 1:
            raise InputError("--ratings is what people say of one run: name that run alone.")
        for note in rate_run(workspace, names[0], told.ratings, key=key).notes:
            tell(note)
    return AnswerRuns(workspace, tuple(names))


def prepare_judge(workspace: Workspace, of: Judgeable, told: JudgeOptions, as_json: bool) -> None:
    """Plan, or hand batches in."""
    from workspace.models.judging import hand_in_judge, plan_judge

    judge, criterion = str(told.judge), told.asked_criterion()
    if told.plan:
        print_plan(plan_judge(workspace, judge, of, criterion), as_json)
        return
    with watched(workspace, "score --judge --batch") as progress:
        made = hand_in_judge(
            workspace,
            judge,
            of,
            criterion,
            budget_usd=told.budget_usd,
            resume=told.resume,
            progress=progress,
        )
    print_handed_in(made, "score --judge", as_json)


def judged_answers(workspace: Workspace, of: Judgeable, told: JudgeOptions) -> list[Judged]:
    """Ask, or collect, with a bar; see `workspace.models.judging`."""
    from workspace.models.judging import collect_judge, judge_answers

    judge, criterion = str(told.judge), told.asked_criterion()
    if told.collect or told.wait:
        with watched(workspace, "score --judge --collect") as progress:
            return collect_judge(workspace, judge, of, criterion, wait=told.wait, progress=progress)
    with watched(workspace, "score --judge") as progress:
        return judge_answers(
            workspace,
            judge,
            of,
            criterion,
            budget_usd=told.budget_usd,
            resume=told.resume,
            progress=progress,
        )


def print_judge(judged: Sequence[Judged]) -> None:
    """What the judge says of each run, and how far it agrees with people."""
    from workspace.models.judged import WORDS

    columns = ["", "value", "low", "high", "rows", "what it is"]
    for one in judged:
        told = [(one.criterion, one.value, WORDS[one.criterion]), *one.people.lines]
        rows = [
            (name, found.value, found.low, found.high, found.n, found.reason or words)
            for name, found, words in told
        ]
        print_table(columns, rows, title=f"{one.name}, judged by {one.judge} ({one.model})")
    say(f"${judged[0].spent_usd:,.4f} spent now")


def end_at_budget(judged: Sequence[Judged]) -> None:
    """Leave with 1 where the budget ended the asking."""
    if judged[0].stopped == "budget":
        tell("goldshelf: the budget ended before every answer was judged; raise it, with --resume.")
        raise typer.Exit(OVER_BUDGET)
