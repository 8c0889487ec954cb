"""Which records of train are kept, dropped, copied or weighed, so that its categories are balanced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.brands import brand_keys
from catalog.errors import InputError
from catalog.wording import counted
from curation.balance.draws import draws
from curation.balance.evenness import entropy_bits, gini
from curation.balance.settings import BalanceSettings
from curation.balance.tables import LEAF, at_level, by_level, evenness, shortfall
from curation.balance.targets import formula, row_weights, target_counts
from stats.estimate import number_or_none

ROW_SCHEMA = pl.Schema({"record_id": pl.String(), "copy": pl.Int32(), "weight": pl.Float64()})


@dataclass(frozen=True)
class BalanceResult:
    """Train after balancing.

    Attributes
    ----------
    rows
        ``record_id, copy, weight``, sorted: copy 0 is the record itself, 1 and on its repeats. A
        record that was dropped is not there. The weight is 1 unless weights were asked for.
    table
        ``level`` (``leaf`` or a depth), ``category`` (a joined path), ``n_before, n_after``
        (rows), ``weight_after`` (their weights), ``n_brands_before, n_brands_after`` (named
        brands), of every level.
    evenness
        ``level, n_categories, gini_before, gini_after, entropy_before, entropy_after,
        entropy_most`` (bits); after is by weight.
    shortfall
        ``category, floor, n_before, n_after, n_missing, n_examples`` of the categories, at the
        level that was balanced, that cannot reach the floor; the worst first.
    figures
        Counts, and Gini and entropy over the categories before and after, null over none.
    notes
        What was dropped, copied, weighed or not reached.
    """

    rows: pl.DataFrame
    table: pl.DataFrame
    evenness: pl.DataFrame
    shortfall: pl.DataFrame
    figures: dict[str, Any]
    notes: list[str]


def balance(gold_train: pl.DataFrame, settings: BalanceSettings) -> BalanceResult:
    """Balance the categories of train by dropping, copying or weighing records.

    Within a category brands take turns: the first record of each brand, then the second of
    each, and so on, so that dropping keeps the variety of brands. Near-duplicates come last, but
    for the only records of a brand, so that they are dropped first. The order of brands, and of
    a brand's records, is drawn from the seed. A record without a brand stands for its group.
    Copies are spread over all records of a category before any has one more than another.
    A record without a category is kept once. The result does not depend on the order of rows.

    Parameters
    ----------
    gold_train
        ``record_id, category_path, brand, group_id`` of train alone; ids are unique. By choice
        ``cluster``: records of one say the same (`curation.balance.clusters`).

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
    counts = categories["n_before"].to_numpy().astype(np.int64)
    weights = np.ones(len(counts)) if settings.changes_rows else row_weights(counts, settings)
    after = target_counts(counts, settings) if settings.changes_rows else counts
    categories = categories.with_columns(
        n_after=pl.Series(after, dtype=pl.Int64), weight=pl.Series(weights, dtype=pl.Float64)
    )
    placed = _with_row_counts(placed, categories)
    categories = categories.with_columns(weight_after=pl.col("n_after") * pl.col("weight"))
    table = by_level(_counts(placed))
    short = shortfall(categories, settings)
    figures = _figures(placed, categories, short, settings)
    notes = _notes(figures, short, settings)
    return BalanceResult(_rows(placed), table, evenness(table), short, figures, notes)


def _described(gold_train: pl.DataFrame, settings: BalanceSettings) -> pl.DataFrame:
    """``record_id, path, category`` (at the level), ``brand`` (its key), ``variety, cluster``."""
    clusters = "cluster" if "cluster" in gold_train.columns else pl.lit(None, pl.Int64)
    frame = gold_train.select(
        "record_id",
        path=pl.when(pl.col("category_path").list.len() > 0).then("category_path"),
        group=pl.concat_str(pl.lit("group "), pl.col("group_id").cast(pl.String)),
        cluster=clusters,
    ).with_columns(brand_keys(gold_train["brand"]).alias("brand"))
    deepest = int(frame["path"].list.len().max() or 0)  # type: ignore[arg-type]
    if settings.level != LEAF and 0 < deepest < int(settings.level):
        raise InputError(
            f"balance level {settings.level}: the deepest category of train is at level {deepest}. "
            "Give a level down to it, or leaf."
        )
    variety = pl.coalesce(pl.concat_str(pl.lit("brand "), "brand"), "group", "record_id")
    return at_level(frame.with_columns(variety.alias("variety")).drop("group"), settings.level)


