"""What stands in the files of a split: rows, categories and brands side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from curation.splits.certify_settings import CertifySettings, group_keys

_SHOWN = 25


def tables_of(frames: dict[str, pl.DataFrame], settings: CertifySettings) -> dict[str, Any]:
    """Figures of each split, its largest categories and groups.

    Returns
    -------
    ``splits`` (``split, n_rows, n_groups, n_categories, total_variation`` of its categories
    against those of all splits together, in [0, 1], null where there are none), ``categories`` and
    ``groups`` (``name`` and rows by split, the largest first; groups
    are the largest of each split).
    """
    path = pl.col("category_path").list.join(" > ")
    categories, groups = {}, {}
    for name, frame in frames.items():
        none = pl.Series([], dtype=pl.String)
        has_path = "category_path" in frame.columns
        categories[name] = frame.select(path).to_series() if has_path else none
        column = next((c for c in settings.group_columns if c in frame.columns), None)
        groups[name] = (
            none
            if column is None
            else group_keys(
                frame[column],
                generic=settings.generic_brands,
                aliases=settings.brand_aliases,
                placeholders=settings.placeholders,
            )
        )
    by_category, by_group = _counts(categories), _counts(groups)
    splits = []
    for name, frame in frames.items():
        splits.append(
            {
                "split": name,
                "n_rows": frame.height,
                "n_groups": int((by_group[name] > 0).sum()),
                "n_categories": int((by_category[name] > 0).sum()),
                "total_variation": _variation(by_category, name, list(frames)),
            }
        )
    return {
        "splits": splits,
        "categories": by_category.head(_SHOWN).to_dicts(),
        "groups": _largest_of_each(by_group, list(frames)).to_dicts(),
    }


def _largest_of_each(counts: pl.DataFrame, splits: list[str]) -> pl.DataFrame:
    """The largest groups of each split: a group is in one split alone, or leaks."""
    places = pl.concat(
        [
            counts.with_row_index("place").filter(pl.col(s) > 0).top_k(_SHOWN // len(splits), by=s)
            for s in splits
        ]
    )
    return places.unique("place").sort("place").drop("place")


def _counts(values: dict[str, pl.Series]) -> pl.DataFrame:
    """``name`` and how many rows have it in each split, the largest first."""
    rows = pl.concat(
        [
            pl.DataFrame({"name": held, "split": [split] * len(held)}, schema_overrides=_TEXTS)
            for split, held in values.items()
        ]
    ).drop_nulls("name")
    counted = rows.group_by("name").agg(
        (pl.col("split") == split).sum().cast(pl.Int64).alias(split) for split in values
    )
    return counted.sort(pl.sum_horizontal(*values), "name", descending=[True, False])


_TEXTS = {"name": pl.String, "split": pl.String}


def _variation(counts: pl.DataFrame, split: str, splits: list[str]) -> float | None:
    here = counts[split].to_numpy().astype(float)
    every = counts.select(pl.sum_horizontal(*splits)).to_series().to_numpy().astype(float)
    if not here.sum():
        return None
    return float(0.5 * np.abs(here / here.sum() - every / every.sum()).sum())
