"""One run of a questionnaire: all annotators at the same time, within a budget, told as it goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import polars as pl

from catalog.errors import StoppedError
from catalog.wording import counted
from curation.llm.garbage import rare_collections
from curation.llm.settings import ModelAnnotator
from workspace.models.asking import Asking, Job
from workspace.models.batch_store import BatchStore
from workspace.models.calls import Calls, call_id
from workspace.models.chunks import label_chunk
from workspace.models.opening import opened
from workspace.models.purse import Purse
from workspace.models.questionnaire import Questionnaire
from workspace.models.reading import Chunk, Tally
from workspace.progress import Part, Progress

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_CHUNKS_AT_ONCE = 2
_EVERY_S = 0.2

Elsewhere = Callable[[list[Job], Asking], Awaitable[None]]
"""Asks all annotators from other machines."""


class Keeper(Protocol):
    """Takes the answers, chunk by chunk; see `workspace.models.keeping.VoteKeeper`."""

    tallies: dict[str, Tally]

    def begin(self, name: str, run_id: str) -> Tally:
        """Count an annotator from now on; ``run_id`` names the way its answers are used."""

    def put(self, name: str, number: int, chunk: Chunk) -> None:
        """Keep the answers of one chunk; chunks may come in any order."""


class ModelRun:
    """Asks a questionnaire, and gives what comes back to a keeper.

    Parameters
    ----------
    budget_usd
        Never passed, counting what is in flight and in batches; None sets no limit.
    resume
        What the last run spent, or can have spent, counts against the budget too.

    Attributes
    ----------
    asking
        What was asked, answered and spent. Stopped before, the run takes what is in the cache.
    lost
        What an ended process had left in flight.
    """

    def __init__(
        self,
        workspace: Workspace,
        questions: Questionnaire,
        keeper: Keeper,
        budget_usd: float | None,
        resume: bool = False,
    ) -> None:
        self._questions, self._keeper = questions, keeper
        self._batches = BatchStore(workspace.database)
        calls = self._calls = Calls(workspace.database, workspace.layout.answers)
        self.lost = calls.settle_lost()
        last = calls.last_job() if resume else None
        job_id, spent = last or (call_id(), 0.0)
        in_batches = self._batches.most_usd(except_job=job_id)
        self.asking = Asking(calls, Purse(budget_usd, spent, in_batches), job_id)
        self._n_expected: dict[str, int] = {}
        self._is_priced: dict[str, bool] = {}
        self._left_out: dict[str, list[str]] = {}
        self._began = time.monotonic()

    async def ask(
        self,
        wanted: dict[str, ModelAnnotator],
        progress: Progress,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """Ask all annotators at the same time: from this process where ``elsewhere`` is None."""
        n_records = self._questions.n_records
        n_asked_here = n_records if elsewhere is None else 0
        async with opened(self._questions, wanted, n_asked_here, self._calls) as jobs:
            for job in jobs:
                self._keeper.begin(job.name, job.run_id)
                n_expected = n_records * len(job.stages) * job.settings.samples
                self._n_expected[job.name] = n_expected
                self._is_priced[job.name] = job.price is not None
            reporter = asyncio.create_task(self._report(progress))
            try:
                with rare_collections():
                    if elsewhere is None:
                        await self._ask_here(jobs)
                    else:
                        await elsewhere(jobs, self.asking)
            finally:
                reporter.cancel()
            self._left_out = {job.name: job.provider.notes for job in jobs}

    @property
    def spent_usd(self) -> float:
        """What this run spent; requests whose cost nobody knows count with the most they can cost."""
        return float(sum(self.asking.spent_usd.values()))

    @property
    def notes(self) -> list[str]:
        """What was lost before, why it stopped, and what was left out of requests."""
        notes = self.lost.notes
        spent = self.asking.purse.spent_usd
        if self.asking.stopped == "budget":
            notes.append(f"stopped at ${spent:,.4f}: the next request could pass the budget")
        elif self.asking.stopped == "person":
            notes.append(f"stopped by hand at ${spent:,.4f}")
        return notes + [f"{name}: {told}" for name, some in self._left_out.items() for told in some]

    async def _ask_here(self, jobs: list[Job]) -> None:
        with self.asking.calls.writing():
            try:
                async with asyncio.TaskGroup() as group:
                    for job in jobs:
                        chunks, turn = self._chunks(), asyncio.Lock()
                        for _ in range(_CHUNKS_AT_ONCE):
                            group.create_task(self._label(job, chunks, turn))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None

    async def _chunks(self) -> AsyncIterator[tuple[int, pl.DataFrame]]:
        chunks = self._questions.chunks()
        while (found := await asyncio.to_thread(next, chunks, None)) is not None:
            yield found

    async def _label(
        self, job: Job, chunks: AsyncIterator[tuple[int, pl.DataFrame]], turn: asyncio.Lock
    ) -> None:
        """Label chunks until there are none; the next is begun while the last one drains."""
        while True:
            async with turn:
                found = await anext(chunks, None)
            if found is None:
                return
            number, records = found
            tally = self._keeper.tallies[job.name]
            chunk = await label_chunk(self.asking, self._batches, job, records, tally, turn)
            await asyncio.to_thread(self._keeper.put, job.name, number, chunk)

    async def _report(self, progress: Progress) -> None:
        """Tell how far it is; stop asking once a person wants it."""
        while True:
            try:
                progress(*self._told())
            except StoppedError:
                self.asking.stop("person")
                progress.tell(*self._told())
            await asyncio.sleep(_EVERY_S)

    def _told(self) -> tuple[int, int, str, list[Part]]:
        parts = [self._part(name) for name in self._n_expected]
        n_new = sum(self.asking.n_answered.values())
        spent = [part.usd for part in parts if part.usd is not None]
        projected = [part.projected_usd or part.usd or 0.0 for part in parts]
        whole = Part(
            "all",
            sum(part.done for part in parts),
            sum(part.total for part in parts),
            usd=sum(spent) if spent else None,
            projected_usd=sum(projected) if spent and n_new else None,
            a_second=n_new / (time.monotonic() - self._began) if n_new else None,
        )
        words = ["stopping"] if self.asking.stopped else []
        words += [whole.told]
        words += [f"{p.name}: {counted(p.n_errors, 'error')}" for p in parts if p.n_errors]
        return whole.done, whole.total, " · ".join(words), parts

    def _part(self, name: str) -> Part:
        """How far one annotator is; what is left is likely to cost what the rest did."""
        asking = self.asking
        n_new, spent = asking.n_answered[name], float(asking.spent_usd[name])
        done = self._keeper.tallies[name].n_kept + n_new
        total = max(done, self._n_expected[name])
        is_known = self._is_priced[name]
        return Part(
            name,
            done,
            total,
            usd=spent if is_known else None,
            projected_usd=spent + (total - done) * spent / n_new if is_known and n_new else None,
            a_second=n_new / (time.monotonic() - self._began) if n_new else None,
            n_errors=asking.n_errors[name],
        )
