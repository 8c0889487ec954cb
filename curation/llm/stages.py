"""What an annotator asks in which order; a later stage may rest on the answers of an earlier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from curation.llm.requests import Reply, Request


@dataclass(frozen=True)
class Asked:
    """A request and the record that it speaks of."""

    record_id: str
    request: Request


@dataclass(frozen=True)
class Evidence:
    """Where a value stands in its record.

    Attributes
    ----------
    value
        The words as they stand there, which may be spelled otherwise than the vote.
    pid
        The paragraph, from 0.
    begin, end
        Its characters in that paragraph, the end exclusive.
    """

    value: str
    pid: int
    begin: int
    end: int


@dataclass(frozen=True)
class Vote:
    """One vote out of a reply.

    Attributes
    ----------
    question
        ``category`` or ``attribute:KEY``.
    value
        A joined path or a value; None where the model abstained, or gave nothing of use.
    error
        Why there is no value, or what is wrong with it; None where the model said itself that
        there is none.
    is_repaired
        Whether a wrong path was replaced by the nearest valid one.
    evidences
        Where an attribute's values stand; empty where nothing was quoted, or wrongly.
    """

    record_id: str
    question: str
    value: str | None
    score: float | None = None
    error: str | None = None
    is_repaired: bool = False
    evidences: tuple[Evidence, ...] = ()


class Stage(Protocol):
    """One round of questions."""

    @property
    def name(self) -> str:
        """``category`` or ``attributes``; levels asked in turn are all ``category``."""

    def ask(self, records: pl.DataFrame, votes: pl.DataFrame) -> Iterable[Asked]:
        """The requests for records, given the votes of earlier stages (`VOTE_SCHEMA`).

        Every sample is a request of its own. A request depends on its record alone, so that
        it has the same key whatever other records are asked about with it.
        """

    def read(self, asked: Asked, reply: Reply) -> list[Vote]:
        """The votes in a reply; one at least, so that nothing is dropped.

        A vote of a later stage on the same question replaces that of an earlier one.
        """
