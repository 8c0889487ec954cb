"""WDC PAVE (Baumann, Brinkmann and Bizer 2024): ExtractGPT's script, with another macro average."""

from __future__ import annotations

import numpy as np

from evaluation.published.definition import Definition, Source
from evaluation.published.extractgpt import EXTRACTGPT, extractgpt_pairs
from evaluation.published.pair_counts import (
    KINDS,
    NO_PAIR,
    PairCounts,
    codes_of,
    macro_metrics,
    micro_metrics,
)


def _attributes_and_categories(answers: PairCounts) -> list[np.ndarray]:
    """Each pair twice: in its attribute and category, and in the row of its whole category."""
    inner = codes_of(answers.pairs["category"], answers.pairs["key"])
    outer = codes_of(answers.pairs["category"]) + int(inner.max(initial=-1)) + 1
    # A category whose products have no pair is a row too, of nothing.
    return [np.where(answers.pairs["kind"] == NO_PAIR, outer, inner), outer]


WDC_PAVE = Definition(
    "wdc-pave",
    "attributes",
    Source("wbsg-uni-mannheim/wdc-pave", "pieutils/evaluation.py", "66a4cfd"),
    EXTRACTGPT.words,
    (
        *EXTRACTGPT.quirks[:-1],
        "the macro average pools a row for each whole category with the rows of attribute and "
        "category, and takes in those that have true nulls alone, or no pair at all, at 0",
    ),
    extractgpt_pairs,
    {
        **micro_metrics(),
        **macro_metrics(
            _attributes_and_categories,
            (*KINDS, NO_PAIR),
            "pairs of attribute and category and over whole categories, pooled",
        ),
    },
    "f1",
)
