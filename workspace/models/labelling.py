"""Let language models vote on every record, within a budget; what was paid for is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.errors import InputError, StoppedError
from catalog.wording import counted
from curation.llm.prices import price_of
from curation.llm.settings import ModelAnnotator
from workspace.lock import locked
from workspace.models.annotators import chosen
from workspace.models.asking import Asking, Job, StopReason
from workspace.models.calls import Lost
from workspace.models.engines import Engine, require_engine
from workspace.models.keeping import VoteKeeper, trouble
from workspace.models.questionnaire import of_catalog
from workspace.models.running import Elsewhere, ModelRun
from workspace.models.votes import MODEL_VOTES
from workspace.progress import Progress
from workspace.snapshots import Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace


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
    def troubles(self) -> list[str]:
        """Why annotators were refused, or have answered nothing; these are among the notes."""
        found = [trouble(name, figures) for name, figures in self.figures.items()]
        return [told for told in found if told in self.notes]

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
    engine: Engine = "local",
    address: str | None = None,
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
    engine
        ``local`` asks from this process; ``ray`` from the machines of a Ray cluster.
    address
        Of the Ray cluster; `RAY_ADDRESS` of the environment where left out, and without that a
        Ray of this machine is started for the run.

    Raises
    ------
    InputError
        If an annotator is unknown, its key is missing, or a budget is set and nobody knows its
        price.
    StoppedError
        If a person stopped it; what was in flight is answered, and all votes that are here are
        kept.
    """
    wanted = chosen(workspace, annotators)
    require_prices(wanted, budget_usd)
    require_engine(engine)
    load = workspace.snapshot("load")
    progress = progress or Progress(workspace.layout.progress, "label")
    with locked(workspace.layout):
        scratch = workspace.layout.scratch / MODEL_VOTES
        workspace.snapshots.sweep()
        scratch.mkdir(parents=True)
        progress.step(MODEL_VOTES)
        started_at = time.time()
        try:
            keeper = VoteKeeper(workspace, load, scratch)
            run = ModelRun(workspace, of_catalog(workspace), keeper, budget_usd, resume)
            elsewhere = None
            if engine == "ray":
                elsewhere = _over_ray(workspace, load, keeper, address)
            asyncio.run(run.ask(wanted, progress, elsewhere))
            rejected = run.asking.rejected
            snapshot = keeper.keep(wanted, started_at, rejected=rejected, notes=run.notes)
        finally:
            progress.close()
    spent = run.spent_usd
    if run.asking.stopped == "person":
        figures = snapshot.figures["annotators"]
        n_votes, n_missing = (
            sum(figures[name][key] for name in wanted) for key in ("n_votes", "n_missing")
        )
        new = counted(sum(run.asking.n_answered.values()), "new answer")
        raise StoppedError(
            f"stopped; {counted(n_votes, 'vote')} kept, {counted(n_missing, 'request')} not asked; "
            f"{new} for ${spent:,.4f} are in the cache. Go on with --resume."
            f"{f' Before it, {run.lost.told}.' if run.lost.n_calls else ''}"
        )
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


def _over_ray(
    workspace: Workspace, load: Snapshot, keeper: VoteKeeper, address: str | None
) -> Elsewhere:
    async def ask(jobs: list[Job], asking: Asking) -> None:
        from workspace.models.ray_engine.run import label_over_ray

        await label_over_ray(workspace, load, jobs, asking, keeper, address)

    return ask
