"""The proof that nothing leaks, made from the files themselves and not from the plan.

The split joined what is alike; the certificate asks each kind of leak directly: keys that
stand on both sides, equal texts, and every near-duplicate pair across, at the threshold
of the split and lower. A sample of test rows is compared with every train row by counting
words in a sparse product, which shares no code with the join.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_array

from catalog.brands import brand_keys
from catalog.errors import InputError
from catalog.records import text_of
from catalog.text import folded
from curation.duplicates.dedupe import pairs_between
from curation.duplicates.join import Told
from curation.splits.groups import identifier_keys, query_keys

_LISTED = 1_000


class CertifySettings(BaseModel):
    """What a certificate checks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group_columns: list[str] = ["brand"]
    identifiers: bool = True
    queries: bool = True
    text_columns: list[list[str]] = [["title"], ["title", "description"]]
    near_duplicates: float = Field(default=0.8, gt=0, le=1)
    lower_by: float = Field(default=0.1, ge=0, lt=1)
    generic_brands: list[str] = []
    sample_size: int = Field(default=200, ge=0)
    seed: int = 7


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
        Pairs across with the same words in the same order.
    near_pairs
        Pairs across whose similarity reaches the threshold, equal ones included.
    near_pairs_lower
        The same at the lower threshold: what nearly leaks. Not a leak.
    leaking_rows
        The rows of the second set that leak, by id, each once.
    listed
        ``kind, left_id, right_id, key, similarity``, at most 1,000.
    largest_similarity
        The largest similarity of any pair across that was found; NaN if none was.
    sample
        What the second method found on a sample of rows.
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
        n_identifiers, rows, told = _shared_identifiers(left, right, left_ids, right_ids)
        bad.append(rows)
        listed.append(told)
    n_queries = 0
    if settings.queries and "query" in left.columns and "query" in right.columns:
        a, b = query_keys(left["query"]), query_keys(right["query"])
        n_queries, rows, told = _shared_keys(a, b, left_ids, right_ids, "query")
        bad.append(rows)
        listed.append(told)
    exact, near, lower, largest = _text_leaks(left, right, settings, progress)
    for kind, pairs in (("exact", exact), ("near_duplicate", near)):
        bad.append(pairs["right"].unique().to_numpy())
        listed.append(_listed_pairs(kind, pairs, left_ids, right_ids))
    leaking = np.unique(np.concatenate([np.empty(0, np.int64), *bad]))
    return Leaks(
        n_groups,
        n_identifiers,
        n_queries,
        exact.select("left", "right").unique().height,
        near.select("left", "right").unique().height,
        lower,
        right_ids[leaking.tolist()].to_list(),
        pl.concat(listed).head(_LISTED),
        largest,
        _sampled(left, right, settings),
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
    return group_keys(values, generic=settings.generic_brands)


def group_keys(values: pl.Series, *, generic: list[str] | None = None) -> pl.Series:
    """Group values made comparable: as brands where the column is one, else as given.

    White space around a value does not count; an empty value is no group.
    """
    text = values.cast(pl.String).str.strip_chars()
    if any(word in values.name.lower() for word in ("brand", "vendor", "manufacturer", "maker")):
        return brand_keys(text, generic=generic or [])
    return pl.select(pl.when(text != "").then(text)).to_series().rename(values.name)


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
    left: pl.DataFrame, right: pl.DataFrame, left_ids: pl.Series, right_ids: pl.Series
) -> tuple[int, np.ndarray, pl.DataFrame]:
    a, b = _identifier_rows(left), _identifier_rows(right)
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


def _identifier_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """``row, key`` of each identifier, in the words of `curation.splits.groups`."""
    return identifier_keys(frame.lazy())


