"""Which records of train are kept, dropped or copied, so that its categories are balanced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.brands import brand_keys
from catalog.paths import joined
from catalog.wording import counted
from curation.balance.draws import draws
from curation.balance.evenness import entropy_bits, gini
from curation.balance.settings import BalanceSettings, Level
from curation.balance.targets import target_counts
from stats.estimate import number_or_none

LEAF = "leaf"
ROW_SCHEMA = pl.Schema({"record_id": pl.String(), "copy": pl.Int32()})


@dataclass(frozen=True)
class BalanceResult:
    """Train after balancing.

    Attributes
    ----------
    rows
        ``record_id, copy``, sorted: 0 is the record itself, 1 and on its repeats. A record
        that was dropped is not there.
    table
        ``level`` (``leaf`` or a depth), ``category`` (a joined path), ``n_before, n_after``
        (rows), ``n_brands_before, n_brands_after`` (named brands), of every level.
    shortfall
        ``category, floor, n_before, n_after, n_missing`` of the categories, at the level that
        was balanced, that cannot reach the floor; the worst first.
    figures
        Counts, and Gini and entropy over the categories before and after, null over none.
    notes
        What was dropped, copied or not reached.
    """

    rows: pl.DataFrame
    table: pl.DataFrame
    shortfall: pl.DataFrame
    figures: dict[str, Any]
    notes: list[str]


def balance(gold_train: pl.DataFrame, settings: BalanceSettings) -> BalanceResult:
    """Balance the categories of train by dropping and copying records.

    Within a category brands take turns: the first record of each brand, then the second of
    each, and so on, so that dropping keeps the variety of brands. The order of brands, and of
    a brand's records, is drawn from the seed. A record without a brand stands for its group.
    Copies are spread over all records of a category before any has one more than another.
    A record without a category is kept once. The result does not depend on the order of rows.

    Parameters
    ----------
    gold_train
        ``record_id, category_path, brand, group_id`` of train alone; ids are unique.

    Examples
    --------
    >>> train = pl.DataFrame({
    ...     "record_id": ["1", "2", "3", "4"],
    ...     "category_path": [["A"], ["A"], ["A"], ["B"]],
    ...     "brand": ["x", "x", "y", "z"],
    ...     "group_id": [0, 0, 1, 2],
    ... })
    >>> made = balance(train, BalanceSettings(method="uniform"))
    >>> made.table.filter(level="leaf").select("category", "n_before", "n_after").rows()
    [('A', 3, 2), ('B', 1, 2)]
    """
    placed = _in_turn(_described(gold_train, settings), settings.seed)
    categories = placed.group_by("category").len("n_before").drop_nulls("category").sort("category")
    target = target_counts(categories["n_before"].to_numpy().astype(np.int64), settings)
    categories = categories.with_columns(n_after=pl.Series(target, dtype=pl.Int64))
    placed = _with_row_counts(placed, categories)
    table = _table(placed)
    shortfall = _shortfall(categories, settings.floor)
    figures = _figures(placed, categories, shortfall)
    return BalanceResult(
        _rows(placed), table, shortfall, figures, _notes(figures, shortfall, settings)
    )


def _described(gold_train: pl.DataFrame, settings: BalanceSettings) -> pl.DataFrame:
    """``record_id, path, category`` (at the level), ``brand`` (its key), ``variety``."""
    frame = gold_train.select(
        "record_id",
        path=pl.when(pl.col("category_path").list.len() > 0).then("category_path"),
        group=pl.concat_str(pl.lit("group "), pl.col("group_id").cast(pl.String)),
    ).with_columns(brand_keys(gold_train["brand"]).alias("brand"))
    variety = pl.coalesce(pl.concat_str(pl.lit("brand "), "brand"), "group", "record_id")
    return _at_level(frame.with_columns(variety.alias("variety")), settings.level)


def _at_level(frame: pl.DataFrame, level: Level) -> pl.DataFrame:
    """Add ``category``: the joined path down to a level; a shorter path is taken whole."""
    path = pl.col("path") if level == LEAF else pl.col("path").list.head(int(level))
    return frame.with_columns(category=path).with_columns(joined("category"))


def _in_turn(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Number the records of each category from 0, its brands taking turns."""
    turns = ("category", "variety")
    brands = frame.select(turns).unique()
    order = draws(
        brands.select(pl.concat_str(pl.all().fill_null(""), separator="\x1f")).to_series(),
        seed,
        "brand",
    )
    return (
        frame.with_columns(draws(frame["record_id"], seed, "record").alias("draw"))
        .join(brands.with_columns(brand_draw=order), on=turns, nulls_equal=True)
        .sort("draw", "record_id")
        .with_columns(pl.int_range(pl.len()).over(turns).alias("turn"))
        .sort("turn", "brand_draw", "variety")
        .with_columns(pl.int_range(pl.len()).over("category").alias("place"))
    )


