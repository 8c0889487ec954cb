"""What a person declares about an annotator that is a language model."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from curation.llm.requests import ProviderName

KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "gemini": "GEMINI_API_KEY"}
Mode = Literal["propose", "validate", "extract"]
RetriedOutcome = Literal["malformed", "refused", "truncated", "filtered"]


class Price(BaseModel):
    """Dollars for a million tokens; for a server whose prices nobody publishes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_usd_per_million: float = Field(ge=0)
    output_usd_per_million: float = Field(ge=0)


class ModelAnnotator(BaseModel):
    """The ``[annotators.NAME]`` section.

    Attributes
    ----------
    provider
        Whose protocol the server speaks; ``openai`` with ``base_url`` for any server that is
        compatible with it.
    key_variable
        The environment variable that holds the key; that of the provider where left out.
    questions
        ``propose`` a category, ``validate`` the one in the catalog, ``extract`` attributes.
    max_candidates
        Paths offered of a taxonomy larger than this; 0 offers all.
    embedding
        A static embedding model by which they are found too, beside their words: a folder, or a
        name on the Hugging Face hub; None for words alone.
    retry_on, max_retries
        The outcomes after which a question is put again, and how often at most.
    samples
        How often each question is asked: over 1 measures the agreement of a model with itself.
    examples
        How many decisions of people are shown as examples.
    requests_per_minute, tokens_per_minute
        The limits of the account; None for none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: ProviderName
    model: str = Field(min_length=1)
    base_url: str | None = None
    key_variable: str | None = None
    questions: list[Mode] = Field(default=["propose"], min_length=1)
    attributes: list[str] = []
    instructions: str = ""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=1024, ge=16)
    max_candidates: int = Field(default=40, ge=0)
    embedding: str | None = Field(default=None, min_length=1)
    level_by_level: bool = False
    samples: int = Field(default=1, ge=1, le=20)
    examples: int = Field(default=0, ge=0, le=20)
    images: bool = False
    max_images: int = Field(default=1, ge=1, le=8)
    concurrent: int = Field(default=8, ge=1, le=1000)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    timeout_s: float = Field(default=60.0, gt=0)
    max_tries: int = Field(default=6, ge=1)
    retry_on: list[RetriedOutcome] = []
    max_retries: int = Field(default=1, ge=1, le=5)
    price: Price | None = None

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an address such as http://gpu.example:8000/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError(
                "the address holds a user, a password or a query; put the key into an environment "
                "variable and name it in key_variable"
            )
        return value

    @field_validator("key_variable")
    @classmethod
    def _is_variable(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch(r"[A-Z_][A-Z0-9_]*", value) is None:
            raise ValueError(
                "expected the name of an environment variable in capitals, such as OPENAI_API_KEY; "
                "never the key itself"
            )
        return value

    @property
    def key_name(self) -> str:
        """The environment variable that holds the key."""
        return self.key_variable or KEYS[self.provider]

    @property
    def searches(self) -> bool:
        """Whether the categories of a large taxonomy are searched before it is asked for one."""
        asks = not {"propose", "validate"}.isdisjoint(self.questions)
        return asks and not self.level_by_level and self.max_candidates > 0
