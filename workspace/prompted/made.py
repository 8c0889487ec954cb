"""What no export asks, asked of the records themselves: rankings, and tags beside a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from curation.llm.exported import Template
from curation.llm.neighbours import Neighbours
from curation.llm.prompted_stage import ROW_SCHEMA, AnswerReader, PromptedTask, SchemaKind
from curation.llm.ranking_prompts import RankingReader
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
from curation.llm.tag_prompts import KnownTags, TagsReader
from workspace.prompted.made_rankings import made_rankings
from workspace.prompted.made_rows import Made
from workspace.prompted.made_tags import known_tags, made_tags
from workspace.runs.gold import LISTED_TARGET, gold_of, gold_records

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_MAKERS: dict[PromptedTask, Callable[[Workspace, str, int], Made]] = {
    "ranking": made_rankings,
    "tags": made_tags,
}
_OTHERS, _ASKED = 0, 1
"""The groups of a search: what may be shown is never in that of what is asked."""


@dataclass(frozen=True)
class RecordPrompts:
    """What is asked about the gold of a split, made of its records.

    Attributes
    ----------
    made
        The rows with their right answers, and what is to be said of them.
    rows
        `ROW_SCHEMA`.
    tags
        The tags of train, the most frequent first; empty for rankings.
    """

    task: PromptedTask
    made: Made
    rows: pl.DataFrame
    tags: list[str]
    template: Template = "chat"
    is_text: bool = False
    tells_categories: bool = False
    export: None = None

    @property
    def notes(self) -> list[str]:
        """Lines to be said aloud."""
        return self.made.notes

    @property
    def schema(self) -> SchemaKind:
        """The kind of answer that all rows want."""
        return "tags" if self.task == "tags" else "ranking"

    @property
    def reader(self) -> AnswerReader:
        """Reads the answers."""
        if self.task == "tags":
            return TagsReader()
        return RankingReader(dict(self.made.rows.select("record_id", "items").iter_rows()))

    @property
    def unread(self) -> str | None:
        """No item: the numbers of an answer that cannot be read are the names of none."""
        return "[]" if self.task == "ranking" else None

    @property
    def prompts(self) -> dict[str, Any]:
        """What decides the prompts beside the records."""
        systems = self.rows["system"].unique().sort().to_list()
        return {"systems": systems, "tags": self.tags, **self.made.settings}

    @property
    def facts(self) -> dict[str, Any]:
        """What the card of a run says of them."""
        return {"made_of": "the records of the split", **self.made.settings}

    def options(self, most: int) -> KnownTags | None:
        """The tags that are told; None for rankings."""
        return KnownTags(self.tags, most) if self.task == "tags" else None


def is_made(workspace: Workspace, task: PromptedTask, split: str = "test") -> bool:
    """Whether a task is asked of the records, and not by an export.

    Tags are asked by an export where they are the records' target.
    """
    if task != "tags":
        return task in _MAKERS
    listed = gold_records(workspace, split).select(LISTED_TARGET.any()).collect().item()
    return not listed


def record_prompts(
    workspace: Workspace, task: PromptedTask, split: str, seed: int
) -> RecordPrompts:
    """Make what is asked about the gold of a split.

    Parameters
    ----------
    seed
        Draws the order in which the items of a ranking are shown.

    Raises
    ------
    InputError
        If the split is train, has no gold of the task, or most of it no text.
    """
    require_held_out(split)
    gold_of(workspace, task, split)
    made = _MAKERS[task](workspace, split, seed)
    tags = known_tags(workspace) if task == "tags" else []
    columns = [
        pl.col(name) if name in made.rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in ROW_SCHEMA.items()
    ]
    return RecordPrompts(task, made, made.rows.select(columns), tags)


def made_shots(
    workspace: Workspace, asked: RecordPrompts, kind: PromptKind, k: int, seed: int
) -> tuple[Shots, list[str]]:
    """The examples of a kind of prompt, whole rows of the train split; and lines to be said aloud.

    Nothing is shown that asks what is asked, or is of a group that is. Rankings whose items are all
    worth the same are shown only where there are no others.

    Raises
    ------
    InputError
        If there is none, or one is asked about itself.
    """
    if kind == "zero-shot":
        return FixedShots(), []
    train = _MAKERS[asked.task](workspace, TRAIN, seed).rows
    pool, noun, notes = _showable(train, asked.made.rows), asked.made.noun, []
    if n_hidden := train.height - pool.height:
        notes.append(
            f"{counted(n_hidden, noun)} of train shown to nobody: what is asked there, or the group, "
            "is asked about"
        )
    if pool["is_telling"].any():
        pool = pool.filter("is_telling")
    if pool.is_empty():
        raise InputError(
            f"train has no {noun} to show: {train.height:,} are there, and all are of a query, record "
            "or group that is asked about. Use --prompt zero-shot, or split by query: "
            "`goldshelf split --by query`."
        )
    ids = pool["record_id"].to_list()
    require_train([TRAIN] * len(ids), asked.rows["record_id"].to_list(), ids)
    if kind == "few-shot":
        chosen = spread(ids, pool["category"].to_list(), k, seed)
        return FixedShots(tuple(_shots(pool[chosen]))), notes
    groups = np.full((len(ids), 1), _OTHERS)
    groups_of = dict.fromkeys(asked.rows["record_id"], (_ASKED,))
    likest = Neighbours(pool["text"], groups, groups_of, seed)
    return LikestShots(_shots(pool), likest, k), notes


def _showable(train: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """The rows of train that ask nothing that is asked, and have no group that is asked about."""
    groups = asked["groups"].explode().drop_nulls().unique()
    of_asked = train.explode("groups").filter(pl.col("groups").is_in(groups.implode()))
    return train.filter(
        ~pl.col("key").is_in(asked["key"].implode()),
        ~pl.col("record_id").is_in(of_asked["record_id"].implode()),
    )


def _shots(rows: pl.DataFrame) -> list[Shot]:
    return [Shot(*row) for row in rows.select("record_id", "asked", "answer").iter_rows()]