def _with_row_counts(placed: pl.DataFrame, categories: pl.DataFrame) -> pl.DataFrame:
    """How many rows each record has afterwards, as ``n``; 1 for one without a category."""
    share = pl.col("n_after") // pl.col("n_before")
    rest = pl.col("n_after") % pl.col("n_before")
    return placed.join(categories, on="category", how="left").with_columns(
        (share + (pl.col("place") < rest)).fill_null(1).cast(pl.Int32).alias("n")
    )


def _rows(placed: pl.DataFrame) -> pl.DataFrame:
    return (
        placed.filter(pl.col("n") > 0)
        .select("record_id", pl.int_ranges(0, pl.col("n"), dtype=pl.Int32).alias("copy"))
        .explode("copy")
        .sort("record_id", "copy")
        .cast(ROW_SCHEMA)
    )


def _table(placed: pl.DataFrame) -> pl.DataFrame:
    """Before and after of every level, from counts by path and brand."""
    counts = (
        placed.drop_nulls("path")
        .group_by("path", "brand")
        .agg(
            pl.len().cast(pl.Int64).alias("n_before"),
            pl.col("n").sum().cast(pl.Int64).alias("n_after"),
        )
    )
    deepest = counts["path"].list.len().cast(pl.Int64).max() or 0
    levels: list[Level] = [LEAF, *range(1, int(deepest) + 1)]  # type: ignore[arg-type, list-item]
    kept = pl.col("brand").filter(pl.col("n_after") > 0)
    parts = [
        _at_level(counts, level)
        .group_by("category")
        .agg(
            pl.col("n_before", "n_after").sum(),
            pl.col("brand").drop_nulls().n_unique().cast(pl.Int64).alias("n_brands_before"),
            kept.drop_nulls().n_unique().cast(pl.Int64).alias("n_brands_after"),
        )
        .select(pl.lit(str(level)).alias("level"), pl.all())
        .sort("category")
        for level in levels
    ]
    return pl.concat(parts)


def _shortfall(categories: pl.DataFrame, floor: int | None) -> pl.DataFrame:
    wanted = pl.lit(floor, pl.Int64)
    return (
        categories.filter(pl.col("n_after") < wanted)
        .select(
            "category",
            wanted.alias("floor"),
            pl.col("n_before").cast(pl.Int64),
            "n_after",
            (wanted - pl.col("n_after")).alias("n_missing"),
        )
        .sort("n_missing", "category", descending=[True, False])
    )


def _figures(
    placed: pl.DataFrame, categories: pl.DataFrame, shortfall: pl.DataFrame
) -> dict[str, Any]:
    n = placed["n"]
    before, after = (categories[c].to_numpy() for c in ("n_before", "n_after"))
    return {
        "n_before": placed.height,
        "n_after": int(n.sum()),
        "n_dropped": int((n == 0).sum()),
        "n_copied": int((n > 1).sum()),
        "n_copies": int((n - 1).clip(0).sum()),
        "n_without_category": int(placed["category"].null_count()),
        "n_categories": categories.height,
        "n_short_of_floor": shortfall.height,
        "n_missing_to_floor": int(shortfall["n_missing"].sum()),
        "gini": {"before": number_or_none(gini(before)), "after": number_or_none(gini(after))},
        "entropy_bits": {
            "before": number_or_none(entropy_bits(before)),
            "after": number_or_none(entropy_bits(after)),
            "most": float(np.log2(categories.height)) if categories.height else None,
        },
        **({} if categories.height else {"reason": "no record of train has a category"}),
    }


def _notes(
    figures: dict[str, Any], shortfall: pl.DataFrame, settings: BalanceSettings
) -> list[str]:
    notes = []
    if figures["n_dropped"]:
        notes.append(f"{counted(figures['n_dropped'], 'record')} of train dropped")
    if figures["n_copies"]:
        copied = counted(figures["n_copied"], "record")
        notes.append(f"{counted(figures['n_copies'], 'copy', 'copies')} of {copied} added to train")
    if figures["n_without_category"]:
        told = counted(figures["n_without_category"], "record")
        notes.append(f"{told} of train without a category kept once, outside the balance")
    reached = figures["n_after"] - figures["n_without_category"]
    if settings.total is not None and reached != settings.total:
        notes.append(
            f"a total of {settings.total:,} cannot be met: {counted(reached, 'row')} is the "
            "nearest that the cap, the floor, the repeats and one row a category allow"
        )
    if shortfall.height:
        worst = shortfall.row(0, named=True)
        notes.append(
            f"{counted(shortfall.height, 'category', 'categories')} cannot reach the floor of "
            f"{worst['floor']:,}, {counted(figures['n_missing_to_floor'], 'row')} are missing; the "
            f"worst is {worst['category']!r} with {worst['n_after']:,}. More repeats "
            "(--max-repeats) or more records would fill them."
        )
    return notes
