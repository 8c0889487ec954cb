"""Answers to "which category?" as a table that is kept, and again as answers: nothing is read twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from catalog.paths import parted
from catalog.taxonomy.tree import Taxonomy
from evaluation.answers.text_models import Encodes
from evaluation.metrics.categories import CategoryAnswers, with_paths

KEPT_SCHEMA = pl.Schema(
    {"is_json": pl.Float64(), "gold_rank": pl.Int64(), "confidence": pl.Float64()}
)
"""What the rows of the scores (`evaluation.scores.Scores.rows`) do not tell; null in all rows where no row
of the run has it."""
ROW_COLUMNS = ("example_id", "gold", "prediction", "outcome", "cluster")
"""What of those rows is needed besides."""


def kept_columns(answers: CategoryAnswers) -> pl.DataFrame:
    """`KEPT_SCHEMA` of a run, a line for each gold row."""
    nothing = [None] * answers.n_rows
    told = {
        "is_json": answers.is_json,
        "gold_rank": nothing if answers.gold_ranks is None else answers.gold_ranks,
        "confidence": nothing if answers.confidence is None else answers.confidence,
    }
    return pl.DataFrame(told, schema=KEPT_SCHEMA)


def answers_kept(
    kept: Sequence[pl.DataFrame], taxonomy: Taxonomy, encoder: Encodes | None = None
) -> list[CategoryAnswers] | None:
    """The answers of several runs on the same gold rows, as `category_answers` gave them.

    Parameters
    ----------
    kept
        `ROW_COLUMNS` and `KEPT_SCHEMA` of each run, all in the same order; without ``cluster``
        where rows are independent.

    Returns
    -------
    None where a path does not come back as it was.
    """
    texts = [kept[0]["gold"], *(rows["prediction"] for rows in kept)]
    paths = pl.concat([text.unique().rename("path_text").to_frame() for text in texts]).unique()
    tree = with_paths(taxonomy, paths.drop_nulls().with_columns(parted("path_text").alias("path")))
    codes = [tree.codes(text) for text in texts]
    if any(
        ((code < 0) & text.is_not_null().to_numpy()).any()
        for code, text in zip(codes, texts, strict=True)
    ):
        return None
    is_in_taxonomy = tree.nodes["path_text"].is_in(taxonomy.nodes["path_text"].implode()).to_numpy()
    first = kept[0]
    clusters = first["cluster"].to_numpy() if "cluster" in first.columns else None
    return [
        CategoryAnswers(
            tree,
            is_in_taxonomy,
            first["example_id"],
            codes[0],
            answer,
            rows["outcome"],
            rows["is_json"].fill_null(np.nan).to_numpy(),
            clusters,
            taxonomy,
            None if rows["gold_rank"].is_null().all() else rows["gold_rank"].to_numpy(),
            None if rows["confidence"].is_null().all() else rows["confidence"].to_numpy(),
            encoder,
        )
        for rows, answer in zip(kept, codes[1:], strict=True)
    ]
