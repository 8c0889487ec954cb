"""What a person declares about a split."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from curation.splits.features import Kept
from curation.splits.group_settings import GroupSettings

NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}


class SplitSettings(GroupSettings):
    """The ``[split]`` section: how large the splits are, and what may not be parted.

    ``slack`` is how far the share of a split may be off to let its categories come closer, and
    ``proportion_slack`` how far a category may be from its proportion, as a share of it, before
    that counts; ``keep`` names what keeps its proportion. ``overflow`` is what happens to a group
    that is larger than the largest split: ``assign`` it whole, ``break`` it at its weakest
    near-duplicate edges, or ``drop`` it. ``keep_publisher`` puts each record where its publisher
    put it (``split_hint``), whatever leaks; the others are split by group. ``folds`` numbers what
    is not in test for cross-validation. ``frozen_ties`` says what becomes of new records that tie to a
    frozen test set.
    """

    fractions: tuple[float, ...] = (0.8, 0.1, 0.1)
    seed: int = Field(default=7, ge=0)
    slack: float = Field(default=0.005, ge=0, le=0.2)
    proportion_slack: float = Field(default=0.0, ge=0, le=1)
    keep: list[Kept] = Field(default=["category"])
    overflow: Literal["assign", "break", "drop"] = "assign"
    keep_publisher: bool = False
    time_column: str = "date"
    folds: int = Field(default=0, ge=0, le=1000)
    frozen_ties: Literal["drop", "test"] = "drop"

    @field_validator("folds")
    @classmethod
    def _are_folds(cls, value: int) -> int:
        if value == 1:
            raise ValueError("give two folds or more, or 0 for none")
        return value

    @field_validator("fractions")
    @classmethod
    def _are_shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) not in NAMES:
            raise ValueError("give two (train, test) or three (train, validation, test)")
        if min(value) <= 0 or abs(sum(value) - 1) > 1e-6:
            raise ValueError("each must be over 0, together they must be 1")
        return value

    @property
    def names(self) -> tuple[str, ...]:
        """The splits, in the order of the fractions."""
        return NAMES[len(self.fractions)]
