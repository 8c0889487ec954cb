"""What each metric means, by task: the definitions that stand beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evaluation.answers.contract import Task
from evaluation.comparing.comparison import DEFAULT_METRIC
from evaluation.metrics.attribute_metrics import attribute_metrics
from evaluation.metrics.category_metrics import LEVEL_PREFIX, category_metrics
from evaluation.metrics.metric import Metric
from evaluation.tasks import TASKS as ROW_TASKS
from workspace.runs.plain import TASKS


@dataclass(frozen=True)
class MetricDefinition:
    """A metric of a task.

    Attributes
    ----------
    is_main
        Whether it decides where no metric is named.
    """

    task: Task
    metric: str
    definition: str
    higher_is_better: bool
    is_main: bool


def metric_definitions(task: Task | None = None) -> list[MetricDefinition]:
    """The metrics of one task, or of all, as scores and comparisons name them.

    Accuracy at a level is told once, as ``accuracy_at_level.N``.

    Examples
    --------
    >>> [one.metric for one in metric_definitions("attributes")][:3]
    ['exact_match', 'pair_accuracy', 'precision']
    """
    return [one for name in ([task] if task else TASKS) for one in _of(name)]


def _of(task: Task) -> list[MetricDefinition]:
    metrics: dict[str, Metric[Any]]
    if task == "classification":
        metrics = {
            name.replace(f"{LEVEL_PREFIX}1", f"{LEVEL_PREFIX}N"): metric
            for name, metric in category_metrics(1).items()
        }
    elif task == "attributes":
        metrics = dict(attribute_metrics())
    else:
        metrics = dict(ROW_TASKS[task].metrics([]))
    return [
        MetricDefinition(
            task,
            name,
            metric.definition.replace("level 1", "level N"),
            metric.higher_is_better,
            name == DEFAULT_METRIC[task],
        )
        for name, metric in metrics.items()
    ]
