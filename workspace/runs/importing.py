"""Bring a run in: check it against gold, split and export, keep it, list it."""

from __future__ import annotations

import datetime
import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.errors import InputError, WorkspaceError
from curation.exports.manifest import without_nan
from evaluation.answers.contract import RUN_NAME, RunCard, conform_predictions
from evaluation.loading import load_answers
from evaluation.metrics.costs import run_costs
from workspace.atomic import digest_of
from workspace.database.tables import Run
from workspace.lock import locked
from workspace.runs.gold import gold_of, train_ids
from workspace.runs.rankings import keyed_by_query
from workspace.runs.reading import read_card, read_predictions
from workspace.runs.versions import check_version
from workspace.snapshots import Output, Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_MOST_STEM = 80


@dataclass(frozen=True)
class ImportedRun:
    """A run that is in the workspace now.

    Attributes
    ----------
    is_new
        False where the very same predictions were here already.
    """

    name: str
    snapshot: Snapshot
    is_new: bool

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "run": self.name,
            "snapshot": self.snapshot.id,
            "is_new": self.is_new,
            **self.snapshot.figures,
            "notes": self.snapshot.notes,
        }


def import_run(
    workspace: Workspace,
    predictions: Path,
    card: Path,
    *,
    name: str | None = None,
    key: str | None = None,
    replace: bool = False,
) -> ImportedRun:
    """Check the files of a run and keep it as ``predictions/RUN``.

    Parameters
    ----------
    predictions, card
        The contract's two files (`evaluation.answers.contract`).
    name
        What the run is called here; its ``run_id``, else the name of its file, where None.
    replace
        Whether a run of the same name gives way.

    Raises
    ------
    InputError
        If the files cannot be read, fit no gold row, are of another version of the data, or hold
        rows of the train split; if another run has the name.
    """
    about = read_card(card)
    rows = conform_predictions(read_predictions(predictions, key=key), str(predictions))
    return store_run(workspace, rows, about, name=name, where=str(predictions), replace=replace)


def store_run(
    workspace: Workspace,
    rows: pl.DataFrame,
    card: RunCard,
    *,
    name: str | None = None,
    where: str = "predictions",
    replace: bool = False,
    notes: Sequence[str] = (),
    is_ours: bool = False,
) -> ImportedRun:
    """Check predictions that are in memory and keep them; see `import_run`.

    Parameters
    ----------
    rows
        Columns of the contract (`evaluation.answers.contract.conform_predictions`).
    notes
        Lines to be kept with the run, before those of the checks.
    is_ours
        Whether the questions were made here: their keys are ids of records, and no export has to
        vouch for them.
    """
    started_at = time.time()
    name = name or _name_of(rows, card, where)
    if re.fullmatch(RUN_NAME, name) is None or "__" in name:
        raise InputError(
            f"run name {name!r}: expected letters, digits, '.', '-' and single '_'. Pass --name."
        )
    if card.split == "train":
        raise InputError(f"{where}: the run is on the train split. Predict the test split instead.")
    gold = gold_of(workspace, card.task, card.split)
    if card.task == "ranking" and not is_ours:
        rows, of_keys = keyed_by_query(workspace, rows, card.split, where)
        notes = [*notes, *of_keys]
    export, of_version = check_version(workspace, card, rows, where)
    of_version = [] if is_ours else of_version
    loaded = load_answers(
        card.task,
        gold,
        {where: rows},
        taxonomy=workspace.taxonomy(),
        settings=workspace.settings.score,
        gold_name=f"split {card.split}",
        train_ids=train_ids(workspace),
    )
    outcomes = loaded.answers[where].outcome_counts
    figures = {
        **card.model_dump(mode="json"),
        "n_rows": rows.height,
        "n_gold": gold.height,
        "coverage": outcomes["answered"] / max(1, sum(outcomes.values())),
        "outcomes": outcomes,
        "costs": without_nan(run_costs(rows)),
        "export": None if export is None else export.folder.name,
    }
    told = [*notes, *of_version, *loaded.notes[where]]
    with locked(workspace.layout):
        before = _held(workspace, name, replace)
        content = hashlib.sha256(rows.hash_rows().to_numpy().tobytes()).hexdigest()
        fingerprint = digest_of([card.model_dump(mode="json"), content])
        if before is not None and before.manifest["fingerprint"] == fingerprint:
            return ImportedRun(name, before, is_new=False)
        if before is not None and not replace:
            raise InputError(
                f"run {name!r} is here already with other predictions. Pass --name for another "
                "name, or --replace."
            )
        snapshot = workspace.snapshots.write(
            f"predictions/{name}",
            Output({"predictions": rows}, figures, told),
            fingerprint=fingerprint,
            inputs={},
            settings={},
            started_at=started_at,
        )
        _list(workspace, name, card, snapshot)
    return ImportedRun(name, snapshot, is_new=True)


def _held(workspace: Workspace, name: str, replace: bool) -> Snapshot | None:
    """The predictions that a run of this name has; damaged ones give way where they may."""
    step = f"predictions/{name}"
    try:
        return workspace.snapshots.current(step)
    except WorkspaceError:
        if not replace:
            raise
        workspace.snapshots.forget(step)
        return None


def _name_of(rows: pl.DataFrame, card: RunCard, where: str) -> str:
    named = rows["run_id"].drop_nulls().unique(maintain_order=True).to_list()
    if len(named) > 1:
        raise InputError(
            f"{where}: rows of {len(named)} runs ({named[0]!r}, {named[1]!r}). One file holds one "
            "run: part it by run_id."
        )
    if card.run_id is not None and named and named[0] != card.run_id:
        raise InputError(
            f"{where}: run_id is {named[0]!r} here and {card.run_id!r} in the run card. Are these "
            "the files of one run?"
        )
    stem = re.sub(r"[^A-Za-z0-9.-]+", "-", Path(where).name.split(".")[0])[:_MOST_STEM].strip("-.")
    return card.run_id or (str(named[0]) if named else stem or "run")


def _list(workspace: Workspace, name: str, card: RunCard, snapshot: Snapshot) -> None:
    with workspace.database.session() as session:
        session.merge(
            Run(
                run_id=name,
                at=datetime.datetime.now(datetime.UTC),
                model=card.model,
                split=card.split,
                dataset_sha=card.dataset_sha or "",
                snapshot_id=snapshot.id,
                about=card.model_dump(mode="json"),
            )
        )
