"""The kinds of source that Goldshelf reads, by name, and guessing which one a path is."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.errors import InputError
from curation.duplicates.join import Told
from curation.sources import hub
from curation.sources.feeds.google_feed import (
    FEED_FIELDS,
    GoogleFeedOptions,
    feed_field,
    feed_head,
    feed_options,
    load_feed,
    sniff_feed,
)
from curation.sources.feeds.shopify import COLUMNS as SHOPIFY_COLUMNS
from curation.sources.feeds.shopify import (
    ShopifyOptions,
    load_shopify,
    shopify_field,
    shopify_head,
    shopify_options,
    sniff_shopify,
)
from curation.sources.mave.load import MaveOptions, load_mave, mave_head, sniff_mave
from curation.sources.products import load_products
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings
from curation.sources.tasks import amazonqa, ecinstruct, esci, extractgpt, pairs, wdc_pave

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
    becomes
        The same for a kind whose fields are not a closed list.
    options
        What ``[source.options]`` may hold.
    follow
        Options that follow from the taxonomy setting and the first rows; what a person
        declares counts before them.
    fetch
        Brings (the first) rows of a source that is no file into files of the scratch folder,
        which are then of another kind; and notes.
    version
        Raised when the same files would give other records than before.
    """

    name: str
    told: str
    load: Callable[[SourceSettings, Path, Told | None], LoadResult]
    sniff: Callable[[Path], float] = lambda _path: 0.0
    head: Callable[[Path, SourceSettings], pl.DataFrame] | None = None
    fields: dict[str, str] = field(default_factory=dict)
    becomes: Callable[[str], str] | None = None
    options: type[BaseModel] = NoOptions
    follow: Callable[[str, pl.DataFrame], dict[str, Any]] = lambda _taxonomy, _head: {}
    fetch: Callable[[SourceSettings, Path, int | None], tuple[list[Path], list[str]]] | None = None
    version: int = 1

    def field_of(self, column: str) -> str:
        """What becomes of a source field."""
        return self.becomes(column) if self.becomes else self.fields.get(column, "extra")

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


def _published(
    name: str,
    told: str,
    module: ModuleType,
    options: type[BaseModel] = NoOptions,
    version: int = 1,
) -> Kind:
    """A published data set: its module has ``load``, ``sniff``, ``head`` and ``FIELDS``."""
    return Kind(
        name,
        told,
        lambda settings, scratch, _told: module.load(settings, scratch),
        sniff=module.sniff,
        head=module.head,
        fields=module.FIELDS,
        options=options,
        version=version,
    )


def _all_kinds() -> list[Kind]:
    return [
        Kind(
            CATALOG,
            "any table of products, one a row",
            lambda settings, scratch, _told: load_products(settings, scratch),
        ),
        Kind(
            "mave",
            "MAVE's JSON Lines, or its labels and the Amazon metadata they belong to",
            load_mave,
            sniff=sniff_mave,
            head=mave_head,
            fields={
                "id": "record_id",
                "category": "category_path",
                "paragraphs": "paragraphs, title, description, brand",
                "attributes": "attributes",
            },
            options=MaveOptions,
        ),
        Kind(
            "shopify-export",
            "Shopify's product CSV, rows of one handle folded into one product",
            lambda settings, scratch, _told: load_shopify(settings, scratch),
            sniff=sniff_shopify,
            head=shopify_head,
            fields={column: shopify_field(column) for column in SHOPIFY_COLUMNS},
            becomes=shopify_field,
            options=ShopifyOptions,
            follow=shopify_options,
        ),
        Kind(
            "google-feed",
            "a Merchant Center product feed, XML or a table",
            load_feed,
            sniff=sniff_feed,
            head=feed_head,
            fields=FEED_FIELDS,
            becomes=feed_field,
            options=GoogleFeedOptions,
            follow=feed_options,
        ),
        _published(
            "ecinstruct",
            "ECInstruct's ten tasks: instruction, input, options, output",
            ecinstruct,
            ecinstruct.EcInstructOptions,
        ),
        _published("esci", "Amazon ESCI: examples and products, joined", esci, esci.EsciOptions),
        _published(
            "amazonqa",
            "AmazonQA's JSON Lines, or McAuley's question files",
            amazonqa,
            amazonqa.AmazonQaOptions,
        ),
        _published(
            "extractgpt",
            "ExtractGPT's AE-110K and OA-Mine: titles with attribute values",
            extractgpt,
            version=2,
        ),
        _published("wdc-pave", "WDC PAVE: offers with attribute values", wdc_pave, version=3),
        _published(
            "pairs", "pairs of products, the same or not: ditto's lines, or a table of both", pairs
        ),
        Kind(
            "hub",
            "a dataset of the Hugging Face hub, or a local folder of one",
            lambda settings, scratch, told: hub.load(settings, scratch, named_or_guessed, told),
            sniff=hub.sniff,
            options=hub.HubOptions,
            fetch=lambda settings, scratch, limit: hub.fetch(settings, scratch, limit),
        ),
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
    sureness = {name: _sniffed(kind, path) for name, kind in KINDS.items()}
    surest = max(sureness, key=lambda name: sureness[name])
    return KINDS[surest if sureness[surest] > _SURE else CATALOG]


def _sniffed(kind: Kind, path: Path) -> float:
    """How sure a kind is of a path; of one that it cannot read it is not."""
    try:
        return kind.sniff(path)
    except InputError:
        return 0.0


def named_or_guessed(name: str | None, paths: list[str]) -> Kind:
    """The kind that is named, or else the one guessed of the paths."""
    return guess_kind(paths) if name is None else kind_named(name)
