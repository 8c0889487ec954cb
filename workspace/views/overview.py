"""Where a workspace stands, and what a person should do next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from workspace import way
from workspace.review.queue import standing
from workspace.runs.scoring import list_runs
from workspace.workspace import Workspace


@dataclass(frozen=True)
class Advice:
    """What to do next: where, and why. ``page`` is a page's name, or ``run``."""

    page: str
    what: str
    why: str


@dataclass(frozen=True)
class StepLine:
    """One step as a table shows it."""

    step: str
    state: str
    why: str
    counts: str
    notes: list[str]
    made_at: str
    snapshot: str


_FAILING = ("stale", "missing")


def step_lines(workspace: Workspace) -> list[StepLine]:
    """Every step with its state, counts and what it said aloud."""
    lines = []
    for name, status in way.statuses(workspace).items():
        made = status.snapshot
        counts = made.counts.items() if made else []
        lines.append(
            StepLine(
                name,
                status.state,
                status.why,
                ", ".join(f"{table} {n:,}" for table, n in counts if "taxonomy" not in table),
                made.notes if made else [],
                str(made.manifest["created_at"]) if made else "",
                made.id if made else "",
            )
        )
    return lines


def advice(workspace: Workspace) -> Advice:
    """The one thing to do next."""
    lines = step_lines(workspace)
    behind = [line.step for line in lines if line.state in _FAILING]
    if behind:
        fresh = len(behind) == len(lines)
        return Advice(
            "run",
            "Run every step" if fresh else f"Bring {', '.join(behind)} up to date",
            "Nothing has run yet." if fresh else "Settings, input or decisions have changed.",
        )
    counts = standing(workspace)
    if counts["waiting"] and counts["decided"] == 0:
        return Advice(
            "review",
            f"Review {counts['waiting']:,} records",
            "Annotators disagree on them, or a check speaks of them.",
        )
    runs = list_runs(workspace)
    if not runs:
        return Advice(
            "results", "Make baselines", "Nothing has been predicted on the test split yet."
        )
    (_, split), n_runs = Counter((run.task, run.split) for run in runs).most_common(1)[0]
    if n_runs == 1:
        return Advice("results", "Bring a second run", "A verdict needs two runs on the same rows.")
    return Advice("compare", "Compare two runs", f"{n_runs} runs stand on the same {split} split.")
