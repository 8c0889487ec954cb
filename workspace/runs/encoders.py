"""The embedding model that metrics of meaning rest on."""

from __future__ import annotations

from curation.llm.embeddings import embedding_mark, open_encoder
from evaluation.settings import ScoreSettings
from evaluation.text_models import Encodes


def encoder_of(settings: ScoreSettings) -> Encodes | None:
    """The model that ``[score] embedding`` names; None where it names none. Nothing is fetched.

    Raises
    ------
    InputError
        If it is not on this machine, is no embedding model, or model2vec is not installed.
    """
    if settings.embedding is None:
        return None
    embedding_mark(settings.embedding)
    return open_encoder(settings.embedding)
