"""One run's scores: every metric with its interval and definition, and the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from evaluation.answers.contract import Task
from evaluation.metrics.attribute_metrics import attribute_metrics
from evaluation.metrics.attributes import KINDS, AttributeAnswers
from evaluation.metrics.bootstrap import bootstrap_estimates, metric_estimates
from evaluation.metrics.calibration import calibration_tables
from evaluation.metrics.categories import CategoryAnswers, path_texts
from evaluation.metrics.category_metrics import LEVEL_PREFIX, category_metrics
from evaluation.metrics.clusters import n_clusters_of
from evaluation.metrics.metric import Metric, Sums
from evaluation.metrics.repeats import repeated_estimate
from evaluation.metrics.slices import cell_ratios, cells
from evaluation.settings import ScoreSettings
from evaluation.tasks import TASKS, RowAnswers
from evaluation.tasks.labels import LabelAnswers
from evaluation.tasks.tags import TagAnswers
from stats.estimate import Estimate, number_or_none

_LEVELS = LEVEL_PREFIX.removesuffix(".")


@dataclass(frozen=True)
class Scores:
    """What one run is worth on one gold.

    Attributes
    ----------
    metrics
        By name, in the order to be shown; accuracy at level 2 is ``accuracy_at_level.2``.
    definitions
        What each metric means, and what the valid categories are.
    outcomes
        Rows of each outcome (`evaluation.answers.outcomes`).
    counts
        Attribute pairs of each kind; empty for classification.
    rows
        A line for each gold row: ``example_id, gold, prediction, outcome, is_correct``, and for
        categories ``is_in_taxonomy, parted_at_level`` (first level that is wrong),
        ``tree_distance``.
    categories
        A line for each category (or attribute): support, and precision, recall and F1 with
        intervals. Precision is NaN where nothing was answered, recall where nothing is gold; for
        categories also ``hierarchical_f1`` of the rows that have it as gold.
    confusion
        ``gold, prediction, n, level`` where they part (null where they are equal, or there is no
        prediction), most frequent first; empty for attributes.
    n_repeats
        Runs of the checkpoint that the metrics are means over; tables are of the first.
    reference_lines
        What chance, the most frequent answer and the like would score, where they were asked for.
    tables
        More, by name: ``reliability`` and ``risk_coverage`` (`evaluation.metrics.calibration`); of
        attributes ``attribute_categories``: as ``categories``, a line for each ``category,
        attribute``, empty where the gold has no categories.
    """

    task: Task
    metrics: Mapping[str, Estimate]
    definitions: Mapping[str, str]
    outcomes: Mapping[str, int]
    counts: Mapping[str, int]
    n_rows: int
    n_clusters: int | None
    rows: pl.DataFrame
    categories: pl.DataFrame
    confusion: pl.DataFrame
    notes: list[str]
    reference_lines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    n_repeats: int = 1
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def metrics_json(self) -> dict[str, Any]:
        """The metrics as plain JSON; accuracy at each level in one object by level."""
        body: dict[str, Any] = {}
        for name, estimate in self.metrics.items():
            if name.startswith(LEVEL_PREFIX):
                level = name.removeprefix(LEVEL_PREFIX)
                body.setdefault(_LEVELS, {})[level] = estimate.as_json()
            else:
                body[name] = estimate.as_json()
        return body

    def as_json(self) -> dict[str, Any]:
        """Metrics, counts, definitions and the category table as plain JSON."""
        body = {
            "task": self.task,
            **self.metrics_json(),
            "n_rows": self.n_rows,
            "n_clusters": self.n_clusters,
            "n_repeats": self.n_repeats,
            "outcomes": dict(self.outcomes),
        }
        if self.counts:
            body["counts"] = dict(self.counts)
        if self.reference_lines:
            body["reference_lines"] = {
                line: {name: number_or_none(value) for name, value in values.items()}
                for line, values in self.reference_lines.items()
            }
        body["definitions"] = dict(self.definitions)
        body["categories"] = self.categories.to_dicts()
        for name, table in self.tables.items():
            body[name] = table.to_dicts()
        body["notes"] = self.notes
        return body


def score_categories(answers: CategoryAnswers, *, notes: list[str] | None = None) -> Scores:
    """Every flat and hierarchical metric of one run, and the tables behind them.

    Examples
    --------
    >>> gold = pl.DataFrame({"example_id": ["1"], "category_path": [["Garden", "Pots"]]})
    >>> answered = pl.DataFrame({"example_id": ["1"], "category_path": [["Garden", "Tools"]]})
    >>> from evaluation.loading import load_answers
    >>> loaded = load_answers("classification", gold, {"run": answered})
    >>> scores = score_categories(loaded.answers["run"])
    >>> scores.metrics["hierarchical_f1"].value, scores.metrics["accuracy"].value
    (0.5, 0.0)
    """
    metrics = category_metrics(answers.n_levels, answers.tree.max_depth)
    return Scores(
        "classification",
        _estimates(metrics, answers),
        {
            **_definitions(metrics),
            "valid categories": _taxonomy_words(answers),
            "interval": _interval_words(answers.clusters),
        },
        answers.outcome_counts,
        {},
        answers.n_rows,
        n_clusters_of(answers.clusters),
        _category_rows(answers),
        _category_table(answers),
        _confusion(answers),
        notes or [],
        tables=calibration_tables(answers),
    )


def score_attributes(answers: AttributeAnswers, *, notes: list[str] | None = None) -> Scores:
    """Every attribute metric of one run, and the tables behind them."""
    metrics = attribute_metrics()
    counts = {kind: int((answers.pairs["kind"] == kind).sum()) for kind in KINDS}
    kinds = [
        pl.Series(kind, answers.counts(kind), dtype=pl.Float64).cast(pl.Int64) for kind in KINDS
    ]
    rows = pl.DataFrame(
        {
            "example_id": answers.example_ids,
            "gold": answers.gold_text,
            "prediction": answers.answer_text,
            "outcome": answers.outcomes,
            "is_correct": answers.is_correct,
        }
    ).with_columns(*kinds, pl.Series("unasked", answers.n_unasked).cast(pl.Int64))
    return Scores(
        "attributes",
        _estimates(metrics, answers),
        {**_definitions(metrics), "interval": _interval_words(answers.clusters)},
        answers.outcome_counts,
        {**counts, "unasked": int(answers.n_unasked.sum())},
        answers.n_rows,
        n_clusters_of(answers.clusters),
        rows,
        _attribute_table(answers),
        pl.DataFrame(schema=_CONFUSION_SCHEMA),
        notes or [],
        tables={"attribute_categories": _attribute_categories(answers)},
    )


def score_task(task: Task, answers: RowAnswers, *, notes: list[str] | None = None) -> Scores:
    """Every metric of one run on a task of `evaluation.tasks.TASKS`.

    Labels have a table by label and a confusion, tags a table by tag; other tasks have neither.
    """
    metrics = TASKS[task].metrics([answers])
    labels = answers if isinstance(answers, LabelAnswers) else None
    rows = pl.DataFrame(
        {
            "example_id": answers.example_ids,
            "gold": answers.gold_text,
            "prediction": answers.answer_text,
            "outcome": answers.outcomes,
            "is_correct": answers.is_correct,
        }
    )
    return Scores(
        task,
        _estimates(metrics, answers),
        {**_definitions(metrics), "interval": _interval_words(answers.clusters)},
        answers.outcome_counts,
        answers.gold_counts,
        answers.n_rows,
        n_clusters_of(answers.clusters),
        rows,
        _part_table(answers),
        pl.DataFrame(schema=_CONFUSION_SCHEMA) if labels is None else _label_confusion(rows),
        notes or [],
        tables=calibration_tables(answers),
    )


_CONFUSION_SCHEMA = pl.Schema(
    {"gold": pl.String(), "prediction": pl.String(), "n": pl.Int64(), "level": pl.Int64()}
)


def _estimates(metrics: Mapping[str, Metric[Any]], answers: Any) -> dict[str, Estimate]:
    return metric_estimates(metrics, answers)


def with_intervals(
    scores: Scores,
    metrics: Mapping[str, Metric[Any]],
    repeats: Sequence[Any],
    settings: ScoreSettings | None = None,
) -> Scores:
    """Scores whose metrics are means over repeats, or whose intervals are the bootstrap's.

    Parameters
    ----------
    scores
        Of the first repeat.
    repeats
        The answers of every repeat, on the same rows.
    """
    settings = settings or ScoreSettings()
    is_drawn, more = settings.interval == "bootstrap", ""
    if len(repeats) == 1 and not is_drawn:
        return scores
    if is_drawn:
        estimates = bootstrap_estimates(metrics, repeats, settings)
        more = f"; bootstrap, {settings.n_resamples:,} resamples of groups"
    else:
        estimates = {
            name: repeated_estimate([metric.statistic(run) for run in repeats], repeats[0].clusters)
            for name, metric in metrics.items()
        }
    if len(repeats) > 1:
        more += f"; and to other repeats than these {len(repeats)}"
    words = scores.definitions["interval"] + more
    return replace(
        scores,
        metrics=estimates,
        definitions={**scores.definitions, "interval": words},
        n_repeats=len(repeats),
    )


def _definitions(metrics: Mapping[str, Metric[Any]]) -> dict[str, str]:
    return {name: metric.definition for name, metric in metrics.items()}


def _interval_words(clusters: np.ndarray | None) -> str:
    if clusters is None:
        return "95 %, rows taken as independent"
    return f"95 %, robust to dependence within {n_clusters_of(clusters):,} groups of rows"


def _taxonomy_words(answers: CategoryAnswers) -> str:
    tree = answers.tree
    n_known = int(answers.is_in_taxonomy.sum())
    if tree.name == "gold":
        return f"the {n_known:,} categories of the gold rows and their ancestors: no taxonomy given"
    return f"the {n_known:,} categories of taxonomy {tree.name} {tree.version}"


def _parted_at(answers: CategoryAnswers) -> pl.Series:
    level = pl.Series("parted_at_level", answers.shared + 1, dtype=pl.Int64)
    return level.set(pl.Series(answers.is_correct | (answers.answer < 0)), None)


def _category_rows(answers: CategoryAnswers) -> pl.DataFrame:
    known = pl.Series(np.append(answers.is_in_taxonomy, False)[answers.answer])
    edges = (answers.gold_depth + answers.answer_depth - 2 * answers.shared).astype(np.int64)
    unanswered = pl.Series(answers.answer < 0)
    return pl.DataFrame(
        {
            "example_id": answers.example_ids,
            "gold": answers.gold_text,
            "prediction": answers.answer_text,
            "outcome": answers.outcomes,
            "is_correct": answers.is_correct,
            "is_in_taxonomy": known.set(unanswered, None),
            "parted_at_level": _parted_at(answers),
            "tree_distance": pl.Series(edges).set(unanswered, None),
        }
    )


def _category_table(answers: CategoryAnswers) -> pl.DataFrame:
    """Precision, recall and F1 of every category that is gold or answered; hierarchical F1 too."""
    named, inside = answers.node_clusters
    table = prf_of_cells(inside.classes, inside.counts, len(named))
    classes, _, (shared, nodes, rows) = answers.shared_in_cells
    places = np.searchsorted(named, answers.class_nodes)
    ratios = cell_ratios(shared, nodes, rows, places[classes], len(named))
    hierarchical = ratios.select(
        pl.col("value").alias("hierarchical_f1"),
        *(pl.col(end).alias(f"hierarchical_f1_{end}") for end in ("low", "high")),
    )
    names = pl.DataFrame({"category": path_texts(answers.tree, named)})
    return names.hstack(table).hstack(hierarchical)


def prf_columns(
    on_gold: Sums,
    gold: np.ndarray,
    gold_clusters: np.ndarray,
    on_answer: Sums,
    answer: np.ndarray,
    answer_clusters: np.ndarray,
    n_slices: int,
) -> pl.DataFrame:
    """Support, answers, and precision, recall and F1 with intervals, for each slice.

    Parameters
    ----------
    on_gold, on_answer
        Right ones and all, of the gold and of the answers.
    gold, answer
        The slice of each.
    """
    n_gold = len(gold)
    slice_of, home = cells(
        np.concatenate([gold, answer]), np.concatenate([gold_clusters, answer_clusters])
    )
    right, of_gold, given = (
        np.bincount(home[entries], part, len(slice_of))
        for entries, part in (
            (slice(None, n_gold), on_gold.numerators),
            (slice(None, n_gold), on_gold.denominators),
            (slice(n_gold, None), on_answer.denominators),
        )
    )
    return prf_of_cells(slice_of, np.stack([right, of_gold, given]), n_slices)


def prf_of_cells(slice_of: np.ndarray, counts: np.ndarray, n_slices: int) -> pl.DataFrame:
    """`prf_columns` from right answers, gold and answers by cell, shape ``(3, m)``."""
    right, of_gold, given = counts
    support, answers, hits = (
        np.bincount(slice_of, part, n_slices) for part in (of_gold, given, right)
    )
    parts = {
        "precision": cell_ratios(right, given, given, slice_of, n_slices, n=answers),
        "recall": cell_ratios(right, of_gold, of_gold, slice_of, n_slices, n=support),
        "f1": cell_ratios(
            2 * right,
            of_gold + given,
            of_gold + given,
            slice_of,
            n_slices,
            n=support + answers - hits,
        ),
    }
    columns = [
        pl.Series("support", support).cast(pl.Int64),
        pl.Series("answers", answers).cast(pl.Int64),
        pl.Series("right", hits).cast(pl.Int64),
        parts["recall"]["n_clusters"],
    ]
    for name, part in parts.items():
        columns += [part["value"].alias(name)]
        columns += [part[end].alias(f"{name}_{end}") for end in ("low", "high")]
    return pl.DataFrame(columns)


def _part_table(answers: RowAnswers) -> pl.DataFrame:
    """Precision, recall and F1 of every label or tag; no column for other answers."""
    if isinstance(answers, LabelAnswers):
        return _label_table(answers)
    return _tag_table(answers) if isinstance(answers, TagAnswers) else pl.DataFrame()


def _tag_table(answers: TagAnswers) -> pl.DataFrame:
    """Precision, recall and F1 of every tag of gold and answers."""
    tags, rows = answers.tags, answers.tags["row"].to_numpy()
    names = tags["tag"].unique().sort()
    codes = tags["tag"].rank("dense").cast(pl.Int64).to_numpy() - 1
    clusters = rows if answers.clusters is None else answers.clusters[rows]
    gold, answered = (tags[name].to_numpy() for name in ("is_gold", "is_answered"))
    hits = (gold & answered).astype(float)
    table = prf_columns(
        Sums(hits[gold], np.ones(int(gold.sum()))),
        codes[gold],
        clusters[gold],
        Sums(hits[answered], np.ones(int(answered.sum()))),
        codes[answered],
        clusters[answered],
        len(names),
    )
    return pl.DataFrame([names.alias("category")]).hstack(table)


def _label_table(answers: LabelAnswers) -> pl.DataFrame:
    """Precision, recall and F1 of every label of the gold."""
    answered = np.flatnonzero(answers.answer_classes >= 0)
    hits = answers.is_correct.astype(float)
    clusters = np.arange(answers.n_rows) if answers.clusters is None else answers.clusters
    table = prf_columns(
        Sums(hits, np.ones(len(hits))),
        answers.gold_classes,
        clusters,
        Sums(hits[answered], np.ones(len(answered))),
        answers.answer_classes[answered],
        clusters[answered],
        len(answers.labels),
    )
    return pl.DataFrame([answers.labels.alias("category")]).hstack(table)


def _label_confusion(rows: pl.DataFrame) -> pl.DataFrame:
    wrong = pl.lit(None, pl.Int64)
    pairs = rows.group_by("gold", "prediction").agg(pl.len().cast(pl.Int64).alias("n"), level=wrong)
    return pairs.sort("n", "gold", "prediction", descending=[True, False, False]).match_to_schema(
        _CONFUSION_SCHEMA
    )


def _attribute_table(answers: AttributeAnswers) -> pl.DataFrame:
    """Kinds of pairs, and precision, recall and F1, of every attribute."""
    keys = answers.pairs["key"]
    names = keys.unique().sort()
    codes = keys.cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()
    table = _pair_table(answers, codes, len(names))
    return pl.DataFrame([names.alias("category")]).hstack(table)


def _attribute_categories(answers: AttributeAnswers) -> pl.DataFrame:
    """The same of every attribute within every category; none where the gold has no categories."""
    if answers.categories is None:
        return pl.DataFrame(schema={"category": pl.String, "attribute": pl.String})
    pairs = pl.DataFrame(
        {"category": answers.categories.gather(answers.rows), "attribute": answers.pairs["key"]}
    )
    named = pairs.unique().sort("category", "attribute").with_row_index("code")
    codes = pairs.join(
        named, on=["category", "attribute"], how="left", maintain_order="left", nulls_equal=True
    )["code"]
    table = _pair_table(answers, codes.cast(pl.Int64).to_numpy(), named.height)
    return named.drop("code").hstack(table)


def _pair_table(answers: AttributeAnswers, codes: np.ndarray, n_groups: int) -> pl.DataFrame:
    """Kinds, precision, recall and F1 of pairs in groups, numbered from 0."""
    rows = answers.rows
    clusters = rows if answers.clusters is None else answers.clusters[rows]
    kind = answers.pairs["kind"]
    hits = (kind == "VC").to_numpy().astype(float)
    valued = kind.is_in(["VN", "VC", "VW"]).to_numpy()
    given = kind.is_in(["NV", "VC", "VW"]).to_numpy()
    table = prf_columns(
        Sums(hits[valued], np.ones(int(valued.sum()))),
        codes[valued],
        clusters[valued],
        Sums(hits[given], np.ones(int(given.sum()))),
        codes[given],
        clusters[given],
        n_groups,
    )
    counted = [
        pl.Series(k, np.bincount(codes[(kind == k).to_numpy()], minlength=n_groups)).cast(pl.Int64)
        for k in KINDS
    ]
    return pl.DataFrame(counted).hstack(table)


def _confusion(answers: CategoryAnswers) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"gold": answers.gold, "prediction": answers.answer, "level": _parted_at(answers)}
    )
    pairs = (
        frame.group_by("gold", "prediction")
        .agg(pl.len().cast(pl.Int64).alias("n"), pl.col("level").first())
        .sort("n", "gold", "prediction", descending=[True, False, False])
    )
    return pl.DataFrame(
        {
            "gold": path_texts(answers.tree, pairs["gold"].to_numpy()),
            "prediction": path_texts(answers.tree, pairs["prediction"].to_numpy()),
            "n": pairs["n"],
            "level": pairs["level"],
        },
        schema=_CONFUSION_SCHEMA,
    )
