"""One run's scores: every metric with its interval and definition, and the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from evaluation.attribute_metrics import attribute_metrics
from evaluation.attributes import KINDS, AttributeAnswers
from evaluation.categories import CategoryAnswers, path_texts
from evaluation.category_metrics import LEVEL_PREFIX, category_metrics
from evaluation.clusters import n_clusters_of
from evaluation.contract import Task
from evaluation.metric import Metric, Sums
from evaluation.slices import sliced_ratios
from stats.estimate import Estimate

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
        Rows of each outcome (`evaluation.outcomes`).
    counts
        Attribute pairs of each kind; empty for classification.
    rows
        A line for each gold row: ``example_id, gold, prediction, outcome, is_correct``, and for
        categories ``is_in_taxonomy, parted_at_level`` (first level that is wrong),
        ``tree_distance``.
    categories
        A line for each category (or attribute): support, and precision, recall and F1 with
        intervals. Precision is NaN where nothing was answered, recall where nothing is gold.
    confusion
        ``gold, prediction, n, level`` where they part (null where they are equal, or there is no
        prediction), most frequent first; empty for attributes.
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
            "outcomes": dict(self.outcomes),
        }
        if self.counts:
            body["counts"] = dict(self.counts)
        body["definitions"] = dict(self.definitions)
        body["categories"] = self.categories.to_dicts()
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
    )


_CONFUSION_SCHEMA = pl.Schema(
    {"gold": pl.String(), "prediction": pl.String(), "n": pl.Int64(), "level": pl.Int64()}
)


def _estimates(metrics: Mapping[str, Metric[Any]], answers: Any) -> dict[str, Estimate]:
    return {
        name: metric.statistic(answers).estimate(answers.clusters)
        for name, metric in metrics.items()
    }


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
    """Precision, recall and F1 of every category that is gold or answered."""
    answered = np.flatnonzero(answers.answer >= 0)
    named = np.union1d(answers.gold, answers.answer[answered])
    gold, answer = (
        np.searchsorted(named, answers.gold),
        np.searchsorted(named, answers.answer[answered]),
    )
    hits = answers.is_correct.astype(float)
    clusters = np.arange(answers.n_rows) if answers.clusters is None else answers.clusters
    return pl.DataFrame({"category": path_texts(answers.tree, named)}).hstack(
        prf_columns(
            Sums(hits, np.ones(len(hits))),
            gold,
            clusters,
            Sums(hits[answered], np.ones(len(answered))),
            answer,
            clusters[answered],
            len(named),
        )
    )


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
    support = np.bincount(gold, on_gold.denominators, n_slices)
    answers = np.bincount(answer, on_answer.denominators, n_slices)
    right = np.bincount(gold, on_gold.numerators, n_slices)
    both = Sums(
        np.concatenate([on_gold.numerators, on_answer.numerators]),
        np.concatenate([on_gold.denominators, on_answer.denominators]),
    )
    parts = {
        "precision": sliced_ratios(on_answer, answer, n_slices, answer_clusters, n=answers),
        "recall": sliced_ratios(on_gold, gold, n_slices, gold_clusters, n=support),
        "f1": sliced_ratios(
            both,
            np.concatenate([gold, answer]),
            n_slices,
            np.concatenate([gold_clusters, answer_clusters]),
            n=support + answers - right,
        ),
    }
    columns = [
        pl.Series("support", support).cast(pl.Int64),
        pl.Series("answers", answers).cast(pl.Int64),
        pl.Series("right", right).cast(pl.Int64),
        parts["recall"]["n_clusters"],
    ]
    for name, part in parts.items():
        columns += [part["value"].alias(name)]
        columns += [part[end].alias(f"{name}_{end}") for end in ("low", "high")]
    return pl.DataFrame(columns)


def _attribute_table(answers: AttributeAnswers) -> pl.DataFrame:
    """Kinds of pairs, and precision, recall and F1, of every attribute."""
    keys = answers.pairs["key"]
    names = keys.unique().sort()
    codes = keys.cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()
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
        len(names),
    )
    counted = [
        pl.Series(k, np.bincount(codes[(kind == k).to_numpy()], minlength=len(names))).cast(
            pl.Int64
        )
        for k in KINDS
    ]
    return pl.DataFrame([names.alias("category"), *counted]).hstack(table)


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
