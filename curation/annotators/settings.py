"""What a person declares about the annotators that need no key."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from curation.splits.group_settings import GroupSettings

AnnotatorName = Literal["source", "knn", "linear", "lexical"]


class LabelSettings(BaseModel):
    """The ``[label]`` section.

    ``annotators`` vote in this order. Their text is that of ``text_columns``, one behind the
    other: a column named twice counts twice. ``knn`` and ``linear`` learn from the labels of
    the source in ``n_folds`` folds that part no group (``[label.groups]``), from at most
    ``rows_per_category`` records of each category, drawn by the ``seed``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    annotators: list[AnnotatorName] = ["source", "knn", "linear", "lexical"]
    text_columns: list[Literal["title", "description", "brand"]] = [
        "title",
        "title",
        "description",
    ]
    n_folds: int = Field(default=5, ge=2)
    rows_per_category: int = Field(default=200, ge=1)
    seed: int = 0
    groups: GroupSettings = GroupSettings()

    @field_validator("annotators")
    @classmethod
    def _each_once(cls, value: list[AnnotatorName]) -> list[AnnotatorName]:
        if not value:
            raise ValueError("name at least one annotator")
        return list(dict.fromkeys(value))

    @field_validator("text_columns")
    @classmethod
    def _not_empty(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("name at least one column")
        return value
