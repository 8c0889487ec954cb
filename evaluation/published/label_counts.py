"""Single labels as scikit-learn counts them: an average over the labels of gold and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.metrics.group_means import GroupCounts
from evaluation.metrics.metric import RatioMetric, Sums
from evaluation.metrics.part_means import Part, PartMean


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """Rows that a script keeps, with the labels it reads.

    Attributes
    ----------
    rows
        The kept rows, shape ``(m,)``.
    gold, answer
        Codes of their labels, shape ``(m,)``; an answer of -1 is wrong and no label.
    labels
        The names of the codes.
    """

    rows: np.ndarray
    gold: np.ndarray
    answer: np.ndarray
    labels: tuple[str, ...]
    n_rows: int
    clusters: np.ndarray | None
    dropped: Mapping[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """Rows that are scored, and right ones."""
        return {"scored": len(self.rows), "right": int((self.gold == self.answer).sum())}

    def by_row(self, is_counted: np.ndarray) -> np.ndarray:
        """What is counted of the kept rows, among all rows, shape ``(n,)``."""
        return np.bincount(self.rows, is_counted.astype(float), self.n_rows)

    def is_pair(self, gold: str | None, answer: str | None) -> np.ndarray:
        """Kept rows of one gold and one answer label, of any where None; ``(n,)`` of 0 and 1."""
        chosen = np.ones(len(self.rows), dtype=bool)
        for codes, name in ((self.gold, gold), (self.answer, answer)):
            if name is not None:
                chosen &= codes == self.labels.index(name)
        return self.by_row(chosen)


def label_counts(
    pairs: Sequence[tuple[int, str, str | None]],
    n_rows: int,
    clusters: np.ndarray | None,
    dropped: Mapping[str, int],
    always: Sequence[str] = (),
) -> LabelCounts:
    """Kept rows as codes.

    Parameters
    ----------
    pairs
        Row, gold label, answered label (None for none).
    always
        Labels that have a code whether they occur or not.
    """
    named = {*always, *(gold for _, gold, _ in pairs), *(a for _, _, a in pairs if a is not None)}
    labels = tuple(sorted(named))
    code = {name: n for n, name in enumerate(labels)}
    return LabelCounts(
        np.array([row for row, _, _ in pairs], dtype=np.int64),
        np.array([code[gold] for _, gold, _ in pairs], dtype=np.int64),
        np.array([-1 if a is None else code[a] for _, _, a in pairs], dtype=np.int64),
        labels,
        n_rows,
        clusters,
        dropped,
    )


def union_counts(answers: LabelCounts) -> GroupCounts:
    """Right, answered and gold rows of each label that occurs in gold or answers."""
    named = answers.answer >= 0
    right = (answers.gold == answers.answer).astype(float)
    nothing = np.zeros(int(named.sum()))
    on_gold = np.stack([right, np.zeros(len(right)), np.ones(len(right))])
    on_answer = np.stack([nothing, nothing + 1, nothing])
    return GroupCounts(
        np.concatenate([answers.gold, answers.answer[named]]),
        np.concatenate([answers.rows, answers.rows[named]]),
        np.hstack([on_gold, on_answer]),
        np.ones(len(right) + len(nothing)),
    )


def union_means() -> dict[str, PartMean[LabelCounts]]:
    """Macro precision, recall and F1."""
    parts: tuple[Part, ...] = ("f1", "precision", "recall")
    return {
        f"{part}_macro": PartMean(
            f"{part}_macro",
            f"scikit-learn's {part} with average='macro': mean over the labels that occur in the "
            "scored gold or the scored answers, 0 over nothing",
            part,
            union_counts,
            empty="the script keeps no row",
        )
        for part in parts
    }


def kept_accuracy(name: str, definition: str) -> RatioMetric[LabelCounts]:
    """Right rows over kept rows."""
    return RatioMetric(
        name,
        definition,
        lambda answers: Sums(
            answers.by_row(answers.gold == answers.answer),
            answers.by_row(np.ones(len(answers.rows))),
        ),
        empty="the script keeps no row",
    )
