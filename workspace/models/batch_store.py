"""What is known of batches: written before they go out, and closed once, whoever collects them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import Session

from curation.llm.settings import ModelAnnotator
from workspace.database.store import Database
from workspace.database.tables import Batch, Call, Sender
from workspace.models.calls import FAILED, SENT, now
from workspace.models.senders import forget_dead

if TYPE_CHECKING:
    from workspace.workspace import Workspace

HANDING_IN, OPEN = "handing in", "open"
COLLECTED, REFUSED, BROKEN, LOST = "collected", "refused", "failed", "lost"
CUT_OFF = "the process ended while this was handed in: the provider may have it"
NEVER_THERE = "the process ended before the provider had it"
NO_ROW = "the batch ended without an answer to this that anybody can read"
_KEYS_A_QUERY = 500
_IS_VOTE = sa.not_(Call.question.startswith("predict:"))
"""Predictions are no votes: see `curation.llm.prompted_stage.QUESTIONS`."""
_SHOWN = {
    "batch_id": pl.String(),
    "remote_id": pl.String(),
    "annotator": pl.String(),
    "provider": pl.String(),
    "model": pl.String(),
    "state": pl.String(),
    "n_requests": pl.Int64(),
    "n_answers": pl.Int64(),
    "most_usd": pl.Float64(),
    "cost_usd": pl.Float64(),
    "submitted_at": pl.Datetime("us", "UTC"),
    "closed_at": pl.Datetime("us", "UTC"),
    "error": pl.String(),
}


@dataclass(frozen=True)
class OpenBatch:
    """A batch that is not collected yet.

    Attributes
    ----------
    remote_id
        The name that the provider knows it by; None while it is being handed in.
    settings
        Those of its annotator when it was handed in.
    submitted_at
        When it went out, in UTC; the last time, where the provider was busy.
    """

    batch_id: str
    remote_id: str | None
    annotator: str
    state: str
    settings: ModelAnnotator
    submitted_at: datetime.datetime

    @property
    def told(self) -> str:
        """The batch, as a line says it."""
        return f"{self.annotator}, batch {self.remote_id or self.batch_id}"


class BatchStore:
    """The batches in the database of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, batch: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> None:
        """Write a batch and its calls: before anything of it goes out."""
        with self._database.session() as session:
            session.execute(sa.insert(Batch), [{**batch, "state": HANDING_IN}])
            session.execute(sa.insert(Call), [dict(call) for call in calls])

    def going_out(self, batch_id: str) -> None:
        """Write that it goes out once more, since the provider was busy."""
        with self._database.session() as session:
            this = sa.update(Batch).where(Batch.batch_id == batch_id)
            session.execute(this.values(submitted_at=now()))

    def note(self, batch_id: str, told: str) -> None:
        """Write what is known of one that is being handed in."""
        with self._database.session() as session:
            this = sa.update(Batch).where(Batch.batch_id == batch_id, Batch.state == HANDING_IN)
            session.execute(this.values(error=told))

    def handed_in(self, batch_id: str, remote_id: str) -> None:
        """Write the name that the provider gave it: the first thing that is done with it.

        If others have taken it for lost in the meantime it is open again.
        """
        with self._database.session() as session:
            values = {"state": OPEN, "remote_id": remote_id, "collected_at": None, "error": None}
            session.execute(sa.update(Batch).where(Batch.batch_id == batch_id).values(**values))
            again = {"state": SENT, "error": None, "answered_at": None}
            session.execute(
                sa.update(Call)
                .where(Call.batch_id == batch_id, Call.state == FAILED)
                .values(**again)
            )

    def close(self, batch_id: str, state: str, error: str, cost_usd: float | None) -> bool:
        """Close a batch without answers; False where somebody else has closed it.

        Parameters
        ----------
        cost_usd
            Of each request: 0 where nothing was done, None where nobody knows.
        """
        with self._database.session() as session:
            if not _closed(session, batch_id, state, error):
                return False
            _fail(session, batch_id, error, cost_usd)
        return True

    def collect(
        self, batch_id: str, answers: Mapping[str, dict[str, Any]], failed: Mapping[str, str]
    ) -> bool:
        """Write what came of a batch; False where somebody else has done it.

        Parameters
        ----------
        answers
            What to write into the call of each request, by its key.
        failed
            Why there is no answer, by key; these cost nothing. What a row cost of which nothing
            is said, nobody knows.
        """
        own = (Call.batch_id == batch_id, Call.state == SENT)
        change = sa.update(Call).where(*own, Call.request_key == sa.bindparam("key"))
        at = now()
        with self._database.session() as session:
            if not _closed(session, batch_id, COLLECTED, None):
                return False
            connection = session.connection()
            told = [{"key": key, **values} for key, values in answers.items()]
            nothing = {"state": FAILED, "outcome": "failed", "cost_usd": 0.0, "answered_at": at}
            told_failed = [{"key": key, **nothing, "error": why} for key, why in failed.items()]
            for some in (told, told_failed):
                if some:
                    connection.execute(change, some)
            _fail(session, batch_id, NO_ROW, None)
        return True

    def open(self, annotators: Iterable[str] | None = None) -> list[OpenBatch]:
        """The batches that are not collected yet, the oldest first; those of some annotators."""
        query = sa.select(Batch).where(Batch.collected_at.is_(None)).order_by(Batch.batch_id)
        if annotators is not None:
            query = query.where(Batch.annotator.in_(list(annotators)))
        with self._database.session() as session:
            return [
                OpenBatch(
                    one.batch_id, one.remote_id, one.annotator, one.state,
                    ModelAnnotator.model_validate(one.settings), _utc(one.submitted_at),
                )
                for one in session.scalars(query)
            ]  # fmt: skip

    def cut_off(self) -> list[OpenBatch]:
        """The batches whose process ended while it handed them in: the provider may have them."""
        with self._database.session() as session:
            forget_dead(session)
            alive = set(session.scalars(sa.select(Sender.sender_id)))
            gone = [
                one.batch_id
                for one in session.scalars(sa.select(Batch).where(Batch.state == HANDING_IN))
                if one.sender_id not in alive
            ]
        return [one for one in self.open() if one.batch_id in set(gone)] if gone else []

    def remote_ids(self, provider: str) -> frozenset[str]:
        """What a provider calls the batches that are here, collected or not."""
        query = sa.select(Batch.remote_id).where(
            Batch.provider == provider, Batch.remote_id.is_not(None)
        )
        with self._database.session() as session:
            return frozenset(map(str, session.scalars(query)))

    def waiting(self, keys: Sequence[str]) -> set[str]:
        """Those of some requests that are in a batch at work."""
        found: set[str] = set()
        with self._database.session() as session:
            for begin in range(0, len(keys), _KEYS_A_QUERY):
                some = list(keys[begin : begin + _KEYS_A_QUERY])
                query = _at_work(sa.select(Call.request_key)).where(Call.request_key.in_(some))
                found.update(session.scalars(query))
        return found

    def n_waiting(self) -> dict[str, int]:
        """How many requests for votes are in batches at work, by annotator."""
        query = _at_work(sa.select(Call.annotator, sa.func.count())).group_by(Call.annotator)
        query = query.where(_IS_VOTE)
        with self._database.session() as session:
            return {str(name): int(n) for name, n in session.execute(query)}

    def size(self, batch_id: str) -> tuple[int, float]:
        """How many requests a batch has, and the most that they can cost."""
        most = sa.func.coalesce(sa.func.sum(Call.reserved_usd), 0.0)
        query = sa.select(sa.func.count(), most).where(Call.batch_id == batch_id)
        with self._database.session() as session:
            n, usd = session.execute(query).one()
        return int(n), float(usd or 0.0)

    def annotators(self) -> set[str]:
        """Those that ever were asked for votes in a batch."""
        query = sa.select(Call.annotator).where(Call.batch_id.is_not(None), _IS_VOTE).distinct()
        with self._database.session() as session:
            return set(session.scalars(query))

    def last_closed(self, annotators: Iterable[str]) -> datetime.datetime | None:
        """When a batch of these annotators was last closed, in UTC; None where none was."""
        query = sa.select(sa.func.max(Batch.collected_at))
        with self._database.session() as session:
            at = session.scalar(query.where(Batch.annotator.in_(list(annotators))))
        return None if at is None else _utc(at)

    def most_usd(self, except_job: str = "") -> float:
        """The most that all batches at work can cost, but those of one job."""
        query = _at_work(sa.select(sa.func.coalesce(sa.func.sum(Call.reserved_usd), 0.0)))
        with self._database.session() as session:
            return float(session.scalar(query.where(Call.job_id != except_job)) or 0.0)

    def errors(self, settings: ModelAnnotator, most: int = 20) -> list[str]:
        """Why rows of earlier batches to the same model failed, the latest first."""
        query = (
            sa.select(Call.error)
            .where(
                Call.batch_id.is_not(None),
                Call.state == FAILED,
                Call.error.is_not(None),
                Call.provider == settings.provider,
                Call.model == settings.model,
                Call.base_url.is_not_distinct_from(settings.base_url),
            )
            .group_by(Call.error)
            .order_by(sa.func.max(Call.call_id).desc())
            .limit(most)
        )
        with self._database.session() as session:
            return [str(error) for error in session.scalars(query)]

    def frame(self, *, only_open: bool = False) -> pl.DataFrame:
        """The batches, the latest first; see `batches_frame`."""
        query = (
            sa.select(
                Batch.batch_id, Batch.remote_id, Batch.annotator, Batch.provider, Batch.model,
                Batch.state, sa.func.count(Call.call_id),
                sa.func.count(Call.outcome).filter(Call.outcome != "failed"),
                sa.func.sum(Call.reserved_usd), sa.func.sum(Call.cost_usd),
                Batch.submitted_at, Batch.collected_at, Batch.error,
            )
            .join(Call, Call.batch_id == Batch.batch_id, isouter=True)
            .group_by(Batch.batch_id)
            .order_by(Batch.batch_id.desc())
        )  # fmt: skip
        if only_open:
            query = query.where(Batch.collected_at.is_(None))
        with self._database.session() as session:
            rows = [tuple(row) for row in session.execute(query)]
        return pl.DataFrame(rows, schema=_SHOWN, orient="row")


