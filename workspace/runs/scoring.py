"""Scores and comparisons of the runs of a workspace, made again only where they are stale."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import polars as pl
import sqlalchemy as sa

from catalog.errors import InputError
from curation.exports.manifest import without_nan
from evaluation.answers.contract import Task
from evaluation.comparing.comparison import (
    DEFAULT_METRIC,
    Comparison,
    compare_repeats,
    gated,
    kept_comparison,
    metrics_for,
)
from evaluation.comparing.leaderboard import leaderboard
from evaluation.loading import Answers, Loaded, load_answers
from evaluation.metrics.categories import CategoryAnswers
from evaluation.metrics.kept_categories import ROW_COLUMNS, answers_kept, kept_columns
from evaluation.reference_lines import reference_lines, task_lines
from evaluation.scores import with_intervals
from evaluation.settings import CompareSettings
from evaluation.slicing.tables import ALL
from workspace.atomic import digest_of
from workspace.database.tables import Run
from workspace.lock import locked
from workspace.runs.encoders import encoder_of, model_marks
from workspace.runs.gold import basis, gold_of, majority_path, train_ids
from workspace.runs.judgements import judgement_marks, with_judgements
from workspace.runs.plain import scores_of, task_named
from workspace.runs.record_columns import GROUP
from workspace.runs.slice_rows import split_slices
from workspace.snapshots import Output, Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

VERSION = 7
"""Raised when the same predictions would get other scores."""
KEPT = "answers"
"""The table of a run's scores with which its answers need not be read again."""


@dataclass(frozen=True)
class RunInfo:
    """A run as it is listed."""

    name: str
    model: str
    split: str
    task: Task
    at: str
    about: dict[str, Any]
    predictions: Snapshot


@dataclass(frozen=True)
class Made:
    """A snapshot, and whether this call made it."""

    run: str
    snapshot: Snapshot
    is_new: bool


def list_runs(workspace: Workspace) -> list[RunInfo]:
    """The runs of the workspace, oldest first."""
    with workspace.database.session() as session:
        rows = [
            (r.run_id, r.model, r.split, r.at, dict(r.about))
            for r in session.scalars(sa.select(Run).order_by(Run.at, Run.run_id))
        ]
    found = []
    for name, model, split, at, about in rows:
        snapshot = workspace.snapshots.current(f"predictions/{name}")
        if snapshot is not None:
            task = cast(Task, about.get("task", "classification"))
            found.append(
                RunInfo(name, model, split, task, at.isoformat(timespec="seconds"), about, snapshot)
            )
    return found


def runs_named(workspace: Workspace, names: Sequence[str]) -> list[RunInfo]:
    """Runs by name, all where none is named.

    Raises
    ------
    InputError
        If there is no such run, or none at all.
    """
    known = {run.name: run for run in list_runs(workspace)}
    if not known:
        raise InputError(
            f"{workspace.root}: no runs yet. Bring one in with `goldshelf import-run "
            "PREDICTIONS.jsonl RUN.json`."
        )
    for name in names:
        if name not in known:
            raise InputError(f"no run {name!r} here. Runs: {', '.join(known)}.")
    return [known[name] for name in names] if names else list(known.values())


def task_of_runs(workspace: Workspace, task: str | None = None, split: str = "test") -> Task:
    """The task to look at: the one that is named, else that of the runs; categories go first.

    Raises
    ------
    InputError
        If there is no such task, or no run on it.
    """
    asked = None if task is None else task_named(task)
    on_split = [run.task for run in list_runs(workspace) if run.split == split]
    known = sorted(dict.fromkeys(on_split), key=lambda name: name != "classification")
    if asked is None and known:
        return known[0]
    if asked in known:
        return asked
    there = f" Runs there are on {', '.join(known)}." if known else ""
    raise InputError(
        f"no runs on {asked or 'any task'} of split {split}.{there} Bring them in with import-run."
    )


def load_runs(workspace: Workspace, runs: Sequence[RunInfo], *, keep_rows: bool = False) -> Loaded:
    """The answers of runs on one split, clustered by the split's groups; their rows on request.

    Answers that were read when a run was scored are not read again.

    Raises
    ------
    InputError
        If they are not of one split and one task, or a row is of the train split now.
    """
    first = runs[0]
    for run in runs[1:]:
        if (run.split, run.task) != (first.split, first.task):
            raise InputError(
                f"run {run.name} is on {run.task} of split {run.split}, {first.name} on "
                f"{first.task} of split {first.split}: only runs on the same rows can be compared."
            )
    kept = None if keep_rows else _loaded_before(workspace, runs)
    return kept or _read(workspace, runs, keep_rows=keep_rows)


