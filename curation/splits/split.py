"""Split records so that no brand, identifier or near-duplicate crosses, and say how well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.taxonomy.tree import Taxonomy
from catalog.wording import counted
from curation.duplicates.join import Told
from curation.splits.by_group import by_group
from curation.splits.by_time import split_by_time, times_of
from curation.splits.features import category_levels, features_of
from curation.splits.folds import folds_of
from curation.splits.frozen import split_around
from curation.splits.groups import record_groups
from curation.splits.overflow import Overflow, resolve_overflow
from curation.splits.settings import SplitSettings
from curation.splits.suspects import suspect_notes
from curation.splits.untied import untied_notes

DROPPED = "dropped"
_LARGEST_SHOWN = 20
_PUBLISHERS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation",
    "validation": "validation", "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class SplitResult:
    """A split, with what ties its groups and how close it came to what was asked.

    Attributes
    ----------
    assignments
        ``row`` (position in the input), ``split`` (``dropped`` where the policy drops),
        ``group_id``, ``fold`` (from 1, of what is not in test; null where no folds are asked for).
    edges
        What ties records (`curation.splits.groups.EDGE_SCHEMA`), ``is_broken`` where the
        policy broke a tie.
    groups
        ``group_id, n_rows, split``, the largest first.
    balance
        ``split, level, n_rows, share, wanted, total_variation, n_missing`` by split and level of
        the taxonomy: how far its categories are from those of all rows, in [0, 1].
    missing
        Categories that are in not every split: ``path_text, split, n_rows, n_groups, reason``.
    """

    assignments: pl.DataFrame
    edges: pl.DataFrame
    groups: pl.DataFrame
    balance: pl.DataFrame
    missing: pl.DataFrame
    figures: dict[str, Any]
    notes: list[str]


def split_records(
    records: pl.LazyFrame,
    settings: SplitSettings,
    *,
    taxonomy: Taxonomy | None = None,
    tie_on: list[str] | None = None,
    before: pl.Series | None = None,
    is_frozen: np.ndarray | None = None,
    progress: Told | None = None,
) -> SplitResult:
    """Split records by group.

    Parameters
    ----------
    records
        Any frame; of the record columns, those that are there are used.
    taxonomy
        Whose categories, at every level, keep their proportion; without it, or where a
        record has no valid path, a record counts for its split's size alone.
    tie_on
        More columns whose equal values tie rows; null ties nothing.
    before
        The split in which each record was, null for new ones: groups stay there, and only new ones
        are drawn. All are drawn where it is None, or where the groups have become others.
    is_frozen
        The rows of a test set that was cut before, shape ``(n,)``: they stay in test, and what
        ties to them is dropped or joins them, as ``frozen_ties`` says.

    Raises
    ------
    InputError
        If there are fewer records than splits, no times to split by, fewer groups than folds, or
        a frozen test set that a split by time could not keep.
    """
    holds_test = is_frozen is not None and bool(is_frozen.any())
    if settings.by == "time" and holds_test:
        raise InputError(
            "a frozen test set stays, and a split by time draws its test anew, from the newest rows. "
            "Let it go with --no-freeze (of a FILE, leave --frozen-test out), or split another way."
        )
    groups = record_groups(records, settings, tie_on=tie_on, progress=progress)
    n = len(groups.labels)
    if n < len(settings.fractions):
        raise InputError(f"{counted(n, 'row')} cannot be split {len(settings.fractions)} ways.")
    overflow = resolve_overflow(groups, settings.fractions, settings.overflow)
    labels = overflow.labels
    levels = category_levels(records, taxonomy)
    kept, notes = features_of(records, settings.keep, levels)
    if progress is not None:
        progress(0, 1, "balancing the splits")
    if settings.by == "time":
        times = times_of(records, settings.time_column)
        split_of_row, told = split_by_time(times, labels, settings.fractions)
    elif is_frozen is not None and holds_test:
        split_of_row, told = split_around(is_frozen, labels, kept, settings, before=before)
    else:
        split_of_row, told = by_group(
            labels,
            ~overflow.is_dropped,
            kept,
            settings,
            fractions=settings.fractions,
            before=before,
        )
    split_of_row[overflow.is_dropped] = -1
    n_groups = len(np.unique(labels[split_of_row >= 0]))
    n_hinted = _follow_publisher(split_of_row, records, settings, is_frozen)
    folds = folds_of(split_of_row, labels, kept, settings)
    names = np.array([*settings.names, DROPPED])
    assignments = pl.DataFrame(
        {
            "row": np.arange(n),
            "split": names[split_of_row].tolist(),
            "group_id": labels,
            "fold": folds,
        },
        schema={"row": pl.Int64, "split": pl.String, "group_id": pl.Int64, "fold": pl.Int64},
    )
    balance, missing = _against_all(split_of_row, labels, levels, settings, taxonomy)
    group_table = (
        assignments.sort(pl.col("split") == DROPPED, maintain_order=True)
        .group_by("group_id", maintain_order=True)
        .agg(pl.len().alias("n_rows"), pl.col("split").first())
        .sort("n_rows", "group_id", descending=[True, False])
    )
    figures = _figures(settings, assignments, group_table, overflow, n_groups, balance, missing)
    figures["n_by_publisher"] = n_hinted
    return SplitResult(
        assignments,
        overflow.edges,
        group_table,
        balance,
        missing,
        figures,
        [
            *suspect_notes(records, groups.edges, settings),
            *untied_notes(records, split_of_row, settings),
            *overflow.notes,
            *notes,
            *told,
            *_notes(figures),
        ],
    )


def _follow_publisher(
    split_of_row: np.ndarray,
    records: pl.LazyFrame,
    settings: SplitSettings,
    is_frozen: np.ndarray | None,
) -> int:
    """Put rows where their publisher put them, where that is asked for; how many those are.

    A row of a frozen test set stays there, whatever its publisher says by now.
    """
    if not settings.keep_publisher or "split_hint" not in records.collect_schema().names():
        return 0
    hints = records.select(pl.col("split_hint").str.to_lowercase()).collect().to_series()
    names = hints.replace_strict(_PUBLISHERS, default=None, return_dtype=pl.String)
    places = {name: place for place, name in enumerate(settings.names)}
    place = names.replace_strict(places, default=None, return_dtype=pl.Int64)
    known = place.is_not_null().to_numpy()
    if is_frozen is not None:
        known = known & ~is_frozen
    split_of_row[known] = place.filter(pl.Series(known)).to_numpy()
    return int(known.sum())


def _against_all(
    split_of_row: np.ndarray,
    labels: np.ndarray,
    levels: list[np.ndarray],
    settings: SplitSettings,
    taxonomy: Taxonomy | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows: list[dict[str, Any]] = []
    lacking: list[pl.DataFrame] = []
    n_kept = int((split_of_row >= 0).sum())
    for position, (name, wanted) in enumerate(zip(settings.names, settings.fractions, strict=True)):
        inside = split_of_row == position
        share = float(inside.sum()) / n_kept if n_kept else float("nan")
        for level, codes in enumerate(levels, 1):
            known = (codes >= 0) & (split_of_row >= 0)
            everywhere = np.bincount(codes[known])
            here = np.bincount(codes[known & inside], minlength=len(everywhere))
            distance = _total_variation(here, everywhere)
            absent = np.flatnonzero((here == 0) & (everywhere > 0))
            rows.append(
                {
                    "split": name,
                    "level": level,
                    "n_rows": int(inside.sum()),
                    "share": share,
                    "wanted": wanted,
                    "total_variation": distance,
                    "n_missing": len(absent),
                }
            )
            if len(absent) and taxonomy is not None:
                lacking.append(
                    _why_missing(
                        absent, codes, known, labels, everywhere, name, level, taxonomy, settings,
                        wanted,
                    )
                )  # fmt: skip
        if not levels:
            rows.append(
                {"split": name, "level": 0, "n_rows": int(inside.sum()), "share": share,
                 "wanted": wanted, "total_variation": None, "n_missing": 0}
            )  # fmt: skip
    schema = {
        "split": pl.String, "level": pl.Int32, "n_rows": pl.Int64, "share": pl.Float64,
        "wanted": pl.Float64, "total_variation": pl.Float64, "n_missing": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema), pl.concat([pl.DataFrame(schema=_MISSING), *lacking])


_MISSING = pl.Schema(
    {
        "path_text": pl.String(),
        "level": pl.Int32(),
        "split": pl.String(),
        "n_rows": pl.Int64(),
        "n_groups": pl.Int64(),
        "reason": pl.String(),
    }
)


def _why_missing(  # type: ignore[no-untyped-def]
    absent, codes, known, labels, everywhere, name, level, taxonomy: Taxonomy,
    settings: SplitSettings, fraction,
) -> pl.DataFrame:  # fmt: skip
    n_splits = len(settings.fractions)
    pairs = np.unique(np.stack([codes[known], labels[known]]), axis=1)
    sizes = np.bincount(labels[known])
    room = (min(settings.fractions) + settings.slack) * known.sum()
    n_groups = np.bincount(pairs[0], minlength=len(everywhere))[absent]
    fits = pairs[0][sizes[pairs[1]] <= room]
    n_fitting = np.bincount(fits, minlength=len(everywhere))[absent]
    few = f"fewer groups than the {n_splits} splits"
    expected = everywhere[absent] * fraction
    return pl.DataFrame(
        {
            "path_text": taxonomy.nodes["path_text"][absent.tolist()],
            "level": [level] * len(absent),
            "split": [name] * len(absent),
            "n_rows": everywhere[absent],
            "n_groups": n_groups,
            "reason": [
                few
                if n < n_splits
                else f"rare: {rows:.1f} rows would be its share"
                if rows < 1
                else f"too large: {n_fits} of its {n} groups fit a split of {room:,.0f} rows"
                if n_fits < n_splits - 1
                else f"its {n} groups hold other categories too, and no way was found for all"
                for n, n_fits, rows in zip(n_groups, n_fitting, expected, strict=True)
            ],
        },
        schema=_MISSING,
    )


def _total_variation(here: np.ndarray, everywhere: np.ndarray) -> float:
    if here.sum() == 0 or everywhere.sum() == 0:
        return float("nan")
    return float(0.5 * np.abs(here / here.sum() - everywhere / everywhere.sum()).sum())


def _figures(
    settings: SplitSettings,
    assignments: pl.DataFrame,
    groups: pl.DataFrame,
    overflow: Overflow,
    n_groups: int,
    balance: pl.DataFrame,
    missing: pl.DataFrame,
) -> dict[str, Any]:
    sizes = dict(assignments.group_by("split").len().sort("split").iter_rows())
    n_kept = sum(n for name, n in sizes.items() if name != DROPPED)
    leaf = balance.filter(pl.col("level") == balance["level"].max())
    return {
        "n_rows": assignments.height,
        "n_groups": n_groups,
        "largest_group": int(groups["n_rows"].max() or 0),  # type: ignore[arg-type]
        "splits": {
            name: {
                "n_rows": sizes.get(name, 0),
                "share": sizes.get(name, 0) / n_kept if n_kept else None,
                "wanted": wanted,
            }
            for name, wanted in zip(settings.names, settings.fractions, strict=True)
        },
        "total_variation": dict(leaf.select("split", "total_variation").iter_rows()),
        "n_dropped": sizes.get(DROPPED, 0),
        "n_broken_edges": overflow.n_broken,
        "oversized": overflow.told,
        "n_edges": dict(overflow.edges.group_by("kind").len().sort("kind").iter_rows()),
        "n_missing_categories": missing["path_text"].n_unique(),
        "largest_groups": groups.head(_LARGEST_SHOWN).to_dicts(),
    }


def _notes(figures: dict[str, Any]) -> list[str]:
    notes = []
    if figures["n_by_publisher"]:
        told = counted(figures["n_by_publisher"], "row")
        notes.append(f"{told} put where their publisher put them, whatever that leaks")
    empty = [name for name, facts in figures["splits"].items() if not facts["n_rows"]]
    if empty:
        notes.append(
            f"{' and '.join(empty)} got no row: the rows make only {counted(figures['n_groups'], 'group')}, "
            f"the largest of {counted(figures['largest_group'], 'row')}"
        )
    if figures["n_missing_categories"]:
        notes.append(
            f"{counted(figures['n_missing_categories'], 'category', 'categories')} could not be in "
            "every split; the table `missing` says why"
        )
    return notes
