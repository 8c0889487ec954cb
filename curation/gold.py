"""From records to gold: apply what people decided, repair what can be repaired, drop the rest.

A record of another task than classification keeps its own answer and needs no category.
The category is decided in this order: a person's decision; the label of the source, repaired where a check proposes
a repair that the settings allow; the consensus of the annotators, where the source has no
valid label or the settings prefer it. Every label says where it comes from. An attribute of which
the source says nothing gets the values that the annotators agree on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from catalog.paths import joined, parted
from catalog.records import RECORD_SCHEMA
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.repair import nearest_paths
from catalog.votes import CATEGORY
from catalog.wording import counted
from curation.evidence import reseated
from curation.gold_attributes import agreed_attributes, with_attributes
from curation.gold_settings import CurateSettings

CHANGE_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "field": pl.String(),
        "before": pl.String(),
        "after": pl.String(),
        "reason": pl.String(),
    }
)
DROP_SCHEMA = pl.Schema({"record_id": pl.String(), "reason": pl.String(), "detail": pl.String()})
CLASSIFICATION = "classification"
BRAND = "brand"
_TEXT_FIELDS = ("title", "description", "brand")


@dataclass(frozen=True)
class GoldResult:
    """Gold records, and what became of the others.

    Attributes
    ----------
    gold
        `RECORD_SCHEMA` with ``label_source`` (``person``, ``source``, ``repair``,
        ``consensus``), ``label_score`` (the share of votes for the label, null without
        votes) and ``label_by`` (the person, or null).
    changes
        What was changed: `CHANGE_SCHEMA`.
    dropped
        What was left out, each record once, by the first reason: `DROP_SCHEMA`.
    """

    gold: pl.LazyFrame
    changes: pl.DataFrame
    dropped: pl.DataFrame
    figures: dict[str, Any]
    notes: list[str]


def curate(
    records: pl.LazyFrame,
    taxonomy: Taxonomy,
    issues: pl.LazyFrame,
    votes: pl.LazyFrame,
    consensus: pl.LazyFrame,
    decisions: pl.DataFrame,
    settings: CurateSettings,
) -> GoldResult:
    """Make gold.

    Parameters
    ----------
    issues
        ``check, record_id, message, fix_field, fix_value`` of the checks.
    votes
        The vote frame, for the share of votes that a label has.
    consensus
        ``record_id, question, value, n_votes, share, is_tie``.
    decisions
        ``record_id, question, action, value, reviewer, reason`` of people; ``action`` is
        ``accept``, ``choose`` (with a value), ``drop`` or ``skip``; of the question ``brand``,
        ``fill`` (with a value) or ``leave``.
    """
    about_category = decisions.filter(pl.col("question") == CATEGORY)
    about_brand = decisions.filter((pl.col("question") == BRAND) & (pl.col("action") == "fill"))
    labels = _labels(records, taxonomy, votes, consensus, about_category, settings)
    dropped = _dropped(records, labels, issues, about_category, settings)
    fixes = _text_fixes(records, issues, about_brand, settings)
    agreed = agreed_attributes(
        consensus, min_votes=settings.min_votes, min_share=settings.min_share
    )
    filled, added = with_attributes(_with_texts(records, fixes), agreed, settings.prefer)
    gold = filled.drop("category_path").join(
        labels.lazy().select(
            "record_id",
            parted("label").alias("category_path"),
            pl.col("label_source").fill_null("source"),
            "label_score",
            "label_by",
        ),
        on="record_id",
        how="inner",
        maintain_order="left",
    )
    gold = gold.join(dropped.lazy(), on="record_id", how="anti", maintain_order="left").select(
        *RECORD_SCHEMA.names(), "label_source", "label_score", "label_by"
    )
    changes = pl.concat([_category_changes(labels), fixes.select(CHANGE_SCHEMA.names()), added])
    changes = changes.join(dropped, on="record_id", how="anti", maintain_order="left")
    figures = _figures(labels, dropped, changes)
    return GoldResult(gold, changes, dropped, figures, _notes(figures))


def _labels(
    records: pl.LazyFrame,
    taxonomy: Taxonomy,
    votes: pl.LazyFrame,
    consensus: pl.LazyFrame,
    decisions: pl.DataFrame,
    settings: CurateSettings,
) -> pl.DataFrame:
    """``record_id, source, label, label_source, label_by, label_score`` of each record."""
    base = records.select("record_id", joined("category_path").alias("source")).collect()
    valid = taxonomy.codes(base["source"]) >= 0
    repairs = _repairs(base.filter(pl.Series(~valid))["source"], taxonomy, settings)
    agreed = (
        consensus.filter(
            (pl.col("question") == CATEGORY)
            & ~pl.col("is_tie")
            & (pl.col("n_votes") >= settings.min_votes)
            & (pl.col("share") >= settings.min_share)
        )
        .select("record_id", pl.col("value").alias("agreed"))
        .collect()
    )
    agreed = agreed.filter(pl.Series(taxonomy.codes(agreed["agreed"]) >= 0, dtype=pl.Boolean))
    people = decisions.filter(pl.col("action").is_in(["accept", "choose"])).select(
        "record_id", pl.col("value").alias("decided"), pl.col("reviewer").alias("label_by")
    )
    joined_up = (
        base.with_columns(pl.when(pl.Series(valid)).then("source").alias("valid"))
        .join(repairs, on="source", how="left", maintain_order="left")
        .join(agreed, on="record_id", how="left", maintain_order="left")
        .join(people, on="record_id", how="left", maintain_order="left")
    )
    order = ["decided", "valid", "repaired", "agreed"]
    if settings.prefer == "consensus":
        order = ["decided", "agreed", "valid", "repaired"]
    told = {"decided": "person", "valid": "source", "repaired": "repair", "agreed": "consensus"}
    source = pl.coalesce(pl.when(pl.col(c).is_not_null()).then(pl.lit(told[c])) for c in order)
    found = joined_up.with_columns(pl.coalesce(order).alias("label"), source.alias("label_source"))
    found = found.with_columns(
        pl.when((pl.col("label_source") == "consensus") & (pl.col("label") == pl.col("valid")))
        .then(pl.lit("source"))
        .otherwise("label_source")
        .alias("label_source"),
        pl.when(pl.col("label_source") == "person").then("label_by").alias("label_by"),
    )
    scores = (
        votes.filter((pl.col("question") == CATEGORY) & pl.col("value").is_not_null())
        .select("record_id", "value")
        .collect()
        .join(found.select("record_id", "label"), on="record_id")
        .group_by("record_id")
        .agg((pl.col("value") == pl.col("label")).mean().alias("label_score"))
    )
    return found.join(scores, on="record_id", how="left", maintain_order="left").select(
        "record_id", "source", "label", "label_source", "label_by", "label_score"
    )


def _repairs(wrong: pl.Series, taxonomy: Taxonomy, settings: CurateSettings) -> pl.DataFrame:
    """``source, repaired`` of each wrong path that the settings allow to be repaired."""
    found = nearest_paths(taxonomy, wrong)
    allowed = "path_not_in_taxonomy" in settings.repair
    return found.filter(allowed & pl.col("kind").is_in(settings.repair_kinds)).select(
        pl.col("path_text").alias("source"), pl.col("nearest").alias("repaired")
    )


def _dropped(
    records: pl.LazyFrame,
    labels: pl.DataFrame,
    issues: pl.LazyFrame,
    decisions: pl.DataFrame,
    settings: CurateSettings,
) -> pl.DataFrame:
    kept_by_people = decisions.filter(pl.col("action").is_in(["accept", "choose"]))["record_id"]
    by_person = decisions.filter(pl.col("action") == "drop").select(
        "record_id",
        pl.concat_str(pl.lit("dropped by "), "reviewer").alias("reason"),
        pl.col("reason").alias("detail"),
    )
    by_check = (
        issues.filter(
            pl.col("check").is_in(settings.drop)
            & ((pl.col("fix_field") == "drop") | pl.col("fix_field").is_null())
        )
        .select("record_id", pl.col("check").alias("reason"), pl.col("message").alias("detail"))
        .collect()
        .filter(
            ~pl.col("record_id").is_in(kept_by_people.implode())
            | (pl.col("reason") == "empty_title")
        )
    )
    needs_category = records.filter(
        pl.col("task").cast(pl.String).fill_null(CLASSIFICATION) == CLASSIFICATION
    )
    asked = needs_category.select("record_id").collect()
    no_label = labels.filter(pl.col("label").is_null()).join(
        asked, on="record_id", how="semi", maintain_order="left"
    )
    no_label = no_label.select(
        "record_id",
        pl.lit("no category").alias("reason"),
        pl.coalesce(pl.concat_str(pl.lit("not valid: "), "source"), pl.lit("none given")).alias(
            "detail"
        ),
    )
    every = pl.concat([by_person, by_check, no_label]).select(DROP_SCHEMA.names())
    first = every.unique("record_id", keep="first", maintain_order=True)
    order = records.select("record_id").with_row_index("_n").collect()
    return first.join(order, on="record_id").sort("_n").select(DROP_SCHEMA.names())


def _text_fixes(
    records: pl.LazyFrame, issues: pl.LazyFrame, brands: pl.DataFrame, settings: CurateSettings
) -> pl.DataFrame:
    """Fixes of text fields as changes: what a person says of a brand, else the first check's."""
    filled = brands.select(
        "record_id",
        pl.lit("brand").alias("field"),
        pl.col("value").alias("after"),
        pl.concat_str(pl.lit("decided by "), "reviewer").alias("reason"),
    )
    found = (
        issues.filter(
            pl.col("fix_field").is_in(_TEXT_FIELDS)
            & pl.col("check").is_in(settings.repair)
            & pl.col("fix_value").is_not_null()
        )
        .select(
            "record_id",
            pl.col("fix_field").alias("field"),
            pl.col("fix_value").alias("after"),
            pl.col("check").alias("reason"),
        )
        .collect()
    )
    fixes = pl.concat([filled, found]).unique(
        ("record_id", "field"), keep="first", maintain_order=True
    )
    before = (
        records.select("record_id", *_TEXT_FIELDS)
        .filter(pl.col("record_id").is_in(fixes["record_id"].implode()))
        .collect()
        .unpivot(index="record_id", variable_name="field", value_name="before")
    )
    return fixes.join(before, on=["record_id", "field"], how="left", maintain_order="left").select(
        CHANGE_SCHEMA.names()
    )


