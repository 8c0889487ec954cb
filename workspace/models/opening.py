"""Make annotators ready to be asked, and close their connections again."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from catalog.errors import InputError
from curation.llm.pace import Pace
from curation.llm.prices import price_of
from curation.llm.providers import make_provider
from curation.llm.requests import Provider, RejectedError
from curation.llm.settings import ModelAnnotator
from workspace.models.annotators import run_id_of
from workspace.models.asking import Job
from workspace.models.stages import stages_for

if TYPE_CHECKING:
    from workspace.workspace import Workspace


@contextlib.asynccontextmanager
async def opened(
    workspace: Workspace, annotators: dict[str, ModelAnnotator]
) -> AsyncIterator[list[Job]]:
    """Annotators with their connections, which are closed at the end.

    Annotators of one model at one account share its pace.

    Raises
    ------
    InputError
        If a key is missing.
    """
    taxonomy = workspace.taxonomy()
    paces: dict[tuple[str | None, ...], Pace] = {}
    jobs: list[Job] = []
    try:
        for name, one in annotators.items():
            account = (one.provider, one.base_url, one.key_name, one.model)
            provider = _provider(name, one)
            stages = await asyncio.to_thread(stages_for, workspace, one)
            pace = paces.setdefault(account, Pace.of(one))
            run_id = run_id_of(one, taxonomy)
            jobs.append(Job(name, one, stages, provider, pace, price_of(one), run_id))
        yield jobs
    finally:
        for job in jobs:
            await job.provider.close()


def _provider(name: str, one: ModelAnnotator) -> Provider:
    try:
        return make_provider(one, os.environ.get(one.key_name))
    except RejectedError as error:
        raise InputError(f"annotators.{name}: {error}") from None
