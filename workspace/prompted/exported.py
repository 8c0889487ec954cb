"""The rows of a split as an export asks them, and the rows of train that may be shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.paths import joined
from catalog.querying import querying
from catalog.records import conform
from catalog.wording import counted
from curation.exports.bundle import RECORDS
from curation.exports.prompts import asks_by_record
from curation.exports.settings import ExportSettings
from curation.exports.templates import CATALOG_TASKS
from curation.llm.candidates import asking_texts
from curation.llm.exported import TEMPLATES_OF, ExportedExample, Template, read_example
from curation.llm.neighbours import Neighbours
from curation.llm.prompted_stage import ROW_SCHEMA, AnswerReader, PromptedTask, SchemaKind
from curation.llm.shots import (
    TRAIN,
    FixedShots,
    LikestShots,
    PromptKind,
    Shot,
    Shots,
    require_held_out,
    require_train,
    spread,
)
from workspace.runs.gold import LABELLED, LISTED, gold_of
from workspace.runs.versions import ExportVersion, known_exports

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_TARGETS: dict[PromptedTask, Literal["category", "attributes"]] = {
    "classification": "category",
    "attributes": "attributes",
}
_ASKED: dict[PromptedTask, tuple[str, ...]] = {
    "answers": ("question_answering",),
    "pairs": ("query_product", "product_pair", "question_answering"),
    "labels": ("query_product", "product_pair", "sentiment", "question_answering"),
    "recommendation": ("recommendation",),
    "tags": LABELLED,
}
"""The tasks of records that have a target of their own; which rows of them, their gold says. Tags are
asked by an export where they are the target, a list."""
_COLUMNS = (
    "{'example_id': 'VARCHAR', 'example_hash': 'VARCHAR', 'split': 'VARCHAR', "
    "'group_id': 'BIGINT', 'task': 'VARCHAR', 'category_path': 'VARCHAR[]', "
    "'attributes': 'JSON', 'copy': 'INTEGER', 'masked': 'VARCHAR', 'line': 'BIGINT', "
    "'title': 'VARCHAR', 'description': 'VARCHAR', 'target': 'VARCHAR'}"
)
_RECORD_SCHEMA = pl.Schema(
    {
        "example_id": pl.String(),
        "example_hash": pl.String(),
        "split": pl.String(),
        "group_id": pl.Int64(),
        "task": pl.String(),
        "category_path": pl.List(pl.String),
        "keys": pl.List(pl.String),
        "copy": pl.Int64(),
        "masked": pl.String(),
        "line": pl.Int64(),
        "title": pl.String(),
        "description": pl.String(),
        "target": pl.String(),
    }
)
_NO_GROUP = -1


@dataclass(frozen=True)
class SplitPrompts:
    """What an export asks about the rows of a split.

    Attributes
    ----------
    export
        Where they come from.
    rows
        `ROW_SCHEMA`: the rows that have gold and a prompt, in the order of the export.
    groups
        The group of each row in the split, by record; rows without one are left out.
    template
        How they are asked.
    notes
        Lines to be said aloud.
    """

    export: ExportVersion
    settings: ExportSettings
    task: PromptedTask
    rows: pl.DataFrame
    groups: dict[str, tuple[int, ...]]
    template: Template
    notes: list[str]

    @property
    def schema(self) -> SchemaKind | None:
        """The kind of answer that all rows want; None where it has no schema.

        An answer that holds a category and attributes has none: which attributes are wanted
        rests on the category.
        """
        if self.task in _ASKED:
            return None if self.is_text else "answer"
        targets = {self.settings.targets_of(task) for task in _tasks_with(self.settings, self.task)}
        if targets == {("category",)}:
            return "category"
        if targets == {("attributes",)}:
            return "lists" if self.settings.several_values == "list" else "attributes"
        return None

    @property
    def is_text(self) -> bool:
        """Whether the answer is wanted as a text, and not as JSON."""
        return self.task in _ASKED and self.settings.target_form == "text"

    @property
    def tells_categories(self) -> bool:
        """Whether the system prompt of the export has the list of categories itself."""
        return "category" in self.settings.allowed

    @property
    def reader(self) -> AnswerReader | None:
        """None: answers are kept as they come."""
        return None

    @property
    def unread(self) -> str | None:
        """None: what is no JSON is read by scoring as that of any run."""
        return None

    @property
    def facts(self) -> dict[str, Any]:
        """What the card of a run says of them."""
        return {"export": self.export.folder.name}

    @property
    def prompts(self) -> dict[str, Any]:
        """The system prompt, prefix and template of each task, as the manifest tells them."""
        return dict(self.export.manifest.get("prompts") or {})


def chosen_export(workspace: Workspace, name: str | None = None) -> ExportVersion:
    """The export of a name; that of the settings, or the only one, where it is None.

    Raises
    ------
    InputError
        If there is none of that name, or none at all.
    """
    known = {export.folder.name: export for export in known_exports(workspace)}
    if name is None:
        name = workspace.settings.export.folder
        if name not in known and len(known) == 1:
            name = next(iter(known))
    if name not in known:
        there = f"Exports: {', '.join(known)}." if known else "There is none yet."
        raise InputError(
            f"no export {name!r} here, and models are asked what an export asks. {there} Run "
            "`goldshelf run export`, or name another one with --export."
        )
    return known[name]


def split_prompts(
    workspace: Workspace,
    task: PromptedTask,
    split: str = "test",
    *,
    export: str | None = None,
    template: Template | None = None,
) -> SplitPrompts:
    """Read what an export asks about the gold rows of a split.

    Parameters
    ----------
    template
        How it is asked (`curation.llm.exported.read_example`); as the trainers of the format do
        by default where it is None.

    Raises
    ------
    InputError
        If there is no such export, it asks nothing of that task, or the split is train.
    """
    require_held_out(split)
    found = chosen_export(workspace, export)
    settings = ExportSettings.model_validate(found.manifest["export"])
    defaults: tuple[Template, ...] = TEMPLATES_OF.get(settings.format, ("chat",))
    how: Template = template or defaults[0]
    gold = gold_of(workspace, task, split)["example_id"]
    records = _records(found, split, settings, task)
    there = records.filter(pl.col("example_id").is_in(gold.implode()))
    where = f"export {found.folder.name}"
    if there.is_empty():
        raise InputError(
            f"{where}: no line of the split {split!r} asks for the {_wanted(task)} of a row that has "
            "gold. Export again, or pass another --task, --split or --export."
        )
    notes = []
    if n_without := len(gold) - there.height:
        notes.append(
            f"{where}: {counted(n_without, 'gold row')} stand in no line and are not asked."
        )
    lines = _examples(found, split, settings.format, there["line"], how)
    by_record = task == "attributes" and all(
        asks_by_record(settings.targets_of(t)) for t in _tasks_with(settings, task)
    )
    rows = pl.DataFrame(
        {
            "record_id": there["example_id"],
            "example_hash": there["example_hash"],
            "system": [line.system for line in lines],
            "asked": [line.asked for line in lines],
            "images": [list(line.images) for line in lines],
            "keys": there["keys"] if by_record else [[]] * there.height,
            "text": _searched(there, settings),
        },
        schema=ROW_SCHEMA,
    )
    return SplitPrompts(found, settings, task, rows, _groups(there), how, notes)


def shots_for(
    workspace: Workspace, asked: SplitPrompts, kind: PromptKind, k: int, seed: int
) -> Shots:
    """The examples of a kind of prompt: rows of the export's train split, unmasked, each once.

    Few-shot draws ``k`` of them, spread over the categories; retrieval finds the ``k`` most
    similar ones of each row, never of its own group.

    Raises
    ------
    InputError
        If there is none, one is not of train, or one is asked about itself.
    """
    if kind == "zero-shot":
        return FixedShots()
    records = _records(asked.export, TRAIN, asked.settings, asked.task)
    records = records.filter(pl.col("masked").is_null(), pl.col("copy") == 0)
    if asked.task in _ASKED:
        shown = gold_of(workspace, asked.task, TRAIN)["example_id"]
        records = records.filter(pl.col("example_id").is_in(shown.implode()))
    if records.is_empty():
        raise InputError(
            f"export {asked.export.folder.name}: its train split has no example to show. Use --prompt "
            "zero-shot, or export again."
        )
    ids = records["example_id"].to_list()
    require_train(records["split"].to_list(), asked.rows["record_id"].to_list(), ids)
    categories = records["category"].to_list()
    if kind == "few-shot":
        places = spread(ids, categories, k, seed)
        return FixedShots(tuple(_shots(asked, records[places])))
    shots = _shots(asked, records)
    texts = _searched(records, asked.settings)
    # A row without a group is in none: its mark is that of no asked row.
    groups = records["group_id"].fill_null(_NO_GROUP).to_numpy().reshape(-1, 1)
    return LikestShots(shots, Neighbours(texts, np.asarray(groups), asked.groups, seed), k)


def _shots(asked: SplitPrompts, records: pl.DataFrame) -> list[Shot]:
    lines = _examples(asked.export, TRAIN, asked.settings.format, records["line"], asked.template)
    return [
        Shot(record_id, line.asked, line.answer, category)
        for record_id, line, category in zip(
            records["example_id"], lines, records["category"], strict=True
        )
    ]


def _searched(records: pl.DataFrame, settings: ExportSettings) -> pl.Series:
    """What candidates and examples are searched with, of the fields that the prompt shows."""
    shown = [name for name in ("title", "description") if name in settings.fields]
    told = records.lazy().select(pl.col("example_id").alias("record_id"), *shown)
    return asking_texts(conform(told).collect())


def _tasks_with(settings: ExportSettings, task: PromptedTask) -> list[str]:
    """The tasks of the export whose answer holds what is to be judged."""
    if task in _ASKED:
        return list(_ASKED[task])
    return [name for name in CATALOG_TASKS if _TARGETS[task] in settings.targets_of(name)]


def _wanted(task: PromptedTask) -> str:
    return _TARGETS.get(task, "target")


def _groups(records: pl.DataFrame) -> dict[str, tuple[int, ...]]:
    held = records.drop_nulls("group_id").select("example_id", "group_id")
    return {record_id: (int(group),) for record_id, group in held.iter_rows()}


def _records(
    export: ExportVersion, split: str, settings: ExportSettings, task: PromptedTask
) -> pl.DataFrame:
    """The records file of a split, as far as it is asked for the task: one row a line."""
    path = export.folder / RECORDS / f"{split}.jsonl"
    found = pl.DataFrame(schema=_RECORD_SCHEMA)
    if path.exists() and path.stat().st_size:
        source = str(path).replace("'", "''")
        try:
            with querying() as database:
                found = database.sql(
                    "select * exclude (attributes), json_keys(attributes) as keys from "
                    f"read_json('{source}', format='newline_delimited', columns={_COLUMNS}) "
                    "order by line"
                ).pl()
        except duckdb.Error as error:
            raise InputError(_not_written(path)) from error
    return (
        found.select(pl.col(name).cast(kind) for name, kind in _RECORD_SCHEMA.items())
        .filter(
            pl.col("task").is_in(_tasks_with(settings, task)),
            LISTED if task == "tags" else pl.lit(True),
        )
        .with_columns(
            (pl.col("target") if task in _ASKED else joined("category_path"))
            .fill_null("")
            .alias("category")
        )
    )


def _examples(
    export: ExportVersion, split: str, form: str, lines: pl.Series, template: Template
) -> list[ExportedExample]:
    """Some lines of the main file of a split, by their numbers from 1."""
    path = Path(export.folder / f"{split}.jsonl")
    try:
        told = path.read_bytes().split(b"\n")
        return [read_example(form, json.loads(told[line - 1]), template) for line in lines]
    except (OSError, IndexError, ValueError, KeyError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(_not_written(path)) from error


def _not_written(path: Path) -> str:
    return f"{path}: not the file that the export wrote. Export again: `goldshelf run export`."
