"""Votes on their way into a snapshot: chunk by chunk on the disk, then beside those of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import sqlalchemy as sa

from catalog.votes import VOTE_SCHEMA
from catalog.wording import counted
from curation.llm.consistency import self_agreement
from curation.llm.settings import ModelAnnotator
from workspace.atomic import digest_of
from workspace.database.tables import Call
from workspace.models.calls import FAILED
from workspace.models.reading import EVIDENCE_SCHEMA, SAMPLE_SCHEMA, Chunk, Tally
from workspace.models.votes import MODEL_VOTES
from workspace.snapshots import Output, Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

RECORDS_A_CHUNK = 1000
MOST_REPAIRED = 0.02
"""The share of repaired categories from which an annotator is flagged; the same outside."""


def record_chunks(load: Snapshot) -> Iterator[tuple[int, pl.DataFrame]]:
    """All records, some at a time, numbered from 0."""
    batches = pq.ParquetFile(load.path("records")).iter_batches(RECORDS_A_CHUNK)
    for number, batch in enumerate(batches):
        yield number, pl.DataFrame(pl.from_arrow(batch))


class VoteKeeper:
    """The votes of some annotators, until they are a snapshot.

    Parameters
    ----------
    scratch
        An empty folder for what is found until then.

    Attributes
    ----------
    tallies
        What has been counted, by annotator.
    """

    def __init__(self, workspace: Workspace, load: Snapshot, scratch: Path) -> None:
        self._workspace, self._load, self._scratch = workspace, load, scratch
        self.tallies: dict[str, Tally] = {}
        self._run_ids: dict[str, str] = {}

    def begin(self, name: str, run_id: str) -> Tally:
        """Count an annotator from now on; ``run_id`` names the way its votes are made."""
        self._run_ids[name] = run_id
        return self.tallies.setdefault(name, Tally())

    def put(self, name: str, number: int, chunk: Chunk) -> None:
        """Write the votes of one chunk beside; chunks may come in any order."""
        votes, samples = chunk.votes(), chunk.samples()
        self.tallies[name].count_votes(votes)
        self.tallies[name].n_repaired += chunk.n_repaired
        self.write(name, number, votes, samples, chunk.evidences())

    def write(
        self,
        name: str,
        number: int,
        votes: pl.DataFrame,
        samples: pl.DataFrame,
        evidences: pl.DataFrame,
    ) -> None:
        """Write the tables of one chunk beside, counting nothing."""
        beside = self._scratch / f"{name}.{number:08}"
        votes.write_parquet(f"{beside}.votes.parquet")
        if samples["sample"].max():
            samples.write_parquet(f"{beside}.samples.parquet")
        if evidences.height:
            evidences.write_parquet(f"{beside}.evidences.parquet")

    def keep(
        self,
        wanted: dict[str, ModelAnnotator],
        started_at: float,
        *,
        rejected: Mapping[str, str] | None = None,
        notes: list[str] | None = None,
    ) -> Snapshot:
        """Write the votes of these annotators beside those of the others.

        Parameters
        ----------
        rejected
            Why an annotator was not asked further, by name.
        notes
            Lines to say aloud before those on each annotator.
        """
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
        made = {name: self._figures(name, tables["samples"], rejected or {}) for name in wanted}
        told = [*(notes or []), *(note for name in made for note in _notes(name, made[name]))]
        return self._workspace.snapshots.write(
            MODEL_VOTES,
            Output(tables, {"annotators": {**others, **made}}, told),
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

    def _figures(
        self, name: str, samples: pl.LazyFrame, rejected: Mapping[str, str]
    ) -> dict[str, Any]:
        own = samples.filter(annotator_id=name).collect()
        return {
            "run_id": self._run_ids[name],
            "load": self._load.id,
            **self.tallies[name].figures(),
            "self_agreement": self_agreement(own).as_json() if own.height else None,
            "rejected": rejected.get(name),
            "why_failed": self._why_failed(name),
        }

    def _why_failed(self, name: str) -> str | None:
        """Why the last request without an answer had none; None where all had one."""
        if not self.tallies[name].replies["failed"]:
            return None
        query = (
            sa.select(Call.error)
            .where(Call.annotator == name, Call.state == FAILED, Call.error.is_not(None))
            .order_by(Call.call_id.desc())
            .limit(1)
        )
        with self._workspace.database.session() as session:
            return session.scalar(query)


def trouble(name: str, figures: dict[str, Any]) -> str | None:
    """Why an annotator is of no use, if it was refused or has answered nothing."""
    if figures["rejected"]:
        return f"{name} was not asked further: {figures['rejected']}"
    n_asked = figures["n_requests"] - figures["n_waiting"] - figures["n_missing"]
    if figures["n_failed"] and figures["n_failed"] == n_asked:
        why = figures.get("why_failed") or "no reason given"
        return f"{name} answered none of {counted(n_asked, 'request')}: {why}"
    return None


def _notes(name: str, figures: dict[str, Any]) -> list[str]:
    notes = []
    of_no_use = trouble(name, figures)
    if of_no_use is not None:
        notes.append(of_no_use)
    if figures["n_waiting"]:
        notes.append(f"{name}: {counted(figures['n_waiting'], 'request')} in batches at work")
    if figures["n_missing"]:
        notes.append(f"{name}: {counted(figures['n_missing'], 'request')} not asked")
    if figures["n_failed"] and (of_no_use is None or figures["rejected"]):
        n_failed = counted(figures["n_failed"], "request")
        why = f", the last: {figures['why_failed']}" if figures["why_failed"] else ""
        notes.append(f"{name}: {n_failed} without an answer{why}")
    if figures["n_retried"]:
        n_asked = figures["n_requests"] - figures["n_waiting"] - figures["n_missing"]
        notes.append(
            f"{name}: {figures['n_retried']:,} of {counted(n_asked, 'request')} asked again, "
            f"{figures['n_retried_answered']:,} of them then answered"
        )
    for what, n, share in (
        ("were repaired", figures["n_repaired"], figures["repaired_share"]),
        ("are not in the taxonomy", figures["n_outside"], figures["outside_share"]),
    ):
        if share is not None and share > MOST_REPAIRED:
            notes.append(
                f"{name}: {share:.1%} of its categories {what} ({n:,} of {n / share:,.0f}); look at "
                "its prompt"
            )
    return notes
