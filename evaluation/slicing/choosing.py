"""Which metric slices hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.errors import InputError
from evaluation.answers.contract import Task
from evaluation.comparing.comparison import chosen_metric, metrics_for
from evaluation.loading import Answers
from evaluation.metrics.metric import CellMetric, RatioMetric

SliceMetric = RatioMetric[Any] | CellMetric[Any]


def ratio_metric(task: Task, answers: Sequence[Answers], name: str | None) -> RatioMetric[Any]:
    """The metric that is asked for, else the task's own, else accuracy: a ratio of sums over rows.

    Raises
    ------
    InputError
        If it is not known, or is no ratio of sums over rows (macro averages are not).
    """
    metrics = metrics_for(task, answers)
    ratios = {key: one for key, one in metrics.items() if isinstance(one, RatioMetric)}
    chosen = chosen_metric(task, metrics, name)
    if name is None and chosen.name not in ratios:
        return ratios.get("accuracy") or next(iter(ratios.values()))
    if chosen.name not in ratios:
        raise InputError(f"{chosen.name} is no sum over rows. Known: {', '.join(ratios)}.")
    return ratios[chosen.name]


def slice_metric(task: Task, answers: Sequence[Answers], name: str | None) -> SliceMetric:
    """The metric that is asked for, else that of `ratio_metric`.

    Raises
    ------
    InputError
        If it is not known, or cannot be told of a part (corpus BLEU cannot).
    """
    if name is None:
        return ratio_metric(task, answers, None)
    metrics = metrics_for(task, answers)
    chosen = chosen_metric(task, metrics, name)
    if isinstance(chosen, RatioMetric | CellMetric):
        return chosen
    known = [key for key, one in metrics.items() if isinstance(one, RatioMetric | CellMetric)]
    raise InputError(
        f"{chosen.name} is of the whole test set, so slices cannot hold it. Known: "
        f"{', '.join(known)}."
    )


def slice_metrics(task: Task, answers: Sequence[Answers], names: Sequence[str | None]) -> list[str]:
    """The metrics that names stand for (`slice_metric`), each once."""
    return list(dict.fromkeys(slice_metric(task, answers, name).name for name in names))
