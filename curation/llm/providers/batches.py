"""Batches: many requests handed in at once, at half the price, answered within a day."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from curation.llm.requests import Reply, Request

T = TypeVar("T")
State = Literal["running", "ended", "failed"]
_MOST_OLDER = 100
"""A list is read until so many in a row are too old: it begins with the latest, or nearly so."""


@dataclass(frozen=True)
class BatchState:
    """Where a batch stands.

    Attributes
    ----------
    state
        ``ended``: its replies can be collected, though some rows may have failed or not been
        reached; ``failed``: nothing was done, and ``error`` says why.
    n_requests, n_done, n_failed
        None where the provider does not say.
    """

    state: State
    n_requests: int | None = None
    n_done: int | None = None
    n_failed: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class BatchReplies:
    """What came of a batch, by the key of the request.

    Attributes
    ----------
    replies
        Answers of the model, good or bad.
    failed
        Rows without any; they alone are to be sent again. A row that is in neither was lost, or
        nobody can read it.
    """

    replies: dict[str, Reply]
    failed: dict[str, Reply]


@dataclass(frozen=True)
class Sought:
    """A batch that may have been handed in, though nobody was told its name.

    Attributes
    ----------
    mark
        What it was handed in with; see `Batches.submit`.
    since, until
        Between which moments the provider made it, if it did.
    known
        Names of batches that are others.
    """

    mark: str
    n_requests: int
    since: datetime.datetime
    until: datetime.datetime
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """What came of looking for a batch.

    Attributes
    ----------
    batch_id
        Its name; None where it is not there, or does not show yet.
    n_unread
        Batches at work that may be it: only their results would say.
    """

    batch_id: str | None
    n_unread: int = 0


class Batches(Protocol):
    """The batches of one account."""

    def learn(self, request: Request, errors: Iterable[str]) -> None:
        """Leave out what rows of earlier batches were refused for: a temperature, a JSON schema.

        Parameters
        ----------
        request
            Such as those that will be handed in.
        errors
            What the server said of those rows.
        """

    async def submit(self, requests: Iterable[Request], mark: str) -> str:
        """Hand in requests; the id to keep. The same request twice is handed in once.

        Parameters
        ----------
        mark
            20 or more letters and digits that no other batch has: `find` knows it by them.

        Raises
        ------
        BusyError, RejectedError
            A `BusyError` with ``was_billed`` may have been handed in all the same.
        """

    async def find(self, sought: Sought) -> Found:
        """Look for a batch in the provider's list of them.

        Raises
        ------
        BusyError, RejectedError
            A `RejectedError` of status 404, 405 or 501 where a server lists none.
        """

    async def state(self, batch_id: str) -> BatchState:
        """Where a batch stands.

        Raises
        ------
        BusyError, RejectedError
        """

    async def collect(self, batch_id: str) -> BatchReplies:
        """The replies of a batch that has ended.

        Raises
        ------
        BusyError, RejectedError
        """

    async def close(self) -> None:
        """Let go of connections."""


def by_key(requests: Iterable[Request]) -> dict[str, Request]:
    """Requests by their key, each once, in order.

    Raises
    ------
    ValueError
        If there are none, or they are of several models.
    """
    found = {request.key: request for request in requests}
    models = {request.model for request in found.values()}
    if len(models) != 1:
        raise ValueError(f"a batch is of one model, not of {len(models)}")
    return found


async def recent(
    listed: AsyncIterable[T], made_at: Callable[[T], datetime.datetime | None], sought: Sought
) -> list[T]:
    """The entries of a provider's list that were made when a sought batch was."""
    found: list[T] = []
    n_older = 0
    async for one in listed:
        at = made_at(one)
        n_older = n_older + 1 if at is not None and at < sought.since else 0
        if n_older == _MOST_OLDER:
            break
        if at is None or sought.since <= at <= sought.until:
            found.append(one)
    return found
