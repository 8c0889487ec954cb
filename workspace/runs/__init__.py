"""Runs: predictions brought in, scored, compared; with a workspace or on plain files."""

from workspace.runs.importing import ImportedRun, import_run, store_run
from workspace.runs.plain import compare_files, score_files
from workspace.runs.scoring import compare, list_runs, score_runs
from workspace.runs.views import (
    leaderboard,
    run_categories,
    run_confusion,
    run_report,
    run_rows,
    run_scores,
    runs,
)

__all__ = [
    "ImportedRun",
    "compare",
    "compare_files",
    "import_run",
    "leaderboard",
    "list_runs",
    "run_categories",
    "run_confusion",
    "run_report",
    "run_rows",
    "run_scores",
    "runs",
    "score_files",
    "score_runs",
    "store_run",
]
