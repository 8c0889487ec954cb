"""What a person can set about scores and comparisons."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from evaluation.answers.attribute_pairs import NULL_VALUES
from stats.estimate import N_RESAMPLES

Interval = Literal["influence", "bootstrap"]


class ScoreSettings(BaseModel):
    """The ``[score]`` section.

    ``null_values`` are the attribute values that count as null, whatever their case. ``interval``
    says where intervals come from: the influence of each group of rows, or ``n_resamples`` drawn
    with replacement from the groups (`evaluation.metrics.bootstrap`), as ``seed`` decides. ``bertscore`` is
    the model of BERTScore, a folder or a name of the Hugging Face hub, fetched only where
    ``bertscore_download`` says so; ``embedding`` the embedding model of `semantic_f1_embedding`.
    ``judge`` is the annotator whose judgements of answers count as metrics; the only one that has
    judged runs where it is not set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    null_values: tuple[str, ...] = NULL_VALUES
    interval: Interval = "influence"
    n_resamples: int = Field(default=N_RESAMPLES, ge=999, le=1_000_000)
    seed: int = 0
    bertscore: str | None = None
    bertscore_download: bool = False
    embedding: str | None = None
    judge: str | None = None


class CompareSettings(BaseModel):
    """The ``[compare]`` section.

    ``margin`` is the difference that is too small to matter: two runs are tied where the whole
    interval lies inside it. ``level`` is the level of the category table, the whole path where
    it is not set. ``n_draws`` and ``seed`` are of the randomisation test. ``interval`` and
    ``n_resamples`` are those of `ScoreSettings`, for the difference.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float = Field(default=0.01, ge=0, lt=1)
    level: int | None = Field(default=None, ge=1)
    n_draws: int = Field(default=10_000, ge=99, le=1_000_000)
    interval: Interval = "influence"
    n_resamples: int = Field(default=N_RESAMPLES, ge=999, le=1_000_000)
    seed: int = 0
