"""Make annotators ready to be asked, and close their connections again."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from catalog.errors import InputError
from curation.llm.pace import Pace
from curation.llm.prices import ModelPrice, price_of
from curation.llm.providers import make_provider, need_key
from curation.llm.providers.apart import ProviderApart
from curation.llm.requests import Provider, RejectedError
from curation.llm.settings import ModelAnnotator
from workspace.models.asking import Job
from workspace.models.questionnaire import Questionnaire

_Account = tuple[str | None, ...]
_MANY_REQUESTS = 2_000
_MANY_IN_FLIGHT = 16


class Journals(Protocol):
    """Knows where answers may lie until they are written; see `workspace.models.calls.Calls`."""

    def journal(self, n: int) -> Path | None:
        """A file of this process; None for nowhere."""


@contextlib.asynccontextmanager
async def opened(
    questions: Questionnaire,
    annotators: dict[str, ModelAnnotator],
    n_records: int = 0,
    calls: Journals | None = None,
) -> AsyncIterator[list[Job]]:
    """Annotators with their connections, which are closed at the end.

    Annotators of one model at one account share its pace.

    Parameters
    ----------
    n_records
        How many will be asked about; where that makes many requests, and many at a time, the
        provider's library runs in a process of its own.
    calls
        Knows where the answers of such a process may lie until they are written.

    Raises
    ------
    InputError
        If a key is missing.
    """
    n_at = Counter(map(_account, annotators.values()))
    paces: dict[_Account, Pace] = {}
    jobs: list[Job] = []
    journals: list[Path] = []
    try:
        for number, (name, one) in enumerate(annotators.items()):
            account, price = _account(one), price_of(one)
            stages = await asyncio.to_thread(questions.stages, one)
            n_requests = n_records * len(stages) * one.samples
            is_apart = n_requests >= _MANY_REQUESTS and one.concurrent >= _MANY_IN_FLIGHT
            journal = calls.journal(number) if is_apart and calls else None
            journals += [] if journal is None else [journal]
            provider = _provider(name, one, journal, price, is_apart=is_apart)
            n_ahead = one.concurrent // 2 if is_apart and n_at[account] == 1 else 0
            pace = paces.setdefault(account, Pace.of(one, n_ahead))
            run_id = questions.run_id(one)
            jobs.append(Job(name, one, stages, provider, pace, price, run_id))
        yield jobs
        for journal in journals:  # all that is in them has been written
            journal.unlink(missing_ok=True)
    finally:
        for job in jobs:
            await job.provider.close()


def _account(one: ModelAnnotator) -> _Account:
    return one.provider, one.base_url, one.key_name, one.model


def _provider(
    name: str,
    one: ModelAnnotator,
    journal: Path | None,
    price: ModelPrice | None,
    *,
    is_apart: bool,
) -> Provider:
    key = os.environ.get(one.key_name)
    try:
        if is_apart:
            need_key(one, key)
            return ProviderApart(one, journal, price)
        return make_provider(one, key)
    except RejectedError as error:
        raise InputError(f"annotators.{name}: {error}") from None
