"""Which records a person should look at next, and everything there is to know of one."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from catalog.errors import InputError
from catalog.paths import join_path
from catalog.taxonomy.tree import NO_NODE
from catalog.votes import CATEGORY
from workspace.database.tables import Decision, Lease, Response
from workspace.models.votes import model_votes
from workspace.review.decisions import BRAND, SAME_BRAND, Logged, default_reviewer, log

if TYPE_CHECKING:
    from workspace.workspace import Workspace

LEASE = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class QueueFilter:
    """What a person wants to review; None is everything."""

    level: int | None = None
    check: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class Card:
    """One record whole, as the Review page shows it.

    Attributes
    ----------
    record
        The record's columns.
    votes
        ``annotator_id, value, score, parts_at`` of the category, models and people alike;
        ``parts_at`` is the level at which the vote leaves the suggestion, null where it agrees.
    suggestion
        The consensus, else the label of the source; None where neither is a valid category.
    choices
        The different valid categories voted for, the most votes first: what the keys 1 to 9
        choose.
    issues
        What the checks say of it.
    decision, history
        What holds now, and how it came to that.
    """

    record: dict[str, Any]
    votes: list[dict[str, Any]]
    suggestion: str | None
    choices: list[str]
    issues: list[dict[str, Any]]
    decision: dict[str, Any] | None
    history: list[Logged] = field(default_factory=list)


def queue(
    workspace: Workspace,
    reviewer: str | None = None,
    *,
    wanted: QueueFilter | None = None,
    limit: int = 50,
) -> pl.DataFrame:
    """Records to review, the most useful first.

    A record is in the queue if annotators disagree on it or a check of severity ``error``
    or ``warning`` speaks of it, unless it is decided, the reviewer skipped it (it then comes
    last), or somebody else has it open.

    Returns
    -------
    ``record_id, priority, level`` (at which the votes part), ``checks``, ``is_skipped``.
    """
    wanted = wanted or QueueFilter()
    who = reviewer or default_reviewer()
    found = workspace.snapshot("queue").scan("queue")
    if wanted.level is not None:
        found = found.filter(pl.col("level") == wanted.level)
    if wanted.check is not None:
        found = found.filter(pl.col("checks").list.contains(wanted.check))
    if wanted.category is not None:
        found = found.filter(pl.col("source").fill_null("").str.starts_with(wanted.category))
    decided, skipped, taken = _standing(workspace, who)
    return (
        found.filter(~pl.col("record_id").is_in([*decided, *taken]))
        .with_columns(pl.col("record_id").is_in(skipped).alias("is_skipped"))
        .sort("is_skipped", maintain_order=True)
        .head(limit)
        .select("record_id", "priority", "level", "checks", "is_skipped")
        .collect()
    )


def standing(workspace: Workspace) -> dict[str, int]:
    """How many records wait in the queue, and how many are decided."""
    with workspace.database.session() as session:
        decided = list(session.scalars(_decided().distinct()))
    queued = workspace.snapshot("queue").scan("queue")
    waiting = queued.filter(~pl.col("record_id").is_in(decided)).select(pl.len())
    return {"waiting": int(waiting.collect().item()), "decided": len(decided)}


def lease(workspace: Workspace, record_id: str, reviewer: str | None = None) -> None:
    """Say that a reviewer has a record open, for ten minutes."""
    who = reviewer or default_reviewer()
    now = datetime.datetime.now(datetime.UTC)
    with workspace.database.session() as session:
        session.execute(sa.delete(Lease).where(Lease.reviewer == who))
        held = session.get(Lease, (record_id, CATEGORY))
        if held is None:
            session.add(
                Lease(record_id=record_id, question=CATEGORY, reviewer=who, until=now + LEASE)
            )
        elif _utc(held.until) < now:
            held.reviewer, held.until = who, now + LEASE


def card(workspace: Workspace, record_id: str) -> Card:
    """Everything there is to know of one record.

    Raises
    ------
    InputError
        If there is no such record.
    """
    rows = (
        workspace.snapshot("load")
        .scan("records")
        .filter(pl.col("record_id") == record_id)
        .collect()
    )
    if rows.is_empty():
        raise InputError(f"record {record_id!r} is not in this workspace.")
    record = rows.row(0, named=True)
    votes = _votes_of(workspace, record_id)
    source = join_path(record["category_path"])
    agreed = _one(workspace, "agree", "consensus", record_id)
    consensus = [r["value"] for r in agreed if r["question"] == CATEGORY and not r["is_tie"]]
    suggestion = next((p for p in [*consensus, source] if p and _is_valid(workspace, p)), None)
    voted = pl.Series([v for v, _ in _by_count(votes)], dtype=pl.String)
    choices = voted.filter(pl.Series(workspace.taxonomy().codes(voted) != NO_NODE)).to_list()
    issues = _one(workspace, "check", "issues", record_id)
    with workspace.database.session() as session:
        held = session.scalars(
            sa.select(Decision).filter_by(record_id=record_id, question=CATEGORY)
        ).one_or_none()
        decision = None if held is None else {
            "action": held.action, "value": held.value, "reviewer": held.reviewer,
            "reason": held.reason,
        }  # fmt: skip
    for vote in votes:
        vote["parts_at"] = _parts_at(vote["value"], suggestion)
    return Card(
        record, votes, suggestion, choices, issues, decision, log(workspace, record_id=record_id)
    )


def _standing(workspace: Workspace, who: str) -> tuple[list[str], list[str], list[str]]:
    now = datetime.datetime.now(datetime.UTC)
    with workspace.database.session() as session:
        decided = list(session.scalars(_decided()))
        skipped = list(
            session.scalars(sa.select(Response.record_id).filter_by(reviewer=who, action="skip"))
        )
        leases = session.scalars(sa.select(Lease).where(Lease.reviewer != who))
        taken = [held.record_id for held in leases if _utc(held.until) > now]
    return decided, skipped, taken


def _decided() -> sa.Select[str]:
    """The records of which somebody decided something; what was said of brands is no such thing."""
    about_brands = Decision.question.in_((BRAND, SAME_BRAND))
    return sa.select(Decision.record_id).where(~about_brands)


def _utc(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _is_valid(workspace: Workspace, path: str) -> bool:
    return bool(workspace.taxonomy().codes(pl.Series([path]))[0] != NO_NODE)


def _one(workspace: Workspace, step: str, table: str, record_id: str) -> list[dict[str, Any]]:
    snapshot = workspace.snapshots.current(step)
    if snapshot is None:
        return []
    return snapshot.scan(table).filter(pl.col("record_id") == record_id).collect().to_dicts()


def _votes_of(workspace: Workspace, record_id: str) -> list[dict[str, Any]]:
    asked = model_votes(workspace).filter(pl.col("record_id") == record_id).collect()
    machine = [
        {"annotator_id": v["annotator_id"], "value": v["value"], "score": v["score"]}
        for v in [*_one(workspace, "label", "votes", record_id), *asked.to_dicts()]
        if v["question"] == CATEGORY
    ]
    with workspace.database.session() as session:
        people = session.scalars(
            sa.select(Response).filter_by(record_id=record_id, question=CATEGORY)
        )
        spoken = [
            {"annotator_id": f"person:{r.reviewer}", "value": r.value, "score": None}
            for r in people
            if r.action in ("accept", "choose")
        ]
    return machine + spoken


def _by_count(votes: list[dict[str, Any]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for vote in votes:
        if vote["value"] is not None:
            counts[vote["value"]] = counts.get(vote["value"], 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _parts_at(value: str | None, suggestion: str | None) -> int | None:
    if value is None or suggestion is None or value == suggestion:
        return None
    a, b = value.split(" > "), suggestion.split(" > ")
    shared = next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    return shared + 1