def batches_frame(workspace: Workspace, *, only_open: bool = False) -> pl.DataFrame:
    """The batches of a workspace, the latest first.

    Returns
    -------
    ``batch_id, remote_id, annotator, provider, model, state, n_requests, n_answers, most_usd,
    cost_usd, submitted_at, closed_at, error``. ``state`` is as in
    `workspace.database.tables.Batch`; costs are null where nobody knows a price.
    """
    if not workspace.has_database:
        return pl.DataFrame(schema=_SHOWN)
    return BatchStore(workspace.database).frame(only_open=only_open)


def _utc(at: datetime.datetime) -> datetime.datetime:
    return at.replace(tzinfo=at.tzinfo or datetime.UTC)


def _at_work(query: Any) -> Any:
    """Those calls alone that are in a batch which is not collected yet."""
    return query.join(Batch, Batch.batch_id == Call.batch_id).where(
        Call.state == SENT, Batch.collected_at.is_(None)
    )


def _closed(session: Session, batch_id: str, state: str, error: str | None) -> bool:
    """Close a batch; False where it is closed. Of two at once the database lets one through."""
    change = sa.update(Batch).where(Batch.batch_id == batch_id, Batch.collected_at.is_(None))
    done: Any = session.execute(change.values(state=state, error=error, collected_at=now()))
    return bool(done.rowcount)


def _fail(session: Session, batch_id: str, error: str, cost_usd: float | None) -> None:
    """Close the calls of a batch that are still open."""
    session.execute(
        sa.update(Call)
        .where(Call.batch_id == batch_id, Call.state == SENT)
        .values(state=FAILED, outcome="failed", error=error, cost_usd=cost_usd, answered_at=now())
    )
