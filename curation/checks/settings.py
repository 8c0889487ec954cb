"""What a person decides about the checks."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CheckSettings(BaseModel):
    """The ``[check]`` section: which checks are off, and where the thresholds lie.

    Attributes
    ----------
    off
        Names of checks that are not run.
    near_duplicate_threshold
        Least Jaccard similarity of two texts' words, in (0, 1].
    near_duplicate_columns
        The texts that are compared, each joined from some columns, the fullest first.
    smallest_category
        A leaf with fewer records than this is small.
    dominated_share, dominated_minimum
        A leaf is dominated where one brand has more than this share of the records that
        name a brand, if there are at least so many of them.
    generic_brands
        More names that tell no brand, such as the shop's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: list[str] = Field(default_factory=list)
    near_duplicate_threshold: float = Field(default=0.8, gt=0, le=1)
    near_duplicate_columns: list[list[str]] = [["title", "description"], ["title"]]
    smallest_category: int = Field(default=5, ge=1)
    dominated_share: float = Field(default=0.8, gt=0, lt=1)
    dominated_minimum: int = Field(default=10, ge=1)
    generic_brands: list[str] = Field(default_factory=list)
