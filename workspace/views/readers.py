"""What a source can be, and how it can be read: for a person to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from curation.sources.files import DELIMITERS, FORMATS
from curation.sources.kinds import CATALOG, KINDS

TABLE_FORMATS: tuple[str, ...] = tuple(sorted(set(FORMATS.values())))


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: its name, what it is, and the names of its options."""

    name: str
    told: str
    options: tuple[str, ...]


SOURCE_KINDS: dict[str, SourceKind] = {
    kind.name: SourceKind(kind.name, kind.told, tuple(kind.options.model_fields))
    for kind in KINDS.values()
}

__all__ = ["CATALOG", "DELIMITERS", "SOURCE_KINDS", "TABLE_FORMATS", "SourceKind"]