def _with_texts(records: pl.LazyFrame, fixes: pl.DataFrame) -> pl.LazyFrame:
    """The records with their texts changed; evidence of a changed text is found again."""
    if fixes.is_empty():
        return records
    touched = fixes["record_id"].unique()
    new = fixes.pivot("field", index="record_id", values="after")
    names = [name for name in _TEXT_FIELDS if name in new.columns]
    changed = (
        records.filter(pl.col("record_id").is_in(touched.implode()))
        .collect()
        .join(new, on="record_id", how="left", suffix="_new", maintain_order="left")
        .with_columns(pl.coalesce(f"{name}_new", name).alias(name) for name in names)
        .drop(f"{name}_new" for name in names)
    )
    order = records.select("record_id").with_row_index("_n")
    untouched = records.filter(~pl.col("record_id").is_in(touched.implode()))
    return (
        pl.concat([untouched, reseated(changed).lazy()])
        .join(order, on="record_id", how="left")
        .sort("_n")
        .drop("_n")
    )


def _category_changes(labels: pl.DataFrame) -> pl.DataFrame:
    changed = labels.filter(
        pl.col("label").is_not_null() & (pl.col("source").ne_missing(pl.col("label")))
    )
    return changed.select(
        "record_id",
        pl.lit("category_path").alias("field"),
        pl.col("source").alias("before"),
        pl.col("label").alias("after"),
        pl.when(pl.col("label_source") == "person")
        .then(pl.concat_str(pl.lit("decided by "), "label_by"))
        .otherwise("label_source")
        .alias("reason"),
    )


def _figures(labels: pl.DataFrame, dropped: pl.DataFrame, changes: pl.DataFrame) -> dict[str, Any]:
    kept = labels.join(dropped, on="record_id", how="anti")
    return {
        "n_records": labels.height,
        "n_gold": kept.height,
        "n_dropped": dropped.height,
        "label_source": dict(kept.group_by("label_source").len().sort("label_source").iter_rows()),
        "dropped": dict(dropped.group_by("reason").len().sort("reason").iter_rows()),
        "changed": dict(changes.group_by("field").len().sort("field").iter_rows()),
    }


def _notes(figures: dict[str, Any]) -> list[str]:
    notes = []
    if figures["n_dropped"]:
        why = ", ".join(f"{reason} {n:,}" for reason, n in figures["dropped"].items())
        notes.append(f"{counted(figures['n_dropped'], 'record')} left out of gold: {why}")
    if figures["changed"]:
        what = ", ".join(f"{field} {n:,}" for field, n in figures["changed"].items())
        notes.append(f"changed: {what}; the table `changes` says what and why")
    return notes
