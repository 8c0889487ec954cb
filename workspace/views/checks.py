"""What people ask of the checks of a workspace."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.checks.run import refuse_unknown
from workspace.workspace import Workspace


def require_check(name: str) -> None:
    """Refuse the name of a check that does not exist.

    Raises
    ------
    InputError
        Names the nearest one.
    """
    refuse_unknown([name])


def checks_shown(
    workspace: Workspace, check: str | None = None, *, limit: int | None = 20
) -> dict[str, Any]:
    """The summary of all checks and, of one check, what it found, the lowest scores first.

    Returns
    -------
    ``snapshot``, ``n_records``, ``checks`` (a dictionary each, with ``n_evidences`` only
    where a check speaks of evidences) and, for one check, ``check``, ``n_issues`` and
    ``rows``, at most ``limit`` of them.

    Raises
    ------
    InputError
        If there is no such check.
    WorkspaceError
        If the checks have not run.
    """
    if check is not None:
        require_check(check)
    snapshot = workspace.snapshot("check")
    checks = [
        {key: value for key, value in line.items() if key != "n_evidences" or value is not None}
        for line in snapshot.read("summary").iter_rows(named=True)
    ]
    body = {"snapshot": snapshot.id, "n_records": snapshot.figures["n_records"], "checks": checks}
    if check is None:
        return body
    found = snapshot.scan("issues").filter(pl.col("check") == check).collect()
    rows = found.sort("score", maintain_order=True)
    shown = rows if limit is None else rows.head(limit)
    return {
        **body,
        "check": check,
        "n_issues": found.height,
        "rows": shown.drop("check", "severity").to_dicts(),
    }
