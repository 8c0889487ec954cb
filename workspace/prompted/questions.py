"""What a prompted baseline asks: the prompt, the examples, and what is told of both in the run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from curation.llm.candidates import inner_labels
from curation.llm.exported import Template
from curation.llm.prompted_stage import QUESTIONS, Options, PromptedStage, PromptedTask
from curation.llm.settings import ModelAnnotator
from curation.llm.shots import FixedShots, PromptKind, Shots
from curation.llm.stages import Stage
from workspace.atomic import digest_of
from workspace.models.keeping import RECORDS_A_CHUNK
from workspace.models.questionnaire import Questionnaire
from workspace.models.stages import encoder_of
from workspace.prompted.exported import SplitPrompts, shots_for, split_prompts
from workspace.runs.gold import tasks_of

if TYPE_CHECKING:
    from workspace.workspace import Workspace


class Prompting(BaseModel):
    """How a model is prompted.

    Attributes
    ----------
    prompt
        ``zero-shot`` shows no example, ``few-shot`` the same few of train before every row,
        ``retrieval`` the most similar ones of train.
    examples
        How many are shown, where any are.
    seed
        Draws the examples of few-shot.
    export
        The export that says what is asked; that of the settings where None.
    template
        How it is asked; None as the trainers of the format do by default.
    is_exact
        Whether nothing but the exported prompt is sent: for a checkpoint that was trained on it.
    checkpoint
        Which weights are asked, where a server has others under the same name at other times.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: PromptKind = "zero-shot"
    task: PromptedTask = "classification"
    split: str = "test"
    examples: int = Field(default=4, ge=1, le=100)
    seed: int = 7
    export: str | None = None
    template: Template | None = None
    is_exact: bool = False
    checkpoint: str = Field(default="", max_length=80)


class PromptedQuestions:
    """The rows of a split, and the one stage that asks about them.

    Attributes
    ----------
    asked
        The rows, as the export asks them.
    """

    def __init__(self, workspace: Workspace, prompting: Prompting) -> None:
        self._workspace, self.prompting = workspace, prompting
        self.asked: SplitPrompts = split_prompts(
            workspace,
            prompting.task,
            prompting.split,
            export=prompting.export,
            template=prompting.template if prompting.is_exact else "chat",
        )
        self._shots: Shots = shots_for(
            workspace, self.asked, prompting.prompt, prompting.examples, prompting.seed
        )

    @property
    def rows(self) -> pl.DataFrame:
        """`curation.llm.prompted_stage.ROW_SCHEMA`."""
        return self.asked.rows

    def questionnaire(self) -> Questionnaire:
        """The same for whoever runs, plans or hands in."""
        return Questionnaire(self.rows.height, self._chunks, self._stages, self.prompt_sha)

    def _chunks(self) -> Iterator[tuple[int, pl.DataFrame]]:
        yield from enumerate(self.rows.iter_slices(RECORDS_A_CHUNK))

    def _stages(self, annotator: ModelAnnotator) -> list[Stage]:
        return [self.stage(annotator)]

    def stage(self, annotator: ModelAnnotator) -> PromptedStage:
        """What an annotator is asked."""
        is_exact = self.prompting.is_exact
        return PromptedStage(
            annotator,
            self.prompting.task,
            self._shots,
            options=self._options(annotator),
            schema=None if is_exact else self.asked.schema,
            is_completion=self.asked.template != "chat",
            is_free=is_exact or self.asked.is_text,
            checkpoint=self.prompting.checkpoint,
        )

    def _options(self, annotator: ModelAnnotator) -> Options | None:
        """The categories that are told: a model that has not learned them has to know them."""
        asked = self.asked
        is_asked = self.prompting.task == "classification"
        if self.prompting.is_exact or not is_asked or asked.tells_categories:
            return None
        taxonomy = self._workspace.taxonomy()
        return Options(taxonomy, self._inner, annotator.max_candidates, encoder_of(annotator))

    @cached_property
    def _inner(self) -> list[str]:
        """Inner nodes where products of the catalog sit."""
        records = self._workspace.snapshot("load").scan("records")
        return inner_labels(records, self._workspace.taxonomy())

    def facts(self, annotator: ModelAnnotator) -> dict[str, Any]:
        """What decides every prompt, as plain JSON."""
        told = self.prompting.model_dump(mode="json", exclude={"export", "split", "checkpoint"})
        if self.prompting.prompt == "zero-shot":
            told |= {"examples": 0, "seed": None}
        shown = None
        if isinstance(self._shots, FixedShots):
            shown = [shot.record_id for shot in self._shots.shots]
        options = self._options(annotator)
        return {
            **told,
            "template": self.asked.template,
            "export": self.asked.export.folder.name,
            "shown": shown,
            "schema": None if self.prompting.is_exact else self.asked.schema,
            "categories": self._told_categories(options),
        }

    def _told_categories(self, options: Options | None) -> str | None:
        if self.asked.tells_categories:
            return "all, by the export"
        if options is None:
            return None
        return "all" if options.is_whole else f"the {options.most} likeliest"

    def prompt_sha(self, annotator: ModelAnnotator) -> str:
        """A hash of all that decides the prompts, whichever rows they are about."""
        facts = self.facts(annotator)
        body = {**facts, "export": None, "prompts": self.asked.prompts, "taxonomy": None}
        if facts["categories"] is not None:
            body["taxonomy"] = self._workspace.taxonomy().fingerprint
        return digest_of(body)


def asked_tasks(workspace: Workspace, split: str = "test") -> list[PromptedTask]:
    """The tasks that models can be asked about the rows of a split."""
    known = tasks_of(workspace, split)
    return [task for task in QUESTIONS if task in known]


__all__ = ["PromptKind", "PromptedQuestions", "PromptedTask", "Prompting", "asked_tasks"]
