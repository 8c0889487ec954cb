"""Train before and after balancing, by level: rows, brands, evenness, and what is missing."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.paths import joined
from curation.balance.evenness import entropy_bits, gini
from curation.balance.settings import BalanceSettings, Level

LEAF = "leaf"
EVENNESS_SCHEMA = pl.Schema(
    {
        "level": pl.String(),
        "n_categories": pl.Int64(),
        "gini_before": pl.Float64(),
        "gini_after": pl.Float64(),
        "entropy_before": pl.Float64(),
        "entropy_after": pl.Float64(),
        "entropy_most": pl.Float64(),
    }
)


def at_level(frame: pl.DataFrame, level: Level) -> pl.DataFrame:
    """Add ``category``: the joined path down to a level; a shorter path is taken whole."""
    path = pl.col("path") if level == LEAF else pl.col("path").list.head(int(level))
    return frame.with_columns(category=path).with_columns(joined("category"))


def by_level(counts: pl.DataFrame) -> pl.DataFrame:
    """Before and after of every level.

    Parameters
    ----------
    counts
        ``path, brand, n_before, n_after, weight_after``, a row for each path and brand.

    Returns
    -------
    ``level, category, n_before, n_after, weight_after, n_brands_before, n_brands_after``.
    """
    deepest = counts["path"].list.len().cast(pl.Int64).max() or 0
    levels: list[Level] = [LEAF, *range(1, int(deepest) + 1)]  # type: ignore[arg-type, list-item]
    kept = pl.col("brand").filter(pl.col("n_after") > 0)
    parts = [
        at_level(counts, level)
        .group_by("category")
        .agg(
            pl.col("n_before", "n_after", "weight_after").sum(),
            pl.col("brand").drop_nulls().n_unique().cast(pl.Int64).alias("n_brands_before"),
            kept.drop_nulls().n_unique().cast(pl.Int64).alias("n_brands_after"),
        )
        .select(pl.lit(str(level)).alias("level"), pl.all())
        .sort("category")
        for level in levels
    ]
    return pl.concat(parts)


def evenness(table: pl.DataFrame) -> pl.DataFrame:
    """Gini and entropy (bits) of every level before and after; ``entropy_most`` if all were equal.

    Parameters
    ----------
    table
        Of `by_level`.
    """
    found = []
    for (level,), part in table.partition_by("level", as_dict=True, maintain_order=True).items():
        before, after = part["n_before"].to_numpy(), part["weight_after"].to_numpy()
        measured = [measure(side) for measure in (gini, entropy_bits) for side in (before, after)]
        found.append((level, part.height, *measured, float(np.log2(part.height))))
    return pl.DataFrame(found, schema=EVENNESS_SCHEMA, orient="row")


def shortfall(categories: pl.DataFrame, settings: BalanceSettings) -> pl.DataFrame:
    """The categories that cannot reach the floor, the worst first.

    Parameters
    ----------
    categories
        ``category, n_before, n_after, weight_after``.

    Returns
    -------
    ``category, floor, n_before, n_after, n_missing`` (rows) and ``n_examples``: how many more
    records reach the floor, each copied as often as is allowed.
    """
    wanted = pl.lit(settings.floor, pl.Int64)
    # A weight stands for as many copies: what no weight reaches, no copy reaches.
    reached = pl.col("n_after") if settings.changes_rows else pl.col("weight_after").round()
    each = 1 + settings.max_repeats if settings.by != "under" else 1
    return (
        categories.with_columns(reached=reached.cast(pl.Int64))
        .filter(pl.col("reached") < wanted)
        .select(
            "category",
            wanted.alias("floor"),
            pl.col("n_before").cast(pl.Int64),
            pl.col("reached").alias("n_after"),
            (wanted - pl.col("reached")).alias("n_missing"),
            ((wanted + each - 1) // each - pl.col("n_before").cast(pl.Int64)).alias("n_examples"),
        )
        .sort("n_missing", "category", descending=[True, False])
    )
