"""What is known of how each run came to be, and the runs grouped by one of these facts."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.errors import InputError
from evaluation.answers.contract import Task
from evaluation.studies.experiments import grouped_scores
from workspace.runs.gold import TRAIN
from workspace.runs.scoring import (
    RunInfo,
    fingerprint_of,
    list_runs,
    load_runs,
    write_result,
)
from workspace.runs.versions import ExportVersion, known_exports
from workspace.snapshots import Output

if TYPE_CHECKING:
    from workspace.workspace import Workspace

FACTS: dict[str, str] = {
    "model": "what answered",
    "base": "the model that it was trained from",
    "checkpoint_step": "steps of training",
    "training": "the export that it learned from, by its hash",
    "training_rows": "rows of that export's train split",
    "audited": "whether a person decided any label of those rows",
    "audited_share": "the share of those rows whose label a person decided",
    "label_sources": "where the labels of those rows came from",
    "prompt": "the prompt, by its hash",
    "seed": "the seed of training or of decoding",
}
"""Facts that any run may have; the keys of ``about`` in its run card are facts too."""
_SHORT = 12
_ODD = r"[^A-Za-z0-9_.-]"
_UNKNOWN = "not known"
_FREE = ("seed", "run")


@dataclass(frozen=True)
class Experiments:
    """Runs grouped by one fact.

    Attributes
    ----------
    table
        `evaluation.studies.experiments.EXPERIMENT_SCHEMA`, ``runs`` (their names), ``also_differs`` (other
        facts in which the group is not as the first; its difference may be theirs) and ``mixes``
        (facts in which its own runs differ, though they are taken as repeats; seeds apart).
    facts
        ``run`` and every fact that is known of any.
    """

    by: str
    table: pl.DataFrame
    facts: pl.DataFrame
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "by": self.by,
            "groups": self.table.to_dicts(),
            "runs": self.facts.to_dicts(),
            "notes": self.notes,
        }


def facts_of(run: RunInfo, exports: Mapping[str, ExportVersion]) -> dict[str, Any]:
    """What the run's card and the manifest of its training data say; None where neither does.

    Parameters
    ----------
    exports
        By ``dataset_sha``. A run learned from its ``training_sha``, else from its ``dataset_sha``.
    """
    card = run.about
    more = {k: v for k, v in card.get("about", {}).items() if isinstance(v, (str, int, float))}
    decoding = card.get("decoding") or {}
    sha = str(card.get("training_sha") or card.get("dataset_sha") or "")
    manifest = exports[sha].manifest if sha in exports else {}
    train = (manifest.get("rows") or {}).get(TRAIN) or {}
    sources = train.get("by_label_source") or {}
    n_rows = train.get("n_rows")
    share = sources.get("person", 0) / sum(sources.values()) if sources else None
    return {
        **more,
        "run": run.name,
        "model": run.model,
        "base": card.get("base"),
        "checkpoint_step": card.get("checkpoint_step"),
        "training": sha[:_SHORT] if sha else None,
        "training_rows": n_rows if n_rows is not None else more.get("training_rows"),
        "audited": None if share is None else share > 0,
        "audited_share": share,
        "label_sources": ", ".join(f"{k} {n}" for k, n in sorted(sources.items())) or None,
        "prompt": (card.get("prompt_sha") or "")[:_SHORT] or None,
        "seed": decoding.get("seed", more.get("seed")),
    }


def run_facts(workspace: Workspace, runs: list[RunInfo] | None = None) -> pl.DataFrame:
    """A line for each run, a column for each fact that any has, as text and numbers."""
    exports = {export.dataset_sha: export for export in known_exports(workspace)}
    found = [facts_of(run, exports) for run in (list_runs(workspace) if runs is None else runs)]
    names = list(dict.fromkeys(["run", *FACTS, *(name for one in found for name in one)]))
    columns = {name: _column(name, [one.get(name) for one in found]) for name in names}
    frame = pl.DataFrame(list(columns.values()))
    return frame.select(
        name for name in names if name == "run" or frame[name].null_count() < frame.height
    )


def _column(name: str, values: list[Any]) -> pl.Series:
    """Numbers as numbers, and anything mixed as text."""
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)


def experiments(
    workspace: Workspace,
    by: str,
    *,
    task: Task = "classification",
    split: str = "test",
    metric: str | None = None,
) -> Experiments:
    """The runs of one task and split, grouped by a fact; the smallest or first group leads.

    Kept as ``experiments/TASK__SPLIT__BY`` until a run, its gold or an export changes.

    Raises
    ------
    InputError
        If no run has the fact, or there are no runs on the split.
    """
    runs = [run for run in list_runs(workspace) if (run.task, run.split) == (task, split)]
    if not runs:
        raise InputError(f"no runs on {task} of split {split}. Bring them in with import-run.")
    started_at, facts = time.time(), run_facts(workspace, runs)
    if by not in facts.columns or by == "run":
        known = ", ".join(name for name in facts.columns if name != "run")
        raise InputError(f"--by {by}: no run tells it. Known of these runs: {known}.")
    unknown = facts.filter(pl.col(by).is_null())["run"].to_list()
    known_of = facts.drop_nulls(by)
    values = known_of[by].unique(maintain_order=True)
    values = values.sort() if values.dtype.is_numeric() or values.dtype == pl.Boolean else values
    members = {
        str(value): known_of.filter(pl.col(by) == value)["run"].to_list() for value in values
    }
    used = [run for run in runs if run.name not in unknown]
    notes = [f"{name} left out: its {by} is {_UNKNOWN}." for name in unknown]
    settings = workspace.settings.compare
    asked = [by, metric, facts.to_dicts(), settings.model_dump(mode="json")]
    fingerprint = fingerprint_of(workspace, used, asked)
    step = f"experiments/{task}__{split}__{re.sub(_ODD, '-', by)}"
    held = workspace.snapshots.kept(step, fingerprint)
    if held is not None:
        return Experiments(by, held.read("groups"), facts, notes)
    loaded = load_runs(workspace, used)
    groups = {
        value: [one for name in names for one in loaded.repeats[name]]
        for value, names in members.items()
    }
    table = grouped_scores(task, groups, metric=metric, settings=settings)
    differing = [_also_differs(facts, by, names, members) for names in members.values()]
    table = table.with_columns(
        pl.Series("runs", list(members.values())),
        pl.Series("also_differs", differing, dtype=pl.List(pl.String)),
        pl.Series(
            "mixes",
            [_mixes(facts, by, names) for names in members.values()],
            dtype=pl.List(pl.String),
        ),
    )
    output = Output({"groups": table}, {"by": by}, notes)
    write_result(workspace, step, output, fingerprint, used, started_at)
    return Experiments(by, table, facts, notes)


def _mixes(facts: pl.DataFrame, by: str, names: list[str]) -> list[str]:
    """The other facts in which the runs of a group differ among themselves."""
    ours = facts.filter(pl.col("run").is_in(names))
    return [
        name for name in facts.columns if name not in (*_FREE, by) and ours[name].n_unique() > 1
    ]


def _also_differs(
    facts: pl.DataFrame, by: str, names: list[str], members: Mapping[str, list[str]]
) -> list[str]:
    """The other facts in which a group is not as the first one."""
    ours = facts.filter(pl.col("run").is_in(names))
    first = facts.filter(pl.col("run").is_in(next(iter(members.values()))))
    return [
        name
        for name in facts.columns
        if name not in (*_FREE, by) and set(ours[name].to_list()) != set(first[name].to_list())
    ]
