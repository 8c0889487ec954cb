"""One question to one model, and what came back: the words between prompts and providers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, Protocol

from catalog.text import storable

ProviderName = Literal["openai", "anthropic", "gemini"]
_YOUNGER = ("attempt", "turns", "is_completion", "checkpoint")
"""Fields that the first caches did not know: as long as they say nothing, they change no key."""
Outcome = Literal["answered", "refused", "truncated", "filtered", "failed"]
"""``failed``: no answer after all retries; the others are answers of the model, good or bad."""


@dataclass(frozen=True)
class Request:
    """One question, whole: whoever holds it can ask it again.

    Attributes
    ----------
    base_url
        The server; None for the provider's own.
    system, prompt
        What the model is told, and what it is asked.
    images
        ``data:`` or ``https:`` links, in the order they are shown.
    schema
        JSON schema of the answer; None where any text will do.
    sample
        0 for the first time of asking; higher numbers ask the same again.
    attempt
        0 for the first try of a sample; higher numbers follow an answer of no use.
    turns
        What was asked and answered before, as a conversation: examples of the task.
    is_completion
        Whether the prompt goes out as it stands, to be continued, without the form of a chat.
    checkpoint
        Which weights a server has loaded, where it serves others under the same name at other
        times; it is not sent.
    """

    provider: ProviderName
    model: str
    system: str
    prompt: str
    schema: dict[str, Any] | None = None
    images: tuple[str, ...] = ()
    base_url: str | None = None
    temperature: float | None = None
    max_tokens: int = 1024
    sample: int = 0
    attempt: int = 0
    turns: tuple[tuple[str, str], ...] = ()
    is_completion: bool = False
    checkpoint: str = ""

    @cached_property
    def key(self) -> str:
        """What the answer is kept under: the hash of everything that could change it.

        Examples
        --------
        >>> one = Request("openai", "m", "be brief", "1 + 1?")
        >>> one.key == Request("openai", "m", "be brief", "1 + 1?").key, len(one.key)
        (True, 64)
        >>> one.key == Request("openai", "m", "be brief", "1 + 1?", sample=1).key
        False
        """
        body = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in _YOUNGER:
            if not body[name]:
                del body[name]
        told = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes
    ----------
    text
        The raw answer; empty where there is none.
    n_tokens_in, n_tokens_out
        As the provider counted them; ``n_tokens_cached`` of the first were cheaper.
    latency_s
        None where it came out of a batch.
    error
        One line, without any key, where ``outcome`` is not ``answered``.
    """

    outcome: Outcome
    text: str
    n_tokens_in: int = 0
    n_tokens_out: int = 0
    n_tokens_cached: int = 0
    latency_s: float | None = 0.0
    error: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", storable(self.text))
        if self.error is not None:
            object.__setattr__(self, "error", storable(self.error))


class BusyError(Exception):
    """Asking again later may help: a rate limit, an overloaded or broken server, a cut line.

    ``retry_after_s`` is what the server asked for; None where it did not say. ``was_billed``
    says whether the provider may have charged for it.
    """

    def __init__(
        self, told: str, retry_after_s: float | None = None, *, was_billed: bool = False
    ) -> None:
        super().__init__(told)
        self.retry_after_s = retry_after_s
        self.was_billed = was_billed


class RejectedError(Exception):
    """Asking again is of no use: no key, no rights, no such model, a malformed request.

    ``status`` is that of HTTP; None where no server was asked.
    """

    def __init__(self, told: str, status: int | None = None) -> None:
        super().__init__(told)
        self.status = status


class Provider(Protocol):
    """A model server, spoken to through its maker's own library."""

    async def ask(self, request: Request) -> Reply:
        """Ask once, without any retry of its own.

        Raises
        ------
        BusyError, RejectedError
        """

    async def close(self) -> None:
        """Let go of connections."""

    @property
    def notes(self) -> list[str]:
        """What was left out of requests because the server refused it."""
