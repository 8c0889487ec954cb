"""The proof that nothing leaks, made from the files themselves and not from the plan.

The split joined what is alike; the certificate asks each kind of leak directly: keys that
stand on both sides, equal texts, and every near-duplicate pair across, at the threshold
of the split and lower. A sample of test rows is compared with every train row by counting the
words they share one by one, which shares no index and no filter with the join.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.records import text_of
from curation.duplicates.join import Told
from curation.splits.certificate_tables import tables_of
from curation.splits.certify_settings import CertifySettings, group_keys
from curation.splits.crossing import CROSSING_SCHEMA, Crossing, crossing
from curation.splits.groups import identifier_keys, query_keys

_LISTED = 1_000
_FEWEST_SAMPLED, _MOST_COMPARED = 50, 200_000_000
_CURVE = tuple(round(0.05 * step, 2) for step in range(21))


@dataclass(frozen=True)
class Leaks:
    """What crosses between two sets of rows.

    Attributes
    ----------
    shared_groups
        Different group values (brands) that stand on both sides.
    shared_identifiers
        Different identifiers that stand on both sides.
    shared_queries
        Different queries that stand on both sides, by their words in order.
    exact_pairs
        Pairs across with the same words in the same order, of the text that has most.
    near_pairs
        Pairs across whose similarity reaches the threshold in any text, equal ones included.
    near_pairs_lower
        The same at the lower threshold: what nearly leaks. Not a leak.
    leaking_rows
        The rows of the second set that leak, by id, each once.
    listed
        ``kind, left_id, right_id, key, similarity``, at most 1,000.
    largest_similarity
        The largest similarity of any pair across that was found; NaN if none was.
    sample
        What the second method found on a sample of rows; ``nearest`` is the share of them whose
        nearest row on the other side is at least so similar.
    by_text
        Pairs of each text alone: ``exact_pairs, near_duplicate_pairs, lower``.
    """

    shared_groups: int
    shared_identifiers: int
    shared_queries: int
    exact_pairs: int
    near_pairs: int
    near_pairs_lower: int
    leaking_rows: list[Any]
    listed: pl.DataFrame
    largest_similarity: float
    sample: dict[str, Any] = field(default_factory=dict)
    by_text: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def leaks(self) -> bool:
        """Whether anything crosses."""
        return bool(
            self.shared_groups
            or self.shared_identifiers
            or self.shared_queries
            or self.exact_pairs
            or self.near_pairs
        )

    def as_json(self) -> dict[str, Any]:
        """As plain JSON, in the words of ``check-split``."""
        return {
            "shared_groups": self.shared_groups,
            "shared_identifiers": self.shared_identifiers,
            "shared_queries": self.shared_queries,
            "exact_pairs": self.exact_pairs,
            "near_duplicate_pairs": self.near_pairs,
            "near_duplicate_pairs_lower": self.near_pairs_lower,
            "largest_similarity": self.largest_similarity,
            "leaking_rows": self.leaking_rows,
            "leaks": self.listed.to_dicts(),
            "by_text": self.by_text,
            "sample": self.sample,
        }


_LISTED_SCHEMA = pl.Schema(
    {
        "kind": pl.String(),
        "left_id": pl.String(),
        "right_id": pl.String(),
        "key": pl.String(),
        "similarity": pl.Float64(),
    }
)


def find_leaks(
    left: pl.DataFrame,
    right: pl.DataFrame,
    settings: CertifySettings,
    *,
    left_ids: pl.Series,
    right_ids: pl.Series,
    progress: Told | None = None,
) -> Leaks:
    """Everything that two sets of rows share, of the kinds that leak.

    Parameters
    ----------
    left, right
        Rows of train and of test. A column that the settings name and neither frame has is
        an error; one that only one of them has, too.

    Raises
    ------
    InputError
        If a column is missing.
    """
    _require(left, right, settings)
    listed = [pl.DataFrame(schema=_LISTED_SCHEMA)]
    bad: list[np.ndarray] = []
    n_groups = 0
    for column in settings.group_columns:
        shared, rows, told = _shared_keys(
            _keys(left[column], settings),
            _keys(right[column], settings),
            left_ids,
            right_ids,
            column,
        )
        n_groups += shared
        bad.append(rows)
        listed.append(told)
    n_identifiers = 0
    if settings.identifiers and _has_identifiers(left) and _has_identifiers(right):
        n_identifiers, rows, told = _shared_identifiers(left, right, left_ids, right_ids, settings)
        bad.append(rows)
        listed.append(told)
    n_queries = 0
    if settings.queries and "query" in left.columns and "query" in right.columns:
        a, b = query_keys(left["query"]), query_keys(right["query"])
        n_queries, rows, told = _shared_keys(a, b, left_ids, right_ids, "query")
        bad.append(rows)
        listed.append(told)
    texts = _text_leaks(left, right, settings, (left_ids, right_ids), progress)
    bad.append(texts.rows)
    leaking = np.unique(np.concatenate([np.empty(0, np.int64), *bad]))
    largest = float(texts.nearest.max(initial=0.0))
    return Leaks(
        n_groups,
        n_identifiers,
        n_queries,
        texts.exact,
        texts.near,
        texts.lower,
        right_ids.gather(leaking).to_list(),
        pl.concat([*listed, *texts.listed]).head(_LISTED),
        largest if largest > 0 else float("nan"),
        _sampled(texts.counted, settings),
        texts.by_text,
    )


def _has_identifiers(frame: pl.DataFrame) -> bool:
    """Whether there are identifiers; a file without any may have the column in another type."""
    held = frame.schema.get("identifiers")
    return isinstance(held, pl.List) and isinstance(held.inner, pl.Struct)


def _require(left: pl.DataFrame, right: pl.DataFrame, settings: CertifySettings) -> None:
    wanted = [*settings.group_columns, *(c for text in settings.text_columns for c in text)]
    for name, frame in (("the first file", left), ("the second file", right)):
        for column in wanted:
            if column not in frame.columns:
                raise InputError(
                    f"{name} has no column {column!r}. Columns: {', '.join(frame.columns)}. "
                    "Pass --group-column and --text-columns."
                )


def _keys(values: pl.Series, settings: CertifySettings) -> pl.Series:
    return group_keys(
        values,
        generic=settings.generic_brands,
        aliases=settings.brand_aliases,
        placeholders=settings.placeholders,
    )


def _shared_keys(
    left: pl.Series, right: pl.Series, left_ids: pl.Series, right_ids: pl.Series, column: str
) -> tuple[int, np.ndarray, pl.DataFrame]:
    a = pl.DataFrame({"key": left, "left_id": left_ids.cast(pl.String)}).drop_nulls("key")
    b = (
        pl.DataFrame({"key": right, "right_id": right_ids.cast(pl.String)})
        .with_row_index("row")
        .drop_nulls("key")
    )
    first = a.unique("key", keep="first", maintain_order=True)
    both = b.join(first, on="key", how="inner", maintain_order="left")
    told = both.unique("key", keep="first", maintain_order=True).head(_LISTED)
    told = told.select(
        pl.lit(f"shared {column}").alias("kind"),
        "left_id",
        "right_id",
        "key",
        pl.lit(None, pl.Float64).alias("similarity"),
    )
    return both["key"].n_unique(), both["row"].cast(pl.Int64).to_numpy(), told


def _shared_identifiers(
    left: pl.DataFrame,
    right: pl.DataFrame,
    left_ids: pl.Series,
    right_ids: pl.Series,
    settings: CertifySettings,
) -> tuple[int, np.ndarray, pl.DataFrame]:
    a, b = (identifier_keys(side.lazy(), settings.placeholders) for side in (left, right))
    both = b.join(a, on="key", how="inner", suffix="_left", maintain_order="left")
    told = both.unique("key", keep="first", maintain_order=True).head(_LISTED)
    told = told.select(
        pl.lit("shared identifier").alias("kind"),
        left_ids.cast(pl.String)[told["row_left"].to_list()].alias("left_id"),
        right_ids.cast(pl.String)[told["row"].to_list()].alias("right_id"),
        "key",
        pl.lit(None, pl.Float64).alias("similarity"),
    )
    return both["key"].n_unique(), both["row"].unique().to_numpy(), told


@dataclass(frozen=True)
class _Texts:
    """What crosses in any of the texts."""

    exact: int
    near: int
    lower: int
    by_text: dict[str, dict[str, int]]
    rows: np.ndarray
    listed: list[pl.DataFrame]
    nearest: np.ndarray
    counted: np.ndarray


def _text_leaks(
    left: pl.DataFrame,
    right: pl.DataFrame,
    settings: CertifySettings,
    ids: tuple[pl.Series, pl.Series],
    progress: Told | None,
) -> _Texts:
    lowest = max(0.05, settings.near_duplicates - settings.lower_by)
    chosen = _chosen(left.height, right.height, settings)
    found: dict[str, Crossing] = {}
    for columns in settings.text_columns:
        a, b = (f.select(text_of(*columns)).to_series() for f in (left, right))
        found[" + ".join(columns)] = crossing(
            a, b, settings.near_duplicates, lowest, chosen=chosen, progress=progress
        )
    none = np.empty(0, np.int64)
    nearest, counted = np.zeros(right.height), np.zeros(len(chosen))
    for each in found.values():
        nearest = np.maximum(nearest, each.nearest)
        counted = np.maximum(counted, each.counted)
    by_text = {
        name: {"exact_pairs": c.n_exact, "near_duplicate_pairs": c.n_near, "lower": c.n_lower}
        for name, c in found.items()
    }
    near, lower = _together(list(found.values()), settings.near_duplicates)
    rows = [none, *(r for c in found.values() for r in (c.exact_right, c.near_right))]
    empty = pl.DataFrame(schema=CROSSING_SCHEMA)
    listed = [
        _listed_pairs(kind, pl.concat([empty, *(getattr(c, name) for c in found.values())]), *ids)
        for kind, name in (("exact", "exact"), ("near_duplicate", "near"))
    ]
    exact = max((c.n_exact for c in found.values()), default=0)
    return _Texts(exact, near, lower, by_text, np.concatenate(rows), listed, nearest, counted)


def _together(found: list[Crossing], threshold: float) -> tuple[int, int]:
    """Pairs over all texts, each once; where they are too many, those of the text with most."""
    expanded = [c.lower_pairs for c in found if c.lower_pairs is not None]
    if len(expanded) < len(found):
        return max(c.n_near for c in found), max(c.n_lower for c in found)
    if not expanded:
        return 0, 0
    best = pl.concat(expanded).group_by("left", "right").agg(pl.max("similarity"))
    return int((best["similarity"] >= threshold).sum()), best.height


def _listed_pairs(
    kind: str, pairs: pl.DataFrame, left_ids: pl.Series, right_ids: pl.Series
) -> pl.DataFrame:
    shown = pairs.unique(("left", "right"), keep="first", maintain_order=True).head(_LISTED)
    return shown.select(
        pl.lit(kind).alias("kind"),
        left_ids.cast(pl.String)[shown["left"].to_list()].alias("left_id"),
        right_ids.cast(pl.String)[shown["right"].to_list()].alias("right_id"),
        pl.lit(None, pl.String).alias("key"),
        "similarity",
    )


def _chosen(n_left: int, n_right: int, settings: CertifySettings) -> np.ndarray:
    """Rows of the right side that are compared with every left one."""
    most = max(_FEWEST_SAMPLED, _MOST_COMPARED // max(n_left, 1))
    n = min(settings.sample_size, most, n_right) if n_left and settings.text_columns else 0
    drawn = np.random.default_rng(settings.seed).choice(n_right, n, replace=False)
    return np.sort(drawn).astype(np.int64)


def _sampled(largest: np.ndarray, settings: CertifySettings) -> dict[str, Any]:
    """The nearest train row of a sample of test rows, by another method than the join."""
    if not len(largest):
        return {"n_rows": 0}
    return {
        "n_rows": len(largest),
        "n_over_threshold": int((largest >= settings.near_duplicates).sum()),
        "largest_similarity": float(largest.max()),
        "median_similarity": float(np.median(largest)),
        "nearest": [{"similarity": at, "share": float((largest >= at).mean())} for at in _CURVE],
    }


@dataclass(frozen=True)
class Certificate:
    """What was found between the exported files.

    Attributes
    ----------
    between
        `Leaks` of each pair of splits, ``train-test`` and so on.
    files
        Path, rows and SHA-256 of each file that was read.
    tables
        What stands in them (`certificate_tables.tables_of`).
    """

    between: dict[str, Leaks]
    files: dict[str, dict[str, Any]]
    settings: CertifySettings
    tables: dict[str, Any] = field(default_factory=dict)

    @property
    def leaks(self) -> bool:
        """Whether anything leaks between any two splits."""
        return any(found.leaks for found in self.between.values())

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "leaks": self.leaks,
            "settings": self.settings.model_dump(mode="json"),
            "files": self.files,
            "tables": self.tables,
            "between": {name: found.as_json() for name, found in self.between.items()},
        }


def certify_files(
    records: dict[str, Path], settings: CertifySettings, *, progress: Told | None = None
) -> Certificate:
    """Certify exported splits by reading them back.

    Parameters
    ----------
    records
        The ``records/SPLIT.jsonl`` file of each split.
    """
    frames = {name: _read(path, settings) for name, path in records.items()}
    names = list(frames)
    between = {}
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            between[f"{first}-{second}"] = find_leaks(
                frames[first],
                frames[second],
                settings,
                left_ids=frames[first]["example_id"],
                right_ids=frames[second]["example_id"],
                progress=progress,
            )
    files = {
        name: {
            "file": path.name,
            "n_rows": frames[name].height,
            "sha256": _sha256(path),
        }
        for name, path in records.items()
    }
    return Certificate(between, files, settings, tables_of(frames, settings))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, settings: CertifySettings) -> pl.DataFrame:
    wanted: dict[str, pl.DataType] = {"example_id": pl.String(), "copy": pl.Int64()}
    for column in [*settings.group_columns, *(c for text in settings.text_columns for c in text)]:
        wanted[column] = pl.String()
    if settings.queries:
        wanted["query"] = pl.String()
    wanted["category_path"] = pl.List(pl.String)
    schema = {**wanted, "identifiers": pl.List(pl.Struct({"kind": pl.String, "value": pl.String}))}
    if path.stat().st_size == 0:
        return pl.DataFrame(schema=schema)
    rows = pl.scan_ndjson(path, schema=schema).collect()
    return rows.filter(pl.col("copy").fill_null(0) == 0)
