"""What is measured on category answers; each number has its definition beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluation.metrics.calibration import calibration_metrics
from evaluation.metrics.categories import MOST_REPAIRED, CategoryAnswers
from evaluation.metrics.class_metrics import ClassMetric
from evaluation.metrics.hierarchical_macro import HierarchicalMacro
from evaluation.metrics.metric import Metric, RatioMetric, Sums

LEVEL_PREFIX = "accuracy_at_level."
TOP = (3, 5, 10)


def _share(is_counted: np.ndarray) -> Sums:
    return Sums(is_counted.astype(float), np.ones(len(is_counted)))


def _accuracy(answers: CategoryAnswers) -> Sums:
    return _share(answers.is_correct)


def _hierarchical_precision(answers: CategoryAnswers) -> Sums:
    return Sums(answers.shared.astype(float), answers.answer_depth.astype(float))


def _hierarchical_recall(answers: CategoryAnswers) -> Sums:
    return Sums(answers.shared.astype(float), answers.gold_depth.astype(float))


def _hierarchical_f1(answers: CategoryAnswers) -> Sums:
    return Sums(2.0 * answers.shared, (answers.gold_depth + answers.answer_depth).astype(float))


def _is_error(answers: CategoryAnswers) -> np.ndarray:
    return np.asarray((answers.answer >= 0) & ~answers.is_correct)


def _error_distance(answers: CategoryAnswers) -> Sums:
    wrong = _is_error(answers)
    edges = answers.gold_depth + answers.answer_depth - 2 * answers.shared
    return Sums(np.where(wrong, edges, 0).astype(float), wrong.astype(float))


def _error_height(answers: CategoryAnswers) -> Sums:
    wrong = _is_error(answers)
    return Sums(
        np.where(wrong, answers.gold_depth - answers.shared, 0).astype(float), wrong.astype(float)
    )


def _coverage(answers: CategoryAnswers) -> Sums:
    return _share(answers.is_outcome("answered"))


def _invalid(answers: CategoryAnswers) -> Sums:
    return _share(answers.is_outcome("invalid"))


def _out_of_taxonomy(answers: CategoryAnswers) -> Sums:
    return _share(answers.is_outside)


def _of_repaired(
    counted: Callable[[CategoryAnswers, np.ndarray], np.ndarray],
) -> Callable[[CategoryAnswers], Sums]:
    def sums(answers: CategoryAnswers) -> Sums:
        if answers.repaired is None:
            return Sums(np.zeros(answers.n_rows), np.zeros(answers.n_rows))
        return _share(counted(answers, answers.repaired))

    return sums


def _lowest_common_precision(answers: CategoryAnswers) -> Sums:
    below = answers.answer_depth - answers.shared
    return Sums((answers.shared > 0) / (below + 1.0), (answers.answer >= 0).astype(float))


def _lowest_common_recall(answers: CategoryAnswers) -> Sums:
    below = answers.gold_depth - answers.shared
    return Sums((answers.shared > 0) / (below + 1.0), np.ones(answers.n_rows))


def _lowest_common_f1(answers: CategoryAnswers) -> Sums:
    below = answers.gold_depth + answers.answer_depth - 2 * answers.shared
    return Sums((answers.shared > 0) / (below / 2 + 1), np.ones(answers.n_rows))


def _semantic_f1(answers: CategoryAnswers) -> Sums:
    alike = 2.0 * answers.shared / (answers.gold_depth + answers.answer_depth)
    return Sums(2 * alike, 1.0 + (answers.answer >= 0))


def _semantic_f1_embedding(answers: CategoryAnswers) -> Sums:
    if answers.likeness is None:
        return Sums(np.zeros(answers.n_rows), np.zeros(answers.n_rows))
    return Sums(2 * answers.likeness, 1.0 + (answers.answer >= 0))


def _in_top(k: int) -> Callable[[CategoryAnswers], Sums]:
    def sums(answers: CategoryAnswers) -> Sums:
        ranks = answers.gold_ranks
        if ranks is None:
            return Sums(np.zeros(answers.n_rows), np.zeros(answers.n_rows))
        return _share((ranks >= 0) & (ranks < k))

    return sums


def _reciprocal_rank(answers: CategoryAnswers) -> Sums:
    ranks = answers.gold_ranks
    if ranks is None:
        return Sums(np.zeros(answers.n_rows), np.zeros(answers.n_rows))
    return Sums(np.where(ranks >= 0, 1 / (np.maximum(ranks, 0) + 1.0), 0), np.ones(len(ranks)))


def _valid_json(answers: CategoryAnswers) -> Sums:
    there = ~np.isnan(answers.is_json)
    return Sums(np.nan_to_num(answers.is_json), there.astype(float))


def _accuracy_at(level: int) -> RatioMetric[CategoryAnswers]:
    def sums(answers: CategoryAnswers) -> Sums:
        asked = answers.gold_depth >= level
        return Sums(((answers.shared >= level) & asked).astype(float), asked.astype(float))

    return RatioMetric(
        f"{LEVEL_PREFIX}{level}",
        f"share of the gold rows with a level {level} whose answer is right down to that level",
        sums,
        empty=f"no gold row has a level {level}",
        is_set_by_gold=True,
    )


_CLASSES = "over the categories that occur in the gold"
_NEVER = "one that is never answered counts 0"
_LOWEST = "the lowest category that both paths share"
_NONE = "0 where they share none"
_NO_ENCODER = "no embedding model is set: --embedding, or embedding in [score], names one"
_NO_CANDIDATES = "no prediction has candidates"
_NO_REPAIR = f"no taxonomy is given, or more than {MOST_REPAIRED:,} paths are outside it"


def category_metrics(n_levels: int, max_depth: int = 0) -> dict[str, Metric[CategoryAnswers]]:
    """Every metric by name, with accuracy at each level of the gold.

    Parameters
    ----------
    n_levels
        The deepest level of the gold.
    max_depth
        The deepest level of the tree of gold and answers, the bound of the error distances;
        the gold's where 0.
    """
    deepest = float(max(n_levels, max_depth))
    metrics: list[Metric[CategoryAnswers]] = [
        RatioMetric(
            "accuracy",
            "share of all gold rows answered with exactly the gold path; a row without an answer "
            "is wrong",
            _accuracy,
            is_set_by_gold=True,
        ),
        ClassMetric(
            "precision_macro",
            f"mean {_CLASSES} of the share of answers of a category that are right; {_NEVER}",
            "precision",
        ),
        ClassMetric(
            "recall_macro",
            f"mean {_CLASSES} of the share of its gold rows that are answered right",
            "recall",
        ),
        ClassMetric(
            "f1_macro",
            f"mean {_CLASSES} of F1 = 2 right / (gold rows + answers); an invalid or missing "
            "answer is wrong but no category of its own",
            "f1",
        ),
        ClassMetric("f1_weighted", f"mean {_CLASSES} of F1, weighted by gold rows", "f1", True),
        *(_accuracy_at(level) for level in range(1, n_levels + 1)),
        RatioMetric(
            "hierarchical_precision",
            "nodes of the answered paths that are on the gold paths / nodes of the answered paths "
            "(every prefix of a path is a node; summed over rows)",
            _hierarchical_precision,
            empty="no row is answered",
        ),
        RatioMetric(
            "hierarchical_recall",
            "nodes of the answered paths that are on the gold paths / nodes of the gold paths; a "
            "row without an answer adds 0 to the first and all its nodes to the second",
            _hierarchical_recall,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "hierarchical_f1",
            "2 x shared nodes / (nodes of the answered paths + nodes of the gold paths), summed "
            "over rows",
            _hierarchical_f1,
        ),
        HierarchicalMacro(
            "hierarchical_f1_macro",
            f"mean {_CLASSES} of the hierarchical F1 of the rows of that category",
        ),
        RatioMetric(
            "lca_precision",
            f"mean over answered rows of 1 / (levels from the answer up to {_LOWEST} + 1); {_NONE}",
            _lowest_common_precision,
            empty="no row is answered",
        ),
        RatioMetric(
            "lca_recall",
            f"mean over all gold rows of 1 / (levels from the gold up to {_LOWEST} + 1); {_NONE}, as "
            "is a row without an answer",
            _lowest_common_recall,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "lca_f1",
            "mean over all gold rows of the harmonic mean of LCA precision and recall of the row; a "
            "row without an answer is 0",
            _lowest_common_f1,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "semantic_f1",
            "2 x similarity of answer and gold, summed over rows / (answered rows + gold rows); "
            "similarity through the tree: 2 x shared levels / (levels of the answer + of the gold)",
            _semantic_f1,
        ),
        RatioMetric(
            "semantic_f1_embedding",
            "2 x similarity of answer and gold, summed over rows / (answered rows + gold rows); "
            "similarity of meaning: the cosine of the embedded paths, 0 where it is below, 1 where the "
            "answer is the gold path",
            _semantic_f1_embedding,
            empty=_NO_ENCODER,
        ),
        *(
            RatioMetric(
                f"top_{k}_accuracy",
                f"share of all gold rows whose gold path is among the first {k} of the ranking: the "
                "answer, then the other candidates; a row without an answer is wrong",
                _in_top(k),
                empty=_NO_CANDIDATES,
                is_set_by_gold=True,
            )
            for k in TOP
        ),
        RatioMetric(
            "mrr",
            "mean over all gold rows of 1 / place of the gold path in the ranking, 0 if it is not "
            "there",
            _reciprocal_rank,
            empty=_NO_CANDIDATES,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "coverage",
            "share of all gold rows with an answer, right or wrong; null, empty, invalid, "
            "refused, failed and missing rows have none",
            _coverage,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "invalid_rate",
            "share of all gold rows whose output is no path that could be read",
            _invalid,
            is_set_by_gold=True,
            higher_is_better=False,
        ),
        RatioMetric(
            "out_of_taxonomy_rate",
            "share of all gold rows answered with a path that the taxonomy does not have",
            _out_of_taxonomy,
            is_set_by_gold=True,
            higher_is_better=False,
        ),
        RatioMetric(
            "repaired_rate",
            "share of all gold rows answered with a path that the taxonomy does not have, but one "
            "near to it",
            _of_repaired(lambda answers, repaired: answers.answer != repaired),
            empty=_NO_REPAIR,
            is_set_by_gold=True,
            higher_is_better=False,
        ),
        RatioMetric(
            "accuracy_repaired",
            "accuracy after each answer outside the taxonomy has given way to the nearest path of "
            "it; the strict accuracy counts it wrong",
            _of_repaired(lambda answers, repaired: answers.gold == repaired),
            empty=_NO_REPAIR,
            is_set_by_gold=True,
        ),
        RatioMetric(
            "valid_json_rate",
            "share of the rows with a raw output whose raw output is strict JSON",
            _valid_json,
            empty="no prediction has a raw output",
        ),
        RatioMetric(
            "error_distance",
            "mean number of edges between gold and answer, over wrong answers",
            _error_distance,
            empty="no answer is wrong",
            higher_is_better=False,
            upper=2 * deepest,
        ),
        RatioMetric(
            "error_height",
            "mean number of levels from the gold up to the lowest category that it shares with "
            "the answer, over wrong answers",
            _error_height,
            empty="no answer is wrong",
            higher_is_better=False,
            upper=deepest,
        ),
        *calibration_metrics(),
    ]
    return {metric.name: metric for metric in metrics}
