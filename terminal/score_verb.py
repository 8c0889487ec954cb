"""score: predictions against gold, of files or of the runs of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from catalog.errors import InputError
from terminal.evaluation_options import (
    BertScore,
    ClusterColumn,
    DefinitionName,
    Embedding,
    Errors,
    Filter,
    Form,
    Gold,
    Key,
    Keys,
    Task,
    TaxonomySpec,
)
from terminal.judge_output import (
    JudgeOptions,
    answer_files,
    answer_runs,
    end_at_budget,
    judged_answers,
    prepare_judge,
    print_judge,
)
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, say, tell
from terminal.published_output import show_published_runs
from terminal.score_output import print_scores, show_scores
from terminal.slice_output import Slices, Train, print_slices
from workspace.runs import format_options, score_run_file, score_runs, twin_score_files
from workspace.runs.gates import slice_request
from workspace.runs.plain import model_settings, refuse_models, task_named
from workspace.runs.slicing import run_slices
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from workspace.models.judged import Judged
    from workspace.runs.scoring import Made


def score(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Runs of the workspace; all where none is named.")
    ] = None,
    task: Task = None,
    gold: Gold = None,
    pred: Annotated[Path | None, typer.Option(help="Predictions for the gold rows.")] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="A file that a tool wrote; its own gold counts without --gold."),
    ] = None,
    form: Form = None,
    filter_: Filter = None,
    errors: Errors = None,
    keys: Keys = None,
    definition: DefinitionName = None,
    taxonomy: TaxonomySpec = None,
    cluster_column: ClusterColumn = None,
    key: Key = None,
    slices: Slices = None,
    train: Train = None,
    bertscore: BertScore = None,
    embedding: Embedding = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help="An annotator of the workspace that judges each answer to a question: of runs, or "
            "of files with --task answers, --gold and --pred."
        ),
    ] = None,
    criterion: Annotated[
        str | None,
        typer.Option(
            help="What the judge is asked: relevance (to the question; without it) or faithfulness "
            "(to the given contexts)."
        ),
    ] = None,
    ratings: Annotated[
        Path | None,
        typer.Option(
            help="What people say of the run's answers: human_relevance, human_faithfulness (yes or "
            "no) by key. Kept."
        ),
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help="What the judge may cost; never passed.")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Count what the last run spent against the budget too.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what the judge would take; send nothing.")
    ] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Hand in what the judge is asked, at half the price.")
    ] = False,
    collect: Annotated[
        bool, typer.Option("--collect", help="Collect the judge's batches that have ended.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Collect until every batch has ended.")
    ] = False,
    workspace: WorkspaceDir = HERE,
    force: Annotated[bool, typer.Option(help="Score again even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Score predictions against gold: every metric with its interval and its definition."""
    judging = JudgeOptions(
        judge, plan, budget_usd, resume, batch, collect, wait, criterion, ratings
    )
    judging.check(task, gold, pred)
    if train is not None and not slices:
        raise InputError("--train is for slices: pass --slice too.")
    asked = slice_request(slices, train=train) if slices else None
    settings = model_settings(bertscore=bertscore, embedding=embedding)
    if run is not None:
        if pred is not None:
            raise InputError("score takes --run or --pred, not both.")
        found = score_run_file(
            run,
            form,
            task=task,
            definition=definition,
            cluster_column=cluster_column,
            gold=gold,
            taxonomy=taxonomy,
            options=format_options(filter=filter_, errors=errors, keys=keys, key=key),
            settings=settings,
            slices=asked,
        )
        show_scores(found, str(run), as_json)
        return
    if gold is None and pred is None:
        if train is not None:
            raise InputError("--train is for files: a workspace knows its train split.")
        refuse_models(bertscore, embedding)
        opened, names = Workspace(workspace), runs or []
        if definition is not None:
            show_published_runs(opened, names, definition, as_json)
        else:
            _score_workspace(opened, names, force, as_json, slices or [], judging, key)
        return
    if gold is None or pred is None:
        raise InputError("score needs both --gold and --pred, or a workspace with runs (-w DIR).")
    if judging.asks_no_score:
        asked_files = answer_files(gold, pred, key, cluster_column)
        prepare_judge(Workspace(workspace), asked_files, judging, as_json)
        return
    found = twin_score_files(
        task_named(task or "classification"),
        gold,
        pred,
        taxonomy=taxonomy,
        cluster_column=cluster_column,
        key=key,
        definition=definition,
        settings=settings,
        slices=asked,
    )
    judged: list[Judged] = []
    if judge is not None:
        asked_files = answer_files(gold, pred, key, cluster_column)
        judged = judged_answers(Workspace(workspace), asked_files, judging)
    show_scores(found, str(pred), as_json, judged[0] if judged else None)
    if judged:
        end_at_budget(judged)


def _score_workspace(
    workspace: Workspace,
    names: list[str],
    force: bool,
    as_json: bool,
    slices: list[str],
    judging: JudgeOptions,
    key: str | None,
) -> None:
    judged: list[Judged] = []
    if judging.judge is not None:
        of = answer_runs(workspace, names, judging, key)
        if judging.asks_no_score:
            prepare_judge(workspace, of, judging, as_json)
            return
        judged = judged_answers(workspace, of, judging)
        names = [one.name for one in judged]
    made = score_runs(workspace, names, force=force)
    parts = {one.run: run_slices(workspace, one.run, slices) for one in made} if slices else {}
    notes = [note for one in judged for note in (*one.notes, *one.people.notes)]
    for one in made:
        notes += [*one.snapshot.notes, *(parts[one.run].notes if parts else ())]
    for note in dict.fromkeys(notes):
        tell(note)
    tables = {name: kept.read("slices") for name, kept in parts.items()}
    if as_json:
        body = {
            "ran": [one.run for one in made if one.is_new],
            "runs": {
                one.run: {"snapshot": one.snapshot.id, **one.snapshot.figures}
                | ({"slices": tables[one.run].to_dicts()} if tables else {})
                for one in made
            },
        }
        if judged:
            body["judge"] = {one.name: one.as_json() for one in judged}
        print_json(body)
    else:
        _print_runs(made, tables)
        if judged:
            print_judge(judged)
    if judged:
        end_at_budget(judged)


def _print_runs(made: Sequence[Made], tables: Mapping[str, pl.DataFrame]) -> None:
    for one in made:
        figures = one.snapshot.figures
        print_scores(figures, f"{one.run} on split {figures['split']}")
        for line, values in figures["reference_lines"].items():
            for main in [name for name in ("accuracy", "f1") if name in values][:1]:
                say(f"{line}: {main} {values[main]:.1%}")
        if tables:
            print_slices(tables[one.run])
