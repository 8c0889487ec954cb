"""Is what a model writes JSON at all? Needs no gold but the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from evaluation.answers.json_text import is_strict_json
from evaluation.metrics.metric import Metric, RatioMetric
from evaluation.tasks.row_answers import (
    RowAnswers,
    TaskKind,
    by_name,
    outcome_metrics,
    outcomes_of,
    said,
    share,
)

_FENCE = r"(?s)^```[A-Za-z]*\s*\n(.*?)\n?```\s*$"


@dataclass(frozen=True, eq=False)
class JsonAnswers(RowAnswers):
    """Whether each raw output is JSON.

    Attributes
    ----------
    is_valid, is_object, is_fenced
        Strict JSON as it stands; one JSON object; JSON only inside a Markdown fence. ``(n,)``.
    """

    is_valid: np.ndarray
    is_object: np.ndarray
    is_fenced: np.ndarray

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Whether each raw output is strict JSON."""
        return self.is_valid


def json_answers(
    joined_rows: Sequence[pl.DataFrame], clusters: np.ndarray | None
) -> list[JsonAnswers]:
    """The raw outputs of several runs."""
    read = []
    for rows in joined_rows:
        raw = rows.with_columns(parsed=pl.lit(None, pl.String))
        texts, known = said(raw)
        valid = is_strict_json(texts).fill_null(False)
        inner = texts.str.extract(_FENCE)
        fenced = ~valid & is_strict_json(inner).fill_null(False)
        known = known.zip_with(known != "null", pl.Series([None], dtype=pl.String))
        missing = texts.is_null() & known.is_null()
        known = known.zip_with(~missing, pl.Series(["null"]))
        read.append(
            JsonAnswers(
                rows["example_id"],
                pl.Series("gold", ["JSON"] * rows.height, dtype=pl.String),
                texts,
                outcomes_of(known, valid),
                clusters,
                valid.to_numpy(),
                (valid & texts.str.starts_with("{").fill_null(False)).to_numpy(),
                fenced.to_numpy(),
            )
        )
    return read


def json_metrics(answers: Sequence[JsonAnswers]) -> dict[str, Metric[JsonAnswers]]:
    """Every metric by name."""
    return by_name(
        [
            RatioMetric(
                "valid_json_rate",
                "share of all gold rows whose raw output is strict JSON (RFC 8259) as it stands",
                lambda answers: share(answers.is_valid),
                is_set_by_gold=True,
            ),
            RatioMetric(
                "json_object_rate",
                "share of all gold rows whose raw output is one JSON object as it stands",
                lambda answers: share(answers.is_object),
                is_set_by_gold=True,
            ),
            RatioMetric(
                "fenced_json_rate",
                "share of all gold rows whose raw output is JSON inside a Markdown fence alone",
                lambda answers: share(answers.is_fenced),
                is_set_by_gold=True,
                higher_is_better=False,
            ),
            *outcome_metrics(),
        ]
    )


def _no_lines(answers: JsonAnswers) -> dict[str, Mapping[str, float]]:
    return {}


JSON_VALIDITY = TaskKind(
    "json_validity",
    "the keys alone",
    None,
    json_answers,
    json_metrics,
    "valid_json_rate",
    _no_lines,
)
