"""Decide, log: every click is a transaction, and the log is never rewritten."""

from __future__ import annotations

import datetime
import getpass
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import Session

from catalog.errors import InputError
from catalog.taxonomy.repair import required
from catalog.votes import CATEGORY
from workspace.atomic import digest_of
from workspace.database.tables import Decision, Lease, LogEntry, Response

if TYPE_CHECKING:
    from workspace.workspace import Workspace

Action = Literal["accept", "choose", "skip", "drop"]
ACTIONS: tuple[str, ...] = get_args(Action)
BrandAction = Literal["same", "different", "fill", "leave"]
SAME_BRAND, BRAND = "same brand", "brand"
"""The question whether two brands are one, of no record; and which brand a record is of."""
UNDO = "undo"

_DECISION_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "question": pl.String(),
        "action": pl.String(),
        "value": pl.String(),
        "reviewer": pl.String(),
        "reason": pl.String(),
    }
)


@dataclass(frozen=True)
class Verdict:
    """What a person says to one question of one record.

    ``accept`` keeps the label that stands (its ``value``), ``choose`` gives another,
    ``drop`` leaves the record out of gold, ``skip`` decides nothing. Of brands: two are the
    ``same`` or ``different``; one may ``fill`` a gap or ``leave`` it.
    """

    record_id: str
    action: Action | BrandAction
    value: str | None = None
    question: str = CATEGORY
    reason: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Logged:
    """One line of the log."""

    id: int
    at: str
    reviewer: str
    record_id: str
    question: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    bulk_id: str | None
    undoes: int | None

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def default_reviewer() -> str:
    """Who is at work, where nobody says: the user of this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reviewer"


def decide(
    workspace: Workspace, verdicts: Iterable[Verdict], reviewer: str | None = None
) -> list[Logged]:
    """Store what a person says, all of it or nothing.

    More than one verdict in a call is a bulk action, with one ``bulk_id`` in the log, so
    that it can be undone as one.

    Raises
    ------
    InputError
        If a record does not exist, or a category is not in the taxonomy; nothing is stored.
    """
    told = list(verdicts)
    _check(workspace, told)
    return keep(workspace, told, reviewer)


def keep(workspace: Workspace, told: list[Verdict], reviewer: str | None = None) -> list[Logged]:
    """Store verdicts that were checked, all or none, each with a line of the log."""
    who = reviewer or default_reviewer()
    bulk_id = str(uuid.uuid4()) if len(told) > 1 else None
    with workspace.database.session() as session:
        entries = [_store(session, verdict, who, bulk_id) for verdict in told]
        session.flush()
        return [logged(entry) for entry in entries]


def log(
    workspace: Workspace, *, record_id: str | None = None, limit: int | None = 50
) -> list[Logged]:
    """The log, newest first."""
    query = sa.select(LogEntry).order_by(LogEntry.id.desc())
    if record_id is not None:
        query = query.where(LogEntry.record_id == record_id)
    if limit is not None:
        query = query.limit(limit)
    with workspace.database.session() as session:
        return [logged(entry) for entry in session.scalars(query)]


def decisions_frame(workspace: Workspace) -> pl.DataFrame:
    """What holds now: ``record_id, question, action, value, reviewer, reason``, sorted."""
    if not workspace.has_database:
        return pl.DataFrame(schema=_DECISION_SCHEMA)
    columns = [getattr(Decision, name) for name in _DECISION_SCHEMA.names()]
    query = sa.select(*columns).order_by(Decision.record_id, Decision.question)
    with workspace.database.session() as session:
        rows = [tuple(row) for row in session.execute(query)]
    return pl.DataFrame(rows, schema=_DECISION_SCHEMA, orient="row")


def decisions_hash(workspace: Workspace) -> str:
    """A hash of what holds of records, so that steps know when people changed something."""
    held = decisions_frame(workspace).filter(pl.col("question") != SAME_BRAND)
    return digest_of(held.rows())


def _check(workspace: Workspace, verdicts: list[Verdict]) -> None:
    if not verdicts:
        raise InputError("nothing to decide.")
    ids = pl.Series([v.record_id for v in verdicts], dtype=pl.String)
    records = workspace.snapshot("load").scan("records").select("record_id")
    known = records.filter(pl.col("record_id").is_in(ids.implode())).collect()["record_id"]
    unknown = ids.filter(~ids.is_in(known.implode()))
    if len(unknown):
        raise InputError(
            f"record {unknown[0]!r} is not in this workspace. Find it with the Catalog page or in "
            "`goldshelf queue`."
        )
    for verdict in verdicts:
        if verdict.action not in ACTIONS:
            raise InputError(f"action {verdict.action!r}: expected one of {', '.join(ACTIONS)}.")
        if verdict.action in ("accept", "choose"):
            if not verdict.value:
                raise InputError(f"record {verdict.record_id!r}: {verdict.action} needs a value.")
            if verdict.question == CATEGORY:
                required(workspace.taxonomy(), verdict.value)


def _store(session: Session, verdict: Verdict, who: str, bulk_id: str | None) -> LogEntry:
    now = datetime.datetime.now(datetime.UTC)
    key = {"record_id": verdict.record_id, "question": verdict.question}
    before = session.scalars(sa.select(Decision).filter_by(**key).with_for_update()).one_or_none()
    was = _state(before)
    response = session.scalars(sa.select(Response).filter_by(**key, reviewer=who)).one_or_none()
    response = response or Response(**key, reviewer=who)
    response.action, response.value = verdict.action, verdict.value
    response.seconds, response.at = verdict.seconds, now
    session.add(response)
    after = was
    if verdict.action != "skip":
        after = {
            "action": verdict.action,
            "value": verdict.value,
            "reviewer": who,
            "reason": verdict.reason,
        }
        _put(session, before, key, after, now)
    session.execute(sa.delete(Lease).filter_by(**key, reviewer=who))
    entry = LogEntry(
        **key, at=now, reviewer=who, action=verdict.action, before=was, after=after,
        reason=verdict.reason, bulk_id=bulk_id,
    )  # fmt: skip
    session.add(entry)
    return entry


def _put(
    session: Session,
    held: Decision | None,
    key: dict[str, str],
    state: dict[str, Any] | None,
    now: datetime.datetime,
) -> None:
    if state is None:
        if held is not None:
            session.delete(held)
        return
    held = held or Decision(**key)
    held.action, held.value = state["action"], state["value"]
    held.reviewer, held.reason, held.at = state["reviewer"], state["reason"], now
    session.add(held)


def _state(held: Decision | None) -> dict[str, Any] | None:
    if held is None:
        return None
    return {
        "action": held.action,
        "value": held.value,
        "reviewer": held.reviewer,
        "reason": held.reason,
    }


def take_back(session: Session, entry: LogEntry, who: str) -> LogEntry:
    """Let hold again what held before a decision; the log gets a line more.

    Raises
    ------
    InputError
        If somebody decided the same record since.
    """
    now = datetime.datetime.now(datetime.UTC)
    key = {"record_id": entry.record_id, "question": entry.question}
    held = session.scalars(sa.select(Decision).filter_by(**key).with_for_update()).one_or_none()
    if _state(held) != entry.after:
        by = held.reviewer if held is not None else "somebody"
        raise InputError(
            f"record {entry.record_id!r} was decided again by {by} since; decide it anew instead."
        )
    _put(session, held, key, entry.before, now)
    session.execute(sa.delete(Response).filter_by(**key, reviewer=entry.reviewer))
    undone = LogEntry(
        **key, at=now, reviewer=who, action=UNDO, before=entry.after, after=entry.before,
        bulk_id=entry.bulk_id, undoes=entry.id,
    )  # fmt: skip
    session.add(undone)
    return undone


def logged(entry: LogEntry) -> Logged:
    """A line of the log as it is shown."""
    return Logged(
        entry.id, entry.at.isoformat(timespec="seconds"), entry.reviewer, entry.record_id,
        entry.question, entry.action, entry.before, entry.after, entry.reason, entry.bulk_id,
        entry.undoes,
    )  # fmt: skip
