"""What a check looks at: records and taxonomy, and what several checks need of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from catalog.paths import joined
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.tree import NO_NODE
from catalog.text import folded
from curation.checks.settings import CheckSettings
from curation.duplicates.join import Told

BATCH_ROWS = 100_000
TEXT_FIELDS = ("title", "description", "query", "question")


@dataclass(frozen=True, eq=False)
class Shelf:
    """Records and taxonomy as the checks read them.

    Attributes
    ----------
    records
        `RECORD_SCHEMA`, lazily. A row is known by its position, ``row``, from 0.
    progress
        Called as ``progress(done, total, message)``.
    """

    records: pl.LazyFrame
    taxonomy: Taxonomy
    settings: CheckSettings
    progress: Told | None = None

    @cached_property
    def rows(self) -> pl.LazyFrame:
        """The records with their position."""
        return self.records.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))

    @cached_property
    def record_ids(self) -> pl.Series:
        """The id of each row."""
        return self.records.select("record_id").collect()["record_id"]

    def batches(self, rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
        """A lazy frame in parts of at most `BATCH_ROWS`, in order, so that memory stays flat."""
        yield from rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)

    def found(self, rows: pl.LazyFrame) -> pl.DataFrame:
        """The few rows that a filter over many leaves, in order."""
        return rows.collect(engine="streaming").sort("row", maintain_order=True)

    @cached_property
    def categories(self) -> pl.DataFrame:
        """``row, path_text, code`` of each record with a category; `NO_NODE` if unknown."""
        paths = self.rows.filter(pl.col("category_path").list.len() > 0).select(
            "row", joined("category_path").alias("path_text")
        )
        held = self.found(paths)
        distinct = held.select(pl.col("path_text").unique(maintain_order=True))
        codes = distinct.with_columns(
            pl.Series("code", self.taxonomy.codes(distinct["path_text"]), dtype=pl.Int32)
        )
        return held.join(codes, on="path_text", how="left", maintain_order="left")

    @cached_property
    def codes(self) -> np.ndarray:
        """The node of each row's category, shape ``(n_records,)``; `NO_NODE` if none or unknown."""
        codes = np.full(len(self.record_ids), NO_NODE, np.int32)
        codes[self.categories["row"].to_numpy()] = self.categories["code"].to_numpy()
        return codes

    def values(self, *columns: str) -> pl.LazyFrame:
        """One row an evidence: ``row``, other columns, ``key, value, pid, begin, end``."""
        return (
            self.rows.filter(pl.col("attributes").list.len() > 0)
            .select("row", *columns, "attributes")
            .explode("attributes")
            .unnest("attributes")
            .explode("evidences")
            .filter(pl.col("evidences").is_not_null())
            .unnest("evidences")
        )

    @cached_property
    def same_text(self) -> np.ndarray:
        """For each row the first row with the same words in title and description.

        Shape ``(n_records,)``; -1 for a row without words. Only where a title occurs again are
        descriptions looked at. Texts are told apart by 128 bits of hash, so none is kept.
        """
        titles = self._hashes("title", self.rows)
        again = titles.filter(pl.struct("low", "high").is_duplicated() | pl.col("is_empty"))
        held = self.rows.join(again.lazy().select("row"), on="row", how="semi")
        both = again.join(self._hashes("description", held), on="row", suffix="_below")
        words = both.filter(~(pl.col("is_empty") & pl.col("is_empty_below")))
        first = np.arange(len(self.record_ids), dtype=np.int64)
        first[both["row"].to_numpy()] = -1
        same = pl.col("row").min().over("low", "high", "low_below", "high_below")
        first[words["row"].to_numpy()] = words.select(same).to_series().to_numpy()
        return first

    def _hashes(self, column: str, rows: pl.LazyFrame) -> pl.DataFrame:
        """``row, low, high, is_empty``: two hashes of the words of a column."""
        plain = pl.col("plain")
        schema = {"row": pl.Int64, "low": pl.UInt64, "high": pl.UInt64, "is_empty": pl.Boolean}
        parts = [pl.DataFrame(schema=schema)]
        for batch in self.batches(rows.select("row", column)):
            words = batch.select("row", folded(batch[column]).fill_null("").alias("plain"))
            hashes = (plain.hash(seed=1).alias("low"), plain.hash(seed=2).alias("high"))
            parts.append(words.select("row", *hashes, (plain == "").alias("is_empty")))
        return pl.concat(parts)
