"""Collect batches that have ended, from any machine that shares the database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.errors import InputError, StoppedError, WorkspaceError
from catalog.wording import counted
from curation.llm.prices import ModelPrice, price_of
from curation.llm.providers import make_batches
from curation.llm.providers.batches import BatchReplies
from curation.llm.requests import BusyError, RejectedError, Reply
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Asked, Stage
from workspace.lock import locked
from workspace.models.annotators import chosen, run_id_of
from workspace.models.batch_store import BROKEN, HANDING_IN, LOST, BatchStore, OpenBatch
from workspace.models.calls import Calls, done
from workspace.models.chunks import ROWS_WITH_PICTURES
from workspace.models.cut_off import look_up
from workspace.models.keeping import VoteKeeper, record_chunks
from workspace.models.reading import Chunk, Tally
from workspace.models.retrying import followed
from workspace.models.stages import stages_for
from workspace.models.votes import MODEL_VOTES
from workspace.progress import Progress
from workspace.snapshots import Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

EVERY_S = 60.0
"""The longest wait before asking again whether a batch has ended."""
_SOON_S = 2.0
"""The first wait, and the first after one has ended; each further one is twice as long."""
_TICK_S = 0.2
_AT_WORK = "at work"
_LEFT = (_AT_WORK, "not reached", HANDING_IN)
"""What is to be collected later."""
GIVEN_UP = "given up by hand"


@dataclass(frozen=True)
class CollectedBatch:
    """What came of one batch.

    Attributes
    ----------
    state
        ``collected``, ``failed``, ``at work``, ``handing in``, ``elsewhere`` (another machine has
        just collected it), or ``not reached`` where its provider did not say; ``error`` is why.
    n_answers, n_failed, n_lost
        Requests with an answer, without one, and of which nothing was said. What is not answered
        is handed in again by the next ``label --batch``.
    cost_usd
        None where nobody knows the price.
    """

    batch_id: str
    annotator: str
    state: str
    n_answers: int = 0
    n_failed: int = 0
    n_lost: int = 0
    cost_usd: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Collected:
    """What was collected.

    Attributes
    ----------
    batches
        One entry a batch that was not collected before.
    snapshot
        The votes that are here now; None where there is nothing new.
    notes
        Lines to say aloud: what went wrong, and what comes next.
    """

    batches: list[CollectedBatch]
    snapshot: Snapshot | None
    notes: list[str]

    @property
    def n_at_work(self) -> int:
        """Batches that are to be collected later."""
        return sum(one.state in _LEFT for one in self.batches)

    @property
    def cost_usd(self) -> float:
        """What the collected answers cost, where a price is known."""
        return sum(one.cost_usd or 0.0 for one in self.batches)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "batches": [asdict(one) for one in self.batches],
            "n_at_work": self.n_at_work,
            "cost_usd": self.cost_usd,
            "snapshot": None if self.snapshot is None else self.snapshot.id,
            "annotators": {} if self.snapshot is None else self.snapshot.figures["annotators"],
            "notes": self.notes,
        }


def collect(
    workspace: Workspace,
    annotators: Iterable[str] | None = None,
    *,
    wait: bool = False,
    every_s: float = EVERY_S,
    progress: Progress | None = None,
) -> Collected:
    """Collect the batches that have ended, and keep the votes that are here.

    Every answer is in the cache before it is used. Who collects a batch at the same time on
    another machine gets the same votes, and nothing is counted twice.

    Parameters
    ----------
    annotators
        Whose batches; all where left out, also of annotators that are no longer declared.
    wait
        Ask again until all have ended. Stopping it keeps what was collected.
    every_s
        The most seconds between two times of asking; the first follow sooner.

    Raises
    ------
    InputError
        If an annotator is unknown.
    StoppedError
        If a person stopped it; what was collected is kept, and so are its votes.
    """
    names = None if annotators is None else list(chosen(workspace, annotators))
    progress = progress or Progress(workspace.layout.progress, "label --collect")
    store = BatchStore(workspace.database)
    try:
        found, notes, is_stopped = collect_batches(
            store, names, every_s if wait else None, progress
        )
        wanted = _voters(workspace, store, names)
        is_new = any(one.n_answers for one in found)
        snapshot = None
        if wanted and (is_new or not _is_current(workspace, store, wanted)):
            with contextlib.ExitStack() as held:
                try:
                    held.enter_context(locked(workspace.layout))
                except WorkspaceError:  # not needed to collect, but to write the votes
                    notes.append(
                        "another goldshelf is at work here: what was collected is kept, and the "
                        "next `label --collect` reads the votes"
                    )
                else:
                    snapshot = _keep(workspace, store, wanted, notes, progress)
        made = Collected(found, snapshot, [])
        if is_stopped:
            raise StoppedError(
                f"stopped; {counted(made.n_at_work, 'batch', 'batches')} to collect later. What was "
                "collected is kept."
            )
        return replace(
            made,
            notes=(notes if snapshot is None else snapshot.notes) + _next(workspace, made, wanted),
        )
    finally:
        progress.close()


def collect_batches(
    store: BatchStore, names: list[str] | None, every_s: float | None, progress: Progress
) -> tuple[list[CollectedBatch], list[str], bool]:
    """Take the answers of all batches that have ended into the cache.

    Parameters
    ----------
    every_s
        The most seconds between two times of asking until all have ended; None to ask once.

    Returns
    -------
    What came of each batch, lines to say aloud, and whether a person stopped it.
    """
    progress.step("batches")
    found: dict[str, CollectedBatch] = {}
    cut_off: dict[str, str] = {}
    is_stopped = asyncio.run(_all(store, names, found, cut_off, progress, every_s))
    notes = list(cut_off.values())
    notes += [
        f"{one.annotator}, batch {one.batch_id}: {one.error}"
        for one in found.values()
        if one.error is not None
    ]
    return list(found.values()), notes, is_stopped


def give_up(workspace: Workspace, batch_id: str) -> None:
    """Close a batch that nobody can collect any more, so that its requests are asked again.

    Parameters
    ----------
    batch_id
        Ours or the provider's.

    Raises
    ------
    InputError
        If no such batch is open.
    """
    store = BatchStore(workspace.database)
    open_batches = store.open()
    for one in open_batches:
        if batch_id in (one.batch_id, one.remote_id) and store.close(
            one.batch_id, LOST, GIVEN_UP, None
        ):
            return
    names = ", ".join(one.remote_id or one.batch_id for one in open_batches) or "none"
    raise InputError(f"no batch {batch_id!r} is to be collected. Open batches: {names}.")


async def _all(
    store: BatchStore,
    names: list[str] | None,
    found: dict[str, CollectedBatch],
    cut_off: dict[str, str],
    progress: Progress,
    every_s: float | None,
) -> bool:
    """Look after all open batches, again and again if wanted; whether a person stopped it."""
    n_ended, wait_s = 0, _SOON_S / 2
    while True:
        cut_off |= await look_up(store)
        still_open = store.open(names)
        for one in still_open:
            try:
                progress(len(found), max(len(found), len(still_open)), one.told)
            except StoppedError:
                return True
            told = await _one(store, one)
            found[one.batch_id] = replace(told, batch_id=one.remote_id or one.batch_id)
        is_left = any(one.batch_id in found for one in store.open(names))
        if every_s is None or not is_left:
            return False
        n_before, n_ended = n_ended, sum(one.state not in _LEFT for one in found.values())
        wait_s = _SOON_S if n_ended > n_before else 2 * wait_s
        due = time.monotonic() + min(wait_s, every_s)
        while time.monotonic() < due:
            try:
                progress(n_ended, len(found), "waiting for the others")
            except StoppedError:
                return True
            await asyncio.sleep(min(_TICK_S, every_s))


async def _one(store: BatchStore, one: OpenBatch) -> CollectedBatch:
    if one.remote_id is None:
        return CollectedBatch(one.batch_id, one.annotator, HANDING_IN)
    settings = one.settings
    try:
        batches = make_batches(settings, os.environ.get(settings.key_name))
        try:
            state = await batches.state(one.remote_id)
            replies = await batches.collect(one.remote_id) if state.state == "ended" else None
        finally:
            await batches.close()
    except (BusyError, RejectedError) as error:
        hint = ""
        if "(404)" in str(error):
            hint = f" If it is gone for good: `label --collect --give-up {one.remote_id}`."
        return CollectedBatch(one.batch_id, one.annotator, "not reached", error=f"{error}{hint}")
    if replies is not None:
        return await asyncio.to_thread(_taken, store, one, replies)
    if state.state == "running":
        return CollectedBatch(one.batch_id, one.annotator, _AT_WORK)
    n, _ = store.size(one.batch_id)
    why = f"failed as a whole: {state.error or 'no reason given'}"
    if not store.close(one.batch_id, BROKEN, why, 0.0):
        return CollectedBatch(one.batch_id, one.annotator, "elsewhere")
    return CollectedBatch(one.batch_id, one.annotator, BROKEN, n_failed=n, cost_usd=0.0, error=why)


def _taken(store: BatchStore, one: OpenBatch, replies: BatchReplies) -> CollectedBatch:
    """Write the replies of a batch into its calls."""
    price = price_of(one.settings)
    answers = {
        key: done(replace(reply, latency_s=None), _cost(price, reply))
        for key, reply in replies.replies.items()
    }
    failed = {key: reply.error or "no reason given" for key, reply in replies.failed.items()}
    if not store.collect(one.batch_id, answers, failed):
        return CollectedBatch(one.batch_id, one.annotator, "elsewhere")
    n, _ = store.size(one.batch_id)
    cost = None if price is None else sum(answer["cost_usd"] for answer in answers.values())
    n_lost = max(0, n - len(answers) - len(failed))
    why = next(iter(failed.values()), None)
    told = f"{counted(len(failed) + n_lost, 'request')} without an answer, such as: {why}"
    return CollectedBatch(
        one.batch_id,
        one.annotator,
        "collected",
        len(answers),
        len(failed),
        n_lost,
        cost,
        told if failed else f"{counted(n_lost, 'request')} without an answer" if n_lost else None,
    )


def _cost(price: ModelPrice | None, reply: Reply) -> float | None:
    return None if price is None else price.batch_usd(reply.n_tokens_in, reply.n_tokens_out)


def _voters(
    workspace: Workspace, store: BatchStore, names: list[str] | None
) -> dict[str, ModelAnnotator]:
    """The annotators whose votes are kept: the named ones, else all that ever had a batch."""
    if workspace.snapshots.current("load") is None:
        return {}
    declared = workspace.settings.annotators
    had = names if names is not None else store.annotators()
    return {name: one for name, one in declared.items() if name in had}


def _is_current(workspace: Workspace, store: BatchStore, wanted: dict[str, ModelAnnotator]) -> bool:
    """Whether the votes that are kept are those that keeping them again would give."""
    snapshot = workspace.snapshots.current(MODEL_VOTES)
    if snapshot is None:
        return False
    closed_at = store.last_closed(wanted)
    if closed_at is not None and closed_at.isoformat() > snapshot.manifest["created_at"]:
        return False
    figures = snapshot.figures["annotators"]
    load, taxonomy, n_waiting = workspace.snapshot("load"), workspace.taxonomy(), store.n_waiting()
    return all(
        name in figures
        and figures[name]["load"] == load.id
        and figures[name]["run_id"] == run_id_of(one, taxonomy)
        and figures[name].get("n_waiting", 0) == n_waiting.get(name, 0)
        for name, one in wanted.items()
    )


def _keep(
    workspace: Workspace,
    store: BatchStore,
    wanted: dict[str, ModelAnnotator],
    notes: list[str],
    progress: Progress,
) -> Snapshot:
    """Read the votes out of all answers that are here, and write them."""
    load = workspace.snapshot("load")
    taxonomy = workspace.taxonomy()
    calls = Calls(workspace.database)
    started_at = time.time()
    scratch = workspace.layout.scratch / MODEL_VOTES
    workspace.snapshots.sweep()
    scratch.mkdir(parents=True)
    keeper = VoteKeeper(workspace, load, scratch)
    total = load.counts["records"] * len(wanted)
    n_done = 0
    progress.step(MODEL_VOTES)
    for name, one in wanted.items():
        run_id = run_id_of(one, taxonomy)
        tally, stages = keeper.begin(name, run_id), stages_for(workspace, one)
        for number, records in record_chunks(load):
            progress.tell(n_done, total, name)
            n_done += records.height
            chunk = Chunk(name, run_id)
            rows = ROWS_WITH_PICTURES if one.images else max(1, records.height)
            for some in records.iter_slices(rows):
                _read(calls, store, one, stages, some, chunk, tally)
            keeper.put(name, number, chunk)
    return keeper.keep(wanted, started_at, notes=notes)


def _read(
    calls: Calls,
    store: BatchStore,
    one: ModelAnnotator,
    stages: list[Stage],
    records: pl.DataFrame,
    chunk: Chunk,
    tally: Tally,
) -> None:
    """Read the votes on some records, as far as the answers are here."""
    for stage in stages:
        asked = list(stage.ask(records, chunk.votes()))
        keys = [each.request.key for each in asked]
        held = calls.held(keys)
        open_ids = {a.record_id for a in asked if a.request.key not in held}
        answers = [(a, held[key]) for key, a in zip(keys, asked, strict=True) if key in held]
        at_work = store.waiting([key for key in keys if key not in held])
        n_waiting = sum(key in at_work for key in keys)
        tally.n_requests += len(asked)
        tally.n_kept += len(answers)
        tally.n_waiting += n_waiting
        tally.n_missing += len(asked) - len(answers) - n_waiting
        answers, due = followed(one, stage, answers, calls.held)
        chunk.read(stage, answers, tally)
        _count_due(store, list(due.values()), tally)
        open_ids |= {again.record_id for again in due.values()}
        if open_ids:  # what rests on an answer is no question before it is here
            is_open = pl.col("record_id").is_in(list(open_ids))
            records = records.filter(~is_open)


def _count_due(store: BatchStore, due: list[Asked], tally: Tally) -> None:
    """Count what is to be asked again, since its answer was of no use."""
    keys = [again.request.key for again in due]
    n_waiting = len(store.waiting(keys))
    tally.n_requests += len(keys)
    tally.n_waiting += n_waiting
    tally.n_missing += len(keys) - n_waiting


def _next(workspace: Workspace, made: Collected, wanted: dict[str, ModelAnnotator]) -> list[str]:
    """What comes next."""
    told = []
    if made.n_at_work:
        n = counted(made.n_at_work, "batch", "batches")
        told.append(f"{n} still at work: `label --collect` again later")
    kept = workspace.snapshots.current(MODEL_VOTES)
    figures = {} if kept is None else kept.figures["annotators"]
    n_missing = sum(figures[name]["n_missing"] for name in wanted if name in figures)
    if n_missing:
        told.append(f"{counted(n_missing, 'request')} can be asked now: `label --batch` again")
    return told
