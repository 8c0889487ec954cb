"""What a split goes by and the records have not, and what of them it does not tie."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.wording import counted
from curation.splits.settings import SplitSettings


def untied_notes(
    records: pl.LazyFrame, split_of_row: np.ndarray, settings: SplitSettings
) -> list[str]:
    """Lines on brands and categories that no record has, and on second products that cross.

    Parameters
    ----------
    split_of_row
        The split of each row, as a position in the names of the settings; -1 where it is left out.
    """
    present = set(records.collect_schema().names())
    wanted = [name for name in ("brand", "category_path", "target") if name in present]
    found = records.select(pl.col(wanted).count()).collect()
    has = {name: bool(found[name][0]) for name in wanted}
    notes = []
    if settings.by == "brand" and has.get("brand") is False:
        notes.append("no record has a brand, so brands tie nothing")
    if settings.keep == ["category"] and has.get("category_path") is False and has.get("target"):
        notes.append(
            "no record has a category, so none keeps its proportion; targets do with --keep label"
        )
    return [*notes, *_second_products(records, present, split_of_row, settings)]


def _second_products(
    records: pl.LazyFrame, present: set[str], split_of_row: np.ndarray, settings: SplitSettings
) -> list[str]:
    """How many rows have a second product that train has too: only the first of a pair ties.

    The candidates of a matching benchmark hang together nearly all, so that tying both products
    would leave nothing to split.
    """
    if not {"task", "context"} <= present:
        return []
    pairs = (
        records.select(
            pl.Series("split", split_of_row),
            is_pair=pl.col("task").cast(pl.String) == "product_pair",
            second=pl.col("context").list.join(" ").str.to_lowercase(),
        )
        .filter("is_pair", pl.col("second") != "", pl.col("split") >= 0)
        .collect()
    )
    known = pairs.filter(pl.col("split") == 0)["second"].unique()
    held = pairs.filter(pl.col("split") > 0, pl.col("second").is_in(known.implode()))
    told = [
        f"{counted(n, 'row')} of {settings.names[split]}"
        for split, n in held.group_by("split").len().sort("split").iter_rows()
    ]
    if not told:
        return []
    return [
        f"the second product of {' and of '.join(told)} is in train too: of a pair of products "
        "only the first ties"
    ]
