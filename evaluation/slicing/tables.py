"""The tables of slices: one run's values in every part, and two runs' differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.answers.contract import Task
from evaluation.loading import Answers
from evaluation.metrics.attributes import AttributeAnswers
from evaluation.metrics.group_means import GroupCounts, group_mean
from evaluation.metrics.metric import RatioMetric, Statistic, Sums, difference_of
from evaluation.metrics.randomisation import t_p
from evaluation.metrics.repeats import mean_of
from evaluation.metrics.slices import sliced_ratios
from evaluation.slicing.cell_metrics import cell_differences, cell_scores
from evaluation.slicing.choosing import SliceMetric, slice_metric, slice_metrics
from evaluation.slicing.differences import ratio_differences, with_marks
from evaluation.slicing.makers import (
    CATEGORY,
    DISTRIBUTION,
    DISTRIBUTION_WORDS,
    PAIR_SLICES,
    SLICES,
    PairSlice,
    Slice,
    category_at,
)
from evaluation.slicing.material import PATH, SliceMaterial, slice_material
from stats.estimate import Estimate

ALL = "all"
NATURAL, UNIFORM = "natural", "uniform"
N_DRAWS = 10_000
NO_MEAN = "no sum over rows: it has no mean over categories"
SCORE_SCHEMA = pl.Schema(
    {
        "slice": pl.String(),
        "part": pl.String(),
        "metric": pl.String(),
        "n": pl.Int64(),
        "n_clusters": pl.Int64(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "reason": pl.String(),
    }
)
DIFFERENCE_SCHEMA = pl.Schema(
    {
        "slice": pl.String(),
        "part": pl.String(),
        "metric": pl.String(),
        "n": pl.Int64(),
        "n_clusters": pl.Int64(),
        "baseline": pl.Float64(),
        "candidate": pl.Float64(),
        "difference": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "p_value": pl.Float64(),
        "p_holm": pl.Float64(),
        "p_bh": pl.Float64(),
        "mark": pl.String(),
        "reason": pl.String(),
    }
)


@dataclass(frozen=True, eq=False)
class SliceRequest:
    """The slices that are asked for of files.

    Attributes
    ----------
    names
        As `sliced_rows` takes them.
    metrics
        What is measured; None for the task's own.
    train
        The rows that the model learned from, as gold rows; None where they are not known.
    """

    names: tuple[str, ...] = ()
    metrics: tuple[str | None, ...] = (None,)
    train: pl.DataFrame | None = None

    def and_of(self, names: Sequence[str], metrics: Sequence[str | None]) -> SliceRequest:
        """The same with more slices and metrics, each once; its own metrics only if it names any."""
        every = [*(self.metrics if self.names else ()), *metrics]
        both = tuple(dict.fromkeys([*self.names, *names]))
        return replace(self, names=both, metrics=tuple(dict.fromkeys(every)) or (None,))

    def scores(
        self, task: Task, answers: Answers, gold: pl.DataFrame
    ) -> tuple[pl.DataFrame, list[str]]:
        """`slice_scores` of gold rows as a file holds them, and what could not be made."""
        slices, notes = sliced_rows(self.names, answers, slice_material(gold, train=self.train))
        metrics = slice_metrics(task, [answers], self.metrics)
        return pl.concat(slice_scores(task, answers, slices, one) for one in metrics), notes

    def differences(
        self,
        task: Task,
        baselines: Sequence[Answers],
        candidates: Sequence[Answers],
        gold: pl.DataFrame,
    ) -> tuple[pl.DataFrame, list[str]]:
        """`slice_differences` of gold rows as a file holds them, and what could not be made."""
        material = slice_material(gold, train=self.train)
        slices, notes = sliced_rows(self.names, baselines[0], material)
        metrics = slice_metrics(task, [*baselines, *candidates], self.metrics)
        tables = [slice_differences(task, baselines, candidates, slices, one) for one in metrics]
        return pl.concat(tables), notes


@dataclass(frozen=True, eq=False)
class Sliced:
    """Gold rows (or pairs of product and attribute) in parts.

    Attributes
    ----------
    parts
        The names of the parts, in their order.
    codes
        The part of each row or pair, shape ``(n,)``; -1 for none.
    is_of_pairs
        Whether it is pairs that are parted.
    """

    name: str
    parts: list[str]
    codes: np.ndarray
    is_of_pairs: bool = False


def sliced_rows(
    names: Sequence[str], answers: Answers, material: SliceMaterial
) -> tuple[list[Sliced], list[str]]:
    """Part the gold rows in each way that is asked for.

    Parameters
    ----------
    names
        Names of `SLICES`, `PAIR_SLICES` (attributes alone), ``category.N``, ``distribution``, or
        of any other column of the gold; ``all`` for all that can be made.
    answers
        Of any run: its keys and gold alone count.

    Returns
    -------
    The slices, and lines on those of ``all`` that cannot be made.

    Raises
    ------
    InputError
        If one is asked for by name that is not known, or lacks what it needs.
    """
    material = material.of(answers.example_ids)
    found, notes = [], []
    every = every_name(material) if ALL in names else []
    for name in dict.fromkeys([*every, *(name for name in names if name != ALL)]):
        maker = _maker(name, material)
        lacks = _lacks(maker, answers, material)
        made = _made(maker, answers, material) if lacks is None else None
        if made is not None and made.parts:
            found.append(made)
            continue
        lacks = lacks or "no gold row is in any part of it"
        if name not in names:
            notes.append(f"slice {name} left out: {lacks}.")
        else:
            raise InputError(f"--slice {name}: {lacks}.")
    return found, notes


def every_name(material: SliceMaterial) -> list[str]:
    """The names that ``all`` stands for."""
    depth = material.rows[PATH].list.len().max() if PATH in material.rows.columns else None
    levels = [f"{CATEGORY}.{n}" for n in range(1, int(cast(int, depth or 0)) + 1)]
    return [DISTRIBUTION, *levels, *(n for n in SLICES if n != CATEGORY), *PAIR_SLICES]


def _maker(name: str, material: SliceMaterial) -> Slice | PairSlice:
    if name == DISTRIBUTION:
        return replace(SLICES[CATEGORY], name=DISTRIBUTION, words=DISTRIBUTION_WORDS)
    known = SLICES.get(name) or PAIR_SLICES.get(name)
    if known is not None:
        return known
    start, _, level = name.partition(".")
    if start == CATEGORY and level.isdigit() and int(level) > 0:
        return category_at(int(level))
    if name in material.rows.columns:
        return Slice(name, f"the gold's {name}", (name,), lambda m: m.rows[name].cast(pl.String))
    every = ", ".join([DISTRIBUTION, *SLICES, f"{CATEGORY}.N", *PAIR_SLICES])
    raise InputError(
        f"--slice {name}: no such slice, and no such column of the gold. Slices: {every}, {ALL}."
    )


def _lacks(maker: Slice | PairSlice, answers: Answers, material: SliceMaterial) -> str | None:
    """What is not there for a slice to be made; None where it can be."""
    if isinstance(maker, Slice):
        for column in maker.needs:
            if column not in material.rows.columns or material.rows[column].is_null().all():
                told = "category_path" if column == PATH else column
                return f"the gold rows have no {told}"
    elif not isinstance(answers, AttributeAnswers):
        return "only answers on attributes have pairs"
    if maker.needs_train is not None and maker.needs_train not in material.train.columns:
        return "it is not known what the model learned from"
    return None


def _made(maker: Slice | PairSlice, answers: Answers, material: SliceMaterial) -> Sliced:
    if isinstance(maker, Slice):
        return _coded(maker.name, maker.parts(material), False)
    return _coded(maker.name, maker.parts(material, cast(AttributeAnswers, answers)), True)


def _coded(name: str, parts: pl.Series, is_of_pairs: bool) -> Sliced:
    named = parts.dtype.categories if isinstance(parts.dtype, pl.Enum) else None
    present = set(parts.drop_nulls().unique().to_list())
    order = sorted(present) if named is None else [n for n in named.to_list() if n in present]
    codes = parts.cast(pl.String).cast(pl.Enum(order)).to_physical().cast(pl.Int64)
    return Sliced(name, order, codes.fill_null(-1).to_numpy(), is_of_pairs)


def slice_scores(
    task: Task, answers: Answers, slices: Sequence[Sliced], metric: str | None = None
) -> pl.DataFrame:
    """One run's value in every part of every slice, with clustered intervals: `SCORE_SCHEMA`."""
    chosen = slice_metric(task, [answers], metric)
    tables = []
    for one in slices:
        answered = _by_pair(answers) if one.is_of_pairs else answers
        if one.name == DISTRIBUTION:
            estimates = [
                statistic.estimate(answers.clusters)
                for statistic in _distributions(chosen, answers, one)
            ]
            tables.append(_estimated(one, estimates, chosen.name))
            continue
        if isinstance(chosen, RatioMetric):
            sums, codes, clusters = _of_parts(chosen.sums(answered), one.codes, answered.clusters)
            table = sliced_ratios(sums, codes, len(one.parts), clusters)
            table = table.with_columns(_ratio_reason("value", chosen.why(answered)))
        else:
            table = cell_scores(chosen, answered, one.codes, len(one.parts))
        tables.append(_named(one, chosen.name, table))
    return _stacked(tables, SCORE_SCHEMA)


