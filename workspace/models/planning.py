"""What asking the models would take: requests, tokens, dollars and time, before any is spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from catalog.wording import counted
from curation.llm.prices import ModelPrice, price_of
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
from workspace.models.calls import DONE, Calls, Held
from workspace.models.reading import Chunk, Tally
from workspace.models.stages import stages_for

if TYPE_CHECKING:
    from workspace.workspace import Workspace

MOST_ROWS = 20_000
"""Larger catalogs are planned from that many rows, evenly drawn."""
_ROWS_A_CHUNK = 2000
_ENOUGH = 20
"""Answers from which what was seen of a model counts more than a rule of thumb."""
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
    n_tokens_in, n_tokens_out
        To be expected of what is not in the cache.
    cost_usd, batch_usd, most_usd
        To be expected online and as a batch, and what no run can pass if each request is sent
        once; None where nobody knows the price, or there is no batch.
    duration_s
        At the declared limits, and the latency that the ledger saw of the model, else 2 s.
    """

    annotator: str
    model: str
    n_rows: int
    n_requests: int
    n_cached: int
    n_estimated: int
    n_tokens_in: int
    n_tokens_out: int
    cost_usd: float | None
    batch_usd: float | None
    most_usd: float | None
    duration_s: float


@dataclass(frozen=True)
class Plan:
    """What some annotators would take, one line each."""

    annotators: list[Planned]
    notes: list[str]

    @property
    def cost_usd(self) -> float | None:
        """Of all together; None where one of them has no price."""
        costs = [one.cost_usd for one in self.annotators]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "cost_usd": self.cost_usd,
            "annotators": {one.annotator: asdict(one) for one in self.annotators},
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
    load = workspace.snapshot("load")
    n_rows = load.counts["records"]
    records = load.scan("records")
    step = max(1, -(-n_rows // MOST_ROWS))
    sampled = records.gather_every(step).collect()
    calls = Calls(workspace.database)
    lines, notes = [], []
    if step > 1:
        notes.append(f"planned from {sampled.height:,} of {n_rows:,} rows, evenly drawn")
    for name, one in wanted.items():
        counts = _Counts(one, _seen(workspace, one))
        stages = stages_for(workspace, one)
        for some in sampled.iter_slices(_ROWS_A_CHUNK):
            counts.take(stages, some, calls)
        lines.append(counts.planned(name, n_rows, n_rows / max(1, sampled.height)))
        if price_of(one) is None:
            notes.append(
                f"{name}: no price is known for {one.model!r}; set [annotators.{name}.price], with 0 "
                "for both where it costs nothing"
            )
        if lines[-1].n_estimated:
            told = counted(lines[-1].n_estimated, "request")
            notes.append(f"{name}: {told} will rest on answers that are not here yet: estimated")
        notes.append(f"{name}: {counts.how}")
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
    return _Seen(characters / tokens if tokens else None, out, float(latency))


class _Counts:
    def __init__(self, annotator: ModelAnnotator, seen: _Seen) -> None:
        self._annotator, self._seen = annotator, seen
        self._price = price_of(annotator)
        self._ratio = seen.characters_per_token or CHARACTERS_PER_TOKEN
        self._n_requests = self._n_cached = self._n_estimated = 0
        self._n_in = self._n_out = 0
        self._cost = self._most = 0.0
        self._keys: set[bytes] = set()

    @property
    def how(self) -> str:
        """Where the estimates come from."""
        if self._seen.characters_per_token is None:
            return f"tokens are estimated, {CHARACTERS_PER_TOKEN:g} characters each"
        return f"tokens are estimated as this model was seen to count, {self._ratio:.2f} characters each"

    def take(self, stages: list[Stage], records: pl.DataFrame, calls: Calls) -> None:
        chunk = Chunk("plan", "")
        is_known = set(records["record_id"])
        for stage in stages:
            asked = list(stage.ask(records, chunk.votes()))
            held = calls.held([one.request.key for one in asked])
            self._n_requests += len(asked)
            self._n_cached += sum(one.request.key in held for one in asked)
            for one in asked:
                if one.request.key not in held:
                    self._n_estimated += one.record_id not in is_known
                    self._take_one(stage.name, one)
            answers = [(one, held[one.request.key]) for one in asked if one.request.key in held]
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
            self._most += price.usd(most_tokens_in(request), request.max_tokens)

    def planned(self, name: str, n_rows: int, factor: float) -> Planned:
        n_new = round((self._n_requests - self._n_cached) * factor)
        n_in, n_out = round(self._n_in * factor), round(self._n_out * factor)
        cost, most = (None, None)
        if self._price is not None:
            cost, most = self._cost * factor, self._most * factor
        return Planned(
            name,
            self._annotator.model,
            n_rows,
            round(self._n_requests * factor),
            round(self._n_cached * factor),
            round(self._n_estimated * factor),
            n_in,
            n_out,
            cost,
            _batch(self._price, cost),
            most,
            self._duration(n_new, n_in + n_out),
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


def _batch(price: ModelPrice | None, cost: float | None) -> float | None:
    if price is None or cost is None or price.batch_share is None:
        return None
    return cost * price.batch_share
