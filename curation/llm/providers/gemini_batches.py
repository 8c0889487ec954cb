"""Gemini's batches, with the requests inline: 20 MB at most."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from google.genai import types

from curation.llm.providers.batches import (
    BatchReplies,
    BatchState,
    Found,
    Sought,
    State,
    by_key,
    recent,
)
from curation.llm.providers.gemini import GeminiProvider
from curation.llm.requests import Reply, Request
from curation.llm.settings import ModelAnnotator

_KEY = "key"
_PAGE = 20
"""Small: where a batch has ended its replies may be in the list."""
_STATES: dict[str, State] = {
    "JOB_STATE_SUCCEEDED": "ended",
    "JOB_STATE_PARTIALLY_SUCCEEDED": "ended",
    "JOB_STATE_FAILED": "failed",
    "JOB_STATE_CANCELLED": "failed",
    "JOB_STATE_EXPIRED": "failed",
}


class GeminiBatches:
    """Batches of content."""

    def __init__(self, settings: ModelAnnotator, key: str | None) -> None:
        self._provider = GeminiProvider(settings, key)
        self._batches = self._provider.client.aio.batches

    def learn(self, request: Request, errors: Iterable[str]) -> None:
        """Leave out what rows of earlier batches were refused for."""
        self._provider.learn(request, errors)

    async def submit(self, requests: Iterable[Request], mark: str) -> str:
        """Hand in requests; see `curation.llm.providers.batches.Batches`."""
        held = by_key(requests)
        rows = [
            types.InlinedRequest(
                metadata={_KEY: key},
                **self._provider.body(request, self._provider.without(request)),
            )
            for key, request in held.items()
        ]
        config = types.CreateBatchJobConfig(display_name=_display_name(mark))
        making = self._batches.create(model=str(rows[0].model), src=rows, config=config)
        return str((await self._provider.tried(making)).name)

    async def find(self, sought: Sought) -> Found:
        """Look for a batch by its display name."""
        for job in await self._provider.tried(self._recent(sought)):
            if job.name and job.display_name == _display_name(sought.mark):
                return Found(job.name)
        return Found(None)

    async def _recent(self, sought: Sought) -> list[types.BatchJob]:
        listed = await self._batches.list(config=types.ListBatchJobsConfig(page_size=_PAGE))
        return await recent(listed, lambda job: job.create_time, sought)

    async def state(self, batch_id: str) -> BatchState:
        """Where a batch stands; how many rows are done is known at its end alone."""
        job = await self._provider.tried(self._batches.get(name=batch_id))
        state = _STATES.get(job.state.value if job.state else "", "running")
        told = f"{job.error.message}" if job.error else job.state and job.state.value
        if state != "ended":
            return BatchState(state, error=told if state == "failed" else None)
        rows = _rows(job)
        n_done = sum(row.response is not None for row in rows)
        return BatchState("ended", len(rows), n_done, len(rows) - n_done)

    async def collect(self, batch_id: str) -> BatchReplies:
        """The replies of a batch that has ended."""
        found = BatchReplies({}, {})
        for row in _rows(await self._provider.tried(self._batches.get(name=batch_id))):
            key = (row.metadata or {}).get(_KEY, "")
            if row.response is not None:
                with contextlib.suppress(ValueError):  # nobody can read it: the row is lost
                    found.replies[key] = self._provider.read(row.response)
            else:
                told = (row.error and row.error.message) or "no reason given"
                found.failed[key] = Reply("failed", "", error=self._provider.scrubbed(told))
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._provider.close()


def _display_name(mark: str) -> str:
    return f"goldshelf-{mark}"


def _rows(job: types.BatchJob) -> list[types.InlinedResponse]:
    return (job.dest.inlined_responses if job.dest else None) or []