def slice_differences(
    task: Task,
    baselines: Sequence[Answers],
    candidates: Sequence[Answers],
    slices: Sequence[Sliced],
    metric: str | None = None,
) -> pl.DataFrame:
    """Two sides' values and their paired difference in every part: `DIFFERENCE_SCHEMA`.

    p-values are corrected for all parts of all slices together. Where a side has several runs,
    its counts are summed over them; intervals are then of these runs, not of others like them.
    """
    chosen = slice_metric(task, [*baselines, *candidates], metric)
    sides = (baselines, candidates)
    tables = []
    for one in slices:
        if one.name == DISTRIBUTION:
            tables.append(_distribution_differences(chosen, baselines, candidates, one))
            continue
        answered = [[_by_pair(run) if one.is_of_pairs else run for run in runs] for runs in sides]
        if isinstance(chosen, RatioMetric):
            table = _ratio_differences(chosen, answered[0], answered[1], one)
        else:
            table = cell_differences(chosen, answered[0], answered[1], one.codes, len(one.parts))
        tables.append(_named(one, chosen.name, table))
    marked = with_marks(
        pl.concat(tables, how="diagonal_relaxed")
        if tables
        else pl.DataFrame(schema=DIFFERENCE_SCHEMA),
        higher_is_better=chosen.higher_is_better,
    )
    return _stacked([marked], DIFFERENCE_SCHEMA)


