"""Sets of tags: precision, recall and F1 over all tags, and by tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from evaluation.metrics.group_means import GroupCounts
from evaluation.metrics.metric import Metric, RatioMetric, Sums
from evaluation.metrics.part_means import Part, PartMean
from evaluation.tasks.item_lists import listed, says_none
from evaluation.tasks.row_answers import (
    LABEL,
    RowAnswers,
    TaskKind,
    by_name,
    outcome_metrics,
    outcomes_of,
    said,
    share,
)

MAJORITY = "majority: always the most frequent tag of the gold rows"
_ABOVE_BELOW = {
    "precision": "right / answered",
    "recall": "right / gold",
    "f1": "2 right / (answered + gold)",
}


@dataclass(frozen=True, eq=False)
class TagAnswers(RowAnswers):
    """Tags of gold and answers, a line for each.

    Attributes
    ----------
    tags
        ``row``, ``tag``, ``is_gold``, ``is_answered``; each row and tag once.
    """

    tags: pl.DataFrame

    def by_row(self, column: pl.Expr) -> np.ndarray:
        """Tags of a kind by row, shape ``(n,)``."""
        chosen = self.tags.filter(column)["row"].to_numpy()
        return np.bincount(chosen, minlength=self.n_rows).astype(float)

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether each row has the gold's tags and no other."""
        wrong = self.by_row(pl.col("is_gold") != pl.col("is_answered"))
        return np.asarray((wrong == 0) & self.is_outcome("answered"))


def tag_answers(
    joined_rows: Sequence[pl.DataFrame], clusters: np.ndarray | None
) -> list[TagAnswers]:
    """The tags of several runs; case and repeats do not count."""
    written = joined_rows[0][LABEL].cast(pl.String)
    gold = _long([listed(text) for text in written])
    read = []
    for rows in joined_rows:
        texts, known = said(rows)
        lists = [[] if k is not None else listed(t) for t, k in zip(texts, known, strict=True)]
        is_read = pl.Series(
            [bool(one) or says_none(text) for one, text in zip(lists, texts, strict=True)],
            dtype=pl.Boolean,
        )
        outcomes = outcomes_of(known, is_read)
        both = gold.with_columns(is_gold=True).join(
            _long(lists).with_columns(is_answered=True),
            on=["row", "tag"],
            how="full",
            coalesce=True,
        )
        read.append(
            TagAnswers(
                rows["example_id"],
                written,
                texts.zip_with(outcomes == "answered", pl.Series([None], dtype=pl.String)),
                outcomes,
                clusters,
                both.with_columns(pl.col("is_gold", "is_answered").fill_null(False)).sort(
                    "row", "tag"
                ),
            )
        )
    return read


def _long(lists: Sequence[Sequence[str]]) -> pl.DataFrame:
    rows = [(n, tag.casefold()) for n, tags in enumerate(lists) for tag in tags]
    return pl.DataFrame(rows, schema={"row": pl.Int64, "tag": pl.String}, orient="row").unique()


_GOLD, _ANSWERED = pl.col("is_gold"), pl.col("is_answered")


def _micro(part: Part) -> Callable[[TagAnswers], Sums]:
    def sums(answers: TagAnswers) -> Sums:
        right = answers.by_row(_GOLD & _ANSWERED)
        given, should = answers.by_row(_ANSWERED), answers.by_row(_GOLD)
        if part == "f1":
            return Sums(2 * right, given + should)
        return Sums(right, given if part == "precision" else should)

    return sums


def tag_counts(answers: TagAnswers) -> GroupCounts:
    """Right, answered and gold ones of each tag, by row; a tag of the gold counts."""
    tags = answers.tags
    gold, answered = (tags[name].to_numpy() for name in ("is_gold", "is_answered"))
    return GroupCounts(
        tags["tag"].rank("dense").cast(pl.Int64).to_numpy(),
        tags["row"].to_numpy(),
        np.stack([gold & answered, answered, gold]).astype(float),
        gold,
    )


def tag_metrics(answers: Sequence[TagAnswers]) -> dict[str, Metric[TagAnswers]]:
    """Every metric by name."""
    parts: tuple[Part, ...] = ("precision", "recall", "f1")
    micro = [
        RatioMetric(
            part,
            f"{_ABOVE_BELOW[part]}, tags of all rows summed (micro); case does not count",
            _micro(part),
            empty="there are no tags",
            is_set_by_gold=part == "recall",
        )
        for part in parts
    ]
    macro = [
        PartMean(
            f"{part}_macro",
            f"mean over the tags of the gold of {_ABOVE_BELOW[part]}",
            part,
            tag_counts,
            empty="the gold has no tags",
        )
        for part in parts
    ]
    exact = RatioMetric[TagAnswers](
        "exact_match",
        "share of all gold rows with the gold's tags and no other",
        lambda answers: share(answers.is_correct),
        is_set_by_gold=True,
    )
    return by_name([exact, *micro, *macro, *outcome_metrics()])


def tag_lines(answers: TagAnswers) -> dict[str, Mapping[str, float]]:
    """The most frequent tag in every row."""
    gold = answers.tags.filter("is_gold")
    if gold.is_empty():
        return {}
    most = gold["tag"].value_counts(sort=True)["count"][0]
    precision, recall = most / answers.n_rows, most / gold.height
    f1 = 2 * most / (answers.n_rows + gold.height)
    return {MAJORITY: {"precision": precision, "recall": recall, "f1": f1}}


TAGS = TaskKind(
    "tags",
    "label is a JSON list of tags, or tags parted by commas",
    LABEL,
    tag_answers,
    tag_metrics,
    "f1",
    tag_lines,
)
