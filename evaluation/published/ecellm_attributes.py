"""eCeLLM's attribute values: triples of attribute, value and source, matched in a double loop."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.metrics.metric import RatioMetric, Statistic, Sums
from evaluation.metrics.randomisation import Tested
from evaluation.published.definition import Definition
from evaluation.published.ecellm_labels import BY_POSITION, ECELLM, outputs

_EPSILON = 1e-6
_PARTS = ("attribute", "value", "source")
Part = Literal["precision", "recall", "f1"]


@dataclass(frozen=True, eq=False)
class TripleCounts:
    """Hits, gold triples and predicted ones of each row, shape ``(n,)`` each."""

    hits: np.ndarray
    gold: np.ndarray
    predicted: np.ndarray
    clusters: np.ndarray | None
    dropped: Mapping[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """The sums."""
        return {
            "hits": int(self.hits.sum()),
            "gold": int(self.gold.sum()),
            "predicted": int(self.predicted.sum()),
        }


def is_same(predicted: Mapping[str, Any], gold: Mapping[str, Any]) -> bool:
    """Whether attribute, value and source are equal, case included (IND)."""
    return all(predicted[part] == gold[part] for part in _PARTS)


def is_alike(predicted: Mapping[str, Any], gold: Mapping[str, Any]) -> bool:
    """Whether the attribute is equal, and value and source lie in one another (OOD).

    Examples
    --------
    >>> gold = {"attribute": "Colour", "value": "dark red", "source": "title"}
    >>> is_alike({"attribute": "Colour", "value": "red", "source": "title"}, gold)
    True
    """
    if is_same(predicted, gold):
        return True
    if predicted["attribute"] != gold["attribute"] or None in (
        predicted["value"],
        predicted["source"],
    ):
        return False
    value, wanted = str(predicted["value"]), str(gold["value"])
    source, where = str(predicted["source"]), str(gold["source"])
    return (value in wanted or wanted in value) and (source in where or where in source)


def _reader(
    matches: Callable[[Mapping[str, Any], Mapping[str, Any]], bool],
) -> Callable[[pl.DataFrame, np.ndarray | None], TripleCounts]:
    def read(rows: pl.DataFrame, clusters: np.ndarray | None) -> TripleCounts:
        if "label" not in rows.columns:
            raise InputError(
                "definition ecellm needs gold with a column 'label': the JSON list of triples of "
                "attribute, value and source."
            )
        dropped = dict.fromkeys(
            (
                "outputs that are no JSON, taken as empty lists (the script's #invalid)",
                "outputs that are JSON and no list, taken as empty lists, not told by the script",
                "list elements on which the script stops, left out here",
                "gold rows that are no JSON, left out",
            ),
            0,
        )
        invalid, unlisted, stops, no_gold = dropped
        hits, n_gold, n_predicted = [], [], []
        for label, said in zip(rows["label"], outputs(rows), strict=True):
            answer, is_json = _loaded(said)
            if not isinstance(answer, list):
                dropped[unlisted if is_json else invalid] += 1
                answer = []
            triples = [one for one in answer if isinstance(one, dict)]
            dropped[stops] += sum(_stops_at(one) for one in answer)
            gold, gold_is_json = _loaded(label or "")
            dropped[no_gold] += not gold_is_json
            wanted = gold if isinstance(gold, list) else []
            whole = [one for one in triples if all(part in one for part in _PARTS)]
            hits.append(sum(matches(one, triple) for triple in wanted for one in whole))
            n_gold.append(len(wanted))
            n_predicted.append(sum("attribute" in one for one in triples))
        return TripleCounts(
            np.array(hits, dtype=float),
            np.array(n_gold, dtype=float),
            np.array(n_predicted, dtype=float),
            clusters,
            dropped,
        )

    return read


def _loaded(text: str) -> tuple[Any, bool]:
    try:
        return json.loads(text), True
    except (ValueError, RecursionError):
        return None, False


def _stops_at(element: Any) -> bool:
    """A string with "attribute" in it, a number or null: Python raises a TypeError there."""
    if isinstance(element, str):
        return "attribute" in element
    return not isinstance(element, (dict, list))


@dataclass(frozen=True)
class TripleMetric:
    """Precision, recall or F1 with the script's 1e-6 in the denominators."""

    name: str
    definition: str
    part: Part
    higher_is_better: bool = True

    @property
    def is_share(self) -> bool:
        """False: a triple that is predicted twice hits twice, and recall can pass 1."""
        return False

    @property
    def unrounded(self) -> RatioMetric[TripleCounts]:
        """The plain ratio, without the script's epsilon."""
        return RatioMetric(
            self.name, self.definition, self._sums, "there are no triples", upper=math.inf
        )

    def _sums(self, answers: TripleCounts) -> Sums:
        if self.part == "f1":
            return Sums(2 * answers.hits, answers.gold + answers.predicted)
        return Sums(answers.hits, answers.gold if self.part == "recall" else answers.predicted)

    def statistic(self, answers: TripleCounts) -> Statistic:
        """The script's value; the influences are those of the plain ratio."""
        hits, gold, predicted = (
            float(one.sum()) for one in (answers.hits, answers.gold, answers.predicted)
        )
        found = self.unrounded.statistic(answers)
        if gold == 0:
            return replace(found, value=math.nan, reason="there are no gold triples")
        recall, precision = hits / gold, hits / (predicted + _EPSILON)
        f1 = 2 * recall * precision / (recall + precision + _EPSILON)
        values = {"precision": precision, "recall": recall, "f1": f1}
        return replace(found, value=values[self.part], reason=None)

    def test(
        self, baseline: TripleCounts, candidate: TripleCounts, *, n_draws: int, seed: int
    ) -> Tested:
        """The randomisation test of the plain ratio."""
        return self.unrounded.test(baseline, candidate, n_draws=n_draws, seed=seed)


def _definition(
    name: str,
    setting: str,
    rule: str,
    matches: Callable[[Mapping[str, Any], Mapping[str, Any]], bool],
) -> Definition:
    told: dict[Part, str] = {
        "f1": "2 P R / (P + R + 1e-6)",
        "precision": "hits / (predicted triples + 1e-6)",
        "recall": "hits / gold triples",
    }
    return Definition(
        name,
        "attributes",
        ECELLM,
        f"F1* over gold triples of attribute, value and source ({setting}); {rule}; recall is hits "
        "over gold triples, precision hits over predicted triples",
        (
            "every prediction is held against every gold triple: one that is repeated hits again, so "
            "that recall can pass 1",
            "an output that is no JSON list is an empty list; only what is no JSON is counted "
            "invalid",
            "before September 2025 the script divided by no predictions at all",
            "IND and OOD match differently: their numbers are different metrics",
            BY_POSITION,
        ),
        _reader(matches),
        {part: TripleMetric(part, words, part) for part, words in told.items()},
        "f1",
    )


ECELLM_ATTRIBUTES = _definition(
    "ecellm", "IND", "a hit equals all three parts, case included", is_same
)
ECELLM_OOD_ATTRIBUTES = _definition(
    "ecellm-ood",
    "OOD",
    "a hit equals the attribute, and value and source each contain or are contained",
    is_alike,
)
