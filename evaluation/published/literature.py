"""Numbers from the literature, shown only beside the same split, by the same definition.

A split is known by a digest of its gold, whatever its keys and order: a benchmark's name on a file
is no proof. Numbers whose split or definition could not be verified are not here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from evaluation.answers.contract import Task


@dataclass(frozen=True)
class Line:
    """One published number.

    Attributes
    ----------
    dataset
        The data set and split, in words.
    split
        `split_digest` of its gold.
    value
        A share in [0, 1].
    """

    system: str
    dataset: str
    split: str
    definition: str
    task: Task
    metric: str
    value: float
    source: str

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "system": self.system,
            "dataset": self.dataset,
            "metric": self.metric,
            "value": self.value,
            "source": self.source,
        }


AE_110K = ("AE-110K, ExtractGPT's test split of 524 titles", "33fa4f20baa405e3")
OA_MINE = ("OA-Mine, ExtractGPT's test split of 491 titles", "125b5049e48c7ef5")
QPR = ("ECInstruct, query-product ranking, in domain, 1,000 queries", "375b79403e8adf00")
_RUNS = "ExtractGPT's stored runs, counted again"
_TABLE = "eCeLLM, table of in-domain performance"


def split_digest(gold: pl.DataFrame) -> str:
    """A digest of the gold answers, in no order: what the split is, whatever its keys.

    Parameters
    ----------
    gold
        ``attributes`` or ``label``, as text, and ``category`` where it is there.
    """
    names = [n for n in ("category", "attributes", "gold_attributes", "label") if n in gold.columns]
    rows = sorted(_canonical(row) for row in gold.select(names).iter_rows())
    return hashlib.sha256("\n".join(rows).encode("utf-8")).hexdigest()[:16]


def _canonical(row: tuple[Any, ...]) -> str:
    return json.dumps([_value(one) for one in row], ensure_ascii=False, sort_keys=True)


def _value(one: Any) -> Any:
    try:
        return json.loads(one) if isinstance(one, str) else one
    except ValueError:
        return one


def _extractgpt(dataset: tuple[str, str], system: str, value: float) -> Line:
    return Line(system, *dataset, "extractgpt", "attributes", "f1", value, _RUNS)


def _ecellm(system: str, value: float) -> Line:
    return Line(system, *QPR, "ecellm", "ranking", "ndcg", value, _TABLE)


LINES: tuple[Line, ...] = (
    _extractgpt(AE_110K, "GPT-3.5-0613, list, 10 shots", 0.8216),
    _extractgpt(AE_110K, "GPT-4-0613, 10 shots of 20 %", 0.8550),
    _extractgpt(AE_110K, "GPT-4-0613, 10 shots of 20 %, ensemble", 0.8592),
    _extractgpt(AE_110K, "GPT-4-0613, 10 shots of 100 %", 0.8754),
    _extractgpt(AE_110K, "GPT-4-0613, 10 shots of 100 %, ensemble", 0.8761),
    _extractgpt(OA_MINE, "GPT-3.5-0613, list, 10 shots", 0.7401),
    _extractgpt(OA_MINE, "GPT-4-0613, 10 shots of 20 %", 0.8019),
    _extractgpt(OA_MINE, "GPT-4-0613, 10 shots of 20 %, ensemble", 0.8197),
    _extractgpt(OA_MINE, "GPT-4-0613, 10 shots of 100 %", 0.8216),
    _extractgpt(OA_MINE, "GPT-4-0613, 10 shots of 100 %, ensemble", 0.8343),
    _ecellm("GPT-4 Turbo", 0.875),
    _ecellm("Gemini Pro", 0.821),
    _ecellm("Claude 2.1", 0.821),
    _ecellm("Llama-2 13B-chat", 0.815),
    _ecellm("Mistral-7B-Instruct v0.2", 0.842),
    _ecellm("SoTA task-specific model", 0.859),
    _ecellm("eCeLLM-L", 0.870),
    _ecellm("eCeLLM-M", 0.876),
    _ecellm("eCeLLM-S", 0.870),
)


def literature_lines(definition: str, task: Task, gold: pl.DataFrame) -> list[Line]:
    """The published lines of this very split, by this definition; most often none.

    Examples
    --------
    >>> gold = pl.DataFrame({"example_id": ["1"], "label": ['["E", "S"]']})
    >>> literature_lines("ecellm", "ranking", gold)
    []
    """
    asked = [line for line in LINES if (line.definition, line.task) == (definition, task)]
    if not asked:
        return []
    split = split_digest(gold)
    return [line for line in asked if line.split == split]
