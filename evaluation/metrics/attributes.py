"""Answers to "which values has each attribute?" as outcomes of (product, attribute) pairs.

Every attribute that the gold asks for is one pair. A value is given or it is null (null, an
empty list, a missing key, or a null spelling such as "n/a").

======  =====================================  =======================
pair    gold                                   answer
======  =====================================  =======================
NN      null                                   null
NV      null                                   a value (hallucination)
NX      null                                   none that could be read
VN      a value                                null, or none
VC      a value                                right
VW      a value                                another value
======  =====================================  =======================

A value is right if it is one of the gold's; where several are answered, each has to be. Answers
for attributes that the gold does not ask for are counted (``unasked``) and judged neither way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.paths import joined
from evaluation.answers.attribute_pairs import (
    NULL_VALUES,
    attribute_values,
    is_json_object,
    normalised,
    token_f1,
)
from evaluation.answers.evidence import objects_of, span_scores, spans_of
from evaluation.answers.json_text import is_strict_json
from evaluation.answers.outcomes import outcome_counts, without_answer
from evaluation.answers.paths import read_paths
from evaluation.metrics.clusters import cluster_codes

KINDS = ("NN", "NV", "NX", "VN", "VC", "VW")
RIGHT = ("NN", "VC")
GOLD_CATEGORY = "gold_category"


@dataclass(frozen=True, eq=False)
class AttributeAnswers:
    """One run's attributes beside the gold.

    Attributes
    ----------
    example_ids
        The keys of the products, in the order of all arrays.
    pairs
        A line for each asked pair: ``row`` (product), ``key``, ``gold`` and ``answer`` (values,
        ``list[str]``), ``kind`` and ``kind_normalised`` (`KINDS`), ``token_f1`` (null where the
        gold is null), ``span_exact`` and ``span_f1`` (`evaluation.answers.evidence`; null where the gold has
        no spans, or no answer of the run has one).
    n_unasked
        Values for attributes that the gold does not ask for, by product, shape ``(n,)``.
    outcomes
        What became of each product's row (`evaluation.answers.outcomes`).
    is_json
        Whether the raw output is JSON: 1.0, 0.0, NaN where there is no raw output.
    clusters
        Codes of the groups of dependent products; None where they are independent.
    categories
        The category of each product, null where it has none; None where the gold tells none.
    """

    example_ids: pl.Series
    pairs: pl.DataFrame
    n_unasked: np.ndarray
    outcomes: pl.Series
    is_json: np.ndarray
    clusters: np.ndarray | None
    categories: pl.Series | None = None

    @property
    def n_rows(self) -> int:
        """Products."""
        return len(self.example_ids)

    @cached_property
    def rows(self) -> np.ndarray:
        """The product of each pair, shape ``(m,)``."""
        return self.pairs["row"].to_numpy()

    def counts(self, *kinds: str, column: str = "kind") -> np.ndarray:
        """Pairs of some kinds by product, shape ``(n,)``."""
        chosen = self.pairs[column].is_in(kinds).to_numpy()
        return np.bincount(self.rows[chosen], minlength=self.n_rows).astype(float)

    @cached_property
    def is_right(self) -> np.ndarray:
        """Whether each pair is right, shape ``(m,)``."""
        return self.pairs["kind"].is_in(RIGHT).to_numpy()

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether all pairs of each product are right, shape ``(n,)``."""
        n_wrong = np.bincount(self.rows[~self.is_right], minlength=self.n_rows)
        return np.asarray(n_wrong == 0)

    @cached_property
    def outcome_counts(self) -> dict[str, int]:
        """Products of each outcome."""
        return outcome_counts(self.outcomes)

    def is_outcome(self, name: str) -> np.ndarray:
        """Which products had an outcome, shape ``(n,)``."""
        return (self.outcomes == name).to_numpy()

    @cached_property
    def gold_text(self) -> pl.Series:
        """The gold of each product in one text."""
        return self._told("gold")

    @cached_property
    def answer_text(self) -> pl.Series:
        """The asked answers of each product in one text; null without an answer."""
        told = self._told("answer")
        return told.set(~pl.Series(self.is_outcome("answered")), None)

    def _told(self, column: str) -> pl.Series:
        values = pl.col(column).list.join(" | ")
        shown = pl.when(values != "").then(values).otherwise(pl.lit("–"))
        by_row = (
            self.pairs.select("row", text=pl.concat_str(pl.col("key"), pl.lit(": "), shown))
            .group_by("row", maintain_order=True)
            .agg(pl.col("text").str.join("; "))
        )
        rows = pl.DataFrame({"row": np.arange(self.n_rows)}, schema={"row": pl.Int64})
        return rows.join(by_row, on="row", how="left", maintain_order="left")["text"].alias(column)


