"""Hand requests in as batches, in parts; each part is written down before it goes out."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.errors import StoppedError
from catalog.wording import counted
from curation.llm.pace import Pace
from curation.llm.prices import ModelPrice, price_of
from curation.llm.providers import make_batches
from curation.llm.providers.batches import Batches
from curation.llm.providers.parts import PartLimits, most_bytes, part_limits
from curation.llm.requests import BusyError, RejectedError
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Asked, Stage
from curation.llm.tokens import most_tokens_in
from workspace.lock import locked
from workspace.models.annotators import chosen
from workspace.models.asking import StopReason, sent
from workspace.models.batch_store import REFUSED, BatchStore
from workspace.models.calls import Calls, call_id, now
from workspace.models.chunks import ROWS_WITH_PICTURES
from workspace.models.cut_off import look_up
from workspace.models.labelling import require_prices
from workspace.models.purse import OutOfBudgetError, Purse
from workspace.models.questionnaire import Questionnaire, of_catalog
from workspace.models.reading import Chunk, Tally
from workspace.models.retrying import followed
from workspace.progress import Progress

if TYPE_CHECKING:
    import polars as pl

    from workspace.workspace import Workspace

_LONGEST_REST_S = 600.0


@dataclass
class HandedInBy:
    """What was handed in for one annotator.

    Attributes
    ----------
    n_requests
        All that can be asked now: ``n_kept`` have their answer here, ``n_waiting`` are in
        batches at work since before, ``n_handed_in`` went into ``n_batches`` new ones.
    n_resting
        Records with further questions, which rest on answers that are not here yet.
    most_usd
        What the new batches can cost at most; None where nobody knows the price.
    rejected
        Why it was not handed in further.
    """

    n_requests: int = 0
    n_kept: int = 0
    n_waiting: int = 0
    n_handed_in: int = 0
    n_batches: int = 0
    n_resting: int = 0
    most_usd: float | None = 0.0
    rejected: str | None = None

    def trouble(self, name: str) -> str:
        """Why it was not handed in further, as a line says it."""
        return f"{name} was not handed in further: {self.rejected}"


@dataclass(frozen=True)
class HandedIn:
    """What was handed in.

    Attributes
    ----------
    stopped
        ``budget`` where the next request could have passed it.
    notes
        Lines to say aloud.
    """

    annotators: dict[str, HandedInBy]
    stopped: StopReason
    notes: list[str]

    @property
    def troubles(self) -> list[str]:
        """Why annotators were not handed in further; these are among the notes."""
        return [one.trouble(name) for name, one in self.annotators.items() if one.rejected]

    @property
    def n_handed_in(self) -> int:
        """Requests of all annotators."""
        return sum(one.n_handed_in for one in self.annotators.values())

    @property
    def most_usd(self) -> float:
        """What the new batches can cost at most, where a price is known."""
        return sum(one.most_usd or 0.0 for one in self.annotators.values())

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "stopped": self.stopped or None,
            "n_handed_in": self.n_handed_in,
            "most_usd": self.most_usd,
            "annotators": {name: asdict(one) for name, one in self.annotators.items()},
            "notes": self.notes,
        }


def hand_in(
    workspace: Workspace,
    annotators: Iterable[str] | None = None,
    *,
    budget_usd: float | None,
    resume: bool = False,
    limits: PartLimits | None = None,
    questions: Questionnaire | None = None,
    progress: Progress | None = None,
) -> HandedIn:
    """Hand in all that language models can be asked about every record now.

    What has an answer, or is in a batch at work, is not handed in again. Questions that rest on
    an answer, such as attributes on the category, come once that answer is collected.

    Parameters
    ----------
    annotators
        Names of ``[annotators.NAME]`` sections; all of them where left out.
    budget_usd
        Never passed, with every batch at work counted at the most that it can cost; None sets
        no limit.
    resume
        What the last run spent, or can have spent, counts against the budget too.
    limits
        The size of the parts; what the provider allows where left out (`part_limits`).
    questions
        What is asked about which records; the catalog, as the settings say, where left out.

    Raises
    ------
    InputError
        If an annotator is unknown, or a budget is set and nobody knows its price.
    StoppedError
        If a person stopped it; what was handed in stays so.
    """
    wanted = chosen(workspace, annotators)
    require_prices(wanted, budget_usd)
    questions = questions or of_catalog(workspace)
    progress = progress or Progress(workspace.layout.progress, "label --batch")
    with locked(workspace.layout):
        progress.step("batches")
        try:
            run = _HandingIn(workspace, questions, budget_usd, resume, limits)
            return asyncio.run(run.all_of(wanted, progress))
        finally:
            progress.close()


@dataclass
class _Annotator:
    """One annotator on its way in."""

    name: str
    settings: ModelAnnotator
    price: ModelPrice | None
    batches: Batches
    stages: list[Stage]
    limits: PartLimits
    errors: list[str]
    told: HandedInBy
    part: dict[str, tuple[str, Asked, float | None]] = field(default_factory=dict)
    n_bytes: int = 0

    def most_usd(self, asked: Asked) -> float | None:
        if self.price is None:
            return None
        return self.price.batch_usd(most_tokens_in(asked.request), asked.request.max_tokens)

    def is_full_for(self, n_bytes: int) -> bool:
        if not self.part:
            return False
        is_over = self.n_bytes + n_bytes > self.limits.n_bytes
        return is_over or len(self.part) >= self.limits.n_requests

    def take(self, question: str, asked: Asked, n_bytes: int, most: float | None) -> None:
        self.part[asked.request.key] = (question, asked, most)
        self.n_bytes += n_bytes


class _HandingIn:
    def __init__(
        self,
        workspace: Workspace,
        questions: Questionnaire,
        budget_usd: float | None,
        resume: bool,
        limits: PartLimits | None,
    ) -> None:
        self._questions, self._limits = questions, limits
        self._budget_usd, self._resume = budget_usd, resume
        self._store, self._calls = (
            BatchStore(workspace.database),
            Calls(workspace.database, workspace.layout.answers),
        )
        self._notes: list[str] = []
        self._told: dict[str, HandedInBy] = {}
        self._stopped: StopReason = ""

    async def all_of(self, wanted: dict[str, ModelAnnotator], progress: Progress) -> HandedIn:
        """Hand in for each annotator, one after the other."""
        cut_off = await look_up(self._store)
        self._notes += [*cut_off.values(), *self._calls.settle_lost().notes]
        last = self._calls.last_job() if self._resume else None
        self._job_id, spent = last or (call_id(), 0.0)
        at_work = self._store.most_usd(except_job=self._job_id)
        self._purse = Purse(self._budget_usd, spent, at_work)
        n_records = self._questions.n_records
        with self._calls.writing():
            for number, (name, settings) in enumerate(wanted.items()):
                if self._stopped:
                    break
                try:
                    await self._one(name, settings, progress, number * n_records, len(wanted))
                except RejectedError as error:
                    self._told[name].rejected = str(error)
                except StoppedError:
                    n_handed_in = sum(one.n_handed_in for one in self._told.values())
                    raise StoppedError(
                        f"stopped; {counted(n_handed_in, 'request')} handed in. Collect the "
                        "answers once they are there."
                    ) from None
        return HandedIn(self._told, self._stopped, self._notes + self._told_all())

    async def _one(
        self, name: str, settings: ModelAnnotator, progress: Progress, n_before: int, n_all: int
    ) -> None:
        told = self._told[name] = HandedInBy()
        batches = make_batches(settings, os.environ.get(settings.key_name))
        try:
            stages = await asyncio.to_thread(self._questions.stages, settings)
            price = price_of(settings)
            limits = self._limits or part_limits(settings.provider)
            errors = self._store.errors(settings)
            one = _Annotator(name, settings, price, batches, stages, limits, errors, told)
            told.most_usd = None if price is None else 0.0
            run_id = self._questions.run_id(settings)
            total = self._questions.n_records * n_all
            for _, records in self._questions.chunks():
                progress(n_before, total, f"{name}: {told.n_handed_in:,} requests handed in")
                rows = ROWS_WITH_PICTURES if settings.images else max(1, records.height)
                for some in records.iter_slices(rows):
                    await self._chunk(one, Chunk(name, run_id), some)
                n_before += records.height
                if self._stopped:
                    break
            await self._send(one)
        finally:
            await batches.close()

    async def _chunk(self, one: _Annotator, chunk: Chunk, records: pl.DataFrame) -> None:
        """Take the requests of some records that have no answer, and are in no batch."""
        for stage in one.stages:
            asked = list(stage.ask(records, chunk.votes()))
            keys = [each.request.key for each in asked]
            held = self._calls.held(keys)
            answers = [(a, held[key]) for key, a in zip(keys, asked, strict=True) if key in held]
            answers, due = followed(one.settings, stage, answers, self._calls.held)
            asked += due.values()
            keys += [each.request.key for each in due.values()]
            at_work = self._store.waiting([key for key in keys if key not in held])
            at_work |= one.part.keys()
            one.told.n_requests += len(asked)
            open_ids = set()
            for key, each in zip(keys, asked, strict=True):
                if key in held:
                    one.told.n_kept += 1
                    continue
                open_ids.add(each.record_id)
                if key in at_work:
                    one.told.n_waiting += 1
                elif not self._stopped:
                    at_work.add(key)
                    await self._take(one, stage.name, each)
            chunk.read(stage, answers, Tally())
            if open_ids and stage is not one.stages[-1]:
                one.told.n_resting += len(open_ids)
                is_open = records["record_id"].is_in(list(open_ids))
                records = records.filter(~is_open)

    async def _take(self, one: _Annotator, question: str, asked: Asked) -> None:
        """Put a request into the part, which goes out before it is too large."""
        n_bytes, most = most_bytes(asked.request), one.most_usd(asked)
        if one.is_full_for(n_bytes):
            await self._send(one)
        try:
            await self._purse.reserve(most or 0.0)
        except OutOfBudgetError:
            self._stopped = "budget"
            return
        # Nothing of a batch is paid before it is collected: until then the most counts.
        await self._purse.settle(most or 0.0, most or 0.0)
        one.take(question, asked, n_bytes, most)

    async def _send(self, one: _Annotator) -> None:
        """Write a part down, hand it in, write down what it is called there."""
        if not one.part:
            return
        part, one.part, one.n_bytes = one.part, {}, 0
        batch_id = call_id()
        at = time.time_ns()
        rows = [
            {
                **sent(one.name, self._job_id, question, asked, most),
                "call_id": f"{at + n:016x}{batch_id[16:]}",
                "batch_id": batch_id,
                "sender_id": self._calls.sender_id,
            }
            for n, (question, asked, most) in enumerate(part.values())
        ]
        settings = one.settings
        self._store.add(
            {
                "batch_id": batch_id,
                "provider": settings.provider,
                "model": settings.model,
                "base_url": settings.base_url,
                "annotator": one.name,
                "submitted_at": now(),
                "sender_id": self._calls.sender_id,
                "settings": settings.model_dump(mode="json"),
            },
            rows,
        )
        requests = [asked.request for _, asked, _ in part.values()]
        most_usd = sum(most or 0.0 for *_, most in part.values())
        one.batches.learn(requests[0], one.errors)
        try:
            remote_id = await self._submitted(one, requests, batch_id)
        except (BusyError, RejectedError) as error:
            if isinstance(error, BusyError) and error.was_billed:
                n = counted(len(part), "request")
                raise RejectedError(
                    f"{error}: {n} may have been handed in; the next call looks for them"
                ) from None
            self._store.close(batch_id, REFUSED, str(error), 0.0)
            self._purse.spent_usd -= most_usd
            raise RejectedError(str(error)) from None
        self._store.handed_in(batch_id, remote_id)
        one.told.n_handed_in += len(part)
        one.told.n_batches += 1
        if one.told.most_usd is not None:
            one.told.most_usd += most_usd

    async def _submitted(self, one: _Annotator, requests: list[Any], batch_id: str) -> str:
        """The provider's name for a batch; asked again while the provider is busy."""
        pace, n = Pace.of(one.settings), 0
        while True:
            try:
                return await one.batches.submit(requests, batch_id)
            except BusyError as error:
                n += 1
                if error.was_billed or n >= one.settings.max_tries:
                    raise
                wait_s = pace.wait_after(n) if error.retry_after_s is None else error.retry_after_s
            await asyncio.sleep(min(wait_s, _LONGEST_REST_S))
            self._store.going_out(batch_id)

    def _told_all(self) -> list[str]:
        notes = []
        if self._stopped == "budget":
            notes.append(
                "stopped before the budget could be passed, with each batch at work counted at the "
                "most that it can cost"
            )
        for name, one in self._told.items():
            if one.rejected:
                notes.append(one.trouble(name))
            if one.n_waiting:
                told = counted(one.n_waiting, "request")
                notes.append(f"{name}: {told} in batches already, or the same as another")
            if one.n_resting:
                told = counted(one.n_resting, "record")
                notes.append(
                    f"{name}: further questions on {told} rest on answers that are not here yet: "
                    "`label --batch` again once these are collected"
                )
        return notes
