"""The tables of the database."""

from __future__ import annotations

import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime

Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    """The base of all tables."""


class Response(Base):
    """What one person says to one question of one record: a vote of theirs."""

    __tablename__ = "responses"
    __table_args__ = (UniqueConstraint("record_id", "question", "reviewer"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    reviewer: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(16))
    value: Mapped[str | None] = mapped_column(Text)
    seconds: Mapped[float | None]
    at: Mapped[datetime.datetime] = mapped_column(Moment)


class Decision(Base):
    """What holds for one question of one record."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("record_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(16))
    value: Mapped[str | None] = mapped_column(Text)
    reviewer: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime.datetime] = mapped_column(Moment)


class LogEntry(Base):
    """One change, never changed itself: triggers refuse it."""

    __tablename__ = "log"
    __table_args__ = (Index("log_by_record", "record_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime.datetime] = mapped_column(Moment)
    reviewer: Mapped[str] = mapped_column(String(255))
    record_id: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(16))
    before: Mapped[dict[str, str | None] | None] = mapped_column(JSON)
    after: Mapped[dict[str, str | None] | None] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(Text)
    bulk_id: Mapped[str | None] = mapped_column(String(36))
    undoes: Mapped[int | None] = mapped_column(ForeignKey("log.id"), unique=True)


class Rating(Base):
    """What one person says of one answer to a question, by one criterion: yes, no, or neither (skip).

    ``mark`` names what was shown, so that the word holds for every run that gives this answer to
    this row, and for no other.
    """

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("criterion", "example_id", "mark", "rater"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    criterion: Mapped[str] = mapped_column(String(16))
    example_id: Mapped[str] = mapped_column(Text)
    mark: Mapped[str] = mapped_column(String(16))
    rater: Mapped[str] = mapped_column(String(255))
    value: Mapped[str] = mapped_column(String(4))
    at: Mapped[datetime.datetime] = mapped_column(Moment)


class Lease(Base):
    """A record that a reviewer has open, until a time, so that two do not do the same."""

    __tablename__ = "leases"

    record_id: Mapped[str] = mapped_column(Text, primary_key=True)
    question: Mapped[str] = mapped_column(Text, primary_key=True)
    reviewer: Mapped[str] = mapped_column(String(255))
    until: Mapped[datetime.datetime] = mapped_column(Moment)


class Run(Base):
    """Predictions of one model on one split."""

    __tablename__ = "runs"

    run_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(Moment)
    model: Mapped[str] = mapped_column(String(255))
    split: Mapped[str] = mapped_column(String(64))
    dataset_sha: Mapped[str] = mapped_column(String(64))
    snapshot_id: Mapped[str] = mapped_column(String(64))
    about: Mapped[dict[str, object]] = mapped_column(JSON)


class Call(Base):
    """One time that a request went out to a model, and what came back of it.

    ``state`` is ``sent`` before it goes out, then ``done`` (the answer is here, and is never paid
    for again) or ``failed``. ``cost_usd`` is null where nobody knows it; ``reserved_usd`` is the
    most that it can have cost. ``job_id`` names the run of ``label`` that sent it, which may be
    resumed; ``sender_id`` the process.
    """

    __tablename__ = "calls"
    __table_args__ = (Index("calls_by_key", "request_key"), Index("calls_by_batch", "batch_id"))

    call_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    request_key: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(String(32))
    provider: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(255))
    base_url: Mapped[str | None] = mapped_column(Text)
    annotator: Mapped[str] = mapped_column(String(255))
    question: Mapped[str] = mapped_column(Text)
    record_id: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str | None] = mapped_column(String(16))
    text: Mapped[str | None] = mapped_column(Text)
    n_characters: Mapped[int]
    n_tokens_in: Mapped[int | None]
    n_tokens_out: Mapped[int | None]
    n_tokens_cached: Mapped[int | None]
    cost_usd: Mapped[float | None]
    reserved_usd: Mapped[float | None]
    latency_s: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime.datetime] = mapped_column(Moment)
    answered_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    batch_id: Mapped[str | None] = mapped_column(String(255))
    sender_id: Mapped[str | None] = mapped_column(String(32))


class Sender(Base):
    """A process that asks models now; its row goes when it ends.

    ``machine`` and ``born`` tell it from another process with its number, on another machine or
    at another time. ``beat_at`` is written every few seconds, by the clock of the database.
    """

    __tablename__ = "senders"

    sender_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    machine: Mapped[str] = mapped_column(String(64))
    pid: Mapped[int]
    born: Mapped[str | None] = mapped_column(String(32))
    began_at: Mapped[datetime.datetime] = mapped_column(Moment)
    beat_at: Mapped[datetime.datetime] = mapped_column(Moment)


class Batch(Base):
    """Requests handed to a provider's batch API together, to be collected later.

    ``state`` is ``handing in`` before they go out, ``open`` once the provider has a name for them
    (``remote_id``), then ``collected``, ``refused`` (never taken), ``failed`` (nothing was done)
    or ``lost`` (nobody knows). What is in it are the calls with its ``batch_id``. ``settings`` are
    those of its annotator when it was handed in, so that it is collected after they changed.
    ``submitted_at`` is when it went out, the last time where the provider was busy;
    ``collected_at`` is when it was closed, whatever the reason.
    """

    __tablename__ = "batches"

    batch_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    provider: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(255))
    base_url: Mapped[str | None] = mapped_column(Text)
    annotator: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16))
    submitted_at: Mapped[datetime.datetime] = mapped_column(Moment)
    collected_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    remote_id: Mapped[str | None] = mapped_column(String(255))
    sender_id: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(Text)
    settings: Mapped[dict[str, object]] = mapped_column(JSON)
