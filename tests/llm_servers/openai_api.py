"""OpenAI's chat completions, files and batches, as its reference documents them."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import orjson
from aiohttp import web

from tests.llm_servers.answers import Answer, Asked, answer
from tests.llm_servers.server import Server

_FINISH = {"truncated": "length", "filtered": "content_filter", "blocked": "content_filter"}
_TYPES = {429: "rate_limit_error", 401: "authentication_error"}


class OpenAI:
    """``base_url`` is the address of the server with ``/v1``."""

    overloaded = 503

    def __init__(self) -> None:
        self._number = itertools.count(1)
        self.forget()

    def forget(self) -> None:
        """Know no batch any more."""
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        self._polls: dict[str, int] = {}

    def routes(self, server: Server) -> list[web.RouteDef]:
        """Chat, completions, files, batches."""
        self._server = server
        return [
            web.post("/v1/chat/completions", server.question),
            web.post("/v1/completions", server.question),
            web.post("/v1/files", self._take_file),
            web.get("/v1/files/{id}/content", self._give_file),
            web.post("/v1/batches", self._take_batch),
            web.get("/v1/batches", self._list_batches),
            web.get("/v1/batches/{id}", self._tell_batch),
        ]

    def key(self, http: web.Request) -> str | None:
        """The bearer token."""
        return http.headers.get("Authorization", "").removeprefix("Bearer ") or None

    def read(self, body: dict[str, Any], http: web.Request | None = None) -> Asked:
        """A chat completion request, or one of a completion."""
        if "prompt" in body:
            return Asked(
                model=body["model"],
                told=body["prompt"],
                system="",
                schema=None,
                max_tokens=body.get("max_tokens") or 16,
                temperature=body.get("temperature"),
                is_completion=True,
            )
        texts: dict[str, list[str]] = {"system": [], "user": []}
        n_images = 0
        for message in body["messages"]:
            parts = message["content"]
            if isinstance(parts, str):
                parts = [{"type": "text", "text": parts}]
            side = "system" if message["role"] in ("system", "developer") else "user"
            texts[side] += [p["text"] for p in parts if p["type"] == "text"]
            n_images += sum(p["type"] == "image_url" for p in parts)
        form = body.get("response_format", {})
        return Asked(
            model=body["model"],
            told="\n".join(texts["user"]),
            system="\n".join(texts["system"]),
            schema=form.get("json_schema", {}).get("schema"),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens") or 4096,
            n_images=n_images,
            temperature=body.get("temperature"),
            wants_json_schema=form.get("type") == "json_schema",
        )

    def write(self, asked: Asked, given: Answer) -> dict[str, Any]:
        """A chat completion, or a completion."""
        if asked.is_completion:
            return self._completion(asked, given)
        is_refused = given.kind == "refusal"
        message = {
            "role": "assistant",
            "content": None if is_refused else given.text,
            "refusal": given.text if is_refused else None,
        }
        return {
            "id": f"chatcmpl-{next(self._number)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": asked.model,
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "logprobs": None,
                    "finish_reason": _FINISH.get(given.kind, "stop"),
                }
            ],
            "usage": {
                "prompt_tokens": given.n_tokens_in,
                "completion_tokens": given.n_tokens_out,
                "total_tokens": given.n_tokens_in + given.n_tokens_out,
                "prompt_tokens_details": {"cached_tokens": given.n_tokens_cached},
            },
        }

    def _completion(self, asked: Asked, given: Answer) -> dict[str, Any]:
        choice = {
            "index": 0, "text": given.text, "logprobs": None,
            "finish_reason": _FINISH.get(given.kind, "stop"),
        }  # fmt: skip
        return {
            "id": f"cmpl-{next(self._number)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": asked.model,
            "choices": [choice],
            "usage": {
                "prompt_tokens": given.n_tokens_in,
                "completion_tokens": given.n_tokens_out,
                "total_tokens": given.n_tokens_in + given.n_tokens_out,
            },
        }

    def error(self, status: int, message: str, param: str | None = None) -> dict[str, Any]:
        """An error body."""
        kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
        return {"error": {"message": message, "type": kind, "param": param, "code": None}}

    async def _take_file(self, http: web.Request) -> web.Response:
        form = await http.post()
        upload = form["file"]
        assert isinstance(upload, web.FileField)
        return web.json_response(self._keep(upload.file.read(), str(form["purpose"])))

    def _keep(self, content: bytes, purpose: str) -> dict[str, Any]:
        name = f"file-{next(self._number)}"
        self._files[name] = content
        return {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": f"{name}.jsonl",
            "purpose": purpose,
            "status": "processed",
        }

    async def _give_file(self, http: web.Request) -> web.Response:
        return web.Response(body=self._files[http.match_info["id"]])

    async def _take_batch(self, http: web.Request) -> web.Response:
        body = await http.json()
        if (refused := await self._server.refusal_of_batch(http)) is not None:
            return refused
        name = f"batch_{next(self._number)}"
        n_lines = self._files[body["input_file_id"]].count(b"\n")
        self._polls[name] = 0
        self._batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"],
            "metadata": body.get("metadata"),
            "created_at": int(time.time()),
            "status": "validating",
            "request_counts": {"total": n_lines, "completed": 0, "failed": 0},
        }
        await self._server.taken(n_lines)
        return web.json_response(self._batches[name])

    async def _list_batches(self, http: web.Request) -> web.Response:
        limit = int(http.query.get("limit", 20))
        found = self._server.listed(
            http, list(self._batches.values()), http.query.get("after"), min(limit, 100)
        )
        if isinstance(found, web.Response):
            return found
        page, has_more = found
        names = [batch["id"] for batch in page] or [None]
        told = {
            "object": "list",
            "data": [self._now(batch) for batch in page],
            "has_more": has_more,
        }
        return web.json_response({**told, "first_id": names[0], "last_id": names[-1]})

    async def _tell_batch(self, http: web.Request) -> web.Response:
        batch = self._batches.get(http.match_info["id"])
        if self._server.script.key is not None and self.key(http) != self._server.script.key:
            return self._server.reject(401, "the key is not valid")
        if batch is None:
            return self._server.reject(404, "no such batch")
        return web.json_response(self._now(batch))

    def _now(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch, after it was looked at once more."""
        self._polls[batch["id"]] += 1
        if batch["status"] in ("validating", "in_progress"):
            if self._polls[batch["id"]] > self._server.script.batch_polls:
                self._end(batch)
            else:
                batch["status"] = "in_progress"
        return batch

    def _end(self, batch: dict[str, Any]) -> None:
        script = self._server.script
        if script.batch_breaks:
            error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [error]}}
            return
        good: list[bytes] = []
        bad: list[bytes] = []
        for line in self._files[batch["input_file_id"]].splitlines():
            row = json.loads(line)
            asked = self.read(row["body"])
            told: dict[str, Any] = {
                "id": f"req_{next(self._number)}",
                "custom_id": row["custom_id"],
            }
            if self._server.is_lost(asked):
                continue
            if (why := self._server.failure(asked)) is not None:
                body = self.error(400, why)
                told |= {"response": {"status_code": 400, "request_id": "r", "body": body}}
                bad.append(orjson.dumps({**told, "error": None}))
            elif not self._server.is_reached(asked):
                error = {"code": "batch_expired", "message": "This request was not reached."}
                bad.append(orjson.dumps({**told, "response": None, "error": error}))
            else:
                given = answer(asked, script)
                self._server.bill(asked, given, orjson.dumps(row["body"]))
                body = self.write(asked, given)
                told |= {"response": {"status_code": 200, "request_id": "r", "body": body}}
                good.append(orjson.dumps({**told, "error": None}))
        if good:
            batch["output_file_id"] = self._keep(b"\n".join(good) + b"\n", "batch_output")["id"]
        if bad:
            batch["error_file_id"] = self._keep(b"\n".join(bad) + b"\n", "batch_output")["id"]
        batch["status"] = "expired" if script.batch_expires else "completed"
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
