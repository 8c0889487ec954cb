"""A provider in a process of its own: the makers' libraries take more of a processor than we do.

What goes to and fro are frames: four bytes of length, then a pickle. The process is a child that
nobody else can write to, and it ends with the pipe to its parent. It counts what is in flight
itself, so that a place is taken again at once; and an answer is in a journal before its place is
free, so that a kill loses no more than what was in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import pickle
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from curation.llm.garbage import rare_collections
from curation.llm.journal import Journal
from curation.llm.prices import ModelPrice
from curation.llm.requests import BusyError, Provider, RejectedError, Reply, Request
from curation.llm.settings import ModelAnnotator

_LENGTH = struct.Struct("<I")
_BUFFER = 2**20
_GAP_SHARE = 0.7
_FIRST_LATENCY_S = 0.2
_WEIGHT_OF_LAST = 0.05
_ROOT = Path(__file__).resolve().parents[3]


class ProviderApart:
    """A `Provider` whose library runs in a child process, started at the first request.

    It is worth its start, about a second, where some hundred requests a second go out. However
    many are asked at a time, no more are in flight than the settings allow.

    Parameters
    ----------
    journal
        A file that answers are put into as they come (`curation.llm.journal`).
    price
        What they cost.

    Attributes
    ----------
    notes
        Those of the provider: what was left out of requests because the server refused it.
    """

    def __init__(
        self,
        settings: ModelAnnotator,
        journal: Path | None = None,
        price: ModelPrice | None = None,
    ) -> None:
        self._settings, self._journal, self._price = settings, journal, price
        self.notes: list[str] = []
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._starting = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The number of the process; None before the first request."""
        return None if self._child is None else self._child.pid

    async def ask(self, request: Request) -> Reply:
        """Ask once; see `curation.llm.requests.Provider`.

        Raises
        ------
        BusyError, RejectedError
            Also if the process has ended.
        """
        async with self._starting:
            if self._child is None:
                await self._start()
        number = next(self._numbers)
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            if self._reading is None or self._reading.done():
                raise self._ended()
            self._send((number, request))
            return await waiting
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """End the process."""
        if self._child is None or self._reading is None:
            return
        assert self._child.stdin is not None
        self._child.stdin.close()
        await self._reading
        await self._child.wait()

    async def _start(self) -> None:
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_BUFFER,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])},
            start_new_session=True,  # a Ctrl-C is for the parent, which lets out what is in flight
        )
        self._reading = asyncio.create_task(self._read())
        self._send((self._settings, self._journal, self._price))

    def _send(self, told: Any) -> None:
        assert self._child is not None and self._child.stdin is not None
        self._child.stdin.write(_frame(told))

    async def _read(self) -> None:
        assert self._child is not None and self._child.stdout is not None
        async for number, kind, told in _frames(self._child.stdout):
            if kind == "notes":
                self.notes = told
            elif (waiting := self._waiting.get(number)) is not None and not waiting.done():
                if kind == "reply":
                    waiting.set_result(told)
                else:
                    waiting.set_exception(_raised(kind, told))
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(self._ended())

    def _ended(self) -> RejectedError:
        one = self._settings
        return RejectedError(
            f"{one.provider} {one.model}: the process that speaks to it has ended; what was in "
            "flight may have been billed. Run it again."
        )


def _frame(told: Any) -> bytes:
    content = pickle.dumps(told, protocol=5)
    return _LENGTH.pack(len(content)) + content


async def _frames(source: asyncio.StreamReader) -> Any:
    while True:
        try:
            (length,) = _LENGTH.unpack(await source.readexactly(_LENGTH.size))
            yield pickle.loads(await source.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return


def _told(error: BusyError | RejectedError) -> tuple[str, Any]:
    if isinstance(error, BusyError):
        return "busy", (str(error), error.retry_after_s, error.was_billed)
    return "rejected", str(error)


def _raised(kind: str, told: Any) -> Exception:
    if kind == "busy":
        words, retry_after_s, was_billed = told
        return BusyError(words, retry_after_s, was_billed=was_billed)
    return RejectedError(told)


class _EvenLine:
    """Places in flight, taken at even distances.

    Requests that go out together come back together, and then wait for each other to be read:
    with a steady server that would go on forever. A gap between them, somewhat less than places
    and latency ask for, spreads them within a few rounds.
    """

    def __init__(self, concurrent: int) -> None:
        self._places = asyncio.Semaphore(concurrent)
        self._gap_share = _GAP_SHARE / concurrent
        self._latency_s = _FIRST_LATENCY_S
        self._due_s = 0.0

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; entered when it is this one's turn to go out."""
        loop = asyncio.get_running_loop()
        async with self._places:
            now = loop.time()
            at = max(now, self._due_s)
            self._due_s = at + self._latency_s * self._gap_share
            if at > now:
                await asyncio.sleep(at - now)
            try:
                yield
            finally:
                self._latency_s += _WEIGHT_OF_LAST * (loop.time() - at - self._latency_s)


class _Child:
    """The other end: asks whatever comes in, and tells what comes back."""

    def __init__(
        self, provider: Any, concurrent: int, journal: Journal | None, out: asyncio.StreamWriter
    ) -> None:
        self._provider, self._journal, self._out = provider, journal, out
        self._line = _EvenLine(concurrent)
        self._notes: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, number: int, request: Request) -> None:
        task = asyncio.create_task(self._ask(number, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, number: int, request: Request) -> None:
        kind: str
        told: Any
        try:
            async with self._line.place():
                kind, told = "reply", await self._provider.ask(request)
                if self._journal is not None:
                    self._journal.put(request.key, told)
        except (BusyError, RejectedError) as error:
            kind, told = _told(error)
        except Exception as error:  # of the library: it may hold the request, so its name alone
            kind, told = "rejected", f"unexpected {type(error).__name__}"
        if self._provider.notes != self._notes:
            self._notes = self._provider.notes
            self._out.write(_frame((0, "notes", self._notes)))
        self._out.write(_frame((number, kind, told)))


async def _serve() -> None:
    from curation.llm.providers import make_provider

    loop = asyncio.get_running_loop()
    source = asyncio.StreamReader(limit=_BUFFER)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), sys.stdin.buffer)
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no frame
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    out = asyncio.StreamWriter(transport, protocol, None, loop)
    frames = _frames(source)
    settings, path, price = await anext(frames)
    provider: Provider = make_provider(settings, os.environ.get(settings.key_name))
    journal = None if path is None else Journal(path, price)
    child = _Child(provider, settings.concurrent, journal, out)
    with rare_collections():
        async for number, request in frames:
            child.take(number, request)
    os._exit(0)  # the parent has gone: nothing more is to be told to anyone


if __name__ == "__main__":
    asyncio.run(_serve())
