"""Texts of one meaning in other words, by the cosine of their embeddings: every pair, by counting."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.duplicates.dedupe import PAIR_SCHEMA
from curation.duplicates.forest import Forest, Pairs
from curation.duplicates.join import Told
from curation.llm.embeddings import open_encoder

MAX_TEXTS = 200_000
_ROWS_AT_ONCE = 1_024


def meaning_edges(
    texts: pl.Series, embedding: str, at_least: float, *, progress: Told | None = None
) -> pl.DataFrame:
    """Pairs that connect all texts that a chain of cosines of at least that much connects.

    Parameters
    ----------
    embedding
        A static embedding model: a folder, or one of the Hugging Face hub.
    at_least
        Cosine, over 0 up to 1.

    Returns
    -------
    ``left, right, similarity`` (the cosine), sorted: a maximum spanning forest.

    Raises
    ------
    InputError
        If there is no such model, or there are over 200,000 texts: all are compared with all.
    """
    if not 0 < at_least <= 1:
        raise InputError(f"--meaning-from {at_least}: expected a cosine over 0, up to 1.")
    if len(texts) > MAX_TEXTS:
        raise InputError(
            f"meaning is compared for up to {MAX_TEXTS:,} rows, and there are {len(texts):,}: "
            "leave --embedding out, or pass fewer rows."
        )
    vectors = open_encoder(embedding).vectors(texts.fill_null("").to_list())
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    forest = Forest(len(texts))
    for first in range(0, len(unit), _ROWS_AT_ONCE):
        cosine = unit[first : first + _ROWS_AT_ONCE] @ unit.T
        left, right = np.nonzero(cosine >= at_least - 1e-6)
        upper = right > left + first
        left, right = left[upper], right[upper]
        likeness = np.minimum(1.0, cosine[left, right].astype(float))
        forest.add(Pairs(left + first, right, likeness))
        if progress is not None:
            progress(min(len(unit), first + _ROWS_AT_ONCE), len(unit), "comparing meanings")
    found = forest.pairs()
    return pl.DataFrame(
        {"left": found.left, "right": found.right, "similarity": found.similarity},
        schema=PAIR_SCHEMA,
    ).sort("left", "right")
