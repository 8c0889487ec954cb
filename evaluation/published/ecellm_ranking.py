"""eCeLLM's nDCG: the ideal is over what was answered, not over what was judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from evaluation.metrics.metric import RatioMetric, Sums
from evaluation.published.definition import Definition
from evaluation.published.ecellm_labels import BY_POSITION, ECELLM, outputs
from evaluation.tasks.ranking import ESCI_GAINS, judged_items

_EPSILON = 1e-6


@dataclass(frozen=True, eq=False)
class RowValues:
    """One number a row."""

    values: np.ndarray
    clusters: np.ndarray | None
    counts: Mapping[str, int]
    dropped: Mapping[str, int]


def token_gains(said: str, items: Mapping[str, str]) -> tuple[list[float], int]:
    """The gains of the tokens that the script reads, and how many it drops.

    A token is read by its first character: that of " B" is a space, and it is dropped.

    Examples
    --------
    >>> token_gains("A, B", {"A": "E", "B": "S"}), token_gains("A,A", {"A": "E"})
    (([1.0], 1), ([1.0, 1.0], 0))
    """
    gains, n_dropped = [], 0
    for token in said.strip().split(","):
        label = items.get(token[:1])
        if label in ESCI_GAINS:
            gains.append(ESCI_GAINS[label])
        else:
            n_dropped += 1
    return gains, n_dropped


def _dcg(gains: list[float]) -> float:
    return float(sum((2**gain - 1) / np.log2(n + 2) for n, gain in enumerate(gains)))


def _read(rows: pl.DataFrame, clusters: np.ndarray | None) -> RowValues:
    values, n_read, n_dropped = [], 0, 0
    for n, (gold, said) in enumerate(zip(rows["label"], outputs(rows), strict=True)):
        gains, dropped = token_gains(said, judged_items(gold, n))
        values.append(_dcg(gains) / (_dcg(sorted(gains, reverse=True)) + _EPSILON))
        n_read, n_dropped = n_read + len(gains), n_dropped + dropped
    return RowValues(
        np.array(values, dtype=float),
        clusters,
        {"tokens read": n_read},
        {"tokens that the script drops": n_dropped},
    )


ECELLM_RANKING = Definition(
    "ecellm",
    "ranking",
    ECELLM,
    "nDCG with gains E 1, S .1, C .01, I 0 as 2^gain - 1 over log2(place + 1), the ideal being the "
    "best order of the same answered tokens, plus 1e-6; mean over all gold rows",
    (
        "items that are not answered cost nothing: one item alone scores 1 if it has a gain",
        "tokens are parted by commas and read by their first character: of 'A, B' the B is dropped",
        "'A,A,A' is a ranking",
        "what it calls invalid are tokens, not rows",
        BY_POSITION,
    ),
    _read,
    {
        "ndcg": RatioMetric(
            "ndcg",
            "mean over gold rows of DCG / (DCG of the answered tokens in their best order + 1e-6)",
            lambda answers: Sums(answers.values, np.ones(len(answers.values))),
            is_set_by_gold=True,
        )
    },
    "ndcg",
)
