"""What there is one of, whoever asks: the ledger, the budget, the pace, and who asks what now."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from catalog.errors import GoldshelfError
from curation.llm.pace import DownError, Pace, Turn
from curation.llm.prices import ModelPrice
from curation.llm.requests import BusyError
from curation.llm.settings import ModelAnnotator
from workspace.models.asking import StopReason
from workspace.models.batch_store import BatchStore
from workspace.models.calls import Calls, Held
from workspace.models.pictures import pictures_beside
from workspace.models.purse import OutOfBudgetError, Purse
from workspace.models.recent import N_WHOLE, Recent
from workspace.workspace import Workspace


class Order(NamedTuple):
    """What a worker wants done; ``number`` is None where it waits for no answer."""

    number: int | None
    what: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Answered(NamedTuple):
    """What came of an order."""

    number: int | None
    value: Any
    error: Exception | None


@dataclass(frozen=True)
class Assignment:
    """One annotator as it travels to the workers: all but its key.

    Attributes
    ----------
    pace, account
        A copy of the pace, and the number of the account that it is of.
    """

    name: str
    settings: ModelAnnotator
    stages: list[Any]
    price: ModelPrice | None
    run_id: str
    pace: Pace
    account: int


@dataclass(frozen=True)
class News:
    """How far one worker is, all in all."""

    annotator: str
    n_kept: int = 0
    n_answered: int = 0
    n_errors: int = 0
    spent_usd: float = 0.0
    rejected: str | None = None


@dataclass(frozen=True)
class Told:
    """How far all workers are.

    Attributes
    ----------
    spent_usd
        With what was spent before and counts against the budget.
    """

    stopped: StopReason
    spent_usd: float
    news: list[News]


@dataclass(eq=False)
class _Desk:
    """What one worker has in hand."""

    answers: list[Answered] = field(default_factory=list)
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    asked: set[asyncio.Task[None]] = field(default_factory=set)
    told: set[asyncio.Task[None]] = field(default_factory=set)
    entering: dict[int, asyncio.Task[Any]] = field(default_factory=dict)
    places: dict[int, tuple[Pace, AbstractAsyncContextManager[Turn], Turn]] = field(
        default_factory=dict
    )
    aside: Counter[float] = field(default_factory=Counter)
    claims: set[str] = field(default_factory=set)
    news: News | None = None
    stopped: StopReason = ""
    heard_at: float = field(default_factory=time.monotonic)
    is_gone: bool = False


class Books:
    """An actor on the machine of the workspace, which alone can reach its database.

    Workers hand in orders, many at a time (`post`), and ask for what came of them (`collect`), so
    that a message is not sent for each of the half dozen things that one request takes. A worker
    that is silent for a minute is gone: what it had in flight counts with the most it can have
    cost, and its places are free again.

    Parameters
    ----------
    paces
        One an account.
    silent_s
        After how long without a word a worker is gone.
    n_whole
        See `workspace.models.recent.Recent`.
    """

    def __init__(
        self,
        purse: Purse,
        paces: Sequence[Pace],
        silent_s: float = 60.0,
        n_whole: int = N_WHOLE,
    ) -> None:
        self._purse, self._paces, self._silent_s = purse, list(paces), silent_s
        self._n_whole = n_whole
        self._assigned: dict[str, tuple[Assignment, SecretStr | None]] = {}
        self._stopped: StopReason = ""
        self._desks: dict[str, _Desk] = {}
        self._going: dict[str, asyncio.Future[Held | None]] = {}
        self._open = contextlib.ExitStack()

    async def open(
        self,
        root: str,
        environment: dict[str, SecretStr],
        assigned: Sequence[tuple[Assignment, SecretStr | None]],
    ) -> None:
        """Open the books of a workspace.

        Parameters
        ----------
        root
            The folder of the workspace.
        environment
            What the settings of the workspace take from there: a cluster may have another.
        assigned
            Handed out to workers that ask for it, with the key.
        """
        os.environ.update({name: value.get_secret_value() for name, value in environment.items()})
        self._workspace = Workspace(Path(root))
        self._calls = Calls(self._workspace.database)
        self._recent = Recent(self._calls.held, self._n_whole)
        self._batches = BatchStore(self._workspace.database)
        self._assigned = {one.name: (one, key) for one, key in assigned}
        self._open.enter_context(self._calls.writing())
        watch = asyncio.create_task(self._watch())
        self._open.callback(watch.cancel)

    async def close(self) -> Told:
        """Do all that was told, write all that is to be written; how far all are."""
        for desk in self._desks.values():
            await asyncio.gather(*desk.told)
        self._open.close()
        return await self.follow("")

    async def follow(self, stop: StopReason) -> Told:
        """How far all are; ``stop`` tells them to let out what is in flight, and nothing more."""
        if stop:
            self._stop(stop)
        news = [desk.news for desk in self._desks.values() if desk.news is not None]
        return Told(self._stopped, self._purse.spent_usd, news)

    async def post(self, worker: str, orders: Sequence[Order]) -> None:
        """Take orders; they are done at the same time, begun in this order.

        Raises
        ------
        GoldshelfError
            If the worker was taken for gone.
        """
        desk = self._desk(worker)
        for order in orders:
            task = asyncio.create_task(self._do(desk, order))
            tasks = desk.told if order.number is None else desk.asked
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def collect(self, worker: str) -> tuple[StopReason, list[Answered]]:
        """What came of orders since; waits a while where nothing did."""
        desk = self._desk(worker)
        if not desk.answers and desk.stopped == self._stopped:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(desk.has_news.wait(), self._silent_s / 12)
        desk.has_news.clear()
        answers, desk.answers = desk.answers, []
        desk.stopped = self._stopped
        return self._stopped, answers

    def _desk(self, worker: str) -> _Desk:
        desk = self._desks.setdefault(worker, _Desk())
        if desk.is_gone:
            raise GoldshelfError(f"a worker was silent for over {self._silent_s:.0f} seconds")
        desk.heard_at = time.monotonic()
        return desk

    def _stop(self, reason: StopReason) -> None:
        self._stopped = self._stopped or reason
        for desk in self._desks.values():
            desk.has_news.set()

    async def _do(self, desk: _Desk, order: Order) -> None:
        value: Any = None
        error: Exception | None = None
        try:
            value = await getattr(self, f"_order_{order.what}")(desk, *order.args, **order.kwargs)
        except (OutOfBudgetError, DownError) as known:
            error = known
        except Exception as other:  # told to who waits; of any library, so as text
            told = (str(other).splitlines() or [""])[0]
            error = GoldshelfError(f"{type(other).__name__}: {told}")
        if order.number is not None or error is not None:
            desk.answers.append(Answered(order.number, value, error))
            desk.has_news.set()

    async def _order_assignment(self, _: _Desk, name: str) -> tuple[Assignment, SecretStr | None]:
        return self._assigned[name]

    async def _order_news(self, desk: _Desk, news: News) -> None:
        desk.news = news

    async def _order_picture(self, _: _Desk, address: str) -> bytes | None:
        return await asyncio.to_thread(pictures_beside(self._workspace), address)

    async def _order_held(self, _: _Desk, keys: Sequence[str]) -> dict[str, Held]:
        return await asyncio.to_thread(self._calls.held, keys)

    async def _order_waiting(self, _: _Desk, keys: Sequence[str]) -> set[str]:
        return await asyncio.to_thread(self._batches.waiting, keys)

    async def _order_add(self, _: _Desk, call: dict[str, Any]) -> None:
        await self._calls.add(call)

    async def _order_change(self, _: _Desk, call_id: str, **values: Any) -> None:
        await self._calls.change(call_id, **values)

    async def _order_reserve(self, desk: _Desk, most_usd: float) -> None:
        try:
            await self._purse.reserve(most_usd)
        except OutOfBudgetError:
            self._stop("budget")
            raise
        desk.aside[most_usd] += 1

    async def _order_settle(self, desk: _Desk, most_usd: float, cost_usd: float) -> None:
        desk.aside[most_usd] -= 1
        await self._purse.settle(most_usd, cost_usd)

    async def _order_enter(self, desk: _Desk, place: int, account: int, n_tokens: int) -> None:
        pace = self._paces[account]
        entering = pace.turn(n_tokens)
        desk.entering[place] = asyncio.current_task()  # type: ignore[assignment]
        try:
            turn = await entering.__aenter__()
        finally:
            del desk.entering[place]
        desk.places[place] = (pace, entering, turn)

    async def _order_leave(self, desk: _Desk, place: int, came: int | BusyError | None) -> None:
        if place in desk.entering:  # it waits no more
            desk.entering[place].cancel()
        if place not in desk.places:
            return
        pace, entering, turn = desk.places.pop(place)
        if isinstance(came, BusyError):
            pace.failed(turn, came)
        elif came is not None:
            pace.answered(turn, came)
        await entering.__aexit__(None, None, None)

    async def _order_claim(self, desk: _Desk, key: str) -> tuple[bool, Held | None]:
        """Whether the worker is to ask this request; else the answer that another one got."""
        going = self._going.get(key)
        if going is not None:
            return False, await asyncio.shield(going)
        self._going[key] = asyncio.get_running_loop().create_future()
        desk.claims.add(key)
        held = await self._recent.find(key)
        if held is None:
            return True, None
        await self._order_release(desk, key, held)
        return False, held

    async def _order_release(self, desk: _Desk, key: str, held: Held | None) -> None:
        desk.claims.discard(key)
        self._going.pop(key).set_result(held)
        if held is not None and held.reply.outcome != "failed":
            self._recent.add(key, held)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._silent_s / 12)
            for desk in self._desks.values():
                if not desk.is_gone and time.monotonic() - desk.heard_at > self._silent_s:
                    await self._forget(desk)

    async def _forget(self, desk: _Desk) -> None:
        """Free what a worker that is gone had in hand; it may have been billed for all of it."""
        desk.is_gone = True
        for task in desk.asked:
            task.cancel()
        for place in list(desk.places):
            await self._order_leave(desk, place, None)
        for most_usd in list(desk.aside.elements()):
            await self._order_settle(desk, most_usd, most_usd)
        for key in list(desk.claims):
            await self._order_release(desk, key, None)
