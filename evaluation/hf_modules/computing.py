"""What the modules call: predictions and references in lists, our numbers out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from catalog.errors import InputError
from evaluation.answers.contract import Task
from evaluation.comparing.comparison import metrics_for
from evaluation.loading import Answers, load_answers
from evaluation.metrics.metric import Metric
from evaluation.tasks.ranking import ESCI_GAINS, Form, ndcg_metric

CategoryPath = str | Sequence[str] | None


def category_scores(
    predictions: Sequence[CategoryPath],
    references: Sequence[CategoryPath],
    names: Sequence[str],
    *,
    clusters: Sequence[Any] | None = None,
    intervals: bool = False,
) -> dict[str, float]:
    """Metrics of category paths by name; ``accuracy_at_level`` stands for all levels.

    Parameters
    ----------
    predictions, references
        Paths as lists of names or joined by `` > ``; an empty or absent prediction is no answer.
    clusters
        The group of each row whose rows are dependent, such as its brand.
    intervals
        Whether ``NAME_low`` and ``NAME_high`` are told too: 95 %, robust to the groups.

    Returns
    -------
    By name; NaN where a metric is undefined.

    Examples
    --------
    >>> category_scores([["A", "B"], None], [["A", "C"], ["D"]], ["hierarchical_f1"])
    {'hierarchical_f1': 0.4}
    """
    answers = _answers(
        "classification",
        {"category_path": [_names(one) for one in references]},
        {"category_path": [_names(one) for one in predictions]},
        clusters,
    )
    metrics = metrics_for("classification", [answers])
    wanted = {
        found.replace(".", "_"): metric
        for name in names
        for found, metric in metrics.items()
        if found == name or found.startswith(f"{name}.")
    }
    return _told(wanted, answers, intervals)


def attribute_scores(
    predictions: Sequence[str | None],
    references: Sequence[str],
    *,
    clusters: Sequence[Any] | None = None,
    intervals: bool = False,
) -> dict[str, float]:
    """Every attribute metric of JSON objects, and the pairs of each kind.

    Examples
    --------
    >>> attribute_scores(['{"Size": "5"}'], ['{"Size": "5", "Brand": null}'])["f1"]
    1.0
    """
    from evaluation.scores import score_attributes

    answers = _answers(
        "attributes", {"attributes": references}, {"raw_output": predictions}, clusters
    )
    counts = score_attributes(answers).counts  # type: ignore[arg-type]
    told = _told(metrics_for("attributes", [answers]), answers, intervals)
    return told | {kind: float(n) for kind, n in counts.items()}


def label_scores(
    predictions: Sequence[str | None],
    references: Sequence[str],
    names: Sequence[str],
    *,
    clusters: Sequence[Any] | None = None,
    intervals: bool = False,
) -> dict[str, float]:
    """Metrics of single labels; an answer that is no label of the references is invalid.

    Examples
    --------
    >>> label_scores(["E", "none"], ["E", "S"], ["f1_macro", "invalid_rate"])
    {'f1_macro': 0.5, 'invalid_rate': 0.5}
    """
    answers = _answers("labels", {"label": references}, {"raw_output": predictions}, clusters)
    metrics = metrics_for("labels", [answers])
    return _told({name: metrics[name] for name in names}, answers, intervals)


def ranking_scores(
    predictions: Sequence[Sequence[str]],
    references: Sequence[Sequence[str] | str],
    *,
    gains: Mapping[str, float] | None = None,
    form: Form = "exponential",
    clusters: Sequence[Any] | None = None,
    intervals: bool = False,
) -> dict[str, float]:
    """nDCG of ranked items, items that are not ranked left out or appended in the worst order.

    Parameters
    ----------
    predictions
        Items of each query, the best first.
    references
        The labels of items A, B, C, ... of each query, or a JSON object of item and label.
    gains
        Of each label; E 1, S .1, C .01, I 0 where None.
    form
        ``exponential`` (2^gain - 1) or ``linear``.

    Examples
    --------
    >>> ranking_scores([["A", "B"]], [["E", "S"]])["ndcg"]
    1.0
    """
    labels = [one if isinstance(one, str) else json.dumps(list(one)) for one in references]
    parsed = [None if one is None else json.dumps(list(one)) for one in predictions]
    answers = _answers("ranking", {"label": labels}, {"parsed": parsed}, clusters)
    table = ESCI_GAINS if gains is None else {**ESCI_GAINS, **gains}
    metrics = {
        "ndcg": ndcg_metric("ndcg", table, form),
        "ndcg_appended": ndcg_metric("ndcg_appended", table, form, "appended"),
    }
    return _told(metrics, answers, intervals)


def _names(path: CategoryPath) -> str | None:
    """A path as the contract reads it."""
    if path is None or isinstance(path, str):
        return path or None
    return json.dumps([str(name) for name in path], ensure_ascii=False) if len(path) else None


def _answers(
    task: Task,
    gold: Mapping[str, Sequence[Any]],
    run: Mapping[str, Sequence[Any]],
    clusters: Sequence[Any] | None,
) -> Answers:
    (told,), (said,) = gold.values(), run.values()
    _refuse_unequal({"predictions": said, "references": told, "clusters": clusters or told})
    ids = [str(n) for n in range(len(told))]
    grouped = {} if clusters is None else {"cluster": [str(one) for one in clusters]}
    loaded = load_answers(
        task,
        pl.DataFrame({"example_id": ids, **gold, **grouped}),
        {
            "predictions": pl.DataFrame(
                {"example_id": ids, **run}, schema_overrides=dict.fromkeys(run, pl.String)
            )
        },
        cluster_column=None if clusters is None else "cluster",
        gold_name="references",
    )
    return loaded.answers["predictions"]


def _refuse_unequal(lists: Mapping[str, Sequence[Any]]) -> None:
    lengths = {name: len(held) for name, held in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{n:,} {name}" for name, n in lengths.items())
        raise InputError(f"{told}: expected as many of each, row by row.")


def _told(
    metrics: Mapping[str, Metric[Any]], answers: Answers, intervals: bool
) -> dict[str, float]:
    found = {}
    for name, metric in metrics.items():
        estimate = metric.statistic(answers).estimate(answers.clusters)
        found[name] = estimate.value
        if intervals:
            found |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return found