def _in_turn(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Number the records of each category from 0: brands taking turns, near-duplicates last."""
    turns = ("category", "variety")
    brands = frame.select(turns).unique()
    order = draws(
        brands.select(pl.concat_str(pl.all().fill_null(""), separator="\x1f")).to_series(),
        seed,
        "brand",
    )
    # Numbers stand for the texts: sorting and counting within them is many times faster.
    brands = brands.with_row_index("taker").with_columns(
        brand_draw=order, cell=pl.col("category").rank("dense").fill_null(0)
    )
    repeats = pl.int_range(pl.len()).over("cell", "cluster") > 0
    return (
        frame.with_columns(draws(frame["record_id"], seed, "record").alias("draw"))
        .join(brands, on=turns, nulls_equal=True)
        .sort("draw")
        .with_columns((pl.col("cluster").is_not_null() & repeats).alias("is_repeat"))
        .sort("is_repeat", maintain_order=True)
        .with_columns(pl.int_range(pl.len()).over("taker").alias("turn"))
        .sort(pl.col("is_repeat") & (pl.col("turn") > 0), "turn", "brand_draw", "draw")
        .with_columns(pl.int_range(pl.len()).over("cell").alias("place"))
    )


def _with_row_counts(placed: pl.DataFrame, categories: pl.DataFrame) -> pl.DataFrame:
    """How many rows each record has afterwards, as ``n``; 1 for one without a category.

    ``weight`` is what each of those rows weighs.
    """
    share = pl.col("n_after") // pl.col("n_before")
    rest = pl.col("n_after") % pl.col("n_before")
    return placed.join(categories, on="category", how="left").with_columns(
        (share + (pl.col("place") < rest)).fill_null(1).cast(pl.Int32).alias("n"),
        pl.col("weight").fill_null(1.0),
    )


def _rows(placed: pl.DataFrame) -> pl.DataFrame:
    return (
        placed.filter(pl.col("n") > 0)
        .select("record_id", pl.int_ranges(0, "n", dtype=pl.Int32).alias("copy"), "weight")
        .explode("copy")
        .sort("record_id", "copy")
        .cast(ROW_SCHEMA)
    )


def _counts(placed: pl.DataFrame) -> pl.DataFrame:
    """Rows before and after of each path and brand."""
    after = pl.col("n").cast(pl.Int64)
    return (
        placed.drop_nulls("path")
        .group_by("path", "brand")
        .agg(
            pl.len().cast(pl.Int64).alias("n_before"),
            after.sum().alias("n_after"),
            (after * pl.col("weight")).sum().alias("weight_after"),
        )
    )


def _figures(
    placed: pl.DataFrame,
    categories: pl.DataFrame,
    short: pl.DataFrame,
    settings: BalanceSettings,
) -> dict[str, Any]:
    n = placed["n"]
    before, after = (categories[c].to_numpy() for c in ("n_before", "weight_after"))
    return {
        "n_before": placed.height,
        "n_after": int(n.sum()),
        "n_dropped": int((n == 0).sum()),
        "n_dropped_near_duplicates": int(((n == 0) & placed["is_repeat"]).sum()),
        "n_copied": int((n > 1).sum()),
        "n_copies": int((n - 1).clip(0).sum()),
        "n_without_category": int(placed["category"].null_count()),
        "n_categories": categories.height,
        "n_short_of_floor": short.height,
        "n_missing_to_floor": int(short["n_missing"].sum()),
        "gini": {"before": number_or_none(gini(before)), "after": number_or_none(gini(after))},
        "entropy_bits": {
            "before": number_or_none(entropy_bits(before)),
            "after": number_or_none(entropy_bits(after)),
            "most": float(np.log2(categories.height)) if categories.height else None,
        },
        **_weights(categories, settings),
        **({} if categories.height else {"reason": "no record of train has a category"}),
    }


def _weights(categories: pl.DataFrame, settings: BalanceSettings) -> dict[str, Any]:
    """How rows are weighed, where they are."""
    if settings.changes_rows or categories.is_empty():
        return {}
    weights = categories["weight"].to_numpy()
    return {
        "weights": {
            "formula": formula(settings),
            "least": float(weights.min()),
            "most": float(weights.max()),
        }
    }


def _notes(figures: dict[str, Any], short: pl.DataFrame, settings: BalanceSettings) -> list[str]:
    notes = []
    if figures["n_dropped"]:
        told = f"{counted(figures['n_dropped'], 'record')} of train dropped"
        near = figures["n_dropped_near_duplicates"]
        notes.append(told + (f", {counted(near, 'near-duplicate')} first" if near else ""))
    if figures["n_copies"]:
        copied = counted(figures["n_copied"], "record")
        notes.append(f"{counted(figures['n_copies'], 'copy', 'copies')} of {copied} added to train")
    if "weights" in figures:
        weights = figures["weights"]
        notes.append(
            f"rows of train stay and weigh from {weights['least']:.3g} to {weights['most']:.3g}"
        )
    if figures["n_without_category"]:
        told = counted(figures["n_without_category"], "record")
        notes.append(f"{told} of train without a category kept once, outside the balance")
    reached = figures["n_after"] - figures["n_without_category"]
    if settings.total is not None and reached != settings.total:
        notes.append(
            f"a total of {settings.total:,} cannot be met: {counted(reached, 'row')} is the "
            "nearest that the cap, the floor, the repeats and one row a category allow"
        )
    if short.height:
        worst = short.row(0, named=True)
        notes.append(
            f"{counted(short.height, 'category', 'categories')} cannot reach the floor of "
            f"{worst['floor']:,}, {counted(figures['n_missing_to_floor'], 'row')} are missing; the "
            f"worst is {worst['category']!r} with {worst['n_after']:,}. More repeats "
            "(--max-repeats) or more records would fill them."
        )
    return notes
