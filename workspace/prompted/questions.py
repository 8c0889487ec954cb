"""What a prompted baseline asks: the prompt, the examples, and what is told of both in the run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from catalog.errors import InputError
from curation.llm.candidates import inner_labels
from curation.llm.exported import Template
from curation.llm.prompted_stage import QUESTIONS, Options, PromptedStage, PromptedTask
from curation.llm.settings import ModelAnnotator
from curation.llm.shots import FixedShots, PromptKind, Shots
from curation.llm.stages import Stage
from curation.llm.tag_prompts import KnownTags
from workspace.atomic import digest_of
from workspace.models.keeping import RECORDS_A_CHUNK
from workspace.models.questionnaire import Questionnaire
from workspace.models.stages import encoder_of
from workspace.prompted.exported import SplitPrompts, shots_for, split_prompts
from workspace.prompted.made import RecordPrompts, is_made, made_shots, record_prompts
from workspace.runs.gold import tasks_of

if TYPE_CHECKING:
    from workspace.workspace import Workspace


_CHARACTERS_A_TOKEN = 2
"""Of an answer in numbers, brackets and quotes."""


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
        Draws the examples of few-shot, and the order in which the items of a ranking are shown.
    export
        The export that says what is asked; that of the settings where None. Rankings, and tags that
        are no target, are asked by none (`workspace.prompted.made`).
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
        The rows, as the export asks them, or as they are asked without one.
    """

    def __init__(self, workspace: Workspace, prompting: Prompting) -> None:
        self._workspace, self.prompting = workspace, prompting
        self.asked: SplitPrompts | RecordPrompts
        self._shots: Shots
        self._notes: list[str]
        wanted = prompting.prompt, prompting.examples, prompting.seed
        if is_made(workspace, prompting.task, prompting.split):
            _refuse_export(prompting)
            asked = record_prompts(workspace, prompting.task, prompting.split, prompting.seed)
            self._shots, notes = made_shots(workspace, asked, *wanted)
            self.asked, self._notes = asked, [*asked.notes, *notes]
        else:
            exported = split_prompts(
                workspace,
                prompting.task,
                prompting.split,
                export=prompting.export,
                template=prompting.template if prompting.is_exact else "chat",
            )
            self._shots = shots_for(workspace, exported, *wanted)
            self.asked, self._notes = exported, exported.notes

    def notes(self, annotator: ModelAnnotator) -> list[str]:
        """Lines to be said aloud of what an annotator is asked."""
        if isinstance(self.asked, SplitPrompts) or self.prompting.task != "ranking":
            return list(self._notes)
        longest = int(self.asked.made.rows["answer"].str.len_bytes().max() or 0)  # type: ignore[arg-type]
        n_tokens = -(-longest // _CHARACTERS_A_TOKEN)
        if n_tokens <= annotator.max_tokens:
            return list(self._notes)
        return [
            *self._notes,
            f"the longest ranking may take {n_tokens:,} tokens, and max_tokens = "
            f"{annotator.max_tokens:,} cuts it: raise it in the section of the annotator",
        ]

    @property
    def dataset_sha(self) -> str | None:
        """That of the export that is asked; None without one."""
        return None if self.asked.export is None else self.asked.export.dataset_sha

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
            reader=self.asked.reader,
        )

    def _options(self, annotator: ModelAnnotator) -> Options | KnownTags | None:
        """The categories or tags that are told: a model that has not learned them has to know them."""
        asked = self.asked
        if isinstance(asked, RecordPrompts):
            return asked.options(annotator.max_candidates)
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
            **self.asked.facts,
            "shown": shown,
            "schema": None if self.prompting.is_exact else self.asked.schema,
            "categories": self._told_categories(options),
            **({"tags": options.words} if isinstance(options, KnownTags) else {}),
        }

    def _told_categories(self, options: Options | KnownTags | None) -> str | None:
        if self.asked.tells_categories:
            return "all, by the export"
        if options is None or isinstance(options, KnownTags):
            return None
        return "all" if options.is_whole else f"the {options.most} likeliest"

    def prompt_sha(self, annotator: ModelAnnotator) -> str:
        """A hash of all that decides the prompts, whichever rows they are about."""
        facts = self.facts(annotator)
        body = {**facts, "export": None, "prompts": self.asked.prompts, "taxonomy": None}
        if facts["categories"] is not None:
            body["taxonomy"] = self._workspace.taxonomy().fingerprint
        return digest_of(body)


def _refuse_export(prompting: Prompting) -> None:
    """Refuse what needs the line of an export where none asks for the task.

    Raises
    ------
    InputError
    """
    what = "rankings" if prompting.task == "ranking" else "tags that are no target of their record"
    if prompting.is_exact:
        raise InputError(
            f"--endpoint sends exported prompts alone, and no export asks for {what}. Declare the model "
            "under [annotators.NAME] with its base_url, and use --annotator."
        )
    if prompting.export is not None:
        raise InputError(
            f"--export {prompting.export}: no export asks for {what}; they are asked of the records of "
            "the split. Leave --export out."
        )


def asked_tasks(workspace: Workspace, split: str = "test") -> list[PromptedTask]:
    """The tasks that models can be asked about the rows of a split."""
    known = tasks_of(workspace, split)
    return [task for task in QUESTIONS if task in known]


__all__ = [
    "PromptKind",
    "PromptedQuestions",
    "PromptedTask",
    "Prompting",
    "asked_tasks",
    "is_made",
]
