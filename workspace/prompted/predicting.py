"""Ask a model about the rows of a split, within a budget, and keep its answers as a run."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from catalog.errors import InputError, StoppedError
from catalog.wording import counted
from curation.llm.settings import ModelAnnotator
from evaluation.answers.contract import RUN_NAME, RunCard
from workspace.lock import locked
from workspace.models.annotators import chosen
from workspace.models.asking import StopReason
from workspace.models.batch_store import BatchStore
from workspace.models.batching import HandedIn, hand_in
from workspace.models.collecting import EVERY_S, CollectedBatch, collect_batches
from workspace.models.labelling import require_prices
from workspace.models.planning import MOST_ROWS, Plan, plan_questions
from workspace.models.running import ModelRun
from workspace.progress import Progress
from workspace.prompted.keeping import RowKeeper, contract_rows
from workspace.prompted.questions import PromptedQuestions, Prompting
from workspace.runs.importing import ImportedRun, store_run

if TYPE_CHECKING:
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class PromptedRun:
    """What came of asking a model about a split.

    Attributes
    ----------
    run
        The run that is in the workspace now; None while answers are missing: a run is kept once
        every row was asked, so that none is judged by what it did not come to.
    name
        What the run is called.
    stopped
        ``budget`` where the next request could have passed it; empty where all was asked.
    n_requests, n_cached, n_waiting, n_missing, n_failed
        All requests; those whose answer was here before; those in batches at work; those without
        an answer; and those that got none after all tries, which a run counts as errors.
    spent_usd
        What was spent now; requests whose cost nobody knows count with the most they can cost.
    batches
        What came of the batches that were collected.
    notes
        Lines to say aloud.
    """

    run: ImportedRun | None
    name: str
    stopped: StopReason
    n_requests: int
    n_cached: int
    n_waiting: int
    n_missing: int
    n_failed: int
    spent_usd: float
    notes: list[str]
    batches: list[CollectedBatch] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        told = {
            key: getattr(self, key)
            for key in ("n_requests", "n_cached", "n_waiting", "n_missing", "n_failed", "spent_usd")
        }
        return {
            "name": self.name,
            "stopped": self.stopped or None,
            **told,
            "run": None if self.run is None else self.run.as_json(),
            "batches": [asdict(one) for one in self.batches],
            "notes": self.notes,
        }


@dataclass(frozen=True)
class Prompted:
    """A model that is to be prompted: an annotator of the settings, or a served checkpoint.

    Attributes
    ----------
    name
        What the ledger calls it.
    settings
        How it is asked.
    """

    name: str
    settings: ModelAnnotator


def annotator_of(workspace: Workspace, name: str) -> Prompted:
    """An annotator of the settings.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    return Prompted(name, chosen(workspace, [name])[name])


def run_name(model: Prompted, prompting: Prompting) -> str:
    """What a run is called where nobody says.

    Examples
    --------
    >>> mini = Prompted("mini", ModelAnnotator(provider="openai", model="m"))
    >>> run_name(mini, Prompting(prompt="few-shot"))
    'mini-few-shot'
    >>> run_name(mini, Prompting(task="attributes", split="validation", is_exact=True))
    'mini-attributes-validation'
    """
    parts = [re.sub(r"[^A-Za-z0-9.-]+", "-", model.name).strip("-.") or "model"]
    if prompting.checkpoint:
        parts.append(re.sub(r"[^A-Za-z0-9.-]+", "-", prompting.checkpoint).strip("-.") or "new")
    if not prompting.is_exact:
        parts.append(prompting.prompt)
    if prompting.task != "classification":
        parts.append(prompting.task)
    if prompting.split != "test":
        parts.append(re.sub(r"[^A-Za-z0-9.-]+", "-", prompting.split))
    return "-".join(parts)


