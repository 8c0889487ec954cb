"""Runs: predictions brought in, scored, compared; with a workspace or on plain files."""

from evaluation.published.twins import TwinComparison, TwinScores
from workspace.runs.importing import ImportedRun, import_run, store_run
from workspace.runs.plain import twin_compare_files, twin_score_files
from workspace.runs.run_files import compare_run_files, gold_columns, score_run_file
from workspace.runs.scoring import compare, list_runs, score_runs
from workspace.runs.tool_runs import format_options, import_file, known_formats
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
    "TwinComparison",
    "TwinScores",
    "compare",
    "compare_run_files",
    "format_options",
    "gold_columns",
    "import_file",
    "import_run",
    "known_formats",
    "leaderboard",
    "list_runs",
    "run_categories",
    "run_confusion",
    "run_report",
    "run_rows",
    "run_scores",
    "runs",
    "score_run_file",
    "score_runs",
    "store_run",
    "twin_compare_files",
    "twin_score_files",
]
