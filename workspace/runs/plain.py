"""Scores and comparisons of plain files, without a workspace."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import polars as pl

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import INFERRED, read_taxonomy
from evaluation.answers.contract import Task, conform_predictions
from evaluation.answers.contract import part_words as part_words
from evaluation.answers.joining import stacked_repeats
from evaluation.comparing.comparison import compare_repeats, metrics_for
from evaluation.comparing.gate_rules import GateFile, check_gates
from evaluation.comparing.pairing import is_identical
from evaluation.loading import Answers, load_answers
from evaluation.metrics.attributes import AttributeAnswers
from evaluation.metrics.categories import CategoryAnswers
from evaluation.metrics.costs import run_costs
from evaluation.published import Definition, definition_for, published_scores
from evaluation.published.literature import literature_lines
from evaluation.published.twins import TwinComparison, TwinScores, published_comparison
from evaluation.reference_lines import task_lines
from evaluation.scores import (
    Scores,
    score_attributes,
    score_categories,
    score_task,
    with_intervals,
)
from evaluation.settings import CompareSettings, ScoreSettings
from evaluation.slicing.material import FIELDS
from evaluation.slicing.tables import SliceRequest
from evaluation.tasks import RowAnswers
from workspace.runs.encoders import encoder_of
from workspace.runs.priced import listed_cost_usd
from workspace.runs.reading import read_gold, read_predictions

TASKS: tuple[Task, ...] = get_args(Task)


def task_named(name: str) -> Task:
    """A task by its name.

    Raises
    ------
    InputError
        If there is no such task.
    """
    for task in TASKS:
        if task == name:
            return task
    raise InputError(f"--task {name}: expected {', '.join(TASKS[:-1])} or {TASKS[-1]}.")


def scores_of(answers: Answers, notes: list[str], task: Task | None = None) -> Scores:
    """The scores of one run, whatever its task."""
    if isinstance(answers, CategoryAnswers):
        return score_categories(answers, notes=notes)
    if isinstance(answers, AttributeAnswers):
        return score_attributes(answers, notes=notes)
    if isinstance(answers, RowAnswers) and task is not None:
        return score_task(task, answers, notes=notes)
    raise TypeError(type(answers).__name__)


def twin_score_files(
    task: Task,
    gold: Path,
    predictions: Path,
    *,
    taxonomy: str | None = None,
    cluster_column: str | None = None,
    key: str | None = None,
    definition: str | None = None,
    settings: ScoreSettings | None = None,
    slices: SliceRequest | None = None,
) -> TwinScores:
    """Score a prediction file against a gold file.

    Parameters
    ----------
    taxonomy
        ``shopify:PATH``, ``google:PATH`` or a file; None for the categories of the gold.
    cluster_column
        A gold column whose equal values are dependent rows, such as the brand.
    key
        The column of both files that ties their rows; ``example_id`` and the like where None.
    definition
        A published definition to be reproduced beside the strict scores.
    slices
        The parts of the gold to be scored too.
    """
    return score_rows(
        task,
        read_gold(gold, cluster_column=cluster_column, key=key, also=_columns_for(slices)),
        read_predictions(predictions, key=key),
        name=str(predictions),
        gold_name=str(gold),
        definition=None if definition is None else definition_for(definition, task),
        taxonomy=taxonomy_of(taxonomy),
        cluster_column=cluster_column,
        settings=settings,
        slices=slices,
    )


def _columns_for(slices: SliceRequest | None, gates: GateFile | None = None) -> list[str]:
    """The gold columns that slices may be made from."""
    if slices is None and gates is None:
        return []
    named = [rule.slice for rule in gates.rules if rule.slice is not None] if gates else []
    return [*FIELDS, *(slices.names if slices else ()), *named]


def score_rows(
    task: Task,
    gold: pl.DataFrame,
    predictions: pl.DataFrame,
    *,
    name: str,
    gold_name: str,
    definition: Definition | None = None,
    taxonomy: Taxonomy | None = None,
    cluster_column: str | None = None,
    settings: ScoreSettings | None = None,
    about: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    slices: SliceRequest | None = None,
) -> TwinScores:
    """Score predictions against gold rows, with reference lines and, where asked, a twin."""
    loaded = load_answers(
        task,
        _with_category(gold, definition),
        {name: predictions},
        taxonomy=taxonomy,
        cluster_column=cluster_column,
        settings=settings,
        gold_name=gold_name,
        keep_rows=definition is not None,
        encoder=encoder_of(settings or ScoreSettings()),
    )
    answers = loaded.answers[name]
    repeats = loaded.repeats[name]
    scores = with_intervals(
        scores_of(
            answers, [*notes, *loaded.notes[name], *_first_alone(definition, len(repeats))], task
        ),
        metrics_for(task, repeats),
        repeats,
        settings,
    )
    twin = TwinScores(
        replace(scores, reference_lines=task_lines(task, answers)),
        costs=_costs(predictions, name),
        about=about or {},
    )
    if slices is not None and slices.names:
        table, told = slices.scores(task, answers, gold)
        strict = replace(twin.strict, notes=[*twin.strict.notes, *told])
        twin = replace(twin, strict=strict, slices=table)
    if definition is None:
        return twin
    rows = loaded.rows[name]
    return replace(
        twin,
        published=published_scores(definition, rows, answers.clusters, settings),
        literature=literature_lines(definition.name, task, gold),
    )


def twin_compare_files(
    task: Task,
    gold: Path,
    baseline: Path,
    candidate: Path,
    *,
    metric: str | None = None,
    gates: list[str] | None = None,
    taxonomy: str | None = None,
    cluster_column: str | None = None,
    key: str | None = None,
    definition: str | None = None,
    settings: CompareSettings | None = None,
    score_settings: ScoreSettings | None = None,
    slices: SliceRequest | None = None,
    gate_file: GateFile | None = None,
) -> TwinComparison:
    """Compare two prediction files on the same gold file; see `twin_score_files`."""
    also = _columns_for(slices, gate_file)
    return compare_rows(
        task,
        read_gold(gold, cluster_column=cluster_column, key=key, also=also),
        {
            f"{role} {path}": _read_side(path, key)
            for role, path in (("baseline", baseline), ("candidate", candidate))
        },
        gold_name=str(gold),
        definition=None if definition is None else definition_for(definition, task),
        metric=metric,
        gates=gates,
        taxonomy=taxonomy_of(taxonomy),
        cluster_column=cluster_column,
        settings=settings,
        score_settings=score_settings,
        slices=slices,
        gate_file=gate_file,
    )


def compare_rows(
    task: Task,
    gold: pl.DataFrame,
    predictions: Mapping[str, pl.DataFrame],
    *,
    gold_name: str,
    definition: Definition | None = None,
    metric: str | None = None,
    gates: Sequence[str] | None = None,
    taxonomy: Taxonomy | None = None,
    cluster_column: str | None = None,
    settings: CompareSettings | None = None,
    score_settings: ScoreSettings | None = None,
    notes: Sequence[str] = (),
    slices: SliceRequest | None = None,
    gate_file: GateFile | None = None,
) -> TwinComparison:
    """Compare two runs on gold rows: the baseline's predictions first, then the candidate's."""
    loaded = load_answers(
        task,
        _with_category(gold, definition),
        predictions,
        taxonomy=taxonomy,
        cluster_column=cluster_column,
        settings=score_settings,
        gold_name=gold_name,
        keep_rows=definition is not None,
        encoder=encoder_of(score_settings or ScoreSettings()),
    )
    before, after = loaded.answers.values()
    settings = settings or CompareSettings()
    found = compare_repeats(
        task,
        *loaded.repeats.values(),
        metric=metric,
        gates=gates or [],
        settings=settings,
        cluster_name=cluster_word(cluster_column),
        notes=[
            *notes,
            *(note for said in loaded.notes.values() for note in said),
            *_first_alone(definition, max(len(side) for side in loaded.repeats.values())),
        ],
    )
    costs = [_costs(rows, name) for name, rows in predictions.items()]
    roles = zip(("baseline", "candidate"), costs, strict=True)
    twin = TwinComparison(found, costs=dict(roles) if all(costs) else {})
    asked = asked_slices(task, slices, gate_file)
    if asked.names:
        befores, afters = loaded.repeats.values()
        table, told = asked.differences(task, befores, afters, gold)
        strict = replace(found, notes=[*found.notes, *told])
        twin = replace(twin, strict=strict, slices=table)
    twin = held_to(gate_file, twin)
    if definition is None:
        return twin
    rows = list(loaded.rows.values())
    return replace(
        twin,
        published=published_comparison(
            definition,
            rows[0],
            rows[1],
            before.clusters,
            is_identical=is_identical(before, after),
            settings=settings,
        ),
    )


def _first_alone(definition: Definition | None, n_repeats: int) -> list[str]:
    """What is said where a published definition meets several repeats: it knows one answer a row."""
    if definition is None or n_repeats == 1:
        return []
    return [f"published definition {definition.name}: of the first of the {n_repeats} repeats."]


def asked_slices(
    task: Task, slices: SliceRequest | None, gate_file: GateFile | None
) -> SliceRequest:
    """The slices that a person names and those that gates need."""
    asked = slices or SliceRequest()
    return asked if gate_file is None else asked.and_of(*gate_file.slices(task))


def held_to(gate_file: GateFile | None, twin: TwinComparison) -> TwinComparison:
    """A comparison held to the gates of a file, as they are for its task."""
    if gate_file is None:
        return twin
    found = twin.strict
    checks = check_gates(gate_file.of(found.task), found.task, found.metrics, twin.slices)
    return replace(twin, gate_checks=tuple(checks))


def _read_side(path: Path, key: str | None) -> pl.DataFrame:
    """The predictions of one side; of ``a.jsonl,b.jsonl`` each file is a repeat."""
    names = str(path).split(",")
    if path.exists() or len(names) == 1:
        return read_predictions(path, key=key)
    return stacked_repeats(
        [conform_predictions(read_predictions(Path(name), key=key), name) for name in names]
    )


def _costs(predictions: pl.DataFrame, name: str) -> dict[str, float]:
    """Latency, tokens and money; nothing where no prediction tells any."""
    if not {"latency_ms", "usage"} & set(predictions.columns):
        return {}
    costs = run_costs(conform_predictions(predictions, name))
    if not costs["cost_usd_rows"]:
        costs["cost_usd_listed"] = listed_cost_usd(predictions)
    return {} if all(math.isnan(v) or v == 0 for v in costs.values()) else costs


def _with_category(gold: pl.DataFrame, definition: Definition | None) -> pl.DataFrame:
    """Gold whose category a published definition finds under its name."""
    if definition is None or "category" in gold.columns or "category_path" not in gold.columns:
        return gold
    return gold.with_columns(pl.col("category_path").alias("category"))


def cluster_word(column: str | None) -> str | None:
    """What a sentence calls the groups of a column, in the singular.

    Examples
    --------
    >>> cluster_word("brand_name"), cluster_word("group_id"), cluster_word(None)
    ('brand', 'group', None)
    """
    if column is None:
        return None
    words = ("brand", "product", "shop", "seller")
    return next((word for word in words if word in column.lower()), "group")


def compare_settings(
    settings: CompareSettings | None = None,
    *,
    margin: float | None = None,
    level: int | None = None,
) -> CompareSettings:
    """The settings with what a person overrules, checked."""
    if margin is not None and not 0 <= margin < 1:
        raise InputError(f"--margin {margin}: expected a share from 0 up to 1, such as 0.01.")
    if level is not None and level < 1:
        raise InputError(f"--level {level}: levels count from 1, the root.")
    told = {"margin": margin, "level": level}
    settings = settings or CompareSettings()
    return settings.model_copy(update={k: v for k, v in told.items() if v is not None})


def model_settings(*, bertscore: str | None = None, embedding: str | None = None) -> ScoreSettings:
    """The settings of scores of files: the models that metrics of meaning rest on."""
    return ScoreSettings(bertscore=bertscore, embedding=embedding)


def refuse_models(*named: str | None) -> None:
    """Raise `InputError` where a model is named for runs of a workspace, which has its own."""
    if any(named):
        raise InputError(
            "--bertscore and --embedding are for files: a workspace names its models in [score]."
        )


def taxonomy_of(spec: str | None) -> Taxonomy | None:
    """The taxonomy that a person names; None where it is to be inferred."""
    return None if spec is None or spec == INFERRED else read_taxonomy(spec)
