"""What people say of answers to questions: each word is a transaction, with a line of the log."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import Session

from catalog.criteria import CRITERIA, Criterion
from catalog.errors import InputError
from workspace.database.tables import LogEntry, Rating
from workspace.review.decisions import UNDO, Logged, default_reviewer, logged

if TYPE_CHECKING:
    from workspace.workspace import Workspace

Word = Literal["yes", "no", "skip"]
WORDS: tuple[Word, ...] = get_args(Word)
"""``skip`` says neither: it counts nowhere, and the answer is not offered to this person again."""
RATE = "rate"
QUESTIONS: dict[str, Criterion] = {f"rating:{criterion}": criterion for criterion in CRITERIA}
"""What stands as ``question`` in the log."""
HELD_SCHEMA = pl.Schema(
    {
        "criterion": pl.String(),
        "example_id": pl.String(),
        "mark": pl.String(),
        "rater": pl.String(),
        "value": pl.String(),
        "at": pl.Datetime("us", "UTC"),
    }
)
_MOST_LETTERS = 255


@dataclass(frozen=True)
class Said:
    """What a person says of one answer.

    Attributes
    ----------
    mark
        Names what was shown (`workspace.runs.judgements.answer_marks`).
    rater
        Who says it; whoever brings it in where None.
    at
        When it was said; now where None.
    """

    criterion: Criterion
    example_id: str
    mark: str
    value: Word
    rater: str | None = None
    at: datetime.datetime | None = None


@dataclass(frozen=True)
class Taken:
    """What became of what was said.

    Attributes
    ----------
    entries
        A line of the log for each word that is new or another than before.
    n_same, n_older
        Words that change nothing: said before, or older than what the same person said since.
    """

    entries: list[Logged]
    n_same: int
    n_older: int


def rate(workspace: Workspace, told: Sequence[Said], reviewer: str | None = None) -> Taken:
    """Store what people say of answers, all of it or nothing; of each person the later word counts.

    More than one word in a call is a bulk action, undone as one.

    Raises
    ------
    InputError
        If nothing is said, or a rater has no name or too long a one; nothing is stored.
    """
    who = reviewer or default_reviewer()
    if not told:
        raise InputError("nothing to rate.")
    for name in {one.rater or who for one in told}:
        if not name.strip() or len(name) > _MOST_LETTERS:
            raise InputError(
                f"rater {name[:40]!r}: expected a name of 1 to {_MOST_LETTERS} letters."
            )
    bulk_id = str(uuid.uuid4()) if len(told) > 1 else None
    now = datetime.datetime.now(datetime.UTC)
    with workspace.database.session() as session:
        held = _held(session, told, who)
        made = [_store(session, held, one, who, bulk_id, now) for one in told]
        session.flush()
        entries = [logged(one) for one in made if isinstance(one, LogEntry)]
    return Taken(entries, made.count("same"), made.count("older"))


def held_ratings(workspace: Workspace, rater: str | None = None) -> pl.DataFrame:
    """What each person says now, or one alone, in `HELD_SCHEMA`, sorted."""
    if not workspace.has_database:
        return pl.DataFrame(schema=HELD_SCHEMA)
    columns = [getattr(Rating, name) for name in HELD_SCHEMA.names()]
    query = sa.select(*columns).order_by(*columns[:4])
    if rater is not None:
        query = query.where(Rating.rater == rater)
    with workspace.database.session() as session:
        rows = [(*row[:-1], _utc(row[-1])) for row in session.execute(query)]
    return pl.DataFrame(rows, schema=HELD_SCHEMA, orient="row")


def take_back(session: Session, entry: LogEntry, who: str) -> LogEntry:
    """Let hold again what a person said before; the log gets a line more.

    Raises
    ------
    InputError
        If the same person has said something else of it since.
    """
    criterion, after = QUESTIONS[entry.question], entry.after or {}
    key = {"criterion": criterion, "example_id": entry.record_id,
           "mark": after.get("mark"), "rater": after.get("rater")}  # fmt: skip
    with session.no_autoflush:  # what is changed of a file of ratings is written once, at the end
        held = session.scalars(sa.select(Rating).filter_by(**key).with_for_update()).one_or_none()
    if _state(held) != entry.after:
        raise InputError(
            f"the answer to {entry.record_id!r} was rated again by {after.get('rater')} since; rate "
            "it anew instead."
        )
    if entry.before is None:
        session.delete(held)
    elif held is not None:
        held.value = str(entry.before["value"])
        held.at = datetime.datetime.fromisoformat(str(entry.before["at"]))
    undone = LogEntry(
        record_id=entry.record_id, question=entry.question, at=datetime.datetime.now(datetime.UTC),
        reviewer=who, action=UNDO, before=entry.after, after=entry.before, bulk_id=entry.bulk_id,
        undoes=entry.id,
    )  # fmt: skip
    session.add(undone)
    return undone


def _held(session: Session, told: Sequence[Said], who: str) -> dict[tuple[str, ...], Rating]:
    """What the raters say now, of all that they are asked; of one answer alone where one is told."""
    query = sa.select(Rating).where(Rating.rater.in_({one.rater or who for one in told}))
    if len(told) == 1:
        query = query.where(Rating.example_id == told[0].example_id)
    found = session.scalars(query.with_for_update())
    return {(one.criterion, one.example_id, one.mark, one.rater): one for one in found}


def _store(
    session: Session,
    known: dict[tuple[str, ...], Rating],
    one: Said,
    who: str,
    bulk_id: str | None,
    now: datetime.datetime,
) -> LogEntry | Literal["same", "older"]:
    rater = one.rater or who
    key = (one.criterion, one.example_id, one.mark, rater)
    held = known.get(key)
    said_at = min(one.at or now, now)  # a clock that is ahead overrules nobody for ever
    if held is not None and held.value == one.value:
        return "same"
    if held is not None and said_at < _utc(held.at):
        return "older"
    before = _state(held)
    if held is None:
        held = known[key] = Rating(
            criterion=one.criterion, example_id=one.example_id, mark=one.mark, rater=rater
        )
        session.add(held)
    held.value, held.at = one.value, said_at
    entry = LogEntry(
        record_id=one.example_id, question=f"rating:{one.criterion}", at=now, reviewer=who,
        action=RATE, before=before, after=_state(held), bulk_id=bulk_id,
    )  # fmt: skip
    session.add(entry)
    return entry


def _state(held: Rating | None) -> dict[str, Any] | None:
    if held is None:
        return None
    return {"value": held.value, "mark": held.mark, "rater": held.rater,
            "at": _utc(held.at).isoformat()}  # fmt: skip


def _utc(at: datetime.datetime) -> datetime.datetime:
    """SQLite forgets the zone; what is written is UTC."""
    return at.replace(tzinfo=datetime.UTC) if at.tzinfo is None else at.astimezone(datetime.UTC)
