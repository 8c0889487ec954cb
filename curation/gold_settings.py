"""What a person can set about how gold is made."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from catalog.taxonomy.repair import SPELLING, WRONG_PARENT


class CurateSettings(BaseModel):
    """The ``[curate]`` section.

    ``repair`` names the checks whose proposed fixes are applied, ``drop`` those whose rows
    are left out. ``prefer`` says whose label counts where the source and the consensus of
    the annotators differ; the consensus needs ``min_votes`` votes and ``min_share`` of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    repair: list[str] = ["html_in_text", "mojibake", "path_not_in_taxonomy"]
    drop: list[str] = ["empty_title", "exact_duplicate"]
    prefer: Literal["source", "consensus"] = "source"
    min_votes: int = Field(default=2, ge=1)
    min_share: float = Field(default=0.6, gt=0, le=1)
    repair_kinds: list[str] = [SPELLING, WRONG_PARENT]
