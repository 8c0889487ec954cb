"""Language models, as people look at them: what is declared of each, and how well each answered."""

from __future__ import annotations

import os
from typing import Any, get_args

import polars as pl

from curation.llm.requests import ProviderName
from curation.llm.settings import KEYS, Mode, ModelAnnotator
from workspace.models.keeping import MOST_REPAIRED
from workspace.models.votes import MODEL_VOTES, missing_votes
from workspace.workspace import Workspace

PROVIDERS: dict[str, str] = {name: KEYS[name] for name in get_args(ProviderName)}
"""The makers, with the environment variable of the key of each."""
MODES: dict[Mode, str] = {
    "propose": "which category?",
    "validate": "is the catalog's category right?",
    "extract": "which values have its attributes?",
}
KEY_SET, KEY_MISSING, KEY_NOT_NEEDED = "set", "not set", "not needed"
UP_TO_DATE = "here"
THE_MAKERS = "the maker's"
_DECLARED = pl.Schema(
    {
        "annotator": pl.String(),
        "provider": pl.String(),
        "model": pl.String(),
        "questions": pl.String(),
        "votes": pl.String(),
        "key": pl.String(),
        "usd_in": pl.Float64(),
        "usd_out": pl.Float64(),
        "server": pl.String(),
    }
)
_QUALITY = pl.Schema(
    {
        "annotator": pl.String(),
        "n_answers": pl.Int64(),
        "n_votes": pl.Int64(),
        "repaired_share": pl.Float64(),
        "outside_share": pl.Float64(),
        "refused_share": pl.Float64(),
        "truncated_share": pl.Float64(),
        "filtered_share": pl.Float64(),
        "malformed_share": pl.Float64(),
        "failed_share": pl.Float64(),
        "is_flagged": pl.Boolean(),
        "self_agreement": pl.Float64(),
        "self_agreement_low": pl.Float64(),
        "self_agreement_high": pl.Float64(),
        "n_asked_again": pl.Int64(),
    }
)


def declared(workspace: Workspace) -> pl.DataFrame:
    """The models of the settings, one a row.

    Returns
    -------
    ``annotator, provider, model, questions``; ``votes``: `UP_TO_DATE`, or why they are missing;
    ``key``: the environment variable and whether it is set, never what it holds; ``usd_in,
    usd_out``: dollars for a million tokens, null where nobody knows; ``server``.
    """
    missing = missing_votes(workspace)
    has_records = workspace.snapshots.current("load") is not None
    rows = [
        {
            "annotator": name,
            "provider": one.provider,
            "model": one.model,
            "questions": ", ".join(one.questions),
            "votes": missing.get(name, UP_TO_DATE) if has_records else "no records yet",
            "key": _key(one),
            **_prices(one),
            "server": one.base_url or THE_MAKERS,
        }
        for name, one in workspace.settings.annotators.items()
    ]
    return pl.DataFrame(rows, schema=_DECLARED)


def key_state(annotator: ModelAnnotator) -> str:
    """Whether the key is in the environment; a server of one's own may do without."""
    if os.environ.get(annotator.key_name):
        return KEY_SET
    return KEY_MISSING if annotator.base_url is None else KEY_NOT_NEEDED


def _key(one: ModelAnnotator) -> str:
    state = key_state(one)
    return state if state == KEY_NOT_NEEDED else f"{one.key_name} {state}"


def keys_missing(workspace: Workspace, names: list[str]) -> list[str]:
    """The environment variables that some annotators need and that are not set."""
    asked = (workspace.settings.annotators[name] for name in names)
    return list(dict.fromkeys(one.key_name for one in asked if key_state(one) == KEY_MISSING))


def answer_quality(workspace: Workspace) -> pl.DataFrame:
    """How the models that have voted answered, one a row.

    Returns
    -------
    ``annotator, n_answers, n_votes``; ``repaired_share`` of the categories that it named,
    ``outside_share`` of those and the ones that are not in the taxonomy; ``refused_share,
    truncated_share, filtered_share, malformed_share, failed_share`` of the answers;
    ``is_flagged`` where more than 2 % were repaired or are outside; ``self_agreement`` in [0, 1]
    with ``_low``, ``_high`` and ``n_asked_again``, null where nothing was asked twice. A share
    of nothing is null.
    """
    snapshot = workspace.snapshots.current(MODEL_VOTES)
    voted = {} if snapshot is None else snapshot.figures["annotators"]
    rows = [
        _quality(name, told)
        for name, told in voted.items()
        if name in workspace.settings.annotators
    ]
    return pl.DataFrame(rows, schema=_QUALITY)


def _quality(name: str, told: dict[str, Any]) -> dict[str, Any]:
    n = told["n_requests"] - told["n_missing"]
    repaired, outside = told["repaired_share"], told.get("outside_share")
    again = told["self_agreement"] or {}
    kinds = ("refused", "truncated", "filtered", "malformed", "failed")
    return {
        "annotator": name,
        "n_answers": n,
        "n_votes": told["n_votes"],
        "repaired_share": repaired,
        "outside_share": outside,
        **{f"{kind}_share": told[f"n_{kind}"] / n if n else None for kind in kinds},
        "is_flagged": max(repaired or 0.0, outside or 0.0) > MOST_REPAIRED,
        "self_agreement": again.get("value"),
        "self_agreement_low": again.get("low"),
        "self_agreement_high": again.get("high"),
        "n_asked_again": again.get("n"),
    }


def _prices(one: ModelAnnotator) -> dict[str, float | None]:
    from curation.llm.prices import price_of  # its table of prices takes a while to read

    price = price_of(one)
    if price is None:
        return {"usd_in": None, "usd_out": None}
    return {"usd_in": price.usd(1000, 0) * 1000, "usd_out": price.usd(0, 1000) * 1000}
