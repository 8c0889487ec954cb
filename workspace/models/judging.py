"""Let an annotator judge the answers of runs: planned, asked now, or handed in and collected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.criteria import Criterion
from catalog.errors import InputError, StoppedError
from catalog.wording import counted
from curation.llm.settings import ModelAnnotator
from workspace.atomic import digest_of
from workspace.lock import locked
from workspace.models.annotators import chosen, priced
from workspace.models.batch_store import BatchStore
from workspace.models.batching import HandedIn, hand_in
from workspace.models.collecting import EVERY_S, collect_batches
from workspace.models.judge_questions import AnswersToJudge, Judgeable, Side
from workspace.models.judged import Judged, judged_by
from workspace.models.labelling import require_prices
from workspace.models.planning import MOST_ROWS, Plan, plan_questions
from workspace.models.running import ModelRun
from workspace.progress import Progress
from workspace.prompted.keeping import RowKeeper
from workspace.runs.judgements import JUDGEMENTS, judge_mark, judgements_kept, step_of
from workspace.snapshots import Output

if TYPE_CHECKING:
    from workspace.workspace import Workspace

__all__ = [
    "JUDGEMENTS", "collect_judge", "hand_in_judge", "judge_answers", "judgements_kept", "plan_judge",
]  # fmt: skip
RELEVANCE: Criterion = "relevance"
_VERB = "score --judge"


def plan_judge(
    workspace: Workspace, judge: str, of: Judgeable, criterion: Criterion = RELEVANCE
) -> Plan:
    """Count what asking a judge would take; nothing is sent.

    Raises
    ------
    InputError
        If the gold has no questions, or the judge is unknown.
    """
    wanted = chosen(workspace, [judge])
    asked = of.read(criterion)
    rows = asked.rows
    n_rows = rows.height
    some = rows.gather_every(max(1, -(-n_rows // MOST_ROWS)))
    made = plan_questions(workspace, wanted, asked.questionnaire(), some, verb=_VERB)
    notes = [] if some.height == n_rows else [f"planned from {some.height:,} of {n_rows:,} answers"]
    return Plan(made.annotators, notes + made.notes)


def judge_answers(
    workspace: Workspace,
    judge: str,
    of: Judgeable,
    criterion: Criterion = RELEVANCE,
    *,
    budget_usd: float | None,
    resume: bool = False,
    progress: Progress | None = None,
) -> list[Judged]:
    """Ask an annotator about each answer: is it relevant, or do the given texts support it?

    The same answer to the same question is paid for once, whichever run gave it. The judge sees
    neither the gold nor what people said. What it said is kept (`JUDGEMENTS`), and of runs it counts
    as a metric from then on.

    Parameters
    ----------
    judge
        A name of ``[annotators.NAME]``.
    budget_usd
        Never passed, counting what is in flight; None sets no limit.
    resume
        What the last run spent, or can have spent, counts against the budget too.

    Raises
    ------
    InputError
        If the gold has no questions, the judge is unknown or was refused, or it costs money and
        nobody says how much it may be.
    StoppedError
        If a person stopped it; what was answered is kept.
    """
    settings = _allowed(workspace, judge, budget_usd)
    asked = of.read(criterion)
    progress = progress or Progress(workspace.layout.progress, _VERB)
    return _judged(workspace, judge, settings, of, asked, _Asking(budget_usd, resume), progress)


def hand_in_judge(
    workspace: Workspace,
    judge: str,
    of: Judgeable,
    criterion: Criterion = RELEVANCE,
    *,
    budget_usd: float | None,
    resume: bool = False,
    progress: Progress | None = None,
) -> HandedIn:
    """Hand in what a judge is to be asked, as batches; see `judge_answers`."""
    _allowed(workspace, judge, budget_usd)
    return hand_in(
        workspace,
        [judge],
        budget_usd=budget_usd,
        resume=resume,
        questions=of.read(criterion).questionnaire(),
        progress=progress or Progress(workspace.layout.progress, f"{_VERB} --batch"),
    )


def collect_judge(
    workspace: Workspace,
    judge: str,
    of: Judgeable,
    criterion: Criterion = RELEVANCE,
    *,
    wait: bool = False,
    every_s: float = EVERY_S,
    progress: Progress | None = None,
) -> list[Judged]:
    """Collect the batches of a judge that have ended, and count what it said so far.

    Nothing is asked that costs.

    Parameters
    ----------
    wait
        Ask again until all have ended.

    Raises
    ------
    StoppedError
        If a person stopped it; what was collected is kept.
    """
    settings = chosen(workspace, [judge])[judge]
    asked = of.read(criterion)
    progress = progress or Progress(workspace.layout.progress, f"{_VERB} --collect")
    try:
        _, notes, is_stopped = collect_batches(
            BatchStore(workspace.database), [judge], every_s if wait else None, progress
        )
    except BaseException:
        progress.close()
        raise
    if is_stopped:
        progress.close()
        raise StoppedError("stopped; what was collected is kept.")
    how = _Asking(0.0, notes=tuple(notes), is_from_cache=True)
    return _judged(workspace, judge, settings, of, asked, how, progress)


@dataclass(frozen=True)
class _Asking:
    budget_usd: float | None
    resume: bool = False
    notes: tuple[str, ...] = ()
    is_from_cache: bool = False


def _allowed(workspace: Workspace, judge: str, budget_usd: float | None) -> ModelAnnotator:
    settings = chosen(workspace, [judge])[judge]
    require_prices({judge: settings}, budget_usd)
    if budget_usd is None and priced(workspace, [judge]):
        raise InputError(
            f"asking {judge} costs money: say how much it may be, such as --budget-usd 5, or look "
            "first with --plan."
        )
    return settings


def _judged(
    workspace: Workspace,
    judge: str,
    settings: ModelAnnotator,
    of: Judgeable,
    asked: AnswersToJudge,
    how: _Asking,
    progress: Progress,
) -> list[Judged]:
    started_at, keeper = time.time(), RowKeeper()
    progress.step(judge)
    try:
        with locked(workspace.layout):
            run = ModelRun(workspace, asked.questionnaire(), keeper, how.budget_usd, how.resume)
            if how.is_from_cache:
                run.asking.stop("person")  # what is in the cache is all that is wanted
            asyncio.run(run.ask({judge: settings}, progress))
    finally:
        progress.close()
    tally = keeper.tallies[judge]
    n_missing, spent, stopped = tally.n_missing + tally.n_waiting, run.spent_usd, run.asking.stopped
    if judge in run.asking.rejected:
        raise InputError(f"{judge} was not asked further: {run.asking.rejected[judge]}")
    told = [*how.notes, *(n for n in run.notes if not n.startswith("stopped by hand"))]
    if tally.n_waiting:
        told.append(f"{counted(tally.n_waiting, 'request')} in batches at work")
    samples = keeper.samples()
    made = [
        judged_by(
            judge,
            settings.model,
            asked.criterion,
            sides,
            samples,
            settings.samples,
            spent_usd=spent,
            stopped="" if how.is_from_cache else stopped,
            notes=told,
        )
        for sides in _by_run(asked.sides)
    ]
    for one in made:
        _keep(workspace, one, settings, of, started_at)
    if stopped == "person" and not how.is_from_cache:
        raise StoppedError(
            f"stopped; {counted(n_missing, 'answer')} not judged, ${spent:,.4f} spent now. Go on "
            "with --resume."
        )
    return made


def _by_run(sides: Sequence[Side]) -> list[list[Side]]:
    names = dict.fromkeys(side.name for side in sides)
    return [[side for side in sides if side.name == name] for name in names]


def _keep(
    workspace: Workspace,
    made: Judged,
    settings: ModelAnnotator,
    of: Judgeable,
    started_at: float,
) -> None:
    identity, told = of.identity(made.name)
    asked: dict[str, Any] = {
        "judge": made.judge, "model": settings.model, "samples": settings.samples,
        "criterion": made.criterion, "mark": judge_mark(settings, made.criterion),
    }  # fmt: skip
    said = {
        name: value for name, value in made.as_json().items() if name not in made.people.as_json()
    }
    figures = {**said, **told, "n_judged": int(made.judgements["is_judged"].sum())}
    notes = figures.pop("notes")
    # what people say of runs is in the database and may change: only of files is it kept here
    of_run = made.judgements.drop("human") if "run" in told else made.judgements
    with locked(workspace.layout):
        workspace.snapshots.write(
            step_of(identity, made.judge, made.criterion),
            Output({"judgements": of_run}, figures, notes),
            fingerprint=digest_of([identity, asked]),
            inputs={"answers": digest_of(identity)},
            settings=asked,
            started_at=started_at,
        )
