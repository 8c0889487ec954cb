"""What judges said of the answers of runs, as it counts in scores and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from catalog.criteria import Criterion
from catalog.wording import counted
from curation.llm.settings import ModelAnnotator
from evaluation.loading import Answers
from evaluation.tasks.judged_answers import JUDGED, Judgements, rows_to_judge
from evaluation.tasks.question_answers import QuestionAnswers
from workspace.atomic import digest_of
from workspace.snapshots import Snapshot

if TYPE_CHECKING:
    from workspace.workspace import Workspace

JUDGEMENTS = "judgements"
"""What judges said is kept as ``judgements/ID``, one for each judge, criterion, and run or files."""


def run_identity(run: str) -> list[str]:
    """What names the judgements of a run."""
    return ["run", run]


def step_of(identity: Sequence[Any], judge: str, criterion: Criterion) -> str:
    """Where it is kept what a judge says of a run, or of files."""
    return f"{JUDGEMENTS}/{digest_of([*identity, judge, criterion])[:16]}"


def judgements_kept(workspace: Workspace) -> list[Snapshot]:
    """What judges said of answers, the latest first; without what was kept before there were criteria."""
    names = sorted((workspace.layout.current / JUDGEMENTS).glob("*.json"))
    found = [workspace.snapshots.current(f"{JUDGEMENTS}/{path.stem}") for path in names]
    held = [one for one in found if one is not None and "criterion" in one.figures]
    return sorted(held, key=lambda one: str(one.manifest["created_at"]), reverse=True)


def judge_mark(judge: ModelAnnotator, criterion: Criterion) -> str:
    """Names the way a judge judges: another way, another mark."""
    return digest_of(
        [criterion, judge.provider, judge.model, judge.base_url, judge.samples, judge.temperature]
    )[:12]


def answer_marks(answers: QuestionAnswers, criterion: Criterion, rows: np.ndarray) -> pl.Series:
    """Names what a judge is shown of some rows: the same again was judged before."""
    places = rows.tolist()
    asked = [None] * len(places)
    if answers.questions is not None:
        asked = answers.questions.gather(rows).to_list()
    said = answers.answer_text.gather(rows).to_list()
    by_texts = criterion == "faithfulness"
    marks = [
        digest_of([question, answer, answers.contexts[row] if by_texts else []])[:16]
        for row, question, answer in zip(places, asked, said, strict=True)
    ]
    return pl.Series("mark", marks, dtype=pl.String)


def can_be_asked(answers: QuestionAnswers, criterion: Criterion) -> np.ndarray:
    """The rows with an answer to be judged, and a question to judge it by."""
    is_asked = rows_to_judge(answers, criterion)
    if answers.questions is None:
        return np.flatnonzero(np.zeros(answers.n_rows, dtype=bool))
    has_question = (answers.questions.str.strip_chars() != "").fill_null(False).to_numpy()
    return np.flatnonzero(is_asked & has_question)


def judgement_marks(workspace: Workspace, runs: Sequence[str]) -> dict[str, Any]:
    """What decides the judged metrics of runs beyond the settings of scores: another, another mark."""
    found = [one for one in judgements_kept(workspace) if one.figures.get("run") in runs]
    declared = workspace.settings.annotators
    return {
        "judges": sorted(_judges(workspace)),
        "kept": sorted(one.id for one in found),
        "declared": {
            f"{name}/{criterion}": judge_mark(declared[name], criterion)
            for name in {str(one.figures["judge"]) for one in found}
            for criterion in JUDGED
            if name in declared
        },
    }


def with_judgements(
    workspace: Workspace, repeats: dict[str, list[Answers]]
) -> dict[str, list[Answers]]:
    """Answers of runs, by name, with what the judge that counts says of them."""
    judge, reason = _judge_that_counts(workspace)
    return {
        run: [
            replace(
                one,
                judged={c: _judged(workspace, run, at, one, c, judge, reason) for c in JUDGED},
            )
            if isinstance(one, QuestionAnswers)
            else one
            for at, one in enumerate(answers)
        ]
        for run, answers in repeats.items()
    }


def _judges(workspace: Workspace) -> set[str]:
    """Who has judged runs here."""
    kept = [one.figures for one in judgements_kept(workspace)]
    return {str(figures["judge"]) for figures in kept if figures.get("run")}


def _judge_that_counts(workspace: Workspace) -> tuple[str | None, str]:
    """Whose word is a metric: that of ``[score] judge``, else of the only one who has judged."""
    named = workspace.settings.score.judge
    if named is not None:
        return named, ""
    known = sorted(_judges(workspace))
    if len(known) == 1:
        return known[0], ""
    if not known:
        return None, ""
    told = " and ".join(known)
    return None, f"{told} have judged answers: `judge` in [score] says whose word counts"


def _judged(
    workspace: Workspace,
    run: str,
    repeat: int,
    answers: QuestionAnswers,
    criterion: Criterion,
    judge: str | None,
    reason: str,
) -> Judgements:
    scores = np.full(answers.n_rows, np.nan)
    again = f"`goldshelf score {run} --judge {judge or 'ANNOTATOR'} --criterion {criterion}`"
    if judge is None:
        return Judgements("", scores, reason or f"no judge was asked: {again} asks one")
    kept = workspace.snapshots.current(step_of(run_identity(run), judge, criterion))
    if kept is None:
        return Judgements(judge, scores, f"not judged by {judge}: {again}")
    by = f"{judge} ({kept.figures['model']})"
    declared = workspace.settings.annotators.get(judge)
    if (
        declared is not None
        and judge_mark(declared, criterion) != kept.manifest["settings"]["mark"]
    ):
        return Judgements(by, scores, f"{judge} has other settings since it judged: {again}")
    rows = can_be_asked(answers, criterion)
    said = kept.scan("judgements").filter(repeat=repeat, is_judged=True)
    asked = pl.DataFrame(
        {
            "example_id": answers.example_ids.gather(rows),
            "mark": answer_marks(answers, criterion, rows),
        }
    )
    held = asked.join(
        said.select("example_id", "mark", "said", is_there=True).collect(),
        on=["example_id", "mark"],
        how="left",
        maintain_order="left",
    )
    n_missing = held["is_there"].null_count()
    scores[rows] = held["said"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    lacks = f"{counted(n_missing, 'answer')} not judged by {judge} yet: {again} --resume"
    return Judgements(by, scores, lacks if n_missing else None)
