"""Bring in a run that any tool wrote: read by its format, checked as our own contract is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.answers.contract import RunCard, conform_predictions, run_card
from evaluation.formats import FORMATS, FormatOptions, ReadRun
from evaluation.formats.choosing import (
    AUTO,
    OWN,
    chosen_format,
    format_names,
    format_of,
    read_as,
)
from evaluation.metrics.categories import GOLD_TEXT, category_gold
from workspace.runs.by_text import keyed_by_text
from workspace.runs.gold import gold_of, likely_task
from workspace.runs.importing import ImportedRun, store_run
from workspace.runs.plain import task_named
from workspace.runs.reading import read_card, read_predictions

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def format_options(
    *,
    filter: str | None = None,
    errors: Path | None = None,
    keys: Path | None = None,
    key: str | None = None,
) -> FormatOptions:
    """What a person said about a file (`evaluation.formats.read_run.FormatOptions`)."""
    return FormatOptions(filter=filter, errors=errors, keys=keys, key=key)


def known_formats() -> dict[str, str]:
    """What ``--format`` takes, each with one line that tells it.

    Examples
    --------
    >>> list(known_formats())[:3]
    ['auto', 'goldshelf', 'lm-eval']
    """
    words = {AUTO: "told from the content", OWN: "predictions of our own contract"}
    return {name: words.get(name) or FORMATS[name].words for name in format_names()}


def import_file(
    workspace: Workspace,
    path: Path,
    card: Path | None = None,
    *,
    form: str | None = None,
    options: FormatOptions | None = None,
    name: str | None = None,
    model: str | None = None,
    task: str | None = None,
    replace: bool = False,
    shown_as: str | None = None,
) -> ImportedRun:
    """Check a run of any known format against the workspace and keep it.

    Rows are tied to the workspace's gold by key, those of ExtractGPT by title; what the file calls
    gold is only compared with it. All of `workspace.runs.importing.import_run` holds: hashes are checked, rows of the train
    split refused.

    Parameters
    ----------
    path
        The file, or the folder of a HELM run.
    card
        ``run.json``; needed for our own contract.
    model
        What answered, where neither card nor file tells it.
    task
        What was asked; what card or file tells, else what the records ask for, where it is None.
    form
        A name of `known_formats`; told from the content where it is None.
    shown_as
        What notes call the file; its path where it is None.

    Raises
    ------
    InputError
        If the file is of another format, does not tell its model, or is refused.
    """
    path, options = Path(path), options or FormatOptions()
    where = shown_as or str(path)
    found = chosen_format(path, form or AUTO)
    if found is None and card is None:
        likely = format_of(path)
        if likely is not None:
            raise InputError(
                f"{path} is not of format {OWN}: it looks like {likely.name}. Pass --format "
                f"{likely.name}."
            )
        raise InputError(
            f"{path}: no run card. Pass RUN.json beside predictions of our own contract, or "
            f"--format where a tool wrote the file: {', '.join(FORMATS)}."
        )
    if found is None:
        rows = read_predictions(path, key=options.key)
        run = ReadRun(conform_predictions(rows, str(path)))
    else:
        run = read_as(found, path, options)
    about = card_of(run, path, model) if card is None else read_card(card)
    if task is not None:
        about = about.model_copy(update={"task": task_named(task)})
    elif "task" not in about.model_fields_set:
        about = about.model_copy(update={"task": likely_task(workspace, about.split)})
    run = keyed_by_text(workspace, run, about.split, str(path))
    notes = [*run.notes, *_other_gold(workspace, run, about, str(path))]
    return store_run(
        workspace,
        run.predictions,
        about,
        name=name,
        where=where,
        replace=replace,
        notes=[note.replace(str(path), where) for note in notes],
    )


def card_of(run: ReadRun, path: Path, model: str | None = None) -> RunCard:
    """The run card that a file tells; what the card has no field for goes into ``about``.

    Raises
    ------
    InputError
        If neither the file nor ``model`` tells which model answered.
    """
    told: dict[str, Any] = {"model": model}
    if run.tells_task:
        told["task"] = run.likely_task
    told |= {k: v for k, v in run.about.items() if k in RunCard.model_fields}
    told["about"] = {k: v for k, v in run.about.items() if k not in RunCard.model_fields}
    if not told.get("model"):
        raise InputError(
            f"{path} does not tell which model answered. Pass --model NAME, or a RUN.json."
        )
    return run_card(told, str(path))


def _other_gold(workspace: Workspace, run: ReadRun, card: RunCard, where: str) -> list[str]:
    """A line where the categories that a file calls gold are not those of the workspace."""
    if run.gold is None or card.task != "classification":
        return []
    ours, _ = category_gold(gold_of(workspace, card.task, card.split), f"split {card.split}")
    try:
        theirs, _ = category_gold(run.gold_for(card.task, where), where)
    except InputError:
        return [f"{where}: what it calls gold are no categories; the workspace's gold counts."]
    both = ours.select("example_id", GOLD_TEXT).join(
        theirs.select("example_id", GOLD_TEXT), on="example_id", suffix="_theirs"
    )
    other = both.filter(pl.col(GOLD_TEXT) != pl.col(f"{GOLD_TEXT}_theirs"))
    if other.is_empty():
        return []
    return [
        f"{where}: its gold is not the workspace's in {counted(other.height, 'row')} of "
        f"{both.height:,} (first: {other['example_id'][0]!r}); the workspace's counts."
    ]
