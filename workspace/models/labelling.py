"""Let language models vote on every record, within a budget; what was paid for is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq

from catalog.errors import InputError, StoppedError
from catalog.votes import VOTE_SCHEMA
from catalog.wording import counted
from curation.llm.consistency import self_agreement
from curation.llm.prices import price_of
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Asked, Stage
from workspace.atomic import digest_of
from workspace.lock import locked
from workspace.models.annotators import chosen
from workspace.models.asking import Asking, Job, StopReason
from workspace.models.calls import Calls, Held, Lost, call_id
from workspace.models.opening import opened
from workspace.models.purse import Purse
from workspace.models.reading import EVIDENCE_SCHEMA, SAMPLE_SCHEMA, Chunk, Tally
from workspace.models.votes import MODEL_VOTES
from workspace.progress import Progress
from workspace.snapshots import Output, Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

RECORDS_A_CHUNK = 1000
MOST_REPAIRED = 0.02
"""The share of repaired votes from which an annotator is flagged."""
_CHUNKS_AT_ONCE = 2
_EVERY_S = 0.2


@dataclass(frozen=True)
class LabelledByModels:
    """What came of asking models.

    Attributes
    ----------
    snapshot
        ``votes`` (`VOTE_SCHEMA`, one a record, question and annotator), ``samples`` (every
        asking, where questions are asked several times) and ``evidences``.
    stopped
        ``budget`` where the next request could have passed it; empty where all was asked.
    spent_usd
        What this run spent; requests whose cost nobody knows count with the most they can cost.
    lost
        What an ended process had left in flight.
    """

    snapshot: Snapshot
    stopped: StopReason
    spent_usd: float
    lost: Lost

    @property
    def figures(self) -> dict[str, Any]:
        """Counts of each annotator."""
        return dict(self.snapshot.figures["annotators"])

    @property
    def notes(self) -> list[str]:
        """Lines to say aloud."""
        return self.snapshot.notes

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "snapshot": self.snapshot.id,
            "stopped": self.stopped or None,
            "spent_usd": self.spent_usd,
            "in_flight_before": {"n_calls": self.lost.n_calls, "most_usd": self.lost.most_usd},
            "annotators": self.figures,
            "notes": self.notes,
        }


def label_with_models(
    workspace: Workspace,
    annotators: Iterable[str] | None = None,
    *,
    budget_usd: float | None,
    resume: bool = False,
    progress: Progress | None = None,
) -> LabelledByModels:
    """Ask language models about every record, and keep their votes for `agree`.

    Answers that were paid for before come out of the cache, whoever paid. Votes of annotators
    that are not asked now stay as they are.

    Parameters
    ----------
    annotators
        Names of ``[annotators.NAME]`` sections; all of them where left out.
    budget_usd
        Never passed, counting what is in flight; None sets no limit.
    resume
        What the last run spent, or can have spent, counts against the budget too.

    Raises
    ------
    InputError
        If an annotator is unknown, its key is missing, or a budget is set and nobody knows its
        price.
    StoppedError
        If a person stopped it; what was in flight is answered and kept.
    """
    wanted = chosen(workspace, annotators)
    require_prices(wanted, budget_usd)
    load = workspace.snapshot("load")
    progress = progress or Progress(workspace.layout.progress, "label")
    with locked(workspace.layout):
        scratch = workspace.layout.scratch / MODEL_VOTES
        workspace.snapshots.sweep()
        scratch.mkdir(parents=True)
        progress.step(MODEL_VOTES)
        started_at = time.time()
        try:
            run = _Run(workspace, load, scratch, budget_usd, resume)
            asyncio.run(run.ask(wanted, progress))
            if run.asking.stopped == "person":
                kept = counted(sum(run.asking.n_answered.values()), "new answer")
                raise StoppedError(
                    f"stopped; {kept} for ${run.asking.purse.spent_usd:,.4f} are in the cache. Go on "
                    "with --resume."
                )
            snapshot = run.keep(wanted, started_at)
        finally:
            progress.close()
    spent = sum(run.asking.spent_usd.values())
    return LabelledByModels(snapshot, run.asking.stopped, spent, run.lost)


def require_prices(annotators: dict[str, ModelAnnotator], budget_usd: float | None) -> None:
    """Refuse a budget for what nobody can count."""
    for name, one in annotators.items():
        if budget_usd is not None and price_of(one) is None:
            raise InputError(
                f"annotators.{name}: no price is known for {one.model!r}"
                f"{f' at {one.base_url}' if one.base_url else ''}, so no budget can be kept. Set "
                f"[annotators.{name}.price], with 0 for both where it costs nothing."
            )


class _Run:
    def __init__(
        self,
        workspace: Workspace,
        load: Snapshot,
        scratch: Path,
        budget_usd: float | None,
        resume: bool,
    ) -> None:
        self._workspace, self._load, self._scratch = workspace, load, scratch
        calls = Calls(workspace.database)
        self.lost = calls.settle_lost()
        last = calls.last_job() if resume else None
        job_id, spent = last or (call_id(), 0.0)
        self.asking = Asking(calls, Purse(budget_usd, spent), job_id)
        self._tallies: dict[str, Tally] = {}
        self._run_ids: dict[str, str] = {}
        self._n_expected = 0
        self._began = time.monotonic()

    async def ask(self, wanted: dict[str, ModelAnnotator], progress: Progress) -> None:
        """Ask all annotators at the same time."""
        async with opened(self._workspace, wanted) as jobs:
            n_records = self._load.counts["records"]
            for job in jobs:
                self._tallies[job.name] = Tally()
                self._run_ids[job.name] = job.run_id
                self._n_expected += n_records * len(job.stages) * job.settings.samples
            with self.asking.calls.writing():
                reporter = asyncio.create_task(self._report(progress))
                try:
                    async with asyncio.TaskGroup() as group:
                        for job in jobs:
                            chunks, turn = self._chunks(), asyncio.Lock()
                            for _ in range(_CHUNKS_AT_ONCE):
                                group.create_task(self._label(job, chunks, turn))
                except ExceptionGroup as errors:
                    raise errors.exceptions[0] from None
                finally:
                    reporter.cancel()

    async def _chunks(self) -> AsyncIterator[tuple[int, pl.DataFrame]]:
        batches = pq.ParquetFile(self._load.path("records")).iter_batches(RECORDS_A_CHUNK)
        number = 0
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            yield number, pl.DataFrame(pl.from_arrow(batch))
            number += 1

    async def _label(
        self, job: Job, chunks: AsyncIterator[tuple[int, pl.DataFrame]], turn: asyncio.Lock
    ) -> None:
        """Label chunks until there are none; the next is begun while the last one drains."""
        while self.asking.stopped != "person":
            async with turn:
                found = await anext(chunks, None)
            if found is None:
                return
            number, records = found
            chunk = Chunk(job.name, job.run_id)
            for stage in job.stages:
                async with turn:
                    asked = await asyncio.to_thread(_asked, stage, records, chunk)
                answers = await self._answers(job, stage, asked)
                await asyncio.to_thread(chunk.read, stage, answers, self._tallies[job.name])
            await asyncio.to_thread(self._put, job.name, number, chunk)

    async def _answers(
        self, job: Job, stage: Stage, asked: list[Asked]
    ) -> list[tuple[Asked, Held]]:
        tally = self._tallies[job.name]
        keys = [one.request.key for one in asked]
        held = await asyncio.to_thread(self.asking.calls.held, keys)
        missing = [one for one in asked if one.request.key not in held]
        tally.n_requests += len(asked)
        tally.n_kept += len(asked) - len(missing)
        new = await asyncio.gather(*(self.asking.answer(job, stage.name, one) for one in missing))
        found = {
            **held,
            **{one.request.key: h for one, h in zip(missing, new, strict=True) if h is not None},
        }
        answers = [(one, found[one.request.key]) for one in asked if one.request.key in found]
        tally.n_missing += len(asked) - len(answers)
        return answers

    def _put(self, name: str, number: int, chunk: Chunk) -> None:
        votes, samples = chunk.votes(), chunk.samples()
        self._tallies[name].count_votes(votes)
        self._tallies[name].n_repaired += chunk.n_repaired
        beside = self._scratch / f"{name}.{number:08}"
        votes.write_parquet(f"{beside}.votes.parquet")
        if samples["sample"].max():
            samples.write_parquet(f"{beside}.samples.parquet")
        evidences = chunk.evidences()
        if evidences.height:
            evidences.write_parquet(f"{beside}.evidences.parquet")

    async def _report(self, progress: Progress) -> None:
        """Tell how far it is; stop asking once a person wants it."""
        while True:
            try:
                progress(*self._told())
            except StoppedError:
                self.asking.stop("person")
                return
            await asyncio.sleep(_EVERY_S)

    def _told(self) -> tuple[int, int, str]:
        asking = self.asking
        n_kept = sum(tally.n_kept for tally in self._tallies.values())
        n_new = sum(asking.n_answered.values())
        done = n_kept + n_new
        spent = sum(asking.spent_usd.values())
        words = [f"${spent:,.4f}"]
        if n_new:
            left = max(0, self._n_expected - done)
            words.append(f"of about ${spent + left * spent / n_new:,.2f}")
            words.append(f"{n_new / (time.monotonic() - self._began):,.0f} a second")
        words += [f"{name}: {counted(n, 'error')}" for name, n in asking.n_errors.items() if n]
        return done, max(done, self._n_expected), " · ".join(words)

    def keep(self, wanted: dict[str, ModelAnnotator], started_at: float) -> Snapshot:
        """Write the votes of these annotators beside those of the others."""
        before = self._workspace.snapshots.current(MODEL_VOTES)
        others = {}
        if before is not None:
            others = {
                name: told
                for name, told in before.figures["annotators"].items()
                if name in self._workspace.settings.annotators and name not in wanted
            }
        tables = {
            table: self._table(table, schema, wanted, before, others)
            for table, schema in (
                ("votes", VOTE_SCHEMA), ("samples", SAMPLE_SCHEMA), ("evidences", EVIDENCE_SCHEMA),
            )
        }  # fmt: skip
        made = {name: self._figures(name, tables["samples"]) for name in wanted}
        figures = {"annotators": {**others, **made}}
        return self._workspace.snapshots.write(
            MODEL_VOTES,
            Output(tables, figures, self._notes(made)),
            fingerprint=digest_of([self._load.id, self._run_ids]),
            inputs={"load": self._load.id},
            settings={name: one.model_dump(mode="json") for name, one in wanted.items()},
            started_at=started_at,
        )

    def _table(
        self,
        table: str,
        schema: pl.Schema,
        wanted: dict[str, ModelAnnotator],
        before: Snapshot | None,
        others: dict[str, Any],
    ) -> pl.LazyFrame:
        parts = [pl.LazyFrame(schema=schema)]
        if before is not None and others:
            parts.append(before.scan(table).filter(pl.col("annotator_id").is_in(list(others))))
        for name in wanted:
            files = sorted(self._scratch.glob(f"{name}.????????.{table}.parquet"))
            if files:
                parts.append(pl.scan_parquet(files))
        return pl.concat(parts)

    def _figures(self, name: str, samples: pl.LazyFrame) -> dict[str, Any]:
        own = samples.filter(annotator_id=name).collect()
        return {
            "run_id": self._run_ids[name],
            "load": self._load.id,
            **self._tallies[name].figures(),
            "self_agreement": self_agreement(own).as_json() if own.height else None,
            "rejected": self.asking.rejected.get(name),
        }

    def _notes(self, made: dict[str, dict[str, Any]]) -> list[str]:
        notes = []
        if self.lost.n_calls:
            told = counted(self.lost.n_calls, "request")
            unpriced = " and what has no price" if self.lost.n_unpriced else ""
            notes.append(
                f"{told} of an ended process were in flight and may have cost up to "
                f"${self.lost.most_usd:,.4f}{unpriced}"
            )
        if self.asking.stopped == "budget":
            spent = self.asking.purse.spent_usd
            notes.append(f"stopped at ${spent:,.4f}: the next request could pass the budget")
        for name, told_of in made.items():
            if told_of["rejected"]:
                notes.append(f"{name} was not asked further: {told_of['rejected']}")
            if told_of["n_missing"]:
                notes.append(f"{name}: {counted(told_of['n_missing'], 'request')} not asked")
            if told_of["n_failed"]:
                notes.append(f"{name}: {counted(told_of['n_failed'], 'request')} without an answer")
            share = told_of["repaired_share"]
            if share is not None and share > MOST_REPAIRED:
                notes.append(f"{name}: {share:.1%} of its votes were repaired; look at its prompt")
        return notes


def _asked(stage: Stage, records: pl.DataFrame, chunk: Chunk) -> list[Asked]:
    asked = list(stage.ask(records, chunk.votes()))
    for one in asked:
        _ = one.request.key
    return asked
