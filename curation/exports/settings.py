"""What a person declares about an export."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Format = Literal["openai-chat", "alpaca", "sharegpt", "prompt-completion", "records"]
Target = Literal["category", "attributes"]
TextField = Literal["title", "description", "brand"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ExportSettings(BaseModel):
    """The ``[export]`` section: the files for training and what stands in them.

    ``name`` is the folder below ``exports/``, by default the format. ``system_prompt`` and
    ``task_prefix`` are written by Goldshelf where they are not given; an empty one is left
    out. ``fields`` of the product stand in the prompt, in this order. ``allowed`` lists the
    taxonomy's leaves or the attribute keys in the system prompt, and so in every line.
    ``mask_field`` hides that field in a share of train's rows, ``mask_probability``, so that a
    model learns to do without it; validation and test are never masked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format = "openai-chat"
    name: str | None = None
    targets: tuple[Target, ...] = ("category",)
    fields: tuple[TextField, ...] = ("title", "brand", "description")
    system_prompt: str | None = None
    task_prefix: str | None = None
    allowed: tuple[Target, ...] = ()
    mask_field: TextField | None = None
    mask_probability: float = Field(default=0.05, ge=0, le=1)
    seed: int = 7

    @field_validator("name")
    @classmethod
    def _is_a_folder(cls, value: str | None) -> str | None:
        if value is not None and (not _NAME.fullmatch(value) or value.endswith(".zip")):
            raise ValueError(
                "1 to 100 letters, digits, dots, _ or -, a letter or digit first, not a .zip"
            )
        return value

    @field_validator("targets", "fields", "allowed")
    @classmethod
    def _are_different(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("each may be named once")
        return value

    @field_validator("system_prompt", "task_prefix")
    @classmethod
    def _is_text(cls, value: str | None) -> str | None:
        if value is not None and any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise ValueError("not valid Unicode: it holds half of a surrogate pair")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if not self.targets:
            raise ValueError("targets is empty: name category, attributes or both")
        if not self.fields:
            raise ValueError("fields is empty: name title, brand or description")
        if self.mask_field is not None and self.mask_field not in self.fields:
            raise ValueError(
                f"mask_field {self.mask_field!r} is not among the fields of the prompt"
            )
        return self

    @property
    def folder(self) -> str:
        """The name of the folder below ``exports/``."""
        return self.name or self.format
