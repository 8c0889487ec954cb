"""OpenAI's batches: a file of requests goes up, a file of answers and one of errors come down."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterable
from typing import Any, Literal

from openai.types import Batch

from curation.llm.providers.batches import (
    BatchReplies,
    BatchState,
    Found,
    Sought,
    State,
    by_key,
    recent,
)
from curation.llm.providers.openai import OpenAIProvider
from curation.llm.requests import Reply, Request
from curation.llm.settings import ModelAnnotator

_PATH: Literal["/v1/chat/completions"] = "/v1/chat/completions"
_MARK = "goldshelf_batch"
_PAGE = 100
_STATES: dict[str, State] = {
    "completed": "ended",
    "expired": "ended",
    "cancelled": "ended",
    "failed": "failed",
}


class OpenAIBatches:
    """Batches of chat completions."""

    def __init__(self, settings: ModelAnnotator, key: str | None) -> None:
        self._provider = OpenAIProvider(settings, key)
        self._client = self._provider.client

    def learn(self, request: Request, errors: Iterable[str]) -> None:
        """Leave out what rows of earlier batches were refused for."""
        self._provider.learn(request, errors)

    async def submit(self, requests: Iterable[Request], mark: str) -> str:
        """Hand in requests; see `curation.llm.providers.batches.Batches`."""
        lines = [
            json.dumps(
                {
                    "custom_id": key,
                    "method": "POST",
                    "url": _PATH,
                    "body": self._provider.body(request, self._provider.without(request)),
                },
                ensure_ascii=False,
            )
            for key, request in by_key(requests).items()
        ]
        content = ("\n".join(lines) + "\n").encode("utf-8", "replace")
        name = f"goldshelf-{mark}.jsonl"
        upload = self._client.files.create(file=(name, content), purpose="batch")
        file_id = (await self._provider.tried(upload)).id
        making = self._client.batches.create(
            input_file_id=file_id,
            endpoint=_PATH,
            completion_window="24h",
            metadata={_MARK: mark},
        )
        return str((await self._provider.tried(making)).id)

    async def find(self, sought: Sought) -> Found:
        """Look for a batch by its metadata."""
        listed = recent(self._client.batches.list(limit=_PAGE), _made_at, sought)
        for batch in await self._provider.tried(listed):
            if (batch.metadata or {}).get(_MARK) == sought.mark:
                return Found(batch.id)
        return Found(None)

    async def state(self, batch_id: str) -> BatchState:
        """Where a batch stands."""
        batch = await self._provider.tried(self._client.batches.retrieve(batch_id))
        counts, errors = batch.request_counts, (batch.errors and batch.errors.data) or []
        return BatchState(
            _STATES.get(batch.status, "running"),
            counts.total if counts else None,
            counts.completed if counts else None,
            counts.failed if counts else None,
            self._provider.scrubbed("; ".join(e.message or "" for e in errors)) or None,
        )

    async def collect(self, batch_id: str) -> BatchReplies:
        """The replies of a batch that has ended."""
        batch = await self._provider.tried(self._client.batches.retrieve(batch_id))
        found = BatchReplies({}, {})
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id:
                content = await self._provider.tried(self._client.files.content(file_id))
                for line in content.text.split("\n"):
                    with contextlib.suppress(ValueError):  # nobody can read it: the row is lost
                        if line.strip():
                            self._read(json.loads(line), found)
        return found

    def _read(self, row: dict[str, Any], found: BatchReplies) -> None:
        response = row.get("response") or {}
        body = response.get("body") or {}
        if response.get("status_code") == 200:
            found.replies[row["custom_id"]] = self._provider.read(body)
            return
        error = row.get("error") or body.get("error") or {}
        told = self._provider.scrubbed(str(error.get("message") or "no reason given"))
        found.failed[row["custom_id"]] = Reply("failed", "", error=told)

    async def close(self) -> None:
        """Let go of connections."""
        await self._provider.close()


def _made_at(batch: Batch) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(batch.created_at, datetime.UTC)
