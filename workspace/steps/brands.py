"""brands: which brands may be one, and which stand in the title alone; made when somebody asks."""

from __future__ import annotations

from typing import Any

from curation.brands.aliases import alias_candidates
from curation.brands.mentions import mentions
from curation.brands.missing import missing_brands
from curation.brands.names import branded
from workspace.settings import Settings
from workspace.snapshots import Output
from workspace.step import Context, Step


def _decides(settings: Settings) -> Any:
    return {
        "brands": settings.brands.model_dump(mode="json"),
        "generic_brands": settings.split.generic_brands,
    }


def _run(context: Context) -> Output:
    records = context.inputs["load"].scan("records")
    generic, settings = context.settings.split.generic_brands, context.settings.brands
    context.progress(0, 4, "reading brands and titles")
    held = branded(records, generic=generic)
    context.progress(1, 4, "looking for brands in titles")
    named = mentions(held.titles, held.brands)
    context.progress(2, 4, "comparing brands")
    aliases = alias_candidates(records, settings, held=held, named=named)
    context.progress(3, 4, "filling gaps")
    missing = missing_brands(records, settings, held=held, named=named)
    figures = {
        "n_brands": held.brands.height,
        "n_without_brand": missing.n_without,
        "n_aliases": aliases.height,
        "n_fills": missing.proposals.height,
        "n_tried": missing.n_tried,
        "precision": missing.precision if missing.n_tried else None,
    }
    return Output({"aliases": aliases, "missing": missing.proposals}, figures)


STEP = Step("brands", ("load",), _decides, _run)
