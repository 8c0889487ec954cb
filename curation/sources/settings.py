"""What a person declares about a source."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from curation.sources.columns import ColumnMap
from curation.sources.files import ReadOptions


class SourceSettings(BaseModel):
    """The ``[source]`` section: which files, read how, mapped how.

    ``licence`` and ``language`` (codes such as ``en``) change no record: they go into the card
    of an export.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    paths: list[str] = Field(min_length=1)
    kind: str = "catalog"
    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    category_separator: str | None = None
    columns: ColumnMap = ColumnMap()
    allow_missing: list[str] = Field(default_factory=list)
    options: dict[str, Any] = Field(default_factory=dict)
    licence: str | None = Field(default=None, exclude=True)
    language: list[str] = Field(default_factory=list, exclude=True)

    def read_options(self) -> ReadOptions:
        """The part that decides how a file is read."""
        return ReadOptions(self.format, self.delimiter, self.encoding, self.sheet)
