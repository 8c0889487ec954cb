"""Results as people look at them: one sentence, a board, where the errors are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from catalog.paths import SEPARATOR
from catalog.records import titled
from catalog.taxonomy.repair import required
from catalog.taxonomy.tree import NO_NODE
from catalog.wording import words
from evaluation.answers.contract import Task as Task
from evaluation.answers.contract import part_words as part_words
from evaluation.comparing.comparison import DEFAULT_METRIC
from evaluation.metrics.attributes import KINDS
from workspace.runs.gold import TRAIN, tasks_of
from workspace.runs.judgements import judgements_kept
from workspace.runs.scoring import list_runs, runs_named
from workspace.runs.views import (
    leaderboard,
    run_categories,
    run_confusion,
    run_rows,
    run_scores,
)
from workspace.workspace import Workspace

MOST_SIBLINGS = 12
TEST = "test"


def version(workspace: Workspace) -> str:
    """Changes whenever a run, the gold, the split or what a judge said does: what cached reads go by."""
    runs = [f"{run.name}:{run.predictions.id}" for run in list_runs(workspace)]
    basis = [workspace.snapshots.current(step) for step in ("curate", "split")]
    judged = [one.id for one in judgements_kept(workspace)]
    return "|".join([*runs, *(s.id for s in basis if s is not None), *judged])


def splits_with_runs(workspace: Workspace) -> list[str]:
    """The splits that runs are on, test first."""
    found = {run.split for run in list_runs(workspace)}
    return sorted(found, key=lambda split: (split != TEST, split))


def task_and_split_of(workspace: Workspace, run: str) -> tuple[Task, str]:
    """What a run is on."""
    [found] = runs_named(workspace, [run])
    return found.task, found.split


def has_categories(workspace: Workspace) -> bool:
    """Whether there is a category in train for a baseline to learn."""
    return "classification" in tasks_of(workspace, TRAIN)


def runs_by_task(workspace: Workspace, split: str = TEST) -> dict[Task, list[str]]:
    """The runs on a split by task, categories first."""
    found: dict[Task, list[str]] = {}
    for run in list_runs(workspace):
        if run.split == split:
            found.setdefault(run.task, []).append(run.name)
    return dict(sorted(found.items(), key=lambda item: item[0] != "classification"))


def main_metric(task: Task) -> str:
    """The metric that decides a task where nobody names one."""
    return DEFAULT_METRIC[task]


def metrics_of(workspace: Workspace, run: str) -> dict[str, str]:
    """The metrics of a run with what they mean, in the order to be shown."""
    figures = run_scores(workspace, run).figures
    told: dict[str, str] = figures["definitions"]
    return {name: words for name, words in told.items() if _estimate(figures, name) is not None}


def sentence(
    board: pl.DataFrame, metric: str, split: str = TEST, lines: Mapping[str, float] | None = None
) -> str:
    """The state of the board in one honest sentence; another split than test is named.

    Parameters
    ----------
    lines
        What needs no model (`reference_lines`): said where the best run is not shown to beat it.
    """
    if board.is_empty():
        return "There are no runs yet."
    best = board.row(0, named=True)
    told = f"{best['run']} leads with {words(metric)} {_percent(best['value'])}"
    if best["low"] is not None and not math.isnan(best["low"]):
        told += f" (95 % interval {_percent(best['low'])} to {_percent(best['high'])})"
    told += f" on {best['n']:,} rows"
    if split != TEST:
        told += f" of split {split}"
    unbeaten = {
        name: v
        for name, v in (lines or {}).items()
        if not (math.nan if best["low"] is None else best["low"]) > v
    }
    if unbeaten:
        line = max(unbeaten, key=unbeaten.__getitem__)
        told += f", and is not shown to beat {line!r} ({_percent(unbeaten[line])})"
    tied = [row["run"] for row in board.iter_rows(named=True) if row["is_tied_with_best"]][1:]
    if tied:
        return f"{told}; {' and '.join(tied)} cannot be told apart from it on this test set."
    if board.height == 1:
        return f"{told}; there is nothing to compare it with yet."
    return f"{told}; every other run is shown to be worse."


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def reference_lines(workspace: Workspace, run: str, metric: str) -> dict[str, float]:
    """Chance and majority for a metric, by their short names; unknown ones are left out."""
    lines = run_scores(workspace, run).figures.get("reference_lines", {})
    known = {name: v[metric] for name, v in lines.items() if v.get(metric) is not None}
    return {name.partition(":")[0]: value for name, value in known.items()}


def deciding_lines(workspace: Workspace, run: str, metric: str) -> dict[str, float]:
    """The reference lines that a run has to beat: those of accuracy and of the task's own metric."""
    task, _ = task_and_split_of(workspace, run)
    decides = metric in ("accuracy", main_metric(task))
    return reference_lines(workspace, run, metric) if decides else {}


