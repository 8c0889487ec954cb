"""Results as people look at them: one sentence, a board, where the errors are."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from catalog.taxonomy.tree import NO_NODE
from workspace.runs.scoring import list_runs
from workspace.runs.views import (
    leaderboard,
    run_categories,
    run_confusion,
    run_rows,
    run_scores,
)
from workspace.workspace import Workspace

MOST_SIBLINGS = 12


def version(workspace: Workspace) -> str:
    """Changes whenever a run, the gold or the split does: what cached reads go by."""
    runs = [f"{run.name}:{run.predictions.id}" for run in list_runs(workspace)]
    basis = [workspace.snapshots.current(step) for step in ("curate", "split")]
    return "|".join([*runs, *(s.id for s in basis if s is not None)])


def sentence(board: pl.DataFrame, metric: str) -> str:
    """The state of the board in one honest sentence."""
    if board.is_empty():
        return "There are no runs yet."
    best = board.row(0, named=True)
    told = f"{best['run']} leads with {metric.replace('_', ' ')} {_percent(best['value'])}"
    if best["low"] is not None and not math.isnan(best["low"]):
        told += f" (95 % interval {_percent(best['low'])} to {_percent(best['high'])})"
    told += f" on {best['n']:,} rows"
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


def metric_table(workspace: Workspace, run: str) -> pl.DataFrame:
    """``metric, value, low, high, n, definition`` of every metric of a run."""
    figures = run_scores(workspace, run).figures
    rows = []
    for name, definition in figures["definitions"].items():
        found = _estimate(figures, name)
        if found is not None:
            rows.append(
                {
                    "metric": name,
                    **{k: found[k] for k in ("value", "low", "high", "n")},
                    "what it is": definition,
                }
            )
    schema = {"value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "n": pl.Int64}
    return pl.DataFrame(rows, schema_overrides=schema)


def _estimate(figures: dict[str, Any], name: str) -> dict[str, Any] | None:
    top, _, level = name.partition(".")
    found = figures.get(top)
    if level and isinstance(found, dict):
        found = found.get(level)
    return found if isinstance(found, dict) and "value" in found else None


def levels(workspace: Workspace, runs: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Accuracy at each level, by run."""
    found = {run: run_scores(workspace, run).figures.get("accuracy_at_level", {}) for run in runs}
    return {
        run: [{"level": level, **estimate} for level, estimate in by_level.items()]
        for run, by_level in found.items()
    }


def siblings(
    workspace: Workspace, run: str, parent: str | None
) -> tuple[list[str], list[list[int]]]:
    """Gold against answers among the children of a category (or the roots), counted.

    Rows of the square are gold, columns answers; the last column is "elsewhere".
    """
    tree = workspace.taxonomy()
    code = NO_NODE if parent is None else tree.require(parent)
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
    names = [str(tree.nodes["name"][int(c)]) for c in shown]
    return [*names, "elsewhere"], square


def inner_categories(workspace: Workspace) -> list[str]:
    """The categories that have others below them."""
    nodes = workspace.taxonomy().nodes
    return nodes.filter(~pl.col("is_leaf"))["path_text"].to_list()


def worst_errors(workspace: Workspace, run: str, limit: int = 200) -> pl.DataFrame:
    """The wrong rows, those furthest from their gold first, with their titles."""
    titles = workspace.snapshot("load").scan("records").select("record_id", "title")
    return (
        run_rows(workspace, run)
        .filter(~pl.col("is_correct"))
        .sort("tree_distance", "example_id", descending=[True, False], nulls_last=False)
        .head(limit)
        .join(titles, left_on="example_id", right_on="record_id", how="left", maintain_order="left")
        .select(
            "example_id",
            "title",
            "gold",
            "prediction",
            "outcome",
            "parted_at_level",
            "tree_distance",
        )
        .collect()
    )


def board(workspace: Workspace, metric: str) -> pl.DataFrame:
    """The leaderboard on the test split; empty without runs."""
    return leaderboard(workspace, metric=metric)


def categories(workspace: Workspace, run: str) -> pl.DataFrame:
    """Precision, recall and F1 of every category."""
    return run_categories(workspace, run)
