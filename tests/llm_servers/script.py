"""What a test server is told: how fast, how strict, what it answers, and how it misbehaves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FaultKind = Literal[
    "rate_limited",  # 429
    "server_error",  # 500
    "overloaded",  # 529 where the provider knows it, else 503
    "status",  # any other: `status`
    "hang",  # takes the request and never answers
    "cut",  # answers half of the body and closes: billed
    "drop",  # closes before the first byte of the answer: billed
    "not_json",  # 200 with a page of HTML
    "malformed",  # a proper answer whose text is not JSON
    "refusal",
    "truncated",
    "filtered",
    "blocked",  # the prompt itself is filtered (Gemini); elsewhere as `filtered`
    "empty",
    "leak",  # 401 whose message holds the key, as some servers do
    "leak_as_400",
    "leak_as_500",
]
ANSWERED: frozenset[str] = frozenset(
    {"malformed", "refusal", "truncated", "filtered", "blocked", "empty"}
)


class Fault(BaseModel):
    """One misbehaviour.

    Attributes
    ----------
    times
        How many requests it befalls; None for every one.
    every
        Only each n-th of the requests that it could befall.
    contains
        Only requests with this in their text.
    status, message
        Of a fault of the kind ``status``.
    retry_after, retry_after_ms, location
        Headers, as they are sent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    times: int | None = 1
    every: int = Field(default=1, ge=1)
    contains: str = ""
    status: int = 500
    message: str | None = None
    retry_after: str | None = None
    retry_after_ms: str | None = None
    location: str | None = None


class Script(BaseModel):
    """The behaviour of one server.

    Attributes
    ----------
    latency_s
        Between a request and its answer.
    limit_in_flight
        Requests over this get a 429; None for no limit.
    key
        Requests without this key get a 401; None takes any.
    models
        Requests for another model get a 404; None knows every model.
    answers
        ``(needle, answer)``: the first needle found in what the user says gives the answer, a
        text or a JSON value. Where there is none, an answer is made from the schema: of an
        enumeration a choice that rests on the prompt and ``seed`` alone.
    n_tokens_cached
        Input tokens of each request that are told as cached.
    refuses_json_schema
        Like a compatible server that does not know ``response_format`` of this kind: a 400.
    refuses_temperature
        Like a reasoning model: a 400 where a temperature other than 1 is sent.
    refuses_images
        Like a provider that cannot fetch a link: a 400.
    faults
        The first that is due befalls a request.
    batch_polls
        How often a batch is still at work when it is asked for or listed.
    batch_fails, batch_expires, batch_loses
        Rows of a batch with one of these texts end in an error, are not reached in time, or are
        never heard of again. What is refused of a request is refused of a row too.
    batch_breaks
        A batch fails as a whole; Anthropic's cannot.
    batch_latency_s
        Between taking a batch and saying so.
    batch_hangs
        A batch is neither taken nor answered.
    batch_page
        The most batches that are listed at once; None where the server lists none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency_s: float = 0.0
    limit_in_flight: int | None = None
    key: str | None = None
    models: list[str] | None = None
    answers: list[tuple[str, Any]] = []
    seed: str = ""
    n_tokens_cached: int = 0
    refuses_json_schema: bool = False
    refuses_temperature: bool = False
    refuses_images: bool = False
    faults: list[Fault] = []
    batch_polls: int = 1
    batch_fails: list[str] = []
    batch_expires: list[str] = []
    batch_loses: list[str] = []
    batch_breaks: bool = False
    batch_latency_s: float = 0.0
    batch_hangs: bool = False
    batch_page: int | None = Field(default=20, ge=1)


class Misbehaviour:
    """Which fault is due for a request; counts as it goes."""

    def __init__(self, script: Script) -> None:
        self._faults = script.faults
        self._seen = [0] * len(script.faults)
        self._befell = [0] * len(script.faults)

    def due(self, text: str) -> Fault | None:
        """The fault of a request with this text; None where it is to be answered."""
        for i, fault in enumerate(self._faults):
            if fault.contains not in text:
                continue
            if fault.times is not None and self._befell[i] >= fault.times:
                continue
            self._seen[i] += 1
            if self._seen[i] % fault.every == 0:
                self._befell[i] += 1
                return fault
        return None
