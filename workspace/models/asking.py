"""Ask models within a budget: each request once, written down before and after it goes out."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from catalog.text import storable
from curation.llm.journal import cost_of
from curation.llm.pace import Pace, ask_politely
from curation.llm.prices import ModelPrice
from curation.llm.requests import BusyError, Provider, RejectedError, Reply, Request
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Asked, Stage
from curation.llm.tokens import characters_of, most_tokens_in
from workspace.models.calls import FAILED, SENT, Held, call_id, done, now
from workspace.models.purse import OutOfBudgetError
from workspace.models.recent import Recent

StopReason = Literal["", "budget", "person"]


class Book(Protocol):
    """Where calls are written down: `workspace.models.calls.Calls`, or the way to it."""

    def writing(self) -> AbstractContextManager[None]:
        """Take orders until the end, when all of them are written."""

    async def add(self, call: dict[str, Any]) -> None:
        """Write a call that is about to go out; back when it is on the disk."""

    async def change(self, call_id: str, **values: Any) -> None:
        """Write what became of a call; back when it is on the disk."""

    def held(self, keys: Sequence[str]) -> dict[str, Held]:
        """The answers that are here, by the key of their request."""


class Budget(Protocol):
    """What pays for calls: `workspace.models.purse.Purse`, or the way to it."""

    spent_usd: float

    async def reserve(self, most_usd: float) -> None:
        """Set the most that a request can cost aside, or raise `OutOfBudgetError`."""

    async def settle(self, most_usd: float, cost_usd: float) -> None:
        """Pay what it did cost, and take back what was set aside."""


@dataclass(frozen=True)
class Job:
    """One annotator, ready to be asked.

    Attributes
    ----------
    run_id
        Names the way its votes are made: another way has another name.
    turns
        Lets some more through than the pace does, so that a place is taken at once.
    """

    name: str
    settings: ModelAnnotator
    stages: list[Stage]
    provider: Provider
    pace: Pace
    price: ModelPrice | None
    run_id: str
    turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", asyncio.Semaphore(self.pace.places * 5 // 4 + 2))


class Asking:
    """What several annotators ask at the same time, paid from one purse.

    Parameters
    ----------
    job_id
        The name in the ledger of what is asked here.
    recent
        Remembers what was answered here.
    """

    def __init__(
        self, calls: Book, purse: Budget, job_id: str, recent: Recent | None = None
    ) -> None:
        self.calls, self.purse, self.job_id = calls, purse, job_id
        self.stopped: StopReason = ""
        self.rejected: dict[str, str] = {}
        self.n_answered: Counter[str] = Counter()
        self.n_errors: Counter[str] = Counter()
        self.spent_usd: Counter[str] = Counter()
        self._recent = recent or Recent(calls.held)
        self._asked: dict[str, asyncio.Task[Held | None]] = {}
        self._going: dict[asyncio.Task[Held | None], _Booked] = {}

    def stop(self, reason: StopReason) -> None:
        """Let out what is in flight, and nothing more."""
        if self.stopped:
            return
        self.stopped = reason
        for task, booked in self._going.items():
            if not booked.is_out:
                task.cancel()

    async def answer(self, job: Job, question: str, asked: Asked) -> Held | None:
        """The answer to one request; None where it was not asked, or its annotator was refused.

        Whoever asks the same while it is in flight gets the same answer.
        """
        key = asked.request.key
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(self._found_or_asked(job, question, asked))
            self._asked[key] = task
        try:
            return await task
        except asyncio.CancelledError:
            if not self.stopped:
                raise
            return None

    async def _found_or_asked(self, job: Job, question: str, asked: Asked) -> Held | None:
        key = asked.request.key
        try:
            held = await self._recent.find(key)
            if held is None:
                held = await self._ask(job, question, asked)
                if held is not None and held.reply.outcome != "failed":
                    self._recent.add(key, held)
            return held
        finally:
            del self._asked[key]

    async def _ask(self, job: Job, question: str, asked: Asked) -> Held | None:
        async with job.turns:
            if self.stopped or job.name in self.rejected:
                return None
            booked = _Booked(self, job, question, asked)
            task = asyncio.current_task()
            self._going[task] = booked  # type: ignore[index]
            try:
                reply = await ask_politely(
                    booked, asked.request, job.pace, job.settings.max_tries, booked.paid
                )
            except OutOfBudgetError:
                self.stop("budget")
                return None
            except RejectedError as error:
                self.rejected.setdefault(job.name, str(error))
                return None
            finally:
                del self._going[task]  # type: ignore[arg-type]
        self.n_answered[job.name] += 1
        self.n_errors[job.name] += reply.outcome == "failed"
        return Held(reply, booked.cost_usd)


class _Booked:
    """A provider that pays for each time it is asked, and writes it down around it."""

    def __init__(self, asking: Asking, job: Job, question: str, asked: Asked) -> None:
        self._asking, self._job, self._question, self._asked = asking, job, question, asked
        self.is_out = False
        self.cost_usd: float | None = None
        self._reply: Reply | None = None
        self._name = ""
        self._most: float | None = None
        if job.price is not None:
            request = asked.request
            self._most = job.price.usd(most_tokens_in(request), request.max_tokens)

    async def ask(self, request: Request) -> Reply:
        """Write it down and ask once; see `curation.llm.requests.Provider`."""
        job, asking = self._job, self._asking
        if asking.stopped:
            raise OutOfBudgetError
        self.is_out, self._name = True, call_id()
        told = sent(job.name, asking.job_id, self._question, self._asked, self._most)
        await asking.calls.add({"call_id": self._name, **told})
        self._reply = await job.provider.ask(request)
        return self._reply

    @contextlib.asynccontextmanager
    async def paid(self) -> AsyncIterator[None]:
        """Around one try: the most is set aside before, what came of it is written after."""
        asking = self._asking
        if asking.stopped:
            raise OutOfBudgetError
        await asking.purse.reserve(self._most or 0.0)
        spent = self._most
        try:
            yield
            spent = self._cost()
        except (BusyError, RejectedError) as error:
            was_billed = isinstance(error, BusyError) and error.was_billed
            spent = self._most if was_billed else 0.0
            await self._failed(error, None if was_billed else 0.0)
            raise
        except BaseException:
            if not self.is_out:
                spent = 0.0
            raise
        finally:
            await asking.purse.settle(self._most or 0.0, spent or 0.0)
            asking.spent_usd[self._job.name] += spent or 0.0  # type: ignore[assignment]
        assert self._reply is not None
        self.cost_usd = spent
        await asking.calls.change(self._name, **done(self._reply, spent))

    def _cost(self) -> float | None:
        """What the reply has cost; None where nobody knows the price."""
        return None if self._reply is None else cost_of(self._reply, self._job.price)

    async def close(self) -> None:
        """Nothing of its own to let go of."""

    @property
    def notes(self) -> list[str]:
        """Those of the provider."""
        return self._job.provider.notes

    async def _failed(self, error: Exception, cost: float | None) -> None:
        self.is_out = False
        await self._asking.calls.change(
            self._name,
            state=FAILED,
            outcome="failed",
            error=storable(str(error)),
            cost_usd=cost,
            answered_at=now(),
        )


def sent(
    annotator: str, job_id: str, question: str, asked: Asked, most_usd: float | None
) -> dict[str, Any]:
    """What is written of a call before it goes out, but for its name."""
    request = asked.request
    return {
        "request_key": request.key,
        "job_id": job_id,
        "provider": request.provider,
        "model": request.model,
        "base_url": request.base_url,
        "annotator": annotator,
        "question": question,
        "record_id": asked.record_id,
        "state": SENT,
        "n_characters": characters_of(request),
        "reserved_usd": most_usd,
        "asked_at": now(),
    }
