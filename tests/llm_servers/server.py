"""The part that all test servers share: counting, limits, faults, and the doors of the test.

Beside the provider's own routes each server has

- ``GET /__state``: `counts` as JSON,
- ``GET /__billed``: how often each request (by the hash of its body) was billed,
- ``GET /__requests``: the last bodies, with path and headers,
- ``POST /__script``: a `Script` from now on; ``?reset=1`` begins to count anew.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from typing import Any, Protocol

import orjson
from aiohttp import web

from tests.llm_servers.answers import Answer, Asked, answer
from tests.llm_servers.script import ANSWERED, Misbehaviour, Script

_STATUS = {
    "rate_limited": 429,
    "server_error": 500,
    "leak": 401,
    "leak_as_400": 400,
    "leak_as_500": 500,
}


class Api(Protocol):
    """How one provider says things."""

    overloaded: int

    def routes(self, server: Server) -> list[web.RouteDef]:
        """The provider's own routes."""

    def forget(self) -> None:
        """Know no batch any more."""

    def key(self, http: web.Request) -> str | None:
        """The key of a request."""

    def read(self, body: dict[str, Any], http: web.Request) -> Asked:
        """What a body asks."""

    def write(self, asked: Asked, given: Answer) -> dict[str, Any]:
        """The body of an answer."""

    def error(self, status: int, message: str, param: str | None = None) -> dict[str, Any]:
        """The body of an error."""


