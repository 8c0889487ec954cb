"""A test set once cut, kept by the ids of its records beside the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from catalog.errors import WorkspaceError
from catalog.wording import counted

if TYPE_CHECKING:
    from workspace.workspace import Workspace

FROZEN = "frozen_test.csv"


def frozen_ids(workspace: Workspace) -> pl.Series | None:
    """The ids of the frozen test set; None where there is none.

    Raises
    ------
    WorkspaceError
        If the file is there and has no ids.
    """
    path = workspace.layout.root / FROZEN
    if not path.is_file():
        return None
    try:
        return pl.read_csv(path, infer_schema=False)["record_id"]
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"{path}: expected a column 'record_id' with one id a row. Take the file away with "
            "`goldshelf split --no-freeze`, or put it right."
        ) from error


def freeze_test(workspace: Workspace) -> int:
    """Keep the test split as it is now, whatever the catalog becomes; how many records that are.

    Raises
    ------
    WorkspaceError
        If there is no split yet, or its test is empty.
    """
    split = workspace.snapshot("split").scan("split").filter(pl.col("split") == "test")
    ids = split.select("record_id").collect()
    if ids.is_empty():
        raise WorkspaceError("the test split has no row, so there is nothing to freeze.")
    path = workspace.layout.root / FROZEN
    beside = path.with_name(f".{FROZEN}.new")
    ids.sort("record_id").write_csv(beside)
    beside.replace(path)
    return ids.height


def thaw_test(workspace: Workspace) -> None:
    """Let the test set go: it then stays and goes as any other split."""
    (workspace.layout.root / FROZEN).unlink(missing_ok=True)


@contextmanager
def freezing(workspace: Workspace, *, freeze: bool) -> Iterator[str]:
    """Freeze the test set or let it go, and say so in one line; where what follows fails, undo it."""
    path = workspace.layout.root / FROZEN
    before = path.read_bytes() if path.is_file() else None
    try:
        if freeze:
            yield f"test: frozen, {counted(freeze_test(workspace), 'record')} stay there"
        else:
            thaw_test(workspace)
            yield (
                "test: not frozen; its records stay while nothing of [split] changes, another seed "
                "draws them anew"
            )
    except BaseException:
        if before is None:
            thaw_test(workspace)
        else:
            path.write_bytes(before)
        raise
