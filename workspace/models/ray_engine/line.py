"""A worker's line to the books: what it asks and tells there goes in few messages."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, cast

from curation.llm.pace import Pace, Turn
from curation.llm.requests import BusyError, Request
from curation.llm.stages import Asked
from workspace.models.asking import Asking, Job, StopReason
from workspace.models.calls import Held
from workspace.models.ray_engine.books import Order


class Line:
    """Orders to the books, and what came of them.

    What is ordered while a message is on its way goes with the next one.

    Parameters
    ----------
    books
        The handle of the actor (`Books`).
    worker
        The name of this worker, which no other has.
    stop
        Called when nothing more is to be asked.
    """

    def __init__(self, books: Any, worker: str, stop: Callable[[StopReason], None]) -> None:
        self._books, self._worker, self._stop = books, worker, stop
        self._numbers = itertools.count(1)
        self._orders: list[Order] = []
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._has_orders = asyncio.Event()
        self._error: Exception | None = None

    def open(self) -> None:
        """Begin, in the loop that is running."""
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.create_task(one()) for one in (self._post_all, self._collect_all)]

    async def ask(self, what: str, *args: Any, **kwargs: Any) -> Any:
        """Order something, and wait for what comes of it."""
        if self._error is not None:
            raise self._error
        number = next(self._numbers)
        came = self._waiting[number] = self._loop.create_future()
        self._order(Order(number, what, args, kwargs))
        try:
            return await came
        finally:
            self._waiting.pop(number, None)

    def tell(self, what: str, *args: Any) -> None:
        """Order something that has no answer."""
        self._order(Order(None, what, args, {}))

    def ask_from_thread(self, what: str, *args: Any) -> Any:
        """As `ask`, from outside of the loop."""
        return asyncio.run_coroutine_threadsafe(self.ask(what, *args), self._loop).result()

    def _order(self, order: Order) -> None:
        self._orders.append(order)
        self._has_orders.set()

    async def _post_all(self) -> None:
        with self._breaking():
            while True:
                await self._has_orders.wait()
                self._has_orders.clear()
                orders, self._orders = self._orders, []
                await self._books.post.remote(self._worker, orders)

    async def _collect_all(self) -> None:
        with self._breaking():
            while True:
                stopped, answers = await self._books.collect.remote(self._worker)
                for number, value, error in answers:
                    if number is None:
                        raise error
                    self._wake(number, value, error)
                if stopped:
                    self._stop(stopped)

    def _wake(self, number: int, value: Any, error: Exception | None) -> None:
        came = self._waiting.get(number)
        if came is None or came.done():  # nobody waits any more
            return
        if error is None:
            came.set_result(value)
        else:
            came.set_exception(error)

    @contextlib.contextmanager
    def _breaking(self) -> Iterator[None]:
        """Tell all who wait that the line is cut."""
        try:
            yield
        except Exception as error:
            self._error = getattr(error, "cause", None) or error
            for number in list(self._waiting):
                self._wake(number, None, self._error)


class FarCalls:
    """The calls, over a line; see `workspace.models.calls.Calls`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """Nothing to begin here."""
        return contextlib.nullcontext()

    async def add(self, call: dict[str, Any]) -> None:
        """Write a call that is about to go out; back when it is on the disk."""
        await self._line.ask("add", call)

    async def change(self, call_id: str, **values: Any) -> None:
        """Write what became of a call; back when it is on the disk."""
        await self._line.ask("change", call_id, **values)

    def held(self, keys: Sequence[str]) -> dict[str, Held]:
        """The answers that are here, by the key of their request; not to be called in the loop."""
        found: dict[str, Held] = self._line.ask_from_thread("held", keys)
        return found

    def waiting(self, keys: Sequence[str]) -> set[str]:
        """Those of some requests that are in a batch at work; not to be called in the loop."""
        found: set[str] = self._line.ask_from_thread("waiting", keys) if keys else set()
        return found


class FarPurse:
    """The budget, over a line; see `workspace.models.purse.Purse`.

    Attributes
    ----------
    spent_usd
        Not known here.
    """

    spent_usd = float("nan")

    def __init__(self, line: Line) -> None:
        self._line = line

    async def reserve(self, most_usd: float) -> None:
        """Set the most aside; raises `OutOfBudgetError`."""
        await self._line.ask("reserve", most_usd)

    async def settle(self, most_usd: float, cost_usd: float) -> None:
        """Pay what a request cost, and take back what was set aside for it."""
        self._line.tell("settle", most_usd, cost_usd)


class FarPace(Pace):
    """The pace of an account that workers share, over a line.

    Parameters
    ----------
    account
        Its number.
    like
        A copy of it, for what each can work out alone.
    """

    def __init__(self, line: Line, account: int, like: Pace) -> None:
        super().__init__(like.places)
        self._line, self._account, self._like = line, account, like
        self._numbers = itertools.count(1)

    def expected_tokens(self, request: Request) -> int:
        """What is set aside for a request."""
        return self._like.expected_tokens(request)

    def wait_after(self, n_tries: int) -> float:
        """Seconds before the next try."""
        return self._like.wait_after(n_tries)

    @contextlib.asynccontextmanager
    async def turn(self, n_tokens: int = 0) -> AsyncIterator[Turn]:
        """Wait until a request may go out, and hold its place; raises `DownError`."""
        place = next(self._numbers)
        turn = _FarTurn(0.0, n_tokens)
        try:
            await self._line.ask("enter", place, self._account, n_tokens)
            yield turn
        finally:
            self._line.tell("leave", place, turn.came)

    def answered(self, turn: Turn, n_tokens: int) -> None:
        """An answer came, of so many tokens."""
        cast(_FarTurn, turn).came = n_tokens

    def failed(self, turn: Turn, busy: BusyError) -> None:
        """None came."""
        cast(_FarTurn, turn).came = busy


class _FarTurn(Turn):
    came: int | BusyError | None = None


class FarAsking(Asking):
    """Asks what no other worker asks now; see `workspace.models.asking.Asking`."""

    def __init__(self, line: Line, job_id: str) -> None:
        super().__init__(FarCalls(line), FarPurse(line), job_id)
        self._line = line

    async def _ask(self, job: Job, question: str, asked: Asked) -> Held | None:
        key = asked.request.key
        is_ours, held = await self._line.ask("claim", key)
        if not is_ours:
            found: Held | None = held
            return found
        found = None
        try:
            found = await super()._ask(job, question, asked)
        finally:
            self._line.tell("release", key, found)
        return found
