"""What asking the models would take: requests, tokens, dollars and time, before any is spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from catalog.wording import counted
from curation.llm.hostile import rows_that_order
from curation.llm.prices import ModelPrice, price_of
from curation.llm.retries import most_tries
from curation.llm.settings import ModelAnnotator
from curation.llm.stages import Asked, Stage
from curation.llm.tokens import (
    CHARACTERS_PER_TOKEN,
    likely_tokens_in,
    likely_tokens_out,
    most_tokens_in,
)
from workspace.database.tables import Call
from workspace.models.annotators import chosen
from workspace.models.batch_store import BatchStore
from workspace.models.calls import DONE, Calls, Held
from workspace.models.offering import Offered, offered
from workspace.models.questionnaire import Questionnaire, of_catalog
from workspace.models.reading import Chunk, Tally
from workspace.models.retrying import followed

if TYPE_CHECKING:
    from workspace.workspace import Workspace

MOST_ROWS = 20_000
"""Larger catalogs are planned from that many rows, evenly drawn."""
MOST_ROWS_WITH_PICTURES = 2000
"""The same where pictures are shown, which take some milliseconds each to make small."""
_ROWS_A_CHUNK = 2000
_ENOUGH = 20
"""Answers from which what was seen of a model counts more than a rule of thumb."""
_ONCE = 1.0
_ASSUMED_LATENCY_S = 2.0


@dataclass(frozen=True)
class Planned:
    """What one annotator would take.

    Attributes
    ----------
    n_requests, n_cached
        All requests, and those whose answer is here and costs nothing.
    n_estimated
        Requests that rest on answers that nobody has yet: their prompts will differ.
    n_waiting
        Requests that are in batches at work; they are not counted below.
    n_tokens_in, n_tokens_out
        To be expected of what is not in the cache, with the tries that follow answers of no use.
    tries
        How often a question is put until its answer will do, as the answers that are here tell;
        None where fewer than 20 are: then one try is expected.
    cost_usd, batch_usd, most_usd
        To be expected online and as a batch, and what no run can pass if each request, and each
        that follows an answer of no use, is sent once; None where nobody knows the price, or
        there is no batch.
    duration_s
        At the declared limits, and the latency that the ledger saw of the model, else 2 s.
    offered
        What is offered of a large taxonomy, and how often that holds the right category; None
        where nothing is searched for.
    """

    annotator: str
    model: str
    n_rows: int
    n_requests: int
    n_cached: int
    n_estimated: int
    n_waiting: int
    n_tokens_in: int
    n_tokens_out: int
    cost_usd: float | None
    batch_usd: float | None
    most_usd: float | None
    duration_s: float
    tries: float | None = _ONCE
    offered: Offered | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**told, "offered": None if self.offered is None else self.offered.as_json()}


@dataclass(frozen=True)
class Plan:
    """What some annotators would take, one line each."""

    annotators: list[Planned]
    notes: list[str]

    @property
    def cost_usd(self) -> float | None:
        """Of all together; None where one of them has no price."""
        return _sum([one.cost_usd for one in self.annotators])

    @property
    def most_usd(self) -> float | None:
        """What no run of all together can pass; None where one of them has no price."""
        return _sum([one.most_usd for one in self.annotators])

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "cost_usd": self.cost_usd,
            "most_usd": self.most_usd,
            "annotators": {one.annotator: one.as_json() for one in self.annotators},
            "notes": self.notes,
        }


def plan(workspace: Workspace, annotators: Iterable[str] | None = None) -> Plan:
    """Count what asking models would take; nothing is sent.

    Raises
    ------
    InputError
        If an annotator is unknown.
    """
    wanted = chosen(workspace, annotators)
    questions = of_catalog(workspace)
    load = workspace.snapshot("load")
    n_rows = load.counts["records"]
    records = load.scan("records")
    has_pictures = any(one.images for one in wanted.values())
    step = max(1, -(-n_rows // (MOST_ROWS_WITH_PICTURES if has_pictures else MOST_ROWS)))
    sampled = records.gather_every(step).collect()
    notes = []
    if step > 1:
        notes.append(f"planned from {sampled.height:,} of {n_rows:,} rows, evenly drawn")
    n_orders = rows_that_order(sampled.lazy())["record_id"].n_unique()
    if n_orders:
        try_to = "row tries" if n_orders == 1 else "rows try"
        of_these = "of these " if step > 1 else ""
        notes.append(f"{n_orders:,} {of_these}{try_to} to give orders to a model; see Checks")
    made = plan_questions(workspace, wanted, questions, sampled)
    lines = []
    for planned in made.annotators:
        found = offered(workspace, wanted[planned.annotator])
        lines.append(replace(planned, offered=found))
        if found is not None:
            notes.append(f"{planned.annotator}: {found.told}")
    return Plan(lines, notes + made.notes)


def plan_questions(
    workspace: Workspace,
    wanted: dict[str, ModelAnnotator],
    questions: Questionnaire,
    sampled: pl.DataFrame,
    *,
    verb: str = "label",
) -> Plan:
    """Count what a questionnaire would take, by some of its records; nothing is sent.

    Parameters
    ----------
    verb
        What collects its batches.
    """
    calls, batches = Calls(workspace.database), BatchStore(workspace.database)
    n_rows = questions.n_records
    lines, notes = [], []
    for name, one in wanted.items():
        counts = _Counts(one, _seen(workspace, one))
        stages = questions.stages(one)
        for some in sampled.iter_slices(_ROWS_A_CHUNK):
            counts.take(stages, some, calls, batches)
        lines.append(counts.planned(name, n_rows, n_rows / max(1, sampled.height)))
        if price_of(one) is None:
            notes.append(
                f"{name}: no price is known for {one.model!r}; set [annotators.{name}.price], with 0 "
                "for both where it costs nothing"
            )
        if lines[-1].n_estimated:
            told = counted(lines[-1].n_estimated, "request")
            notes.append(f"{name}: {told} will rest on answers that are not here yet: estimated")
        if lines[-1].n_waiting:
            told = counted(lines[-1].n_waiting, "request")
            notes.append(
                f"{name}: {told} in batches at work; `{verb} --collect` brings the answers"
            )
        notes += [f"{name}: {told}" for told in (counts.how, counts.how_often) if told]
    return Plan(lines, notes)


@dataclass(frozen=True)
class _Seen:
    """What the ledger knows of a model; None where it knows too little."""

    characters_per_token: float | None
    tokens_out: dict[str, float]
    latency_s: float | None


def _seen(workspace: Workspace, one: ModelAnnotator) -> _Seen:
    where = (
        Call.state == DONE,
        Call.provider == one.provider,
        Call.model == one.model,
        Call.base_url.is_(None) if one.base_url is None else Call.base_url == one.base_url,
    )
    total = sa.select(
        sa.func.count(), sa.func.sum(Call.n_characters), sa.func.sum(Call.n_tokens_in),
        sa.func.avg(Call.latency_s),
    ).where(*where)  # fmt: skip
    by_question = (
        sa.select(Call.question, sa.func.avg(Call.n_tokens_out))
        .where(*where)
        .group_by(Call.question)
        .having(sa.func.count() >= _ENOUGH)
    )
    with workspace.database.session() as session:
        n, characters, tokens, latency = session.execute(total).one()
        out = {question: float(mean) for question, mean in session.execute(by_question)}
    if n < _ENOUGH:
        return _Seen(None, out, None)
    return _Seen(
        characters / tokens if tokens else None, out, None if latency is None else float(latency)
    )


class _Counts:
    def __init__(self, annotator: ModelAnnotator, seen: _Seen) -> None:
        self._annotator, self._seen = annotator, seen
        self._price = price_of(annotator)
        self._ratio = seen.characters_per_token or CHARACTERS_PER_TOKEN
        self._n_requests = self._n_cached = self._n_estimated = 0
        self._n_waiting = 0
        self._n_in = self._n_out = 0
        self._cost = self._most = 0.0
        self._keys: set[bytes] = set()
        self._n_answers = self._n_again = 0

    @property
    def how(self) -> str:
        """Where the estimates come from."""
        if self._seen.characters_per_token is None:
            return f"tokens are estimated, {CHARACTERS_PER_TOKEN:g} characters each"
        return f"tokens are estimated as this model was seen to count, {self._ratio:.2f} characters each"

    @property
    def how_often(self) -> str | None:
        """What is expected of answers of no use; None where none is asked for again."""
        if not self._annotator.retry_on:
            return None
        tries = self._tries
        if tries is None:
            return (
                "how many answers are of no use is not known yet: the cost is that of one try, and "
                "at most holds every retry"
            )
        told = counted(self._n_answers, "answer")
        return f"{tries:.2f} tries a question are expected, as for the {told} that are here"

    @property
    def _tries(self) -> float | None:
        if not self._annotator.retry_on:
            return _ONCE
        if self._n_answers < _ENOUGH:
            return None
        return 1 + self._n_again / self._n_answers

    def take(
        self, stages: list[Stage], records: pl.DataFrame, calls: Calls, batches: BatchStore
    ) -> None:
        chunk = Chunk("plan", "")
        is_known = set(records["record_id"])
        for stage in stages:
            asked = list(stage.ask(records, chunk.votes()))
            held = calls.held([one.request.key for one in asked])
            self._n_requests += len(asked)
            self._n_cached += sum(one.request.key in held for one in asked)
            missing = [one for one in asked if one.request.key not in held]
            waiting = batches.waiting([one.request.key for one in missing])
            for one in missing:
                if one.request.key in waiting:
                    self._n_waiting += 1
                else:
                    self._n_estimated += one.record_id not in is_known
                    self._take_one(stage.name, one)
            answers = [(one, held[one.request.key]) for one in asked if one.request.key in held]
            answers, due = followed(self._annotator, stage, answers, calls.held)
            self._n_answers += len(answers)
            self._n_again += len(due) + sum(one.request.attempt for one, _ in answers)
            self._n_requests += len(due)
            for one in due.values():
                self._take_one(stage.name, one)
            chunk.read(stage, answers, Tally())
            is_known &= _answered(answers)

    def _take_one(self, question: str, asked: Asked) -> None:
        request, price = asked.request, self._price
        mark = bytes.fromhex(request.key[:24])
        if mark in self._keys:
            self._n_cached += 1
            return
        self._keys.add(mark)
        n_in = likely_tokens_in(request, self._ratio)
        seen = self._seen.tokens_out.get(question)
        n_out = likely_tokens_out(request) if seen is None else round(seen)
        self._n_in += n_in
        self._n_out += n_out
        if price is not None:
            self._cost += price.usd(n_in, n_out)
            for one in most_tries(self._annotator, request):
                self._most += price.usd(most_tokens_in(one), one.max_tokens)

    def planned(self, name: str, n_rows: int, factor: float) -> Planned:
        n_new = round((self._n_requests - self._n_cached - self._n_waiting) * factor)
        tries = self._tries or _ONCE
        n_in, n_out = (round(n * factor * tries) for n in (self._n_in, self._n_out))
        cost, most = (None, None)
        if self._price is not None:
            cost, most = self._cost * factor * tries, self._most * factor
        return Planned(
            name,
            self._annotator.model,
            n_rows,
            round(self._n_requests * factor),
            round(self._n_cached * factor),
            round(self._n_estimated * factor),
            round(self._n_waiting * factor),
            n_in,
            n_out,
            cost,
            _batch(self._price, cost),
            most,
            self._duration(round(n_new * tries), n_in + n_out),
            self._tries,
        )

    def _duration(self, n_requests: int, n_tokens: int) -> float:
        one = self._annotator
        latency = self._seen.latency_s or _ASSUMED_LATENCY_S
        waits = [n_requests * latency / one.concurrent]
        if one.requests_per_minute is not None:
            waits.append(60 * n_requests / one.requests_per_minute)
        if one.tokens_per_minute is not None:
            waits.append(60 * n_tokens / one.tokens_per_minute)
        return max(waits)


def _answered(answers: list[tuple[Asked, Held]]) -> set[str]:
    return {asked.record_id for asked, _ in answers}


def _sum(costs: list[float | None]) -> float | None:
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _batch(price: ModelPrice | None, cost: float | None) -> float | None:
    if price is None or cost is None or price.batch_share is None:
        return None
    return cost * price.batch_share
