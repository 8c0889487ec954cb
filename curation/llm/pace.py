"""Asking politely: within the limits of an account, and at a distance from a server in trouble."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from catalog.wording import counted
from curation.llm.requests import BusyError, Reply, Request
from curation.llm.settings import ModelAnnotator
from curation.llm.tokens import likely_tokens_in

_FIRST_PROBE_S = 1.0
_LONGEST_REST_S = 600.0
_PROBES = 6


class Asks(Protocol):
    """Whatever can be asked once: a `Provider`, or one that books what is spent."""

    async def ask(self, request: Request) -> Reply:
        """Ask once; see `curation.llm.requests.Provider`."""


@dataclass(eq=False)
class Turn:
    """One request: when it was let through, the tokens set aside, and if its minute is over."""

    at_s: float
    n_tokens: int
    is_probe: bool = False
    is_past: bool = False


class Pace:
    """The limits of one account, kept by all who ask there.

    A request is let through when fewer than ``concurrent`` are in flight and the last minute has
    room for it and its tokens; first come, first served. The tokens are set aside as expected
    and put right when the answer says what they were.

    After ``open_after`` failures in a row the circuit opens: nothing is asked but one probe, after
    1 s, then 2 s, 4 s … When 6 probes in a row have failed the server counts as down, and
    requests fail at once until a probe succeeds. A server that says how long to wait is not in
    trouble: everyone waits that long, up to 10 minutes; longer than that is down.

    Parameters
    ----------
    concurrent
        Most requests in flight.
    requests_per_minute, tokens_per_minute
        None for no limit.
    first_wait_s, longest_wait_s
        The bound of the wait before the second try, which doubles with each try, and its bound.
    window_s
        The length of the minute.

    Attributes
    ----------
    places
        How many may be let through at a time.
    n_tries, n_busy, n_opened
        How often a server was asked, had no answer, and how often the circuit opened.
    """

    def __init__(
        self,
        concurrent: int = 8,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        *,
        open_after: int = 8,
        first_wait_s: float = 0.5,
        longest_wait_s: float = 60.0,
        window_s: float = 60.0,
        seed: int = 0,
    ) -> None:
        self.n_tries = self.n_busy = self.n_opened = 0
        self._limits = requests_per_minute, tokens_per_minute
        self._open_after = open_after
        self._first_wait_s, self._longest_wait_s = first_wait_s, longest_wait_s
        self._window_s = window_s
        self._random = random.Random(seed)
        self.places = concurrent
        self._places = asyncio.Semaphore(concurrent)
        self._door = asyncio.Lock()
        self._news = asyncio.Event()
        self._turns: deque[Turn] = deque()
        self._n_tokens = 0
        self._not_before_s = 0.0
        self._n_failed = self._n_probes = 0
        self._is_open = self._is_probing = False

    @classmethod
    def of(cls, settings: ModelAnnotator, n_ahead: int = 0) -> Self:
        """The pace that an annotator's settings allow.

        Parameters
        ----------
        n_ahead
            How many more are let through, where whoever takes them counts what is in flight.
        """
        return cls(
            settings.concurrent + n_ahead, settings.requests_per_minute, settings.tokens_per_minute
        )

    def expected_tokens(self, request: Request) -> int:
        """What is set aside for a request: 0 where no limit asks for it."""
        _, limit = self._limits
        return 0 if limit is None else likely_tokens_in(request) + request.max_tokens

    def require_up(self) -> None:
        """Refuse what could not go out anyway.

        Raises
        ------
        DownError
            As `turn` would now.
        """
        self._wait_s(0)

    @contextlib.asynccontextmanager
    async def turn(self, n_tokens: int = 0) -> AsyncIterator[Turn]:
        """Wait until a request may go out, and hold its place while it is in flight.

        Raises
        ------
        DownError
            If the server is down, or asks for more patience than there is.
        """
        async with self._places:
            async with self._door:
                while (wait_s := self._wait_s(n_tokens)) > 0:
                    self._news.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), wait_s)
                taken = Turn(time.monotonic(), n_tokens, self._is_open)
                self._set_aside(taken)
                self._is_probing = self._is_open
                self.n_tries += 1
            try:
                yield taken
            finally:
                if taken.is_probe:
                    self._is_probing = False
                self._news.set()

    def answered(self, turn: Turn, n_tokens: int) -> None:
        """An answer came: put the tokens right, close the circuit."""
        self._put_right(turn, n_tokens)
        self._n_failed = self._n_probes = 0
        self._is_open = False

    def failed(self, turn: Turn, busy: BusyError) -> None:
        """None came: wait as long as the server asks, or count towards opening the circuit."""
        self.n_busy += 1
        now = time.monotonic()
        if not busy.was_billed:
            self._put_right(turn, 0)
        if busy.retry_after_s is not None:
            self._not_before_s = max(self._not_before_s, now + busy.retry_after_s)
            return
        self._n_failed += 1
        if self._is_open and not turn.is_probe:
            return
        if self._is_open or self._n_failed >= self._open_after:
            self.n_opened += not self._is_open
            self._n_probes += self._is_open
            self._is_open = True
            rest_s = min(_FIRST_PROBE_S * 2**self._n_probes, self._longest_wait_s)
            self._not_before_s = max(self._not_before_s, now + rest_s)

    def wait_after(self, n_tries: int) -> float:
        """Seconds before the next try: anything up to a bound that doubles (full jitter).

        Examples
        --------
        >>> pace = Pace(first_wait_s=1.0, longest_wait_s=3.0, seed=1)
        >>> [0 <= pace.wait_after(n) <= bound for n, bound in ((1, 1.0), (2, 2.0), (9, 3.0))]
        [True, True, True]
        """
        bound = min(self._longest_wait_s, self._first_wait_s * 2 ** (n_tries - 1))
        return self._random.uniform(0.0, bound)

    def _set_aside(self, turn: Turn) -> None:
        if self._limits != (None, None):
            self._turns.append(turn)
            self._n_tokens += turn.n_tokens

    def _put_right(self, turn: Turn, n_tokens: int) -> None:
        if self._limits != (None, None) and not turn.is_past:
            self._n_tokens += n_tokens - turn.n_tokens
        turn.n_tokens = n_tokens

    def _wait_s(self, n_tokens: int) -> float:
        """Seconds to wait unless an answer comes before; 0 where a request may go now."""
        now = time.monotonic()
        rest_s = self._not_before_s - now
        if rest_s > _LONGEST_REST_S:
            raise DownError(f"the server asks to wait another {rest_s / 60:,.0f} minutes")
        if self._is_open and self._n_probes >= _PROBES and (rest_s > 0 or self._is_probing):
            raise DownError(f"the server is down: {self._n_failed:,} failures in a row")
        if self._is_open and self._is_probing:
            return self._longest_wait_s
        return max(rest_s, self._until_room(now, n_tokens))

    def _until_room(self, now: float, n_tokens: int) -> float:
        """Seconds until the last minute has room; an empty one has room for anything."""
        while self._turns and self._turns[0].at_s <= now - self._window_s:
            past = self._turns.popleft()
            past.is_past = True
            self._n_tokens -= past.n_tokens
        n_requests, n_most = self._limits
        due_s = 0.0
        if n_requests is not None and len(self._turns) >= n_requests:
            due_s = self._turns[len(self._turns) - n_requests].at_s + self._window_s
        if n_most is not None:
            over = self._n_tokens + n_tokens - n_most
            for turn in self._turns:
                if over <= 0:
                    break
                over -= turn.n_tokens
                due_s = max(due_s, turn.at_s + self._window_s)
        return max(0.0, due_s - now)


class DownError(Exception):
    """Nothing is asked for now: the server is down."""


async def ask_politely(
    provider: Asks,
    request: Request,
    pace: Pace,
    max_tries: int,
    around: Callable[[], AbstractAsyncContextManager[None]] = contextlib.nullcontext,
) -> Reply:
    """Ask until there is an answer, within the pace of the account.

    Only a server in trouble is asked again; a malformed answer, a refusal or a truncation is an
    answer.

    Parameters
    ----------
    max_tries
        How often to ask in all; at least 1.
    around
        What each try is done in: entered before there is a place for it, left after the place is
        free again, so that what it does takes no time from the others.

    Returns
    -------
    The answer. ``failed`` where there was none after the last try, or the server is down.

    Raises
    ------
    RejectedError
        If asking again is of no use; whatever else the provider raises comes through.
    """
    why = ""
    for n in range(1, max_tries + 1):
        try:
            pace.require_up()
            async with around():
                return await _ask_in_turn(provider, request, pace)
        except BusyError as error:
            why = str(error)
        except DownError as error:
            tried = counted(n - 1, "try", "tries")
            return Reply("failed", "", error=f"{error} (after {tried}) {why}".rstrip())
        if n < max_tries:
            await asyncio.sleep(pace.wait_after(n))
    return Reply("failed", "", error=f"{why} (after {counted(max_tries, 'try', 'tries')})")


async def _ask_in_turn(provider: Asks, request: Request, pace: Pace) -> Reply:
    async with pace.turn(pace.expected_tokens(request)) as turn:
        try:
            reply = await provider.ask(request)
        except BusyError as error:
            pace.failed(turn, error)
            raise
        pace.answered(turn, reply.n_tokens_in + reply.n_tokens_out)
        return reply
