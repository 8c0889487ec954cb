"""The papers' own scripts, by name and task: `DEFINITIONS`."""

from __future__ import annotations

from catalog.errors import InputError
from evaluation.answers.contract import Task
from evaluation.published.amazonqa import AMAZONQA
from evaluation.published.definition import Definition, PublishedScores, published_scores
from evaluation.published.ecellm_attributes import ECELLM_ATTRIBUTES, ECELLM_OOD_ATTRIBUTES
from evaluation.published.ecellm_labels import ECELLM_LABELS, ECELLM_PAIRS, ECELLM_RECOMMENDATION
from evaluation.published.ecellm_ranking import ECELLM_RANKING
from evaluation.published.esci import ESCI_LABELS, ESCI_RANKING, ESCI_SUBSTITUTES
from evaluation.published.extractgpt import EXTRACTGPT
from evaluation.published.mave import MAVE
from evaluation.published.wdc_pave import WDC_PAVE

DEFINITIONS: dict[tuple[str, Task], Definition] = {
    (definition.name, definition.task): definition
    for definition in (
        EXTRACTGPT,
        WDC_PAVE,
        MAVE,
        ECELLM_ATTRIBUTES,
        ECELLM_OOD_ATTRIBUTES,
        ECELLM_LABELS,
        ECELLM_PAIRS,
        ECELLM_RECOMMENDATION,
        ECELLM_RANKING,
        ESCI_RANKING,
        ESCI_LABELS,
        ESCI_SUBSTITUTES,
        AMAZONQA,
    )
}

__all__ = ["DEFINITIONS", "Definition", "PublishedScores", "definition_for", "published_scores"]


def definition_for(name: str, task: Task) -> Definition:
    """A published definition.

    Raises
    ------
    InputError
        If there is none of that name, or none for the task.

    Examples
    --------
    >>> definition_for("extractgpt", "attributes").main
    'f1'
    """
    found = DEFINITIONS.get((name, task))
    if found is not None:
        return found
    tasks = [of for known, of in DEFINITIONS if known == name]
    if tasks:
        raise InputError(f"--definition {name} is of {', '.join(tasks)}, not of {task}.")
    names = dict.fromkeys(known for known, _ in DEFINITIONS)
    raise InputError(f"no published definition {name!r}. Known: {', '.join(names)}.")
