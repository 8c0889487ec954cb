"""One question a query: its products, or the contexts of a question, to be put into an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from curation.llm.descriptions import short_descriptions
from curation.llm.ranking_prompts import (
    MOST_CHARACTERS,
    ListKind,
    ranking_answer,
    ranking_prompt,
    ranking_system,
    shown_order,
)
from evaluation.tasks.ranking import ESCI_GAINS
from workspace.prompted.made_rows import MADE_SCHEMA, Made
from workspace.runs.gold import gold_records
from workspace.runs.rankings import RANKED, ranked_items
from workspace.runs.record_columns import GROUP

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_PRODUCT = ("title", "brand", "description")
_TEXTS = (*_PRODUCT, "text")


def made_rankings(workspace: Workspace, split: str, seed: int) -> Made:
    """The rankings of a split as they are asked, in the order of the records.

    An item is shown by its title, brand and description, cleaned, a context by its text; each is
    cut, and called by the number of the place at which it is shown. The seed draws the places.

    Raises
    ------
    InputError
        If most items of the split have no text.
    """
    items = _with_texts(gold_records(workspace, split).filter(RANKED))
    notes = []
    n_without = int(items.select(pl.all_horizontal(pl.col(_TEXTS).is_null()).sum()).item())
    if n_without > items.height / 2:
        raise InputError(
            f"split {split!r}: {n_without:,} of {counted(items.height, 'ranked item')} have no title, "
            "brand, description or text, so nothing tells them apart. Load a source with their titles."
        )
    if n_without:
        notes.append(
            f"{n_without:,} of {counted(items.height, 'ranked item')} have no text and are shown by "
            "their number alone"
        )
    rankings = items.group_by("ranking", maintain_order=True).agg(
        pl.col("record_id", "asked", "is_context").first(),
        pl.col("item"),
        pl.col("judgement").replace_strict(ESCI_GAINS, default=1.0, return_dtype=pl.Float64),
        pl.struct(_TEXTS).alias("texts"),
        pl.col(GROUP).cast(pl.Int64).drop_nulls().unique(maintain_order=True),
    )
    rows = pl.DataFrame(
        [_row(one, seed) for one in rankings.iter_rows(named=True)], schema=MADE_SCHEMA
    )
    if n_same := rows.height - int(rows["is_telling"].sum()):
        notes.append(
            f"{counted(n_same, 'ranking')} of {rows.height:,} have items that are all worth the "
            "same: any order of them is right"
        )
    settings = {"order_seed": seed, "most_characters": MOST_CHARACTERS}
    return Made("ranking", rows, settings, notes)


def _with_texts(records: pl.LazyFrame) -> pl.DataFrame:
    """The ranked items, each with the texts that it is shown by; null for nothing."""
    items = ranked_items(records).collect()
    products = items.filter(~pl.col("is_context"))["record_id"].implode()
    held = records.filter(pl.col("record_id").is_in(products)).collect()
    told = short_descriptions(held).with_columns(held["record_id"])
    joined = items.join(told, on="record_id", how="left", maintain_order="left")
    return joined.with_columns(
        pl.when(pl.col(name).str.strip_chars() != "").then(name) for name in _TEXTS
    )


def _row(ranking: dict[str, Any], seed: int) -> dict[str, Any]:
    order = shown_order(ranking["ranking"], len(ranking["item"]), seed)
    texts = [ranking["texts"][place] for place in order]
    gains = [ranking["judgement"][place] for place in order]
    kind: ListKind = "texts" if ranking["is_context"] else "products"
    titles = [one["title"] for one in texts if one["title"]]
    return {
        "record_id": ranking["record_id"],
        "system": ranking_system(kind),
        "asked": ranking_prompt(kind, ranking["asked"], texts),
        "text": " ".join([ranking["asked"], *titles]),
        "answer": ranking_answer(gains),
        "category": "",
        "key": ranking["ranking"],
        "groups": ranking[GROUP],
        "is_telling": len(set(gains)) > 1,
        "items": [ranking["item"][place] for place in order],
    }
