"""A checkpoint over all its tasks, from the runs of a workspace or from a suite of files."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.errors import InputError
from evaluation.answers.contract import Task
from evaluation.loading import load_answers
from evaluation.settings import CompareSettings
from evaluation.studies.regression import FORGOTTEN, Against, Case, regression, regression_sentence
from workspace.runs.reading import read_gold, read_predictions
from workspace.runs.scoring import (
    RunInfo,
    fingerprint_of,
    list_runs,
    load_runs,
    write_result,
)
from workspace.snapshots import Output

if TYPE_CHECKING:
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class Regression:
    """What a candidate forgot, and what could not be held against anything."""

    table: pl.DataFrame
    notes: list[str]

    @property
    def sentence(self) -> str:
        """The table in one sentence."""
        return regression_sentence(self.table)

    @property
    def is_passed(self) -> bool:
        """Whether nothing is shown to be forgotten."""
        return FORGOTTEN not in self.table["mark"].to_list()

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "sentence": self.sentence,
            "is_passed": self.is_passed,
            "cases": self.table.to_dicts(),
            "notes": self.notes,
        }


def runs_of_model(workspace: Workspace, model: str) -> list[RunInfo]:
    """The runs of a model, of one of its checkpoints (``MODEL@STEP``), or the run of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    every = list_runs(workspace)
    named = [run for run in every if run.name == model]
    whole = [run for run in every if run.model == model]
    name, _, step = model.rpartition("@")
    of_step = [
        run for run in every if run.model == name and str(run.about.get("checkpoint_step")) == step
    ]
    found = named or whole or of_step
    if not found:
        known = ", ".join(dict.fromkeys(_model_words(run) for run in every))
        raise InputError(f"no run of model {model!r} here. Models: {known or 'none'}.")
    steps = {run.about.get("checkpoint_step") for run in found}
    if len(steps) > 1:
        told = ", ".join(dict.fromkeys(_model_words(run) for run in found))
        raise InputError(f"model {model!r} has several checkpoints. Name one: {told}.")
    return found


def _model_words(run: RunInfo) -> str:
    step = run.about.get("checkpoint_step")
    return run.model if step is None else f"{run.model}@{step}"


def regress(
    workspace: Workspace,
    candidate: str,
    baseline: str,
    previous: str | None = None,
    *,
    settings: CompareSettings | None = None,
) -> Regression:
    """Hold a model against its base, and against the checkpoint before it, on all its tasks.

    Several runs of one model on the same task and split are repeats. Kept as
    ``regressions/CANDIDATE``.

    Parameters
    ----------
    candidate, baseline, previous
        As `runs_of_model` takes them.
    """
    started_at, settings = time.time(), settings or workspace.settings.compare
    sides: dict[str, list[RunInfo]] = {"candidate": runs_of_model(workspace, candidate)}
    sides["baseline"] = runs_of_model(workspace, baseline)
    if previous is not None:
        sides["previous"] = runs_of_model(workspace, previous)
    runs = list({run.name: run for side in sides.values() for run in side}.values())
    asked = {side: [run.name for run in of] for side, of in sides.items()}
    fingerprint = fingerprint_of(workspace, runs, [asked, settings.model_dump(mode="json")])
    step = f"regressions/{sides['candidate'][0].name}"
    known = workspace.snapshots.kept(step, fingerprint)
    if known is not None:
        return Regression(known.read("cases"), known.notes)
    cases, notes = _cases(workspace, sides)
    if not cases:
        raise InputError(f"{candidate} and {baseline} have no task and split in common.")
    found = Regression(regression(cases, settings), notes)
    output = Output({"cases": found.table}, {"sides": asked}, notes)
    write_result(workspace, step, output, fingerprint, runs, started_at)
    return found


def _cases(workspace: Workspace, sides: dict[str, list[RunInfo]]) -> tuple[list[Case], list[str]]:
    cases: list[Case] = []
    notes: list[str] = []
    against: Sequence[Against] = ("baseline", "previous") if "previous" in sides else ("baseline",)
    kinds = dict.fromkeys((run.task, run.split) for run in sides["candidate"])
    for task, split in kinds:
        ours = [r for r in sides["candidate"] if (r.task, r.split) == (task, split)]
        for side in against:
            theirs = [r for r in sides[side] if (r.task, r.split) == (task, split)]
            if not theirs:
                notes.append(f"{task} on {split}: the {side} has no run, so nothing is told of it.")
                continue
            both = {run.name: run for run in [*theirs, *ours]}
            loaded = load_runs(workspace, list(both.values()))
            notes += [note for told in loaded.notes.values() for note in told]
            references, candidates = (
                [one for run in runs for one in loaded.repeats[run.name]] for runs in (theirs, ours)
            )
            cases.append(Case(f"{task} on {split}", task, side, references, candidates))
    return cases, list(dict.fromkeys(notes))


class SuiteTask(BaseModel):
    """One ``[[task]]`` of a suite: its gold and the predictions of each model, as files.

    Paths are relative to the suite. Without ``previous`` the candidate is held against the
    baseline alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    task: Task
    gold: Path
    baseline: Path
    candidate: Path
    previous: Path | None = None
    metric: str | None = None
    cluster_column: str | None = None
    key: str | None = None


def regress_suite(suite: Path, *, settings: CompareSettings | None = None) -> Regression:
    """Hold a candidate against its base on all tasks of a TOML file, without a workspace.

    Raises
    ------
    InputError
        If the suite or one of its files cannot be read.
    """
    cases: list[Case] = []
    notes: list[str] = []
    for one in read_suite(suite):
        home = Path(suite).parent
        gold = read_gold(home / one.gold, cluster_column=one.cluster_column, key=one.key)
        sides = {"baseline": one.baseline, "previous": one.previous, "candidate": one.candidate}
        files = {
            side: read_predictions(home / path, key=one.key)
            for side, path in sides.items()
            if path is not None
        }
        loaded = load_answers(
            one.task,
            gold,
            {f"{one.name}, {side}": rows for side, rows in files.items()},
            cluster_column=one.cluster_column,
            gold_name=str(one.gold),
        )
        notes += [note for told in loaded.notes.values() for note in told]
        repeats = {side: loaded.repeats[f"{one.name}, {side}"] for side in files}
        against: Sequence[Against] = ("baseline", "previous")
        cases += [
            Case(one.name, one.task, side, repeats[side], repeats["candidate"], one.metric)
            for side in against
            if side in repeats
        ]
    return Regression(regression(cases, settings), list(dict.fromkeys(notes)))


def read_suite(path: Path) -> list[SuiteTask]:
    """The tasks of a suite.

    Raises
    ------
    InputError
        If it is missing, not TOML, has no ``[[task]]``, or one is wrong.
    """
    try:
        body = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read. Expected TOML with [[task]] tables.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}.") from error
    given = body.get("task")
    if set(body) != {"task"} or not isinstance(given, list) or not given:
        raise InputError(f"{path}: expected [[task]] tables, found {', '.join(body) or 'none'}.")
    tasks, wrong = [], []
    for at, one in enumerate(given, start=1):
        try:
            tasks.append(SuiteTask.model_validate(one))
        except ValidationError as error:
            wrong += [
                f"task {at}: {'.'.join(str(p) for p in e['loc'])}: {e['msg'].lower()}"
                for e in error.errors()
            ]
    if wrong:
        raise InputError(f"{path}: {'; '.join(wrong)}.")
    return tasks
