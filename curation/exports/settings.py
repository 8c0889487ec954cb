"""What a person declares about an export."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from curation.exports.templates import (
    CATALOG_TASKS,
    CLASSIFICATION,
    EXTRACTION,
    TEMPLATES,
    check_template,
)

Format = Literal["openai-chat", "alpaca", "sharegpt", "prompt-completion", "records"]
Target = Literal["category", "attributes"]
TextField = Literal["title", "description", "brand"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RehearsalSettings(BaseModel):
    """The ``[export.rehearsal]`` section: general instructions among the lines of train.

    ``file`` is JSON Lines of chats or instructions (`curation.exports.turns`), ``licence`` its
    own, ``share`` the part of train's lines that it makes. An instruction whose words are
    ``near_duplicates`` the same as a text of validation or test is left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str | None = None
    licence: str | None = None
    share: float = Field(default=0.1, gt=0, lt=1)
    near_duplicates: float = Field(default=0.8, gt=0, le=1)
    seed: int = Field(default=7, ge=0)

    @model_validator(mode="after")
    def _has_a_licence(self) -> Self:
        if self.file is not None and not (self.licence or "").strip():
            raise ValueError(
                "a rehearsal file needs its licence for the manifest: set licence "
                "(--rehearsal-licence)"
            )
        return self


class ExportSettings(BaseModel):
    """The ``[export]`` section: the files for training and what stands in them.

    ``name`` is the folder below ``exports/``, by default the format. ``targets`` says what is
    asked of products, the category, the attributes or both; where it is not given, each record
    is asked what its task says. ``system_prompt`` and ``task_prefix`` are written by Goldshelf,
    for each task, where they are not given; an empty one is left out. ``templates`` holds what
    stands below the prefix, by task (`curation.exports.templates`). ``fields`` of the product
    are its ``{product_json}``, in this order. ``allowed`` lists the taxonomy's leaves or the
    attribute keys in the system prompt, and so in every line.

    ``several_values`` is what an attribute of more than one value answers: the first, or a
    list. ``target_form`` is how the tasks that have a target answer: its text as given, or
    ``{"answer": target}``. ``images`` adds the first ``max_images`` web addresses of a record
    to its question, in the format openai-chat alone, where every content then is a list of
    parts.

    ``mask_answers`` takes the category that is asked out of titles and descriptions.
    ``mask_field`` hides that field in a share of train's rows, ``mask_probability``, so that a
    model learns to do without it; validation and test are never masked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format = "openai-chat"
    name: str | None = None
    targets: tuple[Target, ...] | None = None
    fields: tuple[TextField, ...] = ("title", "brand", "description")
    system_prompt: str | None = None
    task_prefix: str | None = None
    templates: dict[str, str] = {}
    allowed: tuple[Target, ...] = ()
    several_values: Literal["first", "list"] = "first"
    target_form: Literal["text", "json"] = "text"
    images: bool = False
    max_images: int = Field(default=4, ge=1, le=100)
    mask_field: TextField | None = None
    mask_probability: float = Field(default=0.05, ge=0, le=1)
    mask_answers: bool = False
    seed: int = Field(default=7, ge=0)
    rehearsal: RehearsalSettings = RehearsalSettings()

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
    def _are_different(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and len(set(value)) < len(value):
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
        if self.targets == ():
            raise ValueError("targets is empty: name category, attributes or both")
        if not self.fields:
            raise ValueError("fields is empty: name title, brand or description")
        if self.mask_field is not None and self.mask_field not in self.fields:
            raise ValueError(
                f"mask_field {self.mask_field!r} is not among the fields of the prompt"
            )
        if self.images and self.format != "openai-chat":
            raise ValueError(
                f"images stand in the format openai-chat alone, not in {self.format}: take "
                "images out or change the format"
            )
        if self.rehearsal.file is not None and self.format == "records":
            raise ValueError(
                "records have no questions and answers to mix a rehearsal file with: change the "
                "format, or take the file out (--rehearsal none)"
            )
        for task, text in self.templates.items():
            check_template(task, text, self.targets)
        return self

    @property
    def folder(self) -> str:
        """The name of the folder below ``exports/``."""
        return self.name or self.format

    def template(self, task: str) -> str:
        """What stands below the prefix for a task."""
        return self.templates.get(task, TEMPLATES[task])

    def targets_of(self, task: str) -> tuple[Target, ...]:
        """What a product is asked; nothing for the tasks that have a target of their own."""
        if task not in CATALOG_TASKS:
            return ()
        return self.targets or {CLASSIFICATION: ("category",), EXTRACTION: ("attributes",)}[task]  # type: ignore[return-value]

    @property
    def asks_as(self) -> str | None:
        """The task that every product is asked, whatever its own; None where its own counts."""
        if self.targets is None:
            return None
        return CLASSIFICATION if self.targets[0] == "category" else EXTRACTION
