"""Which annotators are language models here, and the name of the way each of them votes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, get_args

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from curation.annotators.settings import AnnotatorName
from curation.llm.embeddings import embedding_mark
from curation.llm.settings import ModelAnnotator

if TYPE_CHECKING:
    from workspace.workspace import Workspace

VERSION = 1
"""Raised when the same answers would give other votes."""
_NOT_DECIDING = {
    "key_variable", "concurrent", "requests_per_minute", "tokens_per_minute", "timeout_s",
    "max_tries", "price",
}  # fmt: skip


def chosen(workspace: Workspace, names: Iterable[str] | None = None) -> dict[str, ModelAnnotator]:
    """The models of the settings, or the named ones of them.

    Raises
    ------
    InputError
        If there is none, or one is not in the settings.
    """
    known = workspace.settings.annotators
    if not known:
        raise InputError(
            f"{workspace.layout.settings}: no language model is declared. Add a section such as "
            '[annotators.mini] with provider = "openai" and model = "gpt-4o-mini".'
        )
    if names is None:
        return dict(known)
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in known]
    if unknown and unknown[0] in get_args(AnnotatorName):
        raise InputError(
            f"{unknown[0]} needs no key and is no model: name models alone, then the others by a "
            "call of their own."
        )
    if unknown:
        raise InputError(f"no annotator {unknown[0]!r}. Models declared: {', '.join(known)}.")
    return {name: known[name] for name in wanted}


def priced(workspace: Workspace, names: Iterable[str] | None = None) -> list[str]:
    """Those of `chosen` that are known to cost something."""
    from curation.llm.prices import price_of  # its table of prices takes a while to read

    found = {name: price_of(one) for name, one in chosen(workspace, names).items()}
    return [name for name, price in found.items() if price is not None and price.usd(10**6, 10**6)]


def run_id_of(annotator: ModelAnnotator, taxonomy: Taxonomy) -> str:
    """Names the way an annotator's votes are made: another way has another name.

    How fast it is asked, and at what price, changes no vote; another embedding model does.

    Raises
    ------
    InputError
        If candidates are found by an embedding model that is not on this machine.
    """
    told = annotator.model_dump_json(exclude=_NOT_DECIDING) + _embedding_mark(annotator)
    return hashlib.sha256(f"{VERSION} {taxonomy.fingerprint} {told}".encode()).hexdigest()[:12]


def is_here(annotator: ModelAnnotator) -> bool:
    """Whether all that it works with, such as an embedding model, is on this machine."""
    try:
        _embedding_mark(annotator)
    except InputError:
        return False
    return True


def _embedding_mark(annotator: ModelAnnotator) -> str:
    if annotator.embedding is None or not annotator.searches:
        return ""
    return embedding_mark(annotator.embedding)
