"""A checkpoint that a server of one's own has loaded: vLLM, SGLang, Ollama, or any like them."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import ValidationError

from catalog.errors import InputError
from curation.llm.settings import ModelAnnotator
from workspace.prompted.predicting import Prompted

KEY_VARIABLE = "GOLDSHELF_ENDPOINT_KEY"
"""Holds the key of a server that wants one, where no other variable is named. The keys of makers
are never sent to a server that is named on the command line."""


def served(
    url: str,
    model: str,
    *,
    key_variable: str | None = None,
    max_tokens: int = 512,
    temperature: float = 0.0,
    concurrent: int = 8,
) -> Prompted:
    """A model behind an address that speaks OpenAI's protocol.

    Parameters
    ----------
    url
        Such as ``http://gpu:8000/v1``.
    key_variable
        The environment variable that holds the server's key.
    concurrent
        How many requests may be in flight.

    Raises
    ------
    InputError
        If the address is none, or holds a key; if a number is out of its range.

    Examples
    --------
    >>> served("http://gpu:8000/v1", "org/my-model-7b").name
    'my-model-7b'
    >>> served("gpu:8000", "m")
    Traceback (most recent call last):
    ...
    catalog.errors.InputError: --endpoint gpu:8000: expected an address such as \
http://localhost:8000/v1.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"--endpoint {url}: expected an address such as http://localhost:8000/v1.")
    if parts.username or parts.password or parts.query:
        raise InputError(
            "--endpoint: the address holds a user, a password or a query. Put the key into an "
            "environment variable and name it with --key-variable."
        )
    try:
        settings = ModelAnnotator(
            provider="openai",
            model=model,
            base_url=url.rstrip("/"),
            key_variable=key_variable or KEY_VARIABLE,
            temperature=temperature,
            max_tokens=max_tokens,
            concurrent=concurrent,
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = "--" + str(first["loc"][0]).replace("_", "-")
        told = first["msg"].removeprefix("Value error, ")
        given = "" if name == "--key-variable" else f" {first['input']!r}"  # it may be the key
        raise InputError(f"{name}{given}: {told[:1].lower()}{told[1:]}.") from None
    return Prompted(model.rstrip("/").rsplit("/", 1)[-1] or model, settings)
