"""`knn` and `linear`: classifiers that learn from the source, never from a record's own group."""

from __future__ import annotations

import numpy as np
import polars as pl

from curation.annotators.classifiers import CLASSIFIERS
from curation.annotators.material import NO_TEXT, Annotator, Material, answers
from curation.duplicates.join import Told

NOTHING_LEARNED = "no record outside its fold has a text and a label of the taxonomy"
NO_SHARED_WORD = "no word in common with the texts learned from"


def out_of_fold(name: str) -> Annotator:
    """An annotator that labels each fold by a classifier fitted on the others.

    The labels of the source are what is learned, those in the taxonomy alone. Folds part no
    group of records, so a record's brand and its near-duplicates are never among what the
    model saw of it.
    """

    def annotate(material: Material, progress: Told | None = None) -> pl.DataFrame:
        n, settings = len(material.texts), material.settings
        is_learnable, has_text = material.is_learnable, material.has_text
        n_folds = int(material.folds.max()) + 1 if n else 0
        parts = [pl.DataFrame(schema={"row": pl.Int64, "value": pl.String, "score": pl.Float64})]
        was_asked = np.zeros(n, bool)
        for fold in range(n_folds):
            told = _told(progress, name, fold, n_folds)
            is_mine = material.folds == fold
            learned = np.flatnonzero(is_learnable & ~is_mine)
            mine = np.flatnonzero(is_mine & has_text)
            if not len(learned) or not len(mine):
                continue
            model = CLASSIFIERS[name](settings.rows_per_category, settings.seed)
            model.fit(
                material.texts.gather(learned), material.labels.gather(learned), progress=told
            )
            found = model.predict(material.texts.gather(mine), progress=told)
            parts.append(found.insert_column(0, pl.Series("row", mine)))
            was_asked[mine] = True
        every = pl.DataFrame({"row": np.arange(n)})
        answered = every.join(pl.concat(parts), on="row", how="left", maintain_order="left")
        reason = (
            pl.when(pl.Series(~has_text))
            .then(pl.lit(NO_TEXT))
            .when(pl.Series(was_asked))
            .then(pl.lit(NO_SHARED_WORD))
            .otherwise(pl.lit(NOTHING_LEARNED))
        )
        return answers(answered["value"], answered["score"], reason)

    return annotate


def _told(progress: Told | None, name: str, fold: int, n_folds: int) -> Told:
    def told(done: int, total: int, message: str) -> None:
        if progress is not None:
            where = f"{name}, fold {fold + 1} of {n_folds}: {message}"
            progress(fold * total + done, n_folds * total, where)

    return told
