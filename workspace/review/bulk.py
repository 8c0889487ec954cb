"""Many decisions from one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import InputError
from workspace.files.plain_files import read_file
from workspace.review.decisions import Verdict

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def verdicts_from_file(workspace: Workspace, path: Path) -> list[Verdict]:
    """Read ``record_id`` with ``category`` or ``action``, and ``reason`` where there is one.

    Raises
    ------
    InputError
        If a column is missing, a row says nothing, or a record stands twice.
    """
    frame = read_file(path, id_column="record_id").frame
    if not {"category", "action"} & set(frame.columns):
        raise InputError(
            f"{path}: expected columns record_id and category (or action); found "
            f"{', '.join(frame.columns)}."
        )
    verdicts = []
    for number, row in enumerate(frame.iter_rows(named=True), 1):
        category, action = row.get("category"), row.get("action")
        if action is None and category is None:
            raise InputError(f"{path}, row {number}: neither category nor action.")
        verdicts.append(
            Verdict(
                str(row["record_id"]),
                action or "choose",
                category,
                reason=row.get("reason"),
            )
        )
    return verdicts