def _loaded_before(workspace: Workspace, runs: Sequence[RunInfo]) -> Loaded | None:
    """The answers of runs as their scores keep them; None where one has none, or has repeats."""
    rows, notes = [], {}
    for run in runs:
        known = workspace.snapshots.current(f"scores/{run.name}")
        if known is None or KEPT not in known.counts or known.figures["n_repeats"] > 1:
            return None
        if known.manifest["fingerprint"] != fingerprint_of(workspace, [run]):
            return None
        rows.append(known.read("rows", list(ROW_COLUMNS)).hstack(known.read(KEPT)))
        notes[run.name] = known.notes
    encoder = encoder_of(workspace.settings.score)
    read = answers_kept(rows, workspace.taxonomy(), encoder)
    if read is None:
        return None
    answers: dict[str, Answers] = {run.name: one for run, one in zip(runs, read, strict=True)}
    repeats = {name: [one] for name, one in answers.items()}
    return Loaded(runs[0].task, answers, notes, {}, repeats)


def _read(workspace: Workspace, runs: Sequence[RunInfo], *, keep_rows: bool = False) -> Loaded:
    """The answers of runs from their predictions."""
    first = runs[0]
    loaded = load_answers(
        first.task,
        gold_of(workspace, first.task, first.split),
        {run.name: run.predictions.read("predictions") for run in runs},
        taxonomy=workspace.taxonomy(),
        cluster_column=GROUP,
        settings=workspace.settings.score,
        gold_name=f"split {first.split}",
        train_ids=train_ids(workspace),
        keep_rows=keep_rows,
        encoder=encoder_of(workspace.settings.score),
    )
    if first.task != "answers":
        return loaded
    repeats = with_judgements(workspace, loaded.repeats)
    firsts = {name: answers[0] for name, answers in repeats.items()}
    return replace(loaded, answers=firsts, repeats=repeats)


def fingerprint_of(workspace: Workspace, runs: Sequence[RunInfo], more: Any = None) -> str:
    """A hash of all that a result on some runs rests on; ``more`` is what was asked."""
    is_answers = runs[0].task == "answers"
    judged = judgement_marks(workspace, [run.name for run in runs]) if is_answers else None
    return digest_of(
        {
            "version": VERSION,
            "runs": {run.name: run.predictions.id for run in runs},
            "order": [run.name for run in runs],
            "basis": basis(workspace),
            "score": workspace.settings.score.model_dump(mode="json"),
            "models": model_marks(workspace.settings.score, runs[0].task),
            "judged": judged,
            "more": more,
        }
    )


def score_runs(
    workspace: Workspace, names: Sequence[str] = (), *, force: bool = False
) -> list[Made]:
    """Score runs on the gold of their split; all runs where none is named.

    Kept as ``scores/RUN``: tables ``rows``, ``categories``, ``confusion`` and those of
    `evaluation.scores.Scores.tables`, and the metrics in the figures. The parts of the gold are made
    with the first run of a split (`workspace.runs.slice_rows`). A run whose predictions, gold, split
    and settings are unchanged is not scored again.
    """
    return [_score(workspace, run, force) for run in runs_named(workspace, names)]


def _score(workspace: Workspace, run: RunInfo, force: bool) -> Made:
    started_at, step = time.time(), f"scores/{run.name}"
    fingerprint = fingerprint_of(workspace, [run])
    known = workspace.snapshots.current(step)
    if known is not None and known.manifest["fingerprint"] == fingerprint and not force:
        return Made(run.name, known, is_new=False)
    loaded = _read(workspace, [run])
    answers = loaded.answers[run.name]
    repeats = loaded.repeats[run.name]
    scores = with_intervals(
        scores_of(answers, loaded.notes[run.name], run.task),
        metrics_for(run.task, repeats),
        repeats,
        workspace.settings.score,
    )
    kept: dict[str, pl.DataFrame] = {}
    if isinstance(answers, CategoryAnswers):
        lines = reference_lines(answers, majority_path(workspace))
        kept = {KEPT: kept_columns(answers)}
    else:
        lines = task_lines(run.task, answers)
    split_slices(workspace, run.task, run.split, (ALL,), answers)
    rows = scores.rows
    if answers.clusters is not None:
        rows = rows.with_columns(pl.Series("cluster", answers.clusters))
    body = scores.as_json()
    apart = ("categories", "notes", *scores.tables)
    figures = {
        "run": run.name,
        "model": run.model,
        "split": run.split,
        **{key: value for key, value in body.items() if key not in apart},
        "reference_lines": without_nan(lines),
        "costs": run.predictions.figures.get("costs", {}),
    }
    tables = {
        "rows": rows,
        "categories": scores.categories,
        "confusion": scores.confusion,
        **scores.tables,
        **kept,
    }
    return Made(
        run.name,
        write_result(
            workspace, step, Output(tables, figures, scores.notes), fingerprint, [run], started_at
        ),
        is_new=True,
    )