def attribute_gold(frame: pl.DataFrame, where: str) -> tuple[pl.DataFrame, list[str]]:
    """Gold rows with ``attributes`` and a text key; rows that ask for nothing are left out, aloud.

    Raises
    ------
    InputError
        If a column is missing, a key is null, or no row has attributes.
    """
    for column in ("example_id", "attributes"):
        if column not in frame.columns:
            raise InputError(
                f"{where}: no column {column!r}. Found: {', '.join(frame.columns)}. Gold rows need "
                "example_id and attributes."
            )
    ids = frame["example_id"].cast(pl.String)
    if ids.null_count():
        raise InputError(f"{where}: example_id is empty in {ids.null_count():,} rows.")
    gold = frame.with_columns(ids.alias("example_id")).rename({"attributes": "gold_attributes"})
    if "category_path" in gold.columns or "category" in gold.columns:
        gold = gold.with_columns(_category_texts(gold).alias(GOLD_CATEGORY))
    asking = attribute_values(gold["gold_attributes"], ())["row"].unique()
    kept = gold.with_row_index("_row").filter(pl.col("_row").is_in(asking.implode())).drop("_row")
    if kept.is_empty():
        raise InputError(f"{where}: no row has attributes. Is this the gold file?")
    n_left = gold.height - kept.height
    notes = (
        [f"{where}: {n_left:,} rows that ask for no attribute are not scored."] if n_left else []
    )
    return kept, notes


def _category_texts(gold: pl.DataFrame) -> pl.Series:
    """The category of each product as a joined path."""
    given = gold["category_path" if "category_path" in gold.columns else "category"]
    if not isinstance(given.dtype, pl.List):
        given = read_paths(given.cast(pl.String), is_raw=False)["path"]
    return given.rename("path").to_frame().select(joined("path")).to_series()


def attribute_answers(
    joined_rows: Sequence[pl.DataFrame],
    cluster_column: str | None = None,
    null_values: tuple[str, ...] = NULL_VALUES,
) -> list[AttributeAnswers]:
    """The answers of several runs on the same gold rows.

    Parameters
    ----------
    joined_rows
        For each run, gold rows with their predictions (`joining.join_predictions` over
        `attribute_gold`), all in the same order.
    cluster_column
        The gold column whose equal values are dependent products.
    null_values
        Texts that count as null in gold and answers.
    """
    gold_rows = joined_rows[0]
    gold = attribute_values(gold_rows["gold_attributes"], null_values)
    clusters = cluster_codes(gold_rows, cluster_column)
    spans = spans_of(gold_rows["gold_attributes"])
    categories = gold_rows[GOLD_CATEGORY] if GOLD_CATEGORY in gold_rows.columns else None
    return [
        replace(_answers(rows, gold, spans, clusters, null_values), categories=categories)
        for rows in joined_rows
    ]


