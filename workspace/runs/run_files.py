"""Runs that tools wrote, with their own gold: scored and compared without a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.answers.contract import Task, conform_predictions
from evaluation.comparing.gate_rules import GateFile
from evaluation.formats import FormatOptions, ReadRun
from evaluation.formats.choosing import AUTO, chosen_format, read_as, read_run
from evaluation.published import definition_for
from evaluation.published.twins import TwinComparison, TwinScores
from evaluation.settings import CompareSettings, ScoreSettings
from evaluation.slicing.tables import SliceRequest
from workspace.runs.plain import compare_rows, score_rows, task_named, taxonomy_of
from workspace.runs.reading import read_gold, read_predictions


@dataclass(frozen=True)
class RunFile:
    """A run as its file tells it, and the task it is scored on."""

    path: Path
    run: ReadRun
    task: Task
    gold: pl.DataFrame


def read_run_file(
    path: Path,
    form: str | None = None,
    *,
    task: str | None = None,
    gold: Path | None = None,
    cluster_column: str | None = None,
    options: FormatOptions | None = None,
) -> RunFile:
    """Read a run with its gold.

    Parameters
    ----------
    form
        A name of `evaluation.formats.choosing.format_names`; guessed from the content where it
        is None.
    task
        What it is scored on, where the format does not tell.
    gold
        A gold file; the run's own gold where it is None.

    Raises
    ------
    InputError
        If the file is not of the format, or carries no gold and none is given.
    """
    path, options = Path(path), options or FormatOptions()
    if gold is None:
        run = read_run(path, form or AUTO, options)
        told = task_named(task or run.likely_task)
        return RunFile(path, run, told, run.gold_for(told, str(path)))
    rows = read_gold(gold, cluster_column=cluster_column, key=options.key)
    found = chosen_format(path, form or AUTO)
    if found is None:
        run = ReadRun(conform_predictions(read_predictions(path, key=options.key), str(path)))
    else:
        run = read_as(found, path, options)
    return RunFile(path, run, task_named(task or _task_of(rows)), rows)


def gold_columns(
    path: Path, form: str | None = None, *, options: FormatOptions | None = None
) -> list[str]:
    """What the rows of a run can be clustered by; nothing where its file carries no gold."""
    found = chosen_format(Path(path), form or AUTO)
    run = None if found is None else read_as(found, Path(path), options or FormatOptions())
    return [] if run is None or run.gold is None else run.gold.columns


def _task_of(gold: pl.DataFrame) -> str:
    """The task that a gold file looks like."""
    columns = set(gold.columns)
    if "category_path" in columns:
        return "classification"
    if "attributes" in columns:
        return "attributes"
    return "answers" if columns & {"answers", "answer", "is_answerable"} else "classification"


def score_run_file(
    path: Path,
    form: str | None = None,
    *,
    task: str | None = None,
    definition: str | None = None,
    cluster_column: str | None = None,
    gold: Path | None = None,
    taxonomy: str | None = None,
    options: FormatOptions | None = None,
    settings: ScoreSettings | None = None,
    slices: SliceRequest | None = None,
) -> TwinScores:
    """Score a run that a tool wrote, strictly and by a published definition.

    Parameters
    ----------
    form
        A name of `evaluation.formats.FORMATS`; guessed from the content where it is None.
    definition
        A name of `evaluation.published.DEFINITIONS`; strict alone where it is None.
    """
    file = read_run_file(
        path, form, task=task, gold=gold, cluster_column=cluster_column, options=options
    )
    return score_rows(
        file.task,
        file.gold,
        file.run.predictions,
        name=str(path),
        gold_name=_gold_name(path, gold),
        definition=None if definition is None else definition_for(definition, file.task),
        taxonomy=taxonomy_of(taxonomy),
        cluster_column=cluster_column,
        settings=settings,
        about=file.run.about,
        notes=file.run.notes,
        slices=slices,
    )


def compare_run_files(
    baseline: Path,
    candidate: Path,
    form: str | None = None,
    *,
    task: str | None = None,
    definition: str | None = None,
    metric: str | None = None,
    gates: list[str] | None = None,
    cluster_column: str | None = None,
    gold: Path | None = None,
    taxonomy: str | None = None,
    options: FormatOptions | None = None,
    baseline_errors: Path | None = None,
    settings: CompareSettings | None = None,
    score_settings: ScoreSettings | None = None,
    slices: SliceRequest | None = None,
    gate_file: GateFile | None = None,
) -> TwinComparison:
    """Compare two runs that a tool wrote, on the gold that both carry, or on a gold file.

    Parameters
    ----------
    options
        Of both files; its error file is the candidate's.
    baseline_errors
        The error file of the baseline's batch.

    Raises
    ------
    InputError
        If the two do not carry the same gold.
    """
    options = options or FormatOptions()
    of_baseline = options.model_copy(update={"errors": baseline_errors})
    files = [
        read_run_file(
            path, form, task=task, gold=gold, cluster_column=cluster_column, options=of_side
        )
        for path, of_side in ((baseline, of_baseline), (candidate, options))
    ]
    if gold is None:
        _refuse_other_gold(*files)
    first = files[0]
    return compare_rows(
        first.task,
        first.gold,
        {
            f"{role} {file.path}": file.run.predictions
            for role, file in zip(("baseline", "candidate"), files, strict=True)
        },
        gold_name=_gold_name(first.path, gold),
        definition=None if definition is None else definition_for(definition, first.task),
        metric=metric,
        gates=gates,
        taxonomy=taxonomy_of(taxonomy),
        cluster_column=cluster_column,
        settings=settings,
        score_settings=score_settings,
        notes=list(dict.fromkeys(note for file in files for note in file.run.notes)),
        slices=slices,
        gate_file=gate_file,
    )


def _gold_name(path: Path, gold: Path | None) -> str:
    return f"the gold of {path}" if gold is None else str(gold)


def _refuse_other_gold(baseline: RunFile, candidate: RunFile) -> None:
    if baseline.task != candidate.task:
        raise InputError(
            f"{baseline.path} is on {baseline.task}, {candidate.path} on {candidate.task}: only runs "
            "of one task can be compared."
        )
    ours, theirs = (_answers(file) for file in (baseline, candidate))
    only = [len(ours.keys() - theirs.keys()), len(theirs.keys() - ours.keys())]
    if any(only):
        raise InputError(
            f"{baseline.path} and {candidate.path} are on different rows: "
            f"{counted(only[0], 'example')} only in the first, {counted(only[1], 'example')} only in "
            "the second. Only runs on the same rows can be compared."
        )
    changed = [key for key, answer in ours.items() if theirs[key] != answer]
    if changed:
        raise InputError(
            f"{baseline.path} and {candidate.path} have other gold for {counted(len(changed), 'example')} "
            f"(first: {changed[0]!r}): they are of two versions of the data."
        )


def _answers(file: RunFile) -> dict[Any, Any]:
    answer = {"classification": "category_path", "attributes": "attributes"}.get(file.task, "label")
    if answer not in file.gold.columns:
        return dict.fromkeys(file.gold["example_id"].to_list())
    return dict(file.gold.select("example_id", answer).iter_rows())