class Server:
    """One provider on one port."""

    def __init__(self, api: Api, script: Script) -> None:
        self.api = api
        self._sent: deque[dict[str, Any]] = deque(maxlen=200)
        self._hanging = asyncio.Event()
        self.runner: web.AppRunner | None = None
        self.follow(script)
        self.reset()

    def follow(self, script: Script) -> None:
        """Behave by another script from now on."""
        self.script = script
        self._misbehaviour = Misbehaviour(script)

    def reset(self) -> None:
        """Begin to count anew, without a batch of before.

        What a client of before has asked counts no more: it may have been killed, and what it had
        in flight would be billed to the next one.
        """
        self.api.forget()
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._models: dict[str, Counter[str]] = {}
        self._billed: Counter[str] = Counter()
        self._in_flight = self._most_in_flight = 0
        self._sent.clear()
        self._hanging.set()
        self._hanging = asyncio.Event()

    def application(self) -> web.Application:
        """The web application, the test's own doors included."""
        application = web.Application(client_max_size=256 * 2**20)
        application.add_routes(
            [
                web.get("/__state", self._tell_state),
                web.get("/__billed", self._tell_billed),
                web.get("/__requests", self._tell_requests),
                web.post("/__script", self._take_script),
                *self.api.routes(self),
            ]
        )
        return application

    def counts(self) -> dict[str, Any]:
        """What was asked, answered and billed since the last reset."""
        return {
            **dict.fromkeys(
                (
                    "n_requests",
                    "n_billed",
                    "n_tokens_in",
                    "n_tokens_out",
                    "n_batches",
                    "n_batch_rows",
                ),
                0,
            ),
            **self._counts,
            "n_billed_again": sum(n - 1 for n in self._billed.values()),
            "n_in_flight": self._in_flight,
            "most_in_flight": self._most_in_flight,
            "by_status": dict(self._statuses),
            "by_model": {name: dict(counts) for name, counts in self._models.items()},
        }

    async def question(self, http: web.Request) -> web.StreamResponse:
        """Answer one question, or misbehave."""
        raw = await http.read()
        body = orjson.loads(raw)
        self._counts["n_requests"] += 1
        self._sent.append({"path": http.path, "headers": dict(http.headers), "body": body})
        asked = self.api.read(body, http)
        wrong = self.wrong(asked, http)
        if wrong is not None:
            return wrong
        counted_in = self._counts
        limit = self.script.limit_in_flight
        if limit is not None and self._in_flight >= limit:
            return self.reject(429, "too many requests in flight", headers={"Retry-After": "1"})
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            return await self._answer(asked, raw, http, counted_in)
        finally:
            self._in_flight -= counted_in is self._counts

    def wrong(self, asked: Asked, http: web.Request) -> web.Response | None:
        """The answer to a request that no server of this script would take."""
        if self.script.key is not None and self.api.key(http) != self.script.key:
            return self.reject(401, "the key is not valid")
        if self.script.models is not None and asked.model not in self.script.models:
            return self.reject(404, f"the model {asked.model} does not exist")
        if (refused := self.refusal(asked)) is not None:
            told, param = refused
            return self.reject(400, told, param=param)
        return None

    def refusal(self, asked: Asked) -> tuple[str, str | None] | None:
        """What of a request is refused with a 400, and the name of the parameter."""
        if self.script.refuses_json_schema and asked.wants_json_schema:
            return "response_format json_schema is not supported", None
        if self.script.refuses_temperature and asked.temperature not in (None, 1.0):
            told = "Unsupported value: 'temperature' does not support this value with this model."
            return told, "temperature"
        if self.script.refuses_images and asked.n_images:
            return "Unable to download the image from the url", None
        return None

    def failure(self, asked: Asked) -> str | None:
        """Why a row of a batch ends in an error; None where it does not."""
        if any(text in asked.told for text in self.script.batch_fails):
            return "this row fails by script"
        refused = self.refusal(asked)
        return None if refused is None else refused[0]

    def is_reached(self, asked: Asked) -> bool:
        """Whether a row of a batch is reached in time."""
        return not any(text in asked.told for text in self.script.batch_expires)

    def is_lost(self, asked: Asked) -> bool:
        """Whether a row of a batch is never heard of again."""
        return any(text in asked.told for text in self.script.batch_loses)

    def listed(
        self, http: web.Request, batches: list[dict[str, Any]], after: str | None, limit: int
    ) -> tuple[list[dict[str, Any]], bool] | web.Response:
        """A page of batches, the latest first, and whether more follow; or a refusal.

        ``after`` is the ``id``, or the ``name``, that the page before ended with.
        """
        if self.script.key is not None and self.api.key(http) != self.script.key:
            return self.reject(401, "the key is not valid")
        if self.script.batch_page is None:
            return self.reject(405, "method not allowed")
        latest = batches[::-1]
        begin = 0
        if after is not None:
            names = [batch.get("id") or batch["name"] for batch in latest]
            begin = names.index(after) + 1
        page = latest[begin : begin + min(limit, self.script.batch_page)]
        return page, begin + len(page) < len(latest)

    async def refusal_of_batch(self, http: web.Request) -> web.Response | None:
        """The answer to a batch that is not taken; never, where the script says so."""
        if self.script.key is not None and self.api.key(http) != self.script.key:
            return self.reject(401, "the key is not valid")
        if self.script.batch_hangs:
            await self._hanging.wait()
            return web.Response(status=500)
        return None

    async def taken(self, n_rows: int) -> None:
        """Count a batch that was taken, and take the time to say so."""
        self._counts["n_batches"] += 1
        self._counts["n_batch_rows"] += n_rows
        await asyncio.sleep(self.script.batch_latency_s)

    async def _answer(
        self, asked: Asked, raw: bytes, http: web.Request, counted_in: Counter[str]
    ) -> web.StreamResponse:
        fault = self._misbehaviour.due(asked.told)
        kind = "answered" if fault is None else fault.kind
        if kind == "hang":
            await self._hanging.wait()
            return web.Response(status=500)
        if self.script.latency_s:
            await asyncio.sleep(self.script.latency_s)
        if counted_in is not self._counts:
            return web.Response(status=500)
        if fault is not None and kind in ("rate_limited", "server_error", "overloaded", "status"):
            status = {**_STATUS, "overloaded": self.api.overloaded}.get(kind, fault.status)
            headers = {
                "Retry-After": fault.retry_after,
                "retry-after-ms": fault.retry_after_ms,
                "Location": fault.location,
            }
            return self.reject(status, fault.message or f"{kind} by script", headers=headers)
        if kind.startswith("leak"):
            key = self.api.key(http)
            return self.reject(_STATUS[kind], f"the key {key} is not valid")
        if kind == "not_json":
            self._statuses["200"] += 1
            return web.Response(text="<html>a proxy greets you</html>", content_type="text/html")
        given = answer(asked, self.script, kind if kind in ANSWERED else "answered")
        self.bill(asked, given, raw)
        told = orjson.dumps(self.api.write(asked, given))
        if kind in ("cut", "drop"):
            return await _broken(http, told if kind == "cut" else b"")
        self._statuses["200"] += 1
        return web.Response(body=told, content_type="application/json")

    def bill(self, asked: Asked, given: Answer, raw: bytes) -> None:
        """Count what an answer costs."""
        of_model = self._models.setdefault(asked.model, Counter())
        for counts in (self._counts, of_model):
            counts["n_billed"] += 1
            counts["n_tokens_in"] += given.n_tokens_in
            counts["n_tokens_out"] += given.n_tokens_out
        self._billed[hashlib.sha256(raw).hexdigest()] += 1

    def reject(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        headers: dict[str, str | None] | None = None,
    ) -> web.Response:
        """An error as the provider tells it; nothing is billed."""
        self._statuses[str(status)] += 1
        return web.Response(
            status=status,
            body=orjson.dumps(self.api.error(status, message, param)),
            content_type="application/json",
            headers={name: told for name, told in (headers or {}).items() if told is not None},
        )

    async def _tell_state(self, http: web.Request) -> web.Response:
        return web.json_response(self.counts())

    async def _tell_billed(self, http: web.Request) -> web.Response:
        return web.json_response(dict(self._billed))

    async def _tell_requests(self, http: web.Request) -> web.Response:
        return web.json_response(list(self._sent))

    async def _take_script(self, http: web.Request) -> web.Response:
        self.follow(Script.model_validate_json(await http.read()))
        if http.query.get("reset"):
            self.reset()
            self._hang_up(http)
        return web.json_response(self.counts())

    def _hang_up(self, on_all_but: web.Request) -> None:
        """Close the connections of clients of before, with what they have sent and nobody read."""
        server = self.runner and self.runner.server
        for connection in server.connections if server else ():
            if connection is not on_all_but.protocol:
                connection.force_close()


async def _broken(http: web.Request, told: bytes) -> web.StreamResponse:
    """Half of an answer, then a closed socket; nothing at all where there is no text."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(told)
    if told:
        await response.prepare(http)
        await response.write(told[: len(told) // 2])
    if http.transport is not None:
        http.transport.abort() if not told else http.transport.close()
    return response
