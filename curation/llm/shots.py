"""Examples of a task that are shown before the question: none, a fixed few, or the likest of train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.llm.neighbours import Neighbours

PromptKind = Literal["zero-shot", "few-shot", "retrieval"]
TRAIN = "train"


@dataclass(frozen=True)
class Shot:
    """A row of train as it stands in the export: what is asked, and the gold answer."""

    record_id: str
    asked: str
    answer: str
    category: str = ""


class Shots(Protocol):
    """Chooses what is shown before each question."""

    def chosen(self, ids: Sequence[str], texts: pl.Series) -> list[list[Shot]]:
        """The examples of each record, by its id and the text that is searched with."""


@dataclass(frozen=True)
class FixedShots:
    """The same examples before every question; none of them for zero-shot."""

    shots: tuple[Shot, ...] = ()

    def chosen(self, ids: Sequence[str], texts: pl.Series) -> list[list[Shot]]:
        """The same list for each record."""
        return [list(self.shots) for _ in ids]


@dataclass(frozen=True, eq=False)
class LikestShots:
    """The ``k`` rows of train whose text is most like the question's, the likest last.

    The likest stands nearest to the question: what stands there weighs most (Liu et al. 2022,
    "What makes good in-context examples for GPT-3?", section 3.1).
    """

    shots: Sequence[Shot]
    neighbours: Neighbours
    k: int

    def chosen(self, ids: Sequence[str], texts: pl.Series) -> list[list[Shot]]:
        """Never a row of the record's own group."""
        found = self.neighbours.places(ids, texts, self.k)
        return [[self.shots[place] for place in reversed(places)] for places in found]


def spread(ids: Sequence[str], categories: Sequence[str], k: int, seed: int) -> list[int]:
    """The places of ``k`` rows, spread over the categories.

    Categories come in an order of chance, the first levels in turn, one row of each; a second row
    of a category only once all have one. The draw depends on the seed and the ids alone.

    Examples
    --------
    >>> paths = ["A > x", "A > x", "A > y", "B > z"]
    >>> sorted(paths[n] for n in spread("abcd", paths, 2, seed=7))[1]
    'B > z'
    >>> sorted(spread("abcd", paths, 9, seed=7))
    [0, 1, 2, 3]
    """
    order = sorted(range(len(ids)), key=lambda n: ids[n])
    drawn = np.random.default_rng(seed).permutation(len(order))
    rows = pl.DataFrame(
        {
            "place": [order[n] for n in drawn.tolist()],
            "category": [categories[order[n]] for n in drawn.tolist()],
        },
        schema={"place": pl.Int64, "category": pl.String},
    ).with_row_index("draw")
    nth = pl.int_range(pl.len())
    root = pl.col("category").str.split(" > ").list.first().alias("root")
    return (
        rows.with_columns(root, nth.over("category").alias("round"))
        .with_columns(nth.over("root", "round").alias("turn"))
        .sort("round", "turn", "draw")["place"]
        .head(k)
        .to_list()
    )


def require_held_out(split: str) -> None:
    """Refuse to ask about the train split.

    Raises
    ------
    InputError
    """
    if split == TRAIN:
        raise InputError("models are not judged on the train split: examples are taken from it.")


def require_train(splits: Sequence[str | None], asked: Sequence[str], shown: Sequence[str]) -> None:
    """Refuse examples that are not of train, or are asked about themselves.

    Raises
    ------
    InputError

    Examples
    --------
    >>> require_train(["train", "test"], ["a"], ["b", "c"])
    Traceback (most recent call last):
    ...
    catalog.errors.InputError: an example of the split 'test' would be shown: examples are of \
train alone. Export again.
    """
    other = next((split for split in splits if split != TRAIN), TRAIN)
    if other != TRAIN:
        raise InputError(
            f"an example of the split {other!r} would be shown: examples are of train alone. Export "
            "again."
        )
    both = set(asked) & set(shown)
    if both:
        raise InputError(
            f"{min(both)!r} would be shown as an example and is asked about: the export and the "
            "split differ. Export again."
        )
