"""What a person declares about the search for brands."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BrandSettings(BaseModel):
    """The ``[brands]`` section: what is proposed to be one brand, and which brands fill a gap.

    ``min_products`` is how many products a brand needs before its name is looked for in titles,
    ``min_right`` the share of the titles with a brand of their own in which that name must be
    right. ``similarity`` is from where two names may be spellings of one. A shared identifier
    or title counts only where at most ``max_brands`` brands share it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_products: int = Field(default=3, ge=1)
    min_right: float = Field(default=0.9, gt=0, le=1)
    similarity: float = Field(default=0.8, gt=0, lt=1)
    max_brands: int = Field(default=3, ge=2)
