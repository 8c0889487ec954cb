"""Cache and ledger: every call is written before it goes out, and again before it is used."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import math
import queue
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalog.errors import InputError
from catalog.wording import counted
from curation.llm.journal import journaled
from curation.llm.requests import Reply
from workspace.database.store import Database
from workspace.database.tables import Batch, Call, Sender
from workspace.models.senders import BEAT_S, Me, forget_dead

SENT, DONE, FAILED = "sent", "done", "failed"
LOST = "the process ended while this was in flight"
_CHANGE = sa.update(Call).where(Call.call_id == sa.bindparam("id"))
_KEYS_A_QUERY = 500
_MOST_AT_ONCE = 2000
_LINGER_S = 0.02


@dataclass(frozen=True)
class Held:
    """An answer and what it cost when it was paid for; None where nobody knows."""

    reply: Reply
    cost_usd: float | None


@dataclass(frozen=True)
class Lost:
    """Calls that were in flight when an earlier process ended, and the most they can have cost.

    ``n_found`` others were answered already; their answers are kept.
    """

    n_calls: int
    most_usd: float
    n_unpriced: int
    n_found: int = 0

    @property
    def notes(self) -> list[str]:
        """Lines for whoever runs the next one; none where nothing was lost or found."""
        found = f"{counted(self.n_found, 'answer')} of an ended process were there, and are kept"
        return [found] * bool(self.n_found) + [self.told] * bool(self.n_calls)

    @property
    def told(self) -> str:
        """What was lost, in words.

        Examples
        --------
        >>> Lost(2, 0.25, 0).told
        '2 requests of an ended process were in flight and may have cost up to $0.2500'
        """
        unpriced = " and what has no price" if self.n_unpriced else ""
        return (
            f"{counted(self.n_calls, 'request')} of an ended process were in flight and may have "
            f"cost up to ${self.most_usd:,.4f}{unpriced}"
        )


def call_id() -> str:
    """A new name for a call; later ones sort behind earlier ones."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


def now() -> datetime.datetime:
    """This moment, in UTC."""
    return datetime.datetime.now(datetime.UTC)