def _ratio_differences(
    metric: RatioMetric[Any],
    baselines: Sequence[Answers],
    candidates: Sequence[Answers],
    one: Sliced,
) -> pl.DataFrame:
    clusters = baselines[0].clusters
    before, after = (
        _of_parts(_summed(metric, runs), one.codes, clusters) for runs in (baselines, candidates)
    )
    whole = bool(np.all(after[0].numerators % 1 == 0) and np.all(before[0].numerators % 1 == 0))
    alone = len(baselines) == len(candidates) == 1
    table = ratio_differences(
        before[0],
        after[0],
        before[1],
        len(one.parts),
        before[2],
        is_exact=metric.is_set_by_gold and alone and whole,
        upper=metric.upper,
    )
    return table.with_columns(_ratio_reason("difference", _why([*baselines, *candidates], metric)))


def _why(runs: Sequence[Answers], metric: RatioMetric[Any]) -> str:
    """Why the first run that has no value has none; of the first run where all have one."""
    lacking = (run for run in runs if not metric.sums(run).denominators.any())
    return metric.why(next(lacking, runs[0]))


def _ratio_reason(column: str, empty: str) -> pl.Expr:
    """Why a ratio, or its interval, is undefined in a part."""
    groups = pl.format("no interval: {} independent group", "n_clusters")
    return (
        pl.when(pl.col(column).is_nan())
        .then(pl.lit(empty))
        .when(pl.col("low").is_nan())
        .then(groups)
        .alias("reason")
    )


def _summed(metric: RatioMetric[Any], runs: Sequence[Answers]) -> Sums:
    every = [metric.sums(run) for run in runs]
    if len(every) == 1:
        return every[0]
    return Sums(
        np.mean([one.numerators for one in every], axis=0),
        np.mean([one.denominators for one in every], axis=0),
    )