def plan_prompted(workspace: Workspace, model: Prompted, prompting: Prompting) -> Plan:
    """Count what asking would take; nothing is sent.

    Raises
    ------
    InputError
        If there is no export to take the prompts from, or no gold.
    """
    questions = PromptedQuestions(workspace, prompting)
    wanted = {model.name: model.settings}
    n_rows = questions.rows.height
    some = questions.rows.gather_every(-(-n_rows // MOST_ROWS))
    made = plan_questions(workspace, wanted, questions.questionnaire(), some, verb="predict")
    notes = questions.notes(model.settings)
    if some.height < n_rows:
        notes.append(f"planned from {some.height:,} of {n_rows:,} rows, evenly drawn")
    return Plan(made.annotators, notes + made.notes)


def predict_prompted(
    workspace: Workspace,
    model: Prompted,
    prompting: Prompting,
    *,
    budget_usd: float | None,
    resume: bool = False,
    name: str | None = None,
    progress: Progress | None = None,
) -> PromptedRun:
    """Ask a model about every gold row of a split, and keep the answers as a run.

    What was paid for before comes out of the cache, whoever paid. The run is kept once every row
    was asked.

    Parameters
    ----------
    budget_usd
        Never passed, counting what is in flight; None sets no limit.
    resume
        What the last run spent, or can have spent, counts against the budget too.
    name
        What the run is called; `run_name` where None.

    Raises
    ------
    InputError
        If there is no export or no gold, the key is missing, the model was refused, or a budget
        is set and nobody knows the price.
    StoppedError
        If a person stopped it; what was in flight is answered, and all answers are kept.
    """
    require_prices({model.name: model.settings}, budget_usd)
    name = _free_name(workspace, model, prompting, name)
    progress = progress or Progress(workspace.layout.progress, "predict")
    progress.step(model.name)
    try:
        questions = PromptedQuestions(workspace, prompting)
        with locked(workspace.layout):
            keeper = RowKeeper()
            run = ModelRun(workspace, questions.questionnaire(), keeper, budget_usd, resume)
            asyncio.run(run.ask({model.name: model.settings}, progress))
    finally:
        progress.close()
    made = _kept(workspace, model, questions, run, keeper, name)
    if run.asking.stopped == "person" and made.run is None:
        n_here = made.n_requests - made.n_missing - made.n_waiting
        raise StoppedError(
            f"stopped; {n_here:,} of {counted(made.n_requests, 'answer')} are here and in the cache, "
            f"${made.spent_usd:,.4f} spent now. Go on with --resume."
        )
    return made


def hand_in_prompted(
    workspace: Workspace,
    model: Prompted,
    prompting: Prompting,
    *,
    budget_usd: float | None,
    resume: bool = False,
    progress: Progress | None = None,
) -> HandedIn:
    """Hand in all that a model can be asked about the rows of a split, as batches.

    Raises
    ------
    InputError
        If there is no export or no gold, or a budget is set and nobody knows the price.
    """
    questions = PromptedQuestions(workspace, prompting)
    made = hand_in(
        workspace,
        [model.name],
        budget_usd=budget_usd,
        resume=resume,
        questions=questions.questionnaire(),
        progress=progress or Progress(workspace.layout.progress, "predict --batch"),
    )
    return replace(made, notes=questions.notes(model.settings) + made.notes)


def collect_prompted(
    workspace: Workspace,
    model: Prompted,
    prompting: Prompting,
    *,
    wait: bool = False,
    every_s: float = EVERY_S,
    name: str | None = None,
    progress: Progress | None = None,
) -> PromptedRun:
    """Collect the batches of a model that have ended; keep the run if all its answers are here.

    Nothing is asked that costs.

    Parameters
    ----------
    wait
        Ask again until all have ended.

    Raises
    ------
    InputError
        If there is no export or no gold.
    StoppedError
        If a person stopped it; what was collected is kept.
    """
    name = _free_name(workspace, model, prompting, name)
    progress = progress or Progress(workspace.layout.progress, "predict --collect")
    try:
        questions = PromptedQuestions(workspace, prompting)
        batches, notes, is_stopped = collect_batches(
            BatchStore(workspace.database), [model.name], every_s if wait else None, progress
        )
        if is_stopped:
            raise StoppedError("stopped; what was collected is kept.")
        with locked(workspace.layout):
            keeper = RowKeeper()
            run = ModelRun(workspace, questions.questionnaire(), keeper, 0.0)
            run.asking.stop("person")  # what is in the cache is all that is wanted
            asyncio.run(run.ask({model.name: model.settings}, progress))
    finally:
        progress.close()
    made = _kept(workspace, model, questions, run, keeper, name)
    if made.n_missing:
        told = counted(made.n_missing, "request")
        notes.append(f"{told} can be asked now: `predict --batch` again, or without --batch")
    return replace(made, stopped="", batches=batches, notes=notes + made.notes)


def _free_name(
    workspace: Workspace, model: Prompted, prompting: Prompting, name: str | None
) -> str:
    """The name of the run, before anything is spent on it: no run of another kind has it."""
    name = name or run_name(model, prompting)
    if re.fullmatch(RUN_NAME, name) is None or "__" in name:
        raise InputError(
            f"run name {name!r}: expected letters, digits, '.', '-' and single '_'. Pass --name."
        )
    before = workspace.snapshots.current(f"predictions/{name}")
    if before is not None and before.figures.get("about", {}).get("annotator") != model.name:
        raise InputError(
            f"run {name!r} is here already and was not made by {model.name}. Pass --name for another "
            "name."
        )
    return name


def _kept(
    workspace: Workspace,
    model: Prompted,
    questions: PromptedQuestions,
    run: ModelRun,
    keeper: RowKeeper,
    name: str,
) -> PromptedRun:
    """The run, where every row was asked; else how far it is."""
    tally = keeper.tallies[model.name]
    n_failed = tally.replies["failed"]
    said = questions.notes(model.settings)
    notes = [*said, *(n for n in run.notes if not n.startswith("stopped by hand"))]
    made = PromptedRun(
        None,
        name,
        run.asking.stopped,
        tally.n_requests,
        tally.n_kept,
        tally.n_waiting,
        tally.n_missing,
        n_failed,
        run.spent_usd,
        notes,
    )
    if model.name in run.asking.rejected:
        n_here = made.n_requests - made.n_missing - made.n_waiting
        raise InputError(
            f"{model.name} was not asked further: {run.asking.rejected[model.name]} "
            f"({n_here:,} of {counted(made.n_requests, 'answer')} are in the cache)"
        )
    if made.n_waiting:
        notes.append(
            f"{counted(made.n_waiting, 'request')} in batches at work: `predict --collect` once they "
            "have ended"
        )
    if made.n_missing or made.n_waiting:
        n_here = made.n_requests - made.n_missing - made.n_waiting
        notes.append(
            f"{n_here:,} of {counted(made.n_requests, 'answer')} are here, and in the cache; run "
            f"{name} is kept once all are"
        )
        return made
    if questions.prompting.is_exact and made.n_cached:
        notes.append(
            f"{counted(made.n_cached, 'answer')} were here before; if {model.settings.model} has other "
            "weights by now, say which: --checkpoint NAME asks anew"
        )
    if n_failed == made.n_requests:
        why = keeper.samples()["error"][0]
        raise InputError(f"{model.name} answered none of {counted(n_failed, 'request')}: {why}.")
    kept_notes = list(said)
    if n_failed:
        kept_notes.append(
            f"{counted(n_failed, 'request')} without an answer count as errors; `predict` again asks "
            "them alone"
        )
    card = _card(workspace, model, questions, name)
    rows = contract_rows(
        keeper.samples(),
        questions.rows,
        run_id=name,
        model=model.settings.model,
        unread=questions.asked.unread,
    )
    kept = store_run(
        workspace, rows, card, name=name, where=name, replace=True, notes=kept_notes, is_ours=True
    )
    told = list(dict.fromkeys([*notes, *kept.snapshot.notes]))
    return replace(made, run=kept, stopped="", notes=told)


def _card(
    workspace: Workspace, model: Prompted, questions: PromptedQuestions, name: str
) -> RunCard:
    """What made the predictions; the same answers to the same prompts have the same card."""
    one, prompting = model.settings, questions.prompting
    return RunCard(
        run_id=name,
        model=one.model,
        task=prompting.task,
        split=prompting.split,
        dataset_sha=questions.dataset_sha,
        prompt_sha=questions.prompt_sha(one),
        checkpoint_step=_step_of(prompting.checkpoint),
        decoding={
            "temperature": one.temperature, "max_tokens": one.max_tokens, "samples": one.samples,
        },
        about={
            "annotator": model.name,
            "provider": one.provider,
            **questions.facts(one),
            "checkpoint": prompting.checkpoint or None,
            "gold": workspace.snapshot("curate").id,
        },
    )  # fmt: skip


def _step_of(checkpoint: str) -> int | None:
    """The step that a name such as ``step-800`` ends with; None where it tells none."""
    found = re.search(r"(?:^|step[-_ ]?)(\d{1,12})$", checkpoint)
    return None if found is None else int(found[1])