def _text_leaks(
    left: pl.DataFrame, right: pl.DataFrame, settings: CertifySettings, progress: Told | None
) -> tuple[pl.DataFrame, pl.DataFrame, int, float]:
    lowest = max(0.05, settings.near_duplicates - settings.lower_by)
    exact, near, n_lower, largest = [], [], [], float("nan")
    for columns in settings.text_columns:
        a, b = (f.select(text_of(*columns)).to_series() for f in (left, right))
        same = (
            pl.DataFrame({"text": folded(a)})
            .with_row_index("left")
            .join(pl.DataFrame({"text": folded(b)}).with_row_index("right"), on="text")
            .filter(pl.col("text") != "")
            .select(
                pl.col("left").cast(pl.Int64),
                pl.col("right").cast(pl.Int64),
                pl.lit(1.0).alias("similarity"),
            )
        )
        exact.append(same)
        found = pairs_between(a, b, lowest, progress=progress)
        near.append(found.filter(pl.col("similarity") >= settings.near_duplicates))
        n_lower.append(found.select("left", "right"))
        if found.height:
            largest = np.nanmax([largest, float(found["similarity"].max())])  # type: ignore[arg-type]
    return (
        pl.concat(exact).sort("left", "right"),
        pl.concat(near).sort("left", "right"),
        pl.concat(n_lower).unique().height,
        float(largest),
    )


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


def _sampled(left: pl.DataFrame, right: pl.DataFrame, settings: CertifySettings) -> dict[str, Any]:
    """The nearest train row of a sample of test rows, by another method than the join."""
    n = min(settings.sample_size, right.height)
    if n == 0 or left.height == 0:
        return {"n_rows": 0}
    chosen = np.sort(np.random.default_rng(settings.seed).choice(right.height, n, replace=False))
    largest = np.zeros(n)
    for columns in settings.text_columns:
        texts = pl.concat(
            [
                right[chosen.tolist()].select(text_of(*columns)).to_series(),
                left.select(text_of(*columns)).to_series(),
            ]
        )
        largest = np.maximum(largest, _nearest_by_counting(texts, n))
    return {
        "n_rows": n,
        "n_over_threshold": int((largest >= settings.near_duplicates).sum()),
        "largest_similarity": float(largest.max()),
        "median_similarity": float(np.median(largest)),
    }


def _nearest_by_counting(texts: pl.Series, n_first: int) -> np.ndarray:
    """The largest Jaccard similarity of each of the first texts with any of the rest."""
    words = (
        pl.DataFrame({"word": folded(texts).str.split(" ")})
        .with_row_index("row")
        .explode("word")
        .filter(pl.col("word").is_not_null() & (pl.col("word") != ""))
        .unique(("row", "word"), maintain_order=True)
        .with_columns(pl.col("word").rank("dense").cast(pl.Int64).alias("code"))
    )
    if words.is_empty():
        return np.zeros(n_first)
    shape = (len(texts), int(words["code"].max()) + 1)  # type: ignore[arg-type]
    ones = np.ones(words.height, np.int32)
    held = csr_array((ones, (words["row"].to_numpy(), words["code"].to_numpy())), shape=shape)
    sizes = np.asarray(held.sum(axis=1)).ravel()
    shared = (held[:n_first] @ held[n_first:].T).tocoo()
    union = sizes[shared.row] + sizes[n_first + shared.col] - shared.data
    largest = np.zeros(n_first)
    np.maximum.at(largest, shared.row, shared.data / union)
    return largest


@dataclass(frozen=True)
class Certificate:
    """What was found between the exported files.

    Attributes
    ----------
    between
        `Leaks` of each pair of splits, ``train-test`` and so on.
    files
        Path, rows and SHA-256 of each file that was read.
    """

    between: dict[str, Leaks]
    files: dict[str, dict[str, Any]]
    settings: CertifySettings

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
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for name, path in records.items()
    }
    return Certificate(between, files, settings)


def _read(path: Path, settings: CertifySettings) -> pl.DataFrame:
    wanted = {"example_id": pl.String(), "copy": pl.Int64()}
    for column in [*settings.group_columns, *(c for text in settings.text_columns for c in text)]:
        wanted[column] = pl.String()
    if settings.queries:
        wanted["query"] = pl.String()
    schema = {**wanted, "identifiers": pl.List(pl.Struct({"kind": pl.String, "value": pl.String}))}
    if path.stat().st_size == 0:
        return pl.DataFrame(schema=schema)
    rows = pl.scan_ndjson(path, schema=schema).collect()
    return rows.filter(pl.col("copy").fill_null(0) == 0)
