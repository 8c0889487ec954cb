"""What a person declares about a split."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from curation.splits.groups import GroupSettings

NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}


class SplitSettings(GroupSettings):
    """The ``[split]`` section: how large the splits are, and what may not be parted.

    ``slack`` is how far the share of a split may be off to let its categories come closer;
    ``overflow`` is what happens to a group that is larger than the largest split: ``assign``
    it whole, ``break`` it at its weakest near-duplicate edges, or ``drop`` it.
    ``keep_publisher`` puts each record where its publisher put it (``split_hint``), whatever
    leaks; the others are split by group.
    """

    fractions: tuple[float, ...] = (0.8, 0.1, 0.1)
    seed: int = 7
    slack: float = Field(default=0.005, ge=0, le=0.2)
    overflow: Literal["assign", "break", "drop"] = "assign"
    keep_publisher: bool = False

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
