"""Gemini's generateContent and inline batches, as its reference documents them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from tests.llm_servers.answers import Answer, Asked, answer
from tests.llm_servers.server import Server

_FINISH = {"truncated": "MAX_TOKENS", "refusal": "SAFETY", "filtered": "PROHIBITED_CONTENT"}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Gemini:
    """``base_url`` is the address of the server alone."""

    overloaded = 503

    def __init__(self) -> None:
        self._number = itertools.count(1)
        self.forget()

    def forget(self) -> None:
        """Know no batch any more."""
        self._batches: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._polls: dict[str, int] = {}

    def routes(self, server: Server) -> list[web.RouteDef]:
        """Content and batches of it."""
        self._server = server
        return [
            web.post("/{version:v1(?:beta)?}/models/{model}:generateContent", server.question),
            web.post(
                "/{version:v1(?:beta)?}/models/{model}:batchGenerateContent", self._take_batch
            ),
            web.get("/{version:v1(?:beta)?}/batches", self._list_batches),
            web.get("/{version:v1(?:beta)?}/batches/{id}", self._tell_batch),
        ]

    def key(self, http: web.Request) -> str | None:
        """The header of the key."""
        return http.headers.get("x-goog-api-key")

    def read(self, body: dict[str, Any], http: web.Request | None = None) -> Asked:
        """A generateContent request."""
        parts = [part for content in body["contents"] for part in content["parts"]]
        config = body.get("generationConfig", {})
        system = body.get("systemInstruction", {}).get("parts", [])
        schema = config.get("responseJsonSchema") or config.get("responseSchema")
        return Asked(
            model=http.match_info["model"] if http is not None else body["model"],
            told="\n".join(part["text"] for part in parts if "text" in part),
            system="\n".join(part.get("text", "") for part in system),
            schema=schema,
            max_tokens=config.get("maxOutputTokens", 8192),
            n_images=sum("inlineData" in part or "fileData" in part for part in parts),
            temperature=config.get("temperature"),
        )

    def write(self, asked: Asked, given: Answer) -> dict[str, Any]:
        """A response with one candidate; none where the prompt was blocked."""
        usage = {
            "promptTokenCount": given.n_tokens_in,
            "candidatesTokenCount": given.n_tokens_out,
            "cachedContentTokenCount": given.n_tokens_cached,
            "totalTokenCount": given.n_tokens_in + given.n_tokens_out,
        }
        told = {"usageMetadata": usage, "modelVersion": asked.model}
        told["responseId"] = f"r{next(self._number)}"
        if given.kind == "blocked":
            return {**told, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
        candidate: dict[str, Any] = {
            "index": 0,
            "finishReason": _FINISH.get(given.kind, "STOP"),
            "content": {"role": "model", "parts": [{"text": given.text}]},
        }
        if given.kind in ("refusal", "filtered", "empty"):
            candidate["content"] = {"role": "model"}
        return {**told, "candidates": [candidate]}

    def error(self, status: int, message: str, param: str | None = None) -> dict[str, Any]:
        """An error body."""
        name = _STATUS.get(status, "UNKNOWN")
        return {"error": {"code": status, "message": message, "status": name}}

    async def _take_batch(self, http: web.Request) -> web.Response:
        if (refused := await self._server.refusal_of_batch(http)) is not None:
            return refused
        batch = (await http.json())["batch"]
        name = f"batches/b{next(self._number)}"
        model = http.match_info["model"]
        rows = batch["inputConfig"]["requests"]["requests"]
        for row in rows:
            row["request"]["model"] = model
        self._rows[name], self._polls[name] = rows, 0
        now = datetime.now(UTC).isoformat()
        self._batches[name] = {
            "name": name,
            "metadata": {
                "@type": "type.googleapis.com/google.ai.generativelanguage.v1main."
                "GenerateContentBatch",
                "name": name,
                "displayName": batch.get("displayName", ""),
                "model": f"models/{model}",
                "createTime": now,
                "updateTime": now,
                "state": "BATCH_STATE_PENDING",
            },
        }
        await self._server.taken(len(rows))
        return web.json_response(self._batches[name])

    async def _list_batches(self, http: web.Request) -> web.Response:
        found = self._server.listed(
            http,
            list(self._batches.values()),
            http.query.get("pageToken") or None,
            int(http.query.get("pageSize", 20)),
        )
        if isinstance(found, web.Response):
            return found
        page, has_more = found
        told: dict[str, Any] = {"operations": [self._now(b) for b in page]} if page else {}
        if has_more:
            told["nextPageToken"] = page[-1]["name"]
        return web.json_response(told)

    async def _tell_batch(self, http: web.Request) -> web.Response:
        batch = self._batches.get("batches/" + http.match_info["id"])
        if self._server.script.key is not None and self.key(http) != self._server.script.key:
            return self._server.reject(401, "the key is not valid")
        if batch is None:
            return self._server.reject(404, "no such batch")
        return web.json_response(self._now(batch))

    def _now(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch, after it was looked at once more."""
        name = batch["name"]
        self._polls[name] += 1
        if batch["metadata"]["state"] in ("BATCH_STATE_PENDING", "BATCH_STATE_RUNNING"):
            if self._polls[name] > self._server.script.batch_polls:
                self._end(batch)
            else:
                batch["metadata"]["state"] = "BATCH_STATE_RUNNING"
        return batch

    def _end(self, batch: dict[str, Any]) -> None:
        if self._server.script.batch_breaks:
            batch["metadata"]["state"] = "BATCH_STATE_FAILED"
            batch |= {"done": True, "error": {"code": 13, "message": "the batch broke by script"}}
            return
        found = []
        for row in self._rows[batch["name"]]:
            asked = self.read(row["request"])
            told: dict[str, Any] = {"metadata": row.get("metadata", {})}
            if self._server.is_lost(asked):
                continue
            why = self._server.failure(asked)
            if why is None and not self._server.is_reached(asked):
                why = "this row fails by script"
            if why is not None:
                told["error"] = {"code": 3, "message": why}
            else:
                given = answer(asked, self._server.script)
                self._server.bill(asked, given, orjson.dumps(row["request"]))
                told["response"] = self.write(asked, given)
            found.append(told)
        output = {"inlinedResponses": {"inlinedResponses": found}}
        batch["metadata"] |= {"state": "BATCH_STATE_SUCCEEDED", "output": output}
        batch |= {"done": True, "response": output}
