"""The kinds of source that Goldshelf reads, by name, and guessing which one a path is."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.errors import InputError
from curation.duplicates.join import Told
from curation.sources.products import load_products
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

CATALOG = "catalog"
_SURE = 0.5


class NoOptions(BaseModel):
    """A kind without options."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Kind:
    """A kind of source.

    Attributes
    ----------
    told
        What it is, for a person.
    load
        Reads the paths of the settings into records; a scratch folder and progress are given.
    sniff
        How sure it is, in [0, 1], that a path is of this kind, from a look at its beginning.
    head
        The first raw rows of a path, for showing what is there; None for a catalog, whose
        columns are guessed.
    fields
        What becomes of each source field.
    options
        What ``[source.options]`` may hold.
    """

    name: str
    told: str
    load: Callable[[SourceSettings, Path, Told | None], LoadResult]
    sniff: Callable[[Path], float] = lambda _path: 0.0
    head: Callable[[Path, SourceSettings], pl.DataFrame] | None = None
    fields: dict[str, str] = field(default_factory=dict)
    options: type[BaseModel] = NoOptions

    def checked_options(self, given: dict[str, Any]) -> BaseModel:
        """The options, validated.

        Raises
        ------
        InputError
            Names what is wrong and what there is.
        """
        try:
            return self.options(**given)
        except ValidationError as error:
            known = list(self.options.model_fields)
            told = []
            for each in error.errors():
                name = str(each["loc"][0])
                close = difflib.get_close_matches(name, known, 1)
                hint = f" Did you mean {close[0]!r}?" if close and name not in known else ""
                told.append(f"--option {name}: {each['msg']}.{hint}")
            has = ", ".join(known) or "none"
            raise InputError(f"{' '.join(told)} Options of kind {self.name}: {has}.") from error


def _all_kinds() -> list[Kind]:
    return [
        Kind(
            CATALOG,
            "any table of products, one a row",
            lambda settings, scratch, _told: load_products(settings, scratch),
        )
    ]


KINDS: dict[str, Kind] = {kind.name: kind for kind in _all_kinds()}


def kind_named(name: str) -> Kind:
    """A kind by its name.

    Raises
    ------
    InputError
        If there is none; lists those there are.
    """
    if name not in KINDS:
        raise InputError(f"--kind {name}: expected one of {', '.join(KINDS)}.")
    return KINDS[name]


def guess_kind(paths: list[str]) -> Kind:
    """The kind that is surest of the first path; a catalog where none is."""
    path = Path(paths[0])
    surest = max(KINDS.values(), key=lambda kind: kind.sniff(path))
    return surest if surest.sniff(path) > _SURE else KINDS[CATALOG]
