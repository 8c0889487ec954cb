"""Drift of production predictions, from files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from catalog.errors import InputError
from catalog.paths import joined
from evaluation.answers.contract import PREDICTION_SCHEMA, conform_predictions
from evaluation.answers.paths import answered_paths
from evaluation.studies.drift import DriftReport, drift_report, weeks_of
from workspace.runs.reading import read_rows


def drift_files(
    predictions: Path,
    *,
    time_column: str,
    audits: Path | None = None,
    level: int | None = None,
    label_column: str | None = None,
    cluster_column: str | None = None,
    reference_weeks: int = 1,
    key: str | None = None,
) -> DriftReport:
    """Hold every week of production predictions against the first ones.

    Parameters
    ----------
    time_column
        When each prediction was made, ISO 8601.
    audits
        What people say of some of them: the key, and the label as the predictions have it.
    level
        The level of the category to look at; whole paths where it is None.
    label_column
        A column whose text is the label; the category where it is None.

    Raises
    ------
    InputError
        If a column is not there, a time cannot be read, or there is one week alone.
    """
    if reference_weeks < 1:
        raise InputError(f"--reference-weeks {reference_weeks}: at least 1 is needed.")
    also = [name for name in (time_column, cluster_column) if name is not None]
    rows = _labelled(predictions, also, level, label_column, key)
    for name in also:
        if name not in rows.columns:
            raise InputError(
                f"{predictions}: no column {name!r}. Found: {', '.join(rows.columns)}."
            )
    weeks = weeks_of(rows[time_column], str(predictions))
    kept = rows.select(
        "example_id",
        weeks,
        "label",
        *([] if cluster_column is None else [pl.col(cluster_column).alias("cluster")]),
    )
    told = None if audits is None else _labelled(audits, [], level, label_column, key)
    return drift_report(
        kept,
        None if told is None else told.select("example_id", "label").drop_nulls("label"),
        reference_weeks=reference_weeks,
    )


def _labelled(
    path: Path, also: list[str], level: int | None, label_column: str | None, key: str | None
) -> pl.DataFrame:
    """Rows of a file with ``label``."""
    wanted = [*PREDICTION_SCHEMA, "category", *also, *([label_column] if label_column else [])]
    rows = read_rows(path, list(dict.fromkeys(wanted)), key=key)
    rows = rows.with_columns(pl.col("example_id").cast(pl.String))
    if label_column is not None:
        if label_column not in rows.columns:
            raise InputError(
                f"{path}: no column {label_column!r}. Found: {', '.join(rows.columns)}."
            )
        return rows.with_columns(pl.col(label_column).cast(pl.String).alias("label"))
    if "category" in rows.columns and "category_path" not in rows.columns:
        rows = rows.rename({"category": "category_path"})
    given = conform_predictions(rows, str(path)).with_columns(is_there=pl.lit(True))
    read = answered_paths(given)
    answers = read.rows.select("answer")
    if level is None:
        return rows.with_columns(answers["answer"].alias("label"))
    cut = read.paths.select(pl.col("path_text").alias("answer"), pl.col("path").list.head(level))
    cut = cut.select("answer", joined("path").alias("label"))
    found = answers.join(cut, on="answer", how="left", maintain_order="left")
    return rows.with_columns(found["label"])
