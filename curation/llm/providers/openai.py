"""OpenAI, and any server that speaks its protocol: vLLM, SGLang, LMDeploy, Ollama."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError

from curation.llm.providers.connections import http_client
from curation.llm.providers.served import ServedProvider, Without, chat_turns
from curation.llm.providers.trouble import Trouble, connection_trouble
from curation.llm.requests import Reply, Request
from curation.llm.settings import ModelAnnotator

_SCHEMA = re.compile(r"response_format|json_schema|structured|guided|grammar", re.I)
_MAX_TOKENS = re.compile(r"max_(completion_)?tokens", re.I)
_AS_TEXT = "\n\nAnswer with one JSON object and nothing else. It follows this JSON schema:\n"


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    """Of a chat it has a message, of a completion a text."""

    finish_reason: str | None = None
    message: _Message | None = None
    text: str | None = None


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Given(BaseModel):
    """What is read of an answer; servers that speak the protocol add fields of their own."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class OpenAIProvider(ServedProvider):
    """Chat completions; the answer by ``response_format`` of a strict JSON schema.

    A compatible server that refuses that is asked for JSON in the system prompt from then on. A
    request that is no chat goes to the older completions.
    """

    home = "https://api.openai.com/v1"

    def __init__(self, settings: ModelAnnotator, key: str | None) -> None:
        super().__init__(settings, key)
        self.client = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=settings.base_url or self.home,
            max_retries=0,
            timeout=settings.timeout_s,
            http_client=http_client(settings),
        )

    def body(self, request: Request, without: Without = frozenset()) -> dict[str, Any]:
        """The body of a chat completion, the same online and in a batch; or of a completion."""
        if request.is_completion:
            plain = {"model": request.model, "prompt": request.prompt}
            return plain | {"max_tokens": request.max_tokens} | _temperature(request, without)
        system = request.system
        told: dict[str, Any] = {"model": request.model}
        if request.schema is not None and "json_schema" in without:
            system += _AS_TEXT + json.dumps(request.schema, ensure_ascii=False)
        elif request.schema is not None:
            schema = {"name": "answer", "schema": request.schema, "strict": True}
            told["response_format"] = {"type": "json_schema", "json_schema": schema}
        content: Any = request.prompt
        if request.images and "images" not in without:
            content = [
                {"type": "text", "text": request.prompt},
                *({"type": "image_url", "image_url": {"url": url}} for url in request.images),
            ]
        messages = [*chat_turns(request), {"role": "user", "content": content}]
        if system:
            messages.insert(0, {"role": "system", "content": system})
        told["messages"] = messages
        # Most compatible servers know the old name alone; OpenAI's newer models the new one.
        is_old = (self.settings.base_url is not None) != ("max_tokens" in without)
        told["max_tokens" if is_old else "max_completion_tokens"] = request.max_tokens
        return told | _temperature(request, without)

    async def send(self, body: dict[str, Any]) -> bytes:
        """Ask for a chat completion, or for a completion.

        The library sends the body as it is and gives the answer as it is: its walk through a large
        schema, and through the types of an answer, would be a third of what a request costs.
        """
        path = "/completions" if "prompt" in body else "/chat/completions"
        given = await self.client.post(path, cast_to=httpx2.Response, body=body)
        return given.content

    def read(self, given: bytes | dict[str, Any]) -> Reply:
        """Read the JSON of a chat completion, or of a completion."""
        try:
            if isinstance(given, bytes):
                told = _Given.model_validate_json(given)
            else:
                told = _Given.model_validate(given)
        except ValidationError:
            raise json.JSONDecodeError("not a completion", "", 0) from None
        choice, usage = told.choices[0], told.usage
        counts: dict[str, Any] = {}
        if usage is not None:
            details = usage.prompt_tokens_details
            counts = {
                "n_tokens_in": usage.prompt_tokens,
                "n_tokens_out": usage.completion_tokens,
                "n_tokens_cached": (details.cached_tokens if details else None) or 0,
            }
        if choice.message is not None and choice.message.refusal:
            return Reply("refused", choice.message.refusal, **counts, error="the model refused")
        text = (choice.text if choice.message is None else choice.message.content) or ""
        if choice.finish_reason == "length":
            return Reply("truncated", text, **counts, error="the answer was cut at max_tokens")
        if choice.finish_reason == "content_filter":
            return Reply("filtered", text, **counts, error="the answer was filtered")
        return Reply("answered", text, **counts)

    def trouble(self, error: Exception) -> Trouble | None:
        """What an exception of the openai library means."""
        if isinstance(error, openai.APIStatusError):
            told = error.body if isinstance(error.body, dict) else {}
            words = [told.get("message") or error.message, error.code, error.param]
            message = " ".join(str(word) for word in words if word)
            return Trouble(error.status_code, message, error.response.headers)
        if isinstance(error, openai.APIError):
            return connection_trouble(error)
        return None

    def refused(self, request: Request, trouble: Trouble) -> str | None:
        """A temperature, the name of a limit or, by a compatible server, a JSON schema."""
        if request.temperature is not None and "temperature" in trouble.message:
            return "temperature"
        if _MAX_TOKENS.search(trouble.message) and "nsupported" in trouble.message:
            return "max_tokens"
        is_own = self.settings.base_url is None
        if request.schema is not None and not is_own and _SCHEMA.search(trouble.message):
            return "json_schema"
        return None

    async def close(self) -> None:
        """Let go of connections."""
        await self.client.close()


def _temperature(request: Request, without: Without) -> dict[str, Any]:
    if request.temperature is None or "temperature" in without:
        return {}
    return {"temperature": request.temperature}