def _answers(
    rows: pl.DataFrame,
    gold: pl.DataFrame,
    gold_spans: pl.DataFrame,
    clusters: np.ndarray | None,
    null_values: tuple[str, ...],
) -> AttributeAnswers:
    texts, outcomes, is_json = _answer_texts(rows)
    answers = attribute_values(texts, null_values).drop_nulls("value")
    asked = gold.select("row", "key").unique(maintain_order=True)
    judged = answers.join(asked, on=["row", "key"], how="semi", maintain_order="left")
    n_unasked = answers.join(asked, on=["row", "key"], how="anti")["row"].to_numpy()
    pairs = asked
    for name, values in (("gold", gold.drop_nulls("value")), ("answer", judged)):
        lists = values.group_by("row", "key", maintain_order=True).agg(pl.col("value").alias(name))
        pairs = pairs.join(lists, on=["row", "key"], how="left", maintain_order="left")
    matched = _matched(gold.drop_nulls("value"), judged)
    pairs = pairs.join(matched, on=["row", "key"], how="left", maintain_order="left")
    spans = span_scores(gold_spans, spans_of(texts))
    pairs = pairs.join(spans, on=["row", "key"], how="left", maintain_order="left")
    unread = pl.Series(outcomes != "answered").gather(pairs["row"])
    gold_null, answer_null = pl.col("gold").is_null(), pl.col("answer").is_null()

    def kind(is_same: str) -> pl.Expr:
        return (
            pl.when(gold_null & pl.lit(unread))
            .then(pl.lit("NX"))
            .when(gold_null)
            .then(pl.when(answer_null).then(pl.lit("NN")).otherwise(pl.lit("NV")))
            .when(answer_null)
            .then(pl.lit("VN"))
            .when(pl.col(is_same))
            .then(pl.lit("VC"))
            .otherwise(pl.lit("VW"))
        )

    pairs = pairs.select(
        "row",
        "key",
        pl.col("gold").fill_null([]),
        pl.col("answer").fill_null([]),
        kind("is_same").alias("kind"),
        kind("is_same_normalised").alias("kind_normalised"),
        pl.when(~gold_null).then(pl.col("token_f1").fill_null(0.0)).alias("token_f1"),
        "span_exact",
        "span_f1",
    )
    return AttributeAnswers(
        rows["example_id"],
        pairs,
        np.bincount(n_unasked, minlength=rows.height).astype(float),
        outcomes,
        is_json,
        clusters,
    )


def _answer_texts(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series, np.ndarray]:
    """Each row's JSON object, from ``attributes``, else ``parsed``, else the raw output."""
    names = ("attributes", "parsed", "raw_output")
    texts = {name: objects_of(rows[name].str.strip_chars()) for name in names}
    objects = {
        f"{name}_object": texts[name].zip_with(
            is_json_object(texts[name]).fill_null(False), pl.Series([None], dtype=pl.String)
        )
        for name in names
    }
    frame = pl.DataFrame({**texts, **objects}).with_columns(
        rows.select(without_answer().alias("known")).to_series(),
        text=pl.coalesce(f"{name}_object" for name in names),
        said=pl.coalesce("raw_output", "parsed", "attributes"),
    )
    outcome = pl.coalesce(
        "known",
        pl.when(pl.col("text").is_not_null())
        .then(pl.lit("answered"))
        .when(pl.col("said").is_null() | (pl.col("said") == "null"))
        .then(pl.lit("null"))
        .when(pl.col("said") == "")
        .then(pl.lit("empty"))
        .otherwise(pl.lit("invalid")),
    )
    outcomes = frame.select(outcome.alias("outcome")).to_series()
    text = frame["text"].zip_with(outcomes == "answered", pl.Series([None], dtype=pl.String))
    is_json = is_strict_json(texts["raw_output"]).cast(pl.Float64).fill_null(float("nan"))
    return text, outcomes, is_json.to_numpy()


def _matched(gold: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """For each answered pair with a gold value: whether it is right, and its token F1."""
    crossed = answers.join(gold, on=["row", "key"], suffix="_gold")
    texts = crossed.select("value", "value_gold").unique()
    texts = texts.with_columns(
        same=pl.col("value") == pl.col("value_gold"),
        same_normalised=normalised(texts["value"]) == normalised(texts["value_gold"]),
        overlap=token_f1(texts["value_gold"], texts["value"]),
    )
    by_value = (
        crossed.join(texts, on=["value", "value_gold"], how="left")
        .group_by("row", "key", "value")
        .agg(pl.col("same").any(), pl.col("same_normalised").any(), pl.col("overlap").max())
    )
    return by_value.group_by("row", "key").agg(
        pl.col("same").all().alias("is_same"),
        pl.col("same_normalised").all().alias("is_same_normalised"),
        pl.col("overlap").mean().alias("token_f1"),
    )
