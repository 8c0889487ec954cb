"""The same predictions on every version of the gold that they were scored on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from evaluation.comparing.comparison import DEFAULT_METRIC
from stats.estimate import Estimate
from workspace.atomic import read_json
from workspace.runs.scoring import list_runs, runs_named, score_runs

if TYPE_CHECKING:
    from workspace.workspace import Workspace

VERSION_SCHEMA = pl.Schema(
    {
        "run": pl.String(),
        "metric": pl.String(),
        "gold": pl.String(),
        "split": pl.String(),
        "at": pl.String(),
        "n_rows": pl.Int64(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "is_current": pl.Boolean(),
    }
)


def score_versions(workspace: Workspace, run: str, metric: str | None = None) -> pl.DataFrame:
    """A line for each version of the gold, the oldest first: `VERSION_SCHEMA`.

    The run is scored again now if its gold has changed. ``gold`` and ``split`` are the snapshots
    that the score rests on; scores of other predictions of the same name are left out. Without a
    metric, that of the task.
    """
    current = score_runs(workspace, [run])[0].snapshot
    info = runs_named(workspace, [run])[0]
    metric, predictions = metric or DEFAULT_METRIC[info.task], info.predictions.id
    lines = []
    for path in sorted((workspace.layout.snapshots / "scores" / run).glob("[!.]*/manifest.json")):
        manifest = read_json(path)
        inputs = manifest.get("inputs", {}) if isinstance(manifest, dict) else {}
        if inputs.get(f"predictions/{run}") != predictions:
            continue
        found = _estimate(manifest["figures"], metric)
        lines.append(
            {
                "run": run,
                "metric": metric,
                "gold": inputs["curate"],
                "split": inputs["split"],
                "at": manifest["created_at"],
                "n_rows": manifest["figures"]["n_rows"],
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "is_current": manifest["id"] == current.id,
            }
        )
    lines.sort(key=lambda line: (line["is_current"], line["at"]))
    return pl.DataFrame(lines, schema=VERSION_SCHEMA)


def _estimate(figures: dict[str, Any], metric: str) -> Estimate:
    top, _, level = metric.partition(".")
    found = figures.get(top)
    found = found.get(level) if level and isinstance(found, dict) else found
    if not isinstance(found, dict) or "value" not in found:
        return Estimate.undefined("not measured then")
    return Estimate.from_json(found)


def rescored(workspace: Workspace, metric: str | None = None) -> pl.DataFrame:
    """Every run on the gold of before and of now.

    ``run, metric, gold_before, gold_now, before, now, change``; null before where the gold never changed,
    and ``change`` is then null. The last gold that differs is the one before.
    """
    lines = []
    for run in list_runs(workspace):
        versions = score_versions(workspace, run.name, metric)
        now = versions.filter(pl.col("is_current")).row(0, named=True)
        others = versions.filter(pl.col("gold") != now["gold"])
        before = others.row(-1, named=True) if others.height else None
        lines.append(
            {
                "run": run.name,
                "metric": now["metric"],
                "gold_before": before["gold"] if before else None,
                "gold_now": now["gold"],
                "before": before["value"] if before else None,
                "now": now["value"],
                "change": now["value"] - before["value"] if before else None,
            }
        )
    schema = {"gold_before": pl.String, "before": pl.Float64, "change": pl.Float64}
    return pl.DataFrame(lines, schema_overrides=schema)
