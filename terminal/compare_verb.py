"""compare: two runs on the same rows, with a verdict and gates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from catalog.errors import InputError
from terminal.evaluation_options import (
    BertScore,
    ClusterColumn,
    DefinitionName,
    Embedding,
    Filter,
    Form,
    Gold,
    Key,
    Keys,
    Task,
    TaxonomySpec,
)
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.published_output import print_published_difference
from terminal.score_output import print_costs
from terminal.slice_output import (
    Gates,
    Junit,
    Markdown,
    Slices,
    Train,
    failures,
    print_gates,
    print_slices,
)
from workspace.runs import compare_run_files, format_options, twin_compare_files
from workspace.runs.gates import gated_comparison, read_gates, slice_request, write_gate_reports
from workspace.runs.plain import (
    compare_settings,
    model_settings,
    part_words,
    refuse_models,
    task_named,
)
from workspace.runs.untold import untold
from workspace.workspace import Workspace

GATE_FAILED = 1
_SHOWN = 15


def compare(
    baseline: Annotated[
        str,
        typer.Option(
            help="A prediction file, or a run of the workspace; several with commas are repeats."
        ),
    ],
    candidate: Annotated[str, typer.Option(help="Another one, on the same gold rows.")],
    task: Task = None,
    gold: Gold = None,
    form: Form = None,
    filter_: Filter = None,
    errors: Annotated[
        Path | None, typer.Option(help="The error file of the candidate's batch.")
    ] = None,
    baseline_errors: Annotated[
        Path | None, typer.Option(help="The error file of the baseline's batch.")
    ] = None,
    keys: Keys = None,
    definition: DefinitionName = None,
    metric: Annotated[str | None, typer.Option(help="What decides; accuracy without it.")] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(help="METRIC OP NUMBER on the bound of the difference, e.g. accuracy>=0."),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="A difference too small to matter; .01 without it.")
    ] = None,
    level: Annotated[
        int | None, typer.Option(help="The level of the category table; whole paths without it.")
    ] = None,
    taxonomy: TaxonomySpec = None,
    cluster_column: ClusterColumn = None,
    key: Key = None,
    n_rows: Annotated[
        int, typer.Option("--rows", min=0, help="Fixed and broken rows in the JSON, each.")
    ] = 100,
    slices: Slices = None,
    train: Train = None,
    bertscore: BertScore = None,
    embedding: Embedding = None,
    gates_file: Gates = None,
    junit: Junit = None,
    markdown: Markdown = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Compare two runs on the same rows, with a verdict; exit 1 if a gate fails."""
    gates = gate or []
    asked = slice_request(slices or [], metric=metric, train=train) if slices or train else None
    gate_file = None if gates_file is None else read_gates(gates_file)
    models = model_settings(bertscore=bertscore, embedding=embedding)
    if form is None and (errors is not None or baseline_errors is not None):
        raise InputError(
            "--errors and --baseline-errors go with files of a batch: --format FORMAT."
        )
    if form is not None:
        twin = compare_run_files(
            Path(baseline),
            Path(candidate),
            form,
            task=task,
            definition=definition,
            metric=metric,
            gates=gates,
            settings=compare_settings(margin=margin, level=level),
            score_settings=models,
            cluster_column=cluster_column,
            gold=gold,
            taxonomy=taxonomy,
            options=format_options(filter=filter_, errors=errors, keys=keys, key=key),
            baseline_errors=baseline_errors,
            slices=asked,
            gate_file=gate_file,
        )
    elif gold is None:
        if train is not None:
            raise InputError("--train is for files: a workspace knows its train split.")
        refuse_models(bertscore, embedding)
        opened = Workspace(workspace)
        settings = compare_settings(opened.settings.compare, margin=margin, level=level)
        twin = gated_comparison(
            opened,
            baseline,
            candidate,
            metric=metric,
            gates=gates,
            settings=settings,
            slices=asked,
            gate_file=gate_file,
            definition=definition,
        )
    else:
        twin = twin_compare_files(
            task_named(task or "classification"),
            gold,
            Path(baseline),
            Path(candidate),
            metric=metric,
            gates=gates,
            settings=compare_settings(margin=margin, level=level),
            score_settings=models,
            taxonomy=taxonomy,
            cluster_column=cluster_column,
            key=key,
            definition=definition,
            slices=asked,
            gate_file=gate_file,
        )
    found = twin.strict
    write_gate_reports(twin, junit=junit, markdown=markdown)
    for note in found.notes:
        tell(note)
    if as_json:
        print_json(twin.as_json(n_rows))
    else:
        say(found.sentence)
        if found.effect_sentence not in found.sentence:
            say(found.effect_sentence)
        _print_differences(found.metrics, found.categories, found.task)
        print_slices(twin.slices)
        if twin.published is not None:
            print_published_difference(twin.published.as_json())
        for side, costs in twin.as_json(0).get("costs", {}).items():
            print_costs(side, costs)
        for result in found.gates:
            say(result.sentence)
        print_gates(twin)
    if not twin.is_passed:
        tell(f"goldshelf: {'; '.join(failures(twin))}")
        raise typer.Exit(GATE_FAILED)


def _print_differences(metrics: pl.DataFrame, categories: pl.DataFrame, task: str) -> None:
    part, parts = part_words(task)
    columns = ["metric", "baseline", "candidate", "difference", "low", "high"]
    is_told = ~(pl.col("baseline").is_nan() & pl.col("candidate").is_nan())
    print_table(columns, metrics.filter(is_told).select(columns).iter_rows())
    for frame, start in (
        (metrics.filter(is_told & pl.col("difference").is_nan()), "no difference"),
        (metrics.filter(~is_told), "undefined in both"),
    ):
        if frame.height:
            say(untold(frame, start, str))
    moved = categories.filter(pl.col("difference") != 0).sort(
        pl.col("difference").abs() * pl.col("n"), descending=True, maintain_order=True
    )
    columns = ["category", "n", "difference", "low", "high", "p_holm", "p_bh", "mark"]
    print_table(
        [part, *(name.replace("_", " ") for name in columns[1:])],
        moved.select(columns).head(_SHOWN).iter_rows(),
        title=f"{moved.height:,} of {categories.height:,} {parts} moved; p corrected for all",
    )
