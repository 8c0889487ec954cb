"""How sure a run is of each answer: its own ``score``, else what its log-probabilities say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson
import polars as pl


def confidences(rows: pl.DataFrame) -> np.ndarray | None:
    """The confidence in each row's answer, shape ``(n,)``, in [0, 1]; NaN where it has none.

    A row's ``score``, else the probability that its ``logprobs`` give (`probability_of`).

    Parameters
    ----------
    rows
        Gold rows with their predictions (`evaluation.answers.joining`).

    Returns
    -------
    None where no row has a confidence.
    """
    scores = rows["score"].cast(pl.Float64)
    told = rows.select(pl.when(scores.is_null()).then("logprobs").alias("told")).to_series()
    distinct = told.drop_nulls().unique()
    if len(distinct):
        read = [probability_of(text) for text in distinct]
        known = pl.DataFrame(
            {"told": distinct, "read": read}, schema_overrides={"read": pl.Float64}
        )
        found = told.to_frame().join(known, on="told", how="left", maintain_order="left")["read"]
        scores = scores.zip_with(scores.is_not_null(), found)
    values = scores.fill_null(math.nan).to_numpy()
    return None if np.isnan(values).all() else values


def probability_of(logprobs: str) -> float:
    """The probability that log-probabilities give an answer; NaN where they cannot be read.

    A list of tokens (numbers, objects with ``logprob``, or the object that holds them under
    ``content`` or ``token_logprobs``, as OpenAI, vLLM and Inspect write it): that of the whole
    text, the product over its tokens. An object of choices, as of multiple choice: the share of the
    likeliest among them. One number, or one choice alone: its exponential.

    Examples
    --------
    >>> round(probability_of('[{"token": "E", "logprob": -0.1}, {"token": "!", "logprob": -0.2}]'), 4)
    0.7408
    >>> probability_of('{"yes": -1.0, "no": -1.0}')
    0.5
    """
    try:
        value = orjson.loads(logprobs)
    except orjson.JSONDecodeError:
        return math.nan
    if isinstance(value, dict) and not _are_numbers(list(value.values())):
        value = value.get("content") or value.get("token_logprobs")
    if isinstance(value, dict):
        value = list(value.values())
        if len(value) > 1:
            return _share_of_best(value)
    tokens = value if isinstance(value, list) else [value]
    parts = [token.get("logprob") if isinstance(token, dict) else token for token in tokens]
    told = [part for part in parts if part is not None]
    if not told or not _are_numbers(told):
        return math.nan
    return math.exp(min(0.0, sum(told)))


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)


def _share_of_best(logs: list[float]) -> float:
    best = max(logs)
    return 1 / sum(math.exp(one - best) for one in logs)