def metric_table(workspace: Workspace, run: str) -> pl.DataFrame:
    """``metric, value, low, high, n, reason, what it is`` of every metric of a run."""
    figures = run_scores(workspace, run).figures
    rows = []
    for name, definition in figures["definitions"].items():
        found = _estimate(figures, name)
        if found is not None:
            rows.append(
                {
                    "metric": name,
                    **{k: found[k] for k in ("value", "low", "high", "n")},
                    "reason": found.get("reason"),
                    "what it is": definition,
                }
            )
    schema = {
        "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "n": pl.Int64,
        "reason": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema_overrides=schema)


def _estimate(figures: dict[str, Any], name: str) -> dict[str, Any] | None:
    top, _, level = name.partition(".")
    found = figures.get(name, figures.get(top))
    if level and name not in figures and isinstance(found, dict):
        found = found.get(level)
    return found if isinstance(found, dict) and "value" in found else None


def levels(workspace: Workspace, runs: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Accuracy at each level, by run."""
    found = {run: run_scores(workspace, run).figures.get("accuracy_at_level", {}) for run in runs}
    return {
        run: [{"level": level, **estimate} for level, estimate in by_level.items()]
        for run, by_level in found.items()
    }


@dataclass(frozen=True)
class Siblings:
    """Gold against answers among the children of one category, or the roots.

    Attributes
    ----------
    names, paths, is_inner
        The children that have most gold rows: name, joined path, whether others are below.
    square
        Rows are gold, columns answers; one column more for what was answered elsewhere or not.
    n_left_out
        Children with gold rows that are not shown.
    """

    names: list[str]
    paths: list[str]
    is_inner: list[bool]
    square: list[list[int]]
    n_left_out: int

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [*self.names, "elsewhere"]


def siblings(workspace: Workspace, run: str, parent: str | None) -> Siblings:
    """Gold against answers among the children of a category (or the roots), counted."""
    tree = workspace.taxonomy()
    code = NO_NODE if parent is None else required(tree, parent)
    level = 1 if code == NO_NODE else int(tree.depths[code]) + 1
    pairs = run_confusion(workspace, run)
    gold = tree.at_level(tree.codes(pairs["gold"]), level)
    answers = tree.codes(pairs["prediction"])
    answer = tree.at_level(answers, level)
    children = tree.children(code)["code"].to_numpy()
    counts = pl.DataFrame({"gold": gold, "answer": answer, "n": pairs["n"]}).filter(
        pl.col("gold").is_in(children.tolist())
    )
    biggest = counts.group_by("gold").agg(pl.col("n").sum()).sort("n", descending=True)["gold"]
    shown = biggest.head(MOST_SIBLINGS).to_list()
    held = {
        (g, a): n
        for g, a, n in counts.group_by("gold", "answer").agg(pl.col("n").sum()).iter_rows()
    }
    totals = dict(counts.group_by("gold").agg(pl.col("n").sum()).iter_rows())
    square = []
    for g in shown:
        line = [held.get((g, a), 0) for a in shown]
        square.append([*line, totals[g] - sum(line)])
    nodes = [tree.nodes.row(int(code), named=True) for code in shown]
    return Siblings(
        [str(node["name"]) for node in nodes],
        [str(node["path_text"]) for node in nodes],
        [not node["is_leaf"] for node in nodes],
        square,
        len(biggest) - len(shown),
    )


def labels_against(workspace: Workspace, run: str) -> Siblings:
    """Gold against answers of the labels with most gold rows; no label has others below it."""
    rows = run_rows(workspace, run).select("gold", "prediction").collect()
    ranked = rows["gold"].value_counts().sort(["count", "gold"], descending=[True, False])["gold"]
    shown = sorted(ranked.head(MOST_SIBLINGS).to_list())
    held = {(g, a): n for g, a, n in rows.group_by("gold", "prediction").len().iter_rows()}
    totals = dict(rows.group_by("gold").len().iter_rows())
    square = []
    for g in shown:
        line = [held.get((g, a), 0) for a in shown]
        square.append([*line, totals[g] - sum(line)])
    return Siblings(shown, shown, [False] * len(shown), square, len(ranked) - len(shown))


def parted_levels(workspace: Workspace, run: str) -> list[tuple[str, int]]:
    """Wrong answers by the level at which they leave the gold path, and those without an answer."""
    wrong = run_confusion(workspace, run).filter(
        pl.col("level").is_not_null() | pl.col("prediction").is_null()
    )
    by_level = wrong.group_by("level").agg(pl.col("n").sum()).sort("level", nulls_last=True)
    return [
        (f"level {level}" if level is not None else "no answer", n)
        for level, n in by_level.iter_rows()
    ]


def _below(column: str, path: str) -> pl.Expr:
    return (pl.col(column) == path) | pl.col(column).str.starts_with(path + SEPARATOR)


def rows_between(
    workspace: Workspace,
    run: str,
    gold: str,
    answer: str | None,
    others: Sequence[str] = (),
    limit: int = 200,
) -> pl.DataFrame:
    """The rows whose gold is below one category and whose answer is below another.

    Parameters
    ----------
    answer
        None for an answer below none of ``others``, or no answer at all.
    """
    if answer is not None:
        answered = _below("prediction", answer)
    else:
        answered = ~pl.any_horizontal(pl.lit(False), *(_below("prediction", o) for o in others))
    return _with_titles(
        workspace,
        run_rows(workspace, run)
        .filter(_below("gold", gold), answered.fill_null(answer is None))
        .head(limit),
    )


def attribute_kinds(workspace: Workspace, run: str) -> pl.DataFrame:
    """What became of every attribute: `KINDS`, precision, recall, F1, and invented values.

    ``hallucination_rate`` is the share of null gold that was answered with a value; NaN where no
    gold is null. Attributes with most gold values first.
    """
    table = run_categories(workspace, run)
    null = pl.col("NN") + pl.col("NV") + pl.col("NX")
    return table.with_columns(
        pl.when(null > 0).then(pl.col("NV") / null).alias("hallucination_rate"),
        pl.sum_horizontal(KINDS).alias("n_pairs"),
    ).sort("support", "category", descending=[True, False])


def inner_categories(workspace: Workspace) -> list[str]:
    """The categories that have others below them."""
    nodes = workspace.taxonomy().nodes
    return nodes.filter(~pl.col("is_leaf"))["path_text"].to_list()


def worst_errors(workspace: Workspace, run: str, limit: int = 200) -> pl.DataFrame:
    """The wrong rows, those furthest from their gold first, with their titles."""
    rows = run_rows(workspace, run)
    wrong = rows.filter(~pl.col("is_correct"))
    if "tree_distance" in rows.collect_schema():
        wrong = wrong.sort(
            "tree_distance", "example_id", descending=[True, False], nulls_last=False
        )
    is_ranking = task_and_split_of(workspace, run)[0] == "ranking"
    return _with_titles(workspace, wrong.head(limit), asked_first=is_ranking)


_ROW = ("gold", "prediction", "outcome", "parted_at_level", "tree_distance")


def _with_titles(
    workspace: Workspace, rows: pl.LazyFrame, *, asked_first: bool = False
) -> pl.DataFrame:
    """Rows with what their records are called; by query or question first, where that is asked."""
    asked = [pl.coalesce("query", "question")] if asked_first else []
    title = pl.coalesce(*asked, titled()).alias("title")
    held = rows.collect()
    titles = (
        workspace.snapshot("load")
        .scan("records")
        .select("record_id", title)
        .filter(pl.col("record_id").is_in(held["example_id"].implode()))
        .collect()
    )
    return held.join(
        titles, left_on="example_id", right_on="record_id", how="left", maintain_order="left"
    ).select("example_id", "title", *(name for name in _ROW if name in held.columns))


def board(
    workspace: Workspace,
    metric: str | None = None,
    task: Task = "classification",
    split: str = TEST,
) -> pl.DataFrame:
    """The leaderboard on a split; empty without runs."""
    return leaderboard(workspace, task=task, split=split, metric=metric)


def categories(workspace: Workspace, run: str) -> pl.DataFrame:
    """Precision, recall and F1 of every category."""
    return run_categories(workspace, run)
