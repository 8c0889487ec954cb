"""What a person can set about records that may not be parted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from curation.duplicates.dedupe import Likeness


class GroupSettings(BaseModel):
    """What ties records together; ``near_duplicates`` of 0 ties no texts.

    ``by`` is what may not cross: ``brand``; ``query``, where the same product may stand under
    several queries, so that queries and their near-duplicates alone tie; ``time``, where train is
    before test and brands live on; or ``none``. In the last two identifiers and texts still tie.
    ``placeholders`` are values that stand where there is no identifier, and so tie nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["brand", "query", "time", "none"] = "brand"
    identifiers: bool = True
    queries: bool = True
    near_duplicates: float = Field(default=0.8, ge=0, le=1)
    text_columns: list[list[str]] = [["title"], ["title", "description"]]
    unit: Literal["words", "chars"] = "words"
    ngram: int = Field(default=5, ge=2, le=7)
    different_numbers: Literal["show", "break"] = "show"
    generic_brands: list[str] = []
    brand_aliases: list[list[str]] = []
    placeholders: list[str] = []

    @property
    def likeness(self) -> Likeness:
        """How texts are compared."""
        from curation.duplicates.dedupe import Likeness  # compiles, and is not needed to be set

        return Likeness(self.unit, self.ngram, self.different_numbers)

    @property
    def ties_identifiers(self) -> bool:
        """Whether equal identifiers tie."""
        return self.identifiers and self.by != "query"

    @property
    def ties_queries(self) -> bool:
        """Whether equal queries tie."""
        return self.queries or self.by == "query"

    @property
    def tied_texts(self) -> list[list[str]]:
        """The texts whose near-duplicates tie."""
        return [["query"]] if self.by == "query" else self.text_columns
