"""Anthropic's message batches."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable
from typing import Any

from anthropic.types.messages import MessageBatch

from curation.llm.providers.anthropic import AnthropicProvider
from curation.llm.providers.batches import (
    BatchReplies,
    BatchState,
    Found,
    Sought,
    by_key,
    recent,
)
from curation.llm.requests import Reply, Request
from curation.llm.settings import ModelAnnotator

_PAGE = 100
_MARK = 20
"""Characters of a mark in the name of a row, which may have 64."""
_WHY = {"canceled": "the batch was cancelled", "expired": "the batch ended before this row"}


class AnthropicBatches:
    """Batches of messages."""

    def __init__(self, settings: ModelAnnotator, key: str | None) -> None:
        self._provider = AnthropicProvider(settings, key)
        self._batches = self._provider.client.messages.batches

    def learn(self, request: Request, errors: Iterable[str]) -> None:
        """Leave out what rows of earlier batches were refused for."""
        self._provider.learn(request, errors)

    async def submit(self, requests: Iterable[Request], mark: str) -> str:
        """Hand in requests; see `curation.llm.providers.batches.Batches`."""
        rows = [
            {
                "custom_id": marked(key, mark),
                "params": self._provider.body(request, self._provider.without(request)),
            }
            for key, request in by_key(requests).items()
        ]
        making = self._batches.create(requests=[], extra_body={"requests": rows})
        return str((await self._provider.tried(making)).id)

    async def find(self, sought: Sought) -> Found:
        """Look for a batch by the names of its rows, which can be read once it has ended."""
        n_unread = 0
        listed = recent(self._batches.list(limit=_PAGE), lambda batch: batch.created_at, sought)
        for batch in await self._provider.tried(listed):
            if batch.id in sought.known or _n_requests(batch) != sought.n_requests:
                continue
            if batch.results_url is None:
                n_unread += 1
            elif await self._provider.tried(self._is_of(batch.id, sought.mark)):
                return Found(batch.id)
        return Found(None, n_unread)

    async def _is_of(self, batch_id: str, mark: str) -> bool:
        """Whether the first row of a batch bears a mark."""
        rows = await self._batches.results(batch_id)
        try:
            first = await anext(rows, None)
        finally:
            await rows.close()
        return first is not None and first.custom_id.startswith(mark[-_MARK:] + "-")

    async def state(self, batch_id: str) -> BatchState:
        """Where a batch stands."""
        batch = await self._provider.tried(self._batches.retrieve(batch_id))
        counts = batch.request_counts
        n_failed = counts.errored + counts.expired + counts.canceled
        n_requests = _n_requests(batch)
        state = BatchState("running", n_requests, counts.succeeded, n_failed)
        if batch.processing_status != "ended":
            return state
        return BatchState("ended", n_requests, counts.succeeded, n_failed)

    async def collect(self, batch_id: str) -> BatchReplies:
        """The replies of a batch that has ended."""
        found = BatchReplies({}, {})
        for row in await self._provider.tried(self._rows(batch_id)):
            key = key_of(row.custom_id)
            if row.result.type == "succeeded":
                with contextlib.suppress(ValueError):  # nobody can read it: the row is lost
                    found.replies[key] = self._provider.read(row.result.message)
                continue
            why = _WHY.get(row.result.type)
            if why is None:
                why = self._provider.scrubbed(row.result.error.error.message)
            found.failed[key] = Reply("failed", "", error=why)
        return found

    async def _rows(self, batch_id: str) -> list[Any]:
        return [row async for row in await self._batches.results(batch_id)]

    async def close(self) -> None:
        """Let go of connections."""
        await self._provider.close()


def marked(key: str, mark: str) -> str:
    """The name of a row: a batch has no name of ours, so each of its rows bears the mark.

    Examples
    --------
    >>> name = marked("5e" * 32, "0123456789abcdefghij")
    >>> len(name), name[:24], key_of(name) == "5e" * 32
    (64, '0123456789abcdefghij-Xl5', True)
    """
    told = base64.urlsafe_b64encode(bytes.fromhex(key)).rstrip(b"=").decode()
    return f"{mark[-_MARK:]}-{told}"


def key_of(name: str) -> str:
    """The key of the request in a row; rows of earlier versions are named by it alone."""
    if name[_MARK : _MARK + 1] != "-":
        return name
    try:
        return base64.urlsafe_b64decode(f"{name[_MARK + 1 :]}=").hex()
    except ValueError:
        return name


def _n_requests(batch: MessageBatch) -> int:
    counts = batch.request_counts
    n_failed = counts.errored + counts.expired + counts.canceled
    return counts.processing + counts.succeeded + n_failed
