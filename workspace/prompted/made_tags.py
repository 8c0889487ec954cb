"""Tags that a source has beside its records: asked of what is known of the product."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import polars as pl

from catalog.records import RECORD_SCHEMA, conform
from curation.llm.candidates import asking_texts
from curation.llm.descriptions import short_descriptions
from curation.llm.tag_prompts import TAGS_SYSTEM, tags_answer, tags_prompt
from evaluation.tasks.item_lists import listed
from evaluation.tasks.row_answers import LABEL
from workspace.prompted.made_rows import MADE_SCHEMA, Made
from workspace.runs.gold import TAGGED, TAGS_TOLD, gold_records
from workspace.runs.record_columns import GROUP

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_PRODUCT = ("title", "brand", "description")
_BESIDE = ("query", "question", "context")


def made_tags(workspace: Workspace, split: str, seed: int) -> Made:
    """The tagged records of a split as they are asked, in the order of the records.

    A product is shown by its title, brand and description, cleaned, as far as ``[export] fields`` has
    them; a query, a question and contexts where the record has them.
    """
    fields = workspace.settings.export.fields
    held = (
        gold_records(workspace, split).filter(TAGGED).with_columns(TAGS_TOLD.alias(LABEL)).collect()
    )
    told = short_descriptions(held.select(RECORD_SCHEMA.names())).select(
        name for name in _PRODUCT if name in fields
    )
    beside = held.select("query", "question", pl.col("context").list.join("\n"))
    prompts = [
        tags_prompt(one)
        for one in pl.concat([told, beside], how="horizontal").iter_rows(named=True)
    ]
    rows = held.select(
        "record_id",
        pl.lit(TAGS_SYSTEM).alias("system"),
        pl.Series("asked", prompts, dtype=pl.String),
        _searched(held, fields).alias("text"),
        pl.Series("answer", [tags_answer(listed(one)) for one in held[LABEL]], dtype=pl.String),
        pl.col(LABEL).alias("category"),
        pl.col("record_id").alias("key"),
        pl.concat_list(pl.col(GROUP).cast(pl.Int64)).list.drop_nulls().alias("groups"),
        pl.lit(True).alias("is_telling"),
        pl.lit(None, pl.List(pl.String)).alias("items"),
    )
    return Made("tagged record", rows.select(MADE_SCHEMA.names()), {"fields": list(told.columns)})


def _searched(records: pl.DataFrame, fields: Collection[str]) -> pl.Series:
    """What examples are searched with, of the fields that the prompt shows."""
    shown = [name for name in ("title", "description") if name in fields]
    return asking_texts(conform(records.lazy().select("record_id", *shown)).collect())


def known_tags(workspace: Workspace) -> list[str]:
    """The tags of the train split, the most frequent first; each in its most frequent spelling.

    Case does not count, as it does not when tags are scored.
    """
    told = gold_records(workspace, "train").filter(TAGGED).select(TAGS_TOLD.alias(LABEL)).collect()
    tags = pl.DataFrame(
        {"tag": [tag for text in told[LABEL] for tag in listed(text)]}, schema={"tag": pl.String}
    )
    spelled = (
        tags["tag"].value_counts().with_columns(pl.col("tag").str.to_lowercase().alias("folded"))
    )
    return (
        spelled.sort("count", "tag", descending=[True, False])
        .group_by("folded", maintain_order=True)
        .agg(pl.col("tag").first(), pl.col("count").sum())
        .sort("count", "tag", descending=[True, False])["tag"]
        .to_list()
    )
