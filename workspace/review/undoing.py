"""Undo: the last thing that a person did is taken back, and the log keeps both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from catalog.errors import InputError
from workspace.database.tables import LogEntry
from workspace.review import decisions, ratings
from workspace.review.decisions import UNDO, Logged, default_reviewer, logged

if TYPE_CHECKING:
    from workspace.workspace import Workspace

Acts = Literal["all", "decisions", "ratings"]
_IS_RATING = LogEntry.question.in_(ratings.QUESTIONS)
_OF: dict[Acts, sa.ColumnElement[bool]] = {
    "all": sa.true(),
    "decisions": ~_IS_RATING,
    "ratings": _IS_RATING,
}


def undo(
    workspace: Workspace,
    reviewer: str | None = None,
    *,
    bulk_id: str | None = None,
    of: Acts = "all",
) -> list[Logged]:
    """Take back the last thing that a person did: one decision or rating, or one bulk action whole.

    The log keeps both; what held before holds again.

    Parameters
    ----------
    of
        Which acts count: a page takes back what is done on it.

    Raises
    ------
    InputError
        If there is nothing to undo, or somebody decided the same record since.
    """
    who = reviewer or default_reviewer()
    with workspace.database.session() as session:
        last = _last_undoable(session, who, bulk_id, of)
        if last is None:
            raise InputError(f"nothing to undo for {who}.")
        entries = [last]
        if last.bulk_id is not None:
            entries = list(
                session.scalars(
                    sa.select(LogEntry)
                    .where(LogEntry.bulk_id == last.bulk_id, LogEntry.action != UNDO)
                    .order_by(LogEntry.id)
                )
            )
        undone = [_take_back(session, entry, who) for entry in reversed(entries)]
        session.flush()
        return [logged(entry) for entry in undone]


def _last_undoable(session: Session, who: str, bulk_id: str | None, of: Acts) -> LogEntry | None:
    undone = sa.select(LogEntry.undoes).where(LogEntry.undoes.is_not(None))
    query = (
        sa.select(LogEntry)
        .where(
            LogEntry.reviewer == who,
            LogEntry.action != UNDO,
            LogEntry.id.not_in(undone),
            _OF[of],
        )
        .order_by(LogEntry.id.desc())
        .limit(1)
    )
    if bulk_id is not None:
        query = query.where(LogEntry.bulk_id == bulk_id)
    return session.scalars(query).one_or_none()


def _take_back(session: Session, entry: LogEntry, who: str) -> LogEntry:
    if entry.question in ratings.QUESTIONS:
        return ratings.take_back(session, entry, who)
    return decisions.take_back(session, entry, who)
