"""Votes of the annotators that need no key, on every record of a catalog."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.paths import joined
from catalog.taxonomy import Taxonomy
from catalog.votes import CATEGORY, VOTE_SCHEMA, conform_votes
from catalog.wording import counted
from curation.annotators.folds import grouped_folds
from curation.annotators.material import Material
from curation.annotators.registry import ANNOTATORS
from curation.annotators.settings import LabelSettings
from curation.annotators.source import attribute_votes
from curation.duplicates.join import Told
from curation.splits.groups import record_groups

VERSION = 1
"""Raised when the annotators would vote otherwise on the same records."""


@dataclass(frozen=True)
class Labelled:
    """Votes, and what they rest on.

    Attributes
    ----------
    votes
        `VOTE_SCHEMA`, by annotator, then in the order of the records; a null value is an
        abstention, and its ``error`` says why.
    folds
        ``record_id, group_id, fold``: no group is in two folds.
    figures
        Counts of each annotator.
    notes
        Lines to say aloud.
    """

    votes: pl.DataFrame
    folds: pl.DataFrame
    figures: dict[str, Any]
    notes: list[str]


def label_records(
    records: pl.LazyFrame,
    taxonomy: Taxonomy,
    settings: LabelSettings,
    *,
    progress: Told | None = None,
) -> Labelled:
    """Let the annotators vote on the category of each record.

    ``source`` also votes on the attributes that it has. The same records and settings give
    the same votes at every run, on any machine.

    Parameters
    ----------
    records
        `catalog.records.RECORD_SCHEMA`.
    """
    groups = record_groups(records, settings.groups, progress=progress).labels
    folds = grouped_folds(groups, settings.n_folds)
    held = records.select(
        "record_id", joined("category_path").alias("label"), record_text(settings).alias("text")
    ).collect()
    material = Material(held["text"], held["label"], taxonomy, folds, settings)
    run_id = _run_id(taxonomy, settings)
    votes = [pl.DataFrame(schema=VOTE_SCHEMA)]
    by_annotator: dict[str, dict[str, Any]] = {}
    for name in settings.annotators:
        found = ANNOTATORS[name](material, progress)
        by_annotator[name] = _figures(found)
        votes.append(_votes(found.insert_column(0, held["record_id"]), name, run_id, CATEGORY))
    figures: dict[str, Any] = {"annotators": by_annotator, **_learning(material, groups)}
    if "source" in settings.annotators:
        said = attribute_votes(records)
        figures["attributes"] = {
            "n_votes": int(said["value"].count()),
            "n_abstained": int(said["value"].null_count()),
            "n_keys": said["question"].n_unique(),
        }
        votes.append(_votes(said, "source", run_id))
    kept = pl.DataFrame({"record_id": held["record_id"], "group_id": groups, "fold": folds})
    return Labelled(pl.concat(votes), kept, figures, _notes(figures, material))


def record_text(settings: LabelSettings) -> pl.Expr:
    """The text of a record; where it has no description, that of its paragraphs."""
    paragraphs = pl.col("paragraphs").list.eval(pl.element().struct.field("text")).list.join(" ")
    columns = {name: pl.col(name) for name in settings.text_columns}
    if "description" in columns:
        columns["description"] = pl.coalesce("description", paragraphs)
    parts = [columns[name] for name in settings.text_columns]
    return pl.concat_str(parts, separator=" ", ignore_nulls=True).fill_null("").str.strip_chars()


def _votes(
    found: pl.DataFrame, annotator: str, run_id: str, question: str | None = None
) -> pl.DataFrame:
    told = found.lazy().with_columns(annotator_id=pl.lit(annotator), run_id=pl.lit(run_id))
    if question is not None:
        told = told.with_columns(question=pl.lit(question))
    return conform_votes(told).collect()


def _run_id(taxonomy: Taxonomy, settings: LabelSettings) -> str:
    """Names the way the votes were made: another way has another name."""
    way = f"{VERSION} {taxonomy.fingerprint} {settings.model_dump_json()}"
    return hashlib.sha256(way.encode()).hexdigest()[:12]


def _figures(found: pl.DataFrame) -> dict[str, Any]:
    n_votes = int(found["value"].count())
    mean = found["score"].mean()
    return {
        "n_votes": n_votes,
        "n_abstained": found.height - n_votes,
        "coverage": n_votes / found.height if found.height else None,
        "mean_score": None if mean is None else round(float(mean), 6),  # type: ignore[arg-type]
        "abstained": dict(
            found.group_by("error").len().drop_nulls("error").sort("error").iter_rows()
        ),
    }


def _learning(material: Material, groups: np.ndarray) -> dict[str, Any]:
    is_learnable = material.is_learnable
    of_label = (
        pl.DataFrame({"label": material.labels, "group": groups})
        .filter(pl.Series(is_learnable, dtype=pl.Boolean))
        .group_by("label")
        .agg(pl.col("group").n_unique())
    )
    return {
        "n_records": len(groups),
        "n_groups": int(groups.max()) + 1 if len(groups) else 0,
        "n_folds": int(material.folds.max()) + 1 if len(groups) else 0,
        "n_learnable": int(is_learnable.sum()),
        "n_categories": of_label.height,
        "n_categories_of_one_group": int((of_label["group"] == 1).sum()),
    }


def _notes(figures: dict[str, Any], material: Material) -> list[str]:
    notes = []
    for name, told in figures["annotators"].items():
        for reason, n in told["abstained"].items():
            notes.append(f"{name} abstains from {counted(n, 'record')}: {reason}")
    learns = [n for n in ("knn", "linear") if n in figures["annotators"]]
    if not learns:
        return notes
    who = " and ".join(learns)
    unknown = int(material.labels.count()) - int(
        (material.taxonomy.codes(material.labels) >= 0).sum()
    )
    if unknown:
        notes.append(
            f"{who} did not learn from {counted(unknown, 'label')} of the source that the taxonomy "
            "does not have"
        )
    alone = figures["n_categories_of_one_group"]
    if alone:
        notes.append(
            f"{counted(alone, 'category', 'categories')} of {figures['n_categories']:,} in the "
            f"records of one group alone: {who} cannot learn them for that group"
        )
    return notes