def write_result(
    workspace: Workspace,
    step: str,
    output: Output,
    fingerprint: str,
    runs: Sequence[RunInfo],
    started_at: float,
) -> Snapshot:
    """Keep a result on some runs as the snapshot of a step."""
    inputs = {f"predictions/{run.name}": run.predictions.id for run in runs} | basis(workspace)
    with locked(workspace.layout):
        return workspace.snapshots.write(
            step,
            output,
            fingerprint=fingerprint,
            inputs=inputs,
            settings=workspace.settings.score.model_dump(mode="json"),
            started_at=started_at,
        )


def ranked_runs(
    workspace: Workspace, runs: Sequence[RunInfo], metric: str | None = None
) -> pl.DataFrame:
    """Runs on one split, best first (`evaluation.comparing.leaderboard`), kept as ``leaderboards/...``."""
    started_at, settings = time.time(), workspace.settings.compare
    metric = metric or DEFAULT_METRIC[runs[0].task]
    fingerprint = fingerprint_of(
        workspace, runs, ["leaderboard", metric, settings.model_dump(mode="json")]
    )
    step = f"leaderboards/{runs[0].task}__{runs[0].split}__{metric}"
    known = workspace.snapshots.current(step)
    if known is not None and known.manifest["fingerprint"] == fingerprint:
        return known.read("leaderboard")
    loaded = load_runs(workspace, runs)
    board = leaderboard(
        runs[0].task, loaded.answers, metric=metric, settings=settings, repeats=loaded.repeats
    )
    write_result(
        workspace, step, Output({"leaderboard": board}, {}, []), fingerprint, runs, started_at
    )
    return board


def compare(
    workspace: Workspace,
    baseline: str,
    candidate: str,
    *,
    metric: str | None = None,
    gates: Sequence[str] = (),
    settings: CompareSettings | None = None,
) -> Comparison:
    """Compare two runs of the workspace, and keep it as ``comparisons/BASELINE__CANDIDATE``.

    Tables ``metrics``, ``categories`` and ``flips``; all else in the figures. Where nothing that
    it rests on has changed, what was kept is given again; gates are held against what is kept.

    Parameters
    ----------
    baseline, candidate
        The name of a run, or of several with commas between: repeats of one checkpoint.

    Raises
    ------
    InputError
        If a run is not known, the two are not on the same rows, or a metric or gate is wrong.
    """
    started_at = time.time()
    settings = settings or workspace.settings.compare
    sides = [side.split(",") for side in (baseline, candidate)]
    runs = runs_named(workspace, [name for side in sides for name in side])
    metric = metric or DEFAULT_METRIC[runs[0].task]
    asked = [metric, settings.model_dump(mode="json"), sides]
    fingerprint = fingerprint_of(workspace, runs, asked)
    step = f"comparisons/{'__'.join('+'.join(side) for side in sides)}"
    known = workspace.snapshots.kept(step, fingerprint)
    if known is not None:
        tables = {name: known.read(name) for name in ("metrics", "categories", "flips")}
        return gated(kept_comparison(known.figures, tables, known.notes), gates)
    loaded = load_runs(workspace, runs)
    baselines, candidates = (
        [run for name in side for run in loaded.repeats[name]] for side in sides
    )
    found = compare_repeats(
        runs[0].task,
        baselines,
        candidates,
        metric=metric,
        settings=settings,
        cluster_name="group",
        notes=[note for notes in loaded.notes.values() for note in notes],
    )
    body = found.as_json(n_flips=0)
    apart = ("metrics", "categories", "fixed", "broken", "notes")
    figures = {key: value for key, value in body.items() if key not in apart}
    output = Output(
        {"metrics": found.metrics, "categories": found.categories, "flips": found.flips},
        {"runs": [baseline, candidate], **figures},
        found.notes,
    )
    write_result(workspace, step, output, fingerprint, runs, started_at)
    return gated(found, gates)
