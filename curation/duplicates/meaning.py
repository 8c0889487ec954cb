"""Texts of one meaning in other words, by the cosine of their embeddings: every pair, by counting."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.duplicates.dedupe import PAIR_SCHEMA
from curation.duplicates.forest import Forest, Pairs
from curation.duplicates.join import Told
from curation.duplicates.probe import contradicted
from curation.duplicates.tokens import TokenSets
from curation.llm.embeddings import Encoder

MAX_TEXTS = 200_000
_ROWS_AT_ONCE = 1_024
_ENCODED_AT_ONCE = 2_048


def meaning_edges(
    texts: pl.Series,
    encoder: Encoder,
    at_least: float,
    *,
    apart: TokenSets | None = None,
    progress: Told | None = None,
) -> pl.DataFrame:
    """Pairs that connect all texts that a chain of cosines of at least that much connects.

    Parameters
    ----------
    texts
        A text without words is like no other.
    encoder
        An embedding model.
    at_least
        Cosine, over 0 up to 1.
    apart
        Numbers by which texts may contradict each other (`Likeness.apart`): such are no pair.

    Returns
    -------
    ``left, right, similarity`` (the cosine), sorted: a maximum spanning forest.

    Raises
    ------
    InputError
        If there are over 200,000 texts: all are compared with all.
    """
    check_meaning(len(texts), at_least)
    unit = _unit_vectors(texts, encoder, progress)
    forest = Forest(len(texts))
    for first in range(0, len(unit), _ROWS_AT_ONCE):
        cosine = unit[first : first + _ROWS_AT_ONCE] @ unit.T
        left, right = np.nonzero(cosine >= at_least - 1e-6)
        upper = right > left + first
        left, right = left[upper], right[upper]
        if apart is not None:
            is_pair = ~contradicted(apart.starts, apart.tokens, left + first, right)
            left, right = left[is_pair], right[is_pair]
        likeness = np.minimum(1.0, cosine[left, right].astype(float))
        forest.add(Pairs(left + first, right, likeness))
        if progress is not None:
            progress(min(len(unit), first + _ROWS_AT_ONCE), len(unit), "comparing meanings")
    found = forest.pairs()
    return pl.DataFrame(
        {"left": found.left, "right": found.right, "similarity": found.similarity},
        schema=PAIR_SCHEMA,
    ).sort("left", "right")


def check_meaning(n_texts: int, at_least: float) -> None:
    """Refuse what cannot be compared by meaning, before anything is computed.

    Raises
    ------
    InputError
        If the cosine is not over 0 up to 1, or there are over 200,000 texts.
    """
    if not 0 < at_least <= 1:
        raise InputError(f"--meaning-from {at_least}: expected a cosine over 0, up to 1.")
    if n_texts > MAX_TEXTS:
        raise InputError(
            f"meaning is compared for up to {MAX_TEXTS:,} rows, and there are {n_texts:,}: "
            "leave --embedding out, or pass fewer rows."
        )


def _unit_vectors(texts: pl.Series, encoder: Encoder, progress: Told | None) -> np.ndarray:
    """A vector of length 1 for each text, zeros where it says nothing; equal texts are encoded once."""
    said = texts.fill_null("").str.strip_chars()
    distinct = said.filter(said != "").unique(maintain_order=True)
    parts = [encoder.vectors([])]
    for first in range(0, len(distinct), _ENCODED_AT_ONCE):
        parts.append(encoder.vectors(distinct[first : first + _ENCODED_AT_ONCE]))
        if progress is not None:
            done = min(len(distinct), first + _ENCODED_AT_ONCE)
            progress(done, len(distinct), "encoding texts")
    vectors = np.concatenate(parts)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    place = said.replace_strict(
        distinct, pl.int_range(len(distinct), eager=True), default=-1, return_dtype=pl.Int64
    ).to_numpy()
    unit = np.zeros((len(said), vectors.shape[1]), np.float32)
    unit[place >= 0] = vectors[place[place >= 0]]
    return unit
