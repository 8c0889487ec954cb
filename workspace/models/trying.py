"""Ask about a few rows and show everything: the prompt, the answer, and the votes read from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from curation.llm.requests import Reply, Request
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Vote
from workspace.lock import locked
from workspace.models.annotators import chosen
from workspace.models.asking import Asking, Job
from workspace.models.calls import Calls, call_id
from workspace.models.opening import opened
from workspace.models.purse import Purse
from workspace.models.reading import Chunk, Tally

if TYPE_CHECKING:
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class Tried:
    """One request as it was sent, and what came back.

    Attributes
    ----------
    reply
        None where the provider rejected the request; ``error`` then says why.
    is_cached
        Whether it was paid for before.
    """

    annotator: str
    record_id: str
    question: str
    request: Request
    reply: Reply | None
    votes: list[Vote]
    cost_usd: float | None
    is_cached: bool
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def try_rows(
    workspace: Workspace, annotators: Iterable[str] | None = None, n: int = 5
) -> list[Tried]:
    """Ask models about a few rows, evenly drawn from the catalog.

    What is asked is paid for, written to the ledger, and kept: a later run has it for nothing.

    Parameters
    ----------
    n
        How many rows, from 1.

    Returns
    -------
    One entry a request: by annotator, then in the order of asking.

    Raises
    ------
    InputError
        If an annotator is unknown or its key is missing.
    """
    wanted = chosen(workspace, annotators)
    load = workspace.snapshot("load")
    step = max(1, load.counts["records"] // max(1, n))
    records = load.scan("records").gather_every(step).head(n).collect()
    with locked(workspace.layout):
        calls = Calls(workspace.database)
        calls.settle_lost()
        asking = Asking(calls, Purse(None), call_id())
        return asyncio.run(_try_all(workspace, wanted, asking, records))


async def _try_all(
    workspace: Workspace, wanted: dict[str, ModelAnnotator], asking: Asking, records: pl.DataFrame
) -> list[Tried]:
    async with opened(workspace, wanted) as jobs:
        with asking.calls.writing():
            tried = await asyncio.gather(*(_try(job, asking, records) for job in jobs))
    return [one for some in tried for one in some]


async def _try(job: Job, asking: Asking, records: pl.DataFrame) -> list[Tried]:
    chunk, tally, found = Chunk(job.name, job.run_id), Tally(), []
    for stage in job.stages:
        asked = list(stage.ask(records, chunk.votes()))
        held = asking.calls.held([one.request.key for one in asked])
        new = await asyncio.gather(
            *(asking.answer(job, stage.name, o) for o in asked if o.request.key not in held)
        )
        fresh = iter(new)
        for one in asked:
            is_cached = one.request.key in held
            got = held[one.request.key] if is_cached else next(fresh)
            about = (job.name, one.record_id, stage.name, one.request)
            if got is None:
                error = asking.rejected.get(job.name)
                found.append(Tried(*about, None, [], None, False, error))
                continue
            votes = stage.read(one, got.reply)
            chunk.read(stage, [(one, got)], tally)
            found.append(Tried(*about, got.reply, votes, got.cost_usd, is_cached, got.reply.error))
    return found
