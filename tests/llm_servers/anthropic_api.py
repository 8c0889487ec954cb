"""Anthropic's messages and message batches, as its reference documents them."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from tests.llm_servers.answers import Answer, Asked, answer
from tests.llm_servers.server import Server

_STOP = {"truncated": "max_tokens", "refusal": "refusal", "filtered": "refusal"}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Anthropic:
    """``base_url`` is the address of the server alone."""

    overloaded = 529

    def __init__(self) -> None:
        self._number = itertools.count(1)
        self.forget()

    def forget(self) -> None:
        """Know no batch any more."""
        self._batches: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._results: dict[str, bytes] = {}
        self._polls: dict[str, int] = {}

    def routes(self, server: Server) -> list[web.RouteDef]:
        """Messages and their batches."""
        self._server = server
        return [
            web.post("/v1/messages", server.question),
            web.post("/v1/messages/batches", self._take_batch),
            web.get("/v1/messages/batches", self._list_batches),
            web.get("/v1/messages/batches/{id}", self._tell_batch),
            web.get("/v1/messages/batches/{id}/results", self._give_results),
        ]

    def key(self, http: web.Request) -> str | None:
        """The bearer token, or the older header."""
        bearer = http.headers.get("Authorization", "").removeprefix("Bearer ")
        return bearer or http.headers.get("x-api-key")

    def read(self, body: dict[str, Any], http: web.Request | None = None) -> Asked:
        """A message request."""
        texts: list[str] = []
        n_images = 0
        for message in body["messages"]:
            parts = message["content"]
            if isinstance(parts, str):
                parts = [{"type": "text", "text": parts}]
            texts += [p["text"] for p in parts if p["type"] == "text"]
            n_images += sum(p["type"] == "image" for p in parts)
        system = body.get("system", "")
        if isinstance(system, list):
            system = "\n".join(part["text"] for part in system)
        tools = body.get("tools", [])
        return Asked(
            model=body["model"],
            told="\n".join(texts),
            system=system,
            schema=tools[0]["input_schema"] if tools else None,
            max_tokens=body["max_tokens"],
            n_images=n_images,
            temperature=body.get("temperature"),
        )

    def write(self, asked: Asked, given: Answer) -> dict[str, Any]:
        """A message; where a tool is asked for and the text is JSON, a use of it."""
        content: list[dict[str, Any]] = []
        stop = _STOP.get(given.kind, "end_turn")
        if given.kind == "answered" and asked.schema is not None:
            tool = {"type": "tool_use", "id": f"toolu_{next(self._number)}", "name": "answer"}
            try:
                content.append({**tool, "input": json.loads(given.text)})
                stop = "tool_use"
            except ValueError:
                content.append({"type": "text", "text": given.text})
        elif given.text:
            content.append({"type": "text", "text": given.text})
        return {
            "id": f"msg_{next(self._number)}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": given.n_tokens_in - given.n_tokens_cached,
                "cache_read_input_tokens": given.n_tokens_cached,
                "cache_creation_input_tokens": 0,
                "output_tokens": given.n_tokens_out,
            },
        }

    def error(self, status: int, message: str, param: str | None = None) -> dict[str, Any]:
        """An error body."""
        told = {"type": _TYPES.get(status, "api_error"), "message": message}
        return {"type": "error", "error": told, "request_id": None}

    async def _take_batch(self, http: web.Request) -> web.Response:
        if (refused := await self._server.refusal_of_batch(http)) is not None:
            return refused
        rows = (await http.json())["requests"]
        name = f"msgbatch_{next(self._number)}"
        now = datetime.now(UTC)
        self._rows[name], self._polls[name] = rows, 0
        self._batches[name] = {
            "id": name,
            "type": "message_batch",
            "processing_status": "in_progress",
            "request_counts": {**_nothing(), "processing": len(rows)},
            "created_at": now.isoformat(),
            "expires_at": (now + timedelta(hours=24)).isoformat(),
            "ended_at": None,
            "cancel_initiated_at": None,
            "archived_at": None,
            "results_url": None,
        }
        await self._server.taken(len(rows))
        return web.json_response(self._batches[name])

    async def _list_batches(self, http: web.Request) -> web.Response:
        limit = int(http.query.get("limit", 20))
        found = self._server.listed(
            http, list(self._batches.values()), http.query.get("after_id"), min(limit, 1000)
        )
        if isinstance(found, web.Response):
            return found
        page, has_more = found
        names = [batch["id"] for batch in page] or [None]
        told = {"data": [self._now(batch, http) for batch in page], "has_more": has_more}
        return web.json_response({**told, "first_id": names[0], "last_id": names[-1]})

    async def _tell_batch(self, http: web.Request) -> web.Response:
        batch = self._batches.get(http.match_info["id"])
        if self._server.script.key is not None and self.key(http) != self._server.script.key:
            return self._server.reject(401, "the key is not valid")
        if batch is None:
            return self._server.reject(404, "no such batch")
        return web.json_response(self._now(batch, http))

    def _now(self, batch: dict[str, Any], http: web.Request) -> dict[str, Any]:
        """A batch, after it was looked at once more."""
        self._polls[batch["id"]] += 1
        is_running = batch["processing_status"] == "in_progress"
        if is_running and self._polls[batch["id"]] > self._server.script.batch_polls:
            self._end(batch, f"http://{http.host}")
        return batch

    def _end(self, batch: dict[str, Any], root: str) -> None:
        lines = []
        counts = _nothing()
        for row in self._rows[batch["id"]]:
            asked = self.read(row["params"])
            result: dict[str, Any]
            if self._server.is_lost(asked):
                continue
            if (why := self._server.failure(asked)) is not None:
                error = self.error(400, why)
                result = {"type": "errored", "error": error}
            elif not self._server.is_reached(asked):
                result = {"type": "expired"}
            else:
                given = answer(asked, self._server.script)
                self._server.bill(asked, given, orjson.dumps(row["params"]))
                result = {"type": "succeeded", "message": self.write(asked, given)}
            counts[result["type"]] += 1
            lines.append(orjson.dumps({"custom_id": row["custom_id"], "result": result}))
        name = batch["id"]
        self._results[name] = b"\n".join(reversed(lines)) + b"\n"
        batch |= {
            "processing_status": "ended",
            "ended_at": datetime.now(UTC).isoformat(),
            "request_counts": counts,
            "results_url": f"{root}/v1/messages/batches/{name}/results",
        }

    async def _give_results(self, http: web.Request) -> web.Response:
        body = self._results[http.match_info["id"]]
        return web.Response(body=body, content_type="application/x-jsonl")


def _nothing() -> dict[str, int]:
    return dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
