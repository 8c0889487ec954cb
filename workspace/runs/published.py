"""Runs of the workspace by a paper's own script, beside their strict scores."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.extra import SURFACE_FORMS
from catalog.paths import joined
from evaluation.comparing.comparison import DEFAULT_METRIC
from evaluation.comparing.pairing import is_identical
from evaluation.published import DEFINITIONS, definition_for, published_scores
from evaluation.published.literature import literature_lines
from evaluation.published.twins import STRICT, TwinComparison, published_comparison
from evaluation.settings import CompareSettings
from workspace.runs.gold import gold_of
from workspace.runs.scoring import (
    Made,
    RunInfo,
    fingerprint_of,
    load_runs,
    runs_named,
    score_runs,
    write_result,
)
from workspace.snapshots import Output

if TYPE_CHECKING:
    from workspace.workspace import Workspace

CATEGORY = "category"
NONE = "n/a"


def definitions_of(task: str) -> dict[str, str]:
    """The published definitions of a task, each with its words.

    Examples
    --------
    >>> sorted(definitions_of("attributes"))
    ['ecellm', 'ecellm-ood', 'extractgpt', 'mave', 'wdc-pave']
    """
    return {name: one.words for (name, of), one in DEFINITIONS.items() if of == task}


def known_definitions() -> dict[str, str]:
    """Every published definition, with the words of its first task.

    Examples
    --------
    >>> "esci" in known_definitions()
    True
    """
    found: dict[str, str] = {}
    for (name, task), one in DEFINITIONS.items():
        found.setdefault(name, f"{task.replace('_', ' ')}; {one.words}")
    return found


def published_runs(workspace: Workspace, names: Sequence[str], definition: str) -> list[Made]:
    """Score runs by a published definition; all runs where none is named.

    Kept as ``published/RUN__DEFINITION``; the figures are ``strict``, ``published`` and
    ``published_lines`` of `evaluation.published.twins.TwinScores.as_json`, and its ``definitions``. Lines of the literature
    are there only where this very split is theirs.

    Raises
    ------
    InputError
        If there is no such run or definition, or the definition is of another task.
    """
    return [_published(workspace, run.name, definition) for run in runs_named(workspace, names)]


def _published(workspace: Workspace, name: str, asked: str) -> Made:
    started_at = time.time()
    [run] = runs_named(workspace, [name])
    definition = definition_for(asked, run.task)
    step = f"published/{name}__{asked}"
    fingerprint = fingerprint_of(workspace, [run], ["published", definition.as_json()])
    known = workspace.snapshots.current(step)
    if known is not None and known.manifest["fingerprint"] == fingerprint:
        return Made(name, known, is_new=False)
    strict = score_runs(workspace, [name])[0].snapshot.figures
    loaded = load_runs(workspace, [run], keep_rows=True)
    gold = _gold(workspace, run)
    rows = _with_gold(loaded.rows[name], gold)
    clusters = loaded.answers[name].clusters
    found = published_scores(definition, rows, clusters, workspace.settings.score)
    estimates = {k: v for k, v in strict.items() if isinstance(v, dict) and "value" in v}
    lines = literature_lines(asked, run.task, as_published(gold))
    figures = {
        "strict": {
            "definition": "strict",
            "words": STRICT,
            "main": DEFAULT_METRIC[run.task],
            **estimates,
        },
        "definitions": strict["definitions"],
        "published": {"main": definition.main, **found.as_json()},
        "published_lines": [line.as_json() for line in lines],
    }
    n_repeats = len(loaded.repeats[name])
    notes = (
        [f"published definition {asked}: of the first of the {n_repeats} repeats."]
        if n_repeats > 1
        else []
    )
    made = write_result(workspace, step, Output({}, figures, notes), fingerprint, [run], started_at)
    return Made(name, made, is_new=True)


def twin_of(workspace: Workspace, run: str, definition: str) -> dict[str, Any]:
    """The figures of one run by a definition; see `published_runs`."""
    return published_runs(workspace, [run], definition)[0].snapshot.figures


def with_published(
    workspace: Workspace,
    twin: TwinComparison,
    baseline: str,
    candidate: str,
    definition: str,
    settings: CompareSettings | None = None,
) -> TwinComparison:
    """A comparison of two runs with what a paper's script says of them.

    Raises
    ------
    InputError
        If the definition is not known, or of another task.
    """
    asked = definition_for(definition, twin.strict.task)
    names = [side.split(",")[0] for side in (baseline, candidate)]
    runs = runs_named(workspace, names)
    loaded = load_runs(workspace, runs, keep_rows=True)
    before, after = (loaded.answers[name] for name in names)
    gold = _gold(workspace, runs[0])
    first, second = (_with_gold(loaded.rows[name], gold) for name in names)
    found = published_comparison(
        asked,
        first,
        second,
        before.clusters,
        is_identical=is_identical(before, after),
        settings=settings or workspace.settings.compare,
    )
    return replace(twin, published=found)


def _gold(workspace: Workspace, run: RunInfo) -> pl.DataFrame:
    """The gold of a run, with what the source says beyond the record."""
    kept = workspace.snapshot("curate").scan("gold").select("record_id", "extra").collect()
    return gold_of(workspace, run.task, run.split).join(
        kept, left_on="example_id", right_on="record_id", how="left", maintain_order="left"
    )


def _with_gold(rows: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """Rows whose gold is what the scripts look for, under their names."""
    told = {"attributes": "gold_attributes"}
    ours = as_published(gold, none=None)
    columns = [name for name in ("example_id", CATEGORY, *told) if name in ours.columns]
    ours = ours.select(columns).rename(told, strict=False)
    kept = rows.drop(name for name in ours.columns if name != "example_id" and name in rows.columns)
    return kept.join(ours, on="example_id", how="left", maintain_order="left")


def as_published(gold: pl.DataFrame, none: str | None = NONE) -> pl.DataFrame:
    """Gold as a paper's file has it: one category, and attributes as an object.

    An attribute that the source gave values and "n/a" for has both again, in the order of the source
    (`catalog.extra.SURFACE_FORMS`), as long as nobody has changed its values.

    Parameters
    ----------
    gold
        ``category_path``, and where they are there ``attributes`` and ``extra``; others are kept.
    none
        How a null is written: ExtractGPT's files have "n/a".
    """
    gold = gold.with_columns(joined("category_path").alias(CATEGORY))
    if "attributes" not in gold.columns:
        return gold
    extras = gold["extra"] if "extra" in gold.columns else [None] * gold.height
    texts = [
        json.dumps(
            {
                key: [none if form is None else form for form in forms or [None]]
                for key, forms in _forms(held, extra).items()
            }
        )
        for held, extra in zip(gold["attributes"].to_list(), extras, strict=True)
    ]
    return gold.with_columns(pl.Series("attributes", texts, dtype=pl.String))


def _forms(held: list[dict[str, Any]] | None, extra: str | None) -> dict[str, list[str | None]]:
    """The values of each attribute, and a null among them where the source has "n/a"."""
    forms: dict[str, list[str | None]] = {
        one["key"]: [e["value"] for e in one["evidences"] or []] for one in held or []
    }
    if extra is None or SURFACE_FORMS not in extra:
        return forms
    given = json.loads(extra).get(SURFACE_FORMS) or {}
    return forms | {
        key: [None if form == NONE else form for form in all_of]
        for key, all_of in given.items()
        if forms.get(key) == [form for form in all_of if form != NONE]
    }


def main_of(body: dict[str, Any]) -> dict[str, Any]:
    """The estimate that a definition quotes, out of ``strict`` or ``published``."""
    found: dict[str, Any] = body[body["main"]]
    return found
