"""Amazon's Shopping Queries Data Set (Reddy et al. 2022): the scripts of its three tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from evaluation.metrics.metric import RatioMetric, Sums
from evaluation.published.definition import Definition, Source
from evaluation.published.ecellm_ranking import RowValues
from evaluation.published.label_counts import (
    LabelCounts,
    kept_accuracy,
    label_counts,
    union_means,
)
from evaluation.tasks.item_lists import listed
from evaluation.tasks.labels import LabelAnswers, label_answers
from evaluation.tasks.pairs import pair_answers
from evaluation.tasks.ranking import SWAPPED_GAINS, judged_items

_REPOSITORY, _COMMIT = "amazon-science/esci-data", "7916cdf"
_CLASSIFIER = Source(_REPOSITORY, "classification_identification/inference.py", _COMMIT)
_MICRO = "scikit-learn's F1 with average='micro': of single labels the share of right rows"
_NO_LABEL = "rows without a readable label; the script's classifier has none"


def _dcg(gains: Sequence[float]) -> float:
    return float(sum(gain / np.log2(n + 2) for n, gain in enumerate(gains)))


def esci_ndcg(answer: Sequence[str], judged: dict[str, str]) -> float:
    """trec_eval's ndcg of one query: judged items alone, linear gains, swapped S and C.

    Examples
    --------
    >>> round(esci_ndcg(["A", "B"], {"A": "S", "B": "C"}), 3)
    0.688
    """
    ranked = [name for name in dict.fromkeys(answer) if name in judged]
    gains = {name: SWAPPED_GAINS.get(label, 0.0) for name, label in judged.items()}
    ideal = _dcg(sorted(gains.values(), reverse=True))
    return _dcg([gains[name] for name in ranked]) / ideal if ideal > 0 else 0.0


def _read_rankings(rows: pl.DataFrame, clusters: np.ndarray | None) -> RowValues:
    said = rows.select(pl.coalesce("parsed", "raw_output")).to_series()
    values, n_ranked, n_unjudged, n_silent = [], 0, 0, 0
    for n, (gold, text) in enumerate(zip(rows["label"], said, strict=True)):
        judged, answer = judged_items(gold, n), listed(text)
        values.append(esci_ndcg(answer, judged))
        known = sum(name in judged for name in dict.fromkeys(answer))
        n_ranked, n_unjudged = n_ranked + known, n_unjudged + len(answer) - known
        n_silent += not answer
    return RowValues(
        np.array(values, dtype=float),
        clusters,
        {"judged items ranked": n_ranked},
        {
            "ranked items that are not judged or repeated, left out (-J)": n_unjudged,
            "queries without a ranking, at 0 (-c)": n_silent,
        },
    )


def _counted(answers: LabelAnswers) -> LabelCounts:
    names = answers.labels.to_list()
    gold, answer = answers.gold_classes.tolist(), answers.answer_text.to_list()
    pairs = [(n, names[g], a) for n, (g, a) in enumerate(zip(gold, answer, strict=True))]
    dropped = {_NO_LABEL: answers.answer_text.null_count()}
    return label_counts(pairs, answers.n_rows, answers.clusters, dropped)


def _read_labels(rows: pl.DataFrame, clusters: np.ndarray | None) -> LabelCounts:
    return _counted(label_answers([rows], clusters, ("E", "S", "C", "I"))[0])


def _read_substitutes(rows: pl.DataFrame, clusters: np.ndarray | None) -> LabelCounts:
    return _counted(pair_answers([rows], clusters)[0])


ESCI_RANKING = Definition(
    "esci",
    "ranking",
    Source(_REPOSITORY, "ranking/launch-predictions-task1.sh", _COMMIT),
    "task 1: trec_eval -c -J -m 'ndcg.1=0,2=0.01,3=0.1,4=1' over E=4, S=2, C=3, I=1: gains E 1, S "
    ".01, C .1, I 0, taken as they are (linear) over log2(place + 1); mean over all queries",
    (
        "S and C have each other's gain: the paper's table has S .1 and C .01, so that the order E, "
        "S, C, I is not ideal",
        "items that are not judged are taken out before places are counted (-J)",
        "a query without a ranking, or whose items are all worth nothing, counts 0 (-c)",
        "which gains the published .83 and .850 were made with is not known",
    ),
    _read_rankings,
    {
        "ndcg": RatioMetric(
            "ndcg",
            "mean over queries of DCG / ideal DCG; gains E 1, S .01, C .1, I 0, linear",
            lambda answers: Sums(answers.values, np.ones(len(answers.values))),
            is_set_by_gold=True,
        )
    },
    "ndcg",
)
ESCI_LABELS = Definition(
    "esci",
    "labels",
    _CLASSIFIER,
    "task 2: scikit-learn's macro and micro F1 over E, S, C and I",
    (
        "micro F1 of single labels is accuracy",
        "the average is over the labels of gold and answers together",
        "a row without a readable label is wrong and no label of its own",
    ),
    _read_labels,
    {**union_means(), "f1_micro": kept_accuracy("f1_micro", _MICRO)},
    "f1_macro",
)
ESCI_SUBSTITUTES = Definition(
    "esci",
    "pairs",
    _CLASSIFIER,
    "task 3: scikit-learn's macro and micro F1 over substitute (yes) and no substitute (no)",
    ESCI_LABELS.quirks,
    _read_substitutes,
    {**union_means(), "f1_micro": kept_accuracy("f1_micro", _MICRO)},
    "f1_macro",
)
