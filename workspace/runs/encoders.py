"""The models that metrics of meaning rest on: which are here, and which one they are."""

from __future__ import annotations

from curation.llm.embeddings import embedding_mark
from curation.llm.sentence_models import open_any_encoder
from evaluation.answers.contract import Task
from evaluation.answers.text_models import BertModel, Encodes
from evaluation.settings import ScoreSettings
from evaluation.tasks.answer_scores import PACKAGES, is_installed


def encoder_of(settings: ScoreSettings) -> Encodes | None:
    """The model that ``[score] embedding`` names, static or a sentence transformer; None where it names
    none. Nothing is fetched.

    Raises
    ------
    InputError
        If it is not on this machine, is no embedding model, or what reads it is not installed.
    """
    if settings.embedding is None:
        return None
    embedding_mark(settings.embedding)
    return open_any_encoder(settings.embedding)


def model_marks(settings: ScoreSettings, task: Task) -> dict[str, str | None]:
    """What decides the metrics of meaning of a task beyond the settings: another model, another mark.

    A model or a package that has come since, or has gone, makes a score stale. Nothing is fetched.

    Raises
    ------
    InputError
        If the embedding model of the settings is not on this machine.
    """
    if task == "answers":
        bert = BertModel(settings.bertscore)
        packages = {name: str(is_installed(name)) for name in PACKAGES}
        return {"bertscore": bert.lacks or str(bert.folder), **packages}
    if task == "classification" and settings.embedding is not None:
        return {"embedding": embedding_mark(settings.embedding)}
    return {}