class Calls:
    """The calls of one workspace, read and written.

    Writing is for an event loop: what many tasks want to write goes through one thread, which
    puts into a transaction whatever has gathered. The same thread says every few seconds that
    this process is there (`workspace.models.senders`). Use it as a context to start that thread.

    Parameters
    ----------
    journals
        The folder where the answers of a process lie until they are here, if anywhere.
    """

    def __init__(self, database: Database, journals: Path | None = None) -> None:
        self._database, self._journals = database, journals
        self._me = Me.here()
        self._waiting: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._in_hand: list[_Order] = []
        self._is_closed = False
        self._error: BaseException | None = None

    @property
    def sender_id(self) -> str:
        """What this process is known by while it is `writing`."""
        return self._me.sender_id

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Take orders until the end, when all of them are written."""
        self._is_closed = False
        thread = threading.Thread(target=self._write_all, name="calls", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._waiting.put(None)
            thread.join()

    async def add(self, call: dict[str, Any]) -> None:
        """Write a call that is about to go out; back when it is on the disk."""
        await self._ordered({**call, "sender_id": self._me.sender_id}, is_new=True)

    async def change(self, call_id: str, **values: Any) -> None:
        """Write what became of a call; back when it is on the disk."""
        await self._ordered({"id": call_id, **values}, is_new=False)

    async def _ordered(self, values: dict[str, Any], *, is_new: bool) -> None:
        if self._error is not None:
            raise self._error
        loop = asyncio.get_running_loop()
        order = _Order(values, is_new, loop, loop.create_future())
        self._waiting.put(order)
        await order.written

    def held(self, keys: Sequence[str]) -> dict[str, Held]:
        """The answers that are here, by the key of their request."""
        columns = (
            Call.request_key, Call.cost_usd, Call.outcome, Call.text, Call.n_tokens_in,
            Call.n_tokens_out, Call.n_tokens_cached, Call.latency_s, Call.error,
        )  # fmt: skip
        found: dict[str, Held] = {}
        with self._database.connection() as connection:
            for begin in range(0, len(keys), _KEYS_A_QUERY):
                some = list(keys[begin : begin + _KEYS_A_QUERY])
                query = sa.select(*columns).where(Call.request_key.in_(some), Call.state == DONE)
                rows: Any = connection.execute(query)
                for key, cost, *told in rows:
                    found[key] = Held(Reply(*told), cost)
        return found

    def settle_lost(self) -> Lost:
        """Close the calls that an ended process left in flight.

        Those of a process that is there stay as they are, on this machine or another, and so do
        those of a batch that is not collected yet. The others stay in the ledger as failed, their
        cost unknown, so that the most they can have cost is not forgotten when the same is asked
        again.
        """
        n_found = 0 if self._journals is None else self._take_found(self._journals)
        has_sender = sa.exists().where(Sender.sender_id == Call.sender_id)
        in_batch = sa.exists().where(Batch.batch_id == Call.batch_id, Batch.collected_at.is_(None))
        with self._database.session() as session:
            forget_dead(session)
            most = session.scalars(
                sa.update(Call)
                .where(Call.state == SENT, ~has_sender, ~in_batch)
                .values(state=FAILED, error=LOST, answered_at=now())
                .returning(Call.reserved_usd)
                .execution_options(synchronize_session=False)
            ).all()
        priced = [one for one in most if one is not None]
        return Lost(len(most), math.fsum(priced), len(most) - len(priced), n_found)

    def journal(self, n: int) -> Path | None:
        """Where this process puts its answers until they are written; ``n`` tells several apart."""
        if self._journals is None:
            return None
        self._journals.mkdir(exist_ok=True)
        return self._journals / f"{self._me.sender_id}.{n}.tsv"

    def _take_found(self, journals: Path) -> int:
        """Write down the answers that ended processes had, but not in the database yet."""
        n_found = 0
        for path in sorted(journals.glob("*.tsv")):
            sender_id = path.name.partition(".")[0]
            with self._database.session() as session:
                forget_dead(session)
                if session.get(Sender, sender_id) is not None:
                    continue
                is_open = (Call.sender_id == sender_id, Call.state == SENT)
                rows = session.execute(sa.select(Call.request_key, Call.call_id).where(*is_open))
                ids = {row.request_key: row.call_id for row in rows}
                found = [
                    {"id": ids[key], **done(reply, cost)}
                    for key, reply, cost in journaled(path, ids)
                ]
                if found:
                    session.connection().execute(_CHANGE, found)
            path.unlink(missing_ok=True)
            n_found += len(found)
        return n_found

    def last_job(self) -> tuple[str, float] | None:
        """The latest job, and the most that it can have spent; None where there was none.

        Raises
        ------
        InputError
            If it is still at work: two processes cannot share a budget.
        """
        most = sa.func.coalesce(Call.cost_usd, Call.reserved_usd, 0.0)
        with self._database.session() as session:
            job = session.scalar(sa.select(Call.job_id).order_by(Call.call_id.desc()).limit(1))
            if job is None:
                return None
            at_work = sa.select(Sender.host, Sender.pid).where(
                sa.exists().where(Call.sender_id == Sender.sender_id, Call.job_id == job)
            )
            if (who := session.execute(at_work).first()) is not None:
                raise InputError(
                    f"the last run is still at work on {who.host} (process {who.pid}), so it cannot "
                    "be resumed. Wait until it is done, or leave out --resume for a budget of its own."
                )
            spent = session.scalar(sa.select(sa.func.sum(most)).where(Call.job_id == job))
        return job, float(spent or 0.0)

    def _write_all(self) -> None:
        try:
            with self._database.connection() as connection:
                due_s = -math.inf
                while not self._is_closed:
                    if time.monotonic() >= due_s:
                        with connection.begin():
                            self._me.beat(connection)
                        due_s = time.monotonic() + BEAT_S
                    self._gather(due_s - time.monotonic())
                    with connection.begin():
                        _write(connection, self._in_hand)
                    _tell(self._in_hand, None)
                with connection.begin():
                    self._me.leave(connection)
        except BaseException as error:  # told to whoever waits: a thread has nobody above it
            self._error = error
            _tell(self._in_hand, error)
            while not self._is_closed:
                self._gather(BEAT_S)
                _tell(self._in_hand, error)

    def _gather(self, most_s: float) -> None:
        """Take in hand what waits to be written; nothing where nothing comes in so many seconds.

        Where much is written, some more is waited for: a transaction for each would cost more time
        than all the rest.
        """
        is_busy = len(self._in_hand) > 1
        self._in_hand = []
        with contextlib.suppress(queue.Empty):
            order = self._waiting.get(timeout=max(0.0, most_s))
            if is_busy:
                time.sleep(_LINGER_S)
            while order is not None:
                self._in_hand.append(order)
                if len(self._in_hand) == _MOST_AT_ONCE:
                    return
                order = self._waiting.get_nowait()
            self._is_closed = True


def done(reply: Reply, cost: float | None) -> dict[str, Any]:
    """What is written of a call once there is an answer, before it is used."""
    is_answer = reply.outcome != "failed"
    return {
        "state": DONE if is_answer else FAILED,
        "outcome": reply.outcome,
        "text": reply.text,
        "n_tokens_in": reply.n_tokens_in,
        "n_tokens_out": reply.n_tokens_out,
        "n_tokens_cached": reply.n_tokens_cached,
        "cost_usd": cost,
        "latency_s": reply.latency_s,
        "error": reply.error,
        "answered_at": now(),
    }


@dataclass(frozen=True)
class _Order:
    values: dict[str, Any]
    is_new: bool
    loop: asyncio.AbstractEventLoop
    written: asyncio.Future[None]


def _write(connection: sa.Connection, orders: Iterable[_Order]) -> None:
    new = [order.values for order in orders if order.is_new]
    if new:
        connection.execute(sa.insert(Call), new)
    changes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for order in orders:
        if not order.is_new:
            changes.setdefault(tuple(order.values), []).append(order.values)
    for values in changes.values():
        connection.execute(_CHANGE, values)


def _tell(orders: Sequence[_Order], error: BaseException | None) -> None:
    """Wake all who wait, a loop at a time; a loop that has ended waits for nothing."""
    if not orders:
        return
    with contextlib.suppress(RuntimeError):
        orders[0].loop.call_soon_threadsafe(_wake, [order.written for order in orders], error)


def _wake(waiting: Iterable[asyncio.Future[None]], error: BaseException | None) -> None:
    for one in waiting:
        if one.done():
            continue
        if error is None:
            one.set_result(None)
        else:
            one.set_exception(error)


__all__ = ["DONE", "FAILED", "LOST", "SENT", "Calls", "Held", "Lost", "call_id", "done", "now"]
