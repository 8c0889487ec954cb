"""check: every record looked at by every check; issues row by row and a summary."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.checks.run import SEVERITIES, run_checks
from workspace.settings import Settings
from workspace.snapshots import Output
from workspace.step import Context, Step
from workspace.taxonomies import taxonomy_of


def _decides(settings: Settings) -> Any:
    return settings.check.model_dump(mode="json")


def _run(context: Context) -> Output:
    loaded = context.inputs["load"]
    result = run_checks(
        loaded.scan("records"),
        taxonomy_of(loaded),
        context.settings.check,
        progress=context.progress,
    )
    by_severity = {
        name: result.issues.filter(pl.col("severity") == name)["record_id"].n_unique()
        for name in SEVERITIES
    }
    figures = {
        "n_records": result.n_records,
        "n_records_with_issues": result.issues["record_id"].n_unique(),
        "n_records_by_severity": by_severity,
        "n_issues": result.issues.height,
    }
    return Output({"issues": result.issues, "summary": result.summary}, figures, result.notes)


STEP = Step("check", ("load",), _decides, _run)