def _of_parts(
    sums: Sums, codes: np.ndarray, clusters: np.ndarray | None
) -> tuple[Sums, np.ndarray, np.ndarray | None]:
    """What lies in a part."""
    inside = codes >= 0
    if inside.all():
        return sums, codes, clusters
    kept = Sums(sums.numerators[inside], sums.denominators[inside])
    return kept, codes[inside], None if clusters is None else clusters[inside]


def _by_pair(answers: Answers) -> AttributeAnswers:
    """Answers in which each pair of product and attribute is a row of its own."""
    one = cast(AttributeAnswers, answers)
    rows = pl.Series(one.rows)
    return replace(
        one,
        example_ids=one.example_ids.gather(rows),
        pairs=one.pairs.with_columns(pl.Series("row", np.arange(one.pairs.height))),
        n_unasked=np.zeros(one.pairs.height),
        outcomes=one.outcomes.gather(rows),
        is_json=one.is_json[one.rows],
        clusters=one.rows if one.clusters is None else one.clusters[one.rows],
    )


def _distributions(metric: SliceMetric, answers: Answers, categories: Sliced) -> list[Statistic]:
    """The metric over the rows as they are, and as the mean over gold categories."""
    if not isinstance(metric, RatioMetric):
        return [
            metric.statistic(answers),
            Statistic(math.nan, np.zeros(answers.n_rows), reason=NO_MEAN),
        ]
    sums, codes, _ = _of_parts(metric.sums(answers), categories.codes, None)
    rows = np.flatnonzero(categories.codes >= 0)
    counts = GroupCounts(codes, rows, np.stack(sums), sums.denominators)
    value, influence = group_mean(
        counts,
        lambda parts: np.divide(
            parts[0], parts[1], out=np.zeros(len(parts[0])), where=parts[1] > 0
        ),
        answers.n_rows,
        answers.clusters,
    )
    reason = metric.why(answers) if math.isnan(value) else None
    uniform = Statistic(value, influence, None, reason, upper=metric.upper)
    return [metric.statistic(answers), uniform]


def _distribution_differences(
    metric: SliceMetric,
    baselines: Sequence[Answers],
    candidates: Sequence[Answers],
    categories: Sliced,
) -> pl.DataFrame:
    clusters = baselines[0].clusters
    sides = [
        [_distributions(metric, run, categories) for run in runs]
        for runs in (baselines, candidates)
    ]
    alone = len(baselines) == len(candidates) == 1
    rows = []
    for at, name in enumerate((NATURAL, UNIFORM)):
        before, after = (mean_of([run[at] for run in runs]) for runs in sides)
        moved = difference_of(after, before)
        found = moved.estimate(clusters)
        if alone and name == NATURAL:
            tested = metric.test(baselines[0], candidates[0], n_draws=N_DRAWS, seed=0)
        else:
            tested = t_p(moved.value, *moved.supported(clusters))
        rows.append(
            {
                **_line(categories, name, found, metric.name),
                "baseline": before.value,
                "candidate": after.value,
                "difference": found.value,
                "low": found.low,
                "high": found.high,
                "p_value": tested.p_value,
                "reason": found.reason,
            }
        )
    return pl.DataFrame(rows)


def _line(one: Sliced, part: str, found: Estimate, metric: str) -> dict[str, Any]:
    clusters = found.n if found.n_clusters is None else found.n_clusters
    return {
        "slice": one.name,
        "part": part,
        "metric": metric,
        "n": found.n,
        "n_clusters": clusters,
    }


def _estimated(one: Sliced, estimates: Sequence[Estimate], metric: str) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                **_line(one, part, found, metric),
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "reason": found.reason,
            }
            for part, found in zip((NATURAL, UNIFORM), estimates, strict=True)
        ]
    )


def _named(one: Sliced, metric: str, table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        pl.lit(one.name).alias("slice"),
        pl.Series("part", one.parts, dtype=pl.String),
        pl.lit(metric).alias("metric"),
        pl.all(),
    )


def _stacked(tables: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    if not tables:
        return pl.DataFrame(schema=schema)
    return pl.concat([table.select(schema.names()).cast(schema) for table in tables])
