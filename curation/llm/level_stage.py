"""A taxonomy asked level by level: each level's children are the options of one question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from catalog.paths import SEPARATOR
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.tree import NO_NODE
from catalog.votes import CATEGORY
from curation.llm.category_stage import path_vote
from curation.llm.consistency import shuffled, wording
from curation.llm.descriptions import products
from curation.llm.pictures import Load, shown_pictures
from curation.llm.prompts import (
    CATEGORY_QUESTIONS,
    category_system,
    prompt_of,
    request_of,
    unfenced,
)
from curation.llm.replies import (
    MALFORMED,
    CategoryReply,
    PathCheck,
    category_schema,
    parsed,
    why_useless,
)
from curation.llm.requests import Reply
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Asked, Vote


@dataclass(frozen=True, eq=False)
class LevelStage:
    """Asks which child of the node that was chosen before, at one level of the taxonomy.

    Attributes
    ----------
    level
        1 asks for a root; level ``n`` asks about records whose vote so far is a node at level
        ``n - 1`` that has children.
    """

    annotator: ModelAnnotator
    taxonomy: Taxonomy
    level: int
    load: Load | None = None
    name: str = field(default="category", init=False)

    @cached_property
    def _children(self) -> dict[str | None, list[str]]:
        """The children of each node above this level, by path."""
        nodes = self.taxonomy.nodes
        here = nodes.filter(pl.col("depth") == self.level)
        above = nodes.select(pl.col("code").alias("parent"), pl.col("path_text").alias("under"))
        listed = (
            here.select("path_text", "parent")
            .join(above, on="parent", how="left", maintain_order="left")
            .group_by("under", maintain_order=True)
            .agg("path_text")
        )
        return dict(listed.iter_rows())

    @cached_property
    def _check(self) -> PathCheck:
        return PathCheck(self.taxonomy)

    @cached_property
    def _system(self) -> str:
        return category_system(self.annotator, validates=False, by_level=True)

    @cached_property
    def _schema(self) -> dict[str, Any]:
        return category_schema(CategoryReply, None)

    def ask(self, records: pl.DataFrame, votes: pl.DataFrame) -> Iterator[Asked]:
        """One request a sample of each record that stands one level above."""
        under = self._standing(votes) if self.level > 1 else {}
        open_rows = records.filter(
            pl.Series(
                [self.level == 1 or i in under for i in records["record_id"]], dtype=pl.Boolean
            )
        )
        addresses = open_rows["image_urls"].to_list()
        most = self.annotator.max_images if self.annotator.images else 0
        for row, (record_id, product) in enumerate(
            zip(open_rows["record_id"], products(open_rows), strict=True)
        ):
            node = under.get(record_id)
            pictures = shown_pictures(addresses[row], most, self.load)
            for sample in range(self.annotator.samples):
                data: dict[str, Any] = {} if node is None else {"under": node}
                data["options"] = shuffled(self._children[node], record_id, sample)
                data["product"] = product
                question = wording(CATEGORY_QUESTIONS, record_id, sample)
                request = request_of(
                    self.annotator,
                    self._system,
                    prompt_of(question, data),
                    self._schema,
                    images=pictures,
                    sample=sample,
                )
                yield Asked(record_id, request)

    def _standing(self, votes: pl.DataFrame) -> dict[str, str]:
        """The node one level above that most samples chose, where it has children."""
        held = votes.filter(pl.col("question") == CATEGORY).drop_nulls("value")
        codes = self.taxonomy.codes(held["value"])
        is_above = (codes != NO_NODE) & (self.taxonomy.depths[codes] == self.level - 1)
        most = (
            held.filter(pl.Series(is_above, dtype=pl.Boolean))
            .group_by("record_id", "value", maintain_order=True)
            .len()
            .sort("len", descending=True, maintain_order=True)
            .unique("record_id", keep="first", maintain_order=True)
        )
        chosen = dict(most.select("record_id", "value").iter_rows())
        return {record: node for record, node in chosen.items() if node in self._children}

    def read(self, asked: Asked, reply: Reply) -> list[Vote]:
        """One vote: a child; the node above, where no child fits; or why there is none."""
        vote = Vote(asked.record_id, CATEGORY, None, error=why_useless(reply))
        if vote.error is not None:
            return [vote]
        found = parsed(reply.text, CategoryReply)
        if found is None:
            return [Vote(asked.record_id, CATEGORY, None, error=MALFORMED)]
        node = unfenced(asked.request.prompt).get("under")
        path = found.category_path or node
        if path is not None and node is not None and SEPARATOR not in path:
            whole = f"{node}{SEPARATOR}{path}"
            path = whole if whole in self._children.get(node, ()) else path
        return [path_vote(asked.record_id, path, found.confidence, self._check)]


def level_stages(
    annotator: ModelAnnotator, taxonomy: Taxonomy, load: Load | None = None
) -> list[LevelStage]:
    """One stage a level, from the roots down."""
    levels = range(1, taxonomy.max_depth + 1)
    return [LevelStage(annotator, taxonomy, level, load) for level in levels]
