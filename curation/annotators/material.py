"""What an annotator looks at, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from catalog.taxonomy import Taxonomy
from catalog.taxonomy.tree import NO_NODE
from curation.annotators.settings import LabelSettings
from curation.duplicates.join import Told

NO_TEXT = "no text"


@dataclass(frozen=True)
class Material:
    """The records, as annotators see them.

    Attributes
    ----------
    texts
        The text of each record, empty where it has none.
    labels
        The joined path of the source, null where it has none.
    taxonomy
        The categories there are.
    folds
        The fold of each record, shape ``(n_records,)``.
    settings
        What the user declared.
    """

    texts: pl.Series
    labels: pl.Series
    taxonomy: Taxonomy
    folds: np.ndarray
    settings: LabelSettings

    @property
    def has_text(self) -> np.ndarray:
        """Whether a record has a text, shape ``(n_records,)``."""
        return (self.texts != "").to_numpy()

    @property
    def is_learnable(self) -> np.ndarray:
        """Whether a record has a text and a label that is in the taxonomy."""
        return np.asarray(self.has_text & (self.taxonomy.codes(self.labels) != NO_NODE))


Annotator = Callable[[Material, Told | None], pl.DataFrame]
"""Gives ``value, score, error`` of each record. ``value`` is a joined path, null where the
annotator abstains; ``error`` then says why. ``score`` is its own confidence in [0, 1], null
where it has none."""


def answers(value: pl.Series, score: pl.Series | None, error: pl.Expr) -> pl.DataFrame:
    """One answer a record; the error counts where there is no value."""
    return pl.DataFrame({"value": value.cast(pl.String)}).select(
        "value",
        pl.lit(None, pl.Float64).alias("score") if score is None else score.alias("score"),
        pl.when(pl.col("value").is_null()).then(error).alias("error"),
    )
