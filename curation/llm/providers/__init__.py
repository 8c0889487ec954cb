"""The makers of models, each through its own library."""

from __future__ import annotations

from curation.llm.providers.batches import Batches
from curation.llm.providers.served import ServedProvider
from curation.llm.requests import RejectedError
from curation.llm.settings import ModelAnnotator


def make_provider(settings: ModelAnnotator, key: str | None) -> ServedProvider:
    """The provider of an annotator; its library is imported only now.

    Parameters
    ----------
    key
        What the environment variable ``settings.key_name`` holds.

    Raises
    ------
    RejectedError
        If the maker's own server is meant and there is no key.

    Examples
    --------
    >>> make_provider(ModelAnnotator(provider="gemini", model="m"), None)
    Traceback (most recent call last):
    curation.llm.requests.RejectedError: gemini m: no key. Set the environment variable ...
    """
    need_key(settings, key)
    if settings.provider == "openai":
        from curation.llm.providers.openai import OpenAIProvider

        return OpenAIProvider(settings, key)
    if settings.provider == "anthropic":
        from curation.llm.providers.anthropic import AnthropicProvider

        return AnthropicProvider(settings, key)
    from curation.llm.providers.gemini import GeminiProvider

    return GeminiProvider(settings, key)


def make_batches(settings: ModelAnnotator, key: str | None) -> Batches:
    """The batches of an annotator's account; requests are written as they are online.

    Raises
    ------
    RejectedError
        If there is no key.
    """
    need_key(settings, key)
    if settings.provider == "openai":
        from curation.llm.providers.openai_batches import OpenAIBatches

        return OpenAIBatches(settings, key)
    if settings.provider == "anthropic":
        from curation.llm.providers.anthropic_batches import AnthropicBatches

        return AnthropicBatches(settings, key)
    from curation.llm.providers.gemini_batches import GeminiBatches

    return GeminiBatches(settings, key)


def need_key(settings: ModelAnnotator, key: str | None) -> None:
    """A server of one's own may be asked without a key, that of a maker may not.

    Raises
    ------
    RejectedError
    """
    if not key and settings.base_url is None:
        raise RejectedError(
            f"{settings.provider} {settings.model}: no key. Set the environment variable "
            f"{settings.key_name}, or `base_url` for a server of your own."
        )
