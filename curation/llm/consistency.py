"""A model's agreement with itself: the same row asked again, in other words and another order."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import polars as pl

from stats.estimate import Estimate
from stats.intervals import bounded_estimate

_Item = TypeVar("_Item")
NO_PAIRS = "no question was answered twice"

SAMPLE_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "question": pl.String(),
        "sample": pl.Int64(),
        "value": pl.String(),
        "score": pl.Float64(),
        "error": pl.String(),
    }
)
"""One vote a sample; ``value`` and ``error`` both null where the model said that there is none."""


def _chance(record_id: str, sample: int, what: str) -> random.Random:
    told = f"{what}\0{record_id}\0{sample}".encode("utf-8", "surrogatepass")
    return random.Random(int.from_bytes(hashlib.sha256(told).digest()[:8], "big"))


def wording(wordings: Sequence[str], record_id: str, sample: int) -> str:
    """How a question is put: the first wording at first, then the others in turn.

    Which of the others is next is drawn by the record.

    Examples
    --------
    >>> [wording(["a", "b"], "1", sample) for sample in range(4)]
    ['a', 'b', 'b', 'b']
    """
    others = wordings[1:]
    if sample == 0 or not others:
        return wordings[0]
    start = _chance(record_id, 0, "wording").randrange(len(others))
    return others[(start + sample - 1) % len(others)]


def shuffled(items: Sequence[_Item], record_id: str, sample: int) -> list[_Item]:
    """Items in an order of chance that is the same for a record and sample, on any machine.

    Examples
    --------
    >>> shuffled("abcd", "1", 0) == shuffled("abcd", "1", 0), sorted(shuffled("abcd", "1", 1))
    (True, ['a', 'b', 'c', 'd'])
    """
    order = list(items)
    _chance(record_id, sample, "order").shuffle(order)
    return order


def self_agreement(votes_by_sample: pl.DataFrame) -> Estimate:
    """The share of pairs of samples that agree, in [0, 1], among those of one record and question.

    ``sum_u sum_c n_uc (n_uc - 1) / sum_u m_u (m_u - 1)`` over questions ``u`` with ``m_u``
    answers, ``n_uc`` of them ``c``. To say that there is no value is an answer; a vote with an
    error and no value is none. The interval takes all questions of a record as dependent. NaN
    where no question has two answers.

    Parameters
    ----------
    votes_by_sample
        `SAMPLE_SCHEMA` of one annotator; other columns are not looked at.

    Returns
    -------
    The estimate; ``n`` counts questions with two answers or more.

    Examples
    --------
    >>> votes = pl.DataFrame({"record_id": ["1", "1", "1", "2", "2"], "question": "category",
    ...     "sample": [0, 1, 2, 0, 1], "value": ["x", "x", "y", None, None], "error": None})
    >>> self_agreement(votes).value  # 1 of 3 pairs, and 1 of 1
    0.5
    """
    answers = _answers(votes_by_sample)
    n = pl.col("n").cast(pl.Float64)
    items = (
        answers.group_by("record_id", "question", "value", maintain_order=True)
        .agg(pl.len().alias("n"))
        .group_by("record_id", "question", maintain_order=True)
        .agg((n * (n - 1)).sum().alias("equal"), (n.sum() * (n.sum() - 1)).alias("pairs"))
        .filter(pl.col("pairs") > 0)
    )
    if items.is_empty():
        return Estimate.undefined(NO_PAIRS)
    equal, pairs = items["equal"].to_numpy(), items["pairs"].to_numpy()
    value = float(equal.sum() / pairs.sum())
    records = np.unique(items["record_id"].to_numpy(), return_inverse=True)[1]
    return bounded_estimate(value, (equal - value * pairs) / pairs.sum(), records)


def settled(votes_by_sample: pl.DataFrame) -> pl.DataFrame:
    """One vote of several samples: the answer that most of them gave, the earliest among equals.

    ``score`` is the mean of the samples that gave it; where none has a score and there are
    several samples, the share of the samples that gave it. Where no sample has an answer, the
    error of the first stands.

    Parameters
    ----------
    votes_by_sample
        `SAMPLE_SCHEMA`.

    Returns
    -------
    ``record_id, question, value, score, error``, one row a record and question, in the order of
    their first votes.

    Examples
    --------
    >>> votes = pl.DataFrame({"record_id": "1", "question": "category", "sample": [0, 1, 2],
    ...     "value": ["y", "x", "x"], "score": None, "error": None}, schema=SAMPLE_SCHEMA)
    >>> settled(votes).select("value", pl.col("score").round(2)).row(0)
    ('x', 0.67)
    """
    one = ["record_id", "question"]
    ordered = votes_by_sample.sort("sample", maintain_order=True)
    n_samples = pl.len().over(one)
    best = (
        _answers(ordered.with_columns(n_samples.alias("n_samples")))
        .group_by(*one, "value", maintain_order=True)
        .agg(
            pl.len().alias("n"),
            pl.col("score").mean(),
            pl.col("error").first(),
            pl.col("n_samples").first(),
        )
        .sort("n", descending=True, maintain_order=True)
        .unique(one, keep="first", maintain_order=True)
        .with_columns(
            pl.coalesce(
                "score", pl.when(pl.col("n_samples") > 1).then(pl.col("n") / pl.col("n_samples"))
            )
        )
    )
    first = votes_by_sample.unique(one, keep="first", maintain_order=True).select(one)
    errors = ordered.unique(one, keep="first", maintain_order=True).select(
        *one, pl.col("error").alias("first_error")
    )
    is_answered = pl.col("n").is_not_null()
    return (
        first.join(best, on=one, how="left", maintain_order="left")
        .join(errors, on=one, how="left", maintain_order="left")
        .select(
            *one,
            "value",
            "score",
            pl.when(is_answered).then("error").otherwise("first_error").alias("error"),
        )
    )


def _answers(votes: pl.DataFrame) -> pl.DataFrame:
    return votes.filter(pl.col("value").is_not_null() | pl.col("error").is_null())
