"""Ask about a few rows and show everything: the prompt, the answer, and the votes read from it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from catalog.errors import StoppedError
from catalog.wording import counted
from curation.annotators.words import words_of
from curation.llm.retries import next_try
from curation.llm.settings import ModelAnnotator
from workspace.lock import locked
from workspace.models.annotators import chosen
from workspace.models.asking import Asking, Job
from workspace.models.calls import Calls, call_id
from workspace.models.opening import opened
from workspace.models.purse import Purse
from workspace.models.questionnaire import of_catalog
from workspace.models.reading import Chunk, Tally
from workspace.models.tried import Tried, keep_try
from workspace.progress import Part, Progress

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_EVERY_S = 0.2
_STOPPED = "not asked: it was stopped before"


def prepare(providers: Iterable[str]) -> None:
    """Import what a try takes: it lasts longer than most models take to answer."""
    for name in providers:
        importlib.import_module(f"curation.llm.providers.{name}")
    words_of(pl.Series(["tea"]))  # compiled, or read from where it was kept


def try_rows(
    workspace: Workspace,
    annotators: Iterable[str] | None = None,
    n: int = 5,
    *,
    progress: Progress | None = None,
) -> list[Tried]:
    """Ask models about a few rows, evenly drawn from the catalog.

    What is asked is paid for, written to the ledger, and kept: a later run has it for nothing.
    What is shown is kept too: see `workspace.models.tried.last_try`.

    Parameters
    ----------
    n
        How many rows, from 1.

    Returns
    -------
    One entry a request, each try of it too: by annotator, then in the order of asking.

    Raises
    ------
    InputError
        If an annotator is unknown or its key is missing.
    StoppedError
        If a person stopped it; what was answered until then is kept.
    """
    wanted = chosen(workspace, annotators)
    load = workspace.snapshot("load")
    progress = progress or Progress(workspace.layout.progress, "label --try")
    step = max(1, load.counts["records"] // max(1, n))
    records = load.scan("records").gather_every(step).head(n).collect()
    with locked(workspace.layout):
        calls = Calls(workspace.database, workspace.layout.answers)
        calls.settle_lost()
        asking = Asking(calls, Purse(None), call_id())
        progress.step("a few rows")
        try:
            tried = asyncio.run(_try_all(workspace, wanted, asking, records, progress))
        finally:
            progress.close()
        keep_try(workspace, wanted, tried)
    if asking.stopped:
        n_answers = sum(one.reply is not None for one in tried)
        raise StoppedError(
            f"stopped; {counted(n_answers, 'answer')} of {counted(len(tried), 'request')} kept. "
            "Try again to ask the rest."
        )
    return tried


async def _try_all(
    workspace: Workspace,
    wanted: dict[str, ModelAnnotator],
    asking: Asking,
    records: pl.DataFrame,
    progress: Progress,
) -> list[Tried]:
    async with opened(of_catalog(workspace), wanted) as jobs:
        tallies = {job.name: Tally() for job in jobs}
        with asking.calls.writing():
            reporter = asyncio.create_task(_report(jobs, asking, tallies, records.height, progress))
            try:
                tried = await asyncio.gather(
                    *(_try(job, asking, records, tallies[job.name]) for job in jobs)
                )
            finally:
                reporter.cancel()
    return [one for some in tried for one in some]


async def _report(
    jobs: list[Job], asking: Asking, tallies: dict[str, Tally], n_rows: int, progress: Progress
) -> None:
    """Tell how far it is; ask no more once a person wants that."""
    while True:
        parts = [_part(job, asking, tallies[job.name].n_kept, n_rows) for job in jobs]
        done, total = sum(part.done for part in parts), sum(part.total for part in parts)
        spent = sum(asking.spent_usd.values())
        try:
            progress(done, total, f"${spent:,.4f}", parts)
        except StoppedError:
            asking.stop("person")
        await asyncio.sleep(_EVERY_S)


def _part(job: Job, asking: Asking, n_kept: int, n_rows: int) -> Part:
    name = job.name
    done = n_kept + asking.n_answered[name]
    total = max(done, n_rows * len(job.stages) * job.settings.samples)
    usd, n_errors = float(asking.spent_usd[name]), asking.n_errors[name]
    return Part(name, done, total, usd=usd, n_errors=n_errors)


async def _try(job: Job, asking: Asking, records: pl.DataFrame, tally: Tally) -> list[Tried]:
    chunk, found = Chunk(job.name, job.run_id), []
    for stage in job.stages:
        due = list(stage.ask(records, chunk.votes()))
        while due:
            held = asking.calls.held([one.request.key for one in due])
            tally.n_kept += len(held)
            new = await asyncio.gather(
                *(asking.answer(job, stage.name, o) for o in due if o.request.key not in held)
            )
            fresh, again = iter(new), []
            for one in due:
                is_cached = one.request.key in held
                got = held[one.request.key] if is_cached else next(fresh)
                about = (job.name, one.record_id, stage.name, one.request)
                if got is None:
                    error = asking.rejected.get(job.name) or (_STOPPED if asking.stopped else None)
                    found.append(Tried(*about, None, [], None, False, error))
                    continue
                reply, votes = got.reply, stage.read(one, got.reply)
                found.append(Tried(*about, reply, votes, got.cost_usd, is_cached, reply.error))
                if one.request.attempt == 0 or reply.outcome != "failed":
                    chunk.read(stage, [(one, got)], tally)
                following = next_try(job.settings, stage, one, reply)
                again += [] if following is None else [following]
            due = again
    return [replace(one, notes=job.provider.notes) for one in found]
