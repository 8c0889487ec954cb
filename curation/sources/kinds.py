"""The kinds of source that Goldshelf reads, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from curation.sources.products import load_products
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings


@dataclass(frozen=True)
class Kind:
    """A kind of source: what it is, and how it is read."""

    name: str
    told: str
    load: Callable[[SourceSettings, Path], LoadResult]


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (Kind("catalog", "any table of products, one a row", load_products),)
}
